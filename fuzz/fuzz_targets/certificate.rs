//! Reads any bytes as a certificate, and after a leading zero as one in DER form, which mutations
//! of base64 would hardly reach. A certificate that is read can be used for sealing.
#![no_main]

use base64ct::{Base64, Encoding as _};
use espalier::seal::{
    certificate::{Certificate, CertificateError},
    form::is_sealed,
    value::{SealingScope, seal},
};
use libfuzzer_sys::fuzz_target;

#[path = "../../tests/it/seal/seeded.rs"]
mod seeded;

fuzz_target!(|bytes: &[u8]| match read(bytes) {
    Ok(certificate) => {
        assert!((2048..=8192).contains(&certificate.bits()));
        assert_eq!(certificate.fingerprint().len(), "sha256:".len() + 64);
        assert!(certificate.not_before() >= 0 && certificate.not_after() >= 0);
        // One in sixteen: RSA takes a thousand times as long as reading.
        if certificate.fingerprint().ends_with('0') {
            let random = &mut seeded::Seeded::new(0);
            let text =
                seal(&certificate, SealingScope::ClusterWide, b"value", random).expect("sealed");
            assert_eq!(is_sealed(&text), Ok(()));
        }
    }
    Err(why) => assert!(!why.to_string().is_empty()),
});

fn read(bytes: &[u8]) -> Result<Certificate, CertificateError> {
    let Some(der) = bytes.strip_prefix(&[0]) else { return Certificate::parse(bytes) };
    let text = Base64::encode_string(der);
    let pem = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
    Certificate::parse(pem.as_bytes())
}
