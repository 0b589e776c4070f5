//! Many tenants: the generated spec of the benchmarks compiles with the budget and every rule on,
//! and is refused where it does not fit.

#[path = "../../benches/support/spec.rs"]
mod spec;

use std::{fs, process::Stdio, thread, time::Duration};

use espalier::{diag::diagnostic::Severity, units::Bytes};

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
    // What has just been written is in no index.
    thread::sleep(Duration::from_millis(60));
    let done = dir.ok(&["render"]);
    // The rules on the whole have run: they report that the platform's sealed values are missing.
    assert!(done.err.contains("credential-not-sealed"), "{}", done.err);
    let of_tenants = dir.tree().into_keys().filter(|it| it.starts_with("apps/ws-"));
    let (projects, applications): (Vec<_>, Vec<_>) =
        of_tenants.partition(|it| it.ends_with(".project.yaml"));
    assert_eq!((applications.len(), projects.len()), (TENANTS, TENANTS));
    dir.ok(&["check"]);
    // Of so many files the first render writes an index, and the second needs no more than that.
    let written = || fs::metadata(dir.path(".espalier/index")).and_then(|it| it.modified()).ok();
    let first = written();
    assert_eq!(first.is_some(), cfg!(unix));
    let again = dir.ok(&["render"]);
    assert!(again.err.contains(" unchanged (") && !again.err.contains("new"), "{}", again.err);
    assert!(again.err.contains("credential-not-sealed"), "{}", again.err);
    assert!(first.is_none() || written() == first, "it was believed");
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

/// Of very many, exactly those that are wrong are named, each with what is wrong with it.
#[test]
fn three_of_a_thousand_that_are_wrong_are_named_alone() {
    let mut texts = texts(spec::ROOMY, 1_000);
    let wrong = [
        (17, spec::tenant(17, "no-such-model:1b"), "model-unknown"),
        (500, spec::tenant(500, "\"A b\""), "invalid-value"),
        (983, spec::tenant(983, spec::MODELS) + "  modles: []\n", "unknown-field"),
    ];
    for (tenant, text, _) in &wrong {
        texts.insert(spec::path(*tenant), text.clone());
    }
    let compiled = support::compile(&texts);
    let errors = compiled.findings.iter().filter(|it| it.severity == Severity::Error);
    let found: Vec<(&str, String)> =
        errors.map(|it| (it.code, it.place.file().expect("a file").to_string())).collect();
    let expected: Vec<(&str, String)> =
        wrong.iter().map(|(tenant, _, code)| (*code, spec::path(*tenant))).collect();
    assert_eq!(found, expected);
}

/// A process that is killed while it moves a thousand tenants' files into place, as the system
/// kills: without a last word.
#[cfg(unix)]
#[test]
fn a_killed_render_of_a_thousand_leaves_whole_files() {
    let dir = WorkspaceDir::empty();
    for (path, text) in &texts(spec::ROOMY, 1000) {
        dir.write(path, text);
    }
    dir.ok(&["render"]);
    let first = dir.read("spec/platform.yaml");
    let mut old = dir.tree();
    // Fast machines may be done before they are killed: then once more, with other hosts.
    for attempt in 0..8 {
        let hosts = format!("workspaces: w{attempt}.example.com");
        dir.write("spec/platform.yaml", first.replace("workspaces: ws.example.com", &hosts));
        let mut child = dir
            .command(&["render"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it runs");
        // The page is staged with the last files, and the first to be moved.
        let page = dir.path(".espalier/stage/out/README.md");
        let mut is_staged = false;
        while child.try_wait().expect("a child").is_none() {
            let is_there = page.exists();
            if is_staged && !is_there {
                child.kill().expect("ours");
            }
            is_staged |= is_there;
        }
        let left = dir.tree();
        if !dir.path(".espalier/stage").exists() {
            old = left;
            continue;
        }
        let told = dir.run(&["check", "--format", "short"]);
        assert!(told.code == 1 && told.err.contains("[render-interrupted]"), "{}", told.err);
        dir.ok(&["render"]);
        let new = dir.tree();
        let mut moved = 0;
        for (name, bytes) in &left {
            let is_new = new.get(name) == Some(bytes);
            assert!(is_new || old.get(name) == Some(bytes), "{name} is neither old nor new");
            moved += usize::from(is_new && old.get(name) != Some(bytes));
        }
        assert_eq!(left.len(), old.len(), "each file is there");
        assert!(moved > 0, "it was killed after the first file had been moved");
        assert!(!dir.path(".espalier/stage").exists());
        let healed = dir.ok(&["check", "--format", "short"]);
        assert!(!healed.err.contains("render-interrupted"), "{}", healed.err);
        return;
    }
    panic!("it was never killed between the first file and the last");
}
