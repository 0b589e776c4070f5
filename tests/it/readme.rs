//! README.md, run: every command of its console blocks in order, on a terminal, with the output
//! compared with what stands below it; and every command in its prose.
//!
//! What is outside of the repository is simulated: the Git server by a folder, the node and its
//! cluster by the fakes of the bootstrap tests. In the expected text a line `...` stands for any
//! lines, and `…` for anything in a line.

use std::{fmt::Write as _, fs, path::Path, process::Command};

use crate::{
    bootstrap::{
        downloads::without_checksums,
        node::{CERTIFICATE, KEY, Node},
    },
    cli::{
        pty::{Talk, talk},
        workspace_dir::WorkspaceDir,
    },
    support::{files_below, repository},
};

/// The README's domain, and one that could exist: an example's domain is a finding.
const DOMAIN: [&str; 2] = ["example.com", "garden.blue"];
const PASSWORD: &str = "a long password of mine";

/// A command, and the lines that stand below it.
#[derive(Debug, PartialEq)]
struct Step {
    /// Whether it is typed on the node.
    on_node: bool,
    command: String,
    expected: Vec<String>,
}

/// The steps of all console blocks, by section.
fn steps(text: &str) -> Vec<(String, Vec<Step>)> {
    let mut sections: Vec<(String, Vec<Step>)> = Vec::new();
    let mut is_inside = false;
    for line in text.lines() {
        let section = sections.last_mut();
        match (is_inside, section) {
            (false, _) if line.starts_with("## ") => {
                sections.push((line[3..].to_owned(), Vec::new()));
            }
            (false, _) => is_inside = line == "```console",
            (true, _) if line == "```" => is_inside = false,
            (true, Some((_, steps))) => {
                let typed = [("$ ", false), ("node$ ", true)]
                    .into_iter()
                    .find_map(|(prompt, on_node)| Some((line.strip_prefix(prompt)?, on_node)));
                match (typed, steps.last_mut()) {
                    (Some((command, on_node)), _) => steps.push(Step {
                        on_node,
                        command: command.to_owned(),
                        expected: Vec::new(),
                    }),
                    (None, Some(step)) => step.expected.push(line.to_owned()),
                    (None, None) => panic!("a block begins with what nobody typed: {line}"),
                }
            }
            (true, None) => panic!("a block before the first section"),
        }
    }
    sections
}

fn is_line(pattern: &str, line: &str) -> bool {
    let mut parts = pattern.split('…');
    let Some(mut rest) = line.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// Whether lines are the expected ones.
fn are_lines(expected: &[String], said: &[&str]) -> bool {
    match (expected, said) {
        ([], []) => true,
        ([any, rest @ ..], said) if any == "..." => {
            (0..=said.len()).any(|at| are_lines(rest, &said[at..]))
        }
        ([first, rest @ ..], [line, more @ ..]) => {
            is_line(first, line.trim_end()) && are_lines(rest, more)
        }
        _ => false,
    }
}

/// A user's machine: a home, a folder to work in, and the Git server behind a URL.
struct Desk {
    home: WorkspaceDir,
    work: WorkspaceDir,
    folder: String,
}

impl Desk {
    fn new(server: &WorkspaceDir) -> Self {
        let guide = Self {
            home: WorkspaceDir::empty(),
            work: WorkspaceDir::empty(),
            folder: ".".to_owned(),
        };
        guide.home.write(
            "gitconfig",
            format!(
                "[user]\n\tname = test\n\temail = test@garden.blue\n[url \"{}/\"]\n\tinsteadOf = \
                 https://git.{}/team/\n[commit]\n\tgpgsign = false\n",
                server.root().display(),
                DOMAIN[1]
            ),
        );
        guide
    }

    /// Runs a line of a shell on a terminal of 80 columns; the next line begins in the folder in
    /// which it ends.
    fn run(&mut self, line: &str, expected: &[String]) -> Talk {
        let program = Path::new(env!("CARGO_BIN_EXE_espalier")).parent().expect("a folder");
        let path = format!(
            "{}:{}:{}",
            self.home.path("bin").display(),
            program.display(),
            std::env::var("PATH").expect("a PATH")
        );
        let end = self.home.path("folder");
        let mut shell = Command::new("bash");
        shell.args(["-c", &format!("{line}\ncode=$?; pwd >'{}'; exit $code", end.display())]);
        shell
            .current_dir(self.work.path(&self.folder))
            .env("PATH", path)
            .env("HOME", self.home.root())
            .env("NO_COLOR", "1");
        shell
            .env("XDG_CONFIG_HOME", self.home.root())
            .env("GIT_CONFIG_GLOBAL", self.home.path("gitconfig"))
            .env("TERM", "dumb");
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "CLICOLOR_FORCE"] {
            shell.env_remove(name);
        }
        let done = talk(shell, 80, &mut |said| answer(said, expected));
        fs::read_to_string(end).expect("it ended somewhere").trim().clone_into(&mut self.folder);
        done
    }
}

/// The answer that the README shows behind the question; if it shows none, a suitable one.
fn answer(said: &str, expected: &[String]) -> String {
    let question = said.lines().last().unwrap_or_default();
    if let Some(shown) = expected.iter().find_map(|it| it.strip_prefix(question)) {
        return shown.to_owned();
    }
    let question = question.to_lowercase();
    let is_password = question.contains("password");
    assert!(
        is_password || question.contains("mail"),
        "README does not say what to answer:\n{said}"
    );
    if is_password { PASSWORD.to_owned() } else { format!("admin@{}", DOMAIN[1]) }
}

fn ours(text: &str) -> String {
    text.replace(DOMAIN[0], DOMAIN[1])
}

/// A Git server with an empty repository.
fn server() -> WorkspaceDir {
    let dir = WorkspaceDir::empty();
    dir.git(&["init", "--quiet", "--bare", "--initial-branch", "main", "platform.git"]);
    dir
}

fn readme() -> String {
    fs::read_to_string(repository().join("README.md")).expect("README.md")
}

/// Runs a section from top to bottom; returns the differences.
fn follow(desk: &mut Desk, steps: &[Step], said: &mut String) {
    for step in steps {
        let expected: Vec<String> = step.expected.iter().map(|it| ours(it)).collect();
        let done = desk.run(&ours(&step.command), &expected);
        let code = i32::from(expected.iter().any(|it| it.starts_with("error[")));
        let lines: Vec<&str> = done.said.lines().collect();
        let is_silent = expected.is_empty() && !step.command.contains("&&");
        // Nothing below a command: the README does not show its output.
        if done.code != code || !(is_silent || are_lines(&expected, &lines)) {
            let told = done.said.replace(DOMAIN[1], DOMAIN[0]);
            let _ = write!(said, "\n$ {}\nexit code {}\n{told}", step.command, done.code);
        }
    }
}

#[test]
fn everything_that_is_typed_and_said_is_so() {
    let sections = steps(&readme());
    let of = |title: &str| {
        &sections.iter().find(|it| it.0 == title).unwrap_or_else(|| panic!("no section {title}")).1
    };
    let server = server();
    let (mut desk, mut said) = (Desk::new(&server), String::new());
    follow(&mut desk, of("Five minutes"), &mut said);
    follow(&mut desk, of("The spec"), &mut said);
    let platform = desk.folder.clone();

    // The node has a clone of its own, and everything outside of it is simulated.
    let tree = {
        let mut tree = files_below(Path::new(&platform), &["apps", "bootstrap", "out", "spec"]);
        tree.insert("spec/sealing.pem".to_owned(), CERTIFICATE.into());
        without_checksums(&mut tree);
        tree
    };
    let mut there = Desk::new(&server);
    for step in of("From an empty node to a chat that answers") {
        assert!(step.on_node, "{step:?}");
        let words = step.command.split(" #").next().unwrap_or_default().trim();
        let Some(words) = words.strip_prefix("sudo bash bootstrap/bootstrap.sh ") else {
            let done = there.run(&ours(words), &[]);
            assert_eq!(done.code, 0, "{words}: {done:?}");
            assert!(
                Path::new(&there.folder).join("bootstrap/bootstrap.sh").is_file(),
                "the script is in the clone"
            );
            continue;
        };
        let node = Node::new(&tree)
            .with("NEEDS_KEY", "1")
            .with("ESPALIER_EMAIL", "a@garden.blue")
            .with("ESPALIER_PASSWORD", PASSWORD);
        node.write("home/sealing-key.pem", KEY);
        let home = node.path("home").display().to_string();
        if !words.starts_with("up") {
            node.ok(&["up", "--sealing-key", &format!("{home}/sealing-key.pem")]);
        }
        answers_as_a_chat(&node);
        let words: Vec<String> = words.split(' ').map(|it| it.replace('~', &home)).collect();
        node.ok(&words.iter().map(String::as_str).collect::<Vec<_>>());
    }

    // A fork is on another user's machine, without the private key.
    let mut fork = Desk::new(&server);
    assert_eq!(
        fork.run(
            &format!(
                "git clone --quiet https://git.{}/team/platform.git && cd platform",
                DOMAIN[1]
            ),
            &[]
        )
        .code,
        0
    );
    follow(&mut fork, of("Secrets"), &mut said);

    let run = ["Five minutes", "The spec", "From an empty node to a chat that answers", "Secrets"];
    let not_run: Vec<&String> = sections
        .iter()
        .filter(|it| !it.1.is_empty() && !run.contains(&&*it.0))
        .map(|it| &it.0)
        .collect();
    assert!(not_run.is_empty(), "nothing runs the commands of {not_run:?}");
    assert!(said.is_empty(), "README says otherwise:\n{said}");

    in_prose(Path::new(&platform), &desk, &server);
}

/// The answer of the simulated chat.
fn answers_as_a_chat(node: &Node) {
    node.write("fake/web/signin", r#"{"id": "7", "token": "eyJ.jwt.x", "role": "admin"}"#);
    node.write(
        "fake/web/models",
        r#"{"data": [{"id": "llama3.2:1b"}, {"id": "llama3.2:1b-instruct-q4_K_M"}]}"#,
    );
    let output = r#"[{"type":"message","id":"m","role":"assistant","content":[{"type":"output_text","text":"Green."}]}]"#;
    let usage = r#"{"prompt_tokens":16,"response_token/s":12.5}"#;
    node.write(
        "fake/web/events",
        format!("{{\"type\":\"chat:completion\",\"data\":{{\"done\":true,\"output\":{output},\"title\":\"\",\"usage\":{usage}}}}}\n"),
    );
}

/// The commands within sentences and tables, and what is typed for each: with the steps that it
/// needs first, and with real words for placeholders.
const PROSE: [(&str, &str); 21] = [
    ("espalier check", "espalier check"),
    ("espalier diff --base main", "espalier diff --base main"),
    ("espalier explain CODE", "espalier explain node-memory-exceeded"),
    ("espalier explain alerting-not-watched", "espalier explain alerting-not-watched"),
    ("espalier explain model-unknown", "espalier explain model-unknown"),
    (
        "espalier release",
        "sed -i 's/^  repository:/  repository:\\n    pin: tag/' spec/platform.yaml && espalier render && espalier release",
    ),
    ("espalier render", "espalier render && git add --all"),
    (
        "espalier schema",
        "espalier schema >schema.json && grep -q chat schema.json && rm schema.json",
    ),
    ("espalier seal", "espalier seal"),
    ("espalier seal --generate-missing", "espalier seal --generate-missing"),
    (
        "espalier seal --reseal --from-dir DIR",
        "mkdir -p DIR/openwebui-admin && printf a@garden.blue >DIR/openwebui-admin/email && printf \
         'long enough to be one' >DIR/openwebui-admin/password && rm spec/sealing.pem && mv \
         \"$HOME/espalier/platform/sealing-key.pem\" \"$HOME/kept.pem\" && espalier seal init \
         --replace --bits 2048 && espalier seal --reseal --from-dir DIR",
    ),
    (
        "espalier seal --reseal --key OLD",
        "rm spec/sealing.pem && mv \"$HOME/espalier/platform/sealing-key.pem\" \"$HOME/OLD\" && \
         espalier seal init --replace && espalier seal --reseal --key \"$HOME/OLD\"",
    ),
    (
        "espalier seal --rotate backup-encryption",
        "sed -i 's/^  components:/  components:\\n    backup: {}/' spec/platform.yaml && espalier seal \
         --generate-missing && espalier seal --rotate backup-encryption",
    ),
    ("espalier seal --rotate postgresql", "espalier seal --rotate postgresql"),
    (
        "espalier seal init",
        "rm spec/sealing.pem && mv \"$HOME/espalier/platform/sealing-key.pem\" \"$HOME/kept.pem\" \
         && espalier seal init --replace && mv \"$HOME/kept.pem\" \
         \"$HOME/espalier/platform/sealing-key.pem\"",
    ),
    (
        "espalier seal init --from-cluster",
        "mv spec/sealing.pem \"$HOME/cluster.pem\" && espalier seal init --from-cluster",
    ),
    ("espalier seal init --from-key", "rm spec/sealing.pem && espalier seal init --from-key"),
    (
        "espalier seal openwebui-admin",
        "rm spec/secrets/openwebui-admin.yaml && espalier seal openwebui-admin",
    ),
    ("espalier show", "espalier show"),
    (
        "pass show db | espalier seal postgresql --from-stdin",
        "rm spec/secrets/postgresql.yaml && pass show db | espalier seal postgresql --from-stdin",
    ),
    ("source <(espalier completions bash)", "source <(espalier completions bash)"),
];

fn in_prose(platform: &Path, desk: &Desk, server: &WorkspaceDir) {
    let text = readme();
    let spans = text.split("```").step_by(2).flat_map(|it| it.split('`').skip(1).step_by(2));
    let mut spans: Vec<String> =
        spans.filter(|it| it.contains("espalier ")).map(|it| it.replace("\\|", "|")).collect();
    spans.sort_unstable();
    spans.dedup();
    assert_eq!(
        spans,
        PROSE.map(|it| it.0),
        "a command in README that no test runs, or one that is not there any more"
    );
    for (span, line) in PROSE {
        let mut one = Desk::new(server);
        // What it needs of the machine: the private key, a simulated cluster and a simulated store
        // of passwords.
        let from = format!("{}/.", desk.home.root().display());
        let copied =
            Command::new("cp").args(["-r", &from]).arg(one.home.root()).status().expect("cp");
        let cloned = Command::new("cp")
            .arg("-r")
            .arg(platform)
            .arg(one.work.path("platform"))
            .status()
            .expect("cp");
        assert!(copied.success() && cloned.success());
        "platform".clone_into(&mut one.folder);
        for (name, text) in [
            ("pass", "echo 'a password of another place'"),
            ("kubectl", "cat \"$HOME/cluster.pem\""),
        ] {
            use std::os::unix::fs::PermissionsExt as _;
            let path = format!("bin/{name}");
            one.home.write(&path, format!("#!/bin/sh\n{text}\n"));
            fs::set_permissions(one.home.path(&path), fs::Permissions::from_mode(0o755))
                .expect("ours");
        }
        let done = one.run(line, &[]);
        assert_eq!(done.code, 0, "{span}: {line}\n{}", done.said);
    }
}

/// The parser and the comparison themselves.
#[test]
fn blocks_are_read_and_lines_compared() {
    let text = "## One\n```console\n$ a b\nx\n...\n$ c\nnode$ d\n```\n## Two\n```sh\n$ no\n```\n";
    let step = |on_node, command: &str, expected: &[&str]| Step {
        on_node,
        command: command.to_owned(),
        expected: expected.iter().map(|it| (*it).to_owned()).collect(),
    };
    let one = vec![step(false, "a b", &["x", "..."]), step(false, "c", &[]), step(true, "d", &[])];
    assert_eq!(steps(text), [("One".to_owned(), one), ("Two".to_owned(), Vec::new())]);
    assert!(
        is_line("a … c", "a b c")
            && is_line("…", "")
            && is_line("a…", "ab")
            && !is_line("a…c", "ab")
            && !is_line("a", "ab")
    );
    let lines = |expected: &[&str], said: &[&str]| {
        are_lines(&expected.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>(), said)
    };
    assert!(
        lines(&["a", "...", "c"], &["a", "c"])
            && lines(&["...", "c"], &["a", "b", "c"])
            && lines(&["..."], &[])
    );
    assert!(
        !lines(&["a", "...", "c"], &["a", "b"])
            && !lines(&["a"], &["a", "b"])
            && !lines(&[], &["a"])
    );
}
