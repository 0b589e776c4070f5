//! The dashboard of workspaces: what each takes, side by side.

use crate::builder::dashboard::{
    Dashboard, Row, Variable,
    panel::Panel,
    unit::{Milli, Unit},
};

const OF_WORKSPACE: &str = "namespace=~\"$workspace\"";

/// Who runs, and who takes how much.
pub fn dashboard() -> Dashboard {
    Dashboard {
        name: "workspaces",
        title: "Workspaces",
        description: "Does each workspace run, and what does it take?",
        variables: vec![Variable::Workspace],
        home: Vec::new(),
        rows: vec![
            Row::of("Whether they run", [ready(), restarts()]),
            Row::of("What they take", [amounts(), memory(), processor()]),
        ],
    }
}

fn ready() -> Panel {
    let of =
        |metric: &str| format!("sum by (namespace) (kube_deployment_{metric}{{{OF_WORKSPACE}}})");
    Panel::table(
        "Ready front ends",
        "Ready pods of each workspace's Deployments, as a part of those that are wanted. Where it \
         is less: `kubectl --namespace WORKSPACE get pods`.",
        Unit::Share,
    )
    .reads(format!("{} / {}", of("status_replicas_ready"), of("spec_replicas")), "Ready")
    .worse_below(Milli::percent(1), Milli::percent(100))
}

fn restarts() -> Panel {
    Panel::table(
        "Restarts of the last day, by workspace",
        "How often containers of a workspace were started again.",
        Unit::Count,
    )
    .reads(
        format!(
            "sum by (namespace) \
             (increase(kube_pod_container_status_restarts_total{{{OF_WORKSPACE}}}[1d]))"
        ),
        "Restarts",
    )
}

fn amounts() -> Panel {
    let of = |what: &str| {
        format!(
            "sum by (namespace) \
             (kube_pod_container_resource_{what}{{{OF_WORKSPACE},resource=\"memory\"}})"
        )
    };
    Panel::table(
        "Promised and used, by workspace",
        "Memory of all containers of a workspace: what they use, were promised and may have.",
        Unit::Bytes,
    )
    .reads(used(), "Used")
    .reads(of("requests"), "Promised")
    .reads(of("limits"), "Limit")
    .wide()
}

fn used() -> String {
    format!(
        "sum by (namespace) (container_memory_working_set_bytes{{{OF_WORKSPACE},container!=\"\"}})"
    )
}

fn memory() -> Panel {
    let title = "Memory of workspaces";
    let description = "What the containers of each workspace use.";
    Panel::series(title, description, Unit::Bytes).reads(used(), "{{namespace}}")
}

fn processor() -> Panel {
    Panel::series(
        "CPU of workspaces",
        "Cores that the containers of each workspace are busy with.",
        Unit::Cores,
    )
    .reads(
        format!(
            "sum by (namespace) (rate(container_cpu_usage_seconds_total{{{OF_WORKSPACE},\
             container!=\"\"}}[$__rate_interval]))"
        ),
        "{{namespace}}",
    )
}
