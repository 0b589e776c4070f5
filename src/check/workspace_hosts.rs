//! `workspace-host-too-long`, `workspace-host-not-allowed`, and `host-taken` of workspaces: where
//! they answer.

use std::collections::BTreeMap;

use super::{
    hosts::{HOST_TAKEN, beside},
    rule::rules,
    view::{TenantView, WholeView, field},
};
use crate::{
    diag::diagnostic::{Diagnostics, Place},
    facts::domains::LOCAL,
    names::Host,
    plan::summary::Summary,
};

rules! {
    /// A workspace's public host is longer than a host name may be.
    error WORKSPACE_HOST = "workspace-host-too-long":
    Tenant(served);

    /// A host of a workspace's own is below no domain of the platform's.
    error WORKSPACE_HOST_NOT_ALLOWED = "workspace-host-not-allowed":
    Tenant(allowed), Whole(taken);
}

/// What comes behind a workspace's name where the AIChat Workspace Operator serves its Ollama.
const API: &str = "-api";

/// The host that follows from a workspace's name.
pub fn served(view: &TenantView<'_>, found: &mut Diagnostics) {
    let TenantView { workspace, plan, file } = *view;
    let domains = &plan.platform().spec.domains;
    let (key, domain) =
        domains.workspaces.as_ref().map_or(("chat", &domains.chat), |it| ("workspaces", it));
    if plan.hosts_of(workspace).is_none() {
        let path = field(&["workspaceName"]);
        let name = &workspace.spec.workspace_name;
        let message = format!(
            "the workspace would answer at `{name}.{domain}`, and a host name has at most 253 \
             characters"
        );
        found.push(WORKSPACE_HOST.at(Place::Value { file: file.clone(), path }, message).help(
            format!("give workspaces a shorter domain than `domains.{key}`: `workspaces: …`"),
        ));
    }
}

/// Hosts of a workspace's own: below a domain that the platform names for them, or anybody would
/// take anybody's name.
pub fn allowed(view: &TenantView<'_>, found: &mut Diagnostics) {
    let domains = &view.plan.platform().spec.workspaces.hosts;
    let is_allowed = |host: &Host| {
        let below = |domain: &Host| host.strip_suffix(&**domain);
        domains.iter().filter_map(below).any(|it| it.ends_with('.'))
    };
    for (index, host) in view.workspace.spec.hosts.iter().enumerate() {
        if is_allowed(host) {
            continue;
        }
        let path = field(&["hosts"]).index(index);
        let place = Place::Value { file: view.file.clone(), path };
        let message = format!("`{host}` is below no domain that workspaces may have hosts of");
        let above = host.split_once('.').map_or(&**host, |it| it.1);
        let below = match &domains[..] {
            [] => "no such domain is named".to_owned(),
            some => {
                let some: Vec<String> = some.iter().map(|it| format!("`{it}`")).collect();
                format!("those that are named: {}", some.join(", "))
            }
        };
        found.push(
            WORKSPACE_HOST_NOT_ALLOWED
                .at(place, message)
                .help(format!(
                    "whoever owns the platform allows it with `workspaces: {{hosts: [{above}]}}` \
                     below `spec` in {}; without `hosts` the workspace answers at the host of its \
                     name",
                    view.plan.file()
                ))
                .note(below),
        );
    }
}

/// Where a host of a tenant is written, or what it follows from.
fn place(tenant: &Summary, host: &Host) -> Place {
    let index = tenant.hosts.iter().position(|it| it == host).unwrap_or_default();
    let path = if tenant.has_own_hosts {
        field(&["hosts"]).index(index)
    } else {
        field(&["workspaceName"])
    };
    Place::Value { file: tenant.file.clone(), path }
}

/// Hosts against the platform's own, against those of other workspaces, and against what is kept
/// for other workspaces' APIs.
pub fn taken(view: &WholeView<'_>, found: &mut Diagnostics) {
    let own: BTreeMap<&Host, &str> =
        view.spec.platform.spec.domains.own().map(|(key, host)| (host, key)).collect();
    let mut by_host: BTreeMap<&Host, &Summary> = BTreeMap::new();
    let mut by_name: BTreeMap<&str, &Summary> = BTreeMap::new();
    for tenant in view.tenants {
        let Some(name) = &tenant.name else { continue };
        // Of two workspaces of one name, that is what is said.
        if by_name.contains_key(&**name) {
            continue;
        }
        by_name.insert(name, tenant);
        for host in &tenant.hosts {
            if let Some(key) = own.get(host) {
                of_platform(view, tenant, host, key, found);
            } else if let Some(first) = by_host.get(host) {
                let message = format!("`{host}` is already the host of another workspace");
                found.push(
                    HOST_TAKEN
                        .at(place(tenant, host), message)
                        .related(place(first, host), "first used here")
                        .help("give one of the two another host, or another name"),
                );
            } else {
                by_host.insert(host, tenant);
            }
        }
    }
    let domains = &view.spec.platform.spec.domains;
    let domain: &str = domains.workspaces.as_ref().unwrap_or(&domains.chat);
    for (host, tenant) in by_host {
        let Some((label, below)) = host.split_once('.') else { continue };
        let Some(of) = label.strip_suffix(API).and_then(|it| by_name.get(it)) else { continue };
        // The name of a workspace is kept below the domain that the workspace belongs to.
        let its = if of.is_dev { LOCAL } else { domain };
        if below != its {
            continue;
        }
        let name = of.name.as_deref().unwrap_or_default();
        let related = Place::Value { file: of.file.clone(), path: field(&["workspaceName"]) };
        let message = format!(
            "`{host}` is kept for the API of the workspace `{name}`, and would answer here"
        );
        found.push(
            HOST_TAKEN
                .at(place(tenant, host), message)
                .related(related, "its name, and `-api` behind it")
                .help("give one of the two another host, or another name"),
        );
    }
}

fn of_platform(
    view: &WholeView<'_>,
    tenant: &Summary,
    host: &Host,
    key: &str,
    found: &mut Diagnostics,
) {
    let message = format!("the workspace would answer at `{host}`, which is the host of `{key}`");
    let finding = HOST_TAKEN
        .at(place(tenant, host), message)
        .related(view.spec.value(&["domains", key]), "the platform's");
    found.push(if tenant.has_own_hosts {
        finding.help("write another host")
    } else {
        finding.help(format!(
            "rename the workspace, or give all workspaces another domain: `workspaces: {}`",
            beside(host, "ws")
        ))
    });
}
