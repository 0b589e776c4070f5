//! What a PostgreSQL server offers its clients, whoever runs it.

use std::sync::Arc;

use crate::{
    builder::{credential::Credential, handle::PortRef},
    units::Bytes,
};

/// The image's `postgres` user.
pub(super) const USER: i64 = 999;
/// PostgreSQL's own port.
pub(super) const PORT: u16 = 5432;
/// The database, and the role that owns it: Open WebUI's, and a restore's. It is no superuser.
pub(super) const NAME: &str = "openwebui";

/// How somebody signs in who changes nothing.
pub struct Reader {
    /// The role.
    pub role: Arc<str>,
    /// Its password, under the key `password`.
    pub password: Credential,
}

/// What PostgreSQL offers.
pub struct Offers {
    /// SQL.
    pub port: PortRef,
    /// The role's password, under the key `password`.
    pub password: Credential,
    /// The role, which owns the database.
    pub role: Arc<str>,
    /// Who reads it for a backup. None where nobody makes one.
    pub reader: Option<Reader>,
    /// Who reads its statistics, and no table. None where nobody does, and where the roles are
    /// somebody else's to make.
    pub monitor: Option<Reader>,
    /// The password of the role that makes databases for workspaces. None where nobody offers them
    /// any.
    pub administrator: Option<Credential>,
    /// The database.
    pub database: Arc<str>,
    /// What a client's URL ends with.
    pub parameters: &'static str,
    /// The volume's size: a dump, which is packed, is smaller than what is on it. None where
    /// the server is outside the cluster.
    pub storage: Option<Bytes>,
    /// What somebody else must provide for it.
    pub provided_outside: Option<String>,
}
