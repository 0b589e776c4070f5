//! Reads any bytes as certificates of authorities. What is read is written in one form, which is
//! read as the same.
#![no_main]

use espalier::seal::authority;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(bundle) = authority::parse(bytes) {
        let again = authority::parse(bundle.text.as_bytes());
        assert_eq!(again.as_ref(), Ok(&bundle));
    }
});
