//! Where servers outside the cluster answer, as the spec writes it.

use core::net::Ipv4Addr; // of `core`: addresses only, no sockets
use std::{borrow::Cow, fmt, ops::Deref, str::FromStr, sync::Arc};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{
    NameVisitor,
    validate::{self, Checked, is_host},
};
use crate::units::{
    described::{described, gives_an_example},
    error::ValueError,
};

name!(
    /// The address of an S3-compatible storage.
    S3Endpoint,
    "the address of an S3-compatible storage like `https://s3.example.org`",
    validate::endpoint,
    json_schema!({
        "description": "Where an S3-compatible storage answers: `https://s3.example.org` or \
                        `https://10.0.0.7:9000`; no path, no bucket.",
        "type": "string",
        "pattern": "^https?://[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:[0-9]+)?/?$"
    })
);

name!(
    /// The URL of an ACME server's directory.
    AcmeDirectory,
    "the URL of an ACME directory like `https://ca.example.org/acme/acme/directory`",
    directory,
    json_schema!({
        "description": "The URL of an ACME server's directory (RFC 8555, section 7.1.1): \
                        `https://`, the host, the port unless it is 443, and the path.",
        "type": "string",
        "maxLength": LONGEST,
        "pattern": "^https://[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:[0-9]+)?/[-A-Za-z0-9._~/]+$"
    })
);

name!(
    /// The address of a name server.
    NameServer,
    "the address of a name server like `ns1.example.org` or `10.0.0.53`",
    name_server,
    json_schema!({
        "description": "The host name or IPv4 address of a name server, with its port unless that \
                        is 53: `ns1.example.org`, `10.0.0.53`, `10.0.0.53:5353`.",
        "type": "string",
        "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:[0-9]+)?$"
    })
);

name!(
    /// The URL of a proxy.
    ProxyUrl,
    "the URL of a proxy like `http://proxy.example.org:3128`",
    proxy,
    json_schema!({
        "description": "Where a proxy answers: `http://` or `https://`, the host, and the port \
                        unless it is 80 or 443; no path, no user and no password.",
        "type": "string",
        "pattern": "^https?://[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:[0-9]+)?/?$"
    })
);

name!(
    /// What is asked without a proxy.
    Bypass,
    "a host, a domain or a range like `mirror.example.org`, `.garden.lan` or `10.20.0.0/16`",
    bypass,
    json_schema!({
        "description": "What is asked without a proxy: a host with all below it, a domain with a \
                        dot before it (what is below it), an IPv4 address or a range of them.",
        "type": "string",
        "maxLength": 254,
        "pattern": "^\\.?[a-z0-9]([-a-z0-9.]*[a-z0-9])?(/[0-9]{1,2})?$"
    })
);

/// Servers of Let's Encrypt, and what the spec calls them.
const LETS_ENCRYPT: [(&str, &str); 2] = [
    ("acme-staging-v02.api.letsencrypt.org", "staging"),
    ("acme-v02.api.letsencrypt.org", "production"),
];

name!(
    /// The name of a TSIG key.
    KeyName,
    "the name of a key like `acme.example.org`",
    key_name,
    json_schema!({
        "description": "The name of a TSIG key, as the name server has it: letters, digits, `_`, \
                        `-` and `.`.",
        "type": "string",
        "maxLength": 254,
        "pattern": "^[A-Za-z0-9_][-A-Za-z0-9_.]*$"
    })
);

/// The longest URL: far beyond any that a server has.
const LONGEST: usize = 500;

fn directory(s: &str) -> Checked<'_> {
    let shape = "write it like `https://ca.example.org/acme/acme/directory`";
    let refuse = |why: &str| format!("`{s}` is not the URL of an ACME directory: {why}");
    let Some((scheme, rest)) = s.split_once("://") else { return Err(refuse(shape)) };
    if scheme == "http" {
        return Err(refuse("ACME is spoken over TLS only: write `https://`"));
    }
    if rest.contains('@') {
        // The text itself is left out: it may hold a password.
        return Err("the URL of the ACME directory contains credentials: remove them".to_owned());
    }
    let host = rest.split(['/', ':']).next().unwrap_or_default();
    if let Some((_, issuer)) = LETS_ENCRYPT.iter().find(|it| it.0 == host) {
        return Err(format!("this is Let's Encrypt: write `issuer: {issuer}` in place of `acme`"));
    }
    let is_path = |path: &str| {
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~/".contains(&b);
        !path.is_empty() && path.bytes().all(is_plain)
    };
    match rest.split_once('/') {
        Some((authority, path))
            if scheme == "https"
                && s.len() <= LONGEST
                && is_authority(authority)
                && is_path(path) =>
        {
            Ok(s.into())
        }
        Some((_, "")) | None => {
            Err(refuse(&format!("the path of the directory is missing; {shape}")))
        }
        Some(_) => Err(refuse(shape)),
    }
}

fn name_server(s: &str) -> Checked<'_> {
    if is_authority(s) {
        return Ok(s.into());
    }
    Err(format!(
        "`{s}` is not the address of a name server: write it like `ns1.example.org`, `10.0.0.53` \
         or `10.0.0.53:5353`"
    ))
}

fn key_name(s: &str) -> Checked<'_> {
    let is_of_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let is_of_name = |b: u8| is_of_word(b) || b"-.".contains(&b);
    let begins = s.as_bytes().first().is_some_and(|b| is_of_word(*b));
    if begins && s.len() <= 254 && s.bytes().all(is_of_name) && !s.contains("..") {
        return Ok(s.into());
    }
    Err(format!(
        "`{s}` is not the name of a TSIG key: it is made of letters, digits, `_`, `-` and `.`, as \
         the name server has it"
    ))
}

fn proxy(s: &str) -> Checked<'_> {
    let shape = "write it like `http://proxy.example.org:3128`";
    let clean = s.strip_suffix('/').unwrap_or(s);
    if clean.contains('@') {
        // The text itself is left out: it holds a password.
        return Err("the URL of the proxy contains credentials, which everyone who reads the \
                    repository would know: let the proxy know the node by its address"
            .to_owned());
    }
    match clean.split_once("://") {
        Some(("http" | "https", authority)) if is_authority(authority) => Ok(clean.into()),
        _ => Err(format!("`{s}` is not the URL of a proxy: {shape}")),
    }
}

fn bypass(s: &str) -> Checked<'_> {
    let name = s.strip_prefix('.').unwrap_or(s);
    let is_name = is_host(name) || validate::dns_label(name).is_ok();
    if is_name || s.parse::<Ipv4Addr>().is_ok() {
        return Ok(s.into());
    }
    let is_number = |b: u8| b.is_ascii_digit() || b == b'.';
    if s.split_once('/').is_some_and(|it| it.0.bytes().all(is_number)) {
        return validate::cidr(s);
    }
    let better = s.strip_prefix('*').or_else(|| s.split_once("://").map(|it| it.1));
    let better = better.or_else(|| s.rsplit_once(':').map(|it| it.0));
    let better = better.filter(|it| bypass(it).is_ok());
    let help = better.map_or_else(String::new, |it| format!("; write `{it}`"));
    Err(format!("`{s}` is neither a host, nor a domain, nor a range of IPv4 addresses{help}"))
}

/// A host or an address, and perhaps a port.
pub(super) fn is_authority(s: &str) -> bool {
    let (host, port) = s.split_once(':').unwrap_or((s, "1"));
    let is_port = !port.starts_with('0') && port.bytes().all(|b| b.is_ascii_digit());
    is_port
        && port.parse::<u16>().is_ok_and(|it| it > 0)
        && (is_host(host) || host.parse::<Ipv4Addr>().is_ok())
}

/// The host of `host[:port][/…]`, and the port where it is written.
fn parts(authority: &str) -> (&str, Option<u16>) {
    let authority = authority.split_once('/').map_or(authority, |it| it.0);
    match authority.split_once(':') {
        Some((host, port)) => (host, port.parse().ok()),
        None => (authority, None),
    }
}

impl S3Endpoint {
    /// Whether what is sent is encrypted on the way.
    pub fn has_tls(&self) -> bool {
        self.starts_with("https://")
    }

    fn parts(&self) -> (&str, Option<u16>) {
        parts(self.split_once("://").map_or(self.as_str(), |it| it.1))
    }

    /// The host, without scheme and port.
    pub fn host(&self) -> &str {
        self.parts().0
    }

    /// The port that is written, or the scheme's own.
    pub fn port(&self) -> u16 {
        self.parts().1.unwrap_or(if self.has_tls() { 443 } else { 80 })
    }
}

impl AcmeDirectory {
    fn parts(&self) -> (&str, Option<u16>) {
        parts(self.strip_prefix("https://").unwrap_or(self))
    }

    /// The host, without scheme and port.
    pub fn host(&self) -> &str {
        self.parts().0
    }

    /// The port that is written, or that of HTTPS.
    pub fn port(&self) -> u16 {
        self.parts().1.unwrap_or(443)
    }
}

impl NameServer {
    /// The host, without its port.
    pub fn host(&self) -> &str {
        parts(self).0
    }

    /// The port that is written, or that of DNS.
    pub fn port(&self) -> u16 {
        parts(self).1.unwrap_or(53)
    }
}

impl ProxyUrl {
    fn parts(&self) -> (&str, Option<u16>) {
        parts(self.split_once("://").map_or(self.as_str(), |it| it.1))
    }

    /// The host, without scheme and port.
    pub fn host(&self) -> &str {
        self.parts().0
    }

    /// The port that is written, or the scheme's own.
    pub fn port(&self) -> u16 {
        self.parts().1.unwrap_or(if self.starts_with("https://") { 443 } else { 80 })
    }
}

#[cfg(test)]
mod tests {
    use super::{AcmeDirectory, Bypass, KeyName, NameServer, ProxyUrl, S3Endpoint};
    use crate::names::tests::assert_names;

    #[test]
    fn storages() {
        assert_names::<S3Endpoint>(
            &["https://s3.example.org", "https://10.0.0.7:9000", "http://s3.example.org:8080"],
            &[
                ("s3.example.org", "write `https://s3.example.org`"),
                (
                    "https://s3.example.org/bucket",
                    "write `https://s3.example.org`; the bucket and the prefix",
                ),
                ("https://key:secret@s3.example.org", "credentials"),
                ("https://s3.example.org:0", "write it like"),
                ("https://10.0.0.07", "write it like"),
                ("ftp://s3.example.org", "write it like"),
                ("https://minio", "write it like"),
            ],
        );
        let of = |text: &str| text.parse::<S3Endpoint>().expect("an endpoint");
        assert_eq!(of("https://s3.example.org/").as_str(), "https://s3.example.org");
        assert_eq!(
            (
                of("https://s3.example.org").port(),
                of("http://s3.example.org").port(),
                of("https://10.0.0.7:9000").port()
            ),
            (443, 80, 9000)
        );
        assert!(of("https://s3.example.org").has_tls() && !of("http://10.0.0.7").has_tls());
    }

    #[test]
    fn acme_directories() {
        assert_names::<AcmeDirectory>(
            &["https://ca.example.org/acme/acme/directory", "https://10.0.0.8:9000/directory"],
            &[
                ("ca.example.org/directory", "write it like"),
                ("http://ca.example.org/directory", "over TLS only"),
                ("https://ca.example.org", "path of the directory is missing"),
                ("https://ca.example.org/", "path of the directory is missing"),
                ("https://user:word@ca.example.org/directory", "credentials"),
                ("https://ca.example.org:0/directory", "write it like"),
                ("https://ca.example.org/directory?a=b", "write it like"),
                ("https://ca/directory", "write it like"),
                ("https://acme-v02.api.letsencrypt.org/directory", "`issuer: production`"),
            ],
        );
        let of = |text: &str| text.parse::<AcmeDirectory>().expect("a directory");
        let (usual, own) = (of("https://ca.example.org/d"), of("https://10.0.0.8:9000/a/b"));
        assert_eq!((usual.host(), usual.port()), ("ca.example.org", 443));
        assert_eq!((own.host(), own.port()), ("10.0.0.8", 9000));
    }

    #[test]
    fn proxies() {
        assert_names::<ProxyUrl>(
            &["http://proxy.example.org:3128", "https://10.0.0.3", "http://10.0.0.3:3128"],
            &[
                ("proxy.example.org:3128", "write it like"),
                ("socks5://proxy.example.org", "write it like"),
                ("http://user:word@proxy.example.org", "credentials"),
                ("http://proxy.example.org/path", "write it like"),
                ("http://proxy", "write it like"),
            ],
        );
        let of = |text: &str| text.parse::<ProxyUrl>().expect("a proxy");
        assert_eq!((of("http://10.0.0.3").port(), of("https://10.0.0.3").port()), (80, 443));
        assert_eq!(of("http://10.0.0.3:3128/").as_str(), "http://10.0.0.3:3128");
        assert_names::<Bypass>(
            &["mirror.example.org", "mirror", ".garden.lan", ".lan", "10.0.0.7", "10.20.0.0/16"],
            &[
                ("*.garden.lan", "write `.garden.lan`"),
                ("10.20.0.1/16", "write `10.20.0.0/16`"),
                ("https://mirror.example.org", "write `mirror.example.org`"),
                ("mirror.example.org:443", "write `mirror.example.org`"),
                ("*", "neither a host, nor a domain, nor a range of IPv4 addresses"),
                ("", "neither"),
                ("a,b", "neither"),
            ],
        );
    }

    #[test]
    fn keys() {
        assert_names::<KeyName>(
            &["acme", "acme_key.example.org.", "ACME-1"],
            &[("", "as the name server"), ("a b", "TSIG"), (".a", "TSIG"), ("a..b", "TSIG")],
        );
    }

    #[test]
    fn name_servers() {
        assert_names::<NameServer>(
            &["ns1.example.org", "10.0.0.53", "10.0.0.53:5353"],
            &[
                ("", "write it like"),
                ("ns1", "write it like"),
                ("10.0.0.53:", "write it like"),
                ("10.0.0.53:053", "write it like"),
                ("10.0.0.53:65536", "write it like"),
                ("https://ns1.example.org", "write it like"),
                ("[2001:db8::1]:53", "write it like"),
            ],
        );
        let of = |text: &str| text.parse::<NameServer>().expect("a name server");
        assert_eq!((of("ns1.example.org").port(), of("10.0.0.53:5353").port()), (53, 5353));
        assert_eq!(of("10.0.0.53:5353").host(), "10.0.0.53");
    }
}
