//! The platform at a glance: the rows and sentences at the top of `show` and of `out/README.md`.

use std::sync::Arc;

use serde::Serialize;

use crate::platform::certificates::Issuer;

/// A public host.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HostRow {
    /// The host name.
    pub host: Arc<str>,
    /// The Application that answers there.
    pub application: Arc<str>,
    /// The DNS records, of which one has to lead to the cluster; none for a name that leads to the
    /// computer that asks for it.
    pub dns_records: &'static [&'static str],
    /// The issuer of its certificate, or [`NO_ISSUER`].
    pub issuer: &'static str,
}

/// Of a host that answers in plain HTTP.
pub const NO_ISSUER: &str = "none";

impl HostRow {
    /// What its URL begins with.
    pub fn scheme(&self) -> &'static str {
        if self.issuer == NO_ISSUER { "http" } else { "https" }
    }
}

/// A chart, an image or the cluster itself, and its version.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VersionRow {
    /// Its name in `spec/versions.yaml`.
    pub name: &'static str,
    /// The version.
    pub version: Arc<str>,
}

/// A model that is served.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelRow {
    /// Its name.
    pub name: String,
    /// Tokens of its context, as it is served.
    pub context: u64,
    /// The workspace whose own Ollama serves it; none: the platform's does, for everybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace: Option<Arc<str>>,
}

/// The summary at the top.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Glance {
    /// The platform's name.
    pub name: Arc<str>,
    /// The public hosts, the platform's own first; of very many workspaces the first.
    pub hosts: Vec<HostRow>,
    /// How many hosts there are.
    #[serde(rename = "hostCount")]
    pub all: usize,
    /// The wildcard under which all workspaces are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wildcard: Option<String>,
    /// Who certifies the hosts.
    #[serde(skip)]
    pub issuer: Issuer,
    /// Whether an ACME server asks each host by HTTP.
    #[serde(skip)]
    pub asks_by_http: bool,
    /// Whether one node is all there is.
    #[serde(skip)]
    pub is_single: bool,
    /// The models, the platform's own first; of very many workspaces those of the first.
    pub models: Vec<ModelRow>,
    /// How many models there are, each workspace's counted.
    pub model_count: usize,
    /// Replicas of the model server.
    pub model_replicas: u32,
    /// The versions that run.
    pub versions: Vec<VersionRow>,
}

/// The types of DNS record that can point a host to the cluster; one of them is enough.
pub const DNS_RECORDS: [&str; 2] = ["A", "AAAA"];

impl Glance {
    /// The DNS records that must exist before a certificate can be issued.
    pub fn dns(&self) -> String {
        let to = if self.is_single { "the node" } else { "a node" };
        let each = if self.all == 1 { "the host" } else { "each host" };
        let wildcard = self.wildcard.as_ref().map_or_else(String::new, |host| {
            format!("; a single one for `{host}` covers every workspace")
        });
        let (address, reach) = match (self.asks_by_http, self.issuer.is_lets_encrypt()) {
            (true, true) => ("public address", "ports 80 and 443 must be open to the Internet"),
            (true, false) => {
                ("address", "the ACME server has to reach port 80, and people the ports 80 and 443")
            }
            (false, _) => ("address", "people have to reach the ports 80 and 443"),
        };
        format!("an A (or AAAA) record for {each} with the {address} of {to}{wildcard}; {reach}")
    }

    /// Which server issues the certificates, and what to do if browsers do not trust it.
    pub const fn certificates(&self) -> &'static str {
        match self.issuer {
            Issuer::Staging => {
                "from Let's Encrypt's staging server, so browsers warn; write `issuer: production` \
                 once every host answers"
            }
            Issuer::Production => {
                "from Let's Encrypt's production server, one for each host, renewed by cert-manager"
            }
            Issuer::SelfSigned => {
                "self-signed, one for each host, so browsers warn at each of them"
            }
            Issuer::Acme(_) => {
                "from an ACME server of your own, one for each host, renewed by cert-manager; \
                 whoever visits them has to trust its authority"
            }
            Issuer::Ca(_) => {
                "from an authority of your own, one for each host, renewed by cert-manager; \
                 whoever visits them has to trust it"
            }
        }
    }
}
