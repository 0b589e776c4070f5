//! Lines of `known_hosts` (sshd(8)): which of them are about one server, and the keys that it has.

use std::ops::Range;

use base64ct::{Base64, Encoding as _};
use sha1::{Digest as _, Sha1};

/// Why a text is none, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong.
    pub why: Why,
    /// The line, in bytes of the text; none: the whole.
    pub line: Option<Range<usize>>,
}

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// There is a private key in it.
    Private,
    /// A line has fewer than three words.
    Words,
    /// A line begins with a marker, which says more than that a server has a key.
    Marker(String),
    /// The key of a line is none, or is of another kind than the line says.
    Key,
    /// No line is about the server; how the servers are called that lines in clear text are about.
    Nobody(Vec<String>),
}

/// The keys of a server: the kind of each, and the key.
///
/// # Errors
/// A line is none of such a text, or none is about the server.
pub fn keys(text: &str, server: &str) -> Result<Vec<(String, String)>, Refusal> {
    // Of a private key nothing is repeated.
    if text.contains("PRIVATE KEY") {
        return Err(Refusal { why: Why::Private, line: None });
    }
    let (mut found, mut others, mut at) = (Vec::new(), Vec::new(), 0);
    for whole in text.split_inclusive('\n') {
        let start = at + (whole.len() - whole.trim_start().len());
        at += whole.len();
        let line = whole.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let refuse = |why| Refusal { why, line: Some(start..start + line.len()) };
        let mut words = line.split_ascii_whitespace();
        let (Some(servers), Some(kind), Some(key)) = (words.next(), words.next(), words.next())
        else {
            return Err(refuse(Why::Words));
        };
        if servers.starts_with('@') {
            return Err(refuse(Why::Marker(servers.to_owned())));
        }
        if !is_key(kind, key) {
            return Err(refuse(Why::Key));
        }
        let pair = (kind.to_owned(), key.to_owned());
        if !names(servers, server) {
            others.extend(servers.split(',').filter(|it| !it.starts_with('|')).map(str::to_owned));
        } else if !found.contains(&pair) {
            found.push(pair);
        }
    }
    others.dedup();
    if found.is_empty() {
        return Err(Refusal { why: Why::Nobody(others), line: None });
    }
    Ok(found)
}

/// Whether a text is a key of that kind: fields with their lengths before them and nothing behind
/// the last one (RFC 4253, 6.6), of which the first is the kind.
fn is_key(kind: &str, key: &str) -> bool {
    let Ok(bytes) = Base64::decode_vec(key) else { return false };
    let (mut rest, mut fields) = (&*bytes, Vec::new());
    while !rest.is_empty() {
        let Some((length, behind)) = rest.split_first_chunk::<4>() else { return false };
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let Some((field, behind)) = behind.split_at_checked(length) else { return false };
        fields.push(field);
        rest = behind;
    }
    fields.len() > 1 && fields[0] == kind.as_bytes()
}

/// Whether the first word of a line names a server: a list of patterns, or a hash.
fn names(servers: &str, server: &str) -> bool {
    if let Some(hashed) = servers.strip_prefix("|1|") {
        let Some((salt, hash)) = hashed.split_once('|') else { return false };
        let (Ok(salt), Ok(hash)) = (Base64::decode_vec(salt), Base64::decode_vec(hash)) else {
            return false;
        };
        return *hash == hmac(&salt, server.as_bytes());
    }
    let mut is_named = false;
    for pattern in servers.split(',') {
        let pattern = pattern.to_ascii_lowercase();
        match pattern.strip_prefix('!') {
            Some(pattern) if matches(pattern.as_bytes(), server.as_bytes()) => return false,
            Some(_) => {}
            None => is_named |= matches(pattern.as_bytes(), server.as_bytes()),
        }
    }
    is_named
}

/// `*` stands for any characters, `?` for one.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    // Where the last `*` stood, and how much of the text it stands for.
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(one) if *one == b'?' || *one == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((at, taken)) = star else { return false };
                star = Some((at, taken + 1));
                p = at + 1;
                t = taken + 1;
            }
        }
    }
    pattern[p..].iter().all(|it| *it == b'*')
}

/// HMAC-SHA1 (RFC 2104), which is what OpenSSH hashes names with. No secret of ours is in it.
fn hmac(key: &[u8], text: &[u8]) -> [u8; 20] {
    const BLOCK: usize = 64;
    let mut block = [0; BLOCK];
    if key.len() > BLOCK {
        block[..20].copy_from_slice(&Sha1::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Sha1::new().chain_update(block.map(|it| it ^ 0x36)).chain_update(text).finalize();
    let outer = Sha1::new().chain_update(block.map(|it| it ^ 0x5c)).chain_update(inner);
    outer.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::{Why, hmac, keys, names};

    const KEY: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

    #[test]
    fn a_name_is_hashed_as_openssh_does_it() {
        // RFC 2202, test cases 2 and 6.
        let hex = |bytes: [u8; 20]| bytes.map(|it| format!("{it:02x}")).concat();
        assert_eq!(
            hex(hmac(b"Jefe", b"what do ya want for nothing?")),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"
        );
        assert_eq!(
            hex(hmac(&[0xaa; 80], b"Test Using Larger Than Block-Size Key - Hash Key First")),
            "aa4ae5e15272d00e95705637ce8a3b55ed402112"
        );
    }

    #[test]
    fn patterns_name_servers() {
        for servers in ["git.lan", "GIT.lan", "a,git.lan", "*.lan", "g?t.*", "*", "!b.lan,*.lan"] {
            assert!(names(servers, "git.lan"), "{servers}");
        }
        for servers in ["git.la", "git.lan.org", "?.lan", "!git.lan,*", "[git.lan]:2222", "|1|a|b"]
        {
            assert!(!names(servers, "git.lan"), "{servers}");
        }
        assert!(names("[git.lan]:2222,x", "[git.lan]:2222"));
    }

    #[test]
    fn lines_that_are_none_are_refused_where_they_stand() {
        let of = |text: &str| keys(text, "git.lan").expect_err(text);
        let line = format!("git.lan ssh-ed25519 {KEY}\n");
        assert_eq!(keys(&line.repeat(2), "git.lan").map(|it| it.len()), Ok(1));
        let text = format!("# a note\n\n{line}git.lan ssh-ed25519\n");
        let refusal = of(&text);
        assert_eq!(refusal.why, Why::Words);
        assert_eq!(refusal.line.map(|it| &text[it]), Some("git.lan ssh-ed25519"));
        assert_eq!(of(&format!("@revoked {line}")).why, Why::Marker("@revoked".to_owned()));
        assert_eq!(of("git.lan ssh-rsa AAAA\n").why, Why::Key);
        assert_eq!(of(&line.replace("ed25519", "rsa")).why, Why::Key);
        assert_eq!(of(&line.replace("0dh2l9GKJl", "0dh2l9")).why, Why::Key);
        assert_eq!(of("-----BEGIN OPENSSH PRIVATE KEY-----").why, Why::Private);
        assert_eq!(
            of(&line.replace("git.lan", "[git.lan]:2222")).why,
            Why::Nobody(vec!["[git.lan]:2222".to_owned()])
        );
        assert_eq!(of("").why, Why::Nobody(Vec::new()));
    }
}
