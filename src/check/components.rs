//! `component-needed`, `replicas-need-redis`: switches of the components.

use super::{
    code,
    rules::{SpecView, WholeView},
};
use crate::diag::{
    diagnostic::{Diagnostic, Diagnostics, Place},
    path::FieldPath,
};

/// A component may only be off when nothing that is on needs it.
pub fn needed(view: &SpecView<'_>, found: &mut Diagnostics) {
    let it = &view.platform.spec.components;
    let edges = [
        ("ollama", it.ollama.enabled, "openWebui", it.open_webui.enabled, "it is where the models are"),
        ("certManager", it.cert_manager.enabled, "openWebui", it.open_webui.enabled, "it certifies the public host"),
        ("sealedSecrets", it.sealed_secrets.enabled, "openWebui", it.open_webui.enabled, "it opens the credentials"),
        ("sealedSecrets", it.sealed_secrets.enabled, "postgresql", it.postgresql.enabled, "it opens the password"),
    ];
    for (needed, is_on, by, wants, why) in edges {
        if wants && !is_on {
            found.push(
                Diagnostic::error(
                    code::COMPONENT_NEEDED,
                    view.component(&[needed, "enabled"]),
                    format!("`{by}` needs `{needed}`, which is off: {why}"),
                )
                .related(view.component(&[by]), "needs it")
                .help(format!("write `enabled: true`, or switch the other off, `{by}: {{enabled: false}}`")),
            );
        }
    }
    if view.platform.spec.domains.argocd.is_some() {
        for (needed, is_on, why) in [
            ("argocd", it.argocd.enabled, "it is what answers there"),
            ("certManager", it.cert_manager.enabled, "it certifies the public host"),
        ] {
            if !is_on {
                found.push(
                    Diagnostic::error(
                        code::COMPONENT_NEEDED,
                        view.component(&[needed, "enabled"]),
                        format!("`domains.argocd` needs `{needed}`, which is off: {why}"),
                    )
                    .related(view.value(&["domains", "argocd"]), "needs it")
                    .help("write `enabled: true`, or take `domains.argocd` out"),
                );
            }
        }
    }
    if it.open_webui.enabled && it.open_webui.replicas > 1 {
        found.push(
            Diagnostic::error(
                code::REPLICAS_NEED_REDIS,
                view.component(&["openWebui", "replicas"]),
                "more than one Open WebUI needs Redis, which is not a component yet",
            )
            .help("write `replicas: 1`: it waits for Ollama most of the time, so one pod serves many users")
            .note("without Redis, replicas do not share websockets and sign-outs, and two that start on an empty database break its migration"),
        );
    }
}

/// Every workspace has a public host.
pub fn needed_by_tenants(view: &WholeView<'_>, found: &mut Diagnostics) {
    if let Some(first) = view.tenants.first().filter(|_| !view.spec.platform.spec.components.cert_manager.enabled) {
        let place = Place::Value { file: first.file.clone(), path: FieldPath::root().key("spec").key("workspaceName") };
        found.push(
            Diagnostic::error(
                code::COMPONENT_NEEDED,
                view.spec.component(&["certManager", "enabled"]),
                "workspaces need `certManager`, which is off: it certifies their public hosts",
            )
            .related(place, "the first of them")
            .help("write `enabled: true`"),
        );
    }
}
