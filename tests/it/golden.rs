//! Golden trees: each `tests/golden/<case>/spec` makes `tests/golden/<case>/tree`, byte for byte.
//!
//! `BLESS=1 cargo test --test it golden` writes the trees anew; read what changed before you commit
//! it.

use espalier::components::section::Section;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::Path,
};

use crate::support::{self, compile, files_below, golden_cases, repository, texts_of, tree};

/// The cases, by name: a folder that is not listed here is a mistake, and so is a name without a
/// folder.
const CASES: [&str; 16] = [
    "backup",
    "bare",
    "darien",
    "external-database",
    "gpu",
    "models-only",
    "monorepo",
    "no-database",
    "nodes",
    "pinned",
    "replicas",
    "sealed",
    "signed",
    "starter",
    "storage-class",
    "tenants",
];

/// The folders of a tree that are generated.
const TOPS: [&str; 3] = ["apps", "bootstrap", "out"];

#[test]
fn every_case_makes_its_tree() {
    let mut said = String::new();
    for (name, folder) in golden_cases() {
        let texts = texts_of(&folder);
        let compiled = tree(&texts).tree();
        if std::env::var_os("BLESS").is_some() {
            bless(&folder.join("tree"), &compiled);
        }
        compare(&name, &compiled, &files_below(&folder.join("tree"), &TOPS), &mut said);
    }
    assert!(said.is_empty(), "{said}\n`BLESS=1 cargo test --test it golden` writes the trees anew");
}

#[test]
fn all_cases_are_listed() {
    let there: Vec<String> = golden_cases().into_iter().map(|it| it.0).collect();
    assert_eq!(there, CASES);
}

/// The repository is the first user, never a special case.
#[test]
fn the_repository_s_own_tree_is_what_its_spec_makes() {
    let mut said = String::new();
    let compiled = tree(&texts_of(repository())).files;
    let mut there = files_below(repository(), &TOPS);
    for schema in espalier::load::schema::PATHS {
        there.insert(
            schema.to_owned(),
            fs::read(repository().join(schema)).expect("it is committed"),
        );
    }
    compare("the repository", &compiled, &there, &mut said);
    assert!(said.is_empty(), "{said}\n`cargo run -- render` writes it anew");
}

/// The case `darien` is the repository's own platform.
#[test]
fn darien_is_the_repository_s_own_spec() {
    let case = repository().join("tests/golden/darien");
    let own: BTreeMap<String, String> = texts_of(repository());
    assert_eq!(texts_of(&case), own, "copy spec/ to tests/golden/darien/spec/");
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
    for (_, folder) in golden_cases() {
        let apps = files_below(&folder.join("tree"), &["apps"]).into_keys();
        there.extend(
            apps.map(|it| it.trim_start_matches("apps/").trim_end_matches(".yaml").to_owned()),
        );
    }
    let derived = [
        "app-secrets",
        "argocd-ingress",
        "bootstrap",
        "cluster-issuer",
        "namespaces",
        "network-policies",
    ];
    let components = espalier::components::floor_plan::Components::default();
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

fn bless(folder: &Path, compiled: &BTreeMap<String, Vec<u8>>) {
    for path in files_below(folder, &TOPS).keys().filter(|it| !compiled.contains_key(*it)) {
        fs::remove_file(folder.join(path)).expect("removable");
    }
    for (path, bytes) in compiled {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("writable");
        if fs::read(&path).ok().as_ref() != Some(bytes) {
            fs::write(&path, bytes).expect("writable");
        }
    }
    // Deepest first: a folder that has become empty is removed too.
    for entry in walkdir::WalkDir::new(folder)
        .contents_first(true)
        .into_iter()
        .flatten()
        .filter(|it| it.file_type().is_dir())
    {
        let _ = fs::remove_dir(entry.path());
    }
}

/// A short description of the differences.
fn compare(
    name: &str,
    compiled: &BTreeMap<String, Vec<u8>>,
    there: &BTreeMap<String, Vec<u8>>,
    said: &mut String,
) {
    for path in compiled.keys().filter(|it| !there.contains_key(*it)) {
        let _ = writeln!(said, "{name}: {path} is missing");
    }
    for path in there.keys().filter(|it| !compiled.contains_key(*it)) {
        let _ = writeln!(said, "{name}: {path} is made by nothing");
    }
    for (path, bytes) in compiled {
        if let Some(old) = there.get(path).filter(|it| *it != bytes) {
            let (old, new) = (String::from_utf8_lossy(old), String::from_utf8_lossy(bytes));
            let line = old
                .lines()
                .zip(new.lines())
                .position(|(a, b)| a != b)
                .unwrap_or(old.lines().count().min(new.lines().count()));
            let show = |text: &str| {
                text.lines().nth(line).unwrap_or("(its end)").chars().take(160).collect::<String>()
            };
            let _ = writeln!(
                said,
                "{name}: {path}:{}\n  - {}\n  + {}",
                line + 1,
                show(&old),
                show(&new)
            );
        }
    }
}

/// The helper itself: it tells a tree that differs from one that does not.
#[test]
fn differences_are_seen() {
    let one: BTreeMap<String, Vec<u8>> =
        [("a".to_owned(), b"1\n2\n".to_vec()), ("b".to_owned(), Vec::new())].into();
    let two: BTreeMap<String, Vec<u8>> =
        [("a".to_owned(), b"1\n3\n".to_vec()), ("c".to_owned(), Vec::new())].into();
    let mut said = String::new();
    compare("x", &one, &two, &mut said);
    assert_eq!(said, "x: b is missing\nx: c is made by nothing\nx: a:2\n  - 3\n  + 2\n");
    assert!(support::selects(
        &[("a".to_owned(), "b".to_owned())].into(),
        &[("a".to_owned(), "b".to_owned())].into()
    ));
}
