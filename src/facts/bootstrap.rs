//! What has to be on the node and in the cluster before Argo CD can read anything.

use super::versions::{HELM, K3S, Pin};

/// A file of a publisher that the bootstrap script fetches.
#[derive(Clone, Copy, Debug)]
pub struct Download {
    /// Its name in `spec/versions.yaml`, where its checksum is given as `<version>@sha256:<digits>`.
    pub name: &'static str,
    /// What it is a release of.
    pub of: Pin,
}

/// All of them: what is fetched for each architecture.
pub const DOWNLOADS: [Download; 4] = [
    Download { name: "helm-amd64", of: HELM },
    Download { name: "helm-arm64", of: HELM },
    Download { name: "k3s-amd64", of: K3S },
    Download { name: "k3s-arm64", of: K3S },
];

/// Applications that have to be there before Argo CD reads the tree, in the order in which the script makes them. Each is a chart, so the
/// script can render what the Application will find.
pub const BEFORE_ARGOCD: [&str; 2] = ["sealed-secrets", "argocd"];

/// Hook Jobs of their charts: an Application and the Job's name. A Job cannot be changed, so the script deletes it before it applies it.
pub const HOOK_JOBS: [(&str, &str); 1] = [("argocd", "argocd-redis-secret-init")];
