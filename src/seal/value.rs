//! Seals one value: a fresh session key for it, and that key for the holder of the private key.

use std::{borrow::Cow, error::Error, fmt};

use aes_gcm::{Aes256Gcm, KeyInit as _, Nonce, aead::Aead as _};
use base64ct::{Base64, Encoding as _};
use rsa::{Oaep, rand_core::CryptoRngCore};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::certificate::Certificate;

/// Where a sealed value can be opened: the controller finds it out from the `SealedSecret` that the
/// value stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealingScope<'a> {
    /// In the `SealedSecret` of this namespace and name only.
    Strict {
        /// The namespace.
        namespace: &'a str,
        /// The name.
        name: &'a str,
    },
    /// In this namespace, whatever the name. The object says so with the annotation
    /// `sealedsecrets.bitnami.com/namespace-wide`.
    NamespaceWide {
        /// The namespace.
        namespace: &'a str,
    },
    /// Anywhere in the cluster. The object says so with the annotation
    /// `sealedsecrets.bitnami.com/cluster-wide`.
    ClusterWide,
}

impl<'a> SealingScope<'a> {
    /// The label of OAEP that binds the session key to the scope.
    ///
    /// Namespaces and names are DNS labels, which hold no `/`: no two scopes of one kind have the
    /// same.
    pub fn label(self) -> Cow<'a, str> {
        match self {
            SealingScope::Strict { namespace, name } => format!("{namespace}/{name}").into(),
            SealingScope::NamespaceWide { namespace } => namespace.into(),
            SealingScope::ClusterWide => "".into(),
        }
    }
}

/// Why a value could not be sealed. Never says the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealError {
    /// The random source gave nothing.
    Random,
    /// The session key could not be encrypted with the certificate's key.
    SessionKey,
    /// The value is beyond what one key may encrypt (64 GiB).
    Value,
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Random => "the random source gives nothing",
            Self::SessionKey => "the session key cannot be encrypted with the certificate's key",
            Self::Value => "the value is too long",
        })
    }
}

impl Error for SealError {}

/// The value as it stands in `spec.encryptedData`: base64 in one line of the encrypted session
/// key's length (two bytes, the higher first), that key (RSA-OAEP with SHA-256, the scope as its
/// label), and the value (AES-256-GCM, tag at the end).
///
/// # Errors
/// The random source fails, or the value is beyond all measure.
pub fn seal(
    certificate: &Certificate,
    scope: SealingScope<'_>,
    plaintext: &[u8],
    random: &mut impl CryptoRngCore,
) -> Result<String, SealError> {
    let mut session = Zeroizing::new([0_u8; 32]);
    random.try_fill_bytes(&mut *session).map_err(|_| SealError::Random)?;
    let padding = Oaep::new_with_label::<Sha256, _>(scope.label());
    let key =
        certificate.key().encrypt(random, padding, &*session).map_err(|_| SealError::SessionKey)?;
    // A nonce of zeros is the controller's contract, and safe because no session key is used twice.
    let cipher = Aes256Gcm::new((&*session).into());
    let value = cipher.encrypt(&Nonce::default(), plaintext).map_err(|_| SealError::Value)?;
    let length = u16::try_from(key.len()).map_err(|_| SealError::SessionKey)?;
    Ok(Base64::encode_string(&[&length.to_be_bytes(), &*key, &*value].concat()))
}
