//! What the bootstrap script has to know, read off the house.

use crate::{
    builder::scope::BuiltComponent,
    compile::plan::Plan,
    components::{argocd::Admin, floor_plan::APP_SECRETS},
    emit::{
        bootstrap::{self, ChartStep, Checksum, Script},
        files::Files,
    },
    facts::{
        bootstrap::{BEFORE_ARGOCD, DOWNLOADS, HOOK_JOBS},
        charts::Kind,
        node::DISK,
        open_webui,
        versions::{HELM, K3S},
    },
    platform::{
        certificates::Issuer,
        node::{Node, Role},
        node_group::Nodes,
    },
    units::Bytes,
};

/// Writes everything in `bootstrap/` that is no object of the cluster: the script, k3s'
/// configuration, the values of the first charts. `projects` are the files of the projects,
/// `revision` is what the Applications follow.
pub fn write(plan: &Plan, projects: Vec<String>, revision: &str, files: &mut Files) {
    let platform = &plan.assembly.platform;
    let spec = &platform.spec;
    let built = |name: &str| plan.assembly.components.iter().find(|it| &*it.name == name);
    let first: Vec<&BuiltComponent> = BEFORE_ARGOCD
        .iter()
        .filter_map(|name| built(name).filter(|it| it.chart.is_some()))
        .collect();
    for it in &first {
        if let Some(chart) = &it.chart {
            bootstrap::values(files, &it.name, &*chart.values);
        }
    }
    let nodes = spec.all_nodes();
    bootstrap::k3s(files, &nodes);

    let hosts: Vec<String> = plan
        .assembly
        .components
        .iter()
        .flat_map(|it| &it.certificates)
        .map(ToString::to_string)
        .collect();
    let served = |host: &str| {
        if hosts.iter().any(|it| it == host) { host.to_owned() } else { String::new() }
    };
    let chat = built("openwebui");
    let ollama = &spec.components.ollama;
    let chats = |it: &&_| ollama.figures(it).is_none_or(|it| !it.embedding_model);
    // The script runs on a server; nodes that join it bring their own figures.
    let server = nodes.groups().iter().find(|it| it.node.role == Role::Server).map(|it| &it.node);
    let memory = server.map_or_else(Bytes::default, Node::mem_total);
    let script = Script {
        name: platform.name.to_string(),
        repository: spec.repository.url.to_string(),
        branch: spec.repository.branch.to_string(),
        root_path: spec.repository.path("apps"),
        revision: revision.to_owned(),
        chat_host: served(&spec.domains.chat),
        chat_namespace: chat.map_or_else(String::new, |it| it.namespace.to_string()),
        chat_model: ollama
            .models
            .iter()
            .find(chats)
            .filter(|_| ollama.enabled)
            .map_or_else(String::new, ToString::to_string),
        chat_prompt_tokens: open_webui::most_read(spec.components.open_webui.tools),
        chat_replicas: if chat.is_some() { spec.components.open_webui.replicas } else { 0 },
        argocd_host: spec.domains.argocd.as_ref().map_or_else(String::new, |it| served(it)),
        argocd_admin: match spec.components.argocd.admin {
            Admin::Sealed if spec.components.argocd.enabled => "sealed",
            _ => "initial",
        },
        issuer: match spec.certificates.issuer {
            Issuer::Staging => "staging",
            Issuer::Production => "production",
        },
        memory: memory.to_string(),
        memory_kib: memory.get().div_ceil(1024),
        cpu: server.map_or(0, |it| it.cpu.get()),
        disk_mib: DISK.get() / Bytes::mib(1).get(),
        sealed_values: u8::from(built(APP_SECRETS).is_some_and(|it| !it.objects.is_empty())),
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
        hosts,
    };
    bootstrap::script(files, &script);
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
        .filter_map(|(it, count)| Some((it.name.as_deref()?, it.node.role.name(), count)));
    named.map(|(name, role, count)| format!("{count} of {name} ({role})")).collect()
}

fn step(built: &BuiltComponent) -> Option<ChartStep> {
    let chart = built.chart.as_ref()?;
    let pods = chart.pods.iter().filter(|it| it.replicas > 0 && it.kind != "Job");
    let workloads: Vec<String> =
        pods.map(|it| format!("{}/{}", it.kind.to_lowercase(), it.name)).collect();
    let crds: Vec<&str> = chart
        .kinds()
        .iter()
        .filter_map(|kind| match kind {
            // A glob names a group of definitions and none to wait for.
            Kind::Cluster(_, "CustomResourceDefinition", name) if !name.contains('*') => {
                Some(*name)
            }
            _ => None,
        })
        .collect();
    let jobs: Vec<&str> =
        HOOK_JOBS.iter().filter(|it| *it.0 == *built.name).map(|it| it.1).collect();
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
