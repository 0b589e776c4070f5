//! Which output goes where: streams, formats, help, pages, completions.

use std::{fs, process::Stdio};

use serde_json::Value;

use super::workspace_dir::WorkspaceDir;

#[test]
fn exit_codes_and_usage() {
    let dir = WorkspaceDir::rendered();
    assert_eq!(dir.run(&["check"]).code, 0);
    assert_eq!(dir.run(&["--help"]).code, 0);
    assert_eq!(dir.run(&["--version"]).code, 0);
    for wrong in [
        &["frobnicate"][..],
        &[],
        &["check", "--format", "mermaid"],
        &["check", "--deny", "everything"],
        &["show", "nothing"],
    ] {
        let said = dir.run(wrong);
        assert_eq!(said.code, 2, "{wrong:?}: {said:?}");
        assert!(said.out.is_empty() && !said.err.is_empty(), "{wrong:?}: {said:?}");
    }
}

#[test]
fn a_broken_pipe_is_no_error() {
    let dir = WorkspaceDir::rendered();
    for words in [&["show"][..], &["schema"], &["explain"], &["completions", "bash"], &["--help"]] {
        let mut child = dir
            .command(words)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs");
        drop(child.stdout.take());
        let done = child.wait_with_output().expect("it ends");
        assert!(done.status.success(), "{words:?}: {done:?}");
        assert!(done.stderr.is_empty(), "{words:?}: {done:?}");
    }
    // stderr is closed too: the work is done all the same.
    dir.remove(&dir.manifest());
    let mut child = dir.command(&["render"]).stderr(Stdio::piped()).spawn().expect("it runs");
    drop(child.stderr.take());
    assert!(child.wait().expect("it ends").success());
    dir.ok(&["check"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_stdout_is_trouble() {
    let dir = WorkspaceDir::rendered();
    let full = fs::File::options().write(true).open("/dev/full").expect("it is there");
    let done = dir.command(&["schema"]).stdout(full).output().expect("it runs");
    assert_eq!(done.status.code(), Some(2), "{done:?}");
}

#[test]
fn findings_for_programs() {
    let dir = WorkspaceDir::rendered();
    let clean: Vec<Value> =
        serde_json::from_str(&dir.ok(&["check", "--format", "json"]).out).expect("one JSON array");
    assert!(clean.iter().all(|it| it["severity"] == "warning"), "{clean:?}");
    let edited = dir.manifest();
    dir.append(&edited, "\nedited\n");
    let said = dir.run(&["check", "--format", "json"]);
    assert_eq!(said.code, 1, "{said:?}");
    let all: Vec<Value> = serde_json::from_str(&said.out).expect("one JSON array");
    assert!(all.iter().any(|it| it["code"] == "file-changed" && it["file"] == *edited), "{said:?}");
    let said = dir.run(&["check", "--format", "github"]);
    assert!(said.out.contains(&format!("::error file={edited}")), "{said:?}");
    let said = dir.run(&["check", "--format", "short"]);
    assert!(
        said.out.contains(&format!("changed  {edited}\n")) && !said.out.contains("@@"),
        "{said:?}"
    );

    dir.write("spec/workspaces/bad.yaml", "nonsense: 1\n");
    let said = dir.run(&["check", "--format", "json"]);
    let all: Vec<Value> = serde_json::from_str(&said.out).expect("one JSON array");
    assert!(
        all.iter().any(|it| it["file"] == "spec/workspaces/bad.yaml" && it["line"] == 1),
        "{said:?}"
    );
    let said = dir.run(&["check", "--format", "github"]);
    assert!(said.out.contains("::error file=spec/workspaces/bad.yaml,line=1"), "{said:?}");
    let said = dir.run(&["check", "--format", "short"]);
    assert!(said.err.contains("spec/workspaces/bad.yaml:1:1: error["), "{said:?}");
    let said = dir.run(&["render", "--format", "json"]);
    assert!(said.code == 1 && serde_json::from_str::<Vec<Value>>(&said.out).is_ok(), "{said:?}");
}

#[test]
fn colors_only_where_they_are_wanted() {
    let dir = WorkspaceDir::rendered();
    dir.append(&dir.manifest(), "\nedited\n");
    let said = dir.run(&["check"]);
    assert!(!said.out.contains('\u{1b}') && !said.err.contains('\u{1b}'), "{said:?}");
    let said = dir.run(&["check", "--color", "always"]);
    assert!(said.out.contains('\u{1b}') && said.err.contains('\u{1b}'), "{said:?}");
    let done = dir
        .command(&["check", "--color", "never"])
        .env("CLICOLOR_FORCE", "1")
        .output()
        .expect("it runs");
    assert!(!done.stdout.contains(&0x1b) && !done.stderr.contains(&0x1b));
}

#[test]
fn another_version_is_distinguished_from_another_spec() {
    let dir = WorkspaceDir::rendered();
    let imprint = dir.read("out/.espalier.json");
    dir.write("out/.espalier.json", imprint.replace(env!("CARGO_PKG_VERSION"), "0.0.1"));
    let said = dir.run(&["check"]);
    assert!(said.code == 1 && said.err.contains("espalier 0.0.1 wrote the tree"), "{said:?}");
    dir.ok(&["render"]);
    dir.append(&dir.manifest(), "\nedited\n");
    assert!(!dir.run(&["check"]).err.contains("wrote the tree"));
}

#[test]
fn sides_of_the_platform() {
    let dir = WorkspaceDir::rendered();
    dir.tenant("team-a");
    let rows =
        |words: &[&str]| -> Vec<Value> { serde_json::from_str(&dir.ok(words).out).expect("JSON") };
    let waves = rows(&["show", "waves", "--format", "json"]);
    assert!(!waves.is_empty());
    for row in &waves {
        let keys: Vec<&String> = row.as_object().expect("a row").keys().collect();
        assert_eq!(
            keys,
            ["after", "application", "namespace", "wave"],
            "whatever their order: {row}"
        );
    }
    let flows = rows(&["show", "flows", "--format", "json"]);
    assert!(flows.iter().all(|it| it["from"].is_string() && it["why"].is_string()), "{flows:?}");
    assert!(!rows(&["show", "secrets", "--format", "json"]).is_empty());
    let budget: Value =
        serde_json::from_str(&dir.ok(&["show", "budget", "--format", "json"]).out).expect("JSON");
    assert!(budget.is_object());
    for side in ["waves", "flows"] {
        assert!(dir.ok(&["show", side, "--format", "mermaid"]).out.starts_with("graph LR\n"));
    }
    for side in [
        &["show"][..],
        &["show", "waves"],
        &["show", "flows"],
        &["show", "secrets"],
        &["show", "budget"],
    ] {
        let text = dir.ok(side).out;
        assert!(
            text.lines().count() > 0 && text.lines().all(|it| it == it.trim_end()),
            "{side:?}:\n{text}"
        );
    }
}

/// The Deployments of two charts have no value for their strategy, so Kubernetes' default adds a
/// pod; all others stop the old pod first.
#[test]
fn pods_of_charts_that_a_rolling_update_adds() {
    let budget: Value = serde_json::from_str(
        &WorkspaceDir::rendered().ok(&["show", "budget", "--format", "json"]).out,
    )
    .expect("JSON");
    let rows = budget["pods"].as_array().expect("rows");
    let surging: Vec<&str> =
        rows.iter().filter(|it| it["surge"] != 0).filter_map(|it| it["name"].as_str()).collect();
    assert_eq!(surging, ["argocd-redis", "sealed-secrets-controller"]);
}

#[test]
fn pages_that_need_no_spec() {
    let dir = WorkspaceDir::empty();
    let schema: Value = serde_json::from_str(&dir.ok(&["schema"]).out).expect("JSON");
    assert!(schema.is_object());
    for (shell, word) in [("bash", "complete"), ("zsh", "#compdef"), ("fish", "--command espalier")]
    {
        assert!(dir.ok(&["completions", shell]).out.contains(word), "{shell}");
    }
    assert!(dir.ok(&["explain"]).out.contains("unknown-field"));
    assert!(!dir.ok(&["explain", "unknown-field"]).out.is_empty());
    assert!(!dir.ok(&["explain", "error[unknown-field]"]).out.is_empty());
    let said = dir.run(&["explain", "unknown-feild"]);
    assert!(said.code == 2 && said.err.contains("did you mean `unknown-field`"), "{said:?}");
    assert_eq!(dir.run(&["explain", "zzzzzzzzzzzz"]).code, 2);
}
