//! Where a client connects to: a host and a port, from which its URLs and variables are made.

use std::{fmt, sync::Arc};

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    host: Arc<str>,
    port: u16,
}

impl Endpoint {
    pub(in crate::builder) fn new(host: &Arc<str>, port: u16) -> Self {
        Self { host: host.clone(), port }
    }

    /// The host: the name of a Service in full, or that of a server outside the cluster.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `scheme://host:port`.
    pub fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{self}")
    }

    /// The Go template of a URL whose password is the key `password` of the credential that it is
    /// composed from: `scheme://user:password@host:port/path`. The password is escaped where the
    /// credential is opened, so it may hold any character.
    pub fn url_with_password(&self, scheme: &str, user: &str, path: &str) -> String {
        format!(
            r#"{scheme}://{user}:{{{{ .password | urlquery | replace "+" "%20" }}}}@{self}/{path}"#
        )
    }
}

/// `host:port`.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::Endpoint;

    #[test]
    fn urls_are_made_of_host_and_port() {
        let endpoint = Endpoint::new(&"db.example.com".into(), 5432);
        assert_eq!(endpoint.to_string(), "db.example.com:5432");
        assert_eq!(endpoint.url("http"), "http://db.example.com:5432");
        assert_eq!(
            endpoint.url_with_password("postgresql", "chat", "chat?sslmode=require"),
            "postgresql://chat:{{ .password | urlquery | replace \"+\" \"%20\" \
             }}@db.example.com:5432/chat?sslmode=require"
        );
    }
}
