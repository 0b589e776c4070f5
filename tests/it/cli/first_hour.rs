//! The first hour: what `init` reads, asks and writes, and the way from there to a clean `check`.

use std::{fs, process::Command};

#[cfg(target_os = "linux")]
use super::pty::talk;
use super::workspace_dir::WorkspaceDir;

const URL: &str = "https://git.garden.dev/team/platform.git";

/// An empty repository with a branch of this name and a remote.
fn repository(branch: &str, url: &str) -> WorkspaceDir {
    let dir = WorkspaceDir::empty();
    dir.git(&["init", "--quiet", "--initial-branch", branch]);
    dir.git(&["remote", "add", "origin", url]);
    dir
}

fn spec(dir: &WorkspaceDir) -> serde_yaml::Value {
    serde_yaml::from_str(&dir.read("spec/platform.yaml")).expect("YAML")
}

#[test]
fn nothing_is_overwritten_by_init() {
    let dir = WorkspaceDir::starter();
    dir.append("spec/platform.yaml", "# mine\n");
    let before = dir.files();
    let said = dir.run(&["init"]);
    assert!(said.code == 2 && said.err.contains("platform.yaml already exists"), "{said:?}");
    assert_eq!(dir.files(), before);

    let dir = WorkspaceDir::empty();
    dir.write(".gitignore", "/target");
    dir.write(".gitattributes", "*.png binary\n");
    dir.write("spec/platform.schema.json", "{}\n");
    dir.ok(&["init"]);
    assert_eq!(dir.read(".gitignore"), "/target\n/.espalier/\n*sealing-key.pem\n");
    assert!(dir.read(".gitattributes").starts_with("*.png binary\nout/** "));
    assert_eq!(dir.read("spec/platform.schema.json"), "{}\n");
}

#[test]
fn init_names_the_flags_that_are_wrong() {
    let dir = WorkspaceDir::empty();
    let said = dir.run(&[
        "init",
        "--name",
        "Not A Name",
        "--chat",
        "https://chat.garden.dev/",
        "--email",
        "ops",
    ]);
    for words in [
        "--name: `Not A Name` is not a name",
        "write `not-a-name`",
        "--chat: ",
        "`chat.garden.dev`",
        "--email: `ops`",
    ] {
        assert!(said.code == 2 && said.err.contains(words), "{words}: {said:?}");
    }
    assert!(!said.err.contains("platform.yaml"), "there is no such file: {said:?}");
    assert!(dir.files().is_empty(), "nothing was written");
}

#[test]
fn init_reads_what_git_knows() {
    let dir = repository("release/1.2", "https://ops:hush@git.garden.dev/team/platform.git");
    let said = dir
        .ok(&[
            "init",
            "clusters/Prod (new)",
            "--chat",
            "chat.garden.dev",
            "--email",
            "ops@garden.dev",
        ])
        .err;
    assert!(!said.contains("hush"), "{said}");
    let text = dir.read("clusters/Prod (new)/spec/platform.yaml");
    assert!(!text.contains("hush"), "{text}");
    let spec: serde_yaml::Value = serde_yaml::from_str(&text).expect("YAML");
    assert_eq!(spec["metadata"]["name"], "prod-new");
    let repository = &spec["spec"]["repository"];
    assert_eq!((&repository["url"], &repository["branch"]), (&URL.into(), &"release/1.2".into()));
    assert_eq!(repository["path"], "clusters/Prod (new)");
    assert!(said.contains("  cd 'clusters/Prod (new)'\n  espalier seal init"), "{said}");
    assert!(!said.contains("example"), "{said}");
}

/// A branch of one's own is taken to become part of the default branch.
#[test]
fn the_branch_is_the_remote_s_own_where_it_has_one() {
    let dir = repository("trunk", URL);
    dir.git(&["commit", "--quiet", "--allow-empty", "--message", "one"]);
    dir.git(&["update-ref", "refs/remotes/origin/trunk", "HEAD"]);
    dir.git(&["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk"]);
    dir.git(&["switch", "--quiet", "--create", "add-a-platform"]);
    let said = dir.ok(&["init"]).err;
    assert!(said.contains("branch: trunk (the default branch of `origin`)"), "{said}");
    assert_eq!(spec(&dir)["spec"]["repository"]["branch"], "trunk");

    dir.remove("spec/platform.yaml");
    dir.ok(&["init", "--branch", "add-a-platform"]);
    assert_eq!(spec(&dir)["spec"]["repository"]["branch"], "add-a-platform");
}

#[test]
fn what_argo_cd_cannot_fetch_is_not_taken() {
    for (url, words) in [
        ("../elsewhere.git", "which Argo CD cannot fetch from"),
        ("file:///srv/git/x.git", "which Argo CD cannot fetch from"),
    ] {
        let dir = repository("main", url);
        let said = dir.ok(&["init"]).err;
        assert!(said.contains(words), "{said}");
        assert!(
            said.contains("still an example: `url: https://git.example.com/team/platform.git`"),
            "{said}"
        );
    }
    // The remote is not always called `origin`; with several remotes, the right one is not known.
    let dir = repository("main", URL);
    dir.git(&["remote", "rename", "origin", "upstream"]);
    assert!(dir.ok(&["init"]).err.contains("(the remote `upstream`)"));
    dir.remove("spec/platform.yaml");
    dir.git(&["remote", "add", "fork", "https://git.garden.dev/me/platform.git"]);
    assert!(dir.ok(&["init"]).err.contains("still an example: `url: "));
}

/// A note shows what was found and what to write.
#[test]
fn what_cannot_be_taken_is_shown_with_what_to_write() {
    for (url, words) in [
        ("gitlab.garden.dev:team/x.git", "`--repository git@gitlab.garden.dev:team/x.git`"),
        ("git://git.garden.dev/x.git", "`--repository https://git.garden.dev/x.git`"),
        (
            "https://git.garden.dev/my team/x.git",
            "`--repository https://git.garden.dev/my%20team/x.git`",
        ),
        ("/srv/git/x.git", "say with `--repository URL`"),
    ] {
        let dir = repository("main", url);
        let said = dir.ok(&["init"]).err;
        assert!(
            said.contains(&format!("the remote `origin` has the URL `{url}`, which"))
                && said.contains(words),
            "{said}"
        );
    }
    let dir = repository("main", URL);
    dir.git(&["remote", "rename", "origin", "upstream"]);
    dir.git(&["remote", "add", "fork", "https://git.garden.dev/me/platform.git"]);
    let said = dir.ok(&["init"]).err;
    assert!(
        said.contains(
            "has the remotes `fork` and `upstream`, but none is called `origin`: name the one"
        ),
        "{said}"
    );
    assert!(!said.contains("no remote yet"), "{said}");
}

/// If no branch is checked out, `init` says which one it took, and why.
#[test]
fn a_detached_head_is_reported() {
    let detached = |branches: &[&str]| {
        let dir = repository("trunk", URL);
        dir.git(&["commit", "--quiet", "--allow-empty", "--message", "one"]);
        for branch in branches {
            dir.git(&["branch", branch]);
        }
        dir.git(&["checkout", "--quiet", "--detach"]);
        dir
    };
    for (branches, taken) in
        [(&[][..], Some("trunk")), (&["main"], Some("main")), (&["garden"], None)]
    {
        let dir = detached(branches);
        let said = dir.ok(&["init", "--repository", URL]).err;
        assert!(said.contains("note: no branch is checked out here, so "), "{said}");
        assert_eq!(
            said.contains("so the spec names `main`, which may not exist"),
            taken.is_none(),
            "{said}"
        );
        assert_eq!(spec(&dir)["spec"]["repository"]["branch"], taken.unwrap_or("main"));
        dir.remove("spec/platform.yaml");
        assert!(!dir.ok(&["init", "--branch", "trunk"]).err.contains("no branch is checked out"));
    }
    // A full clone knows the branches of the remote; a clone in CI does not.
    let dir = detached(&[]);
    dir.ok(&["init", "--branch", "main"]);
    assert!(!dir.run(&["render"]).err.contains("repository-branch"));
    dir.git(&["update-ref", "refs/remotes/origin/trunk", "HEAD"]);
    dir.git(&["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk"]);
    let said = dir.run(&["render"]);
    assert!(
        said.code == 1
            && said.err.contains("write `branch: trunk`, which is the default branch of `origin`"),
        "{said:?}"
    );
}

/// Files that Git would ignore are reported before the first commit.
#[test]
fn init_says_what_git_ignores() {
    let dir = repository("main", URL);
    dir.write(".gitignore", "*.yaml\n");
    let said = dir.ok(&["init"]).err;
    assert!(
        said.contains("note: Git ignores `")
            && said.contains(
                "the pattern `*.yaml` in .gitignore:1; remove line 1 from \
                              .gitignore"
            ),
        "{said}"
    );
    let dir = repository("main", URL);
    assert!(!dir.ok(&["init"]).err.contains("Git ignores"));
}

/// Without a terminal nothing is asked: an open question is named, and is a finding.
#[test]
fn what_is_left_open_is_a_finding() {
    let dir = WorkspaceDir::empty();
    let said = dir.ok(&["init"]).err;
    assert!(said.contains("is not in a Git repository"), "{said}");
    for left in [
        "`url: https://git.example.com/team/platform.git`",
        "`chat: chat.example.com`",
        "`email: operations@example.com`",
    ] {
        assert!(said.contains(&format!("still an example: {left}")), "{left}: {said}");
    }
    dir.ok(&["render"]);
    let said = dir.run(&["check", "--deny", "warnings"]);
    assert!(said.code == 1 && said.err.contains("error[example-value]"), "{said:?}");
}

/// Lines end in one character, whatever the settings of the clone, also in `spec/`.
#[test]
fn a_clone_that_turns_line_breaks_is_clean() {
    let dir = repository("main", URL);
    dir.ok(&["init"]);
    dir.ok(&["render"]);
    dir.git(&["add", "--all"]);
    dir.git(&["commit", "--quiet", "--message", "one"]);
    let there = WorkspaceDir::empty();
    let from = dir.path(".").display().to_string();
    there.git(&[
        "-c",
        "core.autocrlf=true",
        "-c",
        "core.eol=crlf",
        "clone",
        "--quiet",
        "--config",
        "core.autocrlf=true",
        &from,
        "clone",
    ]);
    assert!(!there.read("clone/spec/platform.yaml").contains('\r'));
    let said = there.run(&["check", "--root", "clone"]);
    assert!(said.code == 0 && said.err.contains("no drift"), "{said:?}");
}

/// `init` writes all that `render` writes into `spec/`: an editor knows the fields before the first
/// line is right.
#[test]
fn the_schemas_are_there_from_the_beginning() {
    let dir = WorkspaceDir::starter();
    let schemas = |dir: &WorkspaceDir| -> Vec<(String, Vec<u8>)> {
        dir.files()
            .into_iter()
            .filter(|(name, _)| name.starts_with("spec/") && name.contains(".schema.json"))
            .collect()
    };
    let before = schemas(&dir);
    assert!(!before.is_empty());
    dir.ok(&["render"]);
    assert_eq!(schemas(&dir), before);
}

#[cfg(target_os = "linux")]
fn typed_in(
    dir: &WorkspaceDir,
    home: &WorkspaceDir,
    line: &str,
    answer: &mut dyn FnMut(&str) -> String,
) -> super::pty::Talk {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_espalier")).parent().expect("a folder");
    let path = format!("{}:{}", program.display(), std::env::var("PATH").expect("a PATH"));
    let mut shell = Command::new("bash");
    shell.args(["-c", line]).current_dir(dir.path(".")).env("PATH", path).env("HOME", home.root());
    shell.env("XDG_CONFIG_HOME", home.root()).env_remove("NO_COLOR").env("TERM", "dumb");
    talk(shell, 80, answer)
}

/// A Git server of one's own, by SSH: `init` writes the spec and says what is to be asked first, and
/// `render` says it again.
#[test]
fn a_server_that_argo_cd_does_not_know_is_told_from_the_beginning() {
    let dir = WorkspaceDir::empty();
    let url = "ssh://git@git.garden.dev:2222/team/platform.git";
    let done = dir.ok(&["init", "--repository", url]);
    let words = "`ssh-keyscan -p 2222 git.garden.dev > spec/known_hosts`";
    assert!(done.err.contains("note: Argo CD does not know the host key"), "{done:?}");
    assert!(done.err.contains(words), "{done:?}");
    let refused = dir.run(&["render"]);
    assert!(refused.code == 1 && refused.err.contains(words), "{refused:?}");
    let known = crate::support::KNOWN_HOSTS.replace("example.com", "garden.dev");
    dir.write("spec/known_hosts", known);
    let spec = dir.read("spec/platform.yaml");
    let line = format!("url: {url}");
    assert!(spec.contains(&line), "{spec}");
    let keys = format!("{line}\n    hostKeys: known_hosts");
    dir.write("spec/platform.yaml", spec.replace(&line, &keys));
    dir.ok(&["render"]);
    let values = dir.read("bootstrap/values/argocd.yaml");
    assert!(values.contains("[git.garden.dev]:2222 ecdsa-sha2-nistp256 "), "{values}");
}

/// What a newcomer answers to each question.
#[cfg(target_os = "linux")]
fn newcomer(said: &str) -> String {
    let question = said.lines().last().unwrap_or_default().to_lowercase();
    let answers = [
        ("host name", "chat.garden.dev"),
        ("let's encrypt", "ops@garden.dev"),
        ("mail", "admin@garden.dev"),
    ];
    let answer = answers.iter().find(|it| question.contains(it.0)).map(|it| it.1);
    answer
        .unwrap_or_else(|| {
            if question.contains("password") { "a long password of mine" } else { panic!("{said}") }
        })
        .to_owned()
}

/// An empty repository with a remote, a branch of any name, and the printed commands: nothing else
/// is needed.
#[cfg(target_os = "linux")]
#[test]
fn a_newcomer_gets_to_a_clean_check_by_what_is_printed() {
    for (branch, url) in [("trunk", URL), ("team/garden-2", "git@gitlab.com:team/platform.git")] {
        let (dir, home) = (repository(branch, url), WorkspaceDir::empty());
        let done = typed_in(&dir, &home, "espalier init", &mut newcomer);
        assert_eq!(done.code, 0, "{done:?}");
        let next = done.said.split_once("\nnext:\n").expect("what comes next").1;
        let lines: Vec<&str> =
            next.lines().map(|it| it.split(" #").next().unwrap_or_default().trim()).collect();
        assert_eq!(lines.last(), Some(&"espalier check --deny warnings"), "{done:?}");
        for line in lines {
            let done = typed_in(&dir, &home, line, &mut newcomer);
            assert_eq!(done.code, 0, "{line}: {done:?}");
        }
        let spec = spec(&dir);
        assert_eq!(
            (&spec["spec"]["repository"]["url"], &spec["spec"]["repository"]["branch"]),
            (&url.into(), &branch.into())
        );
        assert!(
            !dir.git(&["status", "--porcelain", "--untracked-files=all"]).contains("sealing-key"),
            "the key is not in the repository"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_wrong_answer_is_asked_again_and_an_empty_one_stays_open() {
    let (dir, home) = (repository("main", URL), WorkspaceDir::empty());
    let mut answers =
        ["https://chat.garden.dev/", "chat.garden.dev", ""].into_iter().map(str::to_owned);
    let done =
        typed_in(&dir, &home, "espalier init", &mut |_| answers.next().expect("no more questions"));
    assert_eq!(done.code, 0, "{done:?}");
    let said = done.said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("write the host only, `chat.garden.dev`"), "{done:?}");
    assert!(done.said.contains("still an example: `email: "), "{done:?}");
    // If the user aborts, nothing was written.
    let dir = repository("main", URL);
    let done = typed_in(&dir, &home, "espalier init", &mut |_| "\u{4}".to_owned());
    assert!(done.code == 2 && done.said.contains("nothing was written"), "{done:?}");
    assert!(dir.files().is_empty() && fs::read_dir(dir.path(".")).expect("readable").count() == 1);
}
