//! The needed connections, worked out from the objects, and for the pods of charts from the table
//! of the cluster's facts.

mod own;
mod receivers;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
};

use serde_yaml::Value;

use crate::{
    invariants::{Tree, behind_chart},
    support::{Read, at, items, labels, selects},
};

/// An end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// Pods of the cluster.
    Pods { namespace: String, labels: BTreeMap<String, String> },
    /// The API server, a process of the host.
    ApiServer,
    /// The kubelet, another one, of any host.
    Kubelet,
    /// Beyond the cluster and its network.
    Outside,
    /// One address of the network around the cluster.
    At(Ipv4Addr),
}

impl End {
    /// `namespace/name`, for messages.
    pub fn short(&self) -> String {
        match self {
            Self::ApiServer => "API server".to_owned(),
            Self::Kubelet => "kubelet".to_owned(),
            Self::Outside => "outside".to_owned(),
            Self::At(ip) => ip.to_string(),
            Self::Pods { namespace, labels } => {
                let name = labels.get("app.kubernetes.io/name").or_else(|| labels.get("k8s-app"));
                format!("{namespace}/{}", name.map_or("solver", String::as_str))
            }
        }
    }
}

/// A connection that must be possible.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Flow {
    pub from: End,
    pub to: End,
    pub port: u16,
    pub protocol: &'static str,
}

/// Pods of charts, and their connections, not taken from this program. Chart, namespace, name; API
/// server, DNS; others.
const OF_CHARTS: [(&str, &str, &str, &[To]); 17] = [
    ("cert-manager", "cert-manager", "cert-manager", &[To::Api, To::Dns, To::Issuer]),
    ("cert-manager", "cert-manager", "webhook", &[To::Api, To::Dns]),
    ("cert-manager", "cert-manager", "cainjector", &[To::Api, To::Dns]),
    ("argo-cd", "argocd", "argocd-application-controller", &[To::Api, To::Dns, REPO_SERVER, REDIS]),
    ("argo-cd", "argocd", "argocd-server", &[To::Api, To::Dns, REPO_SERVER, REDIS]),
    ("argo-cd", "argocd", "argocd-repo-server", &[To::Dns, REDIS, To::Https, To::Git]),
    ("argo-cd", "argocd", "argocd-redis", &[]),
    ("argo-cd", "argocd", "argocd-redis-secret-init", &[To::Api, To::Dns]),
    // Whom it asks stands in the probes.
    (BLACKBOX, "monitoring", BLACKBOX, &[To::Dns]),
    ("prometheus-node-exporter", "node-agents", "node-exporter", &[]),
    ("loki", "monitoring", "loki", &[To::Dns, To::Pods("monitoring", "loki", 9095)]),
    ("alloy", "node-agents", "alloy", &[To::Api, To::Dns, To::Pods("monitoring", "loki", 3100)]),
    (
        "grafana",
        "monitoring",
        "grafana",
        &[
            To::Dns,
            To::Pods("monitoring", "prometheus", 9090),
            To::Pods("monitoring", "loki", 3100),
            To::Teller(9093),
        ],
    ),
    (STACK, "monitoring", OPERATOR, &[To::Api, To::Dns]),
    (STACK, "monitoring", "kube-state-metrics", &[To::Api, To::Dns]),
    // Itself and the container beside it, and what the chart's monitors ask.
    (
        STACK,
        "monitoring",
        "prometheus",
        &[
            To::Api,
            To::Dns,
            To::Kubelet,
            To::Monitored,
            To::Pods("monitoring", "prometheus", 9090),
            To::Pods("monitoring", "prometheus", 8080),
            To::Pods("monitoring", "kube-state-metrics", 8080),
            To::Pods("monitoring", "kube-state-metrics", 8081),
            To::Pods("monitoring", OPERATOR, 8080),
            To::Teller(9093),
            To::Teller(8080),
        ],
    ),
    (STACK, "monitoring", "alertmanager", &[To::Receivers]),
];

const BLACKBOX: &str = "prometheus-blackbox-exporter";
const STACK: &str = "kube-prometheus-stack";
const OPERATOR: &str = "kube-prometheus-stack-prometheus-operator";
const REPO_SERVER: To = To::Pods("argocd", "argocd-repo-server", 8081);
const REDIS: To = To::Pods("argocd", "argocd-redis", 6379);

#[derive(Clone, Copy)]
enum To {
    Api,
    Dns,
    /// Any server by HTTPS: through the proxy that the chart's values name, or straight.
    Https,
    /// What an issuer asks, and who writes the records that prove it.
    Issuer,
    Pods(&'static str, &'static str, u16),
    /// The URL that the root is fetched from.
    Git,
    Kubelet,
    /// The pods of every monitor in the tree, at each port that it names.
    Monitored,
    /// Alertmanager, where the chart's values have it.
    Teller(u16),
    /// Whom Alertmanager's configuration names.
    Receivers,
}

/// All needed connections.
pub fn flows(tree: &Tree) -> BTreeSet<Flow> {
    let mut all = BTreeSet::new();
    for object in tree.objects.iter().filter(|it| it.pod_template().is_some()) {
        of_pods(tree, object, &mut all);
        all.extend(own::of_token(tree, object));
    }
    for object in tree.of_kind("Ingress") {
        of_ingress(tree, object, &mut all);
    }
    let has_chart =
        |chart: &str| tree.of_kind("Application").any(|it| it.text("spec/source/chart") == chart);
    // From another node, the API server calls a webhook from an address that is no pod's.
    if has_several_nodes(tree) && has_chart("cert-manager") {
        let to = cluster_pods(tree, "cert-manager", "webhook");
        all.insert(Flow { from: End::ApiServer, to, port: WEBHOOK, protocol: "TCP" });
    }
    for (_, namespace, name, to) in OF_CHARTS.into_iter().filter(|it| has_chart(it.0)) {
        let from = cluster_pods(tree, namespace, name);
        for to in to {
            add(tree, &mut all, &from, *to);
        }
    }
    all
}

/// The port of cert-manager's webhook.
pub const WEBHOOK: u16 = 10250;

/// Whether the page of the tree describes several nodes.
fn has_several_nodes(tree: &Tree) -> bool {
    let page =
        tree.files.get("out/README.md").map(|it| String::from_utf8_lossy(it)).unwrap_or_default();
    page.contains("\n## Nodes\n")
}

fn add(tree: &Tree, all: &mut BTreeSet<Flow>, from: &End, to: To) {
    let (to, port, protocols): (End, u16, &[&'static str]) = match to {
        To::Issuer => {
            let told = told_to_chart(tree, from);
            let asked = tree.of_kind("ClusterIssuer").flat_map(|it| asked_by(tree, it, told));
            all.extend(asked.map(|(to, port)| Flow {
                from: from.clone(),
                to,
                port,
                protocol: "TCP",
            }));
            return;
        }
        To::Monitored => {
            all.extend(monitored(tree).into_iter().map(|(to, port)| Flow {
                from: from.clone(),
                to,
                port,
                protocol: "TCP",
            }));
            return;
        }
        To::Teller(port) => match receivers::configuration(tree) {
            Some(_) => (cluster_pods(tree, "monitoring", "alertmanager"), port, &["TCP"]),
            None => return,
        },
        To::Receivers => {
            let Some(told) = receivers::configuration(tree) else { return };
            add(tree, all, from, To::Dns);
            all.extend(receivers::told(told).into_iter().map(|(to, port)| Flow {
                from: from.clone(),
                to,
                port,
                protocol: "TCP",
            }));
            return;
        }
        To::Api => (End::ApiServer, 6443, &["TCP"]),
        To::Kubelet => (End::Kubelet, 10250, &["TCP"]),
        To::Https => {
            let (to, port) = out(told_to_chart(tree, from));
            (to, port, &["TCP"])
        }
        To::Pods(_, "loki", _) if !super::probed::runs(tree, "loki") => return,
        To::Pods(namespace, name, port) => (cluster_pods(tree, namespace, name), port, &["TCP"]),
        To::Git => {
            let told = told_to_chart(tree, from).filter(|_| git_port(tree) == 443);
            let (to, port) = told.map_or((End::Outside, git_port(tree)), |it| out(Some(it)));
            (to, port, &["TCP"])
        }
        To::Dns => (cluster_pods(tree, "kube-system", "kube-dns"), 53, &["TCP", "UDP"]),
    };
    all.extend(protocols.iter().map(|protocol| Flow {
        from: from.clone(),
        to: to.clone(),
        port,
        protocol,
    }));
}

/// All pods that a monitor selects, and the ports that it names.
pub fn monitored(tree: &Tree) -> Vec<(End, u16)> {
    let mut all = Vec::new();
    for monitor in tree.of_kind("PodMonitor") {
        let selector = labels(monitor.at("spec/selector/matchLabels"));
        let places: Vec<&str> = items(monitor.at("spec/namespaceSelector/matchNames"))
            .filter_map(Value::as_str)
            .collect();
        let pods = tree.all_pods().into_iter().filter(|(namespace, labels)| {
            places.contains(&namespace.as_str()) && selects(&selector, labels)
        });
        for (namespace, labels) in pods {
            let ports = items(monitor.at("spec/podMetricsEndpoints"))
                .filter_map(|it| u16::try_from(at(it, "portNumber").as_u64()?).ok());
            let to = End::Pods { namespace, labels };
            all.extend(ports.map(|port| (to.clone(), port)));
        }
    }
    all
}

/// Whom cert-manager asks for an issuer: the ACME server; by HTTP-01, the public host itself, from
/// inside and from outside; by DNS-01, the name server or the API of who runs it.
fn asked_by(tree: &Tree, issuer: &Read, proxy: Option<&str>) -> Vec<(End, u16)> {
    let mut all = Vec::new();
    if let Some(url) = issuer.at("spec/acme/server").as_str() {
        let authority = url.trim_start_matches("https://").split('/').next().unwrap_or_default();
        let (end, port) = place(authority, 443);
        all.push(if end == End::Outside { out(proxy) } else { (end, port) });
    }
    for solver in items(issuer.at("spec/acme/solvers")) {
        if let Some(class) = at(solver, "http01/ingress/ingressClassName").as_str() {
            let (pods, ports) = controller(tree, Some(class));
            all.extend([(End::Outside, 80), (End::Outside, 443)]);
            all.extend(ports.map(|port| (pods.clone(), port)));
        } else if let Some(server) = at(solver, "dns01/rfc2136/nameserver").as_str() {
            all.push(place(server, 53));
        } else {
            all.push(out(proxy));
        }
    }
    all
}

/// The way out by HTTPS: to the proxy that a program is told of, or straight.
fn out(proxy: Option<&str>) -> (End, u16) {
    let Some(url) = proxy else { return (End::Outside, 443) };
    let (scheme, authority) = url.split_once("://").expect("a URL");
    place(authority, if scheme == "https" { 443 } else { 80 })
}

/// The proxy that a chart's values tell the pods of: each chart in its own way.
fn told_to_chart<'a>(tree: &'a Tree, from: &End) -> Option<&'a str> {
    let End::Pods { namespace, .. } = from else { return None };
    let chart = tree.of_kind("Application").find(|application| {
        !application.at("spec/source/chart").is_null()
            && application.at("spec/destination/namespace").as_str() == Some(namespace)
    })?;
    let values = chart.at("spec/source/helm/valuesObject");
    let mut variables = items(at(values, "repoServer/env"));
    let variable = variables.find(|it| at(it, "name") == "HTTPS_PROXY");
    variable.map_or_else(|| at(values, "https_proxy"), |it| at(it, "value")).as_str()
}

/// Where `host[:port]` is: an address is the only one that is let through.
fn place(authority: &str, usual: u16) -> (End, u16) {
    let (host, port) = authority
        .split_once(':')
        .map_or((authority, usual), |(host, port)| (host, port.parse().expect("a port")));
    (host.parse().map_or(End::Outside, End::At), port)
}

/// The pods of an ingress controller by its class, and their ports of plain HTTP and of TLS: what
/// k3s packages, and the chart nginx-ingress, which a golden case has in its place.
pub fn controller(tree: &Tree, class: Option<&str>) -> (End, [u16; 2]) {
    match class {
        Some("traefik") => (cluster_pods(tree, "kube-system", "traefik"), [8000, 8443]),
        Some("nginx") => (cluster_pods(tree, "nginx-ingress", "nginx-ingress"), [80, 443]),
        other => panic!("no ingress controller has the class {other:?}"),
    }
}

/// The port that the root's repository is fetched from.
fn git_port(tree: &Tree) -> u16 {
    let root = tree.find("Application", Some("argocd"), "root").expect("a root");
    let url = root.text("spec/source/repoURL");
    let usual = [("https://", 443), ("http://", 80), ("ssh://", 22)]
        .into_iter()
        .find(|it| url.starts_with(it.0));
    let Some((scheme, port)) = usual else { return 22 };
    let authority = url.trim_start_matches(scheme).split('/').next().unwrap_or_default();
    authority.split(':').nth(1).map_or(port, |it| it.parse().expect("a port"))
}

/// Pods by namespace and the value of a label.
pub fn cluster_pods(tree: &Tree, namespace: &str, name: &str) -> End {
    let pods = tree
        .all_pods()
        .into_iter()
        .find(|(own, labels)| own == namespace && labels.values().any(|it| it == name));
    let (namespace, labels) = pods.unwrap_or_else(|| panic!("{namespace}/{name}"));
    End::Pods { namespace, labels }
}

fn pods_of(object: &Read) -> End {
    let labels = labels(at(object.pod_template().expect("it has pods"), "metadata/labels"));
    End::Pods { namespace: object.namespace().unwrap_or_default().to_owned(), labels }
}

/// The pods and the pod port behind a Service's port.
pub fn behind(tree: &Tree, namespace: &str, service: &str, port: &Value) -> Option<(End, u16)> {
    let service = tree.find("Service", Some(namespace), service)?;
    let port = items(service.at("spec/ports"))
        .find(|it| at(it, "port") == port || at(it, "name") == port)?;
    let target = u16::try_from(at(port, "targetPort").as_u64()?).ok()?;
    let selector = labels(service.at("spec/selector"));
    let mut all = tree
        .objects
        .iter()
        .filter(|it| it.namespace() == Some(namespace) && it.pod_template().is_some());
    let pods = all.find(|workload| {
        selects(
            &selector,
            &labels(at(workload.pod_template().unwrap_or(&Value::Null), "metadata/labels")),
        )
    })?;
    Some((pods_of(pods), target))
}

/// Addresses in a text: `scheme://[user@]host:port`, if the host is a Service's.
pub fn addresses(text: &str) -> impl Iterator<Item = (String, String, u64)> {
    text.split("://").skip(1).filter_map(|split| {
        let split = split.split(['/', ';', ',', ' ']).next()?;
        let address = split.rsplit_once('@').map_or(split, |it| it.1);
        let (host, port) = address.split_once(':')?;
        let mut labels = host.strip_suffix(".svc.cluster.local")?.rsplit('.');
        let (namespace, service) = (labels.next()?, labels.next()?);
        Some((namespace.to_owned(), service.to_owned(), port.parse().ok()?))
    })
}

fn of_pods(tree: &Tree, object: &Read, all: &mut BTreeSet<Flow>) {
    let from = pods_of(object);
    let template = object.pod_template().expect("it has pods");
    let containers =
        || items(at(template, "spec/containers")).chain(items(at(template, "spec/initContainers")));
    let mut resolves = false;
    for variable in containers().flat_map(|it| items(at(it, "env"))) {
        let mut text = at(variable, "value").as_str().unwrap_or_default().to_owned();
        if let Some(secret) = at(variable, "valueFrom/secretKeyRef/name")
            .as_str()
            .filter(|_| ["DATABASE_URL", "REDIS_URL"].iter().any(|it| at(variable, "name") == *it))
        {
            // The address is in the template of a sealed value; if nothing is sealed yet, it is
            // where the Secret is named after.
            let key = at(variable, "valueFrom/secretKeyRef/key").as_str().unwrap_or_default();
            let sealed = tree
                .find("SealedSecret", object.namespace(), secret)
                .and_then(|it| it.at("spec/template/data").get(key)?.as_str());
            let address = format!(
                "postgresql://{secret}.{}.svc.cluster.local:{}/",
                object.namespace().unwrap_or_default(),
                if secret == "redis" { 6379 } else { 5432 }
            );
            // The template has braces and spaces before the host.
            text = sealed.map_or(address, |sealed| {
                format!("postgresql://{}", sealed.rsplit_once('@').map_or("", |it| it.1))
            });
            if let Some((to, port)) = own::elsewhere(&text) {
                all.insert(Flow { from: from.clone(), to, port, protocol: "TCP" });
                resolves = true;
            }
        }
        for (namespace, service, port) in addresses(&text) {
            let Some((to, port)) = behind(tree, &namespace, &service, &port.into()) else {
                panic!("{}: {text} leads nowhere", object.path)
            };
            all.insert(Flow { from: from.clone(), to, port, protocol: "TCP" });
            resolves = true;
        }
    }
    for container in containers() {
        let value = |name: &str| {
            items(at(container, "env"))
                .find(|it| at(it, "name") == name)
                .and_then(|it| at(it, "value").as_str())
        };
        let of_libpq = value("PGHOST").zip(value("PGPORT"));
        let of_libpq = of_libpq.map(|(host, port)| format!("{host}:{port}"));
        if let Some(server) = of_libpq {
            let text = format!("postgresql://{server}");
            let (to, port) = own::elsewhere(&text).unwrap_or_else(|| {
                let (namespace, service, port) =
                    addresses(&text).next().expect("a Service's address");
                behind(tree, &namespace, &service, &port.into())
                    .unwrap_or_else(|| panic!("{}: {server} leads nowhere", object.path))
            });
            all.insert(Flow { from: from.clone(), to, port, protocol: "TCP" });
            resolves = true;
        }
        if let Some((scheme, rest)) =
            value("RCLONE_CONFIG_S3_ENDPOINT").and_then(|it| it.split_once("://"))
        {
            let own = if scheme == "https" { "443" } else { "80" };
            let (host, port) = rest.split_once(':').unwrap_or((rest, own));
            let is_address = host.split('.').all(|it| it.parse::<u8>().is_ok());
            let to =
                if is_address { End::At(host.parse().expect("an address")) } else { End::Outside };
            all.insert(Flow {
                from: from.clone(),
                to,
                port: port.parse().expect("a port"),
                protocol: "TCP",
            });
            resolves |= !is_address;
        }
    }
    // Ollama fetches its models from many hosts.
    if containers().any(|container| {
        at(container, "image").as_str().is_some_and(|it| it.contains("ollama/ollama"))
    }) {
        let mut variables = containers().flat_map(|it| items(at(it, "env")));
        let proxy = variables.find(|it| at(it, "name") == "HTTPS_PROXY");
        let (to, port) = out(proxy.and_then(|it| at(it, "value").as_str()));
        all.insert(Flow { from: from.clone(), to, port, protocol: "TCP" });
        resolves = true;
    }
    if resolves {
        add(tree, all, &from, To::Dns);
    }
}

/// Whether an issuer's ACME server asks each host by HTTP.
pub fn asks_by_http(issuer: &Read) -> bool {
    items(issuer.at("spec/acme/solvers")).any(|it| !at(it, "http01").is_null())
}

fn of_ingress(tree: &Tree, ingress: &Read, all: &mut BTreeSet<Flow>) {
    let namespace = ingress.namespace().unwrap_or_default();
    let (controller, _) = controller(tree, ingress.at("spec/ingressClassName").as_str());
    for path in items(ingress.at("spec/rules")).flat_map(|it| items(at(it, "http/paths"))) {
        let service = at(path, "backend/service/name").as_str().unwrap_or_default();
        let port = at(path, "backend/service/port/name");
        let of_chart = || {
            behind_chart(tree, namespace, service, port)
                .map(|(name, port)| (cluster_pods(tree, namespace, name), port))
        };
        let behind = behind(tree, namespace, service, port).or_else(of_chart);
        let (to, port) =
            behind.unwrap_or_else(|| panic!("{}: {service} leads nowhere", ingress.path));
        all.insert(Flow { from: controller.clone(), to, port, protocol: "TCP" });
    }
    let issuer = ingress.at("metadata/annotations").get("cert-manager.io/cluster-issuer");
    let issuer = issuer.and_then(|it| tree.find("ClusterIssuer", None, it.as_str()?));
    if issuer.is_some_and(asks_by_http) {
        let to = End::Pods {
            namespace: namespace.to_owned(),
            labels: [("acme.cert-manager.io/http01-solver".to_owned(), "true".to_owned())].into(),
        };
        all.insert(Flow { from: controller, to, port: 8089, protocol: "TCP" });
    }
}
