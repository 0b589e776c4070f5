//! `limit-below-request`, `limit-below-tested`: a container's limit is at least its request, and at
//! least what the tested version needs.

use super::{
    ranges::OUT_OF_RANGE,
    rule::rules,
    view::{SpecView, TenantView, field},
};
use crate::{
    components::{open_webui::OpenWebUi, section::PodResources},
    diag::diagnostic::{Diagnostic, Diagnostics, Place},
    facts::requests::{Allotment, WORKSPACE_API},
    platform::resources::Resources,
    units::Bytes,
};

rules! {
    /// A memory limit is below the request.
    error LIMIT_BELOW_REQUEST = "limit-below-request",
    /// A memory limit is below what the tested version needs.
    warning LIMIT_BELOW_TESTED = "limit-below-tested":
    Spec(limits), Tenant(of_tenant);
}

/// Every `resources` of the spec. Ollama's memory is computed, and has a rule of its own.
pub fn limits(view: &SpecView<'_>, found: &mut Diagnostics) {
    let sections = view.platform.spec.components.sections();
    let of_components = sections.iter().flat_map(|section| {
        let below = |pod| (vec!["components", section.key()], pod);
        section.resources().into_iter().map(below).collect::<Vec<_>>()
    });
    let of_ingress = view.platform.spec.ingress.iter().map(|ingress| {
        let resources = &ingress.resources;
        (vec!["ingress"], PodResources { path: &["resources"], resources, tested: None })
    });
    let api = &view.platform.spec.workspaces.api;
    let of_api = PodResources::of(&["resources"], &api.resources, WORKSPACE_API);
    let all = of_components.chain(of_ingress).chain([(vec!["workspaces", "api"], of_api)]);
    for (above, PodResources { path, resources, tested }) in all {
        let path = [&above[..], path].concat();
        let memory = |key| view.value(&[&path[..], &["memory", key]].concat());
        one(resources, tested, &memory, found);
    }
}

/// Those of a workspace.
pub fn of_tenant(view: &TenantView<'_>, found: &mut Diagnostics) {
    let resources = &view.workspace.spec.resources;
    let tested = OpenWebUi::default().documents.allotment();
    for (key, resources, tested) in
        [("ollama", &resources.ollama, None), ("openWebui", &resources.open_webui, Some(tested))]
    {
        let memory = |of: &'static str| Place::Value {
            file: view.file.clone(),
            path: field(&["resources", key, "memory", of]),
        };
        one(resources, tested, &memory, found);
    }
}

/// The resources of one container, with the places of its memory's `limit` and `request`.
fn one(
    resources: &Resources,
    tested: Option<Allotment>,
    memory: &dyn Fn(&'static str) -> Place,
    found: &mut Diagnostics,
) {
    let Some(limit) = resources.memory.limit else { return };
    if limit == Bytes::default() {
        found.push(
            OUT_OF_RANGE
                .at(memory("limit"), "a limit of 0 is no limit at all")
                .help("leave it out, or write how much the container may use"),
        );
        return;
    }
    if let Some(request) = resources.memory.request.filter(|it| limit < *it) {
        found.push(
            LIMIT_BELOW_REQUEST
                .at(
                    memory("limit"),
                    format!("the limit is {limit}, below the request of {request}"),
                )
                .related(memory("request"), "the request")
                .help(format!("write `limit: {request}` or more, or lower the request")),
        );
    }
    if let Some(tested) = tested.filter(|it| limit < it.request) {
        found.push(below_tested(limit, tested, memory("limit")));
    }
}

fn below_tested(limit: Bytes, tested: Allotment, place: Place) -> Diagnostic {
    let message = format!("the limit is {limit}, but the tested version needs {}", tested.request);
    LIMIT_BELOW_TESTED
        .at(place, message)
        .help(format!("write `limit: {}`, or leave it out", tested.limit))
        .note("a container that reaches its limit is killed and restarted, again and again")
}
