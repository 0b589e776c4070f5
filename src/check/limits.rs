//! `limit-below-request`: a container cannot be promised more than where it is stopped.

use super::{code, rules::SpecView};
use crate::{
    diag::diagnostic::{Diagnostic, Diagnostics},
    platform::resources::Resources,
};

/// Every `resources` of the spec.
pub fn limits(view: &SpecView<'_>, found: &mut Diagnostics) {
    let it = &view.platform.spec.components;
    let cert_manager = &it.cert_manager.resources;
    let all: [(&[&str], &Resources); 8] = [
        (&["traefik", "resources"], &it.traefik.resources),
        (&["certManager", "resources", "controller"], &cert_manager.controller),
        (&["certManager", "resources", "webhook"], &cert_manager.webhook),
        (&["certManager", "resources", "cainjector"], &cert_manager.cainjector),
        (&["sealedSecrets", "resources"], &it.sealed_secrets.resources),
        (&["postgresql", "resources"], &it.postgresql.resources),
        (&["ollama", "resources"], &it.ollama.resources),
        (&["openWebui", "resources"], &it.open_webui.resources),
    ];
    for (path, resources) in all {
        if let (Some(request), Some(limit)) = (resources.memory.request, resources.memory.limit)
            && limit < request
        {
            let memory = |key| view.component(&[path, &["memory", key]].concat());
            found.push(
                Diagnostic::error(
                    code::LIMIT_BELOW_REQUEST,
                    memory("limit"),
                    format!("the limit is {limit}, below the request of {request}"),
                )
                .related(memory("request"), "promised here")
                .help(format!("write `limit: {request}` or more, or lower the request")),
            );
        }
    }
}
