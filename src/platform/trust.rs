//! Whom the platform believes that it is who it says: keys of SSH hosts, and certificates of
//! authorities, as the files beside the spec hold them.

use std::{fmt::Write as _, sync::Arc};

/// What the files hold that the spec names.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Of `repository.hostKeys`.
    pub host_keys: Option<HostKeys>,
    /// Of `repository.ca`.
    pub repository: Option<Authorities>,
    /// Of `certificates.issuer.acme.ca`: who certifies the ACME server.
    pub acme: Option<Authorities>,
    /// Of `certificates.issuer.ca.certificate`: who certifies the public hosts.
    pub issuer: Option<Authorities>,
    /// Of `workspaces.api.oidc.ca`: who certifies the issuer of tokens.
    pub oidc: Option<Authorities>,
}

/// The keys by which one SSH server is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostKeys {
    /// The server, as a line of `known_hosts` names it: its host, with its port where that is not
    /// 22.
    pub server: String,
    /// The kind of each key, and the key.
    pub keys: Vec<(String, String)>,
}

impl HostKeys {
    /// Lines of `known_hosts` about this server and no other: its name is not hashed in them.
    pub fn text(&self) -> String {
        self.keys.iter().fold(String::new(), |mut text, (kind, key)| {
            let _ = writeln!(text, "{} {kind} {key}", self.server);
            text
        })
    }
}

/// How a line of `known_hosts` names a server.
pub fn server(host: &str, port: u16) -> String {
    let host = host.to_ascii_lowercase();
    if port == 22 { host } else { format!("[{host}]:{port}") }
}

/// Certificates of authorities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorities {
    /// In PEM form, one after the other, and nothing else.
    pub text: Arc<str>,
    /// From when to when each is valid, in seconds since 1970 (UTC).
    pub valid: Vec<(i64, i64)>,
}
