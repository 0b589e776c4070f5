//! References between objects: every object that one names exists.

use std::collections::{BTreeMap, BTreeSet};

use serde_yaml::Value;

use super::{Tree, pods};
use crate::support::{Read, at, items, labels, selects};

/// Namespaces that exist before the tree is applied.
const OF_CLUSTER: [&str; 4] = ["argocd", "default", "kube-system", "kube-public"];

/// Pods that no object of the tree makes: the cluster's own, those of charts, and those created at
/// run time. Namespace and labels, according to the facts of the cluster and of the charts.
pub const OTHERS: [(&str, &[(&str, &str)]); 21] = [
    ("kube-system", &[("app.kubernetes.io/name", "traefik")]),
    // In place of Traefik, where the spec says so.
    (
        "nginx-ingress",
        &[
            ("app.kubernetes.io/name", "nginx-ingress"),
            ("app.kubernetes.io/instance", "nginx-ingress"),
            ("app.kubernetes.io/component", "controller"),
        ],
    ),
    ("kube-system", &[("k8s-app", "kube-dns")]),
    (
        "kube-system",
        &[
            ("app.kubernetes.io/name", "sealed-secrets"),
            ("app.kubernetes.io/instance", "sealed-secrets"),
        ],
    ),
    (
        "cert-manager",
        &[
            ("app.kubernetes.io/name", "cert-manager"),
            ("app.kubernetes.io/instance", "cert-manager"),
        ],
    ),
    (
        "cert-manager",
        &[("app.kubernetes.io/name", "webhook"), ("app.kubernetes.io/instance", "cert-manager")],
    ),
    (
        "cert-manager",
        &[("app.kubernetes.io/name", "cainjector"), ("app.kubernetes.io/instance", "cert-manager")],
    ),
    (
        "argocd",
        &[
            ("app.kubernetes.io/name", "argocd-application-controller"),
            ("app.kubernetes.io/instance", "argocd"),
        ],
    ),
    (
        "argocd",
        &[
            ("app.kubernetes.io/name", "argocd-repo-server"),
            ("app.kubernetes.io/instance", "argocd"),
        ],
    ),
    (
        "argocd",
        &[("app.kubernetes.io/name", "argocd-server"), ("app.kubernetes.io/instance", "argocd")],
    ),
    (
        "argocd",
        &[("app.kubernetes.io/name", "argocd-redis"), ("app.kubernetes.io/instance", "argocd")],
    ),
    (
        "argocd",
        &[
            ("app.kubernetes.io/name", "argocd-redis-secret-init"),
            ("app.kubernetes.io/instance", "argocd"),
        ],
    ),
    (
        "monitoring",
        &[
            ("app.kubernetes.io/name", "kube-prometheus-stack-prometheus-operator"),
            ("app.kubernetes.io/instance", "kube-prometheus-stack"),
        ],
    ),
    (
        "monitoring",
        &[("app.kubernetes.io/name", "grafana"), ("app.kubernetes.io/instance", "grafana")],
    ),
    (
        "monitoring",
        &[
            ("app.kubernetes.io/name", "kube-state-metrics"),
            ("app.kubernetes.io/instance", "kube-prometheus-stack"),
        ],
    ),
    (
        "monitoring",
        &[
            ("app.kubernetes.io/name", "prometheus-blackbox-exporter"),
            ("app.kubernetes.io/instance", "blackbox-exporter"),
        ],
    ),
    ("monitoring", &[("app.kubernetes.io/name", "loki"), ("app.kubernetes.io/instance", "loki")]),
    (
        "node-agents",
        &[("app.kubernetes.io/name", "alloy"), ("app.kubernetes.io/instance", "alloy")],
    ),
    (
        "node-agents",
        &[
            ("app.kubernetes.io/name", "node-exporter"),
            ("app.kubernetes.io/instance", "node-exporter"),
        ],
    ),
    // Made at run time, by the operator: the instance is the resource that it is made of.
    (
        "monitoring",
        &[
            ("app.kubernetes.io/name", "prometheus"),
            ("app.kubernetes.io/instance", "kube-prometheus-stack-prometheus"),
        ],
    ),
    (
        "monitoring",
        &[
            ("app.kubernetes.io/name", "alertmanager"),
            ("app.kubernetes.io/instance", "kube-prometheus-stack-alertmanager"),
        ],
    ),
];

/// Services of charts that an Ingress of ours uses: chart, namespace, name, the port's name, the
/// pods behind it and their port.
pub const SERVICES: [(&str, &str, &str, &str, &str, u16); 2] = [
    ("argo-cd", "argocd", "argocd-server", "http", "argocd-server", 8080),
    ("grafana", "monitoring", "grafana", "http", "grafana", 3000),
];

/// The pods and the port behind a chart's Service, where the tree has that chart.
pub fn behind_chart(
    tree: &Tree,
    namespace: &str,
    service: &str,
    port: &Value,
) -> Option<(&'static str, u16)> {
    let has =
        |chart: &str| tree.of_kind("Application").any(|it| it.text("spec/source/chart") == chart);
    let service =
        SERVICES.iter().find(|it| it.1 == namespace && it.2 == service && port == it.3)?;
    has(service.0).then_some((service.4, service.5))
}

/// Labels of an HTTP-01 solver pod, in the namespace of the Ingress that waits for a certificate.
pub const SOLVER: (&str, &str) = ("acme.cert-manager.io/http01-solver", "true");

type Labels = BTreeMap<String, String>;

/// All pods that can exist: namespace and labels.
pub fn all_pods(tree: &Tree) -> Vec<(String, Labels)> {
    let text = |labels: &[(&str, &str)]| {
        labels
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect::<Labels>()
    };
    let own = tree.objects.iter().filter_map(|object| {
        Some((
            object.namespace()?.to_owned(),
            labels(at(object.pod_template()?, "metadata/labels")),
        ))
    });
    let solvers = tree
        .of_kind("Ingress")
        .filter_map(|it| Some((it.namespace()?.to_owned(), text(&[SOLVER]))));
    own.chain(OTHERS.iter().map(|(namespace, labels)| ((*namespace).to_owned(), text(labels))))
        .chain(solvers)
        .collect()
}

pub fn selectors(tree: &Tree) -> Vec<String> {
    let there = all_pods(tree);
    let mut found = Vec::new();
    let mut check = |object: &Read, namespace: Option<&str>, selector: &Value, path: &str| {
        let selector = labels(selector);
        // All pods of a namespace are meant of one alone, which is not the platform's.
        let is_all = selector.is_empty() && namespace == Some("nginx-ingress");
        let is_met = there.iter().any(|(own, labels)| {
            namespace.is_none_or(|it| it == own) && (is_all || selects(&selector, labels))
        });
        if !is_met {
            found.push(format!(
                "{}: {path} {selector:?} selects no pod in {namespace:?}",
                object.path
            ));
        }
    };
    for object in &tree.objects {
        match object.kind() {
            "Service" => check(object, object.namespace(), object.at("spec/selector"), "selector"),
            "Deployment" | "StatefulSet" | "PodDisruptionBudget" => {
                check(
                    object,
                    object.namespace(),
                    object.at("spec/selector/matchLabels"),
                    "selector",
                );
            }
            "NetworkPolicy" => {
                if object.at("spec/podSelector/matchLabels").is_mapping() {
                    check(
                        object,
                        object.namespace(),
                        object.at("spec/podSelector/matchLabels"),
                        "podSelector",
                    );
                }
                for rule in items(object.at("spec/ingress")).chain(items(object.at("spec/egress")))
                {
                    for peer in items(at(rule, "from"))
                        .chain(items(at(rule, "to")))
                        .filter(|it| at(it, "ipBlock").is_null())
                    {
                        // By another label than its name: of any namespace that bears it.
                        if !at(peer, "namespaceSelector").is_null() && namespace_of(peer).is_none()
                        {
                            continue;
                        }
                        check(
                            object,
                            namespace_of(peer).or(object.namespace()),
                            at(peer, "podSelector/matchLabels"),
                            "peer",
                        );
                    }
                }
            }
            "PodMonitor" => {
                for namespace in items(object.at("spec/namespaceSelector/matchNames")) {
                    let selector = object.at("spec/selector/matchLabels");
                    check(object, namespace.as_str(), selector, "selector");
                }
            }
            _ => {}
        }
        for spread in object
            .pod_template()
            .into_iter()
            .flat_map(|it| items(at(it, "spec/topologySpreadConstraints")))
        {
            check(object, object.namespace(), at(spread, "labelSelector/matchLabels"), "spread");
        }
    }
    found
}

/// The namespace that a policy's peer names.
pub fn namespace_of(peer: &Value) -> Option<&str> {
    at(peer, "namespaceSelector/matchLabels").get("kubernetes.io/metadata.name")?.as_str()
}

/// Ports of the pods that a Service selects: number and name.
fn pod_ports(tree: &Tree, service: &Read) -> Vec<Value> {
    let selector = labels(service.at("spec/selector"));
    let mine = tree.objects.iter().filter(|it| it.namespace() == service.namespace());
    let templates = mine
        .filter_map(Read::pod_template)
        .filter(|it| selects(&selector, &labels(at(it, "metadata/labels"))));
    let containers = templates.flat_map(|it| items(at(it, "spec/containers")));
    containers
        .flat_map(|it| items(at(it, "ports")))
        .flat_map(|it| [at(it, "containerPort").clone(), at(it, "name").clone()])
        .collect()
}

pub fn ports(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for object in tree.of_kind("Service") {
        let there = pod_ports(tree, object);
        for port in items(object.at("spec/ports")) {
            if !there.contains(at(port, "targetPort")) {
                found.push(format!(
                    "{}: the target {:?} is none of {there:?}",
                    object.path,
                    at(port, "targetPort")
                ));
            }
        }
    }
    for object in tree.of_kind("Ingress") {
        for path in items(object.at("spec/rules")).flat_map(|it| items(at(it, "http/paths"))) {
            let service = at(path, "backend/service/name").as_str().unwrap_or_default();
            let port = at(path, "backend/service/port");
            let there = tree.find("Service", object.namespace(), service);
            let ports = there.into_iter().flat_map(|it| items(it.at("spec/ports")));
            let mut is_port = ports.map(|ports| {
                (at(ports, "name") == at(port, "name")) || (at(ports, "port") == at(port, "number"))
            });
            let of_chart = behind_chart(
                tree,
                object.namespace().unwrap_or_default(),
                service,
                at(port, "name"),
            );
            if !is_port.any(|it| it) && of_chart.is_none() {
                found.push(format!("{}: the backend {service} {port:?}", object.path));
            }
        }
        let hosts: BTreeSet<&str> =
            items(object.at("spec/rules")).filter_map(|it| at(it, "host").as_str()).collect();
        // A workspace under development, and nothing of the platform.
        let annotation = |key: &str| object.at("metadata/annotations").get(key);
        let is_workspace = object.at("metadata/labels").get("aichatworkspace").is_some();
        let is_plain = annotation("traefik.ingress.kubernetes.io/router.entrypoints")
            .is_some_and(|it| it == "web");
        if is_workspace && is_plain {
            let issuer = annotation("cert-manager.io/cluster-issuer");
            if !object.at("spec/tls").is_null() || issuer.is_some() {
                found.push(format!("{}: certified, in plain HTTP", object.path));
            }
            continue;
        }
        if is_plain {
            found.push(format!("{}: answers in plain HTTP", object.path));
        }
        let certified: BTreeSet<&str> = items(object.at("spec/tls"))
            .flat_map(|it| items(at(it, "hosts")))
            .filter_map(Value::as_str)
            .collect();
        if hosts.is_empty() || hosts != certified {
            found.push(format!(
                "{}: answers at {hosts:?}, certified are {certified:?}",
                object.path
            ));
        }
        let issuer = object.at("metadata/annotations").get("cert-manager.io/cluster-issuer");
        let secrets = items(object.at("spec/tls")).map(|it| at(it, "secretName"));
        if issuer.is_none() && secrets.into_iter().all(Value::is_null) {
            let stored = stored_names(tree);
            let is_stored = |host: &&str| {
                let above = host.split_once('.').map(|(_, above)| format!("*.{above}"));
                stored.contains(*host) || above.is_some_and(|it| stored.contains(&*it))
            };
            if !hosts.iter().all(is_stored) {
                let path = &object.path;
                found.push(format!("{path}: {hosts:?}, and Traefik has {stored:?}"));
            }
            continue;
        }
        if issuer
            .and_then(Value::as_str)
            .is_none_or(|it| tree.find("ClusterIssuer", None, it).is_none())
        {
            found.push(format!("{}: the issuer {issuer:?}", object.path));
        }
    }
    let mut hosts: BTreeMap<&str, &str> = BTreeMap::new();
    for object in tree.of_kind("Ingress") {
        for host in items(object.at("spec/rules")).filter_map(|it| at(it, "host").as_str()) {
            if let Some(other) = hosts.insert(host, &object.path) {
                found.push(format!("{}: {host} is the host of {other} already", object.path));
            }
        }
    }
    found
}

/// The names whose certificates Traefik takes for routes that name none: those of Secrets that its
/// store names, each made for a `Certificate` beside it by an issuer that is there.
fn stored_names(tree: &Tree) -> BTreeSet<&str> {
    let store = tree.of_kind("TLSStore").find(|it| it.name() == "default");
    let stored: Vec<&str> = store
        .map(|it| items(it.at("spec/certificates")))
        .into_iter()
        .flatten()
        .filter_map(|it| at(it, "secretName").as_str())
        .collect();
    tree.of_kind("Certificate")
        .filter(|it| it.at("spec/secretName").as_str().is_some_and(|name| stored.contains(&name)))
        .filter(|it| store.is_some_and(|store| store.namespace() == it.namespace()))
        .filter(|certificate| {
            let issuer = certificate.at("spec/issuerRef/name").as_str().unwrap_or_default();
            tree.find("ClusterIssuer", None, issuer).is_some()
        })
        .flat_map(|it| items(it.at("spec/dnsNames")).filter_map(Value::as_str))
        .collect()
}

pub fn service_names(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for object in tree.of_kind("StatefulSet") {
        let service = tree.find("Service", object.namespace(), object.text("spec/serviceName"));
        let mine = labels(at(object.at("spec/template"), "metadata/labels"));
        if !service.is_some_and(|it| selects(&labels(it.at("spec/selector")), &mine)) {
            found.push(format!("{}: {}", object.path, object.text("spec/serviceName")));
        }
        // Several pods with names of their own need a headless Service.
        let replicas = object.at("spec/replicas").as_u64().unwrap_or(1);
        if replicas > 1 && service.is_some_and(|it| it.at("spec/clusterIP") != "None") {
            found.push(format!("{}: {replicas} replicas without names", object.path));
        }
    }
    found
}

/// The API server refuses a pod with a `PriorityClass` that does not exist, and a class that
/// preempts evicts other pods for one whose room the budget has counted.
pub fn priorities(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for (template, pod) in pods::templates(tree) {
        let Some(class) = at(pod, "priorityClassName").as_str() else { continue };
        if tree.find("PriorityClass", None, class).is_none() {
            found.push(format!("{}: nothing makes the class {class}", template.path));
        }
    }
    for object in tree.of_kind("PriorityClass") {
        let is_small =
            object.at("value").as_i64().is_some_and(|it| (1..=1_000_000_000).contains(&it));
        if object.at("preemptionPolicy") != "Never"
            || object.at("globalDefault").as_bool() == Some(true)
            || !is_small
        {
            found.push(format!("{}: {:?}", object.path, object.value));
        }
    }
    found
}

pub fn namespaces(tree: &Tree) -> Vec<String> {
    let made: BTreeSet<&str> =
        tree.of_kind("Namespace").map(Read::name).chain(OF_CLUSTER).collect();
    let outside = tree
        .objects
        .iter()
        .filter(|object| object.namespace().is_some_and(|it| !made.contains(it)));
    let mut found: Vec<String> =
        outside.map(|it| format!("{}: {:?} is made by nothing", it.path, it.namespace())).collect();
    for object in tree.of_kind("Application") {
        let namespace = object.text("spec/destination/namespace");
        if !made.contains(namespace) {
            found.push(format!("{}: goes to {namespace}", object.path));
        }
    }
    found
}

pub fn one_owner(tree: &Tree) -> Vec<String> {
    let mut seen: BTreeMap<(&str, &str, Option<&str>, &str), &str> = BTreeMap::new();
    let mut found = Vec::new();
    for object in &tree.objects {
        if let Some(other) = seen.insert(
            (object.group(), object.kind(), object.namespace(), object.name()),
            &object.path,
        ) {
            found.push(format!("{} and {other}", object.path));
        }
    }
    found
}
