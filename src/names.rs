//! Names that are checked once, when they are read, and need no further check.

mod file;
mod git;
pub mod known_hosts;
mod model;
pub mod openpgp;
pub mod schedule;
mod validate;
mod version;

use crate::units::{
    described::{described, gives_an_example},
    error::ValueError,
};
use core::net::Ipv4Addr; // of `core`: addresses only, no sockets
use std::{borrow::Cow, fmt, ops::Deref, str::FromStr, sync::Arc};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Visitor},
};

/// Makes a name type: a shared text that its check has passed.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $check:path, $schema:expr) => {
        const _: () = gives_an_example($what);

        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        #[cfg_attr(
            not(feature = "internals"),
            allow(dead_code, reason = "every name is made alike")
        )]
        impl $name {
            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The text, shared.
            pub fn shared(&self) -> Arc<str> {
                Arc::clone(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = ValueError;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                Ok($check(s).map(|it| Self(Arc::from(it)))?)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(NameVisitor { what: $what, parse: str::parse })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                described($schema, $what)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&**self, f)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                self
            }
        }

        impl Deref for $name {
            type Target = str;
            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                **self == *other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                **self == **other
            }
        }
    };
}

// After the macro, which they use.
pub mod oidc;
pub mod receiver;
pub mod scram;
pub mod server;
pub mod workspace;

struct NameVisitor<T> {
    what: &'static str,
    parse: fn(&str) -> Result<T, ValueError>,
}

impl<T> Visitor<'_> for NameVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }

    fn visit_str<E: Error>(self, s: &str) -> Result<T, E> {
        (self.parse)(s).map_err(E::custom)
    }
}

name!(
    /// An RFC 1123 label of at most 63 characters: the name of a namespace, a workspace, a Service.
    DnsLabel,
    "a name like `my-team`",
    validate::dns_label,
    json_schema!({
        "description": "Lower-case letters, digits and `-`, at most 63, with a letter or digit at \
                        both ends.",
        "type": "string",
        "maxLength": 63,
        "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
    })
);

/// The schema of labels with dots between them; `further` is `*`, or `+` where one is not enough.
fn dotted(further: char, description: &str) -> Schema {
    let label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
    json_schema!({
        "description": description,
        "type": "string",
        "maxLength": 253,
        "pattern": format!("^{label}(\\.{label}){further}$")
    })
}

name!(
    /// The name of an object of the cluster (RFC 1123 subdomain, at most 253 characters): labels
    /// with dots between them.
    ObjectName,
    "the name of an object like `local-path`",
    validate::object_name,
    dotted('*', "The name of an object of the cluster, like `local-path`.")
);

name!(
    /// The name of an `IngressClass`: its example is another one than that of a storage class.
    IngressClassName,
    "the name of an IngressClass like `nginx`",
    validate::object_name,
    dotted('*', "The name of an IngressClass of the cluster, like `nginx`.")
);

name!(
    /// The key of a label or taint, like `gpu` or `nvidia.com/gpu`.
    LabelKey,
    "the key of a label like `nvidia.com/gpu`",
    validate::label_key,
    json_schema!({
        "description": "The key of a label: letters, digits, `-`, `_` and `.`, at most 63, behind \
                        a domain and `/` if it has one.",
        "type": "string",
        "maxLength": 317,
        "pattern": "^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"
    })
);

name!(
    /// The value of a label or taint; it may be empty.
    LabelValue,
    "the value of a label like `large`",
    validate::label_value,
    json_schema!({
        "description": "The value of a label: letters, digits, `-`, `_` and `.`, at most 63; or \
                        nothing.",
        "type": "string",
        "maxLength": 63,
        "pattern": "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$"
    })
);

name!(
    /// A host name with at least one dot, lower-case, without scheme, port, path or wildcard.
    Host,
    "a host name like `chat.example.org`",
    validate::host,
    dotted('+', "A host name like `chat.example.org`: no scheme, no port, no path, no wildcard.")
);

name!(
    /// Where a server outside the cluster is: a host name or an IPv4 address.
    Address,
    "a host name like `db.example.org` or an IPv4 address",
    validate::address,
    dotted('+', "A host name like `db.example.org` or an IPv4 address: no scheme, no port.")
);

name!(
    /// A range of IPv4 addresses in its canonical form, like `192.168.7.0/24`.
    Cidr,
    "a range of IPv4 addresses like `192.168.7.0/24`",
    validate::cidr,
    json_schema!({
        "description": "A range of IPv4 addresses like `192.168.7.0/24`; one address is \
                        `192.168.7.20/32`.",
        "type": "string",
        "pattern": "^[0-9]{1,3}(\\.[0-9]{1,3}){3}/[0-9]{1,2}$"
    })
);

name!(
    /// The name of a role or a database, of characters that stand in a URL as they are.
    SqlName,
    "the name of a role or a database like `openwebui`",
    validate::sql_name,
    json_schema!({
        "description": "The name of a role or a database: letters, digits, `_`, `-` and `.`, at \
                        most 63.",
        "type": "string",
        "maxLength": 63,
        "pattern": "^[A-Za-z0-9_][A-Za-z0-9_.-]*$"
    })
);

name!(
    /// An e-mail address of the plain kind: no quotes, no comments, no address literals.
    Email,
    "an e-mail address like `ops@example.org`",
    validate::email,
    json_schema!({
        "description": "An e-mail address like `ops@example.org`.",
        "type": "string",
        "maxLength": 254,
        "pattern": "^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?(\\.[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)+$"
    })
);

name!(
    /// Where a Git repository is: `https://`, `http://`, `ssh://` or `git@host:path`, without a
    /// password in it.
    GitUrl,
    "the URL of a Git repository like `https://github.com/owner/name.git`",
    git::url,
    json_schema!({
        "description": "The URL of a Git repository: `https://…`, `ssh://…` or `git@host:path`, \
                        without credentials.",
        "type": "string",
        "pattern": "^(https?://[^\\s@/]+/|ssh://([A-Za-z0-9._-]+@)?[^\\s@/]+/|[A-Za-z0-9._-]+@[^\\s@:/]+:)\\S+$"
    })
);

name!(
    /// A Git branch or tag, as `git check-ref-format --branch` takes it.
    GitBranch,
    "the name of a branch like `main`",
    git::branch,
    json_schema!({
        "description": "The name of a Git branch or tag, like `main`.",
        "type": "string",
        "maxLength": 250,
        "pattern": "^[^\\s~^:?*\\[\\\\]+$"
    })
);

name!(
    /// A folder or file below another: `.` or `a/b`, never out of it.
    RelativePath,
    "a path below the root like `clusters/prod` or `.`",
    git::relative_path,
    json_schema!({
        "description": "A path below the root: `.` or `clusters/prod`; no `..`, no leading `/`.",
        "type": "string",
        "pattern": "^[^/\\\\]+(/[^/\\\\]+)*$"
    })
);

name!(
    /// A model of Ollama, always with its tag: `llama3.2` is read as `llama3.2:latest`.
    ModelName,
    "a model of Ollama like `llama3.2:1b`",
    model::name,
    json_schema!({
        "description": "A model as Ollama names it, like `llama3.2:1b-instruct-q4_K_M`.",
        "type": "string",
        "maxLength": 200,
        "pattern": "^(https://)?[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*){0,2}(:[A-Za-z0-9_][A-Za-z0-9._-]*)?$"
    })
);

name!(
    /// The full version of a chart or an image, optionally with the digest that pins it.
    Tag,
    "a full version like `1.2.3`",
    version::tag,
    json_schema!({
        "description": "A full version like `1.2.3`, `v0.32.1` or `17.5-alpine`, optionally with \
                        `@sha256:<digest>`.",
        "type": "string",
        "maxLength": 200,
        "pattern": "^v?[0-9]+(\\.[0-9]+)+([-+_.][A-Za-z0-9._+-]*)?(@sha256:[0-9a-f]{64})?$"
    })
);

name!(
    /// The namespace that a value is sealed for, or `*` for every one (scope `cluster-wide`).
    SealedFor,
    "a namespace like `ai`, or `*`",
    validate::sealed_for,
    json_schema!({
        "description": "A namespace, or `*` for every one (only in the scope `cluster-wide`).",
        "type": "string",
        "maxLength": 63,
        "pattern": "^(\\*|[a-z0-9]([-a-z0-9]*[a-z0-9])?)$"
    })
);

name!(
    /// A certificate, by the SHA-256 of its DER: `sha256:` and 64 hexadecimal digits.
    Fingerprint,
    "a certificate's fingerprint like `sha256:0f1e…`",
    validate::fingerprint,
    json_schema!({
        "description": "The SHA-256 of a certificate's DER: `sha256:` and 64 hexadecimal digits.",
        "type": "string",
        "pattern": "^sha256:[0-9a-f]{64}$"
    })
);

name!(
    /// The full version of k3s: Kubernetes' own, and which build of k3s.
    K3sVersion,
    "a version of k3s like `v1.35.8+k3s1`",
    version::k3s_version,
    json_schema!({
        "description": "A version of k3s like `v1.35.8+k3s1`.",
        "type": "string",
        "maxLength": 60,
        "pattern": "^v1\\.[0-9]+\\.[0-9]+(-[a-z0-9]+)?\\+k3s[0-9]+$"
    })
);
name!(
    /// An S3 bucket's name.
    Bucket,
    "the name of a bucket like `my-backups`",
    validate::bucket,
    json_schema!({
        "description": "The name of a bucket: 3 to 63 lower-case letters, digits, `-` and `.`.",
        "type": "string",
        "minLength": 3,
        "maxLength": 63,
        "pattern": "^[a-z0-9][-a-z0-9.]*[a-z0-9]$"
    })
);

name!(
    /// The name of a file in `spec/` that the spec names.
    SpecFile,
    "the name of a file like `known_hosts`",
    file::spec_file,
    json_schema!({
        "description": "The name of a file in `spec/`, without a folder: letters, digits, `.`, `_` \
                        and `-`.",
        "type": "string",
        "maxLength": 100,
        "pattern": "^[A-Za-z0-9][-A-Za-z0-9._]*$"
    })
);

impl Cidr {
    /// Whether an address is in the range.
    pub fn contains(&self, ip: Ipv4Addr) -> bool {
        validate::range(self).is_some_and(|(base, mask)| ip.to_bits() & mask == base.to_bits())
    }
}

impl GitUrl {
    /// The host of the URL, without user and port.
    pub fn host(&self) -> &str {
        git::host(self).unwrap_or_default()
    }

    /// The port that it is fetched from: the one that is written, or the usual one.
    pub fn port(&self) -> u16 {
        git::port(self)
    }
}

impl ModelName {
    /// Whether it is the same for Ollama, which compares without case.
    pub fn is_same(&self, other: &Self) -> bool {
        self.eq_ignore_ascii_case(other)
    }

    /// What stands before the tag.
    pub fn model(&self) -> &str {
        self.rsplit_once(':').map_or(self, |it| it.0)
    }

    /// What stands after the model; `latest` where nothing was written.
    pub fn tag(&self) -> &str {
        self.rsplit_once(':').map_or("latest", |it| it.1)
    }
}

impl Tag {
    /// The version, without the digest.
    pub fn tag(&self) -> &str {
        self.split_once('@').map_or(self, |it| it.0)
    }

    /// The digest (`sha256:…`) that pins the version.
    pub fn digest(&self) -> Option<&str> {
        self.split_once('@').map(|it| it.1)
    }
}

#[cfg(test)]
mod tests {
    use std::{fmt::Debug, str::FromStr};

    use crate::units::error::ValueError;

    /// What is accepted, and what is refused with which message.
    pub(super) fn assert_names<T: FromStr<Err = ValueError> + ToString + Debug>(
        good: &[&str],
        bad: &[(&str, &str)],
    ) {
        for text in good {
            assert_eq!(text.parse::<T>().unwrap_or_else(|why| panic!("{why}")).to_string(), *text);
        }
        for (text, hint) in bad {
            let message = text.parse::<T>().expect_err(text).to_string();
            assert!(message.contains(hint), "{text}: {message}");
        }
    }
}
