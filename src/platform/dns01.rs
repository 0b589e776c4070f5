//! How a DNS record proves that a host is ours.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::outside::{Outside, Role};
use crate::names::{
    Cidr,
    server::{KeyName, NameServer},
};

/// Whose name servers hold the records of the hosts, and how cert-manager writes there.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum DnsChallenge {
    /// Cloudflare. An API token with the permissions `Zone: Read` and `DNS: Edit` for the zone is
    /// the sealed credential `dns-cloudflare`.
    Cloudflare,
    /// DigitalOcean. An access token that may write domains is the sealed credential
    /// `dns-digitalocean`.
    DigitalOcean,
    /// Amazon Route 53. An access key that may change the zone is the sealed credential
    /// `dns-route53`.
    Route53,
    /// A name server of your own that takes dynamic updates (RFC 2136), such as BIND or Knot. The
    /// secret of its key is the sealed credential `dns-rfc2136`.
    Rfc2136(DynamicUpdates),
}

/// A name server of your own that takes dynamic updates.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DynamicUpdates {
    /// The primary name server of the zone: `rfc2136.nameserver` of the solver. It is asked over
    /// TCP.
    #[schemars(example = &"ns1.example.org", example = &"10.0.0.53")]
    pub server: NameServer,
    /// Name of the TSIG key: `rfc2136.tsigKeyName` of the solver.
    #[schemars(example = &"acme.example.org")]
    pub key_name: KeyName,
    /// Algorithm of the TSIG key: `rfc2136.tsigAlgorithm` of the solver.
    #[serde(default)]
    #[schemars(example = &"hmacSha512")]
    pub algorithm: TsigAlgorithm,
    /// Network of the name server, where its name leads to a private address: the NetworkPolicy
    /// opens its port to this network. Absent: the server is on the internet, or has the address
    /// that `server` names.
    #[schemars(example = &"10.0.0.0/24")]
    pub cidr: Option<Cidr>,
}

/// The algorithm of a TSIG key.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum TsigAlgorithm {
    /// HMAC-SHA-256.
    #[default]
    HmacSha256,
    /// HMAC-SHA-512.
    HmacSha512,
}

impl TsigAlgorithm {
    /// As cert-manager names it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HmacSha256 => "HMACSHA256",
            Self::HmacSha512 => "HMACSHA512",
        }
    }
}

/// The name server.
const NAME_SERVER: Role = Role {
    what: "the name server",
    caller: "cert-manager",
    without: "no certificate is issued or renewed then",
    host: &["certificates", "dns01", "rfc2136", "server"],
    cidr: &["certificates", "dns01", "rfc2136", "cidr"],
};

impl DynamicUpdates {
    /// The server, as pods reach it.
    pub fn outside(&self) -> Outside {
        let Self { server, cidr, .. } = self;
        Outside::new(NAME_SERVER, server.host(), server.port(), cidr.as_ref())
    }
}
