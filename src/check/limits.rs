//! `limit-below-request`, `limit-below-tested`: a container's limit is at least its request, and at
//! least what the tested version needs.

use super::{code, view::SpecView};
use crate::{
    components::section::PodResources,
    diag::diagnostic::{Diagnostic, Diagnostics},
    facts::requests::Allotment,
    units::Bytes,
};

/// Every `resources` of the spec. Ollama's memory is computed, and has a rule of its own.
pub fn limits(view: &SpecView<'_>, found: &mut Diagnostics) {
    let sections = view.platform.spec.components.sections();
    let all = sections
        .iter()
        .flat_map(|section| section.resources().into_iter().map(move |pod| (section.key(), pod)));
    for (key, PodResources { path, resources, tested }) in all {
        let path = [&[key], path].concat();
        let memory = |key| view.component(&[&path[..], &["memory", key]].concat());
        let Some(limit) = resources.memory.limit else { continue };
        if limit == Bytes::default() {
            found.push(
                Diagnostic::error(
                    code::OUT_OF_RANGE,
                    memory("limit"),
                    "a limit of 0 is no limit at all",
                )
                .help("leave it out, or write how much the container may use"),
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
                .related(memory("request"), "the request")
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
    let message = format!("the limit is {limit}, but the tested version needs {}", tested.request);
    Diagnostic::warning(code::LIMIT_BELOW_TESTED, place, message)
        .help(format!("write `limit: {}`, or leave it out", tested.limit))
        .note("a container that reaches its limit is killed and restarted, again and again")
}
