//! Public keys of `OpenPGP` (RFC 4880), as far as Argo CD has to know them: which keys may sign,
//! and the key itself as text.

mod packets;
mod refusals;

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

use self::{
    packets::Packets,
    refusals::{private, refused},
};
use crate::units::{described::described, error::ValueError};

const BEGIN: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
const END: &str = "-----END PGP PUBLIC KEY BLOCK-----";

/// A public key, and the numbers by which signatures name it and its subkeys.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    text: Arc<str>,
    ids: Vec<Arc<str>>,
    expires: Option<i64>,
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

    /// The last moment (seconds since 1970, UTC) at which one of them may sign, as the key says
    /// itself; none where that has no end.
    pub fn expires(&self) -> Option<i64> {
        self.expires
    }

    /// The key IDs of all that may sign: a signature names the subkey that made it.
    pub fn ids(&self) -> impl Iterator<Item = &Arc<str>> {
        self.ids.iter()
    }
}

impl std::str::FromStr for SigningKey {
    type Err = ValueError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        // Of a private key nothing is repeated, not even how it begins.
        if s.contains("PRIVATE KEY") {
            return Err(private().into());
        }
        let bytes = unarmored(s)?;
        let Packets { ids, expires } = packets::read(&bytes)?;
        Ok(Self { text: armored(&bytes).into(), ids, expires })
    }
}

/// The bytes between the two lines, held against their checksum where there is one.
fn unarmored(s: &str) -> Result<Vec<u8>, String> {
    let mut lines = s.trim().lines().map(str::trim);
    if lines.next() != Some(BEGIN) {
        return Err(refused(&format!("it must begin with `{BEGIN}`")));
    }
    let (mut text, mut sum, mut ended) = (String::new(), None, false);
    // `Comment: …` and the like, up to an empty line.
    for line in lines.skip_while(|it| it.contains(": ")) {
        if ended {
            return Err(refused("an entry holds a single key"));
        } else if line == END {
            ended = true;
        } else if let Some(text) = line.strip_prefix('=').filter(|it| it.len() == 4) {
            sum = Some(text.to_owned());
        } else {
            text.push_str(line);
        }
    }
    if !ended {
        return Err(refused(&format!("it must end with `{END}`")));
    }
    let bytes = Base64::decode_vec(&text)
        .map_err(|_| refused("the text between its first and last line is not Base64"))?;
    let is_whole =
        sum.is_none_or(|sum| Base64::decode_vec(&sum).is_ok_and(|it| it == crc24(&bytes)));
    if is_whole {
        Ok(bytes)
    } else {
        Err(refused("its checksum does not match: a part of it is missing or changed"))
    }
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
