//! The API server's own refusals, as problems: never as they came.

use super::problem::{self, Problem};
use crate::cluster::workspaces::Rejection;

/// The path of a field as Kubernetes writes it, as a JSON Pointer: `spec.models[0]` is
/// `/spec/models/0`.
pub fn pointer(field: &str) -> Option<String> {
    let field = field.trim_start_matches('<').trim_end_matches('>');
    if field.is_empty() || field.contains(char::is_whitespace) {
        return None;
    }
    let steps = field.split(['.', '[', ']']).filter(|it| !it.is_empty());
    Some(steps.fold(String::new(), |all, step| {
        all + "/" + &step.trim_matches('"').replace('~', "~0").replace('/', "~1")
    }))
}

/// A refusal of something about one resource.
pub fn rejection(rejection: &Rejection) -> Problem {
    let said = &rejection.message;
    let busy = |kind: problem::Kind, seconds: u64| {
        let seconds =
            if rejection.retry_after > 0 { rejection.retry_after.into() } else { seconds };
        kind.says(format!("the API server: {said}")).retry_after(seconds)
    };
    match rejection.code {
        400 => problem::MALFORMED.says(said),
        403 => problem::CLUSTER_REFUSED.says(said),
        404 => problem::NO_WORKSPACE.says("it is gone, or there was none of this name"),
        409 if rejection.reason == "AlreadyExists" => {
            problem::EXISTS.says("replace it with PUT, or choose another name")
        }
        409 => problem::CHANGED.says("somebody else has changed it; read it, and try again"),
        410 => problem::LIST_EXPIRED.says("begin the list again, without `continue`"),
        413 => problem::TOO_LARGE.says(said),
        422 => invalid(rejection),
        429 => busy(problem::OVERLOADED, 1),
        _ => busy(problem::UNAVAILABLE, 5),
    }
}

/// A refusal of something about all resources: where they cannot be found, the definition is
/// missing, and not a workspace.
pub fn of_all(refused: &Rejection) -> Problem {
    if refused.code == 404 {
        let detail = "the cluster does not know workspaces: their definition is missing";
        return problem::UNAVAILABLE.says(detail).retry_after(30);
    }
    rejection(refused)
}

fn invalid(rejection: &Rejection) -> Problem {
    let mut problem = problem::INVALID.says("the API server refuses it");
    for (field, message) in &rejection.causes {
        problem = problem.at("refused-by-cluster", pointer(field), message);
    }
    if rejection.causes.is_empty() {
        problem = problem.at("refused-by-cluster", None, &rejection.message);
    }
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_become_pointers() {
        for (field, expected) in [
            ("spec.models[0]", Some("/spec/models/0")),
            ("spec", Some("/spec")),
            ("metadata.annotations[a/b]", Some("/metadata/annotations/a~1b")),
            ("<nil>", Some("/nil")),
            ("", None),
            ("in body", None),
        ] {
            assert_eq!(pointer(field).as_deref(), expected, "{field}");
        }
    }

    #[test]
    fn every_status_has_a_form() {
        let code = |code: u16, reason: &str| {
            let refused = Rejection { code, reason: reason.to_owned(), ..Rejection::default() };
            let problem = rejection(&refused);
            (problem.kind().status, problem.kind().code)
        };
        assert_eq!(code(400, ""), (400, "malformed-request"));
        assert_eq!(code(401, ""), (503, "cluster-unavailable"));
        assert_eq!(code(403, ""), (403, "refused-by-cluster"));
        assert_eq!(code(404, ""), (404, "workspace-not-found"));
        assert_eq!(code(409, "AlreadyExists"), (409, "workspace-exists"));
        assert_eq!(code(409, "Conflict"), (409, "workspace-changed"));
        assert_eq!(code(410, "Expired"), (410, "list-expired"));
        assert_eq!(code(413, ""), (413, "body-too-large"));
        assert_eq!(code(422, "Invalid"), (422, "workspace-invalid"));
        assert_eq!(code(429, ""), (503, "overloaded"));
        assert_eq!(code(500, ""), (503, "cluster-unavailable"));
        assert_eq!(code(0, ""), (503, "cluster-unavailable"));
        let missing = Rejection { code: 404, ..Rejection::default() };
        assert_eq!(of_all(&missing).kind().status, 503);
    }
}
