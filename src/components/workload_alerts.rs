//! Alerts for any workload, volume, node and address, whoever made it: the platform's own, those of
//! tenants and those of k3s.

use crate::{
    builder::{
        contribution::{Alert, AlertSeverity},
        example::{Examples, Series},
        scope::Scope,
    },
    facts::alerts::{
        DOWN_AFTER, EVICTS_PERCENT, MEMORY_AFTER, MEMORY_PERCENT, NOT_READY_AFTER,
        OUT_OF_MEMORY_WITHIN, PRESSURE_WITHIN, PROBE_AFTER, RESTARTS, RESTARTS_WITHIN, ROOM_AFTER,
        ROOM_ENOUGH_PERCENT, ROOM_PERCENT, SHRINKS_FOR, SHRINKS_WITHIN,
        figures_of_a_disk_that_fills_up,
    },
    units::Seconds,
};

/// Alerts for any of them.
pub fn alerts(scope: &mut Scope<'_>) {
    for alert in [
        memory_near_limit(),
        out_of_memory(),
        restarts(),
        pods_missing(&DEPLOYMENT),
        pods_missing(&STATEFUL_SET),
        volume_nearly_full(),
        volume_fills_up(),
        node_under_pressure(),
        probe_fails(),
    ] {
        scope.contribute(alert);
    }
}

/// The labels of one container.
const CONTAINER: &str = "namespace, pod, container";
/// The labels of one volume.
const VOLUME: &str = "namespace, persistentvolumeclaim";

fn of_container(metric: &str, more: &str) -> String {
    format!("{metric}{{namespace=\"ai\",pod=\"ollama-0\",container=\"ollama\"{more}}}")
}

fn labels(pairs: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    pairs.iter().map(|(label, value)| (*label, (*value).to_owned())).collect()
}

fn the_container() -> Vec<(&'static str, String)> {
    labels(&[("namespace", "ai"), ("pod", "ollama-0"), ("container", "ollama")])
}

/// What is resident, not the working set: that counts pages of files too, which the kernel takes
/// back by itself, and a database that reads much is always near its limit so.
fn memory_near_limit() -> Alert {
    let limit = || {
        let name = of_container("kube_pod_container_resource_limits", ",resource=\"memory\"");
        Series::of(name, 1000)
    };
    let used = |value| Series::of(of_container("container_memory_rss", ""), value);
    let percent = i64::from(MEMORY_PERCENT.value) * 10;
    Alert {
        name: "ContainerMemoryNearLimit",
        expression: format!(
            "max by ({CONTAINER}) (container_memory_rss{{container!=\"\"}}) / max by \
             ({CONTAINER}) (kube_pod_container_resource_limits{{resource=\"memory\"}}) > {}",
            MEMORY_PERCENT.share()
        ),
        after: MEMORY_AFTER.value,
        severity: AlertSeverity::Warning,
        figures: vec![MEMORY_PERCENT.share_figure(), MEMORY_AFTER.figure()],
        summary: format!(
            "Container {{{{ $labels.container }}}} of {{{{ $labels.namespace }}}}/{{{{ \
             $labels.pod }}}} uses more than {MEMORY_PERCENT} % of its memory limit: the kernel \
             ends it when it reaches the limit."
        ),
        runbook: "`kubectl -n NAMESPACE top pod POD --containers` shows what it uses, `espalier \
                  show budget` what it is promised. Give it more in the spec, under `resources` of \
                  its component (a workspace: in its file): `espalier check` says whether the node \
                  has it. Ollama's limit follows from its models, `context` and `parallel`: fewer \
                  of these need less."
            .to_owned(),
        examples: Examples {
            fires_on: vec![limit(), used(percent + 1)],
            labels: the_container(),
            quiet_on: vec![limit(), used(percent)],
            ..Examples::default()
        },
    }
}

/// Not each ended container: those that were started again since.
fn out_of_memory() -> Alert {
    let reason = |value: &str| {
        let more = format!(",reason=\"{value}\"");
        Series::of(of_container("kube_pod_container_status_last_terminated_reason", &more), 1)
    };
    let restarts = |per_minute| {
        let name = of_container("kube_pod_container_status_restarts_total", "");
        Series::changing(name, 0, per_minute)
    };
    let within = OUT_OF_MEMORY_WITHIN;
    Alert {
        name: "ContainerOutOfMemory",
        expression: format!(
            "max by ({CONTAINER}) \
             (kube_pod_container_status_last_terminated_reason{{reason=\"OOMKilled\"}}) == 1 and \
             sum by ({CONTAINER}) \
             (increase(kube_pod_container_status_restarts_total[{within}])) > 0"
        ),
        after: Seconds::new(0),
        severity: AlertSeverity::Warning,
        figures: vec![within.figure()],
        summary: "The kernel ended container {{ $labels.container }} of {{ $labels.namespace \
                  }}/{{ $labels.pod }}, because it reached its memory limit."
            .to_owned(),
        runbook: "`kubectl -n NAMESPACE describe pod POD` shows when, `kubectl -n NAMESPACE logs \
                  POD -c CONTAINER --previous` what it did. Give it more in the spec, under \
                  `resources` of its component: `espalier check` says whether the node has it."
            .to_owned(),
        examples: Examples {
            fires_on: vec![reason("OOMKilled"), restarts(1)],
            labels: the_container(),
            quiet_on: vec![reason("Error"), restarts(1)],
            ..Examples::default()
        },
    }
}

/// A start that loops, of init containers too: what migrates, recovers and pulls is in those.
fn restarts() -> Alert {
    let grown = |metric| format!("sum by ({CONTAINER}) (increase({metric}[{RESTARTS_WITHIN}]))");
    let (own, init) = (
        "kube_pod_container_status_restarts_total",
        "kube_pod_init_container_status_restarts_total",
    );
    Alert {
        name: "ContainerRestarts",
        expression: format!("{} > {RESTARTS} or {} > {RESTARTS}", grown(own), grown(init)),
        after: Seconds::new(0),
        severity: AlertSeverity::Warning,
        figures: vec![RESTARTS.figure(), RESTARTS_WITHIN.figure()],
        summary: format!(
            "Container {{{{ $labels.container }}}} of {{{{ $labels.namespace }}}}/{{{{ \
             $labels.pod }}}} was started again more than {RESTARTS} times within \
             {RESTARTS_WITHIN}."
        ),
        runbook: "`kubectl -n NAMESPACE logs POD -c CONTAINER --previous` says why it ended, \
                  `kubectl -n NAMESPACE describe pod POD` with which code. `OOMKilled`: see \
                  ContainerOutOfMemory."
            .to_owned(),
        examples: Examples {
            fires_on: vec![
                Series::of(of_container(own, ""), 0),
                Series::changing(of_container(init, ""), 0, 1),
            ],
            labels: the_container(),
            quiet_on: vec![
                Series::of(of_container(own, ""), 40),
                Series::of(of_container(init, ""), 0),
            ],
            ..Examples::default()
        },
    }
}

/// A kind of workload, as metrics call it.
pub struct Workload {
    /// The label with its name.
    pub label: &'static str,
    /// How many pods it should have.
    pub wanted: &'static str,
    /// How many of them are there.
    pub there: &'static str,
    alert: &'static str,
}

/// A `Deployment`.
pub const DEPLOYMENT: Workload = Workload {
    label: "deployment",
    wanted: "kube_deployment_spec_replicas",
    there: "kube_deployment_status_replicas_available",
    alert: "DeploymentNotReady",
};
/// A `StatefulSet`.
pub const STATEFUL_SET: Workload = Workload {
    label: "statefulset",
    wanted: "kube_statefulset_replicas",
    there: "kube_statefulset_status_replicas_ready",
    alert: "StatefulSetNotReady",
};

fn pods_missing(kind: &Workload) -> Alert {
    let Workload { label, wanted, there, alert } = kind;
    let pods =
        |metric, count| Series::of(format!("{metric}{{namespace=\"ai\",{label}=\"a\"}}"), count);
    Alert {
        name: alert,
        expression: format!(
            "max by (namespace, {label}) ({wanted}) > max by (namespace, {label}) ({there})"
        ),
        after: NOT_READY_AFTER.value,
        severity: AlertSeverity::Warning,
        figures: vec![NOT_READY_AFTER.figure()],
        summary: format!(
            "Pods of {{{{ $labels.namespace }}}}/{{{{ $labels.{label} }}}} are missing or not \
             ready."
        ),
        runbook: format!(
            "`kubectl -n NAMESPACE describe {label} NAME` and `kubectl -n NAMESPACE get pods` show \
             which; `kubectl -n NAMESPACE describe pod POD` says what it waits for: a place on a \
             node (`espalier show budget`), an image, a volume, a Secret that is not sealed, or \
             its own start (`kubectl -n NAMESPACE logs POD --all-containers`)."
        ),
        examples: Examples {
            fires_on: vec![pods(wanted, 2), pods(there, 1)],
            labels: labels(&[("namespace", "ai"), (label, "a")]),
            quiet_on: vec![pods(wanted, 2), pods(there, 2)],
            ..Examples::default()
        },
    }
}

/// None of a workload's pods is ready: what only they do is not done.
pub fn down(
    name: &'static str,
    kind: &Workload,
    (namespace, workload): (&str, &str),
    summary: &str,
    runbook: String,
) -> Alert {
    let Workload { label, there, .. } = kind;
    let series = format!("{there}{{namespace=\"{namespace}\",{label}=\"{workload}\"}}");
    Alert {
        name,
        expression: format!("max by (namespace, {label}) ({series}) < 1"),
        after: DOWN_AFTER.value,
        severity: AlertSeverity::Critical,
        figures: vec![DOWN_AFTER.figure()],
        summary: summary.to_owned(),
        runbook,
        examples: Examples {
            fires_on: vec![Series::of(series.clone(), 0)],
            labels: labels(&[("namespace", namespace), (label, workload)]),
            quiet_on: vec![Series::of(series, 1)],
            ..Examples::default()
        },
    }
}

fn of_volume(metric: &str) -> String {
    format!("{metric}{{namespace=\"ai\",persistentvolumeclaim=\"postgresql\"}}")
}

fn the_volume() -> Vec<(&'static str, String)> {
    labels(&[("namespace", "ai"), ("persistentvolumeclaim", "postgresql")])
}

const AVAILABLE: &str = "kubelet_volume_stats_available_bytes";
const CAPACITY: &str = "kubelet_volume_stats_capacity_bytes";

/// What is left of a volume, as a part of one.
fn left() -> String {
    format!("max by ({VOLUME}) ({AVAILABLE}) / max by ({VOLUME}) ({CAPACITY})")
}

const MAKE_ROOM: &str = "A volume of the class `local-path` is a folder of the node's disk, and \
                         shows that disk: `df -h` on the node, and `out/README.md` for what each \
                         volume may take. Ollama's volume: take models that nobody asks for out of \
                         the spec. Backups: fewer (`keep`), or to S3. A volume of another class: a \
                         larger `storage` in the spec, where its class lets volumes grow.";

fn volume_nearly_full() -> Alert {
    let room = |percent| {
        vec![Series::of(of_volume(CAPACITY), 100), Series::of(of_volume(AVAILABLE), percent)]
    };
    Alert {
        name: "VolumeNearlyFull",
        expression: format!("{} < {}", left(), ROOM_PERCENT.share()),
        after: ROOM_AFTER.value,
        severity: AlertSeverity::Critical,
        figures: vec![ROOM_PERCENT.share_figure(), ROOM_AFTER.figure()],
        summary: format!(
            "Less than {ROOM_PERCENT} % is left on the volume {{{{ $labels.namespace }}}}/{{{{ \
             $labels.persistentvolumeclaim }}}}: below {EVICTS_PERCENT} % of its disk a \
             node evicts pods."
        ),
        runbook: MAKE_ROOM.to_owned(),
        examples: Examples {
            fires_on: room(i64::from(ROOM_PERCENT.value) - 1),
            labels: the_volume(),
            quiet_on: room(i64::from(ROOM_PERCENT.value)),
            ..Examples::default()
        },
    }
}

/// At the pace of the last hours it is full within days. A volume with much room is left alone: a
/// model that is pulled looks like that.
fn volume_fills_up() -> Alert {
    let hours = SHRINKS_WITHIN;
    let seconds = SHRINKS_FOR.value.get();
    let expression = format!(
        "max by ({VOLUME}) (predict_linear({AVAILABLE}[{hours}], {seconds})) / max by ({VOLUME}) \
         ({CAPACITY}) < {} and {} < {}",
        EVICTS_PERCENT.share(),
        left(),
        ROOM_ENOUGH_PERCENT.share()
    );
    let (capacity, room) = (1_000_000, 400_000);
    let shrinking = |per_minute: i64| {
        vec![
            Series::of(of_volume(CAPACITY), capacity),
            Series::changing(of_volume(AVAILABLE), room, -per_minute),
        ]
    };
    Alert {
        name: "VolumeFillsUp",
        expression,
        after: ROOM_AFTER.value,
        severity: AlertSeverity::Warning,
        figures: figures_of_a_disk_that_fills_up(),
        summary: format!(
            "At its present pace, the volume {{{{ $labels.namespace }}}}/{{{{ \
             $labels.persistentvolumeclaim }}}} is full within {SHRINKS_FOR}."
        ),
        runbook: MAKE_ROOM.to_owned(),
        examples: Examples {
            fires_on: shrinking(200),
            labels: the_volume(),
            quiet_on: shrinking(10),
            ..Examples::default()
        },
    }
}

fn node_under_pressure() -> Alert {
    let condition = |name: &str, value| {
        let series = "kube_node_status_condition";
        let name = format!("{series}{{node=\"a\",condition=\"{name}\",status=\"true\"}}");
        Series::of(name, value)
    };
    Alert {
        name: "NodeUnderPressure",
        expression: format!(
            "max by (node, condition) \
             (max_over_time(kube_node_status_condition{{condition=~\"DiskPressure|MemoryPressure|\
             PIDPressure\",status=\"true\"}}[{PRESSURE_WITHIN}])) == 1"
        ),
        after: Seconds::new(0),
        severity: AlertSeverity::Warning,
        figures: vec![PRESSURE_WITHIN.figure()],
        summary: "Node {{ $labels.node }} is short of something ({{ $labels.condition }}), and \
                  evicts pods."
            .to_owned(),
        runbook: "`kubectl get events -A --field-selector reason=Evicted` shows which pods went, \
                  `kubectl top pods -A` what each uses, `espalier show budget` what each is \
                  promised. DiskPressure: `df -h` on the node, and `k3s crictl rmi --prune` there \
                  removes images that nothing runs."
            .to_owned(),
        examples: Examples {
            fires_on: vec![condition("MemoryPressure", 1), condition("DiskPressure", 0)],
            labels: labels(&[("node", "a"), ("condition", "MemoryPressure")]),
            quiet_on: vec![condition("MemoryPressure", 0), condition("Ready", 1)],
            ..Examples::default()
        },
    }
}

/// Of every Service that is offered for probing, and of every public host.
fn probe_fails() -> Alert {
    let success =
        |value| Series::of("probe_success{instance=\"https://chat.example.com/\"}", value);
    Alert {
        name: "ProbeFails",
        expression: "max by (instance) (probe_success) == 0".to_owned(),
        after: PROBE_AFTER.value,
        severity: AlertSeverity::Warning,
        figures: vec![PROBE_AFTER.figure()],
        summary: "{{ $labels.instance }} does not answer as it should.".to_owned(),
        runbook: "A Service of the cluster: `kubectl -n NAMESPACE get pods` and the alerts of its \
                  workload say why. A public host: `bash bootstrap/bootstrap.sh verify` asks it as \
                  a browser does; where only that fails, its record of DNS, its certificate \
                  (`kubectl get certificates -A`) or the ingress controller is the reason."
            .to_owned(),
        examples: Examples {
            fires_on: vec![success(0)],
            labels: labels(&[("instance", "https://chat.example.com/")]),
            quiet_on: vec![success(1)],
            ..Examples::default()
        },
    }
}
