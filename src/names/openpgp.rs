//! Public keys of `OpenPGP` (RFC 4880), as far as Argo CD has to know them: which keys may sign, and the key itself as text.

use std::{
    borrow::Cow,
    fmt::{self, Write as _},
    sync::Arc,
};

use base64ct::{Base64, Encoding as _};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{Error, Visitor},
};
use sha1::{Digest as _, Sha1};

use super::described;

const BEGIN: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
const END: &str = "-----END PGP PUBLIC KEY BLOCK-----";

/// Tags of packets (RFC 4880, 4.3).
mod tag {
    pub const SECRET_KEY: u8 = 5;
    pub const PUBLIC_KEY: u8 = 6;
    pub const SECRET_SUBKEY: u8 = 7;
    pub const PUBLIC_SUBKEY: u8 = 14;
}

/// Algorithms that sign: RSA, DSA, ECDSA, `EdDSA` in its old form, Ed25519, Ed448.
const SIGNING: [u8; 7] = [1, 3, 17, 19, 22, 27, 28];

/// A public key, and the numbers by which signatures name it and its subkeys.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    text: Arc<str>,
    ids: Vec<Arc<str>>,
}

impl SigningKey {
    /// The key as text: one form, whatever stood around it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The key ID of the primary key, 16 hexadecimal digits.
    pub fn id(&self) -> &Arc<str> {
        &self.ids[0]
    }

    /// The key IDs of all that may sign: a signature names the subkey that made it.
    pub fn ids(&self) -> impl Iterator<Item = &Arc<str>> {
        self.ids.iter()
    }
}

impl std::str::FromStr for SigningKey {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        // Of a private key nothing is repeated, not even how it begins.
        if s.contains("PRIVATE KEY") {
            return Err(private());
        }
        let bytes = unarmored(s)?;
        let ids = ids(&bytes)?;
        Ok(Self { text: armored(&bytes).into(), ids })
    }
}

fn private() -> String {
    "this is a private key, and whoever reads this file can sign with it now: revoke it; `gpg --armor --export KEY` writes the public one"
        .to_owned()
}

fn refused(why: &str) -> String {
    format!("this is not the public key of a signer: {why}; `gpg --armor --export KEY` writes one")
}

/// The bytes between the two lines, held against their checksum where there is one.
fn unarmored(s: &str) -> Result<Vec<u8>, String> {
    let mut lines = s.trim().lines().map(str::trim);
    if lines.next() != Some(BEGIN) {
        return Err(refused(&format!("it begins with `{BEGIN}`")));
    }
    let (mut text, mut sum, mut ended) = (String::new(), None, false);
    // `Comment: …` and the like, up to an empty line.
    for line in lines.skip_while(|it| it.contains(": ")) {
        if ended {
            return Err(refused("one key stands in one entry"));
        } else if line == END {
            ended = true;
        } else if let Some(it) = line.strip_prefix('=').filter(|it| it.len() == 4) {
            sum = Some(it.to_owned());
        } else {
            text.push_str(line);
        }
    }
    if !ended {
        return Err(refused(&format!("it ends with `{END}`")));
    }
    let bytes = Base64::decode_vec(&text).map_err(|_| refused("what stands between its first and last line is no Base64"))?;
    let is_whole = sum.is_none_or(|it| Base64::decode_vec(&it).is_ok_and(|it| it == crc24(&bytes)));
    if is_whole { Ok(bytes) } else { Err(refused("its checksum is another: a part of it is missing or changed")) }
}

fn armored(bytes: &[u8]) -> String {
    let text = Base64::encode_string(bytes);
    let mut out = format!("{BEGIN}\n\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        let _ = writeln!(out, "{line}");
        rest = after;
    }
    let _ = writeln!(out, "={}\n{END}", Base64::encode_string(&crc24(bytes)));
    out
}

/// RFC 4880, 6.1.
fn crc24(bytes: &[u8]) -> [u8; 3] {
    let sum = bytes.iter().fold(0x00b7_04ce_u32, |sum, byte| {
        (0..8).fold(sum ^ (u32::from(*byte) << 16), |sum, _| {
            let sum = sum << 1;
            if sum & 0x0100_0000 == 0 { sum } else { sum ^ 0x0186_4cfb }
        })
    });
    let [_, a, b, c] = sum.to_be_bytes();
    [a, b, c]
}

/// The key IDs of a primary key and of its subkeys that may sign.
fn ids(bytes: &[u8]) -> Result<Vec<Arc<str>>, String> {
    let mut ids = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (tag, body, after) = packet(rest).ok_or_else(|| refused("it is cut off, or no key at all"))?;
        rest = after;
        match tag {
            tag::SECRET_KEY | tag::SECRET_SUBKEY => return Err(private()),
            tag::PUBLIC_KEY if !ids.is_empty() => return Err(refused("one key stands in one entry")),
            tag::PUBLIC_KEY | tag::PUBLIC_SUBKEY => {
                let version = body.first().copied().unwrap_or_default();
                if version != 4 {
                    return Err(refused(&format!("it is of version {version}, and GnuPG in Argo CD knows version 4")));
                }
                let signs = body.get(5).is_some_and(|it| SIGNING.contains(it));
                if tag == tag::PUBLIC_KEY || signs {
                    ids.push(id(body));
                }
            }
            _ if ids.is_empty() => return Err(refused("it does not begin with a key")),
            _ => {}
        }
    }
    if ids.is_empty() { Err(refused("it is empty")) } else { Ok(ids) }
}

/// The last 8 bytes of a key's fingerprint.
fn id(body: &[u8]) -> Arc<str> {
    let length = u16::try_from(body.len()).unwrap_or(u16::MAX);
    let sum = Sha1::new().chain_update([0x99]).chain_update(length.to_be_bytes()).chain_update(body).finalize();
    sum[12..]
        .iter()
        .fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02X}");
            text
        })
        .into()
}

/// The first packet: its tag, its body, and what follows. Keys have no packets of an unknown length.
fn packet(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let number = |bytes: &[u8]| bytes.iter().fold(0_usize, |sum, it| sum << 8 | usize::from(*it));
    let is_packet = first & 0x80 != 0;
    let is_new = first & 0x40 != 0;
    let (tag, length, at) = if is_new {
        let one = *rest.first()?;
        match one {
            0..=191 => (first & 0x3f, usize::from(one), 1),
            192..=223 => (first & 0x3f, ((usize::from(one) - 192) << 8) + usize::from(*rest.get(1)?) + 192, 2),
            255 => (first & 0x3f, number(rest.get(1..5)?), 5),
            _ => return None,
        }
    } else {
        let octets = [1, 2, 4].get(usize::from(first & 3)).copied()?;
        ((first >> 2) & 0xf, number(rest.get(..octets)?), octets)
    };
    let end = at.checked_add(length).filter(|it| is_packet && *it <= rest.len())?;
    Some((tag, &rest[at..end], &rest[end..]))
}

impl<'de> Deserialize<'de> for SigningKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text)
    }
}

struct Text;

impl Visitor<'_> for Text {
    type Value = SigningKey;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a public key, as `gpg --armor --export KEY` writes it")
    }

    fn visit_str<E: Error>(self, s: &str) -> Result<SigningKey, E> {
        s.parse().map_err(E::custom)
    }
}

impl JsonSchema for SigningKey {
    fn schema_name() -> Cow<'static, str> {
        "SigningKey".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let schema = json_schema!({
            "description": "A public key of OpenPGP, as `gpg --armor --export KEY` writes it.",
            "type": "string",
            "pattern": "^\\s*-----BEGIN PGP PUBLIC KEY BLOCK-----"
        });
        described(schema, &format!("a block that begins with `{BEGIN}`"))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.id())
    }
}
