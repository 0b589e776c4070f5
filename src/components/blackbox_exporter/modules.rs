//! How the blackbox exporter asks: its modules, one a way that a component may offer an address.

use serde::Serialize;

use crate::platform::{
    certificates::Issuer,
    trust::{Authorities, Trust},
};

/// Longer than Prometheus waits for an answer (10 s, of which the exporter takes half a second for
/// itself), so that Prometheus' own setting decides: a node that answers a question with all its
/// cores is slow, and not down.
const TIMEOUT: &str = "10s";

/// The modules, by the names that a `Probe` has: those of
/// [`crate::builder::contribution::Module`].
#[derive(Serialize)]
pub(super) struct Modules {
    /// A Service of the cluster, in plain HTTP. The chart's default has this name, too.
    http_2xx: Http,
    /// A public host, by TLS.
    https_2xx: Http,
    /// A Service of the cluster, by a connection alone.
    tcp_connect: Tcp,
}

#[derive(Serialize)]
struct Http {
    http: HttpProbe,
    prober: &'static str,
    timeout: &'static str,
}

#[derive(Serialize)]
struct HttpProbe {
    fail_if_not_ssl: bool,
    fail_if_ssl: bool,
    /// An address that leads elsewhere is none that answers: where it leads is nobody's promise.
    follow_redirects: bool,
    preferred_ip_protocol: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls_config: Option<TlsConfig>,
}

#[derive(Serialize)]
struct Tcp {
    prober: &'static str,
    tcp: TcpProbe,
    timeout: &'static str,
}

#[derive(Serialize)]
struct TcpProbe {
    preferred_ip_protocol: &'static str,
}

/// How a certificate is checked, where not everybody trusts it.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum TlsConfig {
    /// Against these authorities.
    Ca { ca: String },
    /// Not at all.
    Unchecked { insecure_skip_verify: bool },
}

impl TlsConfig {
    /// Everybody trusts Let's Encrypt's own server, and the platform has the certificates of an
    /// authority of one's own. Of all others it does not know who will sign: Let's Encrypt's server
    /// for tests changes its authorities as it likes, a certificate that is signed with its own key
    /// is another one in each cluster, and `acme.ca` is who certifies the ACME server, not whom
    /// that server certifies. There a probe that checks would fail for good, and say nothing; when
    /// the certificate ends is told all the same.
    fn of(issuer: &Issuer, trust: &Trust) -> Option<Self> {
        match issuer {
            Issuer::Production => None,
            Issuer::Ca(_) => trust.issuer.as_ref().map(Self::signed_by),
            Issuer::Staging | Issuer::SelfSigned | Issuer::Acme(_) => {
                Some(Self::Unchecked { insecure_skip_verify: true })
            }
        }
    }

    fn signed_by(authorities: &Authorities) -> Self {
        Self::Ca { ca: authorities.text.to_string() }
    }
}

impl Modules {
    /// With public hosts that such an issuer certifies.
    pub(super) fn trusting(issuer: &Issuer, trust: &Trust) -> Self {
        let http = |is_public: bool, tls_config| Http {
            http: HttpProbe {
                fail_if_not_ssl: is_public,
                fail_if_ssl: !is_public,
                follow_redirects: false,
                preferred_ip_protocol: "ip4",
                tls_config,
            },
            prober: "http",
            timeout: TIMEOUT,
        };
        Self {
            http_2xx: http(false, None),
            https_2xx: http(true, TlsConfig::of(issuer, trust)),
            tcp_connect: Tcp {
                prober: "tcp",
                tcp: TcpProbe { preferred_ip_protocol: "ip4" },
                timeout: TIMEOUT,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::TlsConfig;
    use crate::platform::{
        certificates::Issuer,
        trust::{Authorities, Trust},
    };

    #[test]
    fn a_certificate_is_checked_wherever_it_is_known_who_signs() {
        let authority = Authorities { text: "PEM".into(), valid: Vec::new() };
        let trust = Trust { issuer: Some(authority), ..Trust::default() };
        let of = |text: &str| {
            let issuer: Issuer = serde_json::from_str(text).expect("an issuer");
            TlsConfig::of(&issuer, &trust)
        };
        assert_eq!(of(r#""production""#), None);
        let ca = of(r#"{"ca": {"certificate": "authority.pem"}}"#);
        assert_eq!(ca, Some(TlsConfig::Ca { ca: "PEM".to_owned() }));
        for text in [
            r#""staging""#,
            r#""selfSigned""#,
            r#"{"acme": {"server": "https://ca.example.org/d"}}"#,
        ] {
            let unchecked = TlsConfig::Unchecked { insecure_skip_verify: true };
            assert_eq!(of(text), Some(unchecked), "{text}");
        }
    }
}
