//! Printed lines that are to be pasted: each one is run, in the state in which it was printed.

use std::fs;

use super::{DATABASE, Session};

/// Every line in backticks that begins with these words, as it is printed.
fn printed(text: &str, begin: &str) -> Vec<String> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter(|it| it.starts_with(begin)).map(str::to_owned).collect()
}

/// The last line that is printed as the next step.
#[track_caller]
fn next(text: &str) -> String {
    let line = text.lines().rev().find_map(|it| it.strip_prefix("next: ")).expect("a next line");
    printed(line, "espalier").pop().expect("a line to paste")
}

impl Session {
    /// Runs a printed line and returns its output.
    #[track_caller]
    fn paste(&self, line: &str) -> String {
        if let Some(words) = line.strip_prefix("git ") {
            self.dir.git(&words.split(' ').collect::<Vec<_>>());
            return String::new();
        }
        let words: Vec<&str> = line.strip_prefix("espalier ").expect("ours").split(' ').collect();
        let done = self.run(&words);
        assert_eq!(done.code, 0, "{line}: {done:?}");
        done.err
    }

    fn commit(&self) {
        self.dir.git(&["add", "."]);
        self.dir.git(&["commit", "--quiet", "--message", "one"]);
    }

    fn password(&self) -> Vec<u8> {
        self.opened("postgresql", "password").expect("it opens")
    }
}

#[test]
fn every_word_about_a_lost_certificate_leads_back_to_it() {
    let session = Session::with_keys();
    session.dir.git(&["init", "--quiet", "--initial-branch", "main"]);
    session.ok(&["seal", "--generate-missing"]);
    session.commit();
    let (pem, value) = (session.dir.read("spec/sealing.pem"), session.password());
    let elsewhere = session.home.path("another.pem").display().to_string();
    let all = [
        &["seal"][..],
        &["seal", "--rotate", "postgresql"],
        &["seal", "init"],
        &["seal", "init", "--key", &elsewhere],
        &["check"],
    ];
    let lines = |words: &[&str], begin| {
        if session.dir.path("spec/sealing.pem").exists() {
            session.dir.remove("spec/sealing.pem");
        }
        let done = session.run(words);
        let said = format!("{}{}", done.out, done.err);
        let lines = printed(&said, begin);
        assert!(!lines.is_empty() && !said.contains("history"), "{words:?}: {said}");
        lines[0].clone()
    };
    for words in all {
        session.paste(&lines(words, "git checkout HEAD"));
        assert_eq!(session.dir.read("spec/sealing.pem"), pem, "{words:?}");
    }
    // A commit removed it: the one before has it.
    session.dir.remove("spec/sealing.pem");
    session.commit();
    for words in &all[..4] {
        session.paste(&lines(words, "git checkout"));
        assert_eq!(session.dir.read("spec/sealing.pem"), pem, "{words:?}");
    }
    // No commit has it: the private key makes another certificate.
    fs::remove_dir_all(session.dir.path(".git")).expect("there");
    for words in all {
        session.paste(&lines(words, "espalier seal init --from-key"));
        assert_eq!(session.password(), value, "{words:?}");
        assert!(
            !session.run(&["check"]).err.contains("sealed-with-another-certificate"),
            "{words:?}"
        );
    }
}

#[test]
fn another_key_pair_moves_the_values_over_by_the_line_that_is_printed() {
    for elsewhere in [false, true] {
        let session = Session::with_keys();
        let old = fs::read(session.key_file()).expect("the old key");
        session.ok(&["seal", "--generate-missing"]);
        let value = session.password();
        let key = session.home.path("elsewhere/new.pem").display().to_string();
        let mut words = vec!["seal", "init", "--replace", "--bits", "2048"];
        if elsewhere {
            words.extend(["--key", &key]);
        }
        let line = next(&session.ok(&words).err);
        let its = session.key_file().display().to_string();
        assert!(line.starts_with(&format!("espalier seal --reseal --key {its}")), "{line}");
        assert_eq!(line.ends_with(&format!(" --private-key {key}")), elsewhere, "{line}");
        assert_eq!(fs::read(session.key_file()).expect("the old key"), old);
        if !elsewhere {
            assert_eq!(next(&session.ok(&["seal"]).out), line, "the list says the same");
            // The output of `check` in the same state.
            let said = session.run(&["check"]).err;
            assert!(
                printed(&said, "espalier seal --reseal")
                    .iter()
                    .all(|it| it == "espalier seal --reseal"),
                "{said}"
            );
        }
        let before = session.dir.read(DATABASE);
        let said = session.paste(&line);
        assert!(
            said.contains("resealed 2 credentials") && !said.contains("gets a new value"),
            "{said}"
        );
        assert_ne!(session.dir.read(DATABASE), before);
        let new = if elsewhere {
            key.into()
        } else {
            session.home.path("espalier/starter/2-sealing-key.pem")
        };
        fs::copy(new, session.key_file()).expect("the new key");
        assert_eq!(session.password(), value, "elsewhere: {elsewhere}");
    }
}

/// Without `--key` too, no value is replaced that a private key at its default place opens.
#[test]
fn a_key_that_is_here_keeps_the_values() {
    let session = Session::with_keys();
    session.ok(&["seal", "--generate-missing"]);
    let value = session.password();
    session.ok(&["seal", "init", "--replace", "--bits", "2048"]);
    let said = session.ok(&["seal", "--reseal"]).err;
    assert!(
        said.contains("`postgresql` keeps its values") && !said.contains("gets a new value"),
        "{said}"
    );
    fs::copy(session.home.path("espalier/starter/2-sealing-key.pem"), session.key_file())
        .expect("the new key");
    assert_eq!(session.password(), value);
}

/// The certificate of a cluster, while there is a private key of ours at its default place.
#[test]
fn a_certificate_whose_key_is_elsewhere_is_followed_by_a_line_that_works() {
    let session = Session::with_keys();
    session.ok(&["seal", "--generate-missing"]);
    let made = Session::new();
    made.ok(&["seal", "init", "--bits", "2048"]);
    session.home.write("cluster.pem", made.dir.read("spec/sealing.pem"));
    let file = session.home.path("cluster.pem").display().to_string();
    let line = next(&session.ok(&["seal", "init", "--replace", "--certificate", &file]).err);
    let said = session.paste(&line);
    assert!(
        said.contains("resealed 2 credentials") && !said.contains("gets a new value"),
        "{said}"
    );
}

#[test]
fn a_key_at_its_place_has_two_ways_out() {
    let session = Session::with_keys();
    session.dir.remove("spec/sealing.pem");
    let done = session.run(&["seal", "init"]);
    let lines = printed(&done.err, "espalier seal init");
    assert!(done.code == 2 && lines.len() == 2 && lines[0].contains("--from-key"), "{done:?}");
    for line in lines {
        let said = session.paste(&line);
        assert!(said.contains("wrote spec/sealing.pem"), "{said}");
        session.ok(&["seal", "--generate-missing"]);
        assert!(session.ok(&["seal"]).out.contains("2 sealed"));
        session.dir.remove("spec/sealing.pem");
        fs::remove_dir_all(session.dir.path("spec/secrets")).expect("there");
    }
}

#[test]
fn an_address_is_one_and_white_space_is_no_value() {
    let session = Session::with_keys();
    session.dir.write("password", "known to a person");
    for (email, said) in [
        ("notmail", "is not an e-mail address"),
        (" ", "only white space"),
        ("a b@garden.dev", "is not an e-mail address"),
    ] {
        session.dir.write("mail", email);
        session.refused(
            &[
                "seal",
                "openwebui-admin",
                "--from-file",
                "email=mail",
                "--from-file",
                "password=password",
            ],
            said,
        );
    }
    session.dir.write("blank", " \t ");
    session.refused(&["seal", "postgresql", "--from-file", "blank"], "only white space");
    session.dir.write("mail", "ops@garden.dev\n");
    session.ok(&[
        "seal",
        "openwebui-admin",
        "--from-file",
        "email=mail",
        "--from-file",
        "password=password",
    ]);
}

/// The certificate of an older key that is still here, and of one in another platform's folder:
/// each line works as it is printed.
#[test]
fn the_line_after_a_certificate_names_its_key_wherever_it_is() {
    let session = Session::with_keys();
    session.ok(&["seal", "--generate-missing"]);
    let (value, pem) = (session.password(), session.dir.read("spec/sealing.pem"));
    session.home.write("older.pem", &pem);
    let older = session.home.path("older.pem").display().to_string();
    session.paste(&next(&session.ok(&["seal", "init", "--replace", "--bits", "2048"]).err));
    let line = next(&session.ok(&["seal", "init", "--replace", "--certificate", &older]).err);
    let its = session.key_file().display().to_string();
    assert!(line.ends_with(&format!(" --private-key {its}")), "{line}");
    // The list does not say that the certificate is right: its owner has to look first.
    let said = session.ok(&["seal"]).out;
    assert!(said.contains("check who changed spec/sealing.pem"), "{said}");
    assert_eq!(next(&said), line);
    let said = session.paste(&line);
    assert!(
        said.contains("resealed 2 credentials") && !said.contains("gets a new value"),
        "{said}"
    );
    assert_eq!(session.password(), value);

    let session = Session::with_keys();
    session.home.write("its.pem", session.dir.read("spec/sealing.pem"));
    let folder = session.key_file().parent().expect("a folder").to_owned();
    let other = folder.with_file_name("another");
    fs::rename(&folder, &other).expect("it can be renamed");
    let file = session.home.path("its.pem").display().to_string();
    let line = next(&session.ok(&["seal", "init", "--replace", "--certificate", &file]).err);
    assert!(
        line.contains("--generate-missing --private-key") && line.contains("another/"),
        "{line}"
    );
    session.paste(&line);
    // The only keys are in other platforms' folders, and none belongs to this platform.
    let session = Session::with_keys();
    let made = Session::new();
    made.ok(&["seal", "init", "--bits", "2048"]);
    session.home.write("cluster.pem", made.dir.read("spec/sealing.pem"));
    let folder = session.key_file().parent().expect("a folder").to_owned();
    fs::rename(&folder, folder.with_file_name("another")).expect("it can be renamed");
    let file = session.home.path("cluster.pem").display().to_string();
    let line = next(&session.ok(&["seal", "init", "--replace", "--certificate", &file]).err);
    assert_eq!(line, "espalier seal --generate-missing --accept-certificate");
    session.paste(&line);
}
