//! cert-manager's `ClusterIssuer` and `Certificate` (`cert-manager.io/v1`).

use k8s_openapi::{
    ByteString, api::core::v1::ResourceRequirements, apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use serde::Serialize;

use crate::builder::object::CustomResource;

/// Whom to ask for certificates, for the whole cluster.
#[derive(Serialize)]
pub struct ClusterIssuer {
    /// Name.
    pub metadata: ObjectMeta,
    /// The rest.
    pub spec: ClusterIssuerSpec,
}

/// Names to be certified, and where the certificate is kept. Those of an Ingress need none: its
/// annotation has cert-manager make one.
#[derive(Serialize)]
pub struct Certificate {
    /// Name.
    pub metadata: ObjectMeta,
    /// The rest.
    pub spec: CertificateSpec,
}

/// The body of a [`Certificate`].
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateSpec {
    /// The names, with `*` for any first label.
    pub dns_names: Vec<String>,
    /// Who signs.
    pub issuer_ref: IssuerReference,
    /// The Secret that cert-manager makes, in the same namespace.
    pub secret_name: &'static str,
}

/// Whom a [`Certificate`] asks.
#[derive(Serialize)]
pub struct IssuerReference {
    /// Always `ClusterIssuer`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
}

/// The body of a [`ClusterIssuer`]: who signs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ClusterIssuerSpec {
    /// An ACME server.
    Acme(Acme),
    /// An authority whose key is in a Secret.
    Ca(Ca),
    /// Each certificate's own key.
    SelfSigned {},
}

/// An authority whose key is in a Secret.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ca {
    /// The Secret's name, in cert-manager's own namespace.
    pub secret_name: String,
}

/// An ACME server and how to prove that a host is ours.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Acme {
    /// Certificates in PEM form that the server's own is checked against.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_bundle: Option<ByteString>,
    /// The address of the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Where the account's key is kept.
    pub private_key_secret_ref: SecretRef,
    /// The directory.
    pub server: String,
    /// Ways to prove it.
    pub solvers: Vec<Solver>,
}

/// A Secret in cert-manager's own namespace.
#[derive(Serialize)]
pub struct SecretRef {
    /// Its name.
    pub name: String,
}

/// A key of a Secret in cert-manager's own namespace.
#[derive(Serialize)]
pub struct SecretKeyRef {
    /// The key.
    pub key: &'static str,
    /// The Secret's name.
    pub name: String,
}

/// One way to prove that a host is ours.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Solver {
    /// By answering on port 80.
    Http01(Http01),
    /// By a DNS record.
    Dns01(Dns01),
}

/// By a DNS record, written by one of these ways.
#[derive(Serialize)]
pub enum Dns01 {
    /// Cloudflare's API.
    #[serde(rename = "cloudflare")]
    Cloudflare {
        /// The API token.
        #[serde(rename = "apiTokenSecretRef")]
        api_token: SecretKeyRef,
    },
    /// DigitalOcean's API.
    #[serde(rename = "digitalocean")]
    DigitalOcean {
        /// The access token.
        #[serde(rename = "tokenSecretRef")]
        token: SecretKeyRef,
    },
    /// Amazon's API.
    #[serde(rename = "route53")]
    Route53 {
        /// The access key's id.
        #[serde(rename = "accessKeyIDSecretRef")]
        access_key_id: SecretKeyRef,
        /// What requests are signed for.
        region: &'static str,
        /// What is secret of it.
        #[serde(rename = "secretAccessKeySecretRef")]
        secret_access_key: SecretKeyRef,
    },
    /// Dynamic updates of a name server.
    #[serde(rename = "rfc2136", rename_all = "camelCase")]
    Rfc2136 {
        /// `host:port`.
        nameserver: String,
        /// How it is asked.
        protocol: &'static str,
        /// The key's algorithm.
        tsig_algorithm: &'static str,
        /// The key's name.
        tsig_key_name: String,
        /// What is secret of it.
        #[serde(rename = "tsigSecretSecretRef")]
        tsig_secret: SecretKeyRef,
    },
}

/// By answering on port 80.
#[derive(Serialize)]
pub struct Http01 {
    /// Through an Ingress.
    pub ingress: SolverIngress,
}

/// Through an Ingress that cert-manager makes for the time.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SolverIngress {
    /// Which controller serves it.
    pub ingress_class_name: String,
    /// The pod that answers.
    pub pod_template: SolverPod,
    /// Of the Service before it.
    pub service_type: &'static str,
}

/// The pod that answers.
#[derive(Serialize)]
pub struct SolverPod {
    /// Its spec.
    pub spec: SolverPodSpec,
}

/// The part of a pod's spec that an issuer may set.
#[derive(Serialize)]
pub struct SolverPodSpec {
    /// Of the one container.
    pub resources: ResourceRequirements,
}

impl CustomResource for Certificate {
    const API_VERSION: &'static str = "cert-manager.io/v1";
    const KIND: &'static str = "Certificate";
    const PLURAL: &'static str = "certificates";
    const IS_NAMESPACED: bool = true;
    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }
}

impl CustomResource for ClusterIssuer {
    const API_VERSION: &'static str = "cert-manager.io/v1";
    const KIND: &'static str = "ClusterIssuer";
    const PLURAL: &'static str = "clusterissuers";
    const IS_NAMESPACED: bool = false;
    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }
}
