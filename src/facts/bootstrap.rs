//! What has to be on the node and in the cluster before Argo CD can read anything.

use super::versions::Pin;

/// k3s, the target of the whole tree: its Kubernetes is the one of the kinds and of the pod security standards.
pub const K3S: Pin = Pin { name: "k3s", tested: "v1.35.8+k3s1", image: None };
/// Helm, which renders the two charts of [`BEFORE_ARGOCD`]; the version that the judges render with.
pub const HELM: Pin = Pin { name: "helm", tested: "v4.2.1", image: None };

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
