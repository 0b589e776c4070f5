//! The private key of an authority: a file, since a prompt takes one line, and a key and nothing
//! else, since it is read where nobody can be told what is wrong with it.

use espalier::seal::value::SealingScope;

use super::{Session, at};
use crate::{seal::open::open, support::AUTHORITIES};

const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMAECAQ==\n-----END PRIVATE KEY-----\n";

#[test]
fn the_key_of_an_authority_is_sealed_from_a_file() {
    let session = Session::with_keys();
    let spec = session.dir.read("spec/platform.yaml");
    let (mail, issuer) = ("email: ops@garden.dev", "issuer: {ca: {certificate: authority.pem}}");
    assert!(spec.contains(mail), "{spec}");
    let lines = spec.lines().filter(|it| !it.trim_start().starts_with("issuer:"));
    let lines = lines.collect::<Vec<_>>().join("\n");
    session.dir.write("spec/platform.yaml", lines.replace(mail, issuer));
    // The first of them alone: an authority, and not two.
    let end = "-----END CERTIFICATE-----\n";
    let first = AUTHORITIES.split_inclusive(end).next().expect("a certificate");
    session.dir.write("spec/authority.pem", first);

    let seal = ["seal", "certificate-authority"];
    session.refused(&seal, "pass it with --from-file tls.key=FILE");
    session.refused(&[&seal[..], &["--generate", "32"]].concat(), "nobody would know it");
    let from_file = [&seal[..], &["--from-file", "key"]].concat();
    let parameters =
        format!("-----BEGIN EC PARAMETERS-----\nMAE=\n-----END EC PARAMETERS-----\n{KEY}");
    for wrong in ["a password\n", first, &parameters] {
        session.dir.write("key", wrong);
        session.refused(&from_file, "`openssl pkey -in FILE -out key.pem` writes it so");
    }
    session.dir.write("key", KEY);
    let said = session.ok(&from_file).err;
    assert!(said.contains("for cert-manager") && said.contains("(nothing restarts)"), "{said}");

    // Byte for byte, with its lines.
    let file = session.file("spec/secrets/certificate-authority.yaml");
    let suffix = at(&file, "spec/suffix").as_str().expect("a suffix");
    let sealed = at(&file, "spec/sealed/cert-manager/tls.key").as_str().expect("it is sealed");
    let name = format!("certificate-authority-{suffix}");
    let scope = SealingScope::Strict { namespace: "cert-manager", name: &name };
    let private = std::fs::read_to_string(session.key_file()).expect("the key");
    assert_eq!(open(&private, scope, sealed).expect("it opens"), KEY.as_bytes());
    let said = session.ok(&[&seal[..], &["--rotate", "--from-file", "key"]].concat()).err;
    assert!(said.contains("certificates that are there stay until they are renewed"), "{said}");
}
