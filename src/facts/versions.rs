//! The tested set: the versions that were rendered, measured and judged together.

/// Something that `spec/versions.yaml` may pin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pin {
    /// Its name in `spec/versions.yaml`.
    pub name: &'static str,
    /// What it is the version of, in words.
    pub what: &'static str,
    /// The tested version.
    pub tested: &'static str,
    /// An image (repository without tag), or none for a chart, whose repository is among the
    /// chart's facts.
    pub image: Option<&'static str>,
    /// The digest of the tested version's image, of all its architectures. Two owners' public
    /// repositories quote each; an image without one is an image whose digest nobody was found to
    /// quote twice.
    pub digest: Option<&'static str>,
}

/// An image that a chart runs, at the chart's tested version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChartImage {
    /// Its tag.
    pub tag: &'static str,
    /// Its digest, quoted as those of [`Pin`]s are.
    pub digest: &'static str,
}

/// Argo CD's chart; which Argo CD it brings is among the [pairs](super::pairs).
pub const ARGO_CD: Pin = Pin {
    name: "argo-cd",
    what: "The Helm chart of Argo CD",
    tested: "10.1.1",
    image: None,
    digest: None,
};
/// The blackbox exporter's chart.
pub const BLACKBOX_EXPORTER: Pin = Pin {
    name: "prometheus-blackbox-exporter",
    what: "The Helm chart of the blackbox exporter",
    tested: "11.17.2",
    image: None,
    digest: None,
};
/// cert-manager's chart; its templates are those of v1.21.1.
pub const CERT_MANAGER: Pin = Pin {
    name: "cert-manager",
    what: "The Helm chart of cert-manager",
    tested: "v1.21.2",
    image: None,
    digest: None,
};
/// Grafana's chart, where it has moved to: the one that the tested kube-prometheus-stack names as
/// its own part.
pub const GRAFANA: Pin = Pin {
    name: "grafana",
    what: "The Helm chart of Grafana",
    tested: "12.11.1",
    image: None,
    digest: None,
};
/// Helm, which renders on the node the charts that have to be there before Argo CD; the version
/// that the judges render with.
pub const HELM: Pin = Pin {
    name: "helm",
    what: "Helm, with which the bootstrap script renders the first charts on the node",
    tested: "v4.2.1",
    image: None,
    digest: None,
};
/// The cluster: k3s itself. Neither chart nor image: the node installs it.
pub const K3S: Pin = Pin {
    name: "k3s",
    what: "k3s, the cluster itself",
    tested: "v1.35.8+k3s1",
    image: None,
    digest: None,
};
/// The chart of Prometheus and its operator.
pub const KUBE_PROMETHEUS_STACK: Pin = Pin {
    name: "kube-prometheus-stack",
    what: "The Helm chart of Prometheus, its operator and kube-state-metrics",
    tested: "88.5.3",
    image: None,
    digest: None,
};
/// The chart of the operator's resource definitions, which goes with the operator's own: see the
/// [pairs](super::pairs).
pub const PROMETHEUS_OPERATOR_CRDS: Pin = Pin {
    name: "prometheus-operator-crds",
    what: "The Helm chart of the Prometheus operator's resource definitions",
    tested: "31.0.1",
    image: None,
    digest: None,
};
/// Alloy's chart, which reads logs.
pub const ALLOY: Pin = Pin {
    name: "alloy",
    what: "The Helm chart of Grafana Alloy, which reads logs",
    tested: "1.11.1",
    image: None,
    digest: None,
};
/// Loki's chart: the community's, for the chart of its former home is of Grafana's own product now.
pub const LOKI: Pin = Pin {
    name: "loki",
    what: "The Helm chart of Grafana Loki, which keeps logs",
    tested: "18.11.0",
    image: None,
    digest: None,
};
/// node-exporter's chart: the version that is a part of the tested `kube-prometheus-stack`.
pub const NODE_EXPORTER: Pin = Pin {
    name: "prometheus-node-exporter",
    what: "The Helm chart of Prometheus' node-exporter",
    tested: "4.56.1",
    image: None,
    digest: None,
};
/// sealed-secrets' chart, which runs the controller 0.38.4: the one that the judges run.
pub const SEALED_SECRETS: Pin = Pin {
    name: "sealed-secrets",
    what: "The Helm chart of the Sealed Secrets controller",
    tested: "2.19.1",
    image: None,
    digest: None,
};
/// The JSON exporter. Nobody was found to quote its digest but one owner.
pub const JSON_EXPORTER: Pin = Pin {
    name: "json-exporter",
    what: "The image of the JSON exporter, which asks Ollama",
    tested: "v0.7.0",
    image: Some("quay.io/prometheuscommunity/json-exporter"),
    digest: None,
};
/// The OpenTelemetry collector, the distribution of the core: those for Kubernetes have no exporter
/// for Prometheus.
pub const OTEL_COLLECTOR: Pin = Pin {
    name: "otel-collector",
    what: "The image of the OpenTelemetry collector",
    tested: "0.159.0",
    image: Some("docker.io/otel/opentelemetry-collector"),
    digest: Some("sha256:7725a7a10c87d8853208bdd4bb3439ad3c0d7b32b4292b9300ac07c8daba14a2"),
};
/// Ollama.
pub const OLLAMA: Pin = Pin {
    name: "ollama",
    what: "The image of Ollama",
    tested: "0.32.15",
    image: Some("docker.io/ollama/ollama"),
    digest: Some("sha256:57d60e686821ea81a7748a3ec8141308c8b8f95b27105713954abf7a6529e700"),
};
/// Open WebUI, the slim image. Nobody was found to quote its digest.
pub const OPEN_WEBUI: Pin = Pin {
    name: "open-webui",
    what: "The image of Open WebUI; its `-slim` tags fit the tested memory",
    tested: "0.12.4-slim",
    image: Some("ghcr.io/open-webui/open-webui"),
    digest: None,
};
/// Open WebUI, the standard image, with the loaders of `documents: builtin`. Nobody was found to
/// quote its digest. A line of its own: workspaces run the slim image beside it.
pub const OPEN_WEBUI_STANDARD: Pin = Pin {
    name: "open-webui-standard",
    what: "The image of Open WebUI with its own loaders, for `documents: builtin`",
    tested: "0.12.4",
    image: OPEN_WEBUI.image,
    digest: None,
};
/// The exporter of PostgreSQL's statistics.
pub const POSTGRES_EXPORTER: Pin = Pin {
    name: "postgres-exporter",
    what: "The image of the exporter of PostgreSQL's statistics",
    tested: "v0.20.1",
    image: Some("quay.io/prometheuscommunity/postgres-exporter"),
    digest: Some("sha256:ac5ec343104fae0e2d84a27bb8d69b38430a11910c5382cad85d478d2bab713e"),
};
/// PostgreSQL, the official image. With its Debian: the order of texts, by which its indexes are
/// sorted, is that of the C library, and a tag without a suite moves from one Debian to the next.
pub const POSTGRESQL: Pin = Pin {
    name: "postgresql",
    what: "The image of PostgreSQL",
    tested: "17.9-bookworm",
    image: Some("docker.io/library/postgres"),
    digest: Some("sha256:47f917f7409eacd22fc5dfb1dee634e1b55cf0c01d1a7eb701be2227a03e0641"),
};
/// rclone, which speaks S3.
pub const RCLONE: Pin = Pin {
    name: "rclone",
    what: "The image of rclone, which copies backups to S3",
    tested: "1.75.1",
    image: Some("docker.io/rclone/rclone"),
    digest: Some("sha256:45401ad7410db1d67ffdb58e19059ad20b0d8e0285a60e38bbec55cc1019c7a5"),
};
/// Redis, the official image: the version that Argo CD's chart brings too.
pub const REDIS: Pin = Pin {
    name: "redis",
    what: "The image of Redis",
    tested: "8.2.3-alpine",
    image: Some("docker.io/library/redis"),
    digest: Some("sha256:08ad0b1d280850169a790dba1393ff7a90aef951fc19632cf4d3ce4f78e679ba"),
};

/// Apache Tika's server, the minimal image: without OCR. The tag has the image's own number behind
/// Tika's.
pub const TIKA: Pin = Pin {
    name: "tika",
    what: "The image of Apache Tika, for `documents: tika`",
    tested: "3.3.1.0",
    image: Some("docker.io/apache/tika"),
    digest: Some("sha256:90b7fa1dc018434075fce9e1d9b88b1e3d0ea6979d0cf86e116c79a8073ae973"),
};
/// The operator for workspaces, made of the same sources as this program, and of its version. Its
/// digest is known once a release has published it: the spec pins it.
pub const WORKSPACE_OPERATOR: Pin = Pin {
    name: "workspace-operator",
    what: "The image of the operator for workspaces",
    tested: env!("CARGO_PKG_VERSION"),
    image: Some("ghcr.io/chriscogley/espalier-operator"),
    digest: None,
};

/// What Argo CD's chart runs: Argo CD itself.
pub const ARGO_CD_IMAGE: ChartImage = ChartImage {
    tag: "v3.4.4",
    digest: "sha256:2fb3efa9eaa42382acb39c9a1485eaac7a1ad7a09e8aa7da7143ca256fa6da09",
};
/// What Grafana's chart runs.
pub const GRAFANA_IMAGE: ChartImage = ChartImage {
    tag: "13.2.0",
    digest: "sha256:3fd54ae1214669f8355f065ec9f6445d5279a3d77095ab048ca045685272429b",
};
/// What kube-prometheus-stack runs: Prometheus.
pub const PROMETHEUS_IMAGE: ChartImage = ChartImage {
    tag: "v3.14.0-distroless",
    digest: "sha256:50c707e96da5ade383cb1707790576480485e93de06aa60ad8802cb5f744bd0a",
};
/// Alertmanager.
pub const ALERTMANAGER_IMAGE: ChartImage = ChartImage {
    tag: "v0.34.0",
    digest: "sha256:690c7b525f4367aa91f73e2f91c632206d32e97c6384bdbf2fb7a861b420340d",
};
/// The operator.
pub const PROMETHEUS_OPERATOR_IMAGE: ChartImage = ChartImage {
    tag: "v0.93.1",
    digest: "sha256:e52bb28fd41c98dd407c7a8cba8bdcfe7eabd7447e250afaf1fe7bb816dedbff",
};
/// What the operator puts beside Prometheus and Alertmanager, to tell them of a new configuration.
pub const CONFIG_RELOADER_IMAGE: ChartImage = ChartImage {
    tag: "v0.93.1",
    digest: "sha256:428f088fe6fe07ab138bda92113664b04848a1dc408e4d3680a60ecdb55d1a65",
};
/// kube-state-metrics.
pub const KUBE_STATE_METRICS_IMAGE: ChartImage = ChartImage {
    tag: "v2.20.0",
    digest: "sha256:42cfe3723a5f058171c627537fb57a3ea0f26e4380fa18555a95cb1a1b4cfc5b",
};
/// What the blackbox exporter's chart runs.
pub const BLACKBOX_EXPORTER_IMAGE: ChartImage = ChartImage {
    tag: "v0.28.0",
    digest: "sha256:e753ff9f3fc458d02cca5eddab5a77e1c175eee484a8925ac7d524f04366c2fc",
};
/// What Alloy's chart runs.
pub const ALLOY_IMAGE: ChartImage = ChartImage {
    tag: "v1.18.1",
    digest: "sha256:0f4434c92b3e6cdac38bb129b344e1790c246f7b6e2eaffcc16a5fa363240e33",
};
/// What Loki's chart runs.
pub const LOKI_IMAGE: ChartImage = ChartImage {
    tag: "3.7.6",
    digest: "sha256:efd47c67f9bac88ca29bcf8cb997d9ab29d1848bd0aff579282295542a745952",
};
/// What node-exporter's chart runs, in its variant without a shell.
pub const NODE_EXPORTER_IMAGE: ChartImage = ChartImage {
    tag: "v1.12.1-distroless",
    digest: "sha256:8c9bac11973b94b59be88d6e11fee4429aa743c8846cdc75d65b18db33f6a106",
};
/// What sealed-secrets' chart runs.
pub const SEALED_SECRETS_IMAGE: ChartImage = ChartImage {
    tag: "0.38.4",
    digest: "sha256:ab8e4687a97fb097f30ca2f028222f779f231c224555ba05f43d172c61f84497",
};
/// What cert-manager's chart runs, and the pod that answers a challenge.
pub const CERT_MANAGER_CONTROLLER_IMAGE: ChartImage = ChartImage {
    tag: "v1.21.2",
    digest: "sha256:70f532fd9cfde0b09d55687200942399d89838bc2d5d5b45152eb799a15912b8",
};
/// The same.
pub const CERT_MANAGER_WEBHOOK_IMAGE: ChartImage = ChartImage {
    tag: "v1.21.2",
    digest: "sha256:a60e2dac46dbb8a7f3df95c54ce941012f54c2fe022f0ee55aaa1ab40ed957ae",
};
/// The same.
pub const CERT_MANAGER_CAINJECTOR_IMAGE: ChartImage = ChartImage {
    tag: "v1.21.2",
    digest: "sha256:c85268c64f2e0e76684bf5fe8906caff34b82523561c6affe0fae3546bd87562",
};
/// The same.
pub const CERT_MANAGER_SOLVER_IMAGE: ChartImage = ChartImage {
    tag: "v1.21.2",
    digest: "sha256:699b40d622211ab7accad8a21b04c5fbaa1841ef7a12621e8de492dbe27b2503",
};

/// All of them, by name.
pub const ALL: [Pin; 23] = [
    ALLOY,
    ARGO_CD,
    CERT_MANAGER,
    GRAFANA,
    HELM,
    JSON_EXPORTER,
    K3S,
    KUBE_PROMETHEUS_STACK,
    LOKI,
    OLLAMA,
    OPEN_WEBUI,
    OPEN_WEBUI_STANDARD,
    OTEL_COLLECTOR,
    POSTGRES_EXPORTER,
    POSTGRESQL,
    BLACKBOX_EXPORTER,
    NODE_EXPORTER,
    PROMETHEUS_OPERATOR_CRDS,
    RCLONE,
    REDIS,
    SEALED_SECRETS,
    TIKA,
    WORKSPACE_OPERATOR,
];
