//! The dashboard of the nodes: what they have, what was promised of it, and what is used.

use super::workload::volumes;
use crate::{
    builder::dashboard::{
        Dashboard, Row, Variable,
        panel::Panel,
        unit::{Milli, Unit},
    },
    facts::{
        charts::node_exporter,
        queries::{self, MEASURED},
    },
};

/// Whether the nodes hold what the budget has promised of them.
pub fn dashboard() -> Dashboard {
    Dashboard {
        name: "nodes",
        title: "Nodes and budget",
        description: "Do the nodes hold what was promised of them, and who uses more?",
        variables: vec![Variable::Namespace],
        home: vec![
            memory_used("Memory in use"),
            processor_used("CPU in use"),
            ready("Ready nodes"),
        ],
        rows: vec![
            Row::of(
                "Nodes",
                [
                    promised(),
                    memory_used("Memory that pods use"),
                    processor_used("CPU that pods use"),
                    ready("Nodes that are ready"),
                ],
            ),
            Row::of("Containers", [promised_and_used(), memory(), processor(), restarts()]),
            Row::of(
                "Volumes",
                [volumes("How full volumes are", "namespace=~\"$namespace\"").wide()],
            ),
            Row::of("k3s itself", [requests(), request_time(), names(), name_time()]),
            Row::over("The machine", node_exporter::WORKLOAD, [available(), waiting()]),
        ],
    }
}

fn promised() -> Panel {
    Panel::stat(
        "Memory that pods were promised",
        "The requests of all pods that run, as a part of what the nodes can give. Beyond one no \
         pod finds a place; `espalier show budget` has the sum of the tree.",
        Unit::Share,
    )
    .reads(queries::PROMISED_SHARE, "promised")
    .worse_above(Milli::percent(95), Milli::whole(1))
}

fn memory_used(title: &'static str) -> Panel {
    Panel::stat(
        title,
        "What all containers use, caches of files that are in use included, as a part of what the \
         nodes can give. When a node is short of memory, the kubelet ends pods that use more than \
         they were promised.",
        Unit::Share,
    )
    .reads(queries::USED_SHARE, "used")
    .worse_above(Milli::percent(85), Milli::percent(95))
}

fn processor_used(title: &'static str) -> Panel {
    Panel::stat(
        title,
        "Cores that containers are busy with, as a part of those that the nodes can give. An \
         answer of a model takes all that it gets.",
        Unit::Share,
    )
    .reads(
        "sum(rate(container_cpu_usage_seconds_total{container!=\"\"}[$__rate_interval])) / \
         sum(kube_node_status_allocatable{resource=\"cpu\"})",
        "used",
    )
}

fn ready(title: &'static str) -> Panel {
    Panel::stat(
        title,
        "Nodes whose kubelet answers and takes pods, as a part of all. `kubectl get nodes` shows \
         which does not.",
        Unit::Share,
    )
    .reads(
        "sum(kube_node_status_condition{condition=\"Ready\",status=\"true\"}) / \
         count(kube_node_status_condition{condition=\"Ready\",status=\"true\"})",
        "ready",
    )
    .worse_below(Milli::percent(1), Milli::whole(1))
}

fn promised_and_used() -> Panel {
    let title = "Promised and used, by container";
    let description = "Memory of each container: what it uses, what it was promised (its request), \
                       and where the kernel ends it (its limit). Who uses more than it was \
                       promised is the first to go when the node is short.";
    let table = Panel::table(title, description, Unit::Bytes).wide();
    MEASURED.iter().fold(table, |table, (name, query)| {
        table.reads(query.replace('{', "{namespace=~\"$namespace\","), name)
    })
}

fn memory() -> Panel {
    Panel::series(
        "Memory by namespace",
        "What containers use, caches of files that are in use included. A line that only rises is \
         a leak, or a cache that nobody bounds.",
        Unit::Bytes,
    )
    .reads(
        "sum by (namespace) (container_memory_working_set_bytes{namespace=~\"$namespace\",\
         container!=\"\"})",
        "{{namespace}}",
    )
}

fn processor() -> Panel {
    Panel::series("CPU by namespace", "Cores that containers are busy with.", Unit::Cores).reads(
        "sum by (namespace) (rate(container_cpu_usage_seconds_total{namespace=~\"$namespace\",\
         container!=\"\"}[$__rate_interval]))",
        "{{namespace}}",
    )
}

fn restarts() -> Panel {
    Panel::table(
        "Restarts of the last day",
        "Containers that were started again. `kubectl describe pod` says why, `kubectl logs \
         --previous` what was said last.",
        Unit::Count,
    )
    .reads(
        "sum by (namespace, pod, container) \
         (increase(kube_pod_container_status_restarts_total{namespace=~\"$namespace\"}[1d])) > 0",
        "Restarts",
    )
    .wide()
}

fn requests() -> Panel {
    Panel::series(
        "Requests to the API server",
        "By the code of the answer. 5xx: it failed, or what it asks in turn. 429: it had too much \
         to do. 4xx otherwise: somebody asks for what is not there or not allowed.",
        Unit::PerSecond,
    )
    .reads("sum by (code) (rate(apiserver_request_total[$__rate_interval]))", "{{code}}")
}

fn request_time() -> Panel {
    let of = |what: &str| {
        format!(
            "sum by (verb) (rate(apiserver_request_duration_seconds_{what}{{verb!~\"CONNECT|WATCH\"\
             }}[$__rate_interval]))"
        )
    };
    Panel::series(
        "How long the API server takes",
        "The mean of its answers, by what is asked; connections that stay open are left out. More \
         than a second, and its store is slow: as a rule the node's disk is busy or full.",
        Unit::Seconds,
    )
    .reads(format!("{} / {}", of("sum"), of("count")), "{{verb}}")
}

fn names() -> Panel {
    Panel::series(
        "Questions for names",
        "What CoreDNS answers. NXDOMAIN: the name is not there, as programs ask in several places \
         before one knows it. SERVFAIL: nobody could say.",
        Unit::PerSecond,
    )
    .reads("sum by (rcode) (rate(coredns_dns_responses_total[$__rate_interval]))", "{{rcode}}")
}

fn name_time() -> Panel {
    Panel::series(
        "How long a name takes",
        "Nineteen of twenty questions are answered within that. Whoever calls another waits for a \
         name first.",
        Unit::Seconds,
    )
    .reads(
        "histogram_quantile(0.95, sum by (le) \
         (rate(coredns_dns_request_duration_seconds_bucket[$__rate_interval])))",
        "95 %",
    )
}

fn available() -> Panel {
    Panel::series(
        "Memory that is left",
        "What the kernel could still give, caches that it would drop included, as a part of the \
         machine's. Near nothing the node itself stops.",
        Unit::Share,
    )
    .reads("node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes", "{{instance}}")
    .worse_below(Milli::percent(5), Milli::percent(10))
}

fn waiting() -> Panel {
    let of =
        |what: &str| format!("rate(node_pressure_{what}_waiting_seconds_total[$__rate_interval])");
    Panel::series(
        "Time spent waiting",
        "The part of the time in which something waits for memory, for the disk, for a core. \
         Memory that is waited for is memory that is missing.",
        Unit::Share,
    )
    .reads(of("memory"), "memory {{instance}}")
    .reads(of("io"), "disk {{instance}}")
    .reads(of("cpu"), "CPU {{instance}}")
}
