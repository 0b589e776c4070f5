//! The form of each kind of name, and the message for a text that does not have it.

use core::net::Ipv4Addr; // of `core`: addresses only, no sockets
use std::borrow::Cow;

/// The name in its canonical form, or the message that says what is wrong with it.
pub(super) type Checked<'a> = Result<Cow<'a, str>, String>;

pub(super) fn is_label(s: &str) -> bool {
    let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    (1..=63).contains(&s.len())
        && edge(s.as_bytes().first())
        && edge(s.as_bytes().last())
        && s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Whether Windows takes a file's name for a device, whatever follows its first dot: nobody could
/// check it out there.
pub(super) fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_lowercase();
    let numbered = |text: &str| {
        stem.strip_prefix(text).is_some_and(|it| matches!(it.as_bytes(), [b'0'..=b'9']))
    };
    ["con", "prn", "aux", "nul", "conin$", "conout$"].contains(&&*stem)
        || numbered("com")
        || numbered("lpt")
}

pub(super) fn dns_label(s: &str) -> Checked<'_> {
    if is_label(s) && is_device(s) {
        return Err(format!(
            "`{s}` is a device name on Windows, where no folder can have it; write another name, \
             like `{s}-1`"
        ));
    }
    if is_label(s) {
        return Ok(s.into());
    }
    if s.is_empty() {
        return Err("a name must not be empty".to_owned());
    }
    if s.len() > 63 {
        return Err(format!("`{s}` has {} characters: a name has at most 63", s.chars().count()));
    }
    let why =
        "a name is made of lower-case letters, digits and `-`, with a letter or digit at both ends";
    let better = as_label(s);
    Err(if is_label(&better) {
        format!("`{s}` is not a name: {why}; write `{better}`")
    } else {
        format!("`{s}` is not a name: {why}")
    })
}

pub(super) fn sealed_for(s: &str) -> Checked<'_> {
    if s == "*" { Ok(s.into()) } else { dns_label(s) }
}

pub(super) fn fingerprint(s: &str) -> Checked<'_> {
    let is_digit = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    match s.strip_prefix("sha256:") {
        Some(digits) if digits.len() == 64 && digits.bytes().all(is_digit) => Ok(s.into()),
        _ => Err(format!(
            "`{s}` is not a fingerprint: it is `sha256:` and 64 hexadecimal digits in lower case, \
             as `espalier seal` writes it"
        )),
    }
}

/// The nearest label to a text, for a help line.
fn as_label(s: &str) -> String {
    let dashed =
        s.to_lowercase().replace(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit(), "-");
    dashed.trim_matches('-').to_owned()
}

pub(super) fn object_name(s: &str) -> Checked<'_> {
    if s.len() <= 253 && s.split('.').all(is_label) {
        return Ok(s.into());
    }
    let better = s.split('.').map(as_label).collect::<Vec<_>>().join(".");
    let why = "the name of an object is made of lower-case letters, digits, `-` and `.`, at most \
               253, with a letter or digit at both ends";
    let is_name = better.len() <= 253 && better.split('.').all(is_label);
    Err(if is_name {
        format!("`{s}` is not a name: {why}; write `{better}`")
    } else {
        format!("`{s}` is not a name: {why}")
    })
}

fn is_label_value(s: &str) -> bool {
    let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let all = s.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    s.len() <= 63 && all && edge(s.as_bytes().first()) && edge(s.as_bytes().last())
}

pub(super) fn label_value(s: &str) -> Checked<'_> {
    if s.is_empty() || is_label_value(s) {
        return Ok(s.into());
    }
    Err(format!(
        "`{s}` is not a valid label value: it is made of letters, digits, `-`, `_` and `.`, at \
         most 63, with a letter or digit at both ends"
    ))
}

pub(super) fn label_key(s: &str) -> Checked<'_> {
    let (domain, name) = s.split_once('/').map_or((None, s), |it| (Some(it.0), it.1));
    if is_label_value(name) && domain.is_none_or(|it| object_name(it).is_ok()) {
        return Ok(s.into());
    }
    Err(format!("`{s}` is not a valid label key: write it like `gpu` or `nvidia.com/gpu`"))
}

pub(super) fn is_host(s: &str) -> bool {
    s.len() <= 253
        && s.contains('.')
        && s.split('.').all(is_label)
        && !s.rsplit('.').next().is_some_and(|top| top.bytes().all(|b| b.is_ascii_digit()))
}

pub(super) fn host(s: &str) -> Checked<'_> {
    if is_host(s) {
        return Ok(s.into());
    }
    let bare = s.split_once("://").map_or(s, |it| it.1);
    let bare = bare.split(['/', '?', '#']).next().unwrap_or_default();
    let bare = bare.rsplit_once(':').map_or(bare, |it| it.0).trim_end_matches('.').to_lowercase();
    Err(if s.starts_with("*.") {
        format!("`{s}` is a wildcard: write one host name")
    } else if bare != s && is_host(&bare) {
        format!("`{s}` is not a host name: write the host only, `{bare}`")
    } else if is_label(s) {
        format!("`{s}` is not a full host name: write it with its domain, like `{s}.example.org`")
    } else if s.len() > 253 {
        "a host name has at most 253 characters".to_owned()
    } else if s.split('.').any(|it| it.len() > 63) {
        format!("`{s}` is not a host name: at most 63 characters are allowed between two dots")
    } else {
        format!(
            "`{s}` is not a host name: write it like `chat.example.org`, in lower case, without \
             scheme, port or path"
        )
    })
}

pub(super) fn address(s: &str) -> Checked<'_> {
    if s.parse::<Ipv4Addr>().is_ok() {
        return Ok(s.into());
    }
    host(s).map_err(|why| {
        let is_ip =
            s.contains(':') && s.bytes().all(|b| b.is_ascii_hexdigit() || b":[].".contains(&b));
        if is_ip {
            format!(
                "`{s}` is neither a host name nor an IPv4 address: write one of them, without a \
                 port"
            )
        } else {
            why
        }
    })
}

/// Base and mask of a range of addresses.
pub(super) fn range(s: &str) -> Option<(Ipv4Addr, u32)> {
    let (base, bits) = s.split_once('/')?;
    let bits: u32 =
        bits.parse().ok().filter(|number: &u32| *number <= 32 && *number.to_string() == *bits)?;
    Some((base.parse().ok()?, u32::MAX.checked_shl(32 - bits).unwrap_or(0)))
}

pub(super) fn cidr(s: &str) -> Checked<'_> {
    let shape = "write it like `192.168.7.0/24`; one address is `192.168.7.20/32`";
    match range(s) {
        Some((base, mask)) if base.to_bits() & mask == base.to_bits() => Ok(s.into()),
        Some((base, mask)) => {
            let network = Ipv4Addr::from_bits(base.to_bits() & mask);
            Err(format!(
                "`{s}` is an address within a range: write `{network}/{}`, or `{base}/32` for this \
                 one address",
                mask.count_ones()
            ))
        }
        None if s.parse::<Ipv4Addr>().is_ok() => {
            Err(format!("`{s}` is an address, not a range: write `{s}/32`"))
        }
        None => Err(format!("`{s}` is not a range of IPv4 addresses: {shape}")),
    }
}

pub(super) fn sql_name(s: &str) -> Checked<'_> {
    let is_first = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    if (1..=63).contains(&s.len())
        && is_first(s.as_bytes()[0])
        && s.bytes().all(|b| is_first(b) || b == b'-' || b == b'.')
    {
        return Ok(s.into());
    }
    Err(format!(
        "`{s}` is not a PostgreSQL name that can be used in a URL: it is made of letters, digits, \
         `_`, `-` and `.`, at most 63"
    ))
}

pub(super) fn email(s: &str) -> Checked<'_> {
    let local = |text: &str| {
        (1..=64).contains(&text.len())
            && text.split('.').all(|atom| {
                !atom.is_empty()
                    && atom
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&b))
            })
    };
    match s.rsplit_once('@') {
        Some((name, domain))
            if s.len() <= 254 && local(name) && is_host(&domain.to_lowercase()) =>
        {
            Ok(s.into())
        }
        _ => Err(format!("`{s}` is not an e-mail address: write it like `ops@example.org`")),
    }
}

pub(super) fn endpoint(s: &str) -> Checked<'_> {
    let refuse = |why: &str| format!("`{s}` is not the address of an S3-compatible storage: {why}");
    let shape = "write it like `https://s3.example.org` or `https://10.0.0.7:9000`";
    let clean = s.strip_suffix('/').unwrap_or(s);
    let Some((scheme @ ("https" | "http"), rest)) = clean.split_once("://") else {
        return Err(if is_host(clean) {
            refuse(&format!("write `https://{clean}`"))
        } else {
            refuse(shape)
        });
    };
    if rest.contains('@') {
        // The text itself is left out: it may hold a key.
        return Err(
            "the address of the storage contains credentials: remove them, they belong in a Secret"
                .to_owned(),
        );
    }
    if let Some((authority, _)) = rest.split_once('/') {
        return Err(refuse(&format!(
            "write `{scheme}://{authority}`; the bucket and the prefix have their own fields"
        )));
    }
    let (host, port) = rest.split_once(':').unwrap_or((rest, "443"));
    let is_port =
        port.parse::<u16>().is_ok_and(|it| it > 0) && port.bytes().all(|b| b.is_ascii_digit());
    if !is_port || !(is_host(host) || host.parse::<Ipv4Addr>().is_ok()) {
        return Err(refuse(shape));
    }
    Ok(clean.into())
}

pub(super) fn bucket(s: &str) -> Checked<'_> {
    let edge = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let is_bucket = (3..=63).contains(&s.len())
        && edge(s.as_bytes().first())
        && edge(s.as_bytes().last())
        && s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b))
        && !s.contains("..")
        && s.parse::<Ipv4Addr>().is_err();
    if is_bucket {
        return Ok(s.into());
    }
    Err(format!(
        "`{s}` is not a valid bucket name: it is made of 3 to 63 lower-case letters, digits, `-` \
         and `.`, like `my-backups`"
    ))
}

#[cfg(test)]
mod tests {
    use crate::names::{
        Address, Bucket, Cidr, DnsLabel, Email, Host, LabelKey, LabelValue, ObjectName, SqlName,
        tests::assert_names,
    };

    #[test]
    fn labels_and_hosts() {
        assert_names::<DnsLabel>(
            &["a", "ws-1", "0", &"a".repeat(63)],
            &[
                ("", "must not be empty"),
                ("A_b", "write `a-b`"),
                ("-a", "write `a`"),
                ("a.b", "write `a-b`"),
                (&"a".repeat(64), "at most 63"),
                ("ü", "lower-case letters"),
                ("con", "a device name on Windows"),
                ("aux", "write another name, like `aux-1`"),
                ("nul", "a device name on Windows"),
                ("prn", "a device name on Windows"),
                ("com0", "a device name on Windows"),
                ("lpt9", "a device name on Windows"),
            ],
        );
        assert_names::<ObjectName>(
            &["local-path", "nfs.csi.k8s.io", "a", &["a"; 127].join(".")],
            &[
                ("Local_Path", "write `local-path`"),
                ("nfs..csi", "lower-case letters"),
                ("", "lower-case letters"),
                (&["a"; 128].join("."), "at most 253"),
            ],
        );
        assert_names::<Address>(
            &["db.example.org", "192.168.7.20", "8.8.8.8"],
            &[
                ("db.example.org:5432", "write the host only, `db.example.org`"),
                ("postgresql://db.example.org", "`db.example.org`"),
                ("::1", "IPv4"),
                ("[fe80::1]:5432", "IPv4"),
                ("db", "with its domain"),
                ("192.168.7.256", "not a host name"),
                ("192.168.07.1", "not a host name"),
            ],
        );
        assert_names::<LabelKey>(
            &["gpu", "nvidia.com/gpu.count", "Tier_1"],
            &[
                ("", "like `gpu`"),
                ("a/b/c", "like `gpu`"),
                ("-a", "like `gpu`"),
                ("Nvidia.com/gpu", "like `gpu`"),
                (&"a".repeat(64), "like `gpu`"),
            ],
        );
        assert_names::<LabelValue>(
            &["", "large", "A.b_c-1"],
            &[("a b", "at most 63"), ("-a", "both ends"), (&"a".repeat(64), "at most 63")],
        );
        assert_names::<Cidr>(
            &["0.0.0.0/0", "192.168.7.0/24", "192.168.7.20/32", "10.128.0.0/9"],
            &[
                ("192.168.7.20/24", "write `192.168.7.0/24`, or `192.168.7.20/32`"),
                ("192.168.7.20", "write `192.168.7.20/32`"),
                ("192.168.7.0/33", "like `192.168.7.0/24`"),
                ("192.168.7.0/024", "like `192.168.7.0/24`"),
                ("fd00::/8", "IPv4"),
                ("1.2.3.4/0", "write `0.0.0.0/0`"),
            ],
        );
        assert_names::<SqlName>(
            &["openwebui", "Chat_2", "team-a.chat", "_x"],
            &[("", "at most 63"), ("a b", "letters"), ("a@b", "letters"), ("-a", "letters")],
        );
        assert_names::<Host>(
            &["chat.example.org", "a.b", "1.2.3.a", "xn--bcher-kva.example"],
            &[
                ("https://Chat.example.org:443/x", "write the host only, `chat.example.org`"),
                ("chat.example.org:443", "`chat.example.org`"),
                ("chat.example.org.", "`chat.example.org`"),
                ("Chat.Example.org", "`chat.example.org`"),
                ("*.example.org", "wildcard"),
                ("localhost", "with its domain"),
                ("10.0.0.1", "not a host name"),
                ("", "not a host name"),
                ("a..b", "not a host name"),
                ("bücher.example", "not a host name"),
                (&format!("{}.org", "a".repeat(64)), "at most 63"),
                (&"a.".repeat(130), "at most 253"),
            ],
        );
        assert_names::<Email>(
            &["ops@example.org", "a.b+c@x.example", "o'k@example.org"],
            &[
                ("ops", "like"),
                ("@example.org", "like"),
                ("a b@c.d", "like"),
                ("a@b", "like"),
                ("a..b@c.de", "like"),
                ("\"a\"@c.de", "like"),
                ("a@b@c.de", "like"),
            ],
        );
    }

    #[test]
    fn buckets() {
        assert_names::<Bucket>(
            &["my-backups", "a.b", "000"],
            &[
                ("ab", "3 to 63"),
                ("My", "3 to 63"),
                ("a..b", "3 to 63"),
                ("10.0.0.1", "3 to 63"),
                (&"a".repeat(64), "3 to 63"),
                ("-ab", "3 to 63"),
            ],
        );
        assert_names::<Cidr>(
            &["10.0.0.7/32", "10.0.0.0/8", "0.0.0.0/0", "192.168.4.0/22"],
            &[
                ("10.0.0.7/24", "write `10.0.0.0/24`, or `10.0.0.7/32`"),
                ("192.168.5.0/22", "write `192.168.4.0/22`"),
                ("10.0.0.7/33", "write it like"),
                ("10.0.0/24", "write it like"),
                ("10.0.0.0/08", "write it like"),
                ("256.0.0.0/8", "write it like"),
                ("::/0", "write it like"),
            ],
        );
        assert_names::<Cidr>(
            &["10.1.2.0/24", "10.1.2.3/32", "192.168.0.0/16", "0.0.0.0/0"],
            &[
                ("10.1.2.3", "write `10.1.2.3/32`"),
                ("10.1.2.3/24", "write `10.1.2.0/24`"),
                ("10.1.2.0/33", "write it like"),
                ("10.1.2.0/+24", "write it like"),
                ("10.1.2.0/024", "write it like"),
                ("10.1.2/24", "write it like"),
                ("300.1.2.0/24", "write it like"),
                ("fd00::/8", "write it like"),
                ("", "write it like"),
            ],
        );
    }
}
