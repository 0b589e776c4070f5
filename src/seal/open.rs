//! Opens sealed values with the private key that its owner hands in, to seal them again: the only
//! place that does.

use std::{error::Error, fmt};

use aes_gcm::{Aes256Gcm, KeyInit as _, Nonce, aead::Aead as _};
use base64ct::{Base64, Encoding as _};
use rsa::{Oaep, RsaPrivateKey, rand_core::CryptoRngCore};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{
    key_pair::{self, KeyPairError},
    value::SealingScope,
};

/// A private key, read. It is wiped when it goes.
pub struct PrivateKey(RsaPrivateKey);

/// The key does not open this value, or the value is none that was sealed. Never says more: it
/// would help an attacker who guesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotOpened;

impl fmt::Display for NotOpened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this private key does not unseal it")
    }
}

impl Error for NotOpened {}

impl PrivateKey {
    /// Reads a key in PEM form: as `espalier seal init` writes it (PKCS#8), or as the controller
    /// keeps its own (PKCS#1).
    ///
    /// # Errors
    /// When it is none of RSA, or asks for a password.
    pub fn read(pem: &str) -> Result<Self, KeyPairError> {
        key_pair::read(pem).map(Self)
    }

    /// The value that was sealed for this key in this scope. The random source blinds: how long it
    /// takes says nothing of the key.
    ///
    /// # Errors
    /// When it was sealed for another key or scope, or was changed.
    pub fn open(
        &self,
        scope: SealingScope<'_>,
        text: &str,
        random: &mut impl CryptoRngCore,
    ) -> Result<Zeroizing<Vec<u8>>, NotOpened> {
        let bytes = Base64::decode_vec(text).map_err(|_| NotOpened)?;
        let (head, rest) = bytes.split_first_chunk::<2>().ok_or(NotOpened)?;
        let (session, value) =
            rest.split_at_checked(u16::from_be_bytes(*head).into()).ok_or(NotOpened)?;
        let padding = Oaep::new_with_label::<Sha256, _>(scope.label());
        let session = Zeroizing::new(
            self.0.decrypt_blinded(random, padding, session).map_err(|_| NotOpened)?,
        );
        let cipher = Aes256Gcm::new_from_slice(&session).map_err(|_| NotOpened)?;
        cipher.decrypt(&Nonce::default(), value).map(Zeroizing::new).map_err(|_| NotOpened)
    }
}
