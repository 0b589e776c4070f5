//! Key pairs for the tests, each made once.

use std::sync::OnceLock;

use espalier::seal::{
    certificate::Certificate,
    key_pair::{self, KeyPair},
};
use rsa::{RsaPrivateKey, pkcs8::DecodePrivateKey as _};

use super::seeded::Seeded;

/// From when on the certificates are valid: 2026-01-01.
pub const NOT_BEFORE: i64 = 1_767_225_600;
/// Until when: 2036-01-01.
pub const NOT_AFTER: i64 = 2_082_758_400;

/// The seed of the key pairs.
pub const SEED: u64 = 5;

/// A key pair, and both of its parts as they are read.
pub struct Keys {
    /// As it was made.
    pub pair: KeyPair,
    /// What seals.
    pub certificate: Certificate,
    /// What opens.
    pub private: RsaPrivateKey,
}

/// The key pair of this many bits.
pub fn keys(bits: usize) -> &'static Keys {
    static SMALL: OnceLock<Keys> = OnceLock::new();
    static MIDDLE: OnceLock<Keys> = OnceLock::new();
    static USUAL: OnceLock<Keys> = OnceLock::new();
    let once = match bits {
        2048 => &SMALL,
        3072 => &MIDDLE,
        _ => &USUAL,
    };
    once.get_or_init(|| {
        // Any seed will do; with this one the primes are found quickly.
        let pair = key_pair::make(&mut Seeded::new(SEED), bits, NOT_BEFORE, NOT_AFTER)
            .expect("a key pair");
        let certificate =
            Certificate::parse(pair.certificate.as_bytes()).expect("our own certificate");
        let private =
            RsaPrivateKey::from_pkcs8_pem(&pair.private_key).expect("our own private key");
        Keys { pair, certificate, private }
    })
}
