//! One wrong input for each code, and the whole text that a user sees: `tests/ui/<code>/` holds the
//! input and `expected.txt`.
//!
//! A further case of a code is called `<code>--<what>`. `command.txt` says what to run instead of
//! `render`, one command a line. `BLESS=1 cargo test --test it ui` rewrites the expected texts.

mod fixes;
mod pages;
mod planted;
mod recipes;

use std::{
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use similar::TextDiff;

use crate::cli::workspace_dir::WorkspaceDir;

/// Cases that show many codes at once.
const SEVERAL: [&str; 2] = ["all-at-once", "all-at-once--rules"];

/// Files of a case that are not input.
const NO_INPUT: [&str; 2] = ["command.txt", "expected.txt"];

/// The sealed values of a case that has none, so that `credential-not-sealed` is not in the texts
/// of other codes.
const SEALED: &str = "tests/golden/sealed/spec/secrets";
/// The certificate that they were sealed with.
const SEALING: &str = "tests/golden/sealed/spec/sealing.pem";

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// All cases, by name.
fn cases() -> Vec<String> {
    let listed = fs::read_dir(here("tests/ui"))
        .expect("the cases are there")
        .map(|it| it.expect("readable").file_name());
    let mut names: Vec<String> = listed.map(|it| it.into_string().expect("UTF-8")).collect();
    names.sort_unstable();
    names
}

/// The code that a case is about.
fn code(case: &str) -> &str {
    case.split_once("--").map_or(case, |it| it.0)
}

fn expected(case: &str) -> String {
    fs::read_to_string(here("tests/ui").join(case).join("expected.txt")).unwrap_or_default()
}

/// The domains in the inputs, and others of the same length that could exist: so `example-value` is
/// not in the texts of the other codes, and columns stay the same.
const DOMAINS: [(&str, &str); 3] = [
    ("example.com", "garden.blue"),
    ("example.org", "garden.pink"),
    ("example.net", "garden.gold"),
];

fn with_domains_of_ones_own(case: &str, text: &str) -> String {
    if code(case) == "example-value" {
        return text.to_owned();
    }
    DOMAINS.iter().fold(text.to_owned(), |text, (example, own)| text.replace(example, own))
}

fn with_example_domains(text: &str) -> String {
    DOMAINS.iter().fold(text.to_owned(), |text, (example, own)| text.replace(own, example))
}

/// A folder with the input of a case.
fn prepared(case: &str) -> WorkspaceDir {
    let dir = WorkspaceDir::empty();
    copy(case, &here("tests/ui").join(case), &dir, "");
    if dir.path("spec/platform.yaml").exists() && !dir.path("spec/secrets").exists() {
        copy(case, &here(SEALED), &dir, "spec/secrets/");
        // A sealed administrator of Argo CD is a choice that the cases have not made.
        dir.remove("spec/secrets/argocd-secret.yaml");
        if !dir.path("spec/sealing.pem").exists() {
            dir.write("spec/sealing.pem", fs::read(here(SEALING)).expect("it is there"));
        }
    }
    recipes::complete(case, &dir);
    dir
}

fn copy(case: &str, from: &Path, to: &WorkspaceDir, below: &str) {
    let files = walkdir::WalkDir::new(from)
        .into_iter()
        .map(|it| it.expect("readable"))
        .filter(|it| it.file_type().is_file());
    for file in files {
        let name =
            file.path().strip_prefix(from).expect("below it").to_string_lossy().replace('\\', "/");
        if !NO_INPUT.contains(&&*name) {
            let text = fs::read_to_string(file.path()).expect("a text");
            let text = with_domains_of_ones_own(case, &text)
                .replace("{ciphertext}", &recipes::ciphertext());
            to.write(&format!("{below}{name}"), text);
        }
    }
}

/// The command and its output, with the exit code.
fn transcript(case: &str, dir: &WorkspaceDir) -> String {
    if let Some(said) = recipes::from_library(case) {
        return said;
    }
    let commands = fs::read_to_string(here("tests/ui").join(case).join("command.txt"));
    let commands = commands.unwrap_or_else(|_| "render --color never\n".to_owned());
    let run = |line: &str| {
        let done = dir.run(&line.split_whitespace().collect::<Vec<_>>());
        format!(
            "$ espalier {line}\n{}{}exit code {}\n",
            done.out,
            without_totals(&done.err),
            done.code
        )
    };
    with_example_domains(&commands.lines().map(run).collect::<Vec<_>>().join("\n"))
}

/// A case is not about the head with the platform, or about the number of files.
fn without_totals(said: &str) -> String {
    let parts: Vec<&str> =
        said.split("\n\n").filter(|it| !it.starts_with("platform      ")).collect();
    let said = parts.join("\n\n");
    let lines = said.lines().map(|it| if it.starts_with("rendered ") { "rendered …" } else { it });
    lines.flat_map(|it| [it, "\n"]).collect()
}

/// Whether a text reports a code, in any format.
fn tells(text: &str, code: &str) -> bool {
    text.contains(&format!("[{code}]")) || text.contains(&format!("title={code}::"))
}

#[test]
fn every_text_is_as_expected() {
    let mut wrong = String::new();
    for case in cases() {
        let found = transcript(&case, &prepared(&case));
        if env::var_os("BLESS").is_some() {
            fs::write(here("tests/ui").join(&case).join("expected.txt"), &found).expect("writable");
        }
        let expected = expected(&case);
        if expected != found {
            let diff = TextDiff::from_lines(&expected, &found);
            let _ = writeln!(wrong, "--- {case}\n{}", diff.unified_diff());
        }
        if !SEVERAL.contains(&&*case) && !tells(&found, code(&case)) {
            let _ = writeln!(wrong, "--- {case} does not tell of its code:\n{found}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}\nif that is right: BLESS=1 cargo test --test it ui");
}

#[test]
fn findings_stand_in_one_order_whatever_the_threads() {
    let dir = prepared("node-memory-exceeded--workspaces");
    let name = |number: usize| format!("spec/workspaces/wrong-{number:02}.yaml");
    for number in 0..40 {
        let text = dir
            .read("spec/workspaces/team-a.yaml")
            .replace("team-a", "elsewhere")
            .replace("1b-instruct-q4_K_M", "900b");
        dir.write(&name(number), text);
    }
    let said = |threads| dir.run(&["render", "--format", "short", "--threads", threads]).err;
    let one = said("1");
    assert_eq!(one.matches("model-unknown").count(), 40, "{one}");
    let files: Vec<&str> =
        one.lines().filter_map(|it| it.split_once(".yaml:")).map(|it| it.0).collect();
    assert!(files.is_sorted(), "{one}");
    for threads in ["2", "7"] {
        assert_eq!(said(threads), one);
    }
}
