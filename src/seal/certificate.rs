//! The certificate that values are sealed with.

use std::{error::Error, fmt};

use base64ct::{Base64, Encoding as _};
use rsa::{
    BigUint, RsaPublicKey,
    pkcs1::{self, der::Decode as _},
    traits::PublicKeyParts as _,
};
use sha2::{Digest as _, Sha256};

use super::form::MODULUS_BYTES;

/// A certificate that values can be sealed with: an RSA key, and when it is valid.
///
/// Its owner and issuer are not checked: it lies in the repository, and anyone who can change it
/// there can change the values as well.
#[derive(Clone, Debug)]
pub struct Certificate {
    key: RsaPublicKey,
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

const DASHES: &str = "-----";
const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const CERTIFICATE: &str = "CERTIFICATE";

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
        if info.algorithm.oid != pkcs1::ALGORITHM_OID {
            return Err(CertificateError::NotRsa);
        }
        let key = info.subject_public_key.as_bytes().ok_or(CertificateError::Malformed)?;
        let key = pkcs1::RsaPublicKey::from_der(key).map_err(malformed)?;
        let modulus = BigUint::from_bytes_be(key.modulus.as_bytes());
        let bits = modulus.bits();
        if !MODULUS_BYTES.iter().any(|it| it * 8 == bits) {
            return Err(CertificateError::Size(bits));
        }
        let exponent = BigUint::from_bytes_be(key.public_exponent.as_bytes());
        let key = RsaPublicKey::new_with_max_size(modulus, exponent, bits)
            .map_err(|_| CertificateError::Key)?;
        // There is no time in a certificate before 1970 or after 9999 that gets this far.
        let seconds = |time: x509_cert::time::Time| {
            i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
        };
        Ok(Self {
            key,
            fingerprint: fingerprint(&der),
            not_before: seconds(read.validity.not_before),
            not_after: seconds(read.validity.not_after),
        })
    }

    /// Tells it from others: `sha256:` and 64 hexadecimal digits, of its DER form.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Bits of its key.
    pub fn bits(&self) -> usize {
        self.key.n().bits()
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
    pub(super) fn key(&self) -> &RsaPublicKey {
        &self.key
    }
}

fn fingerprint(der: &[u8]) -> String {
    let digits = Sha256::digest(der)
        .iter()
        .fold(String::with_capacity(64), |text, byte| text + &format!("{byte:02x}"));
    format!("sha256:{digits}")
}

/// The bytes of the only block of a PEM file, which is a certificate.
///
/// Not the reader of a crate: lines of any width and indented ones are common, and what else is in
/// the file must be told apart.
fn only_block(pem: &[u8]) -> Result<Vec<u8>, CertificateError> {
    // Wherever it stands and however damaged the rest: a private key is what has to be said first.
    if pem.windows(PRIVATE_KEY.len()).any(|it| it == PRIVATE_KEY) {
        return Err(CertificateError::PrivateKey);
    }
    let pem = pem.strip_prefix("\u{feff}".as_bytes()).unwrap_or(pem);
    let (mut blocks, mut open) = (Vec::new(), None);
    for line in pem.split(|b| *b == b'\n').map(<[u8]>::trim_ascii) {
        open = match (open, label(line, BEGIN), label(line, END)) {
            (None, Some(begun), _) => Some((begun, String::new())),
            (Some((begun, text)), None, Some(ended)) if begun == ended => {
                blocks.push((begun, text));
                None
            }
            (Some((begun, mut text)), None, None) => {
                text.push_str(std::str::from_utf8(line).map_err(|_| CertificateError::Malformed)?);
                Some((begun, text))
            }
            (None, None, None) => None,
            _ => return Err(CertificateError::Malformed),
        };
    }
    if open.is_some() {
        return Err(CertificateError::Malformed);
    }
    if let Some((other, _)) = blocks.iter().find(|it| it.0 != CERTIFICATE) {
        return Err(match *other {
            "PUBLIC KEY" | "RSA PUBLIC KEY" if blocks.len() == 1 => CertificateError::PublicKey,
            _ => CertificateError::Other((*other).to_owned()),
        });
    }
    match &*blocks {
        [] => Err(CertificateError::Missing),
        [(_, text)] => Base64::decode_vec(text).map_err(|_| CertificateError::Malformed),
        _ => Err(CertificateError::Several(blocks.len())),
    }
}

/// How the lines around every kind of private key end.
const PRIVATE_KEY: &[u8] = b"PRIVATE KEY-----";

/// The label of a line that begins or ends a block: `-----BEGIN CERTIFICATE-----`.
fn label<'a>(line: &'a [u8], start: &str) -> Option<&'a str> {
    let label = line.strip_prefix(start.as_bytes())?.strip_suffix(DASHES.as_bytes())?;
    let is_word = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b' ';
    std::str::from_utf8(label).ok().filter(|it| it.as_bytes().iter().all(is_word))
}
