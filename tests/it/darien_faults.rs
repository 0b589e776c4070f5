//! The faults of a hand-written tree of the same platform (the Darien tree), one test each, named
//! after the fault: either no golden tree can have it, or a spec that asks for it gets a finding.

mod argocd;
mod charts;
mod database;
mod monitoring;
mod ollama;
mod open_webui;

use std::sync::LazyLock;

use serde_yaml::Value;

use crate::{
    invariants::Tree,
    support::{Read, at, compile, golden_cases, items, texts_of, tree, with_components},
};

/// All golden trees, compiled once.
static GOLDEN: LazyLock<Vec<(String, Tree)>> = LazyLock::new(|| {
    golden_cases()
        .into_iter()
        .map(|(name, folder)| (name, Tree::of(&tree(&texts_of(&folder)))))
        .collect()
});

/// Asserts that `wrong` is true of no object of a kind in any golden tree, and that such objects
/// exist.
#[track_caller]
fn never(kind: &str, wrong: impl Fn(&Read) -> bool) {
    let all: Vec<(&str, &Read)> = GOLDEN
        .iter()
        .flat_map(|(name, tree)| tree.of_kind(kind).map(move |it| (name.as_str(), it)))
        .collect();
    assert!(!all.is_empty(), "no golden tree has a {kind}");
    let found: Vec<String> = all
        .iter()
        .filter(|(_, object)| wrong(object))
        .map(|(name, object)| format!("{name}: {}", object.path))
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}

/// Asserts that no generated file of any golden tree holds these bytes.
#[track_caller]
fn nowhere(text: &str) {
    for (name, tree) in GOLDEN.iter() {
        for (path, bytes) in &tree.files {
            assert!(!String::from_utf8_lossy(bytes).contains(text), "{name}: {path} has `{text}`");
        }
    }
}

/// Asserts that a spec with these components gets a finding with this code.
#[track_caller]
fn found(components: &str, code: &str) {
    let compiled = compile(&with_components(components));
    assert!(compiled.codes().contains(&code), "{components}: no {code} but\n{}", compiled.said());
}

/// Containers of an object, init containers first.
fn containers(object: &Read) -> Vec<&Value> {
    let pod = object.pod_template().map_or(&Value::Null, |it| at(it, "spec"));
    items(at(pod, "initContainers")).chain(items(at(pod, "containers"))).collect()
}

/// The environment variable of a container: its value, or its source.
fn env<'a>(container: &'a Value, name: &str) -> Option<&'a Value> {
    items(at(container, "env"))
        .find(|it| at(it, "name") == name)
        .map(|it| it.get("value").unwrap_or_else(|| at(it, "valueFrom/secretKeyRef")))
}

/// Whether the workload belongs to a part, of the platform or of a tenant.
fn is_part(object: &Read, part: &str) -> bool {
    object.name() == part || object.name().ends_with(&format!("-{part}"))
}

/// Every main container of a part's workloads, in any golden tree.
fn each_of(
    kind: &'static str,
    part: &'static str,
) -> impl Iterator<Item = (&'static Read, &'static Value)> {
    let all = GOLDEN
        .iter()
        .flat_map(move |(_, tree)| tree.of_kind(kind))
        .filter(move |it| is_part(it, part));
    all.map(|it| (it, *containers(it).last().expect("a container")))
}

#[test]
fn there_are_golden_trees_of_all_that_is_judged() {
    for (kind, part) in
        [("Deployment", "openwebui"), ("StatefulSet", "ollama"), ("StatefulSet", "postgresql")]
    {
        assert!(each_of(kind, part).count() >= 3, "{kind} {part}");
    }
}
