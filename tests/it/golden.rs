//! Golden trees: each `tests/golden/<case>/spec` makes one tree, byte for byte.
//!
//! The repository's own platform is the case `darien`, and its tree is that of the repository. Any
//! other case keeps what its tree has differently from that of its `base`.
//! `BLESS=1 cargo test --test it golden` writes all of them anew; read what changed before you
//! commit it.

mod case;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use espalier::{
    components::section::Section,
    emit::files::is_ours,
    load::schema::{self, PATHS},
};

use self::case::{Difference, Tree, base_of, compare, folder};
use crate::support::{self, compile, files_below, golden_cases, repository, texts_of, tree};

/// The cases, by name: a folder that is not listed here is a mistake, and so is a name without a
/// folder.
const CASES: [&str; 26] = [
    "authority",
    "backup",
    "bare",
    "darien",
    "documents-builtin",
    "documents-tika",
    "external-database",
    "gpu",
    "ingress",
    "models-only",
    "monitoring",
    "monorepo",
    "no-database",
    "nodes",
    "operator",
    "own-servers",
    "pinned",
    "replicas",
    "sealed",
    "signed",
    "starter",
    "storage-class",
    "tenants",
    "workspace",
    "workspace-api",
    "workspace-crd",
];

/// The case that is kept whole: the repository itself.
const WHOLE: &str = "darien";

/// The folders of a tree that are generated.
const TOPS: [&str; 3] = ["apps", "bootstrap", "out"];

/// How many lines of a comparison are shown.
const SHOWN: usize = 400;

/// What the compiler makes of each case, without what belongs to `spec/`.
fn made() -> BTreeMap<String, Tree> {
    golden_cases().into_iter().map(|it| (it.0, tree(&texts_of(&it.1)).tree())).collect()
}

fn is_blessing() -> bool {
    std::env::var_os("BLESS").is_some()
}

/// Fails with a comparison, if there is something in it.
#[track_caller]
fn nothing_of(said: &str, mend: &str) {
    let left = said.lines().count().saturating_sub(SHOWN);
    let left = if left > 0 { format!("\n… and {left} lines more") } else { String::new() };
    let shown: Vec<&str> = said.lines().take(SHOWN).collect();
    assert!(said.is_empty(), "{}{left}\n{mend}", shown.join("\n"));
}

/// A case keeps exactly what differs from its base: so each difference is told once, and together
/// with the base's tree it is the whole tree.
#[test]
fn every_case_makes_its_tree() {
    let (made, mut said) = (made(), String::new());
    for (name, folder) in golden_cases().into_iter().filter(|it| it.0 != WHOLE) {
        let base = base_of(&folder).unwrap_or_else(|| panic!("{name}: no file `base`"));
        let own = Difference::between(&made[&base], &made[&name]);
        if is_blessing() {
            own.write(&folder);
        }
        own.compare(&Difference::read(&folder), &name, &mut said);
    }
    nothing_of(&said, "`BLESS=1 cargo test --test it golden` writes the cases anew");
}

/// The repository is the first user, never a special case.
#[test]
fn the_repository_s_own_tree_is_what_its_spec_makes() {
    let (mut made, mut said) = (tree(&texts_of(repository())).files, String::new());
    // The test below has them.
    made.retain(|path, _| !PATHS.contains(&path.as_str()));
    let there = || files_below(repository(), &TOPS);
    if is_blessing() {
        case::write(repository(), &made);
        for (path, bytes) in there().iter().filter(|it| !made.contains_key(it.0)) {
            if is_ours(path, bytes) {
                fs::remove_file(repository().join(path)).expect("removable");
            }
        }
    }
    compare("the repository", &made, &there(), &mut said);
    nothing_of(&said, "`cargo run -- render` writes it anew");
}

/// The program holds the repository's own schemas, which are made of the structs here and nowhere
/// else; when they are blessed, the program is built anew with them.
#[test]
fn the_schemas_that_the_program_holds_are_what_the_structs_make() {
    let texts = schema::made::texts().map(String::into_bytes);
    let made: Tree = PATHS.map(str::to_owned).into_iter().zip(texts).collect();
    if is_blessing() {
        case::write(repository(), &made);
        return;
    }
    let held = schema::files().map(|it| (it.0.to_owned(), it.1.as_bytes().to_vec())).collect();
    let mut said = String::new();
    compare("the program", &made, &held, &mut said);
    compare("the repository", &made, &files_below(repository(), &PATHS), &mut said);
    nothing_of(&said, "`BLESS=1 cargo test --test it golden` writes them anew");
}

/// All bytes of all trees, put together from what is on the disk: a base and its differences.
#[test]
fn what_the_cases_keep_is_the_whole_of_their_trees() {
    fn whole(name: &str, below: usize) -> Tree {
        assert!(below < CASES.len(), "{name}: its bases go in a circle");
        let folder = folder(name);
        match base_of(&folder) {
            Some(base) => Difference::read(&folder).applied_to(&whole(&base, below + 1)),
            None => files_below(&folder, &TOPS),
        }
    }
    if is_blessing() {
        return; // The tests beside this one write the files at this moment.
    }
    for (name, made) in made() {
        let whole = whole(&name, 0);
        let differ: Vec<&String> = made
            .keys()
            .chain(whole.keys())
            .filter(|it| made.get(*it) != whole.get(*it))
            .take(9)
            .collect();
        assert!(differ.is_empty(), "{name}: {differ:?}; another test shows the difference");
    }
}

#[test]
fn all_cases_are_listed() {
    let there: Vec<String> = golden_cases().into_iter().map(|it| it.0).collect();
    assert_eq!(there, CASES);
}

/// The starter, and the case that has all of monitoring as the repository has it, are compared with
/// the repository, a case with workspaces with `tenants`, all others with the starter. Nothing else
/// lies in a case's folder.
#[test]
fn a_case_has_its_base_and_nothing_that_belongs_to_nothing() {
    for (name, folder) in golden_cases().into_iter().filter(|it| it.0 != WHOLE) {
        let base = match &*name {
            "starter" | "monitoring" => WHOLE,
            "tenants" => "starter",
            _ if folder.join("spec/workspaces").is_dir() => "tenants",
            _ => "starter",
        };
        assert_eq!(base_of(&folder).as_deref(), Some(base), "{name}");
        assert_eq!(case::strange(&folder), Vec::<std::path::PathBuf>::new(), "{name}");
    }
}

/// Two cases differ in what they are about: a name or a repository of its own would be in every
/// file.
#[test]
fn cases_have_one_name_and_one_repository() {
    let starter = tree(&texts_of(&folder("starter"))).plan.expect("it compiles");
    for (name, folder) in golden_cases().into_iter().filter(|it| it.0 != WHOLE) {
        let plan = tree(&texts_of(&folder)).plan.expect("it compiles");
        assert_eq!(plan.name(), starter.name(), "{name}");
        // A folder of another repository is what this case is about.
        if name != "monorepo" {
            let url = |plan: &espalier::plan::Plan| plan.platform().spec.repository.url.to_string();
            assert_eq!(url(&plan), url(&starter), "{name}");
        }
    }
}

/// The case `starter` is what `init` writes.
#[test]
fn starter_is_the_embedded_starter() {
    let case = texts_of(&repository().join("tests/golden/starter"));
    assert_eq!(case["spec/platform.yaml"], espalier::load::schema::STARTER);
    assert_eq!(case.len(), 1);
}

/// Every component is in a golden tree: what is in none would never be reviewed.
#[test]
fn every_component_is_in_a_golden_tree() {
    let mut there = BTreeSet::new();
    for path in made().into_values().flat_map(BTreeMap::into_keys) {
        let name = path.strip_prefix("apps/").and_then(|it| it.strip_suffix(".yaml"));
        there.extend(name.map(ToOwned::to_owned));
    }
    let derived = [
        "app-secrets",
        "argocd-ingress",
        "bootstrap",
        "cluster-issuer",
        "namespaces",
        "network-policies",
    ];
    let components = espalier::components::spec::Components::default();
    let components = components.sections().into_iter().map(Section::application);
    let missing: Vec<&str> = components.chain(derived).filter(|it| !there.contains(*it)).collect();
    assert!(missing.is_empty(), "in no golden tree: {missing:?}");
    assert!(there.iter().any(|it| it.starts_with("ws-")), "no golden tree has a tenant");
}

/// One case holds a sealed value of every credential that its platform needs, so that the judge
/// that opens them sees each one.
#[test]
fn the_sealed_case_seals_all() {
    let compiled = compile(&texts_of(&repository().join("tests/golden/sealed")));
    assert_eq!(compiled.codes(), Vec::<&str>::new(), "{}", compiled.said());
    let sealed = compiled.objects().into_iter().filter(|it| it.kind() == "SealedSecret").count();
    let plan = compiled.plan.as_ref().expect("it compiles");
    let needed: usize =
        espalier::plan::tables::secrets(plan).iter().map(|it| it.namespaces.len()).sum();
    // One of them has been rotated: the previous value stays for a rollback.
    assert_eq!(sealed, needed + 1);
}

/// The helpers themselves: a difference is told and shown, and put onto the base it is the tree.
#[test]
fn differences_are_seen() {
    let tree = |files: &[(&str, &str)]| -> Tree {
        files.iter().map(|it| (it.0.to_owned(), it.1.as_bytes().to_vec())).collect()
    };
    let (long, longer) = ("a line\n".repeat(30) + "its end\n", "a line\n".repeat(31) + "its end\n");
    let base = tree(&[("a", "1\n2\n"), ("b", ""), ("c", "same\n"), ("e", &long)]);
    let own = tree(&[("a", "1\n3\n"), ("c", "same\n"), ("d", ""), ("e", &longer)]);
    let difference = Difference::between(&base, &own);
    assert_eq!(difference.applied_to(&base), own);
    assert_ne!(difference.applied_to(&own), base);

    let mut said = String::new();
    difference.compare(&difference, "x", &mut said);
    assert_eq!(said, "");
    // What a case keeps although its base has it, and what it does not know to be gone.
    let stale = tree(&[("b", ""), ("c", "other\n"), ("e", &long)]);
    let stale = Difference::between(&stale, &base);
    difference.compare(&stale, "x", &mut said);
    assert_eq!(
        said,
        "x: edits/e.diff is missing\nx: removed is missing\nx: tree/d is missing\n\
         x: tree/c is superfluous\nx: tree/a\n\
         @@ -1,2 +1,2 @@\n 1\n-2\n+3\n"
    );
    assert!(support::selects(
        &[("a".to_owned(), "b".to_owned())].into(),
        &[("a".to_owned(), "b".to_owned())].into()
    ));
}
