//! Findings about objects that no spec makes: a component with a fault is planted beside those of
//! the repository's own platform.

use espalier::{
    builder::chart::Chart,
    diag::diagnostic::{Diagnostic, Diagnostics},
    facts::{
        charts::{ChartFacts, ObjectKind},
        versions,
    },
};
use k8s_openapi::api::core::v1::{ResourceQuota, Service};
use serde_json::json;

use super::code;
use crate::rules::{Planted, deployment, meta, reads_a_secret};

/// A chart that no project has heard of.
static CHART: ChartFacts = ChartFacts {
    name: "planted",
    repository: "https://charts.example.com",
    pin: versions::ARGO_CD,
    kinds: &[ObjectKind::Cluster("", "Node", "planted")],
};

/// The findings of a planted fault, if a case has one.
pub fn found(case: &str) -> Option<Diagnostics> {
    let found = match case {
        "reference-unresolved" => Planted::one(|scope| deployment(scope, reads_a_secret())).found(),
        "not-permitted-by-project" => Planted::one(|scope| {
            let metadata = meta("argocd", "planted");
            scope.add(ResourceQuota { metadata, ..ResourceQuota::default() });
        })
        .found(),
        "reference-unresolved--chart" | "not-permitted-by-project--chart" => {
            // The class is the cluster's, and an empty name is none: neither is a fault.
            let values = json!({"server": {
                "auth": {"existingSecret": "token"},
                "persistence": {"existingClaim": ""},
                "priorityClassName": "system-cluster-critical",
            }});
            let chart = Chart::new(&CHART, "1.0.0", values);
            Planted::one(|scope| {
                let [] = scope.chart(chart, []);
            })
            .found()
        }
        "object-twice" => Planted::one(|scope| {
            scope.add(Service { metadata: meta("ai", "ollama"), ..Service::default() });
        })
        .found(),
        "folder-not-read" => Planted::beside(|_| ()).found_without("out/manifests/ollama/"),
        "folder-not-read--left" => Planted::beside(|_| ())
            .found_in(|files| files.push(("out/manifests/left/ai/service-left.yaml", b""))),
        _ => return None,
    };
    Some(found.into_iter().filter(|it| it.code == code(case)).map(without_lines).collect())
}

/// The line of this test's own files that made the object is not part of the text.
fn without_lines(mut finding: Diagnostic) -> Diagnostic {
    for note in &mut finding.notes {
        if let Some((said, _)) = note.rsplit_once(':').filter(|_| note.contains(" was made at ")) {
            *note = format!("{said}:…");
        }
    }
    finding
}
