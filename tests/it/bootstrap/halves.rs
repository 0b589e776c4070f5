//! The script and the file that tells it the platform: nobody runs it with half of the two, and
//! together they work from anywhere.

use std::fs;

use espalier::emit::bootstrap;

use super::{
    full,
    node::{Done, Node},
    runs::node,
    text_of,
};

const BESIDE: &str = "clone/bootstrap/platform.sh";

/// Asserts that a run was refused before it did or asked anything.
#[track_caller]
fn refused(node: &Node, done: &Done, said: &str, what: &str) {
    assert!(
        done.code == Some(1) && done.out.is_empty() && done.err.contains(said),
        "{what}: {done:?}"
    );
    assert_eq!(node.read("fake/log"), "", "{what}");
}

#[test]
fn without_the_platform_it_does_nothing() {
    let node = node();
    fs::remove_file(node.path(BESIDE)).expect("removable");
    for words in [&["up"][..], &["status"], &["help"], &[]] {
        let done = node.run(words);
        refused(&node, &done, "platform.sh: this script needs the values", &words.join(" "));
        assert!(done.err.contains(&node.path(BESIDE).display().to_string()), "{done:?}");
    }
}

/// What is cut off at any line, or what a merge left, is refused: a platform without its last
/// values is none.
#[test]
fn a_part_of_the_platform_is_none() {
    let node = node().with("platform_form", "anything");
    let whole = node.read(BESIDE);
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    for count in 0..lines.len() {
        node.write(BESIDE, lines[..count].concat());
        let done = node.run(&["help"]);
        refused(&node, &done, "platform.sh is incomplete, or of another", &count.to_string());
    }
    for (what, text) in [
        ("another form", whole.replace("readonly platform_form='", "readonly platform_form='0")),
        ("a conflict", whole.replacen("\nreadonly", "\n<<<<<<< HEAD\nreadonly", 1)),
        ("line endings", whole.replace('\n', "\r\n")),
        ("its end twice", format!("{whole}{}", lines.last().expect("a line"))),
    ] {
        node.write(BESIDE, text);
        refused(&node, &node.run(&["help"]), "platform.sh is incomplete, or of another", what);
    }
    node.write(BESIDE, whole);
    node.ok(&["help"]);
}

/// A script from a pipe has no file beside it, whatever lies where it was started.
#[test]
fn a_script_from_a_pipe_does_nothing() {
    let node = node();
    for line in [
        "cd clone/bootstrap && exec bash -s \"$@\" <\"$0\"",
        "cd clone/bootstrap && exec bash -c \"$(cat \"$0\")\" \"\" \"$@\"",
        "cd clone/bootstrap && exec bash /dev/stdin \"$@\" <\"$0\"",
    ] {
        let done = node.bash(line, &["up"]);
        refused(&node, &done, "this script needs the values of its platform", line);
    }
}

/// It reads the file beside itself, from any folder, and no other of that name.
#[test]
fn it_works_from_any_folder() {
    let node = node().with("CDPATH", "elsewhere:/");
    let mut other = full();
    other.name = "other".to_owned();
    for path in ["platform.sh", "home/platform.sh", "bin/platform.sh"] {
        node.write(path, text_of(&other));
    }
    node.write("elsewhere/clone/bootstrap/platform.sh", text_of(&other));
    for (from, script) in [
        (".", "clone/bootstrap/bootstrap.sh"),
        ("clone", "bootstrap/bootstrap.sh"),
        ("clone/bootstrap", "bootstrap.sh"),
        ("clone/bootstrap", "./bootstrap.sh"),
        ("clone/out", "../bootstrap/bootstrap.sh"),
        ("home", "../clone/bootstrap/bootstrap.sh"),
        ("/", "$0"),
    ] {
        let from = if from == "/" { from.to_owned() } else { format!("./{from}") };
        let line = format!("cd {from} && exec bash {script} \"$@\"");
        let done = node.bash(&line, &["up", "--dry-run"]);
        assert_eq!(done.code, Some(0), "{line}: {done:?}");
        assert!(done.out.contains("# preflight: starter on node\n"), "{line}: {done:?}");
        let values = format!("{}/argocd.yaml", bootstrap::VALUES);
        let values = node.path("clone").join(values).display().to_string();
        assert!(done.out.contains(&values), "{line}: {done:?}");
    }
}
