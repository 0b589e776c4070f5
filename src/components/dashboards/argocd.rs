//! The dashboard of Argo CD: whether the cluster is what Git has.

use crate::builder::dashboard::{
    Dashboard, Row,
    panel::Panel,
    unit::{Milli, Unit},
};

/// Whether the cluster is what Git has.
pub fn dashboard() -> Dashboard {
    let pair = || {
        [
            behind("Applications that are not synced", "sync_status!=\"Synced\""),
            behind("Applications that are not healthy", "health_status!=\"Healthy\""),
        ]
    };
    let [synced, healthy] = pair();
    Dashboard {
        name: "gitops",
        title: "GitOps",
        description: "Is the cluster what Git has, and if not, what holds it up?",
        variables: Vec::new(),
        home: pair().into(),
        rows: vec![
            Row::of("Applications", [synced, healthy, applications()]),
            Row::of("Work", [syncs(), git(), memory()]),
        ],
    }
}

fn behind(title: &'static str, which: &str) -> Panel {
    Panel::stat(
        title,
        "A rollout takes minutes; what stays is said by `kubectl --namespace argocd describe \
         application NAME`, under Conditions and Operation State.",
        Unit::Count,
    )
    .reads(format!("count(argocd_app_info{{{which}}}) or vector(0)"), "Applications")
    .worse_above(Milli::whole(1), Milli::whole(3))
}

fn applications() -> Panel {
    Panel::table(
        "State of each Application",
        "Synced is what Git has; Healthy is what works. Argo CD creates those of a wave once all \
         earlier waves are healthy: look at the first that is not.",
        Unit::Count,
    )
    .reads("sum by (name, sync_status, health_status) (argocd_app_info)", "Applications")
}

fn syncs() -> Panel {
    Panel::series(
        "Syncs an hour",
        "How often Applications were synced, and how that ended. Many of one Application: \
         something in the cluster writes what Git has, too.",
        Unit::Count,
    )
    .reads("sum by (name, phase) (increase(argocd_app_sync_total[1h])) > 0", "{{name}} {{phase}}")
}

fn git() -> Panel {
    Panel::series(
        "Requests to Git",
        "What the repo-server asks the repository, and what fails. Failures alone: the repository, \
         its key or the way there is gone.",
        Unit::Requests,
    )
    .reads(
        "sum by (request_type) (rate(argocd_git_request_total[$__rate_interval]))",
        "{{request_type}}",
    )
    .reads("sum(rate(argocd_git_fetch_fail_total[$__rate_interval]))", "failed")
}

fn memory() -> Panel {
    Panel::series(
        "Memory of Argo CD",
        "What its containers use. The controller's grows with the number of objects in the \
        cluster.",
        Unit::Bytes,
    )
    .reads(
        "max by (pod, container) (container_memory_working_set_bytes{namespace=\"argocd\",\
         container!=\"\"})",
        "{{pod}} {{container}}",
    )
}
