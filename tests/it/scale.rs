//! Many tenants: the generated spec of the benchmarks compiles with the budget and every rule on,
//! and is refused where it does not fit.

#[path = "../../benches/support/spec.rs"]
mod spec;

use espalier::units::Bytes;

use crate::{
    cli::workspace_dir::WorkspaceDir,
    support::{self, Texts},
};

const TENANTS: usize = 200;

fn texts(node: (&str, &str), tenants: usize) -> Texts {
    let tenants = (0..tenants).map(|it| (spec::path(it), spec::tenant(it, spec::MODELS)));
    tenants
        .chain([(espalier::platform::files::PLATFORM.to_owned(), spec::platform(node))])
        .collect()
}

fn prepared(node: (&str, &str)) -> WorkspaceDir {
    let dir = WorkspaceDir::empty();
    for (path, text) in &texts(node, TENANTS) {
        dir.write(path, text);
    }
    dir
}

#[test]
fn each_tenant_counts() {
    let budget = |tenants| {
        let compiled = support::tree(&texts(spec::ROOMY, tenants));
        compiled.plan.as_ref().expect("it compiles").budget(&compiled.summaries)
    };
    let (none, one, many) = (budget(0), budget(1), budget(TENANTS));
    let (request, pods) = (one.requests.saturating_sub(none.requests), one.pods - none.pods);
    assert!(
        request > Bytes::gib(1) && pods >= 2,
        "a tenant has an Ollama and an Open WebUI: {pods} pods, {request}"
    );
    assert_eq!(many.requests, none.requests + request * TENANTS as u64);
    assert_eq!(many.pods, none.pods + pods * u32::try_from(TENANTS).expect("a few"));
    assert!(many.fits());
}

#[test]
fn a_large_node_holds_them() {
    let dir = prepared(spec::ROOMY);
    let done = dir.ok(&["render"]);
    // The rules on the whole have run: they report that the platform's sealed values are missing.
    assert!(done.err.contains("credential-not-sealed"), "{}", done.err);
    let applications = dir.tree().into_keys().filter(|it| it.starts_with("apps/ws-")).count();
    assert_eq!(applications, TENANTS);
    dir.ok(&["check"]);
}

#[test]
fn a_small_node_does_not() {
    let dir = prepared(("4", "8Gi"));
    let before = dir.files();
    let done = dir.run(&["render"]);
    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.err.contains("error[node-memory-exceeded]"), "{}", done.err);
    assert_eq!(dir.files(), before, "nothing is written");
}

/// A rule that only one tenant of many breaks is reported, and stops everything.
#[test]
fn one_of_many_that_is_wrong_stops_all() {
    let dir = prepared(spec::ROOMY);
    dir.write(&spec::path(TENANTS / 2), spec::tenant(TENANTS / 2, "no-such-model:1b"));
    let before = dir.files();
    let done = dir.run(&["render"]);
    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.err.contains("error[model-unknown]"), "{}", done.err);
    assert!(done.err.contains(&spec::path(TENANTS / 2)), "{}", done.err);
    assert_eq!(dir.files(), before, "nothing is written");
}
