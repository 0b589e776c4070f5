//! The `ClusterIssuer` that certifies the public hosts, and what it proves itself with.

use k8s_openapi::{ByteString, apimachinery::pkg::apis::meta::v1::ObjectMeta};

use crate::{
    builder::{
        credential::{Credential, CredentialSpec, CredentialStore, Key, SecretLookup, Value},
        handle::{CrdRef, IssuerRef, Running},
        ingress::IngressRef,
        kinds,
        may_make::MayMake,
        scope::Scope,
    },
    components::disk,
    crds::{
        cert_manager::{
            Acme, Ca, ClusterIssuer, ClusterIssuerSpec, Dns01, Http01, SecretKeyRef, SecretRef,
            Solver, SolverIngress, SolverPod, SolverPodSpec,
        },
        sealed_secrets::SealedSecret,
    },
    facts::{
        charts::cert_manager::{ROUTE53_REGION, SOLVER},
        requests,
    },
    platform::{
        certificates::{Certificates, Issuer},
        dns01::{DnsChallenge, DynamicUpdates},
        resources::requirements,
        trust::{Authorities, Trust},
    },
};

/// What the issuer's Application may ever make: any of the issuers, whichever is in use.
pub const APPLICATION: MayMake = MayMake::in_namespace(
    "cluster-issuer",
    &["cert-manager"],
    &[
        kinds::of_cluster_custom::<ClusterIssuer>(Issuer::NAMES[0]),
        kinds::of_cluster_custom::<ClusterIssuer>(Issuer::NAMES[1]),
        kinds::of_cluster_custom::<ClusterIssuer>(Issuer::NAMES[2]),
        kinds::of_cluster_custom::<ClusterIssuer>(Issuer::NAMES[3]),
        kinds::of_cluster_custom::<ClusterIssuer>(Issuer::NAMES[4]),
    ],
);

/// What the Application of its sealed values may ever make.
pub const CREDENTIALS_APPLICATION: MayMake = MayMake::in_namespace(
    "cluster-issuer-credentials",
    &["cert-manager"],
    &[kinds::namespaced_custom::<SealedSecret>()],
);

/// The key in which cert-manager looks for an authority's certificates.
const CERTIFICATE: &str = "tls.crt";

/// The private key of an authority.
const AUTHORITY: CredentialSpec = CredentialSpec {
    name: "certificate-authority",
    keys: &[Key {
        name: "tls.key",
        value: Value::Pem("the authority's private key, a file in PEM form"),
    }],
    rotation: "certificates that are there stay until they are renewed, after two months at most; \
               `kubectl delete secret` of each (`openwebui-tls`) has it issued anew at once",
    lookup: SecretLookup::ByController,
};

const CLOUDFLARE: CredentialSpec = CredentialSpec {
    name: "dns-cloudflare",
    keys: &[Key {
        name: "api-token",
        value: Value::Known("an API token of Cloudflare with `Zone: Read` and `DNS: Edit`"),
    }],
    rotation: "",
    lookup: SecretLookup::ByController,
};

const DIGITAL_OCEAN: CredentialSpec = CredentialSpec {
    name: "dns-digitalocean",
    keys: &[Key {
        name: "access-token",
        value: Value::Known("an access token of DigitalOcean that may write domains"),
    }],
    rotation: "",
    lookup: SecretLookup::ByController,
};

const ROUTE53: CredentialSpec = CredentialSpec {
    name: "dns-route53",
    keys: &[
        Key {
            name: "access-key-id",
            value: Value::Shown("the id of an AWS access key that may change the zone"),
        },
        Key {
            name: "secret-access-key",
            value: Value::Known("the secret access key that belongs to it"),
        },
    ],
    rotation: "",
    lookup: SecretLookup::ByController,
};

const RFC2136: CredentialSpec = CredentialSpec {
    name: "dns-rfc2136",
    keys: &[Key {
        name: "tsig-secret",
        value: Value::Known("the secret of the TSIG key, in base64 as the name server has it"),
    }],
    rotation: "",
    lookup: SecretLookup::ByController,
};

/// The credential of an issuer, and after what it is there.
pub struct IssuerCredential {
    credential: Credential,
    running: Running,
}

impl IssuerCredential {
    fn secret(&self) -> String {
        self.credential.secret().to_string()
    }

    fn key(&self, key: &'static str) -> SecretKeyRef {
        SecretKeyRef { key, name: self.secret() }
    }
}

/// Which sealed values an issuer needs, if any.
pub fn credential(certificates: &Certificates) -> Option<&'static CredentialSpec> {
    if matches!(certificates.issuer, Issuer::Ca(_)) {
        return Some(&AUTHORITY);
    }
    Some(match certificates.dns01()? {
        DnsChallenge::Cloudflare => &CLOUDFLARE,
        DnsChallenge::DigitalOcean => &DIGITAL_OCEAN,
        DnsChallenge::Route53 => &ROUTE53,
        DnsChallenge::Rfc2136(_) => &RFC2136,
    })
}

/// The sealed values of the issuer, beside cert-manager. In an Application of its own, so that
/// they are there before the issuer, and since those of the chat are no business of its namespace.
pub fn credentials(
    scope: &mut Scope<'_>,
    store: &CredentialStore,
    declared: &'static CredentialSpec,
    trust: &Trust,
) -> IssuerCredential {
    let credential = store.credential(declared);
    match &trust.issuer {
        Some(Authorities { text, .. }) => {
            scope.uses_secret_with(&credential, CERTIFICATE, text.to_string());
        }
        None => scope.uses_secret(&credential),
    }
    IssuerCredential { credential, running: scope.running() }
}

/// What the issuer needs.
pub struct Needs<'a> {
    /// The right to write it.
    pub issuers: CrdRef<ClusterIssuer>,
    /// Answers at public hosts.
    pub ingress: &'a IngressRef,
    /// What the spec says of it.
    pub certificates: &'a Certificates,
    /// Whom it believes, and who it is.
    pub trust: &'a Trust,
    /// Its sealed values, where it needs any.
    pub credential: Option<IssuerCredential>,
    /// Whether workspaces under development may have public hosts.
    pub has_staging: bool,
}

/// Who certifies.
pub struct Offers {
    /// Public hosts.
    pub public: IssuerRef,
    /// Those of workspaces under development, where it is another one: Let's Encrypt's server for
    /// tests, which has no strict limits, beside that for users.
    pub staging: Option<IssuerRef>,
}

/// The issuers.
pub fn build(scope: &mut Scope<'_>, needs: &Needs<'_>) -> Option<Offers> {
    let issuer = &needs.certificates.issuer;
    let public = one(scope, needs, issuer)?;
    let has_staging = needs.has_staging && matches!(issuer, Issuer::Production);
    let staging = has_staging.then(|| one(scope, needs, &Issuer::Staging)).flatten();
    Some(Offers { public, staging })
}

fn one(scope: &mut Scope<'_>, needs: &Needs<'_>, issuer: &Issuer) -> Option<IssuerRef> {
    let email = &needs.certificates.email;
    let dns01 = needs.certificates.dns01();
    let name = issuer.name();
    let credential = needs.credential.as_ref();
    if let Some(credential) = credential {
        scope.wait_until(credential.running);
    }
    let part = scope.part(name, "issuer", None);
    let metadata: ObjectMeta = scope.meta_cluster(&part, name);
    let spec = match (issuer.directory(), credential) {
        (Some(directory), _) => ClusterIssuerSpec::Acme(Acme {
            ca_bundle: needs.trust.acme.as_ref().map(|it| ByteString(it.text.as_bytes().to_vec())),
            email: email.as_ref().map(ToString::to_string),
            private_key_secret_ref: SecretRef { name: format!("{name}-account") },
            server: directory.to_owned(),
            solvers: vec![match (dns01, credential) {
                (Some(dns01), Some(credential)) => Solver::Dns01(dns01_solver(dns01, credential)),
                _ => Solver::Http01(http01_solver(needs.ingress)),
            }],
        }),
        (None, Some(credential)) => ClusterIssuerSpec::Ca(Ca { secret_name: credential.secret() }),
        (None, None) => ClusterIssuerSpec::SelfSigned {},
    };
    scope.add_custom(needs.issuers, ClusterIssuer { metadata, spec });
    scope.issuer(name, needs.certificates.asks_by_http().then_some(&SOLVER))
}

fn http01_solver(ingress: &IngressRef) -> Http01 {
    let spec = SolverPodSpec {
        resources: disk::beside(requirements(requests::ACME_SOLVER), requests::ACME_SOLVER.folders),
    };
    Http01 {
        ingress: SolverIngress {
            ingress_class_name: ingress.class().to_string(),
            pod_template: SolverPod { spec },
            service_type: "ClusterIP",
        },
    }
}

fn dns01_solver(dns01: &DnsChallenge, credential: &IssuerCredential) -> Dns01 {
    match dns01 {
        DnsChallenge::Cloudflare => Dns01::Cloudflare { api_token: credential.key("api-token") },
        DnsChallenge::DigitalOcean => Dns01::DigitalOcean { token: credential.key("access-token") },
        DnsChallenge::Route53 => Dns01::Route53 {
            access_key_id: credential.key("access-key-id"),
            region: ROUTE53_REGION,
            secret_access_key: credential.key("secret-access-key"),
        },
        DnsChallenge::Rfc2136(DynamicUpdates { server, key_name, algorithm, .. }) => {
            Dns01::Rfc2136 {
                nameserver: format!("{}:{}", server.host(), server.port()),
                protocol: "TCP",
                tsig_algorithm: algorithm.name(),
                tsig_key_name: key_name.to_string(),
                tsig_secret: credential.key("tsig-secret"),
            }
        }
    }
}
