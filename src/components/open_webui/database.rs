//! The PostgreSQL database of an Open WebUI: where it is, and who knows the password.

use std::sync::Arc;

use k8s_openapi::api::core::v1::EnvVar;

use crate::{
    builder::{
        credential::{Credential, OwnSecret},
        handle::{Pods, PortRef},
        scope::Scope,
    },
    components::postgresql::offers::Offers,
};

/// A database.
pub struct Database {
    /// SQL.
    pub port: PortRef,
    /// The role, which owns the database.
    pub role: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// What the URL ends with.
    pub parameters: &'static str,
    /// The role's password.
    pub password: Password,
    /// What somebody else must provide for it.
    pub provided_outside: Option<String>,
}

/// The password of a database's role.
pub enum Password {
    /// A credential of the platform's.
    Credential(Credential),
    /// It is sealed for this namespace, with the URL that is composed of it.
    Sealed(OwnSecret),
}

/// The key of the password, in a Secret that is sealed for one namespace.
pub const OWN_PASSWORD: &str = "password";
/// The key of the URL that the controller composes.
pub const OWN_URL: &str = "url";

impl Database {
    /// The platform's own.
    pub fn of_platform(offers: &Offers) -> Self {
        Self {
            port: offers.port.clone(),
            role: offers.role.clone(),
            name: offers.database.clone(),
            parameters: offers.parameters,
            password: Password::Credential(offers.password.clone()),
            provided_outside: offers.provided_outside.clone(),
        }
    }

    /// Where Open WebUI finds it, and with which password: `DATABASE_URL`.
    pub(super) fn url(&self, scope: &mut Scope<'_>, me: &Pods) -> EnvVar {
        let server = scope.connect(me, &self.port);
        match &self.password {
            Password::Credential(password) => {
                let path = format!("{}{}", self.name, self.parameters);
                let template = server.url_with_password("postgresql", &self.role, &path);
                scope.env_derived("DATABASE_URL", password, "url", template)
            }
            Password::Sealed(secret) => scope.env_sealed("DATABASE_URL", secret, OWN_URL),
        }
    }
}
