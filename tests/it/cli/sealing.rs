//! Whole sealing sessions with the built program: what it writes, prints and refuses, and that no
//! value leaks.

#[cfg(target_os = "linux")]
mod columns;
mod keys;
mod leaks;
mod lines;
mod pem;
mod rotation;
mod swapped;
#[cfg(target_os = "linux")]
mod terminal;
mod workspaces;

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
};

use espalier::seal::value::SealingScope;
use serde_yaml::Value;

use super::workspace_dir::{Done, WorkspaceDir};
use crate::{
    seal::open::open,
    support::{at, repository},
};

/// A folder with a starter spec, and another one for the private key and temporary files.
struct Session {
    dir: WorkspaceDir,
    home: WorkspaceDir,
}

const DATABASE: &str = "spec/secrets/postgresql.yaml";
const ADMIN: &str = "spec/secrets/openwebui-admin.yaml";

impl Session {
    fn new() -> Self {
        let session = Self { dir: WorkspaceDir::empty(), home: WorkspaceDir::empty() };
        fs::create_dir(session.home.path("tmp")).expect("writable");
        // A domain that could exist: an example's domain is a finding.
        let repository = "https://git.garden.dev/team/platform.git";
        session.ok(&[
            "init",
            "--name",
            "starter",
            "--repository",
            repository,
            "--chat",
            "chat.garden.dev",
            "--email",
            "ops@garden.dev",
        ]);
        session
    }

    /// With the key pair of the golden case, since making one takes a while.
    fn with_keys() -> Self {
        let session = Self::new();
        let golden = repository().join("tests/golden/sealed");
        session.dir.write(
            "spec/sealing.pem",
            fs::read(golden.join("spec/sealing.pem")).expect("the certificate"),
        );
        session.home.write(
            "espalier/starter/sealing-key.pem",
            fs::read(golden.join("sealing.key")).expect("the private key"),
        );
        session
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.dir.command(words);
        command
            .env("XDG_CONFIG_HOME", self.home.root())
            .env("HOME", self.home.root())
            .env("TMPDIR", self.home.path("tmp"));
        command
    }

    fn run(&self, words: &[&str]) -> Done {
        self.command(words).output().expect("it runs").into()
    }

    #[track_caller]
    fn ok(&self, words: &[&str]) -> Done {
        let done = self.run(words);
        assert_eq!(done.code, 0, "espalier {words:?}: {done:?}");
        done
    }

    #[track_caller]
    fn with_stdin(&self, words: &[&str], stdin: &[u8]) -> Done {
        let mut child = self
            .command(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs");
        let _ = child.stdin.take().expect("piped").write_all(stdin);
        child.wait_with_output().expect("it ends").into()
    }

    /// Refused with exit code 2 and this text, with nothing written.
    #[track_caller]
    fn refused(&self, words: &[&str], said: &str) {
        let before = self.written();
        let done = self.run(words);
        assert_eq!(done.code, 2, "{done:?}");
        assert!(done.err.contains(said), "{}", done.err);
        assert_eq!(self.written(), before, "nothing is written");
    }

    /// All files except the lock.
    fn written(&self) -> BTreeMap<String, Vec<u8>> {
        let files = self.dir.files().into_iter();
        files.filter(|it| !it.0.contains(".espalier/")).collect()
    }

    fn key_file(&self) -> PathBuf {
        self.home.path("espalier/starter/sealing-key.pem")
    }

    fn file(&self, name: &str) -> Value {
        serde_yaml::from_str(&self.dir.read(name)).expect("YAML")
    }

    /// The value of a credential's key, opened as the controller opens it.
    fn opened(&self, credential: &str, key: &str) -> Result<Vec<u8>, String> {
        let file = self.file(&format!("spec/secrets/{credential}.yaml"));
        let secret =
            format!("{credential}-{}", at(&file, "spec/suffix").as_str().expect("a suffix"));
        let text =
            at(&file, &format!("spec/sealed/ai/{key}")).as_str().expect("it is sealed").to_owned();
        let private_key = fs::read_to_string(self.key_file()).expect("the key");
        open(&private_key, SealingScope::Strict { namespace: "ai", name: &secret }, &text)
    }

    fn suffix(&self, name: &str) -> String {
        at(&self.file(name), "spec/suffix").as_str().expect("a suffix").to_owned()
    }
}

/// All steps of a user who has the program and an empty folder.
#[test]
fn from_an_empty_folder_to_a_clean_check() {
    let session = Session::new();
    session.ok(&["seal", "init"]);
    let said = session.ok(&["seal", "--generate-missing"]).err;
    assert!(said.contains("generated and sealed 2 credentials"), "{said}");
    assert!(said.contains("only you know `email`"), "{said}");
    session.ok(&["render"]);
    session.ok(&["check"]);
    let listed = session.ok(&["seal"]).out;
    assert!(listed.contains("3 credentials: 2 sealed, 1 missing"), "{listed}");
    let done = session.with_stdin(
        &["seal", "openwebui-admin", "--from-stdin=password", "--from-file", "email=mail"],
        b"x",
    );
    assert_eq!(done.code, 2, "the file is not there");
    session.dir.write("mail", "admin@example.com\n");
    let done = session.with_stdin(
        &["seal", "openwebui-admin", "--from-stdin=password", "--from-file", "email=mail"],
        b"a value\n",
    );
    assert_eq!(done.code, 0, "{done:?}");
    session.dir.remove("mail");
    session.ok(&["render"]);
    let said = session.ok(&["check", "--deny", "warnings"]).err;
    assert!(said.contains("no findings, no drift"), "{said}");
    // A single line loses its line break, and nothing else.
    assert_eq!(session.opened("openwebui-admin", "password").expect("it opens"), b"a value");
    assert_eq!(session.opened("openwebui-admin", "email").expect("it opens"), b"admin@example.com");
    assert_eq!(session.opened("postgresql", "password").expect("it opens").len(), 32);
}

/// `render` copies ciphertext, without randomness or a clock, so the same spec gives the same tree.
#[test]
fn a_render_never_seals() {
    let session = Session::with_keys();
    session.ok(&["seal", "--generate-missing"]);
    session.ok(&["render"]);
    let before = session.dir.files();
    session.ok(&["render"]);
    session.ok(&["check"]);
    session.ok(&["seal"]);
    assert_eq!(session.dir.files(), before);
    // Nothing is missing, so nothing is generated.
    let said = session.ok(&["seal", "--generate-missing"]).err;
    assert!(said.contains("generated and sealed 0 credentials"), "{said}");
    assert_eq!(session.dir.files(), before);
}

#[test]
fn what_cannot_be_right_is_refused() {
    let session = Session::new();
    session.refused(&["seal", "postgresql"], "there is no spec/sealing.pem");
    session.refused(&["seal", "--generate-missing"], "there is no spec/sealing.pem");
    session.ok(&["seal", "init", "--bits", "2048", "--days", "10"]);
    session.refused(&["seal", "postgres"], "did you mean `postgresql`?");
    session
        .refused(&["seal", "openwebui-admin"], "needs `email` (the administrator's e-mail address");
    session.refused(&["seal", "openwebui-admin", "--from-stdin"], "has several keys, so say which");
    session.refused(&["seal", "openwebui-admin", "--from-stdin=mail"], "has no key `mail`");
    session
        .refused(&["seal", "openwebui-admin", "--generate", "password=32"], "nobody would know it");
    session.refused(&["seal", "postgresql", "--generate", "8"], "from 16 to 1024");
    session.refused(&["seal", "postgresql", "--from-stdin"], "is empty");
    session.refused(
        &["seal", "postgresql", "--from-env", "NOBODY_SET_THIS"],
        "there is no environment variable",
    );
    session
        .refused(&["seal", "postgresql", "--from-stdin", "--from-env", "HOME"], "is given twice");
    session.refused(&["seal", "postgresql", "--now", "2099-01-01"], "expired on");
    session.refused(&["seal", "postgresql", "--now", "2001-01-01"], "is not valid before");
    let usage = session.run(&["seal", "postgresql", "--value", "hunter2"]);
    assert_eq!(usage.code, 2, "a value has no place on the command line");
    let done = session.with_stdin(&["seal", "postgresql", "--from-stdin"], b"with\0nul");
    assert!(done.code == 2 && done.err.contains("NUL"), "{done:?}");
    let done =
        session.with_stdin(&["seal", "postgresql", "--from-stdin"], &vec![b'x'; (64 << 10) + 1]);
    assert!(done.code == 2 && done.err.contains("64 KiB"), "{done:?}");
    assert!(!session.dir.path(DATABASE).exists());
    // Ten days are left: reported by `check` at its date, and by no `render`.
    let said = session.run(&["check", "--now", "2001-01-01"]).err;
    assert!(said.contains("not valid yet"), "{said}");
}

#[test]
fn a_password_takes_no_control_characters() {
    let session = Session::with_keys();
    for (value, what) in [
        ("first\nsecond\n", "contains a line break"),
        ("first\rsecond", "contains a line break"),
        ("a password\n\n", "contains a line break"),
        ("pass\tword", "contains a tab"),
        ("pass\u{1b}[2Jword", "contains the control character U+001B"),
        ("pass\u{7f}word", "contains the control character U+007F"),
        ("pass\u{85}word", "contains the control character U+0085"),
    ] {
        // However it comes, of every kind of value.
        session.dir.write("value", value);
        session.dir.write("mail", "ops@example.org");
        for args in [
            &["seal", "postgresql", "--from-file", "value"][..],
            &["seal", "openwebui-secret-key", "--from-file", "value"],
            &[
                "seal",
                "openwebui-admin",
                "--from-file",
                "password=value",
                "--from-file",
                "email=mail",
            ],
            &[
                "seal",
                "openwebui-admin",
                "--from-file",
                "email=value",
                "--from-file",
                "password=mail",
            ],
        ] {
            session.refused(args, what);
        }
        let done = session.with_stdin(&["seal", "postgresql", "--from-stdin"], value.as_bytes());
        assert!(done.code == 2 && done.err.contains(what), "{value:?}: {done:?}");
        assert!(!session.dir.path(DATABASE).exists(), "{value:?}");
    }
}

#[test]
fn the_three_scopes() {
    let session = Session::with_keys();
    let private_key = fs::read_to_string(session.key_file()).expect("the key");
    for (scope, place, label) in [
        ("namespace-wide", "ai", SealingScope::NamespaceWide { namespace: "ai" }),
        ("cluster-wide", "*", SealingScope::ClusterWide),
    ] {
        let done = session.with_stdin(
            &["seal", "--rotate", "postgresql", "--from-stdin", "--scope", scope],
            b"value",
        );
        assert_eq!(done.code, 0, "{done:?}");
        let text = at(&session.file(DATABASE), &format!("spec/sealed/{place}/password"))
            .as_str()
            .expect("sealed")
            .to_owned();
        assert_eq!(open(&private_key, label, &text).expect("it opens"), b"value");
        session.ok(&["render"]);
        let (path, bytes) = session
            .dir
            .tree()
            .into_iter()
            .find(|it| it.0.contains("sealedsecret-postgresql-"))
            .expect("it is made");
        let secret: Value = serde_yaml::from_slice(&bytes).expect("YAML");
        for metadata in ["metadata", "spec/template/metadata"] {
            let annotation = at(&secret, &format!("{metadata}/annotations"))
                .get(format!("sealedsecrets.bitnami.com/{scope}"));
            assert_eq!(annotation.and_then(Value::as_str), Some("true"), "{path}: {metadata}");
        }
    }
    // The scope stays until another one is given.
    session.ok(&["seal", "--rotate", "postgresql"]);
    assert_eq!(at(&session.file(DATABASE), "spec/scope").as_str(), Some("cluster-wide"));
}

#[cfg(unix)]
#[test]
fn what_cannot_be_read_is_not_sealed_anew() {
    use std::os::unix::fs::symlink;
    let session = Session::with_keys();
    session.ok(&["seal", "--generate-missing"]);
    let sealed = session.dir.read(DATABASE);
    let refused = |said: &str| {
        let done = session.run(&["seal", "--generate-missing"]);
        assert!(done.code == 1 && done.err.contains(said), "{done:?}");
        assert!(session.run(&["seal"]).err.contains(said), "the list says so too");
    };
    session.dir.write(DATABASE, format!("{sealed}#{}\n", "x".repeat(1 << 20)));
    refused("file-too-large");
    session.dir.remove(DATABASE);
    session.home.write("elsewhere/postgresql.yaml", &sealed);
    symlink(session.home.path("elsewhere/postgresql.yaml"), session.dir.path(DATABASE))
        .expect("a link");
    refused("source-outside");
    assert_eq!(session.home.read("elsewhere/postgresql.yaml"), sealed);
    fs::remove_dir_all(session.dir.path("spec/secrets")).expect("there");
    symlink(session.home.path("elsewhere"), session.dir.path("spec/secrets")).expect("a link");
    refused("source-outside");
    assert_eq!(
        fs::read_dir(session.home.path("elsewhere")).expect("there").count(),
        1,
        "nothing is written there"
    );
}

/// A second writer gets an error, and nothing that was sealed is lost.
#[test]
fn two_at_once_lose_nothing() {
    let session = Session::with_keys();
    session.ok(&["seal", "--generate-missing"]);
    let children: Vec<_> = (0..8)
        .map(|_| {
            session
                .command(&["seal", "--rotate", "postgresql"])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("it runs")
        })
        .collect();
    let done: Vec<Done> =
        children.into_iter().map(|it| it.wait_with_output().expect("it ends").into()).collect();
    for one in &done {
        assert!(one.code == 0 || one.err.contains("another `espalier` is writing here"), "{one:?}");
    }
    assert!(done.iter().any(|it| it.code == 0));
    let suffix = session.suffix(DATABASE);
    assert!(done.iter().any(|it| it.err.contains(&suffix)), "the last one stands");
    session.opened("postgresql", "password").expect("it opens");
    assert!(!session.dir.files().keys().any(|it| it.ends_with(".espalier-new")));
}

#[test]
fn values_come_from_where_they_can_come_from() {
    let session = Session::with_keys();
    session.ok(&["seal", "--generate-missing"]);
    session.ok(&[
        "seal",
        "init",
        "--replace",
        "--bits",
        "2048",
        "--key",
        session.home.path("second.pem").to_str().expect("UTF-8"),
    ]);
    let key = session.home.path("second.pem");
    let key = key.to_str().expect("UTF-8");
    session.refused(
        &["seal", "--reseal", "--private-key", key, "--from-dir", "nowhere"],
        "nowhere is not a folder",
    );
    session.dir.write("values/postgresql/pasword", "x");
    session.refused(
        &["seal", "--reseal", "--private-key", key, "--from-dir", "values"],
        "has to contain a file for each key: password",
    );
    for words in [
        &["seal", "--generate-missing", "--from-stdin"][..],
        &["seal", "--reseal", "--from-env", "HOME"],
    ] {
        assert_eq!(session.run(words).code, 2, "{words:?}: a flag is never left unheard");
    }
    session.refused(&["seal", "--scope", "cluster-wide"], "name a credential");
    session.refused(
        &["seal", "postgresql", "--rotate", "--from-stdin", "--spec", "-"],
        "cannot both come from stdin",
    );
    // Text around a certificate is not copied.
    let pem = session.dir.read("spec/sealing.pem");
    session.home.write("chatty.pem", format!("a note\n{pem}password: hunter2\n"));
    session.ok(&[
        "seal",
        "init",
        "--replace",
        "--certificate",
        session.home.path("chatty.pem").to_str().expect("UTF-8"),
    ]);
    assert_eq!(session.dir.read("spec/sealing.pem"), pem);
}
