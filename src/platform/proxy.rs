//! A proxy between the cluster and the internet.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;

use super::outside::{Outside, Role};
use crate::names::{
    Cidr, Host,
    server::{Bypass, ProxyUrl},
};

/// A proxy that HTTPS requests to the internet go through: those of k3s (images), of Argo CD
/// (charts, and a Git server with an `https://` URL), of Ollama (models), of cert-manager (the ACME
/// server, a DNS provider) and of `bootstrap.sh`. Network policies let these pods out to the proxy
/// alone.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Proxy {
    /// URL of the proxy, with its port unless that is the scheme's own: `HTTPS_PROXY` in the
    /// environment of each of these programs.
    #[schemars(example = &"http://proxy.example.org:3128")]
    pub https: ProxyUrl,
    /// Hosts, domains and ranges of addresses that are asked without the proxy: `NO_PROXY` in the
    /// environment of each. Added to these in any case: what is in the cluster, private ranges, the
    /// platform's own hosts, and servers of this spec that have a private address or a `cidr`.
    #[serde(default)]
    #[schemars(extend("examples" = [["mirror.example.org", ".garden.lan", "10.20.0.0/16"]]))]
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

/// What is never asked through a proxy: the node itself, private addresses, and names of the
/// cluster.
const DIRECT: [&str; 7] = [
    "localhost",
    "127.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    ".svc",
    ".cluster.local",
];

impl Proxy {
    /// The proxy, as pods reach it.
    pub fn outside(&self) -> Outside {
        Outside::new(PROXY, self.https.host(), self.https.port(), self.cidr.as_ref())
    }

    /// `NO_PROXY`: what is asked without it, in a platform with these hosts and these servers.
    pub fn bypassed<'a>(
        &self,
        hosts: impl Iterator<Item = &'a Host>,
        servers: impl Iterator<Item = Outside>,
    ) -> String {
        let mut all: Vec<String> = DIRECT.map(str::to_owned).into();
        all.extend(hosts.map(ToString::to_string));
        let private = servers.filter(|it| it.network().is_some() && it.address().is_none());
        all.extend(private.map(|it| it.host().to_string()));
        all.extend(self.no_proxy.iter().map(ToString::to_string));
        let mut told = BTreeSet::new();
        all.retain(|it| told.insert(it.clone()));
        all.join(",")
    }
}
