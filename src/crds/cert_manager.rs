//! cert-manager's `ClusterIssuer` (`cert-manager.io/v1`).

use k8s_openapi::{
    api::core::v1::ResourceRequirements, apimachinery::pkg::apis::meta::v1::ObjectMeta,
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

/// The body of a [`ClusterIssuer`].
#[derive(Serialize)]
pub struct ClusterIssuerSpec {
    /// An ACME server.
    pub acme: Acme,
}

/// An ACME server and how to prove that a host is ours.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Acme {
    /// The address that is warned before a certificate expires.
    pub email: String,
    /// Where the account's key is kept.
    pub private_key_secret_ref: SecretRef,
    /// The directory.
    pub server: &'static str,
    /// Ways to prove it.
    pub solvers: Vec<Solver>,
}

/// A Secret in cert-manager's own namespace.
#[derive(Serialize)]
pub struct SecretRef {
    /// Its name.
    pub name: String,
}

/// One way to prove that a host is ours.
#[derive(Serialize)]
pub struct Solver {
    /// By answering on port 80.
    pub http01: Http01,
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

impl CustomResource for ClusterIssuer {
    const API_VERSION: &'static str = "cert-manager.io/v1";
    const KIND: &'static str = "ClusterIssuer";
    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }
}
