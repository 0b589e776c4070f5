//! A pseudoterminal: hidden input is not shown, and the terminal is restored whichever way the
//! program ends.

use std::{
    fs::File,
    io::{Read as _, Write as _},
};

use rustix::{
    fs::{Mode, OFlags, open},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, tcgetattr},
};

use super::{ADMIN, Session, workspaces::opened};

/// The output on the terminal, the exit code, and whether input is shown again afterwards.
fn typed(session: &Session, words: &[&str], keys: &[&[u8]]) -> (String, i32, bool) {
    let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&controller).expect("ours");
    unlockpt(&controller).expect("ours");
    let name = ptsname(&controller, Vec::new()).expect("a name");
    let terminal = || {
        File::from(
            open(&name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("the other end"),
        )
    };
    let mut child = session
        .command(words)
        .stdin(terminal())
        .stdout(terminal())
        .stderr(terminal())
        .spawn()
        .expect("it runs");
    let held = terminal();
    let mut controller = File::from(controller);
    let mut said = String::new();
    for keys in keys {
        // A question ends with a colon and a space.
        while !said.ends_with(": ") {
            let mut some = [0; 256];
            let read = controller.read(&mut some).expect("it asks");
            said += &String::from_utf8_lossy(&some[..read]);
        }
        said.push('|');
        controller.write_all(keys).expect("typed");
    }
    let code = child.wait().expect("it ends").code().unwrap_or(-1);
    let shows = tcgetattr(&held)
        .expect("a terminal")
        .local_modes
        .contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
    drop(held);
    let mut rest = Vec::new();
    let _ = controller.read_to_end(&mut rest);
    (said + &String::from_utf8_lossy(&rest), code, shows)
}

#[test]
fn values_are_asked_for_and_not_shown() {
    let session = Session::with_keys();
    let keys = [
        b"admin@example.com\n".as_slice(),
        b"a long SECRET\r",
        b"a long slip\r",
        b"a long SECRET\r",
        b"a long SECRET\r",
    ];
    let (said, code, shows) = typed(&session, &["seal", "openwebui-admin"], &keys);
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("the two values differ; try again") && !said.contains("warning"),
        "{said}"
    );
    // Only a secret is hidden, and asked for twice.
    assert!(
        !said.contains("SECRET")
            && !said.contains("slip")
            && said.matches("admin@example.com").count() == 1,
        "{said}"
    );
    assert!(shows);
    assert_eq!(session.opened("openwebui-admin", "password").expect("it opens"), b"a long SECRET");
    assert_eq!(session.opened("openwebui-admin", "email").expect("it opens"), b"admin@example.com");
}

#[test]
fn a_short_password_is_warned_of_and_another_one_is_offered() {
    let mail = b"admin@example.com\n".as_slice();
    let session = Session::with_keys();
    let (said, code, _) = typed(&session, &["seal", "openwebui-admin"], &[mail, b"xY\r", b"xY\r"]);
    assert!(
        code == 0
            && said.contains("warning: it has 2 characters, and fewer than 12 are easily guessed")
            && !said.contains("xY"),
        "{said}"
    );
    assert_eq!(session.opened("openwebui-admin", "password").expect("it opens"), b"xY");
    // A generated value is shown on request, once, and it is the one that was sealed.
    let session = Session::with_keys();
    let (said, code, _) =
        typed(&session, &["seal", "openwebui-admin"], &[mail, b"xY\r", b"generate\r"]);
    let made = String::from_utf8(session.opened("openwebui-admin", "password").expect("it opens"))
        .expect("a text");
    assert!(code == 0 && made.len() == 24 && said.matches(&made).count() == 1, "{said}");
    // After a long password, the word is treated as a typing mistake.
    let (said, code, _) = typed(
        &session,
        &["seal", "--rotate", "openwebui-admin"],
        &[mail, b"a long SECRET\r", b"generate\r", b"\x03"],
    );
    assert!(code == 2 && said.contains("the two values differ"), "{said}");
    // Without a terminal there is a warning all the same, and how to generate a value if that is
    // possible.
    let said = session.with_stdin(&["seal", "postgresql", "--from-stdin"], b"short").err;
    assert!(
        said.contains("`password` of `postgresql` has 5 characters")
            && said.contains("`--generate 32`"),
        "{said}"
    );
    let said = session
        .with_stdin(&["seal", "--rotate", "postgresql", "--from-stdin"], b"a long one, it is")
        .err;
    assert!(!said.contains("characters"), "{said}");
}

/// A workspace for users is asked for its administrator: the address is shown, the password is not,
/// and lands sealed in the file; an interrupted one leaves none.
#[test]
fn the_administrator_of_a_workspace_is_asked_for() {
    const FILE: &str = "spec/workspaces/team-a.yaml";
    let create = ["workspace", "create", "team-a", "--model", "gemma3:270m"];
    let session = Session::with_keys();
    let mail = b"ada@garden.dev\n".as_slice();
    let (said, code, shows) = typed(&session, &create, &[mail, b"half a SEC\x03"]);
    assert!(code == 2 && said.contains("interrupted") && !said.contains("SEC"), "{said}");
    assert!(shows && !session.dir.path(FILE).exists());
    let keys = [mail, b"a long SECRET\r", b"a long slip\r", b"a long SECRET\r", b"a long SECRET\r"];
    let (said, code, shows) = typed(&session, &create, &keys);
    assert!(code == 0 && shows, "{said}");
    assert!(said.contains("the two values differ; try again"), "{said}");
    assert!(!said.contains("SECRET") && !said.contains("slip"), "{said}");
    assert_eq!(opened(&session, "password").expect("it opens"), b"a long SECRET");
    assert!(!session.dir.read(FILE).contains("SECRET"));
}

#[test]
fn an_aborted_session_restores_the_terminal() {
    let session = Session::with_keys();
    let mail = b"admin@example.com\n".as_slice();
    for (keys, words) in [
        (&[mail, b"half a SEC\x03"][..], "interrupted"),
        (&[mail, b"\x04"], "nothing was entered"),
        // The terminal itself ends the first question; Ctrl-C there ends the program.
        (&[b"\x04"], "nothing was entered"),
    ] {
        let (said, code, shows) = typed(&session, &["seal", "openwebui-admin"], keys);
        assert!(code == 2 && said.contains(words) && !said.contains("SEC"), "{said}");
        assert!(shows && !session.dir.path(ADMIN).exists());
    }
    let (said, code, _) = typed(&session, &["seal", "postgresql", "--from-stdin"], &[]);
    assert!(code == 2 && said.contains("would show what is typed"), "{said}");
}
