//! Facts of node-exporter and its chart, as rendered with our values.

use super::{ChartFacts, ObjectKind};
use crate::facts::versions;

/// No role: it asks the API server nothing, and has no token.
pub const NODE_EXPORTER: ChartFacts = ChartFacts {
    name: "prometheus-node-exporter",
    repository: "https://prometheus-community.github.io/helm-charts",
    pin: versions::NODE_EXPORTER,
    kinds: &[
        ObjectKind::Namespaced("", "Service"),
        ObjectKind::Namespaced("", "ServiceAccount"),
        ObjectKind::Namespaced("apps", "DaemonSet"),
    ],
};

/// The pod port of its metrics.
pub const METRICS: u16 = 9100;

/// What the chart makes, and calls its pods: the name that rules of others know as its job.
pub const WORKLOAD: &str = "node-exporter";

/// The folders of the node that its pods read, all of them without a right to write.
pub const FOLDERS: [&str; 3] = ["/", "/proc", "/sys"];

/// Collectors that are on, with the beginning of the names of their metrics: what says how much of
/// a node is used. All others are off, for each costs series that nobody reads.
pub const COLLECTORS: [(&str, &str); 6] = [
    ("cpu", "node_cpu_"),
    ("diskstats", "node_disk_"),
    ("filesystem", "node_filesystem_"),
    ("loadavg", "node_load"),
    ("meminfo", "node_memory_"),
    ("pressure", "node_pressure_"),
];

/// What a disk can be formatted with: no mount of a container, of memory, or of the kernel.
pub const DISKS: &str = "^(btrfs|ext[234]|f2fs|xfs|zfs)$";

/// Where no disk of the node itself is mounted: the kubelet mounts each volume once more for each
/// pod, and k3s' own are folders of a disk that is counted already.
pub const NO_DISKS: &str = "^/(dev|proc|run|sys|var/lib/kubelet)($|/)";
