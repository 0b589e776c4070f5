//! The packets of a public key: which keys it holds, what they say of themselves, and what is no
//! key that `GnuPG` would take.
//!
//! No signature is verified here: Argo CD's `GnuPG` does. What can be told without is told before
//! anybody waits for a cluster.

use std::{fmt::Write as _, sync::Arc};

use sha1::{Digest as _, Sha1};

use super::refusals::{private, refused};

/// Tags of packets (RFC 4880, 4.3).
mod tag {
    pub(super) const SIGNATURE: u8 = 2;
    pub(super) const SECRET_KEY: u8 = 5;
    pub(super) const PUBLIC_KEY: u8 = 6;
    pub(super) const SECRET_SUBKEY: u8 = 7;
    pub(super) const NAME: u8 = 13;
    pub(super) const PUBLIC_SUBKEY: u8 = 14;
    pub(super) const PICTURE: u8 = 17;
}

/// Types of signatures (RFC 4880, 5.2.1).
mod kind {
    pub(super) const NAME: std::ops::RangeInclusive<u8> = 0x10..=0x13;
    pub(super) const SUBKEY: u8 = 0x18;
    pub(super) const KEY: u8 = 0x1f;
    pub(super) const KEY_REVOKED: u8 = 0x20;
    pub(super) const SUBKEY_REVOKED: u8 = 0x28;
}

/// Algorithms that sign: RSA, DSA, ECDSA, `EdDSA` in its old form, Ed25519, Ed448.
const SIGNING: [u8; 7] = [1, 3, 17, 19, 22, 27, 28];
/// The flag of a key that may sign data.
const MAY_SIGN: u8 = 2;

/// What a public key says of itself.
pub(super) struct Packets {
    /// The key IDs of the primary key and of its subkeys that may sign.
    pub ids: Vec<Arc<str>>,
    /// When the last of them ends (seconds since 1970, UTC); none where one has no end.
    pub expires: Option<i64>,
}

/// The primary key or a subkey, with what the primary key has signed of it.
struct Key {
    id: Arc<str>,
    algorithm: u8,
    made: u32,
    /// The newest signature that binds it: to a name, or to the primary key.
    bound: Option<Signature>,
    is_revoked: bool,
}

impl Key {
    fn may_sign(&self) -> bool {
        let flags = self.bound.as_ref().and_then(|it| it.flags);
        !self.is_revoked
            && SIGNING.contains(&self.algorithm)
            && flags.is_none_or(|it| it & MAY_SIGN != 0)
    }

    /// Its last second; none where it has no end.
    fn end(&self) -> Option<i64> {
        let lasts = self.bound.as_ref()?.lasts;
        (lasts > 0).then(|| i64::from(self.made) + i64::from(lasts))
    }

    /// The newest signature decides.
    fn bind(&mut self, signature: Signature) {
        if self.bound.as_ref().is_none_or(|old| old.made <= signature.made) {
            self.bound = Some(signature);
        }
    }
}

/// What a signature says, verified or not.
#[derive(Default)]
struct Signature {
    kind: u8,
    made: u32,
    /// Seconds from the making of the key to its end; 0 says that it has none.
    lasts: u32,
    flags: Option<u8>,
    by: Option<Arc<str>>,
}

/// Reads all packets.
pub(super) fn read(bytes: &[u8]) -> Result<Packets, String> {
    let mut keys: Vec<Key> = Vec::new();
    let (mut is_at_name, mut is_named) = (false, false);
    let mut rest = bytes;
    while !rest.is_empty() {
        let (tag, body, after) =
            packet(rest).ok_or_else(|| refused("it is cut off, or is not a key"))?;
        rest = after;
        match tag {
            tag::SECRET_KEY | tag::SECRET_SUBKEY => return Err(private()),
            tag::PUBLIC_KEY if !keys.is_empty() => {
                return Err(refused("an entry holds a single key"));
            }
            tag::PUBLIC_SUBKEY if keys.is_empty() => {
                return Err(refused("it does not begin with a key"));
            }
            tag::PUBLIC_KEY | tag::PUBLIC_SUBKEY => {
                keys.push(key(body)?);
                is_at_name = false;
            }
            _ if keys.is_empty() => return Err(refused("it does not begin with a key")),
            tag::NAME | tag::PICTURE => is_at_name = tag == tag::NAME,
            tag::SIGNATURE => {
                let primary = keys[0].id.clone();
                // Of what others have signed, nothing follows.
                let Some(signature) =
                    signature(body).filter(|it| it.by.as_ref().is_none_or(|by| *by == primary))
                else {
                    continue;
                };
                let is_primary = keys.len() == 1;
                let Some(key) = keys.last_mut() else { continue };
                match signature.kind {
                    kind if is_primary && is_at_name && kind::NAME.contains(&kind) => {
                        is_named = true;
                        key.bind(signature);
                    }
                    kind::KEY if is_primary => key.bind(signature),
                    kind::SUBKEY if !is_primary => key.bind(signature),
                    kind::KEY_REVOKED if is_primary => key.is_revoked = true,
                    kind::SUBKEY_REVOKED if !is_primary => key.is_revoked = true,
                    _ => {}
                }
            }
            _ => {}
        }
    }
    let (primary, subkeys) = keys.split_first().ok_or_else(|| refused("it is empty"))?;
    if primary.is_revoked {
        return Err(refused("its owner has revoked it"));
    }
    if !is_named {
        return Err(refused("it has no self-signed user ID, and GnuPG refuses such a key"));
    }
    if let Some(subkey) = subkeys.iter().find(|it| it.bound.is_none() && !it.is_revoked) {
        return Err(refused(&format!(
            "it has not signed its subkey {}, which anyone may have added",
            subkey.id
        )));
    }
    let ends: Vec<Option<i64>> = keys.iter().filter(|it| it.may_sign()).map(Key::end).collect();
    if ends.is_empty() {
        return Err(refused("none of its keys may sign"));
    }
    let last = ends
        .into_iter()
        .reduce(|one, other| one.zip(other).map(|(one, other)| one.max(other)))
        .flatten();
    // A subkey ends with the key that it belongs to.
    let expires = [primary.end(), last].into_iter().flatten().min();
    let named = subkeys.iter().filter(|it| !it.is_revoked && SIGNING.contains(&it.algorithm));
    Ok(Packets {
        ids: [primary].into_iter().chain(named).map(|it| it.id.clone()).collect(),
        expires,
    })
}

/// The packet of a key: version, four bytes of its making, algorithm, numbers.
fn key(body: &[u8]) -> Result<Key, String> {
    let version = body.first().copied().unwrap_or_default();
    if version != 4 {
        return Err(refused(&format!(
            "it is of version {version}, and GnuPG in Argo CD knows version 4"
        )));
    }
    let head = body
        .split_at_checked(6)
        .and_then(|(head, numbers)| Some((number(head.get(1..5)?), *head.get(5)?, numbers)));
    let whole = head.filter(|(_, algorithm, numbers)| is_whole(*algorithm, numbers) == Some(true));
    let Some((made, algorithm, _)) = whole else {
        return Err(refused("a key in it lacks the numbers for checking signatures"));
    };
    Ok(Key { id: id(body), algorithm, made, bound: None, is_revoked: false })
}

/// Whether all numbers of a key are there, and nothing besides.
fn is_whole(algorithm: u8, numbers: &[u8]) -> Option<bool> {
    let is_over = |bytes: Option<&[u8]>| bytes.map(<[u8]>::is_empty);
    let point = || integer(numbers.get(1 + usize::from(*numbers.first()?)..)?);
    match algorithm {
        1..=3 => is_over(integers(2, numbers)),
        16 | 20 => is_over(integers(3, numbers)),
        17 => is_over(integers(4, numbers)),
        18 => point().map(|it| !it.is_empty()),
        19 | 22 => is_over(point()),
        25 | 27 => Some(numbers.len() == 32),
        26 => Some(numbers.len() == 56),
        28 => Some(numbers.len() == 57),
        _ => Some(!numbers.is_empty()),
    }
}

/// What follows so many integers.
fn integers(count: usize, bytes: &[u8]) -> Option<&[u8]> {
    (0..count).try_fold(bytes, |rest, _| integer(rest))
}

/// What follows an integer, which is not 0: its length in bits, its bytes.
fn integer(bytes: &[u8]) -> Option<&[u8]> {
    let bits = usize::try_from(number(bytes.get(..2)?)).ok().filter(|it| *it > 0)?;
    bytes.get(2 + bits.div_ceil(8)..)
}

/// A signature of version 4, the only one that binds a key of version 4.
fn signature(body: &[u8]) -> Option<Signature> {
    let (4, kind) = (*body.first()?, *body.get(1)?) else { return None };
    let sized = |at: usize| {
        let length = usize::try_from(number(body.get(at..at + 2)?)).ok()?;
        body.get(at + 2..at + 2 + length)
    };
    let hashed = sized(4)?;
    let unhashed = sized(6 + hashed.len())?;
    let mut signature = Signature { kind, ..Signature::default() };
    facts(hashed, &mut |what, fact| match what {
        2 => signature.made = number(fact),
        9 => signature.lasts = number(fact),
        27 => signature.flags = fact.first().copied(),
        _ => {}
    })?;
    for part in [hashed, unhashed] {
        facts(part, &mut |what, fact| {
            // The issuer by its number, or by its fingerprint, which ends in that.
            if what == 16 || what == 33 && fact.first() == Some(&4) {
                signature.by = fact.last_chunk::<8>().map(|it| hexadecimal(it));
            }
        })?;
    }
    Some(signature)
}

/// Goes through the facts of a signature (RFC 4880, 5.2.3.1); none where one is cut off.
fn facts(bytes: &[u8], each: &mut dyn FnMut(u8, &[u8])) -> Option<()> {
    let mut rest = bytes;
    while let Some(&first) = rest.first() {
        let (length, at): (usize, usize) = match first {
            0..=191 => (usize::from(first), 1),
            192..=254 => (((usize::from(first) - 192) << 8) + usize::from(*rest.get(1)?) + 192, 2),
            255 => (usize::try_from(number(rest.get(1..5)?)).ok()?, 5),
        };
        let fact = rest.get(at..at.checked_add(length)?)?;
        let (what, fact) = fact.split_first()?;
        each(what & 0x7f, fact);
        rest = &rest[at + length..];
    }
    Some(())
}

/// The last 8 bytes of a key's fingerprint.
fn id(body: &[u8]) -> Arc<str> {
    let length = u16::try_from(body.len()).unwrap_or(u16::MAX);
    let sum = Sha1::new()
        .chain_update([0x99])
        .chain_update(length.to_be_bytes())
        .chain_update(body)
        .finalize();
    hexadecimal(&sum[12..])
}

fn hexadecimal(bytes: &[u8]) -> Arc<str> {
    let write = |mut text: String, byte: &u8| {
        let _ = write!(text, "{byte:02X}");
        text
    };
    bytes.iter().fold(String::new(), write).into()
}

/// A number of up to four bytes, the highest first.
fn number(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0, |sum, byte| sum << 8 | u32::from(*byte))
}

/// The first packet: its tag, its body, and what follows. Keys have no packets of an unknown
/// length.
fn packet(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let number = |bytes: &[u8]| usize::try_from(number(bytes)).ok();
    let is_packet = first & 0x80 != 0;
    let is_new = first & 0x40 != 0;
    let (tag, length, at) = if is_new {
        let one = *rest.first()?;
        match one {
            0..=191 => (first & 0x3f, usize::from(one), 1),
            192..=223 => (
                first & 0x3f,
                ((usize::from(one) - 192) << 8) + usize::from(*rest.get(1)?) + 192,
                2,
            ),
            255 => (first & 0x3f, number(rest.get(1..5)?)?, 5),
            _ => return None,
        }
    } else {
        let octets = [1, 2, 4].get(usize::from(first & 3)).copied()?;
        ((first >> 2) & 0xf, number(rest.get(..octets)?)?, octets)
    };
    let end = at.checked_add(length).filter(|it| is_packet && *it <= rest.len())?;
    Some((tag, &rest[at..end], &rest[end..]))
}
