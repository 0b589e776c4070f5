//! `limit-below-request`, `limit-below-tested`: a container cannot be promised more than where it
//! is stopped, nor work with less than it takes.

use super::{code, view::SpecView};
use crate::{
    diag::diagnostic::{Diagnostic, Diagnostics},
    facts::requests::{self, Allotment},
    platform::resources::Resources,
    units::Bytes,
};

/// Every `resources` of the spec. Ollama's memory is computed, and has a rule of its own.
pub fn limits(view: &SpecView<'_>, found: &mut Diagnostics) {
    let components = &view.platform.spec.components;
    let cert_manager = &components.cert_manager.resources;
    let argocd = &components.argocd.resources;
    let all: [(&[&str], &Resources, Option<Allotment>); 13] = [
        (
            &["argocd", "resources", "controller"],
            &argocd.controller,
            Some(requests::ARGO_CONTROLLER),
        ),
        (
            &["argocd", "resources", "repoServer"],
            &argocd.repo_server,
            Some(requests::ARGO_REPO_SERVER),
        ),
        (&["argocd", "resources", "server"], &argocd.server, Some(requests::ARGO_SERVER)),
        (&["argocd", "resources", "redis"], &argocd.redis, Some(requests::ARGO_REDIS)),
        (&["traefik", "resources"], &components.traefik.resources, Some(requests::TRAEFIK)),
        (
            &["certManager", "resources", "controller"],
            &cert_manager.controller,
            Some(requests::CERT_MANAGER_CONTROLLER),
        ),
        (
            &["certManager", "resources", "webhook"],
            &cert_manager.webhook,
            Some(requests::CERT_MANAGER_WEBHOOK),
        ),
        (
            &["certManager", "resources", "cainjector"],
            &cert_manager.cainjector,
            Some(requests::CERT_MANAGER_CAINJECTOR),
        ),
        (
            &["sealedSecrets", "resources"],
            &components.sealed_secrets.resources,
            Some(requests::SEALED_SECRETS),
        ),
        (
            &["postgresql", "resources"],
            &components.postgresql.resources,
            Some(requests::POSTGRESQL),
        ),
        (&["openWebui", "resources"], &components.open_webui.resources, Some(requests::OPEN_WEBUI)),
        (&["redis", "resources"], &components.redis.resources, Some(requests::REDIS)),
        (&["ollama", "resources"], &components.ollama.resources, None),
    ];
    let backup = components
        .backup
        .iter()
        .map(|it| (["backup", "resources"].as_slice(), &it.resources, Some(requests::BACKUP)));
    for (path, resources, tested) in all.into_iter().chain(backup) {
        let memory = |key| view.component(&[path, &["memory", key]].concat());
        let Some(limit) = resources.memory.limit else { continue };
        if limit == Bytes::default() {
            found.push(
                Diagnostic::error(
                    code::OUT_OF_RANGE,
                    memory("limit"),
                    "a limit of 0 is no limit at all",
                )
                .help("leave it out, or write what the container may use"),
            );
            continue;
        }
        if let Some(request) = resources.memory.request.filter(|it| limit < *it) {
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
        if let Some(tested) = tested.filter(|it| limit < it.request) {
            found.push(below_tested(limit, tested, memory("limit")));
        }
    }
}

fn below_tested(
    limit: Bytes,
    tested: Allotment,
    place: crate::diag::diagnostic::Place,
) -> Diagnostic {
    let message = format!("the limit is {limit}, and the tested version needs {}", tested.request);
    Diagnostic::warning(code::LIMIT_BELOW_TESTED, place, message)
        .help(format!("write `limit: {}`, or leave it out", tested.limit))
        .note("a container at its limit is killed and started again, and again")
}
