//! `repository.signedBy`: Argo CD takes only signed commits from Git, and can still install charts.

use std::collections::{BTreeMap, BTreeSet};

use base64ct::{Base64, Encoding as _};
use espalier::names::openpgp::SigningKey;

use crate::support::{Compiled, Texts, golden_cases, items, texts_of, tree};

/// A primary RSA key that only certifies, a subkey that signs, another that encrypts.
const SUBKEYS: &str = include_str!("signed/subkeys.asc");

/// A key that may sign for 90 days from 1 January 2025.
const EXPIRED: &str = include_str!("signed/expired.asc");
/// A key without an expiry date, from the same day, that only certifies; a subkey for 30 days, and
/// one for a year from 1 March.
const ROTATED: &str = include_str!("signed/rotated.asc");
/// The same, after its owner had revoked it.
const REVOKED: &str = include_str!("signed/revoked.asc");

fn ids(key: &SigningKey) -> Vec<&str> {
    key.ids().map(|it| &**it).collect()
}

fn signed() -> Texts {
    let (_, folder) = golden_cases().into_iter().find(|it| it.0 == "signed").expect("the case");
    texts_of(&folder)
}

/// The keys that each project asks for.
fn asked(tree: &Compiled) -> BTreeMap<String, Vec<String>> {
    let projects = tree.objects().into_iter().filter(|it| it.kind() == "AppProject");
    let keys = |project: &crate::support::Read| {
        items(project.at("spec/signatureKeys"))
            .map(|it| it["keyID"].as_str().expect("a text").to_owned())
            .collect()
    };
    projects.map(|it| (it.name().to_owned(), keys(&it))).collect()
}

#[test]
fn whatever_comes_from_git_is_signed_and_no_chart_is_asked_for_it() {
    for texts in [signed(), with_everything()] {
        let tree = tree(&texts);
        let asked = asked(&tree);
        let url = "https://git.example.com/team/platform.git";
        for project in tree.objects().iter().filter(|it| it.kind() == "AppProject") {
            let sources: BTreeSet<&str> =
                items(project.at("spec/sourceRepos")).filter_map(|it| it.as_str()).collect();
            let signed = !asked[project.name()].is_empty();
            assert_eq!(signed, sources.contains(url), "{}: {sources:?}", project.name());
            // Argo CD before 3.5 refuses every chart of a project that asks for signatures.
            assert!(!signed || sources.len() == 1, "{}: {sources:?}", project.name());
        }
        for object in tree.objects().iter().filter(|it| it.kind() == "Application") {
            let from_git = object.at("spec/source/chart").is_null();
            assert_eq!(
                asked[object.text("spec/project")].is_empty(),
                !from_git,
                "{}",
                object.name()
            );
        }
        let argocd = tree
            .objects()
            .into_iter()
            .find(|it| it.kind() == "Application" && it.name() == "argocd")
            .expect("Argo CD");
        let keyring = argocd
            .at("spec/source/helm/valuesObject/configs/gpg/keys")
            .as_mapping()
            .expect("a keyring");
        for (id, text) in keyring {
            let key: SigningKey = text.as_str().expect("a text").parse().expect("a key");
            assert_eq!(Some(&**key.id()), id.as_str());
        }
    }
}

#[test]
fn a_signature_is_no_replacement_for_tls() {
    let mut texts = signed();
    assert!(!tree(&texts).codes().contains(&"repository-without-tls"));
    let spec = texts.get_mut("spec/platform.yaml").expect("the spec");
    *spec = spec.replace("url: https://git", "url: http://git");
    let tree = tree(&texts);
    assert!(tree.codes().contains(&"repository-without-tls"));
    assert!(
        tree.said().contains("read Argo CD's token and serve an older signed commit"),
        "{}",
        tree.said()
    );
}

/// The same, with tenants, a tag, and a second key.
fn with_everything() -> Texts {
    let mut texts = signed();
    let spec = texts.get_mut("spec/platform.yaml").expect("the spec");
    let lines: String = SUBKEYS.trim().lines().flat_map(|it| ["        ", it, "\n"]).collect();
    *spec = spec
        .replace("    signedBy:\n", &format!("    pin: tag\n    signedBy:\n      - |\n{lines}"))
        .replace("8Gi", "64Gi")
        .replace("cpu: 4", "cpu: 64");
    *spec = spec
        .replace("components:\n", "components:\n    backup: {}\n    openWebui: {replicas: 1}\n");
    texts.insert(
        "spec/workspaces/team-a.yaml".to_owned(),
        crate::cli::workspace_dir::workspace("team-a"),
    );
    texts
}

#[test]
fn nobody_is_asked_where_nobody_is_named() {
    let (_, folder) = golden_cases().into_iter().find(|it| it.0 == "starter").expect("the case");
    let tree = tree(&texts_of(&folder));
    assert!(asked(&tree).iter().all(|it| it.1.is_empty() && it.0 != "charts"));
    let mentions =
        |file: (&String, &Vec<u8>)| String::from_utf8_lossy(file.1).contains("signatureKeys");
    assert!(!tree.tree().iter().any(mentions));
}

#[test]
fn a_key_is_known_by_its_own_number_and_those_of_its_signing_subkeys() {
    let key: SigningKey = SUBKEYS.parse().expect("a key");
    assert_eq!(&**key.id(), "F100A3DC20850274");
    assert_eq!(ids(&key), ["F100A3DC20850274", "5A855528D9BE4F7E"]);
    assert_eq!(key.text(), SUBKEYS, "as GnuPG writes it");
    // Text around the key is ignored.
    let dressed = format!(
        "\n  {}",
        SUBKEYS
            .replace("BLOCK-----\n\n", "BLOCK-----\r\nComment: mine\r\n\r\n")
            .replace('\n', "\n  ")
    );
    assert_eq!(dressed.parse::<SigningKey>().expect("the same").text(), SUBKEYS);
}

/// A signer expires when its last signing key expires: not with a subkey that another one has
/// replaced.
#[test]
fn a_key_says_how_long_it_signs() {
    let day = |number: i64| 1_735_689_600 + number * 24 * 60 * 60;
    let key: SigningKey = EXPIRED.parse().expect("a key");
    assert_eq!(key.expires(), Some(day(90)));
    let key: SigningKey = ROTATED.parse().expect("a key");
    assert_eq!(ids(&key), ["34F90CB1576698A1", "B52CBA0E5B73C263", "219618AB353AB20C"]);
    assert_eq!(key.expires(), Some(day(59 + 365)));
    // Without the second one, when the first one does.
    let bytes = packets(ROTATED);
    let key: SigningKey = armored(&bytes[..524]).parse().expect("a key");
    assert_eq!(key.expires(), Some(day(30)));
    let key: SigningKey = SUBKEYS.parse().expect("a key");
    assert_eq!(key.expires(), Some(2_209_032_000), "the first of January 2040");
}

/// No bytes make the reader panic.
#[test]
fn a_changed_byte_is_read_or_refused() {
    let whole = packets(ROTATED);
    for at in 0..whole.len() {
        for flip in [1, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            let _ = armored(&bytes).parse::<SigningKey>();
        }
        let _ = armored(&whole[..at]).parse::<SigningKey>();
    }
}

/// The bytes of a key.
fn packets(text: &str) -> Vec<u8> {
    let lines: Vec<&str> = text.lines().collect();
    Base64::decode_vec(&lines[2..lines.len() - 2].concat()).expect("base64")
}

fn armored(bytes: &[u8]) -> String {
    format!(
        "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n{}\n-----END PGP PUBLIC KEY BLOCK-----\n",
        Base64::encode_string(bytes)
    )
}

#[test]
fn what_is_no_public_key_is_refused_and_a_private_one_is_not_repeated() {
    let lines: Vec<&str> = SUBKEYS.lines().collect();
    let without = |at: usize| {
        lines
            .iter()
            .enumerate()
            .filter(|it| it.0 != at)
            .flat_map(|it| [*it.1, "\n"])
            .collect::<String>()
    };
    let bytes = armored;
    let whole = packets(SUBKEYS);
    let rotated = packets(ROTATED);
    let primary = &rotated[..2 + usize::from(rotated[1])];
    let mut secret = whole.clone();
    secret[0] = 0x95; // a secret key of RSA, in the old form
    let mut version = whole.clone();
    version[3] = 6;
    let refused = [
        (String::new(), "must begin with"),
        ("F100A3DC20850274".to_owned(), "must begin with"),
        (without(0), "must begin with"),
        (without(lines.len() - 1), "must end with"),
        (without(5), "checksum"),
        (format!("{SUBKEYS}{SUBKEYS}"), "a single key"),
        (bytes(&[whole.clone(), whole.clone()].concat()), "a single key"),
        (bytes(&whole[..whole.len() - 1]), "cut off"),
        (bytes(b""), "empty"),
        (bytes(b"hello"), "not a key"),
        (bytes(&[0xb4, 1, b'a']), "begin with a key"),
        (bytes(&version), "version 6"),
        (SUBKEYS.replace("mQE", "!!!"), "Base64"),
        (bytes(&secret), "a private key"),
        // Without key material to check a signature with; without anything that the key says about
        // itself; with a subkey of somebody else.
        (bytes(&[0x98, 6, 4, 0, 0, 0, 0, 22]), "lacks the numbers"),
        (bytes(&[&[0x98, 6, 4, 0, 0, 0, 0, 22][..], &whole].concat()), "lacks the numbers"),
        (bytes(primary), "no self-signed user ID"),
        (bytes(&[&rotated[..], &[0xb8], &primary[1..]].concat()), "has not signed its subkey"),
        (REVOKED.to_owned(), "has revoked it"),
        (SUBKEYS.replace("PUBLIC", "PRIVATE"), "a private key"),
    ];
    for (text, why) in refused {
        let said = text.parse::<SigningKey>().expect_err(&text).to_string();
        assert!(said.contains(why), "{why}: {said}");
        assert!(!said.contains(lines[3]), "{said}");
    }
}
