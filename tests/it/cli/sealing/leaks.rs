//! Values that a sealing session could leave behind, searched for in everything that it writes and
//! prints.

use std::{fmt::Write as _, fs, io::Write as _, process::Stdio};

use sha2::{Digest as _, Sha256};

use super::Session;
use crate::cli::workspace_dir::Done;

/// Every byte that a session writes, prints or leaves behind is searched for its values, in the
/// forms that they could have.
#[test]
fn no_value_is_left_anywhere() {
    let session = Session::with_keys();
    let values: [&str; 4] = [
        "first-SECRET-\u{e9}-1",
        "second SECRET \"2\"",
        "third'SECRET'3",
        "fourth-SECRET&4@garden.dev",
    ];
    session.home.write("values/backup/password", format!("{}\n", values[2]));
    let file = format!("password={}", session.home.path("values/backup/password").display());
    let mut said = String::new();
    let mut note = |done: Done| said.extend([done.out, done.err]);
    note(session.with_stdin(&["seal", "postgresql", "--from-stdin"], values[0].as_bytes()));
    note(
        session
            .command(&["seal", "--rotate", "postgresql", "--from-env", "DATABASE"])
            .env("DATABASE", values[1])
            .output()
            .expect("it runs")
            .into(),
    );
    note(session.with_stdin(
        &["seal", "openwebui-admin", "--from-stdin=email", "--from-file", &file],
        values[3].as_bytes(),
    ));
    // Errors show no value either: a password in the place of an address, an expired certificate, a
    // key twice, too much input, bytes that are not text.
    note(session.with_stdin(
        &["seal", "--rotate", "openwebui-admin", "--from-stdin=email", "--from-file", &file],
        values[0].as_bytes(),
    ));
    note(session.with_stdin(
        &["seal", "--rotate", "postgresql", "--from-stdin", "--now", "2099-01-01"],
        values[0].as_bytes(),
    ));
    note(session.with_stdin(
        &["seal", "--rotate", "postgresql", "--from-stdin", "--from-env", "HOME"],
        values[0].as_bytes(),
    ));
    note(session.with_stdin(
        &["seal", "--rotate", "postgresql", "--from-stdin"],
        &[values[0].as_bytes(), &[0xff]].concat(),
    ));
    note(session.with_stdin(
        &["seal", "--rotate", "postgresql", "--from-stdin"],
        values[0].repeat(10_000).as_bytes(),
    ));
    note(session.ok(&["seal"]));
    note(session.ok(&["render"]));
    note(session.ok(&["check"]));
    note(session.ok(&["show", "secrets", "--format", "json"]));
    session.home.remove("values/backup/password");

    let mut written: Vec<(String, Vec<u8>)> = vec![("what was said".to_owned(), said.into_bytes())];
    for folder in [session.dir.root(), session.home.root()] {
        let files = walkdir::WalkDir::new(folder)
            .into_iter()
            .map(|it| it.expect("readable"))
            .filter(|it| it.file_type().is_file());
        written.extend(files.map(|entry| {
            (entry.path().display().to_string(), fs::read(entry.path()).expect("readable"))
        }));
    }
    assert!(written.len() > 40, "the tree is among them");
    assert_eq!(found(&written, &values), Vec::<String>::new());
    // The search itself finds what is planted.
    for form in forms(values[1]) {
        let planted = [("planted".to_owned(), [b"x".as_slice(), &form, b"y"].concat())];
        assert_eq!(found(&planted, &values).len(), 1, "{form:?}");
    }
}

pub(super) fn found(written: &[(String, Vec<u8>)], values: &[&str]) -> Vec<String> {
    let mut all = Vec::new();
    for (path, bytes) in written {
        for value in values {
            if forms(value).iter().any(|form| bytes.windows(form.len()).any(|it| it == form)) {
                all.push(format!("{path} holds {value:?}"));
            }
        }
    }
    all
}

/// A value as it is, in base64 at each of three offsets, in hexadecimal, URL-encoded, and as its
/// unsalted hash.
fn forms(value: &str) -> Vec<Vec<u8>> {
    use base64ct::{Base64, Encoding as _};
    let hex = |bytes: &[u8]| {
        bytes.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    };
    let mut all = vec![value.as_bytes().to_vec(), hex(value.as_bytes()).into_bytes()];
    for offset in 0..3 {
        let padded = [&b"\0\0"[..offset], value.as_bytes()].concat();
        let text = Base64::encode_string(&padded);
        // The digits that depend on the value alone.
        let from = [0, 2, 3][offset];
        let to = padded.len() / 3 * 4;
        all.push(text.as_bytes()[from..to].to_vec());
    }
    let url: String = value
        .bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect();
    all.push(url.into_bytes());
    let hash = Sha256::digest(value.as_bytes());
    all.extend([hash.to_vec(), hex(&hash).into_bytes(), Base64::encode_string(&hash).into_bytes()]);
    all
}

/// While it holds a value, the program leaves no core dump.
#[cfg(target_os = "linux")]
#[test]
fn a_crash_leaves_no_core_dump() {
    let session = Session::with_keys();
    let mut child = session
        .command(&["seal", "postgresql", "--from-stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it runs");
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(b"half a val").expect("it reads");
    let limits = format!("/proc/{}/limits", child.id());
    let is_off = |text: &str| {
        text.lines().any(|line| {
            line.starts_with("Max core file size") && line.split_whitespace().nth(4) == Some("0")
        })
    };
    let waited = (0..500).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        fs::read_to_string(&limits).is_ok_and(|it| is_off(&it))
    });
    drop(stdin);
    let _ = child.wait();
    assert!(waited, "no limit was set while stdin was open");
}
