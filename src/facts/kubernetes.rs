//! The cluster that the tree is made for.

/// The target: k3s v1.35.8+k3s1; pods keep the pod security standards of this version.
pub const POD_SECURITY_VERSION: &str = "v1.35";

/// The port on which the API server's endpoint answers (k3s `--https-listen-port`). Policies see
/// this one, not the Service's 443.
pub const API_SERVER_PORT: u16 = 6443;

/// The port on which each node's kubelet answers: in k3s also the metrics of all that is in its
/// process.
pub const KUBELET_PORT: u16 = 10250;
/// The ports of etcd, for its clients and for its peers: a server that shares its datastore listens
/// on them.
pub const ETCD_PORTS: (u16, u16) = (2379, 2380);
/// The UDP port of flannel's VXLAN: whoever reaches it sends packets into the pod network.
pub const VXLAN_PORT: u16 = 8472;
/// The UDP port of flannel's `wireguard-native`.
pub const WIREGUARD_PORT: u16 = 51820;
/// The ports of Services of the type `NodePort`, of which a `LoadBalancer` has one too.
pub const NODE_PORTS: (u16, u16) = (30000, 32767);
/// The network of the pods (k3s' `cluster-cidr`).
pub const POD_RANGE: &str = "10.42.0.0/16";
/// The namespace of what k3s brings: Traefik, its load balancer, the DNS server, and the pods that
/// make folders for volumes and install charts, none of which is restricted.
pub const SYSTEM_NAMESPACE: &str = "kube-system";

/// The port of the Service `kubernetes`, before the API server.
pub const API_SERVER_SERVICE_PORT: u16 = 443;

/// The ports of HTTP and HTTPS: an ingress controller takes them on the node, and its pods listen
/// on them unless the spec says otherwise.
pub const HTTP_PORT: u16 = 80;
/// See [`HTTP_PORT`].
pub const HTTPS_PORT: u16 = 443;

/// What selects the pods of the cluster's DNS server, in `kube-system`.
pub const DNS_LABELS: [(&str, &str); 1] = [("k8s-app", "kube-dns")];
/// The port of DNS, in both protocols.
pub const DNS_PORT: u16 = 53;
/// The Service before these pods.
pub const DNS_SERVICE: &str = "kube-dns";
/// Where they serve metrics: k3s' configuration of `CoreDNS` has it, as that of others.
pub const DNS_METRICS: u16 = 9153;

/// k3s' packaged storage class: volumes on the node's disk, sizes not enforced, bound when their
/// first pod is placed.
pub const STORAGE_CLASS: &str = "local-path";

/// The database's `PriorityClass` and its value; a pod without a class has 0. A class cannot be
/// changed (another value needs another name) and is the whole cluster's, so its name says whose it
/// is.
pub const DATABASE_PRIORITY: (&str, i32) = ("espalier-database", 1000);

/// The priority from which on the kubelet evicts no pod (`system-cluster-critical`): that of the
/// pods which k3s brings.
pub const CRITICAL_PRIORITY: i32 = 2_000_000_000;

/// The resource that NVIDIA's device plugin announces; it is counted in whole GPUs.
pub const GPU: &str = "nvidia.com/gpu";

/// The resource that a container takes of its node's disk.
pub const EPHEMERAL_STORAGE: &str = "ephemeral-storage";
/// Every address.
pub const EVERYWHERE: &str = "0.0.0.0/0";

/// An option of a pod's `dnsConfig`, and its value: names with a dot are asked for as they are
/// written first. With the cluster's own 5, `github.com` would be looked for below every search
/// domain of the node before, and a wildcard record there would answer.
pub const NDOTS: (&str, &str) = ("ndots", "1");

/// Addresses that are not "outside": private ranges (pods and services among them), carrier NAT and
/// link-local (cloud metadata).
pub const NOT_OUTSIDE: [&str; 5] =
    ["10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"];

/// Namespaces that a cluster brings or that the platform owns: no workspace may take their names.
pub const SYSTEM_NAMESPACES: [&str; 4] =
    ["default", "kube-node-lease", "kube-public", SYSTEM_NAMESPACE];
