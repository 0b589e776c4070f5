//! Who certifies the hosts of random platforms.

use serde_yaml::Value;

use super::{map, some};

/// How many ways to be certified [`certificates`] knows.
pub const WAYS: u8 = 8;

/// One of the ways to be certified that need no file; DNS-01 needs somebody who unseals.
pub fn certificates(which: u8, unseals: bool) -> Value {
    let acme = || {
        let server = map([("server", some("https://10.0.0.8:9000/acme/directory"))]);
        Some(map([("acme", Some(server))]))
    };
    let updates = || {
        let server = map([("server", some("10.0.0.53")), ("keyName", some("acme"))]);
        Some(map([("rfc2136", Some(server))]))
    };
    let email = || some("operations@example.com");
    let (email, issuer, dns01) = match which {
        0 => (email(), None, None),
        1 => (email(), some("production"), None),
        2 => (None, some("selfSigned"), None),
        3 => (None, acme(), None),
        4 => (email(), None, some("route53")),
        5 => (email(), some("production"), some("cloudflare")),
        6 => (email(), None, some("digitalOcean")),
        _ => (email(), acme(), updates()),
    };
    map([("email", email), ("issuer", issuer), ("dns01", dns01.filter(|_| unseals))])
}
