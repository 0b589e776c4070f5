//! Public host names and who certifies them.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use super::{
    dns01::DnsChallenge,
    outside::{Outside, Role},
};
use crate::names::{Cidr, Email, Host, SpecFile, server::AcmeDirectory};

/// Public host names of the platform.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Domains {
    /// Public host name of Open WebUI: `spec.rules[].host` of its Ingress, and `WEBUI_URL` in its
    /// environment. Its DNS record must point to the cluster.
    #[schemars(example = &"chat.example.org")]
    pub chat: Host,
    /// Public host name of Grafana: `spec.rules[].host` of an Ingress. While Grafana is off, it
    /// only reserves the name, which is a warning. Absent: there is no Ingress, and `kubectl
    /// port-forward` opens the interface.
    #[schemars(example = &"monitoring.example.org")]
    pub monitoring: Option<Host>,
    /// Public host name of Argo CD's web interface: `spec.rules[].host` of an Ingress. Absent:
    /// there is no Ingress, and `kubectl port-forward` opens the interface.
    #[schemars(example = &"argocd.example.org")]
    pub argocd: Option<Host>,
    /// Public host name of the API of workspaces: `spec.rules[].host` of an Ingress.
    /// `workspaces.api` needs it; while that is off, it only reserves the name, which is a warning.
    /// Absent: there is no API.
    #[schemars(example = &"api.example.org")]
    pub api: Option<Host>,
    /// Domain of the workspaces: a workspace answers at `<workspaceName>.<this domain>`, so DNS
    /// needs a wildcard record that points to the cluster, or one record for each workspace. With
    /// `certificates.dns01`, one certificate is for all of them (`*.<this domain>`); else each has
    /// its own. Absent: the domain is that of `chat`, and each has its own.
    #[schemars(example = &"workspaces.example.org")]
    pub workspaces: Option<Host>,
}

impl Domains {
    /// The platform's own hosts, as far as they are written, with the fields that name them.
    pub fn own(&self) -> impl Iterator<Item = (&'static str, &Host)> {
        let all = [
            ("chat", Some(&self.chat)),
            ("monitoring", self.monitoring.as_ref()),
            ("argocd", self.argocd.as_ref()),
            ("api", self.api.as_ref()),
        ];
        all.into_iter().filter_map(|(field, host)| Some((field, host?)))
    }

    /// The same, and the domain of the workspaces.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, &Host)> {
        self.own().chain(self.workspaces.as_ref().map(|it| ("workspaces", it)))
    }
}

/// Who certifies the public hosts, and how it learns that they are yours.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, remote = "Self")]
pub struct Certificates {
    /// E-mail address of the account at the ACME server: `spec.acme.email` of the `ClusterIssuer`.
    /// Required with Let's Encrypt. Absent: the account has no address.
    #[schemars(example = &"operations@example.org")]
    pub email: Option<Email>,
    /// Who issues the certificates: `staging` or `production` (Let's Encrypt), `selfSigned`, an
    /// ACME server of your own (`{acme: {server: …}}`) or an authority of your own
    /// (`{ca: {certificate: …}}`). Another of these five issues all certificates again; another
    /// server or authority issues them as they are renewed.
    #[serde(default)]
    #[schemars(example = &"production")]
    pub issuer: Issuer,
    /// Where to write the DNS record that proves to the ACME server that a host is yours:
    /// `spec.acme.solvers[].dns01` of the `ClusterIssuer`. Nothing has to reach the cluster from
    /// outside then. The record is looked up through the cluster's DNS first, which has to know
    /// what the world knows: a resolver that answers for the zone itself never sees it. Absent: an
    /// answer on port 80 of each host proves it (HTTP-01).
    #[schemars(example = &"cloudflare")]
    pub dns01: Option<DnsChallenge>,
}

impl<'de> Deserialize<'de> for Certificates {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The derived function, which needs nothing of what may be absent.
        let read = Self::deserialize(deserializer)?;
        if read.issuer.is_lets_encrypt() && read.email.is_none() {
            return Err(D::Error::missing_field("email"));
        }
        Ok(read)
    }
}

/// Who issues the certificates.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Issuer {
    /// Let's Encrypt's server for tests: generous rate limits, but no browser trusts its
    /// certificates.
    #[default]
    Staging,
    /// Let's Encrypt's server for users: browsers trust its certificates, and its rate limits are
    /// strict.
    Production,
    /// Nobody: each certificate is signed with its own key (`spec.selfSigned` of the
    /// `ClusterIssuer`), and browsers warn at each host. It names no issuer, which some programs
    /// refuse even where they are told to trust it. For tests in a network of your own.
    SelfSigned,
    /// An ACME server of your own, such as step-ca.
    Acme(AcmeServer),
    /// An authority of your own, whose key is sealed: `spec.ca` of the `ClusterIssuer`.
    Ca(Authority),
}

/// An ACME server of your own.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AcmeServer {
    /// URL of its directory: `spec.acme.server` of the `ClusterIssuer`.
    #[schemars(example = &"https://ca.example.org/acme/acme/directory")]
    pub server: AcmeDirectory,
    /// File in `spec/` with the certificates (PEM) of the authorities that its own certificate is
    /// checked against: `spec.acme.caBundle` of the `ClusterIssuer`. Absent: those that everybody
    /// trusts.
    #[schemars(example = &"acme-ca.pem")]
    pub ca: Option<SpecFile>,
    /// Network of the server, where its name leads to a private address: the NetworkPolicy opens
    /// its port to this network. Absent: the server is on the internet, or has the address that
    /// the URL names.
    #[schemars(example = &"10.0.0.0/24")]
    pub cidr: Option<Cidr>,
}

/// An authority of your own. Its private key is the sealed credential `certificate-authority`.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Authority {
    /// File in `spec/` with its certificate (PEM), and after it those of the authorities above it,
    /// if there are any: `tls.crt` of the Secret that `spec.ca` of the `ClusterIssuer` names. Who
    /// visits the hosts has to trust it.
    #[schemars(example = &"authority.pem")]
    pub certificate: SpecFile,
}

/// The ACME server of somebody's own.
const ACME_SERVER: Role = Role {
    what: "the ACME server",
    caller: "cert-manager",
    without: "no certificate is issued or renewed then",
    host: &["certificates", "issuer", "acme", "server"],
    cidr: &["certificates", "issuer", "acme", "cidr"],
};

impl AcmeServer {
    /// The server, as pods reach it.
    pub fn outside(&self) -> Outside {
        let Self { server, cidr, .. } = self;
        Outside::new(ACME_SERVER, server.host(), server.port(), cidr.as_ref())
    }
}

impl Certificates {
    /// Whether an ACME server asks each host by HTTP whether it is ours.
    pub fn asks_by_http(&self) -> bool {
        self.issuer.directory().is_some() && self.dns01.is_none()
    }

    /// Where a DNS record is written, if an ACME server asks for one.
    pub fn dns01(&self) -> Option<&DnsChallenge> {
        self.dns01.as_ref().filter(|_| self.issuer.directory().is_some())
    }
}

impl Issuer {
    /// The names of all `ClusterIssuer`s that there may be.
    pub const NAMES: [&str; 5] =
        ["letsencrypt-staging", "letsencrypt-production", "self-signed", "acme", "authority"];

    /// The `ClusterIssuer`'s name; another one for each issuer, so that a switch issues new
    /// certificates.
    pub const fn name(&self) -> &'static str {
        let [staging, production, self_signed, acme, authority] = Self::NAMES;
        match self {
            Self::Staging => staging,
            Self::Production => production,
            Self::SelfSigned => self_signed,
            Self::Acme(_) => acme,
            Self::Ca(_) => authority,
        }
    }

    /// As the spec says it.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Staging => "staging",
            Self::Production => "production",
            Self::SelfSigned => "selfSigned",
            Self::Acme(_) => "acme",
            Self::Ca(_) => "ca",
        }
    }

    /// Whether Let's Encrypt issues, which certifies public names only.
    pub const fn is_lets_encrypt(&self) -> bool {
        matches!(self, Self::Staging | Self::Production)
    }

    /// The ACME server of one's own, as pods reach it.
    pub fn server_of_ones_own(&self) -> Option<Outside> {
        match self {
            Self::Acme(acme) => Some(acme.outside()),
            _ => None,
        }
    }

    /// The ACME directory; none where no ACME server is asked.
    pub fn directory(&self) -> Option<&str> {
        match self {
            Self::Staging => Some("https://acme-staging-v02.api.letsencrypt.org/directory"),
            Self::Production => Some("https://acme-v02.api.letsencrypt.org/directory"),
            Self::Acme(acme) => Some(&acme.server),
            Self::SelfSigned | Self::Ca(_) => None,
        }
    }
}
