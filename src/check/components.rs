//! `component-needed`, `exporter-needs-own-database`, `replicas-need-redis`,
//! `uploads-need-shared-storage`: switches of the components.

use std::sync::Arc;

use super::{
    rule::rules,
    view::{SpecView, WholeView},
};
use crate::{
    components::{argocd::Admin, cert_manager::issuer, section::Need},
    diag::{
        diagnostic::{Diagnostic, Diagnostics, Place},
        path::FieldPath,
    },
};

rules! {
    /// A component is disabled that another needs.
    error COMPONENT_NEEDED = "component-needed",
    /// The statistics of a database that is somebody else's.
    error EXPORTER_NEEDS_OWN_DATABASE = "exporter-needs-own-database",
    /// Several replicas of Open WebUI without Redis.
    error REPLICAS_NEED_REDIS = "replicas-need-redis",
    /// Replicas of Open WebUI on several nodes have no shared volume.
    error UPLOADS_NEED_SHARED_STORAGE = "uploads-need-shared-storage":
    Spec(needed), Whole(needed_by_tenants);
}

/// A component may only be off when nothing that is on needs it.
pub fn needed(view: &SpecView<'_>, found: &mut Diagnostics) {
    let components = &view.platform.spec.components;
    let sections = components.sections();
    for section in sections.iter().filter(|it| it.is_enabled()) {
        let by = section.key();
        for Need { key: needed, why } in section.needs() {
            if components.is_enabled(needed) {
                continue;
            }
            found.push(
                COMPONENT_NEEDED.at(
                    view.component(&[needed, "enabled"]),
                    format!("`{by}` needs `{needed}`, which is disabled: {why}"),
                )
                .related(view.component(&[by]), "needs it")
                .help(format!(
                    "write `enabled: true`, or disable what needs it: `{by}: {{enabled: false}}`"
                )),
            );
        }
    }
    needed_by_argocd(view, found);
    needed_by_hosts(view, found);
    needed_by_issuer(view, found);
    exporter_of_another(view, found);
    several_open_webui(view, found);
}

/// The exporter signs in as a role that may read statistics alone. At a server outside the cluster
/// the platform makes no role, and the one that it knows there owns the chats.
fn exporter_of_another(view: &SpecView<'_>, found: &mut Diagnostics) {
    let components = &view.platform.spec.components;
    if !components.postgres_exporter.enabled || components.postgresql.external.is_none() {
        return;
    }
    found.push(
        EXPORTER_NEEDS_OWN_DATABASE
            .at(
                view.component(&["postgresExporter", "enabled"]),
                "the exporter signs in as a role of its own, which the platform makes in its own \
                 PostgreSQL only",
            )
            .related(
                view.component(&["postgresql", "external"]),
                "a server outside the cluster: its roles are somebody else's to make",
            )
            .help("write `enabled: false`: who runs the server watches it")
            .note(
                "the role that is known there owns all chats, and an exporter must not read them",
            ),
    );
}

/// Whether more than one Open WebUI runs.
fn runs_several(view: &SpecView<'_>) -> bool {
    let chat = &view.platform.spec.components.open_webui;
    chat.enabled && chat.replicas > 1
}

/// What a sealed administrator and a public host of Argo CD need.
fn needed_by_argocd(view: &SpecView<'_>, found: &mut Diagnostics) {
    let components = &view.platform.spec.components;
    let argocd = &components.argocd;
    if argocd.enabled && argocd.admin == Admin::Sealed && !components.sealed_secrets.enabled {
        found.push(
            COMPONENT_NEEDED.at(
                view.component(&["sealedSecrets", "enabled"]),
                "`argocd.admin: sealed` needs `sealedSecrets`, which is disabled: it unseals the \
                 password",
            )
            .related(view.component(&["argocd", "admin"]), "needs it")
            .help("write `enabled: true`, or `admin: initial`"),
        );
    }
}

/// What the public hosts need that may be absent: who answers there, and who certifies them.
/// Grafana and the API may be off: their hosts are reserved then (`host-not-served`).
fn needed_by_hosts(view: &SpecView<'_>, found: &mut Diagnostics) {
    let components = &view.platform.spec.components;
    let domains = &view.platform.spec.domains;
    let certifies = ("certManager", components.cert_manager.enabled);
    let certified = "it issues the certificate of the public host";
    let argocd = ("argocd", components.argocd.enabled);
    let has_grafana = domains.monitoring.is_some() && components.grafana.enabled;
    let has_api = domains.api.is_some() && view.platform.spec.workspaces.has_api();
    for (host, is_wanted, (needed, is_on), why) in [
        ("argocd", domains.argocd.is_some(), argocd, "it answers there"),
        ("argocd", domains.argocd.is_some(), certifies, certified),
        ("monitoring", has_grafana, certifies, certified),
        ("api", has_api, certifies, certified),
    ] {
        if is_wanted && !is_on {
            found.push(
                COMPONENT_NEEDED
                    .at(
                        view.component(&[needed, "enabled"]),
                        format!("`domains.{host}` needs `{needed}`, which is disabled: {why}"),
                    )
                    .related(view.value(&["domains", host]), "needs it")
                    .help(format!("write `enabled: true`, or remove `domains.{host}`")),
            );
        }
    }
}

/// What an issuer with sealed values needs.
fn needed_by_issuer(view: &SpecView<'_>, found: &mut Diagnostics) {
    let spec = &view.platform.spec;
    let components = &spec.components;
    if !components.cert_manager.enabled || components.sealed_secrets.enabled {
        return;
    }
    let Some(credential) = issuer::credential(&spec.certificates) else { return };
    found.push(
        COMPONENT_NEEDED
            .at(
                view.component(&["sealedSecrets", "enabled"]),
                format!(
                    "`certificates` needs `sealedSecrets`, which is disabled: it unseals `{}`",
                    credential.name
                ),
            )
            .related(view.value(&["certificates"]), "needs it")
            .help("write `enabled: true`, or have certificates issued in another way"),
    );
}

/// What several Open WebUI share: sessions, and uploaded files.
fn several_open_webui(view: &SpecView<'_>, found: &mut Diagnostics) {
    if !runs_several(view) {
        return;
    }
    let spec = &view.platform.spec;
    let replicas = || view.component(&["openWebui", "replicas"]);
    if !spec.components.redis.enabled {
        found.push(
            REPLICAS_NEED_REDIS.at(
                replicas(),
                "more than one replica of Open WebUI needs Redis, which is disabled",
            )
            .help("write `redis: {enabled: true}` under `components`")
            .help(
                "or write `replicas: 1`: Open WebUI waits for Ollama most of the time, so one pod \
                 serves many users",
            )
            .note("without Redis, replicas do not share WebSocket connections and sign-outs"),
        );
    }
    if spec.all_nodes().are_several() && spec.storage.shared.is_none() {
        found.push(
            UPLOADS_NEED_SHARED_STORAGE.at(
                replicas(),
                "replicas of Open WebUI on several nodes share uploaded files, but the spec names \
                 no storage class whose volumes all of them can mount",
            )
            .related(view.node(&[]), "several nodes")
            .help(
                "name a storage class of the cluster that has `ReadWriteMany` volumes, `storage: \
                 {shared: nfs}`, or write `replicas: 1`",
            )
            .note(
                "a volume on a node's disk would tie all pods to that node, and a network disk can \
                 be mounted by only one node at a time",
            ),
        );
    }
}

/// Every workspace has a public host.
pub fn needed_by_tenants(view: &WholeView<'_>, found: &mut Diagnostics) {
    if let Some(first) =
        view.tenants.first().filter(|_| !view.spec.platform.spec.components.cert_manager.enabled)
    {
        found.push(without_issuer(&view.spec, &first.file, "the first of them"));
    }
}

/// A workspace that cannot be built, because nothing issues its certificate.
pub fn without_issuer(spec: &SpecView<'_>, workspace: &Arc<str>, which: &str) -> Diagnostic {
    let path = FieldPath::root().key("spec").key("workspaceName");
    let place = Place::Value { file: workspace.clone(), path };
    COMPONENT_NEEDED
        .at(
            spec.component(&["certManager", "enabled"]),
            "workspaces need `certManager`, which is disabled: it issues the certificates of \
             their public hosts",
        )
        .related(place, which)
        .help("write `enabled: true`")
}
