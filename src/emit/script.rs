//! What the bootstrap script has to know of a plan.

use std::collections::BTreeSet;

use super::{
    authentication::Issued,
    bootstrap::{self, ChartStep, Checksum, Script},
    files::Files,
};
use crate::{
    budget::disk::DiskUse,
    builder::{component::BuiltComponent, script::ScriptFact},
    facts::{
        bootstrap::{DOWNLOADS, PROMPT_TOKENS},
        charts::ObjectKind,
        kubernetes::{API_SERVER_PORT, HTTP_PORT, HTTPS_PORT, NOT_OUTSIDE},
        versions::{HELM, K3S},
    },
    names::SpecFile,
    plan::Plan,
    platform::{
        files::SPEC,
        node::{Node, Role},
        node_group::Nodes,
    },
    units::Bytes,
};

/// Writes everything in `bootstrap/` that is no object of the cluster: the script, k3s'
/// configuration, the values of the first charts. `projects` are the files of the projects,
/// `revision` is what the Applications follow,
/// `disk` what a new node will hold without workspaces: each of them is a commit of its own,
/// and no two commits may change the same line.
pub(super) fn write(
    plan: &Plan,
    disk: &DiskUse,
    projects: Vec<String>,
    revision: &str,
    files: &mut Files,
) {
    let platform = plan.platform();
    let spec = &platform.spec;
    let told =
        |fact: ScriptFact| plan.components().iter().filter(move |it| it.script.contains(&fact));
    let first: Vec<&BuiltComponent> =
        told(ScriptFact::BeforeArgoCd).chain(told(ScriptFact::ArgoCd)).collect();
    for component in &first {
        if let Some(chart) = &component.chart {
            bootstrap::values(files, &component.name, &*chart.values);
        }
    }
    let nodes = spec.all_nodes();
    // Two controllers would both want the ports 80 and 443.
    let (disable, ports): (&[&str], &[u16]) = if spec.ingress.is_some() {
        (&["traefik"], &[API_SERVER_PORT])
    } else {
        (&[], &[HTTP_PORT, HTTPS_PORT, API_SERVER_PORT])
    };
    let exempt: Vec<&str> = spec.ingress.iter().map(|it| it.namespace.as_str()).collect();
    let issued = spec.workspaces.oidc();
    let issued = issued.map(|oidc| Issued { oidc, authorities: platform.trust.oidc.as_ref() });
    bootstrap::k3s(files, &nodes, disable, &exempt, issued.as_ref());
    let proxy = plan.proxy();
    bootstrap::proxy(files, proxy);

    let facts = Facts::of(plan);
    let (repository, trust) = (&spec.repository, &platform.trust);
    // The script runs on a server; nodes that join it bring their own figures.
    let server = nodes.groups().iter().find(|it| it.node.role == Role::Server).map(|it| &it.node);
    let memory = server.map_or_else(Bytes::default, Node::mem_total);
    let script = Script {
        name: platform.name.to_string(),
        repository: spec.repository.url.to_string(),
        branch: spec.repository.branch.to_string(),
        root_path: spec.repository.path("apps"),
        revision: revision.to_owned(),
        host_keys: named(repository.host_keys.as_ref().filter(|_| trust.host_keys.is_some())),
        repository_ca: named(repository.ca.as_ref().filter(|_| trust.repository.is_some())),
        outside: outside(plan),
        proxy_url: proxy.map_or_else(String::new, |it| it.url.to_string()),
        proxy_bypassed: proxy.map_or_else(String::new, |it| it.bypassed.text()),
        private_ranges: &NOT_OUTSIDE,
        ingress_class: plan.ingress_class().to_string(),
        ingress_packaged: spec.ingress.is_none().into(),
        chat_host: facts.chat_host,
        chat_namespace: facts.chat_namespace,
        chat_model: facts.chat_model,
        chat_prompt_tokens: facts.chat_prompt_tokens,
        chat_replicas: facts.chat_replicas,
        argocd_host: facts.argocd_host,
        argocd_admin: if facts.is_administrator_sealed { "sealed" } else { "initial" },
        issuer: spec.certificates.issuer.key(),
        asked_by_http: spec.certificates.asks_by_http().into(),
        memory: memory.to_string(),
        memory_kib: memory.get().div_ceil(1024),
        cpu: server.map_or(0, |it| it.cpu.get()),
        // Of one node, where there are several.
        disk_mib: disk.on_top().get().div_ceil(u64::from(nodes.count().max(1)) << 20),
        ports,
        sealed_values: plan.has_sealed_copies().into(),
        k3s: platform.versions.of(K3S).to_string(),
        helm: platform.versions.of(HELM).to_string(),
        checksums: DOWNLOADS
            .iter()
            .filter_map(|download| {
                Some(Checksum {
                    name: download.name,
                    sha256: platform.versions.checksum(download)?.to_owned(),
                })
            })
            .collect(),
        charts: first.iter().filter_map(|it| step(it)).collect(),
        projects,
        joining: joining(&nodes),
        hosts: plan.hosts().map(|(host, _)| host.to_string()).collect(),
    };
    bootstrap::script(files, &script);
}

/// What components tell the script; where nobody does, there is none of it.
struct Facts {
    chat_host: String,
    chat_namespace: String,
    chat_model: String,
    chat_prompt_tokens: u64,
    chat_replicas: u32,
    argocd_host: String,
    is_administrator_sealed: bool,
}

impl Facts {
    fn of(plan: &Plan) -> Self {
        let mut facts = Self {
            chat_host: String::new(),
            chat_namespace: String::new(),
            chat_model: String::new(),
            chat_prompt_tokens: PROMPT_TOKENS,
            chat_replicas: 0,
            argocd_host: String::new(),
            is_administrator_sealed: false,
        };
        for fact in plan.components().iter().flat_map(|it| &it.script) {
            match fact {
                ScriptFact::Chat { host, namespace, replicas, prompt_tokens } => {
                    facts.chat_host = host.to_string();
                    facts.chat_namespace = namespace.to_string();
                    facts.chat_replicas = *replicas;
                    facts.chat_prompt_tokens = *prompt_tokens;
                }
                ScriptFact::ChatModel(model) => facts.chat_model = model.to_string(),
                ScriptFact::SealedAdministrator => facts.is_administrator_sealed = true,
                ScriptFact::ArgoCdHost(host) => facts.argocd_host = host.to_string(),
                ScriptFact::BeforeArgoCd | ScriptFact::ArgoCd => {}
            }
        }
        facts
    }
}

/// A file that the spec names, by its path in the platform's folder.
fn named(file: Option<&SpecFile>) -> String {
    file.map_or_else(String::new, |it| format!("{SPEC}{it}"))
}

/// Servers outside the cluster, once for each host: what pods call is what preflight looks up.
fn outside(plan: &Plan) -> Vec<String> {
    let servers = plan.components().iter().flat_map(|it| &it.outside);
    let lines: BTreeSet<String> = servers
        .map(|server| {
            let network = server.network().map_or_else(|| "-".to_owned(), |it| it.to_string());
            let role = server.role();
            format!("{} {network} {} {}", server.host(), role.cidr.join("."), role.caller)
        })
        .collect();
    lines.into_iter().collect()
}

/// The nodes that join the one on which the script runs, group by group.
fn joining(nodes: &Nodes) -> Vec<String> {
    let first = nodes.groups().iter().position(|it| it.node.role == Role::Server);
    let left = nodes
        .groups()
        .iter()
        .enumerate()
        .map(|(at, group)| (group, group.count - u32::from(Some(at) == first)));
    let named = left
        .filter(|it| it.1 > 0)
        .filter_map(|(group, count)| Some((group.name.as_deref()?, group.node.role.name(), count)));
    named.map(|(name, role, count)| format!("{count} of {name} ({role})")).collect()
}

fn step(built: &BuiltComponent) -> Option<ChartStep> {
    let chart = built.chart.as_ref()?;
    let pods = chart.pods.iter().filter(|it| it.count() > 0 && it.kind() != "Job");
    let workloads: Vec<String> =
        pods.map(|it| format!("{}/{}", it.kind().to_lowercase(), it.name())).collect();
    let crds: Vec<&str> = chart
        .kinds()
        .iter()
        .filter_map(|kind| match kind {
            // A glob names a group of definitions and none to wait for.
            ObjectKind::Cluster(_, "CustomResourceDefinition", name) if !name.contains('*') => {
                Some(*name)
            }
            _ => None,
        })
        .collect();
    // A chart's Jobs are hooks. A Job cannot be changed, so the script deletes it before it applies
    // it.
    let jobs: Vec<&str> =
        chart.pods.iter().filter(|it| it.kind() == "Job").map(|it| &**it.name()).collect();
    Some(ChartStep {
        application: built.name.to_string(),
        name: chart.facts.name,
        repository: chart.facts.repository,
        version: chart.version.to_string(),
        namespace: built.namespace.to_string(),
        workloads: workloads.join(" "),
        crds: crds.join(" "),
        jobs: jobs.join(" "),
    })
}
