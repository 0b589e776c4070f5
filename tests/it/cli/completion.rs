//! What `--help` says about each command, and what a shell completes.

use std::process::Command;

use super::workspace_dir::WorkspaceDir;

const VERBS: [&str; 11] = [
    "init",
    "render",
    "check",
    "diff",
    "show",
    "release",
    "seal",
    "workspace",
    "schema",
    "explain",
    "completions",
];

#[test]
fn each_verb_has_its_own_help() {
    let dir = WorkspaceDir::empty();
    for verb in VERBS {
        let said = dir.ok(&[verb, "--help"]).out;
        let (own, global) =
            said.split_once("\nGlobal options:\n").unwrap_or_else(|| panic!("{verb}: {said}"));
        assert!(!own.contains("--color") && global.contains("--color"), "{verb}: {said}");
        assert!(
            said.contains("\nExample:\n  espalier ") || said.contains("\nExamples:\n  "),
            "{verb}: {said}"
        );
        assert!(
            !said.contains("--threads") && said.lines().all(|it| it.chars().count() <= 100),
            "{verb}: {said}"
        );
        // The formats are those that the command accepts.
        for format in ["short", "json", "github", "markdown", "mermaid"] {
            let is_told = global.contains(&format!("- {format}:"));
            let is_taken = dir.run(&[verb, "--format", format, "--help"]).code == 0;
            assert_eq!(is_told, is_taken, "{verb} {format}");
        }
        let is_told = global.contains("--format");
        assert_eq!(
            is_told,
            global.contains("- json:") || verb == "diff",
            "{verb}: one format is no choice"
        );
    }
    for (verb, unheard) in
        [("schema", "--root"), ("explain", "--deny"), ("completions", "--spec"), ("init", "--deny")]
    {
        assert!(!dir.ok(&[verb, "--help"]).out.contains(unheard), "{verb}");
    }
    // The flag may also stand before the command.
    let dir = WorkspaceDir::rendered();
    assert!(dir.ok(&["--format", "json", "check"]).out.starts_with('['));
    assert!(dir.ok(&["check", "--format", "text"]).out.is_empty());
    assert!(dir.run(&["--format", "mermaid", "check"]).err.contains("has no format `mermaid`"));
    assert!(dir.run(&["show", "--format", "mermaid"]).err.contains("has no format `mermaid`"));
}

/// What bash completes, with the script that the program prints: the last word is the one that is
/// being typed.
fn completed(dir: &WorkspaceDir, words: &[&str]) -> Vec<String> {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_espalier")).parent().expect("a folder");
    let path = format!("{}:{}", program.display(), std::env::var("PATH").expect("a path"));
    let script = "source <(espalier completions bash); COMP_WORDS=(\"$@\") COMP_CWORD=$(($# - \
                  1)); _clap_complete_espalier espalier \"${COMP_WORDS[COMP_CWORD]}\" x 2>&1; \
                  printf '%s\\n' \"${COMPREPLY[@]}\"";
    let mut bash = Command::new("bash");
    bash.args(["-c", script, "bash", "espalier"])
        .args(words)
        .env("PATH", path)
        .current_dir(dir.path("."));
    let output = bash.output().expect("bash runs");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter(|it| !it.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_shell_completes_what_is_there() {
    let dir = WorkspaceDir::rendered();
    assert_eq!(completed(&dir, &["expl"]), ["explain"]);
    let codes = completed(&dir, &["explain", "node-"]);
    assert!(
        codes.len() > 3
            && codes.iter().all(|it| it.starts_with("node-"))
            && codes.contains(&"node-memory-exceeded".to_owned()),
        "{codes:?}"
    );
    let names = completed(&dir, &["seal", "openwebui-"]);
    assert_eq!(names, ["openwebui-admin", "openwebui-secret-key"]);
    // After a flag of its own, `seal` offers no subcommands.
    assert!(completed(&dir, &["seal", ""]).contains(&"init".to_owned()));
    for words in [
        &["seal", "--rotate", ""][..],
        &["seal", "--scope", "strict", ""],
        &["seal", "--from-env=A", ""],
    ] {
        let all = completed(&dir, words);
        assert!(
            all.iter().any(|it| it == "postgresql")
                && !all.iter().any(|it| it == "init" || it == "help"),
            "{words:?}: {all:?}"
        );
    }
    let families = completed(&dir, &["show", "models", "qwen2.5"]);
    assert!(
        families.contains(&"qwen2.5-coder".to_owned())
            && families.iter().all(|it| it.starts_with("qwen2.5")),
        "{families:?}"
    );
    dir.tenant("team-a");
    assert_eq!(completed(&dir, &["workspace", "suspend", "te"]), ["team-a"]);
    let models = completed(&dir, &["workspace", "create", "b", "--model", "gemma3:27"]);
    assert!(models.contains(&"gemma3:270m".to_owned()), "{models:?}");
    let fields = completed(&dir, &["workspace", "update", "team-a", "--set", "storage."]);
    assert_eq!(fields, ["storage.ollama", "storage.openWebui"]);
    assert_eq!(completed(&dir, &["schema", "w"]), ["workspace"]);
    dir.remove("spec/workspaces/team-a.yaml");
    assert_eq!(completed(&dir, &["show", "budget", "qwen2.5"]), Vec::<String>::new());
    assert_eq!(completed(&dir, &["check", "--format", ""]), ["human", "short", "json", "github"]);
    assert_eq!(completed(&dir, &["show", "b"]), ["budget"]);
    // Not useful on the command line, so not offered anywhere.
    for words in [&["render", "--"][..], &["render", "--th"], &["--t"], &["render", "--threads"]] {
        let all = completed(&dir, words);
        assert!(!all.iter().any(|it| it.contains("threads")), "{words:?}: {all:?}");
    }
    assert!(
        completed(&dir, &["diff", "--base", ""]).iter().all(|it| it == "HEAD"),
        "no repository, no revision"
    );

    dir.git(&["init", "--quiet", "--initial-branch", "main"]);
    dir.git(&["commit", "--quiet", "--allow-empty", "--message", "one"]);
    // A name that a shell would interpret is not offered.
    for name in ["feature/one", "$(touch${IFS}sprung)", "a;b", "a`b`"] {
        dir.git(&["branch", name]);
    }
    dir.git(&["tag", "v1"]);
    dir.git(&["remote", "add", "upstream", "https://git.example.com/team/platform.git"]);
    assert_eq!(completed(&dir, &["diff", "--base", ""]), ["HEAD", "feature/one", "main", "v1"]);
    assert_eq!(completed(&dir, &["release", "--remote", "u"]), ["upstream"]);
    // The root that the command line names.
    let around = WorkspaceDir::empty();
    let root = dir.root().display().to_string();
    assert_eq!(completed(&around, &["seal", "--root", &root, "postgresq"]), ["postgresql"]);
    assert_eq!(completed(&around, &["seal", "postgresq"]), Vec::<String>::new());
}

#[test]
fn a_shell_that_is_not_known_is_said() {
    let dir = WorkspaceDir::empty();
    let done = dir
        .command(&["--", "espalier", ""])
        .env("ESPALIER_COMPLETE", "tcsh")
        .output()
        .expect("it runs");
    assert_eq!(done.status.code(), Some(2), "{done:?}");
}
