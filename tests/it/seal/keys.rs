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

/// What the key pairs are made from.
pub const SEED: u64 = 5;

/// A key pair, and both halves of it read.
pub struct Keys {
    /// As it was made.
    pub pair: KeyPair,
    /// What seals.
    pub certificate: Certificate,
    /// What opens.
    pub private: RsaPrivateKey,
}

/// The key pair of so many bits.
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
        // Any seed does; with this one the primes are found soon.
        let pair = key_pair::make(&mut Seeded::new(SEED), bits, NOT_BEFORE, NOT_AFTER)
            .expect("a key pair");
        let certificate =
            Certificate::parse(pair.certificate.as_bytes()).expect("our own certificate");
        let private =
            RsaPrivateKey::from_pkcs8_pem(&pair.private_key).expect("our own private key");
        Keys { pair, certificate, private }
    })
}
