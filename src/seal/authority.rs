//! Certificates of authorities: which servers a client believes.

use std::{fmt::Write as _, ops::Range};

use base64ct::{Base64, Encoding as _};
use x509_cert::{
    der::Decode as _,
    ext::pkix::{BasicConstraints, KeyUsage},
};

use super::{
    certificate::seconds,
    pem::{self, CERTIFICATE, PemError},
};

/// Certificates of authorities, in one form whatever stood around them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// In PEM form.
    pub text: String,
    /// From when to when each is valid, in seconds since 1970.
    pub valid: Vec<(i64, i64)>,
    /// Whether the first may certify others.
    pub certifies: bool,
    /// Whether each is certified by the next.
    pub is_chain: bool,
}

/// Why a file holds no certificates of authorities, and the line of it that says so. Never says
/// what the file holds beyond its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleError {
    /// What is wrong.
    pub why: Why,
    /// The first line of the block, in bytes of the file.
    pub line: Option<Range<usize>>,
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// There is no certificate in it.
    Missing,
    /// A block has no end, is not base64, or is no certificate.
    Malformed,
    /// There is a private key in it.
    Private,
    /// Something else in PEM form: its label.
    Other(String),
    /// A certificate of a server, which another one has signed.
    OfServer,
}

/// Reads them.
///
/// # Errors
/// There is none, or another thing beside them.
pub fn parse(file: &[u8]) -> Result<Bundle, BundleError> {
    let nowhere = |why| BundleError { why, line: None };
    let blocks = pem::blocks(file).map_err(|why| match why {
        PemError::Private => nowhere(Why::Private),
        PemError::Malformed => nowhere(Why::Malformed),
    })?;
    if blocks.is_empty() {
        return Err(nowhere(Why::Missing));
    }
    let (mut text, mut valid) = (String::new(), Vec::new());
    let (mut certifies, mut is_chain, mut above) = (false, true, None);
    for block in blocks {
        let here = |why| BundleError { why, line: Some(block.line.clone()) };
        if block.label != CERTIFICATE {
            return Err(here(Why::Other(block.label.to_owned())));
        }
        let der = block.bytes().ok_or_else(|| here(Why::Malformed))?;
        let read = x509_cert::Certificate::from_der(&der).map_err(|_| here(Why::Malformed))?;
        let read = read.tbs_certificate;
        let is_authority = read
            .get::<BasicConstraints>()
            .map_err(|_| here(Why::Malformed))?
            .is_some_and(|it| it.1.ca);
        // A server that has signed its own is its own authority.
        if !is_authority && read.issuer != read.subject {
            return Err(here(Why::OfServer));
        }
        let may_sign = read
            .get::<KeyUsage>()
            .map_err(|_| here(Why::Malformed))?
            .is_none_or(|it| it.1.key_cert_sign());
        certifies |= is_authority && may_sign && valid.is_empty();
        is_chain &= above.is_none_or(|it| it == read.subject);
        above = Some(read.issuer.clone());
        valid.push((seconds(&read.validity.not_before), seconds(&read.validity.not_after)));
        armor(&der, &mut text);
    }
    Ok(Bundle { text, valid, certifies, is_chain })
}

fn armor(der: &[u8], text: &mut String) {
    let _ = writeln!(text, "-----BEGIN {CERTIFICATE}-----");
    let encoded = Base64::encode_string(der);
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        let _ = writeln!(text, "{line}");
        rest = after;
    }
    let _ = writeln!(text, "-----END {CERTIFICATE}-----");
}
