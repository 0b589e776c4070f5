//! Makes the platform at a glance: hosts, models, versions.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    Plan,
    glance::{DNS_RECORDS, Glance, HostRow, ModelRow, NO_ISSUER, VersionRow},
    summary::Summary,
};
use crate::{
    components::ollama::Ollama,
    facts::versions::{self, K3S, OLLAMA, OPEN_WEBUI, Pin, WORKSPACE_OPERATOR},
    names::Host,
};

/// What a person asks first; of the workspaces' hosts and models the first so many.
pub fn glance(plan: &Plan, summaries: &[Summary], most: usize) -> Glance {
    let spec = &plan.assembly.platform.spec;
    let domain = spec.domains.workspaces.as_ref().unwrap_or(&spec.domains.chat);
    let ollama = &spec.components.ollama;
    let mut models = if ollama.enabled { models(ollama, None) } else { Vec::new() };
    let (own, mut model_count) = (models.len(), models.len());
    for summary in summaries {
        let Some(name) = &summary.name else { continue };
        let served = summary.models.to_vec();
        let its = self::models(&Ollama { models: served, ..Ollama::default() }, Some(name));
        model_count += its.len();
        let room = most.max(own) - models.len();
        models.extend(its.into_iter().take(room));
    }
    Glance {
        name: plan.name().into(),
        hosts: hosts(plan, summaries).take(most).collect(),
        all: hosts(plan, summaries).count(),
        wildcard: summaries
            .iter()
            .any(|it| !it.has_own_hosts && !it.is_plain && !it.hosts.is_empty())
            .then(|| format!("*.{domain}")),
        issuer: spec.certificates.issuer.clone(),
        asks_by_http: spec.certificates.asks_by_http(),
        is_single: spec.all_nodes().is_single(),
        models,
        model_count,
        model_replicas: if ollama.enabled { ollama.replicas } else { 0 },
        versions: versions(plan, summaries),
    }
}

/// What an Ollama serves. One that is listed twice, in another spelling perhaps, is one.
fn models(ollama: &Ollama, workspace: Option<&Arc<str>>) -> Vec<ModelRow> {
    let mut told = BTreeSet::new();
    let rows = ollama.models.iter().filter(|it| told.insert(it.as_str())).map(|model| ModelRow {
        name: model.to_string(),
        context: ollama
            .figures(model)
            .map_or(ollama.context, |it| it.train_context.min(ollama.context)),
        workspace: workspace.cloned(),
    });
    rows.collect()
}

/// Every public host: the platform's own, then the workspaces' in the order of their files' names.
pub fn hosts<'a>(plan: &'a Plan, summaries: &'a [Summary]) -> impl Iterator<Item = HostRow> + 'a {
    let issuer = plan.assembly.platform.spec.certificates.issuer.name();
    let row = move |host: Arc<str>, application: Arc<str>, is_plain: bool| HostRow {
        host,
        application,
        dns_records: if is_plain { &[] } else { &DNS_RECORDS },
        issuer: if is_plain { NO_ISSUER } else { issuer },
    };
    let own = plan.hosts().map(|(host, application)| (host.shared(), application.clone(), false));
    let tenants = summaries.iter().flat_map(|summary| {
        let application = summary.name.as_ref().map(|it| plan.application_with(it));
        let its = move |host: &Host| Some((host.shared(), application.clone()?, summary.is_plain));
        summary.hosts.iter().filter_map(its)
    });
    own.chain(tenants).map(move |(host, application, is_plain)| row(host, application, is_plain))
}

/// The cluster and what runs in it, by name.
fn versions(plan: &Plan, summaries: &[Summary]) -> Vec<VersionRow> {
    let pins = &plan.assembly.platform.versions;
    let tenants: &[Pin] =
        if summaries.iter().any(|it| it.name.is_some()) { &[OLLAMA, OPEN_WEBUI] } else { &[] };
    let sections = plan.platform().spec.components.sections();
    let built = sections
        .iter()
        .filter(|section| plan.components().iter().any(|it| *it.name == *section.application()))
        .flat_map(|it| it.versions());
    let operator = plan.has_operator().then_some(WORKSPACE_OPERATOR);
    let built = built.chain(operator);
    let all: BTreeSet<&str> =
        [K3S].into_iter().chain(built).chain(tenants.iter().copied()).map(|it| it.name).collect();
    versions::ALL
        .iter()
        .filter(|it| all.contains(it.name))
        .map(|it| VersionRow { name: it.name, version: pins.of(*it).into() })
        .collect()
}
