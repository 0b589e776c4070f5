//! A server outside the cluster that the spec names: the one way for pods to reach it, and so the
//! one place of the questions that each such server has to answer.

use core::net::Ipv4Addr; // of `core`: addresses only, no sockets
use std::sync::Arc;

use crate::names::Cidr;

/// A path of keys below `spec`.
type Keys = &'static [&'static str];

/// What a server is called, who calls it, and where the spec says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Role {
    /// Which server it is, as the end of a sentence: `the Git server`.
    pub what: &'static str,
    /// Who calls it: `Argo CD`.
    pub caller: &'static str,
    /// What comes of it when it cannot be reached, as a sentence without its full stop.
    pub without: &'static str,
    /// The field that names the host.
    pub host: Keys,
    /// The field that names its network.
    pub cidr: Keys,
}

/// A server outside the cluster. A flow out of the cluster to a host that the spec names is made
/// of it and of nothing else (`Scope::calls_outside`, `PortRef::outside`), and making the flow
/// records it: the rule `endpoint-unreachable` and the bootstrap script ask every one that is
/// recorded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outside {
    role: Role,
    host: Arc<str>,
    port: u16,
    cidr: Option<Cidr>,
}

impl Outside {
    /// A server, as the spec describes it: `cidr` is its network, where that is written.
    pub fn new(role: Role, host: &str, port: u16, cidr: Option<&Cidr>) -> Self {
        let host = host.to_ascii_lowercase().into();
        Self { role, host, port, cidr: cidr.cloned() }
    }

    /// What it is, and who calls it.
    pub fn role(&self) -> &Role {
        &self.role
    }

    /// Its host: a name or an IPv4 address.
    pub fn host(&self) -> &Arc<str> {
        &self.host
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The network that is written.
    pub fn cidr(&self) -> Option<&Cidr> {
        self.cidr.as_ref()
    }

    /// Its address, where the spec names one and no name.
    pub fn address(&self) -> Option<Ipv4Addr> {
        self.host.parse().ok()
    }

    /// The network that policies open: the one that is written, or else its one address. None: a
    /// name, which has to lead to public addresses.
    pub fn network(&self) -> Option<Cidr> {
        self.cidr.clone().or_else(|| format!("{}/32", self.address()?).parse().ok())
    }
}

#[cfg(test)]
mod tests {
    use super::{Outside, Role};

    const ROLE: Role = Role { what: "", caller: "", without: "", host: &[], cidr: &[] };

    #[test]
    fn an_address_is_its_own_network() {
        let network = |host: &str, cidr: Option<&str>| {
            let cidr = cidr.map(|it| it.parse().expect("a range"));
            Outside::new(ROLE, host, 443, cidr.as_ref()).network().map(|it| it.to_string())
        };
        assert_eq!(network("192.168.1.5", None).as_deref(), Some("192.168.1.5/32"));
        assert_eq!(network("8.8.8.8", None).as_deref(), Some("8.8.8.8/32"));
        assert_eq!(network("10.0.0.5", Some("10.0.0.0/24")).as_deref(), Some("10.0.0.0/24"));
        assert_eq!(network("git.garden.lan", Some("10.0.0.0/24")).as_deref(), Some("10.0.0.0/24"));
        assert_eq!(network("github.com", None), None);
    }
}
