//! Makes the key pair of a cluster: what opens sealed values, and the certificate that seals them.

use std::{error::Error, fmt, str::FromStr as _};

use rsa::{
    RsaPrivateKey,
    pkcs1::DecodeRsaPrivateKey as _,
    pkcs1v15::SigningKey,
    pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, EncodePublicKey as _, LineEnding},
    rand_core::CryptoRngCore,
    signature::{Keypair as _, RandomizedSigner as _, SignatureEncoding as _},
    traits::PublicKeyParts as _,
};
use sha2::{Digest as _, Sha256};
use x509_cert::{
    Certificate, TbsCertificate, Version,
    der::{
        DateTime, Decode as _, Encode as _, EncodePem as _,
        asn1::{BitString, GeneralizedTime, OctetString, UtcTime},
    },
    ext::{
        AsExtension as _,
        pkix::{BasicConstraints, SubjectKeyIdentifier},
    },
    name::Name,
    serial_number::SerialNumber,
    spki::{DynSignatureAlgorithmIdentifier as _, SubjectPublicKeyInfoOwned},
    time::{Time, Validity},
};
use zeroize::Zeroizing;

use super::{certificate, form::MODULUS_BYTES};

/// What the controller gets (both) and what the repository gets (the certificate).
#[derive(Debug)]
pub struct KeyPair {
    /// In PEM form.
    pub certificate: String,
    /// PKCS#8 in PEM form, not encrypted. Wiped from memory when dropped.
    pub private_key: Zeroizing<String>,
}

/// Why there is no key pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPairError {
    /// One cannot seal with a key of so many bits.
    Size(usize),
    /// It would never be valid, or at a time that a certificate cannot say.
    Validity,
    /// The key could not be made.
    Key,
    /// What is there is no private key of RSA, or asks for a password.
    Unreadable,
    /// The certificate could not be written.
    Certificate,
}

impl fmt::Display for KeyPairError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size(bits) => {
                write!(f, "a key of {bits} bits: it must have {}", certificate::sizes())
            }
            Self::Validity => {
                f.write_str("a certificate that is never valid, or beyond the years 1970 to 9999")
            }
            Self::Key => f.write_str("the key cannot be made"),
            Self::Unreadable => {
                f.write_str("it is not an RSA private key in PEM form, or it has a passphrase")
            }
            Self::Certificate => f.write_str("the certificate cannot be written"),
        }
    }
}

impl Error for KeyPairError {}

/// `/CN=sealed-secret/O=sealed-secret`, which openssl is told in the controller's own documents;
/// text forms begin at its end. Nobody reads it.
const SUBJECT: &str = "O=sealed-secret,CN=sealed-secret";

/// A new key of so many bits, in a certificate that it signs itself, valid between two moments in
/// seconds since 1970.
///
/// As `openssl req -x509 -nodes -newkey rsa:4096 -sha256` makes it. It takes as long as two primes
/// are searched: one of 4096 bits a second or half a minute.
///
/// # Errors
/// The size or the time is none that can be, or the random source fails.
pub fn make(
    random: &mut impl CryptoRngCore,
    bits: usize,
    not_before: i64,
    not_after: i64,
) -> Result<KeyPair, KeyPairError> {
    if !MODULUS_BYTES.iter().any(|it| it * 8 == bits) {
        return Err(KeyPairError::Size(bits));
    }
    if not_before >= not_after {
        return Err(KeyPairError::Validity);
    }
    let key = RsaPrivateKey::new(random, bits).map_err(|_| KeyPairError::Key)?;
    let private_key = key.to_pkcs8_pem(LineEnding::LF).map_err(|_| KeyPairError::Key)?;
    Ok(KeyPair { certificate: signed(random, key, not_before, not_after)?, private_key })
}

/// Another certificate of a key that is there: what was sealed with the first one opens as before.
///
/// # Errors
/// It is no key that one can seal with, the time is none that can be, or the random source fails.
pub fn certify(
    random: &mut impl CryptoRngCore,
    pem: &str,
    not_before: i64,
    not_after: i64,
) -> Result<String, KeyPairError> {
    let key = read(pem)?;
    let bits = key.n().bits();
    if !MODULUS_BYTES.iter().any(|it| it * 8 == bits) {
        return Err(KeyPairError::Size(bits));
    }
    signed(random, key, not_before, not_after)
}

/// Reads a private key, as it is written here (PKCS#8) or kept by the controller (PKCS#1).
pub(super) fn read(pem: &str) -> Result<RsaPrivateKey, KeyPairError> {
    RsaPrivateKey::from_pkcs8_pem(pem)
        .or_else(|_| RsaPrivateKey::from_pkcs1_pem(pem))
        .map_err(|_| KeyPairError::Unreadable)
}

fn signed(
    random: &mut impl CryptoRngCore,
    key: RsaPrivateKey,
    not_before: i64,
    not_after: i64,
) -> Result<String, KeyPairError> {
    if not_before >= not_after {
        return Err(KeyPairError::Validity);
    }
    let validity = Validity { not_before: time(not_before)?, not_after: time(not_after)? };
    let mut serial = [0_u8; 20];
    random.try_fill_bytes(&mut serial).map_err(|_| KeyPairError::Key)?;
    let signer = SigningKey::<Sha256>::new(key);
    self_signed(random, &signer, serial, validity).map_err(|_| KeyPairError::Certificate)
}

fn self_signed(
    random: &mut impl CryptoRngCore,
    signer: &SigningKey<Sha256>,
    mut serial: [u8; 20],
    validity: Validity,
) -> Result<String, Box<dyn Error>> {
    // Positive, and always of the same length.
    serial[0] = serial[0] & 0x7f | 0x40;
    let public = signer.verifying_key().to_public_key_der()?;
    let subject_public_key_info = SubjectPublicKeyInfoOwned::from_der(public.as_bytes())?;
    let subject = Name::from_str(SUBJECT)?;
    // What identifies the key are the first 20 bytes of its SHA-256 (RFC 7093): openssl still takes
    // SHA-1.
    let identifier = Sha256::digest(subject_public_key_info.subject_public_key.raw_bytes());
    let tbs_certificate = TbsCertificate {
        version: Version::V3,
        serial_number: SerialNumber::new(&serial)?,
        signature: signer.signature_algorithm_identifier()?,
        issuer: subject.clone(),
        validity,
        extensions: Some(vec![
            SubjectKeyIdentifier(OctetString::new(&identifier[..20])?)
                .to_extension(&subject, &[])?,
            BasicConstraints { ca: true, path_len_constraint: None }.to_extension(&subject, &[])?,
        ]),
        subject,
        subject_public_key_info,
        issuer_unique_id: None,
        subject_unique_id: None,
    };
    // With the random source, which blinds: how long it takes says nothing of the key.
    let signature = signer.try_sign_with_rng(random, &tbs_certificate.to_der()?)?;
    let signed = Certificate {
        signature_algorithm: tbs_certificate.signature.clone(),
        tbs_certificate,
        signature: BitString::from_bytes(&signature.to_vec())?,
    };
    Ok(signed.to_pem(LineEnding::LF)?)
}

/// Until 2049 a certificate says the year in two digits, then in four.
fn time(seconds: i64) -> Result<Time, KeyPairError> {
    // A span of time, no clock.
    let span = core::time::Duration::from_secs(
        u64::try_from(seconds).map_err(|_| KeyPairError::Validity)?,
    );
    let moment = DateTime::from_unix_duration(span).map_err(|_| KeyPairError::Validity)?;
    let short = UtcTime::from_date_time(moment).map(Time::from);
    Ok(short.unwrap_or_else(|_| GeneralizedTime::from_date_time(moment).into()))
}

/// Whether a certificate is that of a private key (PEM); nothing where it is none. The key is
/// compared and never used.
pub fn belongs(private_key: &[u8], certificate: &certificate::Certificate) -> Option<bool> {
    let text = std::str::from_utf8(private_key).ok()?;
    let key = RsaPrivateKey::from_pkcs8_pem(text)
        .ok()
        .or_else(|| RsaPrivateKey::from_pkcs1_pem(text).ok())?;
    Some(key.to_public_key() == certificate.key())
}
