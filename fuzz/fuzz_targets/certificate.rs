//! Reads any bytes as a certificate, and behind a zero as one in DER form, which mutations of
//! base64 would hardly reach. What is read can seal.
#![no_main]

use base64ct::{Base64, Encoding as _};
use espalier::seal::{
    certificate::{Certificate, CertificateError},
    form::is_sealed,
    value::{Scope, seal},
};
use libfuzzer_sys::fuzz_target;

#[path = "../../tests/it/seal/seeded.rs"]
mod seeded;

fuzz_target!(|bytes: &[u8]| match read(bytes) {
    Ok(it) => {
        assert!((2048..=8192).contains(&it.bits()));
        assert_eq!(it.fingerprint().len(), "sha256:".len() + 64);
        assert!(it.not_before() >= 0 && it.not_after() >= 0);
        // One in sixteen: RSA takes a thousand times as long as reading.
        if it.fingerprint().ends_with('0') {
            let text = seal(&it, Scope::ClusterWide, b"value", &mut seeded::Seeded::new(0)).expect("sealed");
            assert_eq!(is_sealed(&text), Ok(()));
        }
    }
    Err(it) => assert!(!it.to_string().is_empty()),
});

fn read(bytes: &[u8]) -> Result<Certificate, CertificateError> {
    let Some(der) = bytes.strip_prefix(&[0]) else { return Certificate::parse(bytes) };
    let text = Base64::encode_string(der);
    Certificate::parse(format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n").as_bytes())
}
