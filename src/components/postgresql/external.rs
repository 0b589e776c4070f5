//! A PostgreSQL server outside the cluster, in place of our own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::offers::{NAME, Offers, PORT, Reader};
use crate::{
    builder::{
        credential::{CredentialSpec, CredentialStore, Key, SecretLookup, Value},
        handle::PortRef,
    },
    names::{Address, Cidr, SqlName},
    platform::outside::{Outside, Role},
};

/// The password at a server outside the cluster, under a name of its own: what was generated for
/// our own server is never handed to another one, which cannot have it.
const PASSWORD_ELSEWHERE: CredentialSpec = CredentialSpec {
    name: "postgresql-external",
    keys: &[Key {
        name: "password",
        value: Value::Known("the password of the role at the database server"),
    }],
    rotation: "change it at the server too, or Open WebUI cannot sign in there",
    lookup: SecretLookup::ByReference,
};

/// A PostgreSQL server outside the cluster. The password of the role is the sealed credential
/// `postgresql-external` (key `password`): `espalier seal postgresql-external` asks for it.
///
/// The server must hold the database, which the role owns (Open WebUI creates its tables itself),
/// and must let the role open as many connections as Open WebUI does; `out/README.md` says how
/// many.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct External {
    /// Host name or IPv4 address of the server: the host in `DATABASE_URL` of Open WebUI.
    #[schemars(example = &"db.example.org", example = &"10.0.0.5")]
    pub host: Address,
    /// TCP port of the server: the port in `DATABASE_URL`, which the NetworkPolicy opens.
    #[serde(default = "port")]
    #[schemars(example = 6432)]
    pub port: u16,
    /// Name of the database: the path in `DATABASE_URL`.
    #[serde(default = "name")]
    #[schemars(example = &"openwebui")]
    pub database: SqlName,
    /// Role that Open WebUI signs in as, and that owns the database: the user in `DATABASE_URL`.
    #[serde(default = "name")]
    #[schemars(example = &"openwebui")]
    pub role: SqlName,
    /// How the connection is protected: `sslmode` in `DATABASE_URL`.
    #[serde(default)]
    #[schemars(example = &"disable")]
    pub ssl_mode: SslMode,
    /// Network of the server, where its name leads to a private address (a network of your own, a
    /// peered cloud network): the NetworkPolicy opens the port to this network and to nothing else.
    /// Absent: the port is opened to the address that `host` is, or, where it is a name, to all
    /// public addresses.
    #[schemars(example = &"10.0.0.0/24")]
    pub cidr: Option<Cidr>,
}

/// How a connection is protected, by libpq's names. `verify-full` is not offered: it needs the
/// authority's certificate as a file.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub enum SslMode {
    /// Encrypted, or there is no connection. The server's certificate is not verified.
    #[default]
    Require,
    /// Not encrypted: anyone on the network between can read and change what is sent.
    Disable,
}

fn port() -> u16 {
    PORT
}

fn name() -> SqlName {
    NAME.parse().expect("it is a name")
}

/// The database server.
const SERVER: Role = Role {
    what: "the database",
    caller: "Open WebUI",
    without: "Open WebUI then never starts",
    host: &["components", "postgresql", "external", "host"],
    cidr: &["components", "postgresql", "external", "cidr"],
};

impl External {
    /// The server, as pods reach it.
    fn server(&self) -> Outside {
        Outside::new(SERVER, &self.host, self.port, self.cidr.as_ref())
    }

    /// What our own would offer. Nothing is built, so nothing is waited for but the sealed
    /// password.
    pub fn offers(&self, credentials: &CredentialStore, connections: u32) -> Offers {
        let provided_outside = format!(
            "PostgreSQL at `{}:{}`: the database `{}`, owned by the role `{}`, which must be \
             allowed to open {connections} connections (`max_connections` is the server's, and \
             others use it too). Open WebUI makes its tables itself; backups are the server's.",
            self.host, self.port, self.database, self.role
        );
        let password = credentials.credential(&PASSWORD_ELSEWHERE);
        // What roles there are is the server's to say: this one is known.
        let reader = Reader { role: self.role.shared(), password: password.clone() };
        Offers {
            provided_outside: Some(provided_outside),
            port: PortRef::outside(&self.server()),
            password,
            reader: Some(reader),
            monitor: None,
            administrator: None,
            role: self.role.shared(),
            database: self.database.shared(),
            storage: None,
            parameters: match self.ssl_mode {
                SslMode::Require => "?sslmode=require",
                SslMode::Disable => "?sslmode=disable",
            },
        }
    }
}
