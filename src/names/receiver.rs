//! Where those are that alerts are sent to, as the spec writes it.

use core::net::Ipv4Addr; // of `core`: addresses only, no sockets
use std::{borrow::Cow, fmt, ops::Deref, str::FromStr, sync::Arc};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{
    NameVisitor,
    validate::{Checked, is_host},
};
use crate::units::{
    described::{described, gives_an_example},
    error::ValueError,
};

name!(
    /// A server that takes e-mail, with its port.
    MailServer,
    "the address of a mail server like `mail.example.org:587`",
    mail_server,
    json_schema!({
        "description": "The host name or IPv4 address of a mail server and its port: \
                        `mail.example.org:587`.",
        "type": "string",
        "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?:[0-9]+$"
    })
);

name!(
    /// The name that a client signs in with at a mail server.
    MailUser,
    "a name like `alerts` or `alerts@example.org`",
    mail_user,
    json_schema!({
        "description": "The name that a client signs in with at a mail server: letters, digits and \
                        `@._+=-`.",
        "type": "string",
        "maxLength": 254,
        "pattern": "^[A-Za-z0-9][-A-Za-z0-9@._+=]*$"
    })
);

name!(
    /// The URL of a webhook that takes alerts.
    WebhookUrl,
    "the URL of a webhook like `https://hooks.example.org/alerts`",
    webhook,
    json_schema!({
        "description": "The URL of a webhook: `https://` or `http://`, the host, the port unless it \
                        is the scheme's own, and the path; no user, no password, no query.",
        "type": "string",
        "maxLength": LONGEST,
        "pattern": "^https?://[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:[0-9]+)?(/[-A-Za-z0-9._~/]*)?$"
    })
);

name!(
    /// The address of an ntfy server.
    NtfyServer,
    "the address of an ntfy server like `https://ntfy.example.org`",
    ntfy,
    json_schema!({
        "description": "Where an ntfy server answers: `https://ntfy.example.org` or \
                        `http://10.0.0.9:8080`; no path, no topic.",
        "type": "string",
        "maxLength": LONGEST,
        "pattern": "^https?://[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:[0-9]+)?/?$"
    })
);

/// The longest URL: far beyond any that a server has.
const LONGEST: usize = 500;

/// `host:port` in its parts; the port only where it is a number of one.
fn authority(text: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = text.split_once(':').map_or((text, None), |it| (it.0, Some(it.1)));
    let number = match port {
        Some(port) => {
            let is_plain = !port.starts_with('0') && port.bytes().all(|b| b.is_ascii_digit());
            Some(port.parse::<u16>().ok().filter(|it| is_plain && *it > 0)?)
        }
        None => None,
    };
    (is_host(host) || host.parse::<Ipv4Addr>().is_ok()).then_some((host, number))
}

fn mail_server(s: &str) -> Checked<'_> {
    let shape = "write it like `mail.example.org:587`";
    match authority(s) {
        Some((_, Some(_))) => Ok(s.into()),
        Some((host, None)) => Err(format!(
            "`{s}` has no port: write `{host}:587` for a server that clients hand their mail to, \
             or the port that yours has"
        )),
        None => Err(format!("`{s}` is not the address of a mail server: {shape}")),
    }
}

fn mail_user(s: &str) -> Checked<'_> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"@._+=-".contains(&b);
    let begins = s.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric);
    if begins && s.len() <= 254 && s.bytes().all(is_plain) {
        return Ok(s.into());
    }
    Err(format!("`{s}` is not a name to sign in with: it is made of letters, digits and `@._+=-`"))
}

/// Scheme, authority and path of a URL without anything secret in it.
fn url<'s>(s: &'s str, what: &str, shape: &str) -> Result<(&'s str, &'s str), String> {
    let refuse = || format!("`{s}` is not {what}: {shape}");
    let Some(("https" | "http", rest)) = s.split_once("://") else { return Err(refuse()) };
    if rest.contains('@') {
        // The text itself is left out: it holds a password.
        return Err(format!("{what} contains credentials: remove them, they belong in a Secret"));
    }
    let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    if s.len() > LONGEST || authority(host).is_none() {
        return Err(refuse());
    }
    Ok((host, path))
}

fn webhook(s: &str) -> Checked<'_> {
    let shape = "write it like `https://hooks.example.org/alerts`";
    let (_, path) = url(s, "the URL of a webhook", shape)?;
    if s.contains('?') {
        // What stands behind the question mark is left out: as a rule it is a key.
        return Err("the URL of the webhook has a query, which everyone who reads the repository \
                    would know: have the receiver take a bearer token, which is sealed"
            .to_owned());
    }
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~/".contains(&b);
    if path.bytes().all(is_plain) {
        return Ok(s.into());
    }
    Err(format!("`{s}` is not the URL of a webhook: {shape}"))
}

fn ntfy(s: &str) -> Checked<'_> {
    let shape = "write it like `https://ntfy.example.org`";
    let clean = s.strip_suffix('/').unwrap_or(s);
    let (_, path) = url(clean, "the address of an ntfy server", shape)?;
    if path.is_empty() {
        return Ok(clean.into());
    }
    Err(format!("`{s}` has a path: {shape}; the topic is sealed with the token"))
}

/// The host and the port of a URL.
fn host_and_port(url: &str) -> (&str, u16) {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let host = rest.split('/').next().unwrap_or(rest);
    let (host, port) = authority(host).unwrap_or((host, None));
    (host, port.unwrap_or(if scheme == "http" { 80 } else { 443 }))
}

impl MailServer {
    /// The host, without its port.
    pub fn host(&self) -> &str {
        host_and_port(self).0
    }

    /// The port.
    pub fn port(&self) -> u16 {
        host_and_port(self).1
    }
}

impl WebhookUrl {
    /// The host, without scheme, port and path.
    pub fn host(&self) -> &str {
        host_and_port(self).0
    }

    /// The port that is written, or the scheme's own.
    pub fn port(&self) -> u16 {
        host_and_port(self).1
    }
}

impl NtfyServer {
    /// The host, without scheme and port.
    pub fn host(&self) -> &str {
        host_and_port(self).0
    }

    /// The port that is written, or the scheme's own.
    pub fn port(&self) -> u16 {
        host_and_port(self).1
    }
}

#[cfg(test)]
mod tests {
    use super::{MailServer, MailUser, NtfyServer, WebhookUrl};
    use crate::names::tests::assert_names;

    #[test]
    fn mail_servers() {
        assert_names::<MailServer>(
            &["mail.example.org:587", "10.0.0.25:25"],
            &[
                ("mail.example.org", "write `mail.example.org:587`"),
                ("mail:587", "write it like"),
                ("mail.example.org:0587", "write it like"),
                ("mail.example.org:70000", "write it like"),
                ("smtp://mail.example.org:587", "write it like"),
            ],
        );
        let of = |text: &str| text.parse::<MailServer>().expect("a server");
        assert_eq!((of("10.0.0.25:25").host(), of("10.0.0.25:25").port()), ("10.0.0.25", 25));
    }

    #[test]
    fn users() {
        assert_names::<MailUser>(
            &["alerts", "alerts@example.org", "AKIA1=+_"],
            &[("", "is made of letters"), ("a b", "is made of letters"), ("{{a}}", "is made of")],
        );
    }

    #[test]
    fn webhooks() {
        assert_names::<WebhookUrl>(
            &["https://hooks.example.org/alerts", "http://10.0.0.9:8080", "https://a.example.org/"],
            &[
                ("hooks.example.org/alerts", "write it like"),
                ("https://user:word@hooks.example.org", "credentials"),
                ("https://hooks.example.org/alerts?key=1", "a query"),
                ("https://hooks.example.org/a b", "write it like"),
                ("https://hooks/alerts", "write it like"),
                ("https://hooks.example.org:0/alerts", "write it like"),
            ],
        );
        let of = |text: &str| text.parse::<WebhookUrl>().expect("a URL");
        let (usual, own) = (of("https://hooks.example.org/a"), of("http://10.0.0.9:8080/a"));
        assert_eq!((usual.host(), usual.port()), ("hooks.example.org", 443));
        assert_eq!((own.host(), own.port()), ("10.0.0.9", 8080));
        assert_eq!(of("http://hooks.example.org").port(), 80);
    }

    #[test]
    fn ntfy_servers() {
        assert_names::<NtfyServer>(
            &["https://ntfy.sh", "http://10.0.0.9:8080"],
            &[
                ("ntfy.sh", "write it like"),
                ("https://ntfy.sh/alerts", "the topic is sealed"),
                ("https://user:word@ntfy.sh", "credentials"),
            ],
        );
        let server = "https://ntfy.sh/".parse::<NtfyServer>().expect("a server");
        assert_eq!(server.as_str(), "https://ntfy.sh");
        assert_eq!((server.host(), server.port()), ("ntfy.sh", 443));
    }
}
