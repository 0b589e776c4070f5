//! The blocks of a file in PEM form, whatever they hold.
//!
//! Not the reader of a crate: lines of any width and indented ones are common, and what else is in
//! the file must be told apart.

use std::ops::Range;

use base64ct::{Base64, Encoding as _};

pub(super) const DASHES: &str = "-----";
pub(super) const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
/// The label of a certificate.
pub(super) const CERTIFICATE: &str = "CERTIFICATE";

/// How the lines around every kind of private key end.
const PRIVATE_KEY: &[u8] = b"PRIVATE KEY-----";

/// A block.
pub(super) struct Block<'a> {
    /// What it says that it is.
    pub(super) label: &'a str,
    text: String,
    /// Its first line, in bytes of the file.
    pub(super) line: Range<usize>,
}

impl Block<'_> {
    /// What is in it; none where it is not base64.
    pub(super) fn bytes(&self) -> Option<Vec<u8>> {
        Base64::decode_vec(&self.text).ok()
    }
}

/// Why a file is none in PEM form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PemError {
    /// There is a private key in it.
    Private,
    /// A block has no end, or one that is another's.
    Malformed,
}

/// The blocks of a file. Text around them is allowed, as `openssl x509 -text` writes it.
pub(super) fn blocks(file: &[u8]) -> Result<Vec<Block<'_>>, PemError> {
    // Wherever it stands and however damaged the rest: a private key is what has to be said first.
    if file.windows(PRIVATE_KEY.len()).any(|it| it == PRIVATE_KEY) {
        return Err(PemError::Private);
    }
    let (mut blocks, mut open, mut at) = (Vec::new(), None::<Block<'_>>, 0);
    for whole in file.split_inclusive(|b| *b == b'\n') {
        let start = at;
        at += whole.len();
        let whole = whole.strip_prefix("\u{feff}".as_bytes()).unwrap_or(whole);
        let line = whole.trim_ascii();
        open = match (open, label(line, BEGIN), label(line, END)) {
            (None, Some(label), _) => {
                Some(Block { label, text: String::new(), line: start..start + line.len() })
            }
            (Some(block), None, Some(ended)) if block.label == ended => {
                blocks.push(block);
                None
            }
            (Some(mut block), None, None) => {
                block.text.push_str(std::str::from_utf8(line).map_err(|_| PemError::Malformed)?);
                Some(block)
            }
            (None, None, None) => None,
            _ => return Err(PemError::Malformed),
        };
    }
    if open.is_some() { Err(PemError::Malformed) } else { Ok(blocks) }
}

/// The label of a line that begins or ends a block: `-----BEGIN CERTIFICATE-----`.
fn label<'a>(line: &'a [u8], start: &str) -> Option<&'a str> {
    let label = line.strip_prefix(start.as_bytes())?.strip_suffix(DASHES.as_bytes())?;
    let is_word = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b' ';
    std::str::from_utf8(label).ok().filter(|it| it.as_bytes().iter().all(is_word))
}
