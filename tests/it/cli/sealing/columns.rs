//! Output on a terminal of 80 columns: folded between words, and lines that are to be pasted in one
//! piece.

use super::Session;
use crate::cli::{pty::talk, workspace_dir::WorkspaceDir};

/// Lines that are too wide, except those of one word and those that are to be pasted.
fn too_wide(said: &str) -> Vec<&str> {
    let is_whole = |text: &str| {
        let text = text.trim();
        let bare = text.trim_end_matches(['.', ',', ';', ':', ')']);
        !text.contains(' ')
            || bare.starts_with('`') && bare.ends_with('`') && bare.matches('`').count() == 2
    };
    said.lines().filter(|it| it.chars().count() > 80 && !is_whole(it)).collect()
}

/// Words of a text: none of them is broken where a terminal has folded it.
fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

#[test]
fn the_list_of_pages_is_folded_on_a_terminal_alone() {
    let dir = WorkspaceDir::empty();
    let piped = dir.ok(&["explain"]).out;
    let done = talk(dir.command(&["explain"]), 80, &mut |_| panic!("nobody asks"));
    assert!(done.said.lines().all(|it| it.chars().count() <= 80), "{}", done.said);
    assert_eq!(words(&done.said), words(&piped));
    assert!(
        piped.lines().any(|it| it.chars().count() > 80)
            && piped.lines().all(|it| !it.starts_with(' ')),
        "{piped}"
    );
}

/// Paragraphs are filled, examples are left as they are.
#[test]
fn a_page_is_filled_to_the_terminal_s_width() {
    let dir = WorkspaceDir::empty();
    for code in ["endpoint-unreachable", "node-memory-exceeded", "credential-not-sealed"] {
        let piped = dir.ok(&["explain", code]).out;
        let said = talk(dir.command(&["explain", code]), 60, &mut |_| panic!("nobody asks")).said;
        assert_eq!(words(&said), words(&piped));
        let examples = |text: &str| {
            text.lines().filter(|it| it.starts_with("    ")).map(str::to_owned).collect::<Vec<_>>()
        };
        assert!(examples(&said) == examples(&piped) && !examples(&said).is_empty(), "{said}");
        let (prose, wide): (Vec<&str>, _) =
            (said.lines().filter(|it| !it.starts_with([' ', '#'])).collect(), 60);
        assert!(prose.iter().all(|it| it.chars().count() <= wide), "{said}");
        assert!(
            prose.iter().filter(|it| it.chars().count() > 45).count() > prose.len() / 3,
            "filled, not chopped: {said}"
        );
    }
}

/// From no keys at all to sealed values, then the list of them.
#[test]
fn sealing_is_folded_between_words() {
    let session = Session::new();
    let command = |words: &[&str]| {
        let mut command = session.command(words);
        command.env("NO_COLOR", "1");
        command
    };
    let mut said = talk(command(&["seal"]), 80, &mut |_| panic!("nobody asks")).said;
    said += &talk(command(&["seal", "init"]), 80, &mut |_| panic!("nobody asks")).said;
    assert!(
        said.contains(
            "Back up the private key now, where you keep passwords: if the node is lost,\n"
        ),
        "{said}"
    );
    said += &talk(command(&["seal", "init"]), 80, &mut |_| panic!("nobody asks")).said;
    said +=
        &talk(command(&["seal", "--generate-missing"]), 80, &mut |_| panic!("nobody asks")).said;
    let answers =
        ["nobody", "ops@garden.blue", "short", "other", "a long enough one", "a long enough one"];
    let mut answers = answers.iter();
    let asked = talk(command(&["seal", "openwebui-admin"]), 80, &mut |_| {
        (*answers.next().expect("no more questions")).to_owned()
    });
    assert!(
        asked.code == 0
            && words(&asked.said)
                .join(" ")
                .contains("fewer than 12 are easily guessed; enter it once more"),
        "{asked:?}"
    );
    said += &asked.said;
    let list = talk(command(&["seal"]), 80, &mut |_| panic!("nobody asks")).said;
    assert!(list.contains("\nspec/sealing.pem:\nsha256:"), "{list}");
    said += &list;
    let wide = too_wide(&said);
    assert!(wide.is_empty(), "{wide:#?}");
}

/// The private key is not on this machine: the fingerprint is to be compared, and stands in one
/// piece.
#[test]
fn a_fingerprint_is_in_one_piece() {
    let session = Session::with_keys();
    session.home.remove("espalier/starter/sealing-key.pem");
    let done =
        talk(session.command(&["seal", "--generate-missing"]), 60, &mut |_| panic!("nobody asks"));
    let listed = session.ok(&["seal", "--format", "json"]).out;
    assert!(listed.contains("\"sealed\""), "{listed}");
    let print = session.file(super::DATABASE)["spec"]["certificate"]
        .as_str()
        .expect("a fingerprint")
        .to_owned();
    assert!(print.len() > 60 && done.said.contains(&format!("\n{print}\n")), "{done:?}");
    assert!(
        done.said.lines().all(|it| it.chars().count() <= 60 || !it.contains(' ')),
        "{}",
        done.said
    );
}

/// A line for a shell is not broken, however narrow the terminal is.
#[test]
fn commands_stay_on_one_line() {
    let session = Session::with_keys();
    session.ok(&["seal", "--generate-missing"]);
    let done = talk(session.command(&["seal", "postgresql"]), 24, &mut |_| panic!("nobody asks"));
    assert!(
        done.code == 2 && done.said.contains("\n`espalier seal --rotate postgresql`\n"),
        "{done:?}"
    );
}
