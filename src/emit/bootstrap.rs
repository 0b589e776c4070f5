//! `bootstrap/`: the script that makes a node into the platform, k3s' configuration, and the values
//! of the charts that come before Argo CD.

use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::{
    builder::{chart::Values, internet::ProxyRef},
    emit::{
        authentication::{self, Issued},
        files::{Files, HEADER},
        hardening,
    },
    platform::{
        node::Role,
        node_group::{Group, Nodes, Taint},
    },
    yaml::emit,
};

/// The folder of the values, one file an Application.
pub const VALUES: &str = "bootstrap/values";
/// The script, which is the same for every platform.
pub const SCRIPT: &str = "bootstrap/bootstrap.sh";
/// What it is told about this one, beside it.
pub const PLATFORM: &str = "bootstrap/platform.sh";
/// k3s' configuration, which the script copies to the node.
pub const K3S: &str = "bootstrap/k3s/config.yaml";
/// Where the configurations of further groups of nodes go.
pub const K3S_NODES: &str = "bootstrap/k3s/nodes";
/// The unit that starts k3s.
pub const UNIT: &str = "bootstrap/k3s/k3s.service";
/// A drop-in of that unit, where k3s goes through a proxy.
pub const K3S_PROXY: &str = "bootstrap/k3s/proxy.conf";

/// The platform's values, which the script reads from the file beside it.
#[derive(Serialize)]
pub struct Script {
    /// The platform's name.
    pub name: String,
    /// The repository's URL.
    pub repository: String,
    /// The branch that Argo CD follows.
    pub branch: String,
    /// The folder of the Applications in it, which the root reads.
    pub root_path: String,
    /// What the Applications follow, fully qualified: that branch, or a tag.
    pub revision: String,
    /// A file with the keys of the repository's SSH host; empty: those that everybody knows.
    pub host_keys: String,
    /// A file with the authorities that certify the repository's server; empty: those that
    /// everybody knows.
    pub repository_ca: String,
    /// Public hosts, whose DNS names must point to the node; those of workspaces are in their
    /// Ingresses.
    pub hosts: Vec<String>,
    /// Servers outside the cluster: `host network field caller`, where the network is `-` for all
    /// public addresses.
    pub outside: Vec<String>,
    /// Ranges that are not public.
    pub private_ranges: &'static [&'static str],
    /// The proxy for HTTPS; empty: none.
    pub proxy_url: String,
    /// What is asked without it.
    pub proxy_bypassed: String,
    /// The class of every Ingress.
    pub ingress_class: String,
    /// Whether k3s brings that class: 1 or 0.
    pub ingress_packaged: u8,
    /// The host of the chat; empty: there is none.
    pub chat_host: String,
    /// The namespace of the chat's front end.
    pub chat_namespace: String,
    /// A model that chats, for the acceptance test; empty: there is none.
    pub chat_model: String,
    /// The most tokens that the model reads for a question of a few words.
    pub chat_prompt_tokens: u64,
    /// Pods of the front end.
    pub chat_replicas: u32,
    /// The host of Argo CD's UI; empty: there is none.
    pub argocd_host: String,
    /// Whose password Argo CD's administrator has: `initial`, or `sealed`.
    pub argocd_admin: &'static str,
    /// Who issues the certificates, as the spec calls it: `staging`, `production`, `ca`…
    pub issuer: &'static str,
    /// Whether it asks each host by HTTP: 1 or 0.
    pub asked_by_http: u8,
    /// The `MemTotal` that the budget counts on, as the spec would say it.
    pub memory: String,
    /// The same in KiB, rounded up, as /proc/meminfo says it.
    pub memory_kib: u64,
    /// Cores of the server that the budget counts on, in thousandths.
    pub cpu: u64,
    /// Disk that the platform takes, in MiB: less than that is warned of.
    pub disk_mib: u64,
    /// Ports that k3s takes on the node.
    pub ports: &'static [u16],
    /// Whether the tree holds sealed values: 1 or 0.
    pub sealed_values: u8,
    /// k3s' version.
    pub k3s: String,
    /// Helm's version.
    pub helm: String,
    /// Checksums that the spec gives.
    pub checksums: Vec<Checksum>,
    /// Charts that come before Argo CD, in order.
    pub charts: Vec<ChartStep>,
    /// Nodes that join this one, as people read it: `2 of work (agent)`.
    pub joining: Vec<String>,
    /// Files of the projects, which come before the root.
    pub projects: Vec<String>,
}

/// A download's checksum.
#[derive(Serialize)]
pub struct Checksum {
    /// The download's name.
    pub name: &'static str,
    /// 64 hexadecimal digits.
    pub sha256: String,
}

/// A chart that comes before Argo CD.
#[derive(Serialize)]
pub struct ChartStep {
    /// The Application, which is the Helm release.
    pub application: String,
    /// The chart.
    pub name: &'static str,
    /// Its repository.
    pub repository: &'static str,
    /// Its version.
    pub version: String,
    /// Where it goes.
    pub namespace: String,
    /// `deployment/<name> …`: what has to run before the next step.
    pub workloads: String,
    /// Definitions that have to be established before the next step.
    pub crds: String,
    /// Hook Jobs, which are deleted before they are applied.
    pub jobs: String,
}

const VARIABLES: &str = include_str!("bootstrap/platform.sh.jinja");
const PARTS: [&str; 12] = [
    include_str!("bootstrap/words.sh"),
    include_str!("bootstrap/preflight.sh"),
    include_str!("bootstrap/outside.sh"),
    include_str!("bootstrap/firewall.sh"),
    include_str!("bootstrap/k3s.sh"),
    include_str!("bootstrap/secrets.sh"),
    include_str!("bootstrap/charts.sh"),
    include_str!("bootstrap/status.sh"),
    include_str!("bootstrap/socket.sh"),
    include_str!("bootstrap/verify.sh"),
    include_str!("bootstrap/undo.sh"),
    include_str!("bootstrap/main.sh"),
];

/// The name of the form of `platform.sh`, which both files have, so that the script reads no other.
/// It follows from the template: no variable comes, goes or changes its meaning under the old name.
fn form() -> String {
    let sum = Sha256::digest(VARIABLES);
    sum.iter().take(6).fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// A text as one word of a shell, whatever is in it: within single quotes nothing means anything
/// but the quote itself.
///
/// A zero byte would end the word, and no shell can hold one: it is left out.
pub fn quoted(text: &str) -> String {
    let mut word = String::with_capacity(text.len() + 2);
    word.push('\'');
    for c in text.chars().filter(|c| *c != '\0') {
        match c {
            '\'' => word.push_str("'\\''"),
            c => word.push(c),
        }
    }
    word.push('\'');
    word
}

/// Writes the script, and beside it what it is told.
///
/// # Panics
/// Never: the template is embedded, and every test renders it.
pub fn script(files: &mut Files, script: &Script) {
    let form = form();
    files.add(SCRIPT, |out| {
        let opening = include_str!("bootstrap/opening.sh").replace("@form@", &form);
        for part in std::iter::once(&*opening).chain(PARTS) {
            out.extend_from_slice(part.as_bytes());
        }
    });
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_keep_trailing_newline(true);
    environment.add_filter("sh", |text: &str| quoted(text));
    environment.add_global("form", form);
    let variables = environment.render_str(VARIABLES, script);
    let variables = variables.expect("the template names fields of `Script`");
    files.add(PLATFORM, |out| out.extend_from_slice(variables.as_bytes()));
}

/// k3s' configuration file: the arguments that make the figures of a node true, and those that
/// harden it. A list whose key ends in `+` is added to what other files of the node say.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Configuration {
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster_init: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    disable: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flannel_backend: Option<&'static str>,
    #[serde(rename = "kube-apiserver-arg+", skip_serializing_if = "Vec::is_empty")]
    kube_apiserver_arg: Vec<String>,
    #[serde(rename = "kube-controller-manager-arg+", skip_serializing_if = "Vec::is_empty")]
    kube_controller_manager_arg: Vec<String>,
    kubelet_arg: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    node_label: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    node_taint: Vec<String>,
    protect_kernel_defaults: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    secrets_encryption: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    write_kubeconfig_mode: Option<&'static str>,
}

/// A taint in the form of k3s' `node-taint`.
pub fn taint(taint: &Taint) -> String {
    let value = taint.value.as_ref().map_or_else(String::new, |it| format!("={it}"));
    format!("{}{value}:{}", taint.key, taint.effect.name())
}

/// The configuration file of a group's nodes that join the first server; none where no node of it
/// joins.
pub fn joins(nodes: &Nodes, group: &Group) -> Option<String> {
    let first = nodes.groups().iter().find(|it| it.node.role == Role::Server);
    let is_first = first.is_some_and(|it| it.name == group.name);
    let name = group.name.as_deref().filter(|_| !is_first || group.count > 1)?;
    Some(format!("{K3S_NODES}/{name}.yaml"))
}

/// Writes k3s' configuration and its unit: of the first server, and of each group of nodes that
/// joins it by hand. The credentials of the cluster are root's alone, and the Secrets in its
/// datastore are encrypted. Several servers share the datastore etcd, which the first one has to
/// begin with: SQLite, which one server alone has, cannot be joined.
///
/// `disable` are packaged components that no server installs: all of them must agree.
///
/// `exempt` are namespaces of others, whose pods no level holds; `issued` is whose tokens the API
/// server takes beside its own.
pub(super) fn k3s(
    files: &mut Files,
    nodes: &Nodes,
    disable: &[&'static str],
    exempt: &[&str],
    issued: Option<&Issued<'_>>,
) {
    let server = nodes.groups().iter().position(|it| it.node.role == Role::Server);
    let servers = nodes.servers();
    for (at, group) in nodes.groups().iter().enumerate() {
        let is_server = group.node.role == Role::Server;
        let of_server = |arguments: Vec<String>| if is_server { arguments } else { Vec::new() };
        let configuration = Configuration {
            cluster_init: None,
            disable: if is_server { disable.to_vec() } else { Vec::new() },
            // All servers must agree on it too, and an agent learns it from them.
            flannel_backend: (is_server && nodes.are_several()).then_some(hardening::ENCRYPTED),
            protect_kernel_defaults: true,
            secrets_encryption: is_server.then_some(true),
            kube_apiserver_arg: of_server(hardening::api_server_arguments(issued.is_some())),
            kube_controller_manager_arg: of_server(hardening::controller_arguments()),
            kubelet_arg: group.node.kubelet_arguments(),
            node_label: group.labels.iter().map(|(key, value)| format!("{key}={value}")).collect(),
            node_taint: group.taints.iter().map(taint).collect(),
            write_kubeconfig_mode: is_server.then_some("0600"),
        };
        if let Some(file) = joins(nodes, group) {
            files.add_yaml(&file, |out| emit::document(out, &configuration));
        }
        if Some(at) == server {
            let first =
                Configuration { cluster_init: (servers > 1).then_some(true), ..configuration };
            files.add_yaml(K3S, |out| emit::document(out, &first));
        }
    }
    files.add(UNIT, |out| out.extend_from_slice(include_bytes!("bootstrap/k3s.service")));
    hardening::kernel(files);
    hardening::audit(files);
    hardening::admission(files, exempt);
    if let Some(issued) = issued {
        authentication::write(files, issued);
    }
    hardening::firewall(files, nodes.are_several());
}

/// Writes the way of k3s to the internet, where that is through a proxy: a drop-in of its unit.
pub fn proxy(files: &mut Files, proxy: Option<&ProxyRef>) {
    let Some(ProxyRef { url, bypassed, .. }) = proxy else { return };
    let bypassed = bypassed.text();
    files.add(K3S_PROXY, |out| {
        let text = format!(
            "{HEADER}[Service]\nEnvironment=\"HTTPS_PROXY={url}\"\nEnvironment=\"NO_PROXY={bypassed}\"\n"
        );
        out.extend_from_slice(text.as_bytes());
    });
}

/// Writes the values of an Application's chart: the very ones that the Application has.
pub fn values(files: &mut Files, application: &str, values: &dyn Values) {
    files.add_yaml(&format!("{VALUES}/{application}.yaml"), |out| emit::document(out, values));
}
