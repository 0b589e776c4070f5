//! A proxy between the cluster and the internet.

use core::net::Ipv4Addr; // of `core`: addresses only, no sockets
use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;

use super::outside::{Outside, Role};
use crate::{
    facts::kubernetes::NOT_OUTSIDE,
    names::{
        Cidr, Host,
        server::{Bypass, ProxyUrl},
    },
};

/// A proxy that HTTPS requests to the internet go through: those of k3s (images), of Argo CD
/// (charts, and a Git server with an `https://` URL), of Ollama (models), of cert-manager (the ACME
/// server, a DNS provider), of Alertmanager (receivers, but not mail) and of `bootstrap.sh`.
/// Network policies let these pods out to the proxy alone. A backup to S3 and an external database
/// are reached without it. A proxy that opens TLS with an authority of its own is not supported:
/// nothing here would trust it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Proxy {
    /// URL of the proxy, with its port unless that is the scheme's own: `HTTPS_PROXY` in the
    /// environment of each of these programs.
    #[schemars(example = &"http://proxy.example.org:3128")]
    pub https: ProxyUrl,
    /// Hosts, domains and ranges of addresses that are asked without the proxy: `NO_PROXY` in the
    /// environment of each. Network policies let pods out to them only where the spec names them
    /// (`repository.url`, `certificates.issuer.acme.server`). Added to these in any case: what is in
    /// the cluster, private ranges, the platform's own hosts, and servers of this spec that have a
    /// private address or a `cidr`. Public addresses of your own nodes belong here.
    #[serde(default)]
    #[schemars(extend("examples" = [["registry.garden.lan", ".garden.lan", "198.51.100.0/24"]]))]
    pub no_proxy: Vec<Bypass>,
    /// Network of the proxy, where its name leads to a private address: the NetworkPolicy opens its
    /// port to this network. Absent: the proxy has the address that the URL names, or a public one.
    #[schemars(example = &"10.0.0.0/24")]
    pub cidr: Option<Cidr>,
}

/// The proxy.
const PROXY: Role = Role {
    what: "the proxy",
    caller: "the platform",
    without: "no chart, model or certificate arrives then",
    host: &["proxy", "https"],
    cidr: &["proxy", "cidr"],
};

/// What is never asked through a proxy: the node itself and names of the cluster; and whatever is
/// not outside.
const DIRECT: [&str; 4] = ["localhost", "127.0.0.0/8", ".svc", ".cluster.local"];

/// What is asked without a proxy: the value of `NO_PROXY`, in parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bypassed(Vec<String>);

impl Bypassed {
    /// As the variable has it.
    pub fn text(&self) -> String {
        self.0.join(",")
    }

    /// Whether a host is asked straight, as Go and curl read the variable: a name stands for itself
    /// and all below it, one with a dot before it for what is below it, a range for its addresses.
    pub fn covers(&self, host: &str) -> bool {
        let address = host.parse::<Ipv4Addr>().ok();
        self.0.iter().any(|part| match (address, part.parse::<Cidr>()) {
            (Some(ip), Ok(range)) => range.contains(ip),
            (Some(_), Err(_)) => part == host,
            (None, _) => {
                let domain = part.strip_prefix('.').unwrap_or(part);
                let is_itself = host == domain && domain.len() == part.len();
                let below = host.strip_suffix(domain).is_some_and(|it| it.ends_with('.'));
                is_itself || below
            }
        })
    }
}

impl Proxy {
    /// The proxy, as pods reach it.
    pub fn outside(&self) -> Outside {
        Outside::new(PROXY, self.https.host(), self.https.port(), self.cidr.as_ref())
    }

    /// What is asked without it in a platform with these hosts and these servers.
    pub fn bypassed<'a>(
        &self,
        hosts: impl Iterator<Item = &'a Host>,
        servers: impl Iterator<Item = Outside>,
    ) -> Bypassed {
        let mut all: Vec<String> =
            DIRECT.iter().chain(&NOT_OUTSIDE).map(|it| (*it).to_owned()).collect();
        all.extend(hosts.map(ToString::to_string));
        let private = servers.filter(|it| it.network().is_some() && it.address().is_none());
        all.extend(private.map(|it| it.host().to_string()));
        all.extend(self.no_proxy.iter().map(ToString::to_string));
        let mut told = BTreeSet::new();
        all.retain(|it| told.insert(it.clone()));
        Bypassed(all)
    }
}

#[cfg(test)]
mod tests {
    use super::Bypassed;

    #[test]
    fn hosts_are_bypassed_as_go_and_curl_do() {
        let parts = ["git.example.org", ".lan", "10.0.0.0/8", "192.0.2.7", "localhost"];
        let bypassed = Bypassed(parts.map(str::to_owned).into());
        for host in
            ["git.example.org", "a.git.example.org", "git.garden.lan", "10.1.2.3", "192.0.2.7"]
        {
            assert!(bypassed.covers(host), "{host}");
        }
        for host in ["example.org", "agit.example.org", "lan", "11.0.0.1", "192.0.2.8", "7"] {
            assert!(!bypassed.covers(host), "{host}");
        }
        assert_eq!(bypassed.text(), parts.join(","));
    }
}
