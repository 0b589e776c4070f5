//! One certificate for all workspaces below their domain, in the store of the ingress controller.

use crate::{
    builder::{
        handle::{CrdRef, IssuerRef, WildcardRef},
        kinds,
        may_make::MayMake,
        scope::Scope,
        traefik::{StoredCertificate, TlsStore, TlsStoreSpec},
    },
    crds::cert_manager::{Certificate, CertificateSpec, IssuerReference},
    facts::{kubernetes::SYSTEM_NAMESPACE, traefik::DEFAULT_TLS_STORE},
    names::Host,
};

/// What its Application may ever make.
pub const APPLICATION: MayMake = MayMake::in_namespace(
    "workspace-certificate",
    &[SYSTEM_NAMESPACE],
    &[kinds::namespaced_custom::<Certificate>(), kinds::namespaced_custom::<TlsStore>()],
);

/// The name of the certificate, and what its Secret is called.
const NAME: &str = "workspaces";
const SECRET: &str = "workspaces-tls";

/// What it needs.
pub struct Needs<'a> {
    /// The right to write it.
    pub certificates: CrdRef<Certificate>,
    /// Who signs.
    pub issuer: &'a IssuerRef,
    /// The domain of the workspaces.
    pub domain: &'a Host,
}

/// Builds it beside the ingress controller, which reads the store of one namespace alone.
pub fn build(scope: &mut Scope<'_>, needs: &Needs<'_>) -> Option<WildcardRef> {
    let cluster = scope.cluster();
    let part = scope.part(NAME, "certificate", None);
    let spec = CertificateSpec {
        dns_names: vec![format!("*.{}", needs.domain)],
        issuer_ref: IssuerReference {
            kind: "ClusterIssuer",
            name: scope.asks(needs.issuer).to_string(),
        },
        secret_name: SECRET,
    };
    let metadata = scope.meta_named(&part, NAME);
    scope.add_custom(needs.certificates, Certificate { metadata, spec });
    let metadata = scope.meta_named(&part, DEFAULT_TLS_STORE);
    let certificates = vec![StoredCertificate { secret_name: SECRET }];
    scope.add_custom(cluster.kind(), TlsStore { metadata, spec: TlsStoreSpec { certificates } });
    scope.wildcard(needs.domain)
}
