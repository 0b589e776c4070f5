//! Pods: what each container must have, and must not.

use std::collections::BTreeSet;

use espalier::units::Bytes;
use serde_yaml::Value;

use super::Tree;
use crate::support::{Read, at, is, items};

/// Every pod template with its object.
pub fn templates(tree: &Tree) -> impl Iterator<Item = (&Read, &Value)> {
    tree.objects.iter().filter_map(|it| Some((it, at(it.pod_template()?, "spec"))))
}

/// Every container with its object, init containers too.
pub fn containers(tree: &Tree) -> impl Iterator<Item = (&Read, &Value)> {
    templates(tree).flat_map(|(template, pod)| {
        items(at(pod, "containers"))
            .chain(items(at(pod, "initContainers")))
            .map(move |container| (template, container))
    })
}

fn name(container: &Value) -> &str {
    at(container, "name").as_str().unwrap_or("(no name)")
}

pub fn names_once(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    let mut once = |object: &Read, what: &str, names: Vec<String>| {
        let distinct: BTreeSet<&String> = names.iter().collect();
        if distinct.len() != names.len() {
            found.push(format!("{}: {what}: {names:?}", object.path));
        }
    };
    let key = |value: &Value, key: &str| format!("{:?}", at(value, key));
    for (object, container) in containers(tree) {
        once(object, "env", items(at(container, "env")).map(|it| key(it, "name")).collect());
        once(
            object,
            "mounts",
            items(at(container, "volumeMounts")).map(|it| key(it, "mountPath")).collect(),
        );
        once(
            object,
            "numbers of ports",
            items(at(container, "ports"))
                .map(|it| key(it, "containerPort") + &key(it, "protocol"))
                .collect(),
        );
    }
    for (template, pod) in templates(tree) {
        let all = || items(at(pod, "containers")).chain(items(at(pod, "initContainers")));
        once(template, "containers", all().map(|it| key(it, "name")).collect());
        once(
            template,
            "names of ports",
            all().flat_map(|it| items(at(it, "ports"))).map(|it| key(it, "name")).collect(),
        );
        once(template, "volumes", items(at(pod, "volumes")).map(|it| key(it, "name")).collect());
    }
    for object in tree.of_kind("Service") {
        once(object, "ports", items(object.at("spec/ports")).map(|it| key(it, "name")).collect());
        once(
            object,
            "numbers of ports",
            items(object.at("spec/ports")).map(|it| key(it, "port")).collect(),
        );
    }
    for object in tree.of_kind("NetworkPolicy") {
        for rule in items(object.at("spec/ingress")).chain(items(object.at("spec/egress"))) {
            once(
                object,
                "ports of a rule",
                items(at(rule, "ports")).map(|it| format!("{it:?}")).collect(),
            );
        }
    }
    found
}

pub fn resources(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for (object, container) in containers(tree) {
        let resource = |path: &str| at(container, &format!("resources/{path}")).as_str();
        let memory = |path: &str| resource(path).and_then(|it| it.parse::<Bytes>().ok());
        let (request, limit) = (memory("requests/memory"), memory("limits/memory"));
        let is_sane = request
            .zip(limit)
            .is_some_and(|(request, limit)| request <= limit && request > Bytes::default());
        if !is_sane || resource("requests/cpu").is_none() {
            found.push(format!("{}: {} has {request:?}, {limit:?}", object.path, name(container)));
        }
    }
    found
}

pub fn restricted(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for (object, container) in containers(tree) {
        let security = |path: &str| at(container, &format!("securityContext/{path}"));
        let drops: Vec<&str> =
            items(security("capabilities/drop")).filter_map(Value::as_str).collect();
        let adds = items(security("capabilities/add")).count();
        let is_kept = is(security("allowPrivilegeEscalation"), false)
            && is(security("readOnlyRootFilesystem"), true)
            && drops == ["ALL"]
            && adds == 0;
        if !is_kept || !security("privileged").is_null() {
            found.push(format!("{}: {}", object.path, name(container)));
        }
    }
    for (template, pod) in templates(tree) {
        let security = |path: &str| at(pod, &format!("securityContext/{path}"));
        let is_user = security("runAsUser").as_u64().is_some_and(|it| it > 0)
            && security("runAsGroup").as_u64().is_some_and(|it| it > 0);
        if !is(security("runAsNonRoot"), true)
            || !is_user
            || security("seccompProfile/type") != "RuntimeDefault"
            || !security("fsGroup").is_u64()
        {
            found.push(format!("{}: the pod", template.path));
        }
        for key in ["hostNetwork", "hostPID", "hostIPC", "hostUsers"] {
            if !at(pod, key).is_null() {
                found.push(format!("{}: {key}", template.path));
            }
        }
        if items(at(pod, "volumes")).any(|it| !at(it, "hostPath").is_null()) {
            found.push(format!("{}: a host path", template.path));
        }
    }
    found
}

pub fn accounts(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for (template, pod) in templates(tree) {
        let account = at(pod, "serviceAccountName").as_str().unwrap_or("default");
        let there = tree.find("ServiceAccount", template.namespace(), account);
        if account == "default"
            || !there.is_some_and(|it| is(it.at("automountServiceAccountToken"), false))
        {
            found.push(format!("{}: the account `{account}`", template.path));
        }
        // Two programs of ours speak to the API server.
        let speaks = ["aichat-workspace-api", "aichat-workspace-operator"].contains(&account)
            && template.namespace() == Some("aichat-workspace-operator-system");
        if !is(at(pod, "automountServiceAccountToken"), speaks) {
            found.push(format!("{}: a token", template.path));
        }
    }
    found
}

pub fn images(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for (object, container) in containers(tree) {
        let image = at(container, "image").as_str().unwrap_or_default();
        let (reference, digest) = image
            .split_once('@')
            .map_or((image, None), |(reference, digest)| (reference, Some(digest)));
        let tag = reference.rsplit_once(':').map_or("", |it| it.1);
        let is_full = tag
            .trim_start_matches('v')
            .split(['.', '-'])
            .take(2)
            .filter(|it| it.parse::<u32>().is_ok())
            .count()
            == 2;
        let has_registry = reference.split('/').next().is_some_and(|it| it.contains('.'));
        if !is_full || !has_registry || digest.is_some_and(|it| !it.starts_with("sha256:")) {
            found.push(format!("{}: {image}", object.path));
        }
    }
    found
}

pub fn probes(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for (object, container) in containers(tree) {
        let ports: Vec<&Value> = items(at(container, "ports"))
            .flat_map(|it| [at(it, "containerPort"), at(it, "name")])
            .collect();
        for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
            for port in ["httpGet/port", "tcpSocket/port", "grpc/port"]
                .map(|it| at(at(container, probe), it))
            {
                if !port.is_null() && !ports.contains(&port) {
                    found.push(format!(
                        "{}: {} {probe} asks {port:?}",
                        object.path,
                        name(container)
                    ));
                }
            }
        }
    }
    for (template, pod) in templates(tree) {
        for container in items(at(pod, "containers")) {
            for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
                if at(container, probe).is_null() && !matches!(template.kind(), "Job" | "CronJob") {
                    found.push(format!("{}: {} has no {probe}", template.path, name(container)));
                }
            }
        }
    }
    found
}

/// With `OrderedReady`, which is the default, a controller waits for a broken pod that it has made,
/// also when what is written is right again.
pub fn rolled_back(tree: &Tree) -> Vec<String> {
    tree.of_kind("StatefulSet")
        .filter(|it| it.at("spec/podManagementPolicy") != "Parallel")
        .map(|it| it.path.clone())
        .collect()
}

/// Seconds that work gets at least which starts over when it is ended.
const SHORTEST: u64 = 30 * 60;

/// What migrates or recovers: Open WebUI, unless it is told to leave the tables alone, and a
/// database's server, known by its image or by what it runs.
fn starts_over(container: &Value) -> bool {
    let image = at(container, "image").as_str().unwrap_or_default();
    let repository = image.split(['@']).next().unwrap_or_default();
    let is_of = |name: &str| repository.split('/').any(|it| it.split(':').next() == Some(name));
    let runs = || items(at(container, "command")).chain(items(at(container, "args")));
    let leaves_alone = items(at(container, "env"))
        .any(|it| at(it, "name") == "ENABLE_DB_MIGRATIONS" && at(it, "value") == "False");
    is_of("postgres")
        || runs().filter_map(Value::as_str).any(|it| it == "postgres")
        || is_of("open-webui") && !leaves_alone
}

/// An init container has no deadline of its own, but its workload may have one; what is to be ready
/// has that of its startup probe, which ends it.
pub fn deadlines(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    let seconds = |probe: &Value| {
        let number = |key: &str, default| at(probe, key).as_u64().unwrap_or(default);
        number("initialDelaySeconds", 0)
            + number("periodSeconds", 10) * number("failureThreshold", 3)
    };
    for (object, pod) in templates(tree) {
        let mut has_work = false;
        for container in items(at(pod, "containers")).filter(|it| starts_over(it)) {
            has_work = true;
            if matches!(object.kind(), "Job" | "CronJob") {
                continue;
            }
            let probe = at(container, "startupProbe");
            if probe.is_null() || seconds(probe) < SHORTEST {
                found.push(format!("{}: {} is ended while it works", object.path, name(container)));
            }
        }
        has_work |= items(at(pod, "initContainers")).any(starts_over);
        let job = if object.kind() == "CronJob" { "spec/jobTemplate/spec" } else { "spec" };
        // Argo CD takes a Deployment without progress for failed.
        let (own, default) = match object.kind() {
            "Deployment" => (object.at("spec/progressDeadlineSeconds"), Some(600)),
            _ => (object.at(&format!("{job}/activeDeadlineSeconds")), None),
        };
        for limit in [own.as_u64().or(default), at(pod, "activeDeadlineSeconds").as_u64()] {
            if has_work && limit.is_some_and(|it| it < SHORTEST) {
                found.push(format!("{}: its deadline ends work that starts over", object.path));
            }
        }
    }
    found
}

/// Where a chart takes how its pods look names up, for those of its pods that ask for names of the
/// internet.
const LOOKUPS: [(&str, &[&str]); 5] = [
    ("argo-cd", &["controller/dnsConfig", "repoServer/dnsConfig", "server/dnsConfig"]),
    ("cert-manager", &["podDnsConfig"]),
    ("grafana", &["dnsConfig"]),
    (
        "kube-prometheus-stack",
        &[
            "alertmanager/alertmanagerSpec/dnsConfig",
            "kube-state-metrics/dnsConfig",
            "prometheus/prometheusSpec/dnsConfig",
            "prometheusOperator/dnsConfig",
        ],
    ),
    ("prometheus-blackbox-exporter", &["dnsConfig"]),
];

/// A resolver that tries suffixes first makes eight useless queries for each full name, and where a
/// suffix has a wildcard record, it ends at a stranger's server.
pub fn dots(tree: &Tree) -> Vec<String> {
    let is_one = |lookup: &Value| {
        let mut options = items(at(lookup, "options")).filter(|it| at(it, "name") == "ndots");
        options.next().is_some_and(|it| at(it, "value") == "1") && options.next().is_none()
    };
    let own = templates(tree)
        .filter(|(_, pod)| !is_one(at(pod, "dnsConfig")))
        .map(|(template, _)| format!("{}: no ndots 1", template.path));
    let of_charts = tree.of_kind("Application").flat_map(|application| {
        let chart = application.at("spec/source/chart");
        let lookups = LOOKUPS.iter().filter(move |it| chart == it.0).flat_map(|it| it.1);
        let values = application.at("spec/source/helm/valuesObject");
        // A part that is off has no pods.
        let is_on = move |path: &str| {
            let part = path.split('/').next().unwrap_or_default();
            at(values, &format!("{part}/enabled")).as_bool() != Some(false)
        };
        lookups
            .filter(move |it| is_on(it))
            .filter(move |it| !is_one(at(values, it)))
            .map(|it| format!("{}: no ndots 1 in {it}", application.path))
    });
    own.chain(of_charts).collect()
}

/// Texts of a container or a composed Secret: values, arguments, commands, templates.
fn texts(tree: &Tree) -> Vec<(&Read, &str)> {
    let mut all: Vec<(&Read, &str)> = Vec::new();
    for (object, container) in containers(tree) {
        let words = items(at(container, "command")).chain(items(at(container, "args")));
        let values = items(at(container, "env")).map(|it| at(it, "value"));
        all.extend(words.chain(values).filter_map(Value::as_str).map(|text| (object, text)));
    }
    for object in tree.of_kind("SealedSecret") {
        let data = object.at("spec/template/data").as_mapping().into_iter().flatten();
        all.extend(data.filter_map(|(_, text)| text.as_str()).map(|text| (object, text)));
    }
    all
}

/// The kubelet expands commands, arguments and values first: it turns `$$` into one dollar, and
/// `$(NAME)` into a variable's value. Meant is only a value with a variable before it that says
/// something of the pod.
pub fn read_by_the_kubelet(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    // Jobs that people apply belong to no Application, and the kubelet reads them all the same.
    let manual_objects: Vec<(&String, Value)> = tree
        .files
        .iter()
        .filter(|(path, _)| path.starts_with("bootstrap/job-"))
        .map(|(path, bytes)| (path, serde_yaml::from_slice(bytes).expect("YAML")))
        .collect();
    let pods = templates(tree).map(|(template, pod)| (&template.path, pod));
    for (path, pod) in
        pods.chain(manual_objects.iter().map(|(path, job)| (*path, at(job, "spec/template/spec"))))
    {
        for container in items(at(pod, "containers")).chain(items(at(pod, "initContainers"))) {
            let variables = || items(at(container, "env"));
            let reference = |variable| Some(format!("$({})", at(variable, "name").as_str()?));
            let is_of_pod = |variable: &&Value| !at(variable, "valueFrom/fieldRef").is_null();
            let values = variables().enumerate().map(|(place, variable)| {
                let before: Vec<String> =
                    variables().take(place).filter(is_of_pod).filter_map(reference).collect();
                (at(variable, "value"), before)
            });
            let words = items(at(container, "command")).chain(items(at(container, "args")));
            let words = words.map(|it| (it, Vec::new())).chain(values);
            let wrong: Vec<String> =
                variables().filter_map(reference).chain(["$$".to_owned()]).collect();
            for (text, meant) in words {
                let Some(text) = text.as_str() else { continue };
                let unmeant = wrong.iter().filter(|it| !meant.contains(it));
                let said = unmeant.filter(|it| text.contains(it.as_str()));
                found.extend(
                    said.map(|it| format!("{path}: {}: `{it}` reaches no shell", name(container))),
                );
            }
        }
    }
    found
}

/// A name that a resolver has to complete: one below a namespace, or that of a Service alone in the
/// place of an address.
pub fn whole_names(tree: &Tree) -> Vec<String> {
    const WHOLE: &str = ".svc.cluster.local";
    let services: BTreeSet<&str> = tree.of_kind("Service").map(Read::name).collect();
    let mut found = Vec::new();
    for (object, text) in texts(tree) {
        let is_of_name = |character: char| {
            character.is_ascii_alphanumeric() || character == '-' || character == '.'
        };
        let mut rest = text;
        while let Some(start) = rest.find(is_of_name) {
            let before = &rest[..start];
            let end = rest[start..].find(|it| !is_of_name(it)).map_or(rest.len(), |it| start + it);
            let (name, after) = (&rest[start..end], &rest[end..]);
            // One that begins with a dot is a domain: what a proxy is not asked for.
            let is_below = !name.starts_with('.') && name.split('.').skip(1).any(|it| it == "svc");
            // The part before an `@` is a user name.
            let signs_in = after.split(['/', ' ']).next().is_some_and(|it| it.contains('@'))
                || after.contains("}}@");
            let is_address = before.ends_with("://") && !signs_in
                || before.ends_with('@')
                || name.len() == text.len();
            let service = name.split('.').next().unwrap_or_default();
            // `openwebui` is also the name of a database: alone, it is an address only with a port
            // or dots.
            let is_service = is_address
                && services.contains(service)
                && (name.contains('.') || after.starts_with(':'));
            if (is_below || is_service) && !name.trim_end_matches('.').ends_with(WHOLE) {
                found.push(format!("{}: {name}", object.path));
            }
            rest = after;
        }
    }
    found
}

/// Whether the Application that makes a claim also runs a pod that mounts it.
fn is_bound_by_its_own(tree: &Tree, claim: &Read) -> bool {
    let own = templates(tree).filter(|(template, _)| {
        template.application() == claim.application() && template.namespace() == claim.namespace()
    });
    own.flat_map(|it| items(at(it.1, "volumes")))
        .any(|it| at(it, "persistentVolumeClaim/claimName") == claim.name())
}

pub fn volumes(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for (template, pod) in templates(tree) {
        let templates =
            items(template.at("spec/volumeClaimTemplates")).map(|it| at(it, "metadata/name"));
        let there: Vec<&Value> =
            items(at(pod, "volumes")).map(|it| at(it, "name")).chain(templates).collect();
        let all = || items(at(pod, "containers")).chain(items(at(pod, "initContainers")));
        let mounted: Vec<&Value> =
            all().flat_map(|it| items(at(it, "volumeMounts"))).map(|it| at(it, "name")).collect();
        for volume in &there {
            if !mounted.contains(volume) {
                found.push(format!("{}: the volume {volume:?} is mounted nowhere", template.path));
            }
        }
        for volume in &mounted {
            if !there.contains(volume) {
                found.push(format!("{}: the volume {volume:?} is nowhere", template.path));
            }
        }
        for claim in items(at(pod, "volumes"))
            .filter_map(|it| at(it, "persistentVolumeClaim/claimName").as_str())
        {
            let there = tree.find("PersistentVolumeClaim", template.namespace(), claim);
            // A claim is bound when its first pod is placed: in an earlier Application, Argo CD
            // would wait for it in vain, unless that Application has a pod that mounts it.
            if !there.is_some_and(|claim| {
                claim.application() == template.application() || is_bound_by_its_own(tree, claim)
            }) {
                found.push(format!("{}: the claim {claim}", template.path));
            }
        }
        let has_claim =
            items(at(pod, "volumes")).any(|it| !at(it, "persistentVolumeClaim").is_null());
        if has_claim
            && template.kind() == "Deployment"
            && template.at("spec/strategy/type") != "Recreate"
        {
            found.push(format!(
                "{}: a volume with one writer, and pods that overlap",
                template.path
            ));
        }
        for claim in items(template.at("spec/volumeClaimTemplates")) {
            if at(claim, "apiVersion") != "v1" || at(claim, "kind") != "PersistentVolumeClaim" {
                found.push(format!(
                    "{}: a claim template without apiVersion and kind is a difference for ever",
                    template.path
                ));
            }
        }
    }
    found
}
