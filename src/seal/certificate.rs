//! The certificate that values are sealed with.

use std::{error::Error, fmt, ops::RangeInclusive};

use pkcs1::der::{Decode as _, asn1::UintRef};
use sha2::{Digest as _, Sha256};
use x509_cert::{der::oid::db::rfc5912::RSA_ENCRYPTION, time::Time};

use super::{
    form::MODULUS_BYTES,
    pem::{self, BEGIN, CERTIFICATE, DASHES, PemError},
};

/// A certificate that values can be sealed with: an RSA key, and when it is valid.
///
/// Its owner and issuer are not checked: it lies in the repository, and anyone who can change it
/// there can change the values as well.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The key's modulus and exponent, without leading zeros, the highest byte first.
    key: (Vec<u8>, Vec<u8>),
    bits: usize,
    fingerprint: String,
    not_before: i64,
    not_after: i64,
}

/// Why a file is no certificate that values can be sealed with. Never says what the file holds
/// beyond its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateError {
    /// There is none in the file.
    Missing,
    /// A block has no end, is not base64, or is not what its label says.
    Malformed,
    /// There is a private key in the file.
    PrivateKey,
    /// A public key without a certificate around it.
    PublicKey,
    /// Something else in PEM form: its label.
    Other(String),
    /// So many certificates.
    Several(usize),
    /// Its key is none of RSA.
    NotRsa,
    /// Its key's modulus has another number of bits than one can seal with.
    Size(usize),
    /// Its key is none that RSA can work with.
    Key,
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => write!(f, "there is no `{BEGIN}{CERTIFICATE}{DASHES}` in it"),
            Self::Malformed => f.write_str("it is damaged: it is not a certificate in PEM form"),
            Self::PrivateKey => f.write_str(
                "there is a private key in it: everyone who can read the repository knows the key, \
                 and every value that was sealed with its certificate",
            ),
            Self::PublicKey => {
                f.write_str("it is a bare public key: sealing needs the certificate around it")
            }
            Self::Other(label) => write!(
                f,
                "there is a `{label}` in it: there must be one certificate and nothing else"
            ),
            Self::Several(count) => {
                write!(f, "there are {count} certificates in it: there must be one")
            }
            Self::NotRsa => {
                f.write_str("its key is not an RSA key, the only kind that Sealed Secrets uses")
            }
            Self::Size(bits) => write!(f, "its key has {bits} bits: it must have {}", sizes()),
            Self::Key => f.write_str("its key is none that RSA can work with"),
        }
    }
}

impl Error for CertificateError {}

/// `2048, 3072, 4096 or 8192`.
pub(super) fn sizes() -> String {
    let sizes = MODULUS_BYTES.map(|it| (it * 8).to_string());
    let (last, others) = sizes.split_last().expect("there are some");
    format!("{} or {last}", others.join(", "))
}

impl Certificate {
    /// Reads the one certificate of a PEM file. Text around it is allowed, as `openssl x509 -text`
    /// writes it.
    ///
    /// # Errors
    /// There is none, or another thing beside it, or one cannot seal with it.
    pub fn parse(pem: &[u8]) -> Result<Self, CertificateError> {
        let der = only_block(pem)?;
        let malformed = |_| CertificateError::Malformed;
        let read = x509_cert::Certificate::from_der(&der).map_err(malformed)?.tbs_certificate;
        let info = &read.subject_public_key_info;
        if info.algorithm.oid != RSA_ENCRYPTION {
            return Err(CertificateError::NotRsa);
        }
        let key = info.subject_public_key.as_bytes().ok_or(CertificateError::Malformed)?;
        let key = pkcs1::RsaPublicKey::from_der(key).map_err(malformed)?;
        let (modulus, exponent) = (key.modulus, key.public_exponent);
        let bits = bits_of(modulus);
        if !MODULUS_BYTES.iter().any(|it| it * 8 == bits) {
            return Err(CertificateError::Size(bits));
        }
        if !is_odd(modulus) || !is_odd(exponent) || !EXPONENT_BITS.contains(&bits_of(exponent)) {
            return Err(CertificateError::Key);
        }
        Ok(Self {
            key: (modulus.as_bytes().to_vec(), exponent.as_bytes().to_vec()),
            bits,
            fingerprint: fingerprint(&der),
            not_before: seconds(&read.validity.not_before),
            not_after: seconds(&read.validity.not_after),
        })
    }

    /// Tells it from others: `sha256:` and 64 hexadecimal digits, of its DER form.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Bits of its key.
    pub fn bits(&self) -> usize {
        self.bits
    }

    /// From when on it is valid, in seconds since 1970.
    pub fn not_before(&self) -> i64 {
        self.not_before
    }

    /// Until when it is valid, in seconds since 1970. `kubeseal` refuses an expired one, the
    /// controller opens what was sealed with it all the same.
    pub fn not_after(&self) -> i64 {
        self.not_after
    }

    /// What session keys are encrypted with.
    #[cfg(feature = "seal")]
    pub(super) fn key(&self) -> rsa::RsaPublicKey {
        let [modulus, exponent] =
            [&self.key.0, &self.key.1].map(|it| rsa::BigUint::from_bytes_be(it));
        rsa::RsaPublicKey::new_with_max_size(modulus, exponent, self.bits)
            .expect("`parse` holds a key to what RSA asks of it")
    }
}

/// A time of a certificate in seconds since 1970. There is none before 1970 or after 9999 that is
/// read at all.
pub(super) fn seconds(time: &Time) -> i64 {
    i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
}

/// Bits of the public exponents that RSA works with: odd ones from 3 on, below 2^33.
const EXPONENT_BITS: RangeInclusive<usize> = 2..=33;

fn bits_of(number: UintRef<'_>) -> usize {
    let bytes = number.as_bytes();
    let zeros = bytes.first().map_or(0, |it| it.leading_zeros() as usize);
    bytes.len() * 8 - zeros
}

fn is_odd(number: UintRef<'_>) -> bool {
    number.as_bytes().last().is_some_and(|it| it % 2 == 1)
}

fn fingerprint(der: &[u8]) -> String {
    let digits = Sha256::digest(der)
        .iter()
        .fold(String::with_capacity(64), |text, byte| text + &format!("{byte:02x}"));
    format!("sha256:{digits}")
}

/// The bytes of the only block of a PEM file, which is a certificate.
fn only_block(text: &[u8]) -> Result<Vec<u8>, CertificateError> {
    let blocks = pem::blocks(text).map_err(|why| match why {
        PemError::Private => CertificateError::PrivateKey,
        PemError::Malformed => CertificateError::Malformed,
    })?;
    if let Some(other) = blocks.iter().find(|it| it.label != CERTIFICATE) {
        return Err(match other.label {
            "PUBLIC KEY" | "RSA PUBLIC KEY" if blocks.len() == 1 => CertificateError::PublicKey,
            label => CertificateError::Other(label.to_owned()),
        });
    }
    match &*blocks {
        [] => Err(CertificateError::Missing),
        [one] => one.bytes().ok_or(CertificateError::Malformed),
        _ => Err(CertificateError::Several(blocks.len())),
    }
}
