//! Panels that are the same for every workload: whether its pods are there, and what they take.

use crate::{
    builder::dashboard::{
        Row,
        panel::Panel,
        unit::{Milli, Unit},
    },
    components::workload_alerts::Workload,
    facts::alerts::{MEMORY_PERCENT, ROOM_PERCENT},
};

/// One container's workload.
#[derive(Clone, Copy)]
pub struct Of<'a> {
    /// Its kind.
    pub kind: &'static Workload,
    /// Its namespace.
    pub namespace: &'a str,
    /// Its name.
    pub name: &'a str,
    /// The container that does the work.
    pub container: &'a str,
}

/// A part of a hundred.
fn percent(percent: u32) -> Milli {
    Milli::percent(percent.into())
}

impl Of<'_> {
    fn of_container(&self, metric: &str) -> String {
        let Self { namespace, container, .. } = self;
        format!("{metric}{{namespace=\"{namespace}\",container=\"{container}\"}}")
    }

    fn amount(&self, of: &str) -> String {
        let Self { namespace, container, .. } = self;
        format!(
            "max(kube_pod_container_resource_{of}{{namespace=\"{namespace}\",\
             container=\"{container}\",resource=\"memory\"}})"
        )
    }

    /// Whether its pods are there.
    pub fn ready(&self, title: &'static str) -> Panel {
        let Self { kind, namespace, name, .. } = self;
        let of = |metric: &str| {
            format!("sum({metric}{{namespace=\"{namespace}\",{}=\"{name}\"}})", kind.label)
        };
        let description = "Ready pods, as a part of those that are wanted. Less than all for \
                           longer than a rollout: `kubectl describe pod` says what one waits for.";
        Panel::stat(title, description, Unit::Share)
            .reads(format!("{} / {}", of(kind.there), of(kind.wanted)), "ready")
            .worse_below(Milli::percent(1), Milli::percent(100))
    }

    /// Its memory, as a part of what it may have.
    pub fn memory_of_limit(&self, title: &'static str) -> Panel {
        let description = "Memory without caches of files, as a part of the limit at which the \
                           kernel ends the container. More is given in the spec, under \
                           `resources` of the component.";
        let used = format!("max({})", self.of_container("container_memory_rss"));
        Panel::stat(title, description, Unit::Share)
            .reads(format!("{used} / {}", self.amount("limits")), "of its limit")
            .worse_above(percent(MEMORY_PERCENT.value - 10), percent(MEMORY_PERCENT.value))
    }

    /// What its pods take.
    pub fn row(&self) -> Row {
        let memory = Panel::series(
            "Memory",
            "What each pod has without caches of files, beside what it is promised and where it is \
             ended. Between the two it lives on what others leave.",
            Unit::Bytes,
        );
        let used = format!("max by (pod) ({})", self.of_container("container_memory_rss"));
        let memory = memory
            .reads(used, "{{pod}}")
            .reads(self.amount("requests"), "promised")
            .reads(self.amount("limits"), "limit");
        let processor = Panel::series(
            "CPU",
            "Cores that each pod is busy with. No limit holds them: what nobody else wants is \
             theirs.",
            Unit::Cores,
        );
        let seconds = self.of_container("container_cpu_usage_seconds_total");
        let rate = format!("sum by (pod) (rate({seconds}[$__rate_interval]))");
        let restarts = Panel::series(
            "Restarts",
            "How often the container was started again within an hour. `kubectl logs --previous` \
             shows its last words.",
            Unit::Count,
        );
        let restarted = self.of_container("kube_pod_container_status_restarts_total");
        let restarted = format!("sum by (pod) (increase({restarted}[1h]))");
        Row::of(
            "Its pods",
            [memory, processor.reads(rate, "{{pod}}"), restarts.reads(restarted, "{{pod}}")],
        )
    }
}

/// How full volumes are.
pub fn volumes(title: &'static str, selector: &str) -> Panel {
    let of = |metric: &str| {
        format!(
            "max by (namespace, persistentvolumeclaim) \
            (kubelet_volume_stats_{metric}{{{selector}}})"
        )
    };
    let room = 100 - ROOM_PERCENT.value;
    Panel::series(
        title,
        "How full each volume is. A volume of k3s' own class is a folder of the node's disk, and \
         shows how full that is.",
        Unit::Share,
    )
    .reads(
        format!("{} / {}", of("used_bytes"), of("capacity_bytes")),
        "{{namespace}}/{{persistentvolumeclaim}}",
    )
    .worse_above(percent(room - 10), percent(room))
}
