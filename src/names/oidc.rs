//! What an OpenID Connect issuer is called, and what its tokens say.

use std::{borrow::Cow, fmt, ops::Deref, str::FromStr, sync::Arc};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{NameVisitor, server::is_authority, validate::Checked};
use crate::units::{
    described::{described, gives_an_example},
    error::ValueError,
};

/// The longest of these texts.
const LONGEST: usize = 500;

name!(
    /// The URL of an issuer, as its tokens say it.
    IssuerUrl,
    "the URL of an issuer like `https://login.example.org/realms/garden`",
    issuer,
    json_schema!({
        "description": "The URL of an OpenID Connect issuer, as its tokens say it: `https://`, the \
                        host, the port unless it is 443, and the path.",
        "type": "string",
        "maxLength": LONGEST,
        "pattern": "^https://[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:[0-9]+)?(/[-A-Za-z0-9._~/]*)?$"
    })
);

name!(
    /// The client for which an issuer makes tokens.
    ClientId,
    "the name of a client like `workspaces`",
    client,
    json_schema!({
        "description": "The name of a client, as the issuer has it: printable ASCII without \
                        spaces.",
        "type": "string",
        "minLength": 1,
        "maxLength": LONGEST,
        "pattern": "^[!-~]+$"
    })
);

name!(
    /// The name of a claim in a token.
    ClaimName,
    "the name of a claim like `email`",
    claim,
    json_schema!({
        "description": "The name of a claim, as the token has it: printable ASCII without spaces.",
        "type": "string",
        "minLength": 1,
        "maxLength": LONGEST,
        "pattern": "^[!-~]+$"
    })
);

/// The one claim that no issuer gives to somebody else.
const SUBJECT: &str = "sub";
/// The claim with an address, which is somebody's only where it was verified.
const EMAIL: &str = "email";

impl Default for ClaimName {
    fn default() -> Self {
        Self(SUBJECT.into())
    }
}

impl ClaimName {
    /// Whether it holds an address, which may be anybody's until it is verified.
    pub fn is_address(&self) -> bool {
        self.as_str() == EMAIL
    }
}

fn issuer(s: &str) -> Checked<'_> {
    let shape = "write it like `https://login.example.org/realms/garden`";
    let refuse = |why: &str| format!("`{s}` is not the URL of an issuer: {why}");
    if s.contains('@') {
        // The text itself is left out: it may hold a password.
        return Err("the URL of the issuer contains credentials: remove them".to_owned());
    }
    let Some((scheme, rest)) = s.split_once("://") else { return Err(refuse(shape)) };
    if scheme == "http" {
        return Err(refuse("the API server takes TLS only: write `https://`"));
    }
    if rest.contains(".well-known/") {
        return Err(refuse("this is its discovery document; the issuer is what comes before it"));
    }
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~/".contains(&b);
    let is_whole = scheme == "https" && s.len() <= LONGEST && is_authority(authority);
    if is_whole && path.bytes().all(is_plain) { Ok(s.into()) } else { Err(refuse(shape)) }
}

/// Printable ASCII without spaces.
fn is_word(s: &str) -> bool {
    (1..=LONGEST).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_graphic())
}

fn client(s: &str) -> Checked<'_> {
    if is_word(s) {
        return Ok(s.into());
    }
    Err(format!("`{s}` is not the name of a client: it is made of printable ASCII without spaces"))
}

fn claim(s: &str) -> Checked<'_> {
    if is_word(s) {
        return Ok(s.into());
    }
    Err(format!("`{s}` is not the name of a claim: it is made of printable ASCII without spaces"))
}

#[cfg(test)]
mod tests {
    use super::{ClaimName, ClientId, IssuerUrl};
    use crate::names::tests::assert_names;

    #[test]
    fn issuers() {
        assert_names::<IssuerUrl>(
            &[
                "https://login.example.org",
                "https://login.example.org/",
                "https://10.0.0.9:8443/realms/garden",
            ],
            &[
                ("login.example.org", "write it like"),
                ("http://login.example.org", "TLS only"),
                ("https://user:word@login.example.org", "credentials"),
                ("https://login.example.org/?a=b", "write it like"),
                ("https://login.example.org/.well-known/openid-configuration", "discovery"),
                ("https://login", "write it like"),
                ("https://login.example.org:0", "write it like"),
            ],
        );
    }

    #[test]
    fn words() {
        assert_names::<ClientId>(
            &["workspaces", "0b3c-4.apps.example.org"],
            &[("", "printable ASCII"), ("a b", "printable ASCII"), ("ä", "printable ASCII")],
        );
        assert_names::<ClaimName>(
            &["sub", "email", "https://example.org/groups"],
            &[("", "printable ASCII"), ("a b", "printable ASCII")],
        );
        let of = |text: &str| text.parse::<ClaimName>().expect("a claim");
        assert!(of("email").is_address() && !of("sub").is_address());
        assert_eq!(ClaimName::default(), of("sub"));
    }
}
