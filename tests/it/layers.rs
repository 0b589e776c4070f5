//! The layers of the compiler and of the operator, held by what their files import: arrows point
//! down, and no files import each other in a circle.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use syn::visit::Visit;

use crate::support::{files_below, has_ending, repository};

/// A package, by the folder of its sources.
struct Package {
    folder: &'static str,
    /// The layers, top to bottom. What stands in one row may look at its neighbours, not in a
    /// circle.
    layers: &'static [&'static [&'static str]],
}

const PACKAGES: [Package; 2] = [
    Package { folder: "src/", layers: &LAYERS },
    Package { folder: "operator/src/", layers: &OPERATOR },
];

/// The operator's layers: what decides is pure, and `cluster` alone speaks to the API server.
const OPERATOR: [&[&str]; 6] = [
    &["main"],
    &["run", "plan", "serve"],
    &["queue", "leader", "endpoints", "metrics", "platform"],
    &["fleet", "reconcile", "room", "rollout", "status", "ledger", "resource"],
    &["cluster"],
    &["hash"],
];

/// The compiler's layers.
const LAYERS: [&[&str]; 10] = [
    &["main"],
    &["cli", "api"],
    &["report"],
    &["compile"],
    &["load", "emit"],
    &["check", "sealing"],
    &["plan", "budget"],
    &["components", "seal"],
    &["platform", "builder", "crds", "facts"],
    &["diag", "yaml", "units", "names"],
];

/// What a file imports: full paths of modules and items, without the leading `crate`.
struct Imports<'a> {
    /// The module that the file is.
    module: &'a [String],
    /// Modules that the file declares.
    children: BTreeSet<String>,
    found: BTreeSet<Vec<String>>,
}

impl Imports<'_> {
    fn of(module: &[String], text: &str) -> BTreeSet<Vec<String>> {
        let file = syn::parse_file(text).expect("Rust");
        let children = file.items.iter().filter_map(|item| match item {
            syn::Item::Mod(declared) => Some(declared.ident.to_string()),
            _ => None,
        });
        let mut all = Imports { module, children: children.collect(), found: BTreeSet::new() };
        all.visit_file(&file);
        all.found
    }

    /// Takes a path in, if it leads to a module of this package.
    fn take(&mut self, path: &[String]) {
        let Some(first) = path.first() else { return };
        let mut from = self.module.to_vec();
        let rest = match first.as_str() {
            "crate" => {
                from.clear();
                &path[1..]
            }
            "self" => &path[1..],
            "super" => {
                let ups = path.iter().take_while(|it| *it == "super").count();
                from.truncate(from.len().saturating_sub(ups));
                &path[ups..]
            }
            child if self.children.contains(child) => path,
            _ => return,
        };
        from.extend_from_slice(rest);
        self.found.insert(from);
    }

    fn tree(&mut self, tree: &syn::UseTree, above: &mut Vec<String>) {
        match tree {
            syn::UseTree::Path(path) => {
                above.push(path.ident.to_string());
                self.tree(&path.tree, above);
                above.pop();
            }
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|item| self.tree(item, above));
            }
            syn::UseTree::Glob(_) => self.take(above),
            syn::UseTree::Name(syn::UseName { ident })
            | syn::UseTree::Rename(syn::UseRename { ident, .. }) => {
                let mut path = above.clone();
                if ident != "self" {
                    path.push(ident.to_string());
                }
                self.take(&path);
            }
        }
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|it| it.is_ident("test"))
    })
}

impl<'ast> Visit<'ast> for Imports<'_> {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !is_test(&module.attrs) {
            syn::visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(&item.tree, &mut Vec::new());
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            let names: Vec<String> = path.segments.iter().map(|it| it.ident.to_string()).collect();
            self.take(&names);
        }
        syn::visit::visit_path(self, path);
    }

    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    /// What stands in a macro is no syntax yet, but paths look the same.
    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        let tokens = called.tokens.to_string();
        let words: Vec<&str> =
            tokens.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).collect();
        let words: Vec<&str> = words.into_iter().filter(|it| !it.is_empty()).collect();
        for (at, word) in words.iter().enumerate() {
            if words.get(at + 1) != Some(&"::") || at > 0 && words[at - 1] == "::" {
                continue;
            }
            let mut path = vec![(*word).to_owned()];
            let mut rest = words[at + 1..].chunks_exact(2);
            while let Some(["::", name]) = rest.next() {
                path.push((*name).to_owned());
            }
            self.take(&path);
        }
        syn::visit::visit_macro(self, called);
    }
}

/// The files of a package by the module that they are.
fn modules(package: &Package) -> BTreeMap<Vec<String>, (String, String)> {
    let files = files_below(repository(), &[package.folder]).into_iter();
    files
        .filter(|(path, _)| has_ending(path, "rs") && !["src/lib.rs"].contains(&path.as_str()))
        .map(|(path, bytes)| {
            let name = path.trim_start_matches(package.folder).trim_end_matches(".rs");
            let name = name.trim_end_matches("/mod");
            let module = name.split('/').map(str::to_owned).collect();
            (module, (path, String::from_utf8(bytes).expect("UTF-8")))
        })
        .collect()
}

/// File → files that it imports from.
type Arrows = BTreeMap<String, BTreeSet<String>>;

fn arrows(modules: &BTreeMap<Vec<String>, (String, String)>) -> Arrows {
    let file_of = |path: &[String]| {
        let prefixes = (1..=path.len()).rev().map(|length| &path[..length]);
        prefixes.into_iter().find_map(|it| Some(modules.get(it)?.0.clone()))
    };
    modules
        .iter()
        .map(|(module, (path, text))| {
            let imported = Imports::of(module, text);
            let others = imported.iter().filter_map(|it| file_of(it)).filter(|it| it != path);
            (path.clone(), others.collect())
        })
        .collect()
}

/// The groups of nodes that reach each other.
fn circles(arrows: &Arrows) -> Vec<BTreeSet<String>> {
    let reach: BTreeMap<&String, BTreeSet<&String>> = arrows
        .keys()
        .map(|from| {
            let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
            while let Some(node) = next.pop() {
                let others = arrows.get(node).into_iter().flatten();
                next.extend(others.filter(|it| seen.insert(*it)));
            }
            (from, seen)
        })
        .collect();
    let mut found = BTreeSet::new();
    for (from, seen) in &reach {
        if seen.contains(from) {
            let back =
                seen.iter().filter(|end| reach.get(**end).is_some_and(|it| it.contains(from)));
            found.insert(back.map(|it| (*it).clone()).collect::<BTreeSet<String>>());
        }
    }
    found.into_iter().collect()
}

impl Package {
    /// The part of it that a file belongs to: `src/yaml/parse.rs` → `yaml`.
    fn part<'a>(&self, path: &'a str) -> &'a str {
        path.trim_start_matches(self.folder).split(['/', '.']).next().unwrap_or_default()
    }

    fn layer(&self, path: &str) -> usize {
        let found = self.layers.iter().position(|it| it.contains(&self.part(path)));
        found.unwrap_or_else(|| panic!("{path} is on no layer: give its folder one in this test"))
    }
}

#[test]
fn arrows_point_down() {
    let mut said = String::new();
    for package in PACKAGES {
        for (from, others) in arrows(&modules(&package)) {
            for to in others {
                if package.layer(&to) < package.layer(&from) {
                    let _ = writeln!(said, "{from} looks up to {to}");
                }
                // A component knows other components' offers, not what is derived from them.
                let (part, other) = (package.part(&from), package.part(&to));
                if part == "components" && ["plan", "budget", "emit"].contains(&other) {
                    let _ = writeln!(said, "{from}, a component, looks at {to}");
                }
            }
        }
    }
    assert!(said.is_empty(), "{said}");
}

/// ARCHITECTURE.md has the same layers.
#[test]
fn the_tables_of_layers_are_these() {
    let text = std::fs::read_to_string(repository().join("ARCHITECTURE.md")).expect("a text");
    let mut tables = text.split("| layer | modules | what is in them |\n").skip(1);
    for package in PACKAGES {
        let rows = tables.next().expect("each package has a table").lines().skip(1);
        let modules: Vec<Vec<&str>> = rows
            .map_while(|row| row.split(" | ").nth(1))
            .map(|cell| cell.split(", ").map(|it| it.trim_matches('`')).collect())
            .collect();
        assert_eq!(modules, package.layers, "{}", package.folder);
    }
}

fn listed(circles: &[BTreeSet<String>], arrows: &Arrows) -> String {
    let mut said = String::new();
    for circle in circles {
        let _ = writeln!(said, "a circle of {}:", circle.len());
        for from in circle {
            let to: Vec<&String> = arrows[from].intersection(circle).collect();
            let _ = writeln!(said, "  {from} -> {to:?}");
        }
    }
    said
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    for package in PACKAGES {
        let arrows = arrows(&modules(&package));
        let said = listed(&circles(&arrows), &arrows);
        assert!(said.is_empty(), "{said}");
    }
}

/// Parts of one layer may look at each other, one way.
#[test]
fn no_parts_import_each_other_in_a_circle() {
    for package in PACKAGES {
        let mut parts = Arrows::new();
        for (from, others) in arrows(&modules(&package)) {
            let part = package.part(&from);
            let others = others.iter().map(|it| package.part(it)).filter(|it| *it != part);
            let others = others.map(str::to_owned);
            parts.entry(part.to_owned()).or_default().extend(others);
        }
        let said = listed(&circles(&parts), &parts);
        assert!(said.is_empty(), "{said}");
    }
}

/// The reading of imports sees each form that they are written in, and no test's.
#[test]
fn imports_are_seen() {
    let text = "
        mod child;
        use crate::{a::b, c::{d, e as f}, g};
        use super::h::{self, i};
        use std::fmt;
        pub(crate) fn x(y: crate::j::K) -> Option<crate::l::M> {
            format!(\"{}\", crate::n::o(y));
            child::p::q()
        }
        #[cfg(test)]
        mod tests { use crate::never; }
    ";
    let module = ["m".to_owned(), "n".to_owned()];
    let found: Vec<String> =
        Imports::of(&module, text).into_iter().map(|it| it.join("::")).collect();
    let expected = [
        "a::b",
        "c::d",
        "c::e",
        "g",
        "j::K",
        "l::M",
        "m::h",
        "m::h::i",
        "m::n::child::p::q",
        "n::o",
    ];
    assert_eq!(found, expected);
}

/// A circle is found whole, and what only leads to it is none of it.
#[test]
fn circles_are_seen() {
    let arrows = [("a", "b"), ("b", "c"), ("c", "b"), ("d", "d"), ("e", "a")];
    let mut all = Arrows::new();
    for (from, to) in arrows {
        all.entry(from.to_owned()).or_default().insert(to.to_owned());
    }
    let found: Vec<Vec<String>> =
        circles(&all).into_iter().map(|it| it.into_iter().collect()).collect();
    assert_eq!(found, [vec!["b".to_owned(), "c".to_owned()], vec!["d".to_owned()]]);
}
