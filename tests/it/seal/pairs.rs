//! Key pairs, the certificates in them, and what is refused as a certificate.

use std::fs;

use base64ct::{Base64, Encoding as _};
use espalier::seal::{
    certificate::{Certificate, CertificateError},
    key_pair::{KeyPairError, make},
    value::{SealingScope, seal},
};
use rsa::{
    pkcs1v15::{Signature, VerifyingKey},
    pkcs8::DecodePublicKey as _,
    signature::Verifier as _,
    traits::PublicKeyParts as _,
};
use sha2::Sha256;
use x509_cert::der::{DecodePem as _, Encode as _};

use super::{
    keys::{Keys, NOT_AFTER, NOT_BEFORE, SEED, keys},
    seeded::Seeded,
};
use crate::support::repository;

fn file(name: &str) -> Vec<u8> {
    fs::read(repository().join("tests/it/seal/files").join(name)).expect("a file of the tests")
}

#[test]
fn a_key_pair_is_one() {
    for bits in [2048, 3072, 4096] {
        let Keys { pair, certificate, private } = keys(bits);
        assert_eq!(certificate.bits(), bits);
        assert_eq!((certificate.not_before(), certificate.not_after()), (NOT_BEFORE, NOT_AFTER));
        assert!(pair.private_key.starts_with("-----BEGIN PRIVATE KEY-----\n"));
        private.validate().expect("a right key");
        let read =
            x509_cert::Certificate::from_pem(pair.certificate.as_bytes()).expect("a certificate");
        let tbs = &read.tbs_certificate;
        assert_eq!(
            (tbs.subject.to_string(), tbs.issuer.to_string()),
            ("O=sealed-secret,CN=sealed-secret".into(), tbs.subject.to_string())
        );
        let public = rsa::RsaPublicKey::from_public_key_der(
            &tbs.subject_public_key_info.to_der().expect("DER"),
        )
        .expect("a key");
        assert_eq!(public, private.to_public_key());
        let signature = Signature::try_from(read.signature.raw_bytes()).expect("a signature");
        VerifyingKey::<Sha256>::new(public)
            .verify(&tbs.to_der().expect("DER"), &signature)
            .expect("signed by itself");
        assert_eq!(tbs.serial_number.as_bytes().len(), 20);
    }
}

/// The same random source gives the same pair; another one gives another key and another serial
/// number.
#[test]
fn all_of_a_pair_that_is_random_was_passed_in() {
    let one = keys(2048);
    let again = make(&mut Seeded::new(SEED), 2048, NOT_BEFORE, NOT_AFTER).expect("a key pair");
    assert_eq!(
        (&again.certificate, &*again.private_key),
        (&one.pair.certificate, &*one.pair.private_key)
    );
    let other = make(&mut Seeded::new(8), 2048, NOT_BEFORE, NOT_AFTER).expect("a key pair");
    let other = Certificate::parse(other.certificate.as_bytes()).expect("a certificate");
    assert_ne!(other.fingerprint(), one.certificate.fingerprint());
}

#[test]
fn no_pair_of_another_size_or_without_a_time() {
    let refused =
        |bits, from, until| make(&mut Seeded::new(SEED), bits, from, until).expect_err("refused");
    assert_eq!(refused(1024, NOT_BEFORE, NOT_AFTER), KeyPairError::Size(1024));
    assert_eq!(refused(2049, NOT_BEFORE, NOT_AFTER), KeyPairError::Size(2049));
    assert_eq!(
        refused(0, NOT_BEFORE, NOT_AFTER).to_string(),
        "a key of 0 bits: it must have 2048, 3072, 4096 or 8192"
    );
    for (from, until) in [
        (NOT_AFTER, NOT_BEFORE),
        (NOT_BEFORE, NOT_BEFORE),
        (-1, NOT_AFTER),
        (NOT_BEFORE, i64::MAX),
        (i64::MIN, 0),
    ] {
        assert_eq!(refused(2048, from, until), KeyPairError::Validity, "{from} {until}");
    }
    // Years after 2049 are written in another form.
    let late = make(&mut Seeded::new(SEED), 2048, NOT_BEFORE, 253_402_300_799).expect("until 9999");
    assert_eq!(
        Certificate::parse(late.certificate.as_bytes()).expect("a certificate").not_after(),
        253_402_300_799
    );
}

/// Made by openssl, with the text that it writes before; the expected figures are openssl's.
#[test]
fn a_certificate_of_openssl_is_read() {
    let certificate = Certificate::parse(&file("text.pem")).expect("a certificate");
    assert_eq!(
        certificate.fingerprint(),
        "sha256:04788dcf8aefc82ee4a8de6cefbfc15eb4bd2149ea00341305459e628c365262"
    );
    assert_eq!(
        (certificate.bits(), certificate.not_before(), certificate.not_after()),
        (2048, 1_795_563_982, 2_110_923_982)
    );
    let large = Certificate::parse(&file("8192-bits.pem")).expect("a certificate");
    assert_eq!(large.bits(), 8192);
    assert!(
        seal(&large, SealingScope::ClusterWide, b"value", &mut Seeded::new(1))
            .expect("sealed")
            .starts_with("BA")
    );
}

/// Whatever the line ends, the indentation and the width, and whatever stands around it.
#[test]
fn a_certificate_is_read_in_any_layout() {
    let plain = &keys(2048).pair.certificate;
    let expected = keys(2048).certificate.fingerprint();
    let joined = plain
        .replace('\n', "")
        .replace("CERTIFICATE-----M", "CERTIFICATE-----\nM")
        .replace("-----END", "\n-----END");
    let layouts = [
        plain.trim_end().to_owned(),
        plain.replace('\n', "\r\n"),
        format!("\u{feff}{plain}"),
        format!("subject=CN = sealed-secret\n\n{plain}\n\nand more, ---- and -----BEGIN\n"),
        plain.lines().fold(String::new(), |text, line| text + "    " + line + "  \n"),
        joined,
    ];
    for text in layouts {
        assert_eq!(Certificate::parse(text.as_bytes()).expect(&text).fingerprint(), expected);
    }
    let mut latin = b"subject=O = M\xfcller\n".to_vec();
    latin.extend_from_slice(plain.as_bytes());
    assert_eq!(Certificate::parse(&latin).expect("a certificate").fingerprint(), expected);
}

#[track_caller]
fn refused(pem: impl AsRef<[u8]>) -> CertificateError {
    let said = Certificate::parse(pem.as_ref()).expect_err("refused");
    assert!(!said.to_string().is_empty());
    said
}

#[test]
fn what_is_no_certificate_is_refused_by_kind() {
    let Keys { pair, .. } = keys(2048);
    let (plain, private) = (&pair.certificate, &*pair.private_key);
    assert_eq!(refused(""), CertificateError::Missing);
    assert_eq!(refused("no certificate"), CertificateError::Missing);
    assert_eq!(refused(private), CertificateError::PrivateKey);
    assert_eq!(refused(format!("{plain}{private}")), CertificateError::PrivateKey);
    // Damaged, of another kind, after something else in the line: it is still a private key.
    assert_eq!(
        refused(private.split_once("-----END").expect("an end").0),
        CertificateError::PrivateKey
    );
    assert_eq!(
        refused(format!("key: {}", private.replace("PRIVATE", "RSA PRIVATE"))),
        CertificateError::PrivateKey
    );
    assert_eq!(refused(file("public-key.pem")), CertificateError::PublicKey);
    assert_eq!(refused(format!("{plain}{plain}")), CertificateError::Several(2));
    assert_eq!(
        refused(plain.replace("CERTIFICATE", "CERTIFICATE REQUEST")),
        CertificateError::Other("CERTIFICATE REQUEST".into())
    );
    assert_eq!(
        refused([plain.as_bytes(), &file("public-key.pem")].concat()),
        CertificateError::Other("PUBLIC KEY".into())
    );
    assert_eq!(refused(file("elliptic.pem")), CertificateError::NotRsa);
    assert_eq!(refused(file("1024-bits.pem")), CertificateError::Size(1024));
    let odd = refused(file("2500-bits.pem"));
    assert_eq!(odd.to_string(), "its key has 2500 bits: it must have 2048, 3072, 4096 or 8192");
}

#[test]
fn a_damaged_certificate_is_reported() {
    let plain = &keys(2048).pair.certificate;
    let damaged = [
        plain.replace("-----END CERTIFICATE-----\n", ""),
        plain.replace("END CERTIFICATE", "END CERTIFICATE REQUEST"),
        plain.replace("-----BEGIN CERTIFICATE-----\n", ""),
        plain.replace(
            "-----BEGIN CERTIFICATE-----\n",
            "-----BEGIN CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\n",
        ),
        plain.replacen("MII", "M!I", 1),
        plain.replacen("MII", "NII", 1),
        plain
            .lines()
            .enumerate()
            .filter(|it| it.0 != 5)
            .fold(String::new(), |text, (_, line)| text + line + "\n"),
        plain.replace("-----END", "AAAA\n-----END"),
        "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n".to_owned(),
    ];
    for text in damaged {
        assert_eq!(refused(&text), CertificateError::Malformed, "{text}");
    }
}

/// An even exponent or modulus, as in a damaged key.
#[test]
fn a_key_that_rsa_cannot_work_with_is_reported() {
    let bytes = x509_cert::Certificate::from_pem(keys(2048).pair.certificate.as_bytes())
        .expect("a certificate")
        .to_der()
        .expect("DER");
    let modulus = keys(2048).private.n().to_bytes_be();
    let ends = bytes.windows(modulus.len()).position(|it| it == modulus).expect("the modulus")
        + modulus.len();
    // After the modulus: 02 03 01 00 01, the exponent.
    for at in [ends - 1, ends + 4] {
        let mut even = bytes.clone();
        even[at] ^= 1;
        let pem = format!(
            "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
            Base64::encode_string(&even)
        );
        assert_eq!(refused(pem), CertificateError::Key);
    }
}
