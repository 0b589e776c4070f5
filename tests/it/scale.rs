//! Many tenants: what the benchmarks time is compiled with the budget and every rule on, and
//! refused where it does not fit.

#[path = "../../benches/support/spec.rs"]
mod spec;

use espalier::{compile, units::Bytes};

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

fn place(node: (&str, &str)) -> WorkspaceDir {
    let place = WorkspaceDir::empty();
    for (path, text) in &texts(node, TENANTS) {
        place.write(path, text);
    }
    place
}

#[test]
fn each_tenant_counts() {
    let budget = |tenants| {
        let made = support::tree(&texts(spec::ROOMY, tenants));
        compile::budget(made.plan.as_ref().expect("it compiles"), &made.summaries)
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
    let place = place(spec::ROOMY);
    let done = place.ok(&["render"]);
    // The rules on the whole have looked: they miss the platform's sealed values.
    assert!(done.err.contains("credential-not-sealed"), "{}", done.err);
    let applications = place.tree().into_keys().filter(|it| it.starts_with("apps/ws-")).count();
    assert_eq!(applications, TENANTS);
    place.ok(&["check"]);
}

#[test]
fn a_small_node_does_not() {
    let place = place(("4", "8Gi"));
    let before = place.files();
    let done = place.run(&["render"]);
    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.err.contains("error[node-memory-exceeded]"), "{}", done.err);
    assert_eq!(place.files(), before, "nothing is written");
}

/// A rule that only one tenant of many breaks is told, and stops the whole.
#[test]
fn one_of_many_that_is_wrong_stops_all() {
    let place = place(spec::ROOMY);
    place.write(&spec::path(TENANTS / 2), spec::tenant(TENANTS / 2, "no-such-model:1b"));
    let before = place.files();
    let done = place.run(&["render"]);
    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.err.contains("error[model-unknown]"), "{}", done.err);
    assert!(done.err.contains(&spec::path(TENANTS / 2)), "{}", done.err);
    assert_eq!(place.files(), before, "nothing is written");
}
