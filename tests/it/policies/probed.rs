//! The connections that probes need, worked out from the probes in a tree: of Prometheus to who asks
//! for it, and from there to each address.

use std::collections::BTreeSet;

use serde_yaml::Value;

use super::expected::{End, Flow, addresses, behind, cluster_pods, controller};
use crate::{
    invariants::Tree,
    support::{Read, at, items},
};

/// A Service of a chart, and the pods behind it: namespace, Service, pods, their port.
const OF_CHARTS: [(&str, &str, &str, u16); 2] = [
    ("monitoring", "blackbox-exporter", "prometheus-blackbox-exporter", 9115),
    ("monitoring", "grafana", "grafana", 3000),
];

/// The pods and the pod port behind an address.
fn pods_at(tree: &Tree, address: &str) -> Option<(End, u16)> {
    let (namespace, service, port) = addresses(&format!("://{address}")).next()?;
    let of_chart = OF_CHARTS.iter().find(|it| (it.0, it.1) == (&*namespace, &*service));
    let of_chart = of_chart.map(|it| (cluster_pods(tree, it.0, it.2), it.3));
    of_chart.or_else(|| behind(tree, &namespace, &service, &port.into()))
}

/// Who asks, and the port at which Prometheus tells it to.
pub fn prober(tree: &Tree, probe: &Read) -> (End, u16) {
    let url = probe.text("spec/prober/url");
    pods_at(tree, url).unwrap_or_else(|| panic!("{}: {url} leads nowhere", probe.path))
}

/// What it asks for one target: the pods of a Service, or a public host from inside and from
/// outside.
pub fn asked(tree: &Tree, target: &str) -> Vec<(End, u16)> {
    let address = target.split_once("://").map_or(target, |it| it.1);
    let address = address.split('/').next().unwrap_or_default();
    if let Some(to) = pods_at(tree, address) {
        return vec![to];
    }
    let is_of_host = |ingress: &&Read| {
        items(ingress.at("spec/rules")).any(|it| at(it, "host").as_str() == Some(address))
    };
    let ingress = tree.of_kind("Ingress").find(is_of_host);
    let ingress = ingress.unwrap_or_else(|| panic!("{target}: nobody answers there"));
    let (pods, ports) = controller(tree, ingress.at("spec/ingressClassName").as_str());
    let inside = ports.map(|port| (pods.clone(), port));
    [80, 443].map(|port| (End::Outside, port)).into_iter().chain(inside).collect()
}

/// Whether a tree has an Application of this name.
pub fn runs(tree: &Tree, name: &str) -> bool {
    tree.of_kind("Application").any(|it| it.name() == name)
}

/// The addresses of a probe.
pub fn targets(probe: &Read) -> impl Iterator<Item = &str> {
    items(probe.at("spec/targets/staticConfig/static")).filter_map(Value::as_str)
}

/// All connections that probes need.
pub fn flows(tree: &Tree) -> BTreeSet<Flow> {
    let mut all = BTreeSet::new();
    for probe in tree.of_kind("Probe") {
        let (prober, port) = prober(tree, probe);
        let from = cluster_pods(tree, "monitoring", "prometheus");
        all.insert(Flow { from, to: prober.clone(), port, protocol: "TCP" });
        let dns = cluster_pods(tree, "kube-system", "kube-dns");
        all.extend(["TCP", "UDP"].map(|protocol| Flow {
            from: prober.clone(),
            to: dns.clone(),
            port: 53,
            protocol,
        }));
        for (to, port) in targets(probe).flat_map(|it| asked(tree, it)) {
            all.insert(Flow { from: prober.clone(), to, port, protocol: "TCP" });
        }
    }
    all
}
