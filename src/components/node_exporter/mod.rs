//! node-exporter, which says how much of each node is used.

mod alerts;
mod pods;
mod values;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    namespaces, node_agents,
    section::{Need, PodResources, Section},
};
use crate::{
    builder::{chart::Chart, may_make::MayMake, scope::Scope},
    facts::{
        charts::node_exporter::{COLLECTORS, DISKS, NO_DISKS, NODE_EXPORTER, WORKLOAD},
        requests,
        versions::{self, NODE_EXPORTER_IMAGE, Pin},
    },
    platform::{resources::Resources, versions::Versions},
};
use values::{ContainerSecurity, Image, PodSecurity, Values};

/// What the chart's Application may ever make.
pub const APPLICATION: MayMake =
    MayMake::chart("node-exporter", &[namespaces::NODE_AGENTS], &NODE_EXPORTER);

/// Prometheus' node-exporter, which measures memory, processors and disks of each node.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct NodeExporter {
    /// Whether nodes are measured: the chart `prometheus-node-exporter`, a DaemonSet with a pod on
    /// each node, and alerts for a disk that is nearly full or fills up and for a node that is
    /// short of memory. Needs `kubePrometheusStack`.
    #[schemars(example = true)]
    pub enabled: bool,
    /// Requests and limits of each pod: `resources` in the values of its chart. Absent: the tested
    /// figures, which `espalier show budget` lists.
    pub resources: Resources,
}

impl NodeExporter {
    /// Builds it. In the node's network it would listen on an address that strangers reach, and no
    /// policy would speak of it; what it reads there, nobody asks for. It needs no process of the
    /// node either: `/proc` of the node is one of its folders.
    pub fn build(&self, scope: &mut Scope<'_>, versions: &Versions) {
        let allotment = self.resources.over(requests::NODE_EXPORTER);
        let image = versions.chart_image(NODE_EXPORTER.pin, NODE_EXPORTER_IMAGE);
        let values = Values {
            container_security_context: ContainerSecurity::default(),
            extra_args: arguments(),
            fullname_override: WORKLOAD,
            host_network: false,
            host_pid: false,
            image: Image { digest: image.map(|it| it.digest), distroless: true },
            name_override: WORKLOAD,
            resources: allotment.into(),
            security_context: PodSecurity::default(),
            tolerations: [node_agents::on_every_node()],
        };
        let version = versions.of(NODE_EXPORTER.pin);
        let made = pods::declared(allotment);
        let [pods] = scope.chart(Chart::new(&NODE_EXPORTER, version, values), made);
        pods::offers(scope, &pods);
        alerts::alerts(scope);
    }
}

/// The collectors of [`COLLECTORS`] and no other, and of file systems those on disks of the node.
/// What it says of its own process nobody reads.
fn arguments() -> Vec<String> {
    let collectors = COLLECTORS.map(|(collector, _)| format!("--collector.{collector}"));
    let mut all = vec!["--collector.disable-defaults".to_owned()];
    all.extend(collectors);
    all.extend([
        format!("--collector.filesystem.fs-types-include={DISKS}"),
        format!("--collector.filesystem.mount-points-exclude={NO_DISKS}"),
        "--no-collector.cpu.guest".to_owned(),
        "--web.disable-exporter-metrics".to_owned(),
    ]);
    all
}

impl Section for NodeExporter {
    fn key(&self) -> &'static str {
        "nodeExporter"
    }

    fn is_enabled(&self) -> bool {
        self.enabled
    }

    fn resources(&self) -> Vec<PodResources<'_>> {
        vec![PodResources::of(&["resources"], &self.resources, requests::NODE_EXPORTER)]
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need { key: "kubePrometheusStack", why: "it asks for the metrics" }]
    }

    fn versions(&self) -> Vec<Pin> {
        vec![versions::NODE_EXPORTER]
    }

    fn may_make(&self) -> &'static [MayMake] {
        &[APPLICATION]
    }
}
