//! The tested set: the versions that were rendered, measured and judged together.

/// Something that `spec/versions.yaml` may pin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pin {
    /// Its name in `spec/versions.yaml`.
    pub name: &'static str,
    /// The tested version.
    pub tested: &'static str,
    /// An image (repository without tag), or none for a chart, whose repository is among the chart's facts.
    pub image: Option<&'static str>,
}

/// Argo CD's chart; which Argo CD it brings is among the [pairs](super::pairs).
pub const ARGO_CD: Pin = Pin { name: "argo-cd", tested: "10.1.1", image: None };
/// cert-manager's chart; its templates are those of v1.21.1.
pub const CERT_MANAGER: Pin = Pin { name: "cert-manager", tested: "v1.21.2", image: None };
/// Helm, which renders on the node the charts that have to be there before Argo CD; the version that the judges render with.
pub const HELM: Pin = Pin { name: "helm", tested: "v4.2.1", image: None };
/// The cluster: k3s itself. Neither chart nor image: the node installs it.
pub const K3S: Pin = Pin { name: "k3s", tested: "v1.35.8+k3s1", image: None };
/// sealed-secrets' chart, which runs the controller 0.38.4: the one that the judges run.
pub const SEALED_SECRETS: Pin = Pin { name: "sealed-secrets", tested: "2.19.1", image: None };
/// Ollama.
pub const OLLAMA: Pin = Pin { name: "ollama", tested: "0.32.15", image: Some("docker.io/ollama/ollama") };
/// Open `WebUI`, the slim image.
pub const OPEN_WEBUI: Pin = Pin { name: "open-webui", tested: "0.12.4-slim", image: Some("ghcr.io/open-webui/open-webui") };
/// PostgreSQL, the official image.
pub const POSTGRESQL: Pin = Pin { name: "postgresql", tested: "17.9", image: Some("docker.io/library/postgres") };
/// rclone, which speaks S3.
pub const RCLONE: Pin = Pin { name: "rclone", tested: "1.75.1", image: Some("docker.io/rclone/rclone") };
/// Redis, the official image: the version that ArgoCD's chart brings too.
pub const REDIS: Pin = Pin { name: "redis", tested: "8.2.3-alpine", image: Some("docker.io/library/redis") };

/// All of them, by name.
pub const ALL: [Pin; 10] = [ARGO_CD, CERT_MANAGER, HELM, K3S, OLLAMA, OPEN_WEBUI, POSTGRESQL, RCLONE, REDIS, SEALED_SECRETS];
