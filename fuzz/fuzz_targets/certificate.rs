//! Reads any bytes as a certificate.
#![no_main]

use espalier::seal::certificate::Certificate;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| match Certificate::parse(bytes) {
    Ok(it) => {
        assert!((2048..=8192).contains(&it.bits()));
        assert_eq!(it.fingerprint().len(), "sha256:".len() + 64);
        assert!(it.not_before() >= 0 && it.not_after() >= 0);
    }
    Err(it) => assert!(!it.to_string().is_empty()),
});
