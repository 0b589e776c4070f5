//! `out/README.md` and the imprint: the platform at a glance, for people, and which version wrote
//! it.

use std::sync::Arc;

use minijinja::{Environment, UndefinedBehavior, context};
use serde::Serialize;

use crate::{
    budget::{demand::Origin, eviction, report::Report},
    builder::{
        contribution::{Contribution, Contributions},
        handle::PortRef,
    },
    emit::bootstrap,
    facts::{kubernetes::WIREGUARD_PORT, node},
    plan::{
        glance::{Glance, ModelRow},
        rows::{FlowRow, SecretRow, WaveRow},
    },
    platform::node_group::{self, Nodes},
};

/// The content of the page.
pub struct Page<'a> {
    /// The summary at the top.
    pub glance: &'a Glance,
    /// Which files people may upload; none without a chat.
    pub uploads: Option<String>,
    /// The URL of the proxy before the internet, if there is one.
    pub proxy: Option<Arc<str>>,
    /// Whether the API server takes tokens of an issuer beside its own.
    pub is_issued: bool,
    /// Commands that lead to pages without a public host.
    pub forwards: Vec<Forward>,
    /// What must be provided outside of the cluster.
    pub outside: Vec<String>,
    /// The targets for monitoring.
    pub contributions: &'a Contributions,
    /// Whether each alert has a page of its own.
    pub has_runbooks: bool,
    /// What each Application is made from, in the order of `waves`.
    pub places: Vec<String>,
    /// The budget.
    pub budget: &'a Report,
    /// The version of k3s.
    pub k3s: String,
    /// The first Applications, [`LISTED`] at most.
    pub waves: Vec<WaveRow>,
    /// How many Applications there are.
    pub applications: usize,
    /// The network flows.
    pub flows: Vec<FlowRow>,
    /// The credentials.
    pub secrets: Vec<SecretRow>,
}

/// A command that leads to a page without a public host.
#[derive(Serialize)]
pub struct Forward {
    /// Whose page it is.
    pub service: Arc<str>,
    /// The namespace of its Service.
    pub namespace: Arc<str>,
    /// The port of the browser's machine: the pods'.
    pub local: u16,
    /// The Service's.
    pub port: u16,
}

impl Forward {
    /// To a port of pods of ours: no other can be forwarded.
    pub fn to(port: &PortRef) -> Option<Self> {
        Some(Self {
            service: port.service().clone(),
            namespace: port.pods()?.namespace().clone(),
            local: port.pod_port(),
            port: port.endpoint().port(),
        })
    }
}

#[derive(Serialize)]
struct Offered {
    what: &'static str,
    at: String,
}

/// Alerts that the page lists where nothing here evaluates them: what the budget and a restore
/// count on, and nothing else of the platform tells of. All others, dashboards, and how logs are
/// read, are for the monitoring that reads them.
const LISTED_ALERTS: [&str; 4] =
    ["BackupTooOld", "NodeReservesNothing", "NodesBelowBudget", "NodesMissing"];

impl Offered {
    fn of(contribution: &Contribution, has_runbooks: bool) -> Option<Self> {
        Some(match contribution {
            Contribution::Alert(_) if has_runbooks => return None,
            Contribution::Scrape(scrape) => Self { what: "metrics", at: scrape.url() },
            Contribution::Probe { target, module, path } => Self {
                what: "probe",
                at: format!("{}{path}", target.endpoint().url(module.scheme())),
            },
            Contribution::PublicHost(host) => {
                Self { what: "probe", at: format!("https://{host}/") }
            }
            Contribution::Alert(alert) if LISTED_ALERTS.contains(&alert.name) => Self {
                what: "alert",
                at: format!(
                    "{} ({}): {} for {}",
                    alert.name,
                    alert.severity.as_str(),
                    alert.expression,
                    alert.after
                ),
            },
            Contribution::Alert(_)
            | Contribution::Dashboard(_)
            | Contribution::Logs(_)
            | Contribution::Query(_) => return None,
        })
    }
}

/// Equal nodes, and what makes their figures true.
#[derive(Serialize)]
struct Group {
    name: String,
    count: u32,
    role: &'static str,
    allocatable: String,
    cpu: String,
    gpus: u32,
    kubelet: Vec<String>,
    labels: Vec<String>,
    taints: Vec<String>,
    /// The k3s configuration of the nodes that join the first server; empty if none of the group
    /// joins.
    file: String,
}

impl Group {
    fn of(all: &Nodes, group: &node_group::Group) -> Self {
        Self {
            name: group.name.as_deref().unwrap_or_default().to_owned(),
            count: group.count,
            role: group.node.role.name(),
            allocatable: group.node.allocatable().in_mib().to_string(),
            cpu: group.node.allocatable_cpu().to_string(),
            gpus: group.node.gpus,
            kubelet: group.node.kubelet_arguments(),
            labels: group.labels.iter().map(|(key, value)| format!("{key}={value}")).collect(),
            taints: group.taints.iter().map(bootstrap::taint).collect(),
            file: bootstrap::joins(all, group).unwrap_or_default(),
        }
    }
}

#[derive(Serialize)]
struct Pods {
    name: String,
    replicas: u32,
    request: String,
    limit: String,
    cpu: String,
}

/// The models of a workspace's own Ollama.
#[derive(Serialize)]
struct Tenant<'a> {
    name: &'a str,
    models: Vec<&'a ModelRow>,
}

/// A pod in the kubelet's order.
#[derive(Serialize)]
struct Turn {
    name: String,
    priority: i32,
    beyond: String,
}

impl Turn {
    fn of(turn: &eviction::Turn) -> Self {
        Self {
            name: format!("{}/{}", turn.application, turn.name),
            priority: turn.priority,
            beyond: turn.beyond.in_mib().to_string(),
        }
    }
}

const TEMPLATE: &str = include_str!("readme.md.jinja");
/// Applications beyond this many are counted, not listed: the page is for people.
pub const LISTED: usize = 100;

/// Writes the page.
pub fn write(out: &mut Vec<u8>, page: &Page<'_>) {
    let budget = page.budget;
    let offered: Vec<Offered> =
        page.contributions.iter().filter_map(|it| Offered::of(it, page.has_runbooks)).collect();
    let pods: Vec<Pods> = budget
        .rows
        .iter()
        .take(LISTED)
        .map(|row| {
            let all = row.pod.times(row.replicas);
            Pods {
                name: format!("{}/{}", row.application, row.name),
                replicas: row.replicas,
                request: all.request.in_mib().to_string(),
                limit: all.limit.in_mib().to_string(),
                cpu: all.cpu.to_string(),
            }
        })
        .collect();
    let (own, more): (Vec<&ModelRow>, Vec<&ModelRow>) =
        page.glance.models.iter().partition(|it| it.workspace.is_none());
    let tenants = more.chunk_by(|a, b| a.workspace == b.workspace);
    let tenants: Vec<Tenant<'_>> = tenants
        .map(|its| Tenant {
            name: its[0].workspace.as_deref().expect("a tenant's, by the partition"),
            models: its.to_vec(),
        })
        .collect();
    let (within, beyond): (Vec<_>, Vec<_>) =
        eviction::turns(&budget.rows).iter().map(Turn::of).partition(|it| it.beyond == "0Mi");
    let nodes = &budget.nodes;
    let groups: Vec<Group> = nodes.groups().iter().map(|it| Group::of(nodes, it)).collect();
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_keep_trailing_newline(true);
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    let text = environment.render_str(
        TEMPLATE,
        context! {
            glance => page.glance,
            dns => page.glance.dns(),
            certificates => page.glance.certificates(),
            more_hosts => page.glance.all.saturating_sub(page.glance.hosts.len()),
            uploads => page.uploads,
            proxy => page.proxy.as_deref(),
            is_issued => page.is_issued,
            forwards => page.forwards,
            own,
            tenants,
            more_models => page.glance.model_count.saturating_sub(page.glance.models.len()),
            waves => page.waves,
            places => page.places,
            more => page.applications > page.waves.len(),
            flows => page.flows,
            secrets => page.secrets,
            offered,
            has_runbooks => page.has_runbooks,
            pods,
            evicted => context! {
                beyond,
                within,
                threshold => node::EVICTION_THRESHOLD.in_mib().to_string(),
                again => node::EVICTION_TRANSITION_SECONDS,
                critical => critical(budget),
                has_tenants => budget.rows.iter().any(|it| it.source == Origin::Tenant),
            },
            // What the nodes have. No sum of what is asked of them: each change of the spec moves
            // it.
            total => context! {
                allocatable => budget.allocatable.in_mib().to_string(),
                usable => budget.usable.in_mib().to_string(),
                is_crowded => budget.limits_percent() > 100,
                allocatable_cpu => budget.allocatable_cpu.to_string(),
                allocatable_gpus => budget.allocatable_gpus,
                mem_total => budget.mem_total.in_mib().to_string(),
            },
            groups,
            k3s => page.k3s,
            is_single => budget.nodes.is_single(),
            several => budget.nodes.are_several(),
            wireguard_port => WIREGUARD_PORT,
            audit_log => node::AUDIT_LOG_PATH,
            outside => page.outside,
        },
    );
    let text = text.expect("the template is embedded, and every test renders it");
    out.extend_from_slice(text.as_bytes());
}

/// The pods that k3s brings and the kubelet never evicts, as one reads a list.
fn critical(budget: &Report) -> &'static str {
    if budget.rows.iter().any(|it| it.source == Origin::Described) {
        "coredns and metrics-server"
    } else {
        "coredns, metrics-server and Traefik"
    }
}

/// `out/.espalier.json`: which version wrote the tree. No figure of the platform: two changes of
/// the spec that are merged would both touch it.
pub fn imprint(out: &mut Vec<u8>) {
    #[derive(Serialize)]
    struct Imprint {
        generated: &'static str,
        version: &'static str,
    }
    let imprint = Imprint {
        generated: "Generated by espalier from spec/",
        version: env!("CARGO_PKG_VERSION"),
    };
    serde_json::to_writer_pretty(&mut *out, &imprint)
        .expect("two texts are JSON, and memory takes all");
    out.push(b'\n');
}
