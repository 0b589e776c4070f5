//! The first administrator of a workspace: sealed into the workspace's own file.

use std::fs;

use espalier::{
    components::workspace::{administrator::secret_name, database},
    seal::value::SealingScope,
};

use super::{Session, leaks::found};
use crate::{
    cli::workspace_dir::{Done, files},
    seal::open::open,
    support::at,
};

const FILE: &str = "spec/workspaces/team-a.yaml";
const PASSWORD: &str = "a SECRET of team-a";

fn create(session: &Session, more: &[&str], stdin: &[u8]) -> Done {
    let words = ["workspace", "create", "team-a", "--model", "gemma3:270m"];
    session.with_stdin(&[&words[..], more].concat(), stdin)
}

/// The value of a key, opened as the controller opens it.
pub fn opened(session: &Session, key: &str) -> Result<Vec<u8>, String> {
    let file = session.file(FILE);
    let sealed = at(&file, "spec/administrator/sealed");
    let suffix = sealed["suffix"].as_str().expect("a suffix").parse().expect("a name");
    let name = secret_name("team-a", Some(&suffix));
    let text = sealed[key].as_str().expect("it is sealed");
    let private_key = fs::read_to_string(session.key_file()).expect("the key");
    open(&private_key, SealingScope::Strict { namespace: "team-a", name: &name }, text)
}

#[test]
fn a_workspace_has_an_administrator_from_the_beginning() {
    let session = Session::with_keys();
    let administrator = ["--administrator", "ada@garden.dev", "--password-from-stdin"];
    let done = create(&session, &administrator, format!("{PASSWORD}\n").as_bytes());
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(opened(&session, "password").expect("it opens"), PASSWORD.as_bytes());
    assert_eq!(opened(&session, "secretKey").expect("it opens").len(), 48);
    session.ok(&["render"]);

    let first = session.dir.read(FILE);
    let update = ["workspace", "update", "team-a", administrator[0], administrator[1]];
    session.dir.write("value", "another SECRET of team-a");
    let again = session.ok(&[&update[..], &["--password-from-file", "value"]].concat());
    session.dir.remove("value");
    assert_ne!(session.dir.read(FILE), first);
    assert_eq!(opened(&session, "password").expect("it opens"), b"another SECRET of team-a");

    let said = [done.out, done.err, again.out, again.err].concat();
    let mut written: Vec<(String, Vec<u8>)> = vec![("what was said".to_owned(), said.into_bytes())];
    for folder in [session.dir.root(), session.home.root()] {
        written.extend(files(&folder));
    }
    assert_eq!(found(&written, &[PASSWORD, "another SECRET of team-a"]), Vec::<String>::new());
}

#[test]
fn without_a_way_to_seal_nothing_is_written() {
    let session = Session::new();
    let administrator = ["--administrator", "ada@garden.dev", "--password-from-stdin"];
    for (more, stdin, words) in [
        (&administrator[..], PASSWORD, "there is no spec/sealing.pem"),
        (&administrator[..2], "", "nobody can be asked for the password here"),
        (&["--administrator", "ada"], "", "--administrator"),
    ] {
        let done = create(&session, more, stdin.as_bytes());
        assert!(done.code == 2 && done.err.contains(words), "{words}: {done:?}");
        assert!(!session.dir.path(FILE).exists());
    }
}

/// The password of a workspace's database as the controller opens it, and what PostgreSQL keeps.
fn role(session: &Session) -> (String, String) {
    let file = session.file(FILE);
    let (role, sealed) = (at(&file, "spec/databaseRole"), at(&file, "spec/databaseRole/sealed"));
    let suffix = sealed["suffix"].as_str().expect("a suffix").parse().expect("a name");
    let name = database::secret_name("team-a", Some(&suffix));
    let private_key = fs::read_to_string(session.key_file()).expect("the key");
    let scope = SealingScope::Strict { namespace: "team-a", name: &name };
    let text = sealed["password"].as_str().expect("it is sealed");
    let password = open(&private_key, scope, text).expect("it opens");
    let verifier = role["verifier"].as_str().expect("a verifier").to_owned();
    (String::from_utf8(password).expect("letters and digits"), verifier)
}

/// A database's password is made, sealed and never said; another one takes its place; and the word
/// goes with all that belongs to it.
#[test]
fn a_workspace_gets_a_database_with_a_password_of_its_own() {
    let session = Session::with_keys();
    let spec = session.dir.read("spec/platform.yaml");
    let offer = "  workspaces: {databases: 2}\n  components:\n";
    session.dir.write("spec/platform.yaml", spec.replacen("  components:\n", offer, 1));
    let more =
        ["--administrator", "ada@garden.dev", "--password-from-stdin", "--database", "shared"];
    let done = create(&session, &more, format!("{PASSWORD}\n").as_bytes());
    assert_eq!(done.code, 0, "{done:?}");
    let (first, verifier) = role(&session);
    assert_eq!(first.len(), 32);
    session.ok(&["render"]);
    let update = ["workspace", "update", "team-a", "--database"];
    let again = session.ok(&[&update[..], &["shared"]].concat());
    let (second, other) = role(&session);
    assert!(first != second && verifier != other);
    let said = [done.out, done.err, again.out, again.err].concat();
    assert!(!said.contains("not brought along"), "{said}");
    let mut written: Vec<(String, Vec<u8>)> = vec![("what was said".to_owned(), said.into_bytes())];
    for folder in [session.dir.root(), session.home.root()] {
        written.extend(files(&folder));
    }
    assert_eq!(found(&written, &[&first, &second]), Vec::<String>::new());

    let back = session.ok(&[&update[..], &["own"]].concat());
    assert!(back.err.contains("not brought along"), "{back:?}");
    assert!(!session.dir.read(FILE).contains("databaseRole"));
    let refused =
        session.run(&["workspace", "update", "team-a", "--set", "databaseRole.verifier=a"]);
    assert!(refused.code == 2 && refused.err.contains("--database shared"), "{refused:?}");

    // Whatever becomes of the rest, the database is dropped by hand.
    session.ok(&[&update[..], &["shared"]].concat());
    session.ok(&["render"]);
    let gone = session.ok(&["workspace", "delete", "team-a", "--yes"]).err;
    assert!(gone.contains("DROP DATABASE \"ws-team-a\""), "{gone}");
}
