//! `component-needed`, `replicas-need-redis`, `out-of-range`: switches and numbers of the components.

use super::{code, rules::SpecView};
use crate::diag::diagnostic::{Diagnostic, Diagnostics};

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
                .help(format!("switch `{needed}` on, or `{by}` off (`{by}: {{enabled: false}}`)")),
            );
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

/// Numbers that are written but make no sense.
pub fn ranges(view: &SpecView<'_>, found: &mut Diagnostics) {
    let it = &view.platform.spec.components;
    let node = &view.platform.spec.node;
    let ollama = &it.ollama;
    let pool = &it.open_webui.connection_pool;
    let numbers: [(&[&str], u64, u64, u64); 8] = [
        (&["components", "ollama", "replicas"], ollama.replicas.into(), 1, 100),
        (&["components", "ollama", "context"], ollama.context, 256, 1 << 20),
        (&["components", "ollama", "parallel"], ollama.parallel, 1, 64),
        (&["components", "ollama", "maxLoadedModels"], ollama.max_loaded_models.unwrap_or(1).into(), 1, 64),
        (&["components", "ollama", "contextCheckpoints"], ollama.context_checkpoints, 0, 32),
        (&["components", "openWebui", "replicas"], it.open_webui.replicas.into(), 1, 100),
        (&["components", "openWebui", "connectionPool", "size"], pool.size.into(), 1, 100),
        (&["components", "openWebui", "connectionPool", "overflow"], pool.overflow.into(), 0, 100),
    ];
    for (path, number, least, most) in numbers {
        if number < least || number > most {
            let name = path.last().copied().unwrap_or_default();
            let off = if number == 0 && name == "replicas" { "; to switch it off, write `enabled: false`" } else { "" };
            found.push(
                Diagnostic::error(
                    code::OUT_OF_RANGE,
                    view.value(path),
                    format!("`{name}` is {number}, and must be from {least} to {most}"),
                )
                .help(format!("write a number from {least} to {most}{off}")),
            );
        }
    }
    if !(node.overcommit.is_finite() && (1.0..=100.0).contains(&node.overcommit)) {
        found.push(
            Diagnostic::error(code::OUT_OF_RANGE, view.value(&["node", "overcommit"]), "`overcommit` must be from 1.0 to 100.0")
                .help("2.0 is a good value; with 1.0 no pod can die of another pod's appetite"),
        );
    }
    for (name, bytes) in [("postgresql", it.postgresql.storage), ("openWebui", it.open_webui.storage)] {
        if bytes.get() < 1 << 30 {
            found.push(
                Diagnostic::error(
                    code::STORAGE_TOO_SMALL,
                    view.component(&[name, "storage"]),
                    format!("the volume of `{name}` is {bytes}, and cannot do its work below 1Gi"),
                )
                .help("write `storage: 1Gi` or more"),
            );
        }
    }
}
