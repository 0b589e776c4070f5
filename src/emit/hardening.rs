//! What makes the node harder to misuse: what the kubelet wants of its kernel, what the API server
//! writes down, what pods may be where nobody has said it, and which ports answer nobody outside.
//!
//! Which row of k3s' hardening guide is done, and why another is not:
//! `docs/decisions/0048-hardening.md`.

use serde::Serialize;

use super::files::{Files, HEADER};
use crate::{
    facts::{
        kubernetes::{
            API_SERVER_PORT, ETCD_PORTS, KUBELET_PORT, NODE_PORTS, POD_RANGE, POD_SECURITY_VERSION,
            SYSTEM_NAMESPACE, VXLAN_PORT, WIREGUARD_PORT,
        },
        node::{AUDIT_LOG, AUDIT_LOG_PATH, ENDED_PODS, KERNEL_DEFAULTS},
    },
    yaml::emit,
};

/// The kernel's settings, which the script loads and k3s' unit loads again at each start.
pub const KERNEL: &str = "bootstrap/k3s/kernel.conf";
/// What the API server writes down, a file of `audit.k8s.io`.
pub const AUDIT: &str = "bootstrap/k3s/audit.yaml";
/// What admission holds pods to, a file of `apiserver.config.k8s.io`.
pub const ADMISSION: &str = "bootstrap/k3s/admission.yaml";
/// The rules of nftables for the ports of k3s, to which the script adds what only the node knows.
pub const FIREWALL: &str = "bootstrap/k3s/firewall.nft";
/// The unit that loads them at each start of the node.
pub const FIREWALL_UNIT: &str = "bootstrap/k3s/espalier-firewall.service";
/// Where the script puts the files of the API server: root's alone, beside k3s' own configuration.
pub const ON_NODE: &str = "/etc/rancher/k3s/espalier-";

/// The pod security level of a namespace that names none.
const DEFAULT_LEVEL: &str = "restricted";

/// What the API server is told. `issued`: whose tokens it takes beside its own is in a file.
pub(super) fn api_server_arguments(issued: bool) -> Vec<String> {
    let mut arguments = vec![
        format!("admission-control-config-file={ON_NODE}admission.yaml"),
        format!("audit-log-maxage={}", AUDIT_LOG.days),
        format!("audit-log-maxbackup={}", AUDIT_LOG.backups),
        format!("audit-log-maxsize={}", AUDIT_LOG.mebibytes),
        format!("audit-log-path={AUDIT_LOG_PATH}"),
        format!("audit-policy-file={ON_NODE}audit.yaml"),
    ];
    arguments.extend(issued.then(|| format!("authentication-config={ON_NODE}authentication.yaml")));
    // A token of a pod is good for an hour and not for a year: the kubelet brings a new one.
    arguments.push("service-account-extend-token-expiration=false".to_owned());
    arguments
}

/// What the controllers are told.
pub(super) fn controller_arguments() -> Vec<String> {
    vec![format!("terminated-pod-gc-threshold={ENDED_PODS}")]
}

/// Writes what `protect-kernel-defaults` asks of the kernel, in the form of `sysctl.d`.
pub(super) fn kernel(files: &mut Files) {
    files.add(KERNEL, |out| {
        let lines = KERNEL_DEFAULTS.map(|(key, value)| format!("{key} = {value}\n"));
        out.extend_from_slice(format!("{HEADER}{}", lines.concat()).as_bytes());
    });
}

/// The policy of the audit log: the first rule that fits a request decides.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AuditPolicy {
    api_version: &'static str,
    kind: &'static str,
    omit_stages: [&'static str; 1],
    rules: Vec<AuditRule>,
}

/// How much is written down of a request. What it carries, and what is answered, is in none of the
/// levels that are here: a Secret or a token never comes into the log.
#[derive(Clone, Copy, Serialize)]
enum Level {
    /// Nothing.
    None,
    /// Who did what to which object, and when.
    Metadata,
}

/// A rule; each list that is not empty has to fit.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AuditRule {
    level: Level,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    users: &'static [&'static str],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    user_groups: &'static [&'static str],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    verbs: &'static [&'static str],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    resources: &'static [Resources],
    #[serde(rename = "nonResourceURLs", skip_serializing_if = "<[_]>::is_empty")]
    non_resource_urls: &'static [&'static str],
}

impl AuditRule {
    const fn of(level: Level) -> Self {
        Self {
            level,
            users: &[],
            user_groups: &[],
            verbs: &[],
            resources: &[],
            non_resource_urls: &[],
        }
    }
}

/// Resources of an API group.
#[derive(Serialize)]
struct Resources {
    group: &'static str,
    resources: &'static [&'static str],
}

/// Requests that read.
const READS: &[&str] = &["get", "list", "watch"];

/// The policy. Whoever reads a credential, and whoever changes anything, is written down.
fn audit_policy() -> AuditPolicy {
    let metadata = AuditRule::of(Level::Metadata);
    let nothing = || AuditRule::of(Level::None);
    AuditPolicy {
        api_version: "audit.k8s.io/v1",
        kind: "Policy",
        // What is answered tells the same, and more.
        omit_stages: ["RequestReceived"],
        rules: vec![
            // Before all others, so that no other leaves it out.
            AuditRule {
                resources: &[
                    Resources { group: "", resources: &["secrets", "serviceaccounts/token"] },
                    Resources { group: "authentication.k8s.io", resources: &["tokenreviews"] },
                    Resources { group: "bitnami.com", resources: &["sealedsecrets"] },
                ],
                ..AuditRule::of(Level::Metadata)
            },
            // Probes, and what a client asks to learn the kinds.
            AuditRule {
                verbs: &["get"],
                non_resource_urls: &[
                    "/api*",
                    "/healthz*",
                    "/livez*",
                    "/openapi*",
                    "/readyz*",
                    "/version",
                ],
                ..nothing()
            },
            // Heartbeats, every few seconds, and events, which are a log themselves; but not who
            // removes them.
            AuditRule {
                verbs: &["get", "patch", "update"],
                resources: &[Resources { group: "coordination.k8s.io", resources: &["leases"] }],
                ..nothing()
            },
            AuditRule {
                verbs: &["create", "get", "list", "patch", "update", "watch"],
                resources: &[
                    Resources { group: "", resources: &["events"] },
                    Resources { group: "events.k8s.io", resources: &["events"] },
                ],
                ..nothing()
            },
            // What the control plane and the kubelets read to do their work.
            AuditRule {
                users: &[
                    "system:apiserver",
                    "system:k3s-controller",
                    "system:k3s-supervisor",
                    "system:kube-controller-manager",
                    "system:kube-proxy",
                    "system:kube-scheduler",
                ],
                verbs: READS,
                ..nothing()
            },
            AuditRule {
                user_groups: &["system:nodes", "system:serviceaccounts:kube-system"],
                verbs: READS,
                ..nothing()
            },
            metadata,
        ],
    }
}

/// Writes the policy of the audit log.
pub(super) fn audit(files: &mut Files) {
    files.add_yaml(AUDIT, |out| emit::document(out, &audit_policy()));
}

/// The configuration of the API server's admission.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AdmissionConfiguration<'a> {
    api_version: &'static str,
    kind: &'static str,
    plugins: [Plugin<'a>; 1],
}

#[derive(Serialize)]
struct Plugin<'a> {
    name: &'static str,
    configuration: PodSecurity<'a>,
}

/// The levels of namespaces that name none. Every namespace of the tree names its own.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PodSecurity<'a> {
    api_version: &'static str,
    kind: &'static str,
    defaults: Defaults,
    exemptions: Exemptions<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Defaults {
    enforce: &'static str,
    enforce_version: &'static str,
    audit: &'static str,
    audit_version: &'static str,
    warn: &'static str,
    warn_version: &'static str,
}

#[derive(Serialize)]
struct Exemptions<'a> {
    namespaces: Vec<&'a str>,
}

/// Writes what admission holds pods to. `exempt` are namespaces of others besides that of k3s.
pub(super) fn admission(files: &mut Files, exempt: &[&str]) {
    let mut namespaces = [&[SYSTEM_NAMESPACE], exempt].concat();
    namespaces.sort_unstable();
    namespaces.dedup();
    let configuration = AdmissionConfiguration {
        api_version: "apiserver.config.k8s.io/v1",
        kind: "AdmissionConfiguration",
        plugins: [Plugin {
            name: "PodSecurity",
            configuration: PodSecurity {
                api_version: "pod-security.admission.config.k8s.io/v1",
                kind: "PodSecurityConfiguration",
                defaults: Defaults {
                    enforce: DEFAULT_LEVEL,
                    enforce_version: POD_SECURITY_VERSION,
                    audit: DEFAULT_LEVEL,
                    audit_version: POD_SECURITY_VERSION,
                    warn: DEFAULT_LEVEL,
                    warn_version: POD_SECURITY_VERSION,
                },
                exemptions: Exemptions { namespaces },
            },
        }],
    };
    files.add_yaml(ADMISSION, |out| emit::document(out, &configuration));
}

/// flannel's backend where packets go from node to node: what others on the way cannot read.
pub(super) const ENCRYPTED: &str = "wireguard-native";

/// Writes the rules for the ports of k3s. `several` nodes speak to each other.
pub(super) fn firewall(files: &mut Files, several: bool) {
    let nodes = if several { WIREGUARD_PORT } else { VXLAN_PORT };
    let ((etcd, peers), (first, last)) = (ETCD_PORTS, NODE_PORTS);
    let rules = format!(
        "{HEADER}#
# Which ports of k3s answer nobody outside of the node: `bash bootstrap/bootstrap.sh up --firewall`
# adds the elements of the sets and loads it. Whatever is not named here stays as it is.
table inet espalier
delete table inet espalier
table inet espalier {{
    # Who may all the same: other nodes, and administrators.
    set allowed4 {{
        type ipv4_addr
        flags interval
        auto-merge
    }}
    set allowed6 {{
        type ipv6_addr
        flags interval
        auto-merge
    }}
    # The ports by which people sign in.
    set ssh {{
        type inet_service
    }}
    # Before kube-proxy redirects a NodePort to a pod (dstnat): afterwards no input chain sees it.
    chain outside {{
        type filter hook prerouting priority mangle; policy accept;
        ct state established,related accept
        iifname \"lo\" accept
        tcp dport @ssh accept
        fib daddr type != local accept
        ip saddr @allowed4 accept
        ip6 saddr @allowed6 accept
        # What goes from node to node: no pod needs it.
        udp dport {nodes} drop
        # Pods, by the devices of flannel: an address alone is soon written.
        iifname {{ \"cni0\", \"flannel.1\", \"flannel-wg\" }} ip saddr {POD_RANGE} accept
        tcp dport {{ {etcd}-{peers}, {API_SERVER_PORT}, {KUBELET_PORT}, {first}-{last} }} drop
        udp dport {first}-{last} drop
    }}
}}
"
    );
    files.add(FIREWALL, |out| out.extend_from_slice(rules.as_bytes()));
    files.add(FIREWALL_UNIT, |out| {
        out.extend_from_slice(include_bytes!("bootstrap/espalier-firewall.service"));
    });
}
