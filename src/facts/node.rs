//! What k3s nodes keep for themselves, and what is left for pods.
//!
//! Sources: published `MemTotal` of 8 GB machines (7.4–7.8 GiB); k3s' resource profiling (single
//! server with a workload, 95th percentile 1596 MB); systemd, sshd, journald and kernel slabs for
//! the operating system (a budget, not a measurement). The figures are true only where the kubelet
//! is told: see [`crate::platform::node::Node::kubelet_arguments`].

use crate::units::{Bytes, Millicores};

/// `MemTotal` of a machine sold as N GiB is N × 15/16 (8 GiB → 7680 MiB).
pub const MEM_TOTAL: (u64, u64) = (15, 16);
/// The operating system (`system-reserved`).
pub const SYSTEM_RESERVED: (Bytes, Millicores) = (Bytes::mib(384), Millicores::new(200));
/// k3s, containerd and the shims (`kube-reserved`).
pub const KUBE_RESERVED: (Bytes, Millicores) = (Bytes::mib(1536), Millicores::new(300));
/// k3s' agent, containerd and the shims (`kube-reserved` of a node without the control plane).
/// Memory: k3s' resource profiling, 275 MB. Of its CPU nothing was published: the server's, which
/// is more than it takes.
pub const AGENT_RESERVED: (Bytes, Millicores) = (Bytes::mib(320), Millicores::new(300));
/// The kubelet evicts pods when less memory than this is available (`eviction-hard`); k3s sets none
/// by itself.
pub const EVICTION_THRESHOLD: Bytes = Bytes::mib(256);

/// The kubelet evicts when the node's disk or the images' disk has less than this left, in percent.
pub const EVICTION_DISK_PERCENT: u32 = 10;
/// So long after it was last short of something the kubelet takes pods again, in seconds (its own
/// default is 300): on the only node whatever was evicted waits for it. Measured: with 30 the
/// successor was placed after 40 s.
pub const EVICTION_TRANSITION_SECONDS: u32 = 30;
/// What the log of a container takes of the disk: five files of 10 MiB (the kubelet's own
/// `containerLogMaxFiles` and `containerLogMaxSize`), and as much again, since it looks at their
/// size every ten seconds only.
pub const CONTAINER_LOGS: Bytes = Bytes::mib(100);
/// Room for sockets, process numbers and lists: what programs want to have that keep nothing there
/// (a budget, not a measurement).
pub const SMALL_FOLDER: Bytes = Bytes::mib(64);
/// What the folders of a chart's container hold (a budget, not a measurement): programs that keep
/// next to nothing there.
pub const CHART_FOLDERS: Bytes = Bytes::gib(1);
/// The same of Argo CD's repo-server, which holds clones of all repositories with their histories,
/// and charts (a budget, not a measurement).
pub const CLONES: Bytes = Bytes::gib(8);
/// The same of Traefik: bodies and answers that it reads whole, of a dozen public hosts at their
/// limits at the same moment.
pub const BODIES: Bytes = Bytes::gib(4);
/// Processes and threads of one pod at most (`pod-max-pids`; the kubelet itself sets no bound): one
/// that makes ever more ends itself, and not the node. Thirty such pods still fit into the 32,768
/// (`kernel.pid_max`) that a kernel without systemd gives.
pub const POD_MAX_PIDS: u32 = 1024;
/// What the kubelet wants of the kernel, by the name that sysctl has for it: with
/// `protect-kernel-defaults` it does not start where one is another, and without it it sets them
/// itself (Kubernetes 1.36, `pkg/kubelet/cm/container_manager_linux.go`).
pub const KERNEL_DEFAULTS: [(&str, u32); 6] = [
    ("kernel.keys.root_maxbytes", 25_000_000),
    ("kernel.keys.root_maxkeys", 1_000_000),
    ("kernel.panic", 10),
    ("kernel.panic_on_oops", 1),
    ("vm.overcommit_memory", 1),
    ("vm.panic_on_oom", 0),
];
/// Pods that a node runs at most, unless the kubelet is told otherwise (its own default).
pub const MAX_PODS: u32 = 110;

/// What the API server keeps of its audit log: files of so many MiB, so many besides the one that
/// is written, and for so many days. The least that the CIS benchmark asks for, and what k3s'
/// hardening guide writes.
pub const AUDIT_LOG: AuditLog = AuditLog { mebibytes: 100, backups: 10, days: 30 };
/// The folder of the API server's logs, as k3s' hardening guide has it; the server makes it, for
/// root alone.
pub const SERVER_LOGS: &str = "/var/lib/rancher/k3s/server/logs";
/// The audit log, within [`SERVER_LOGS`].
pub const AUDIT_LOG_PATH: &str = "/var/lib/rancher/k3s/server/logs/audit.log";
/// Pods that have ended, failed ones among them, beyond this many are removed, the oldest first
/// (Kubernetes' own default is 12,500): the figure of k3s' hardening guide.
pub const ENDED_PODS: u32 = 100;

/// Pods that k3s runs besides those of the budget, because they request nothing:
/// local-path-provisioner, and Traefik's load balancer, of which every further node has one.
pub const PODS_WITHOUT_REQUESTS: u32 = 2;

/// Pods of `kube-system` that k3s brings and that request memory: workload, memory request, memory
/// limit, CPU request. metrics-server has no limit: its request is counted. Traefik's figures come
/// from our `HelmChartConfig` and are counted there; local-path-provisioner and svclb request
/// nothing.
pub const CLUSTER_PODS: [(&str, Bytes, Bytes, Millicores); 2] = [
    ("coredns", Bytes::mib(70), Bytes::mib(170), Millicores::new(100)),
    ("metrics-server", Bytes::mib(70), Bytes::mib(70), Millicores::new(100)),
];

/// What the operating system, k3s with its datastore, and their logs take of the disk (a budget,
/// not a measurement).
pub const SYSTEM_DISK: Bytes = Bytes::gib(8);
/// What the images of a whole platform take of the disk of each node, and those of an update beside
/// them (a budget, not a measurement).
pub const IMAGES_DISK: Bytes = Bytes::gib(10);

/// How much of the audit log is kept.
#[derive(Clone, Copy, Debug)]
pub struct AuditLog {
    /// The size of a file after which a new one is begun, in MiB.
    pub mebibytes: u64,
    /// Earlier files.
    pub backups: u64,
    /// Days after which an earlier file is removed.
    pub days: u64,
}

impl AuditLog {
    /// What it takes of the disk of a server.
    pub const fn size(self) -> Bytes {
        Bytes::mib(self.mebibytes * (self.backups + 1))
    }
}
