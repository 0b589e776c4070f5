//! The spec of a platform: what `spec/platform.yaml` holds.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    alertmanager::Alertmanager,
    alloy::Alloy,
    argocd::ArgoCd,
    backup::Backup,
    blackbox_exporter::BlackboxExporter,
    cert_manager::CertManager,
    grafana::Grafana,
    json_exporter::JsonExporter,
    kube_prometheus_stack::KubePrometheusStack,
    loki::Loki,
    namespaces,
    node_exporter::NodeExporter,
    ollama::Ollama,
    open_webui::OpenWebUi,
    otel_collector::OtelCollector,
    postgres_exporter::PostgresExporter,
    postgresql::{Postgresql, databases},
    redis::Redis,
    secrets::SealedSecrets,
    section::Section,
    traefik::Traefik,
    workspace_api, workspace_crd, workspace_operator,
};
use crate::{
    builder::{
        internet::{Internet, ProxyRef},
        may_make::MayMake,
    },
    names::{DnsLabel, Host},
    platform::{
        certificates::{Certificates, Domains},
        ingress::Ingress,
        node::Node,
        node_group::{NodeGroup, Nodes},
        proxy::Proxy,
        repository::Repository,
        sealed::ApiVersion,
        storage::Storage,
        workspaces::Workspaces,
    },
};

/// `spec/platform.yaml`: the description of one platform, from which all of its manifests are
/// generated.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlatformSpec {
    /// The version of this file's format. Always `espalier.dev/v1alpha1`.
    #[schemars(example = &"espalier.dev/v1alpha1")]
    #[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "reading it checks it"))]
    pub api_version: ApiVersion,
    /// The kind of this file. Always `Platform`.
    #[schemars(example = &"Platform")]
    #[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "reading it checks it"))]
    pub kind: PlatformKind,
    /// Identifies the platform: its name, which labels every object.
    pub metadata: PlatformMetadata,
    /// Desired state of the platform: repository, nodes, domains, certificates, storage and
    /// components.
    pub spec: Spec,
}

/// The kind of `spec/platform.yaml`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub enum PlatformKind {
    /// A platform; no other kind is read here.
    Platform,
}

/// Identifies the platform.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Metadata")]
pub struct PlatformMetadata {
    /// Name of the platform: a DNS label of at most 63 characters. Every object carries it as the
    /// label `app.kubernetes.io/part-of`, and it is the default folder of backups in S3.
    #[schemars(example = &"production")]
    pub name: DnsLabel,
}

/// Desired state of the platform.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// The Git repository that holds this file and the generated tree: `spec.source` of every Argo
    /// CD Application.
    pub repository: Repository,
    /// The cluster's only node. Mutually exclusive with `nodes`; exactly one of the two must be
    /// written. Absent: `nodes` describes the cluster. The memory and CPU of all pods are checked
    /// against it.
    pub node: Option<Node>,
    /// The cluster's nodes in groups of equal machines. Mutually exclusive with `node`. Absent: the
    /// cluster has the one node that `node` describes.
    #[serde(default)]
    #[schemars(extend("examples" = [[{"name": "main", "role": "server", "cpu": 8, "memory": "32Gi"}]]))]
    pub nodes: Vec<NodeGroup>,
    /// Public host names of the platform. Each becomes an Ingress with a certificate of its own.
    pub domains: Domains,
    /// The account at Let's Encrypt that issues the certificates of the public hosts: a
    /// cert-manager `ClusterIssuer`.
    pub certificates: Certificates,
    /// An ingress controller that is there already, in place of k3s' Traefik. With it,
    /// `components.traefik.enabled` must be `false`. Absent: k3s' Traefik serves the public hosts.
    pub ingress: Option<Ingress>,
    /// A proxy that HTTPS requests to the internet go through. Absent: they go straight.
    pub proxy: Option<Proxy>,
    /// The storage classes of the platform's volumes. Absent: all volumes are of the class
    /// `local-path`.
    #[serde(default)]
    pub storage: Storage,
    /// What workspaces may use beside their own: domains and prompts. Absent: nothing.
    #[serde(default)]
    pub workspaces: Workspaces,
    /// Settings of the components, each of which is an Argo CD Application. A component that is not
    /// written runs with its defaults.
    #[serde(default)]
    pub components: Components,
}

impl Spec {
    /// The domain for all of whose names one certificate is asked for: that of the workspaces,
    /// where it is written and a DNS record can prove that it is ours, and k3s' ingress controller,
    /// which can be given a certificate for them all, answers.
    pub fn wildcard(&self) -> Option<&Host> {
        let domain = self.domains.workspaces.as_ref()?;
        let is_possible = self.certificates.dns01().is_some() && self.ingress.is_none();
        is_possible.then_some(domain)
    }

    /// The namespaces that no workspace may take: the cluster's, the platform's and the ingress
    /// controller's.
    pub fn reserved(&self) -> impl Iterator<Item = &str> + Clone {
        namespaces::reserved().chain(self.ingress.iter().map(|it| it.namespace.as_str()))
    }

    /// The way to the internet: what belongs to this platform is never asked through a proxy.
    pub fn internet(&self) -> Internet {
        Internet::new(self.proxy.as_ref().map(|proxy| {
            let servers =
                [Some(self.repository.server()), self.certificates.issuer.server_of_ones_own()];
            let hosts = self.domains.all().map(|it| it.1);
            ProxyRef {
                outside: proxy.outside(),
                url: proxy.https.shared(),
                bypassed: proxy.bypassed(hosts, servers.into_iter().flatten()),
            }
        }))
    }

    /// Connections that the clients of the database open at most, besides those of a backup and of
    /// probes.
    pub fn connections(&self) -> u32 {
        let of_workspaces = databases::connections(self.workspaces.databases);
        self.components.connections().saturating_add(of_workspaces)
    }

    /// The nodes, however they are written.
    pub fn all_nodes(&self) -> Nodes {
        Nodes::of(self.node.as_ref(), &self.nodes)
    }
}

/// Settings of the components. A component that is not written runs with its defaults.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Components {
    /// Argo CD, which applies the tree to the cluster: its Helm chart, in the namespace `argocd`.
    pub argocd: ArgoCd,
    /// Traefik, the ingress controller that k3s installs: a `HelmChartConfig` with its settings.
    pub traefik: Traefik,
    /// cert-manager, which obtains and renews certificates: its Helm chart, in the namespace
    /// `cert-manager`.
    pub cert_manager: CertManager,
    /// The sealed-secrets controller, which decrypts SealedSecrets into Secrets: its Helm chart, in
    /// `kube-system`.
    pub sealed_secrets: SealedSecrets,
    /// Prometheus, which collects metrics and evaluates alerts, with its operator and
    /// kube-state-metrics: the Helm charts `kube-prometheus-stack` and `prometheus-operator-crds`,
    /// in the namespace `monitoring`. Off by default.
    pub kube_prometheus_stack: KubePrometheusStack,
    /// Alertmanager, which tells people of alerts: a part of the Helm chart
    /// `kube-prometheus-stack`, in the namespace `monitoring`. Off by default.
    pub alertmanager: Alertmanager,
    /// The blackbox exporter, which asks every public host and Service as a client does: the Helm
    /// chart `prometheus-blackbox-exporter`, in the namespace `monitoring`. Off by default.
    pub blackbox_exporter: BlackboxExporter,
    /// The OpenTelemetry collector, to which Open WebUI sends its metrics: a Deployment of one pod
    /// in the namespace `monitoring`. Off by default.
    pub otel_collector: OtelCollector,
    /// The JSON exporter, which makes metrics of the models that Ollama has in memory: a Deployment
    /// of one pod in the namespace `monitoring`. Off by default.
    pub json_exporter: JsonExporter,
    /// Prometheus' node-exporter, which measures memory, processors and disks of each node: the
    /// Helm chart `prometheus-node-exporter`, in the namespace `node-agents`. Off by default.
    pub node_exporter: NodeExporter,
    /// Loki, which keeps logs for days: the Helm chart `loki`, in the namespace `monitoring`. Off
    /// by default.
    pub loki: Loki,
    /// Alloy, which reads the logs of each node and sends them to `loki`: the Helm chart `alloy`,
    /// in the namespace `node-agents`. Off by default.
    pub alloy: Alloy,
    /// Grafana, which shows the metrics on dashboards: its Helm chart, in the namespace
    /// `monitoring`. Off by default.
    pub grafana: Grafana,
    /// PostgreSQL, the database of Open WebUI: a StatefulSet of one pod, or a server outside the
    /// cluster.
    pub postgresql: Postgresql,
    /// The exporter of PostgreSQL's statistics: a Deployment of `postgres_exporter` with a role of
    /// its own, in the namespace `ai`. Off by default.
    pub postgres_exporter: PostgresExporter,
    /// Redis, through which several replicas of Open WebUI share WebSocket connections and
    /// sign-outs: a Deployment of one pod. Off by default.
    pub redis: Redis,
    /// Ollama, which serves the language models: a StatefulSet with one volume a replica.
    pub ollama: Ollama,
    /// Open WebUI, the chat interface: a Deployment with a volume for uploaded files.
    pub open_webui: OpenWebUi,
    /// Nightly backups of the database and of uploaded files: a CronJob, and a Job that restores.
    /// Absent: no backups are made. `backup: {}` keeps them on the node's own disk.
    pub backup: Option<Backup>,
}

impl Components {
    /// Every component, in the order of the floor plan. A test walks the JSON Schema and fails on a
    /// section that is missing here, and on a field that its description lacks.
    pub fn sections(&self) -> [&dyn Section; 19] {
        [
            &self.argocd,
            &self.traefik,
            &self.cert_manager,
            &self.sealed_secrets,
            &self.kube_prometheus_stack,
            &self.alertmanager,
            &self.blackbox_exporter,
            &self.otel_collector,
            &self.node_exporter,
            &self.loki,
            &self.alloy,
            &self.grafana,
            &self.postgresql,
            &self.postgres_exporter,
            &self.ollama,
            &self.json_exporter,
            &self.redis,
            &self.open_webui,
            &self.backup,
        ]
    }

    /// Connections that the platform's own clients of the database open at most.
    pub fn connections(&self) -> u32 {
        let chat = self.open_webui.connections(&self.postgresql);
        chat.saturating_add(self.postgres_exporter.connections())
    }

    /// Whether the component of that key runs.
    pub fn is_enabled(&self, key: &str) -> bool {
        self.sections().iter().any(|it| it.key() == key && it.is_enabled())
    }
}

/// What each Application may ever make: the AppProjects are made of this.
pub fn may_make() -> Vec<&'static MayMake> {
    let components = Components::default();
    let of_no_section = [
        &namespaces::APPLICATION,
        &namespaces::POLICIES_APPLICATION,
        &workspace_crd::APPLICATION,
        &workspace_operator::APPLICATION,
        &workspace_api::APPLICATION,
    ];
    let sections = components.sections();
    let of_sections = sections.iter().flat_map(|it| it.may_make());
    of_no_section.into_iter().chain(of_sections).collect()
}
