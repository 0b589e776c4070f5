//! What PostgreSQL keeps of a password: a verifier of SCRAM-SHA-256 (RFC 5803 and RFC 7677).

use std::{borrow::Cow, fmt, ops::Deref, str::FromStr, sync::Arc};

use base64ct::{Base64, Encoding as _};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{NameVisitor, validate::Checked};
use crate::units::{
    described::{described, gives_an_example},
    error::ValueError,
};

/// How often a password is hashed: PostgreSQL's own number (`scram_iterations`).
pub const ITERATIONS: u32 = 4096;
/// Bytes of the salt: PostgreSQL's own number.
pub const SALT: usize = 16;
/// Bytes of each of the two keys.
const KEY: usize = 32;
/// A verifier of no password that anybody has.
pub const EXAMPLE: &str = "SCRAM-SHA-256$4096:AAECAwQFBgcICQoLDA0ODw==$\
                           Id1/I0V2Wep4CcydHEOhvTinjyzN/UgDehQZ6sd6R40=:\
                           hq3+bKG9Bk6DaDTcDybDIwDTggF/6cWhphN3g7lg4ig=";
/// The form of one.
const FORM: &str = "^SCRAM-SHA-256\\$4096:[A-Za-z0-9+/]{22}==\\$[A-Za-z0-9+/]{43}=:\
                    [A-Za-z0-9+/]{43}=$";

name!(
    /// What PostgreSQL keeps of a password.
    ScramVerifier,
    "a SCRAM-SHA-256 verifier like `SCRAM-SHA-256$4096:…$…:…`",
    verifier,
    json_schema!({
        "description": "`SCRAM-SHA-256$4096:<salt>$<StoredKey>:<ServerKey>`, as PostgreSQL keeps \
                        it in `pg_authid`.",
        "type": "string",
        "maxLength": 133,
        "pattern": FORM,
        "examples": [EXAMPLE]
    })
);

/// What is refused is never repeated: it may be the password itself.
fn verifier(s: &str) -> Checked<'_> {
    let has_form = || {
        let (salt, keys) =
            s.strip_prefix(&format!("SCRAM-SHA-256${ITERATIONS}:"))?.split_once('$')?;
        let (stored, server) = keys.split_once(':')?;
        let is = |text, length| Base64::decode_vec(text).is_ok_and(|it| it.len() == length);
        (is(salt, SALT) && is(stored, KEY) && is(server, KEY)).then_some(())
    };
    has_form().map(|()| s.into()).ok_or_else(|| {
        format!(
            "it is no SCRAM-SHA-256 verifier of {ITERATIONS} iterations: `espalier workspace update \
             NAME --database shared` makes one"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::ScramVerifier;
    use crate::names::tests::assert_names;

    #[test]
    fn verifiers() {
        let (salt, key) = ("W22ZaJ0SNY7soEsUEjb6gQ==", format!("{}=", "A".repeat(43)));
        let of = |iterations: &str, salt: &str, stored: &str, server: &str| {
            format!("SCRAM-SHA-256${iterations}:{salt}${stored}:{server}")
        };
        assert_names::<ScramVerifier>(
            &[&of("4096", salt, &key, &key)],
            &[
                ("", "no SCRAM-SHA-256 verifier"),
                ("hunter2", "no SCRAM-SHA-256 verifier"),
                ("md5d1354cec1b8f3b297f2d315f58a869bf", "no SCRAM-SHA-256 verifier"),
                (&of("1", salt, &key, &key), "of 4096 iterations"),
                (&of("4096", "W22Z", &key, &key), "no SCRAM-SHA-256 verifier"),
                (&of("4096", salt, &key, "AAAA"), "no SCRAM-SHA-256 verifier"),
                (&of("4096", salt, &key, &format!("{key}'")), "no SCRAM-SHA-256 verifier"),
                (&of("4096", salt, &key, &format!("{key}\n")), "no SCRAM-SHA-256 verifier"),
            ],
        );
        let refused = "hunter2".parse::<ScramVerifier>().expect_err("it is none").to_string();
        assert!(!refused.contains("hunter2"), "{refused}");
    }
}
