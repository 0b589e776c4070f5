//! The node's disk: what a pod may write there beside its volumes.

use espalier::units::Bytes;
use serde_yaml::Value;

use super::{Tree, pods::templates};
use crate::support::{at, items};

fn size(value: &Value) -> Option<Bytes> {
    value.as_str()?.parse().ok()
}

/// Folders have a size, and containers a promise and a bound that hold what they mount: whatever
/// strangers can write fills the pod, not the node.
pub fn bounded(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for (template, pod) in templates(tree) {
        let folders: Vec<(&Value, Option<Bytes>)> = items(at(pod, "volumes"))
            .filter(|it| !at(it, "emptyDir").is_null())
            .map(|it| (it, size(at(it, "emptyDir/sizeLimit"))))
            .collect();
        let endless = folders.iter().filter(|it| it.1.is_none());
        found.extend(endless.map(|it| format!("{}: {:?} has no end", template.path, it.0)));
        let all = items(at(pod, "containers")).chain(items(at(pod, "initContainers")));
        for container in all {
            let mounted: Bytes = folders
                .iter()
                .filter(|(folder, _)| at(folder, "emptyDir/medium").is_null())
                .filter(|(folder, _)| {
                    let mut mounts = items(at(container, "volumeMounts"));
                    mounts.any(|it| at(it, "name") == at(folder, "name"))
                })
                .filter_map(|it| it.1)
                .sum();
            let of =
                |what: &str| size(at(container, &format!("resources/{what}/ephemeral-storage")));
            let (request, limit) = (of("requests"), of("limits"));
            let is_sane = request.zip(limit).is_some_and(|(request, limit)| {
                request > Bytes::default() && request + mounted <= limit
            });
            if !is_sane {
                let name = at(container, "name");
                found.push(format!("{}: {name:?} has {request:?}, {limit:?}", template.path));
            }
        }
    }
    found
}

/// The same of charts, by the resources in their values.
pub fn of_charts(tree: &Tree) -> Vec<String> {
    fn walk(path: &str, value: &Value, found: &mut Vec<String>) {
        for (at, inner) in value.as_sequence().into_iter().flatten().enumerate() {
            walk(&format!("{path}/{at}"), inner, found);
        }
        for (key, inner) in value.as_mapping().into_iter().flatten() {
            let path = format!("{path}/{}", key.as_str().unwrap_or_default());
            // What a claim asks for is a volume.
            let is_claim = !at(inner, "requests/storage").is_null();
            // A list is of a role: what it may ask for.
            if key == "resources" && inner.is_mapping() && !is_claim {
                for what in ["requests", "limits"] {
                    if size(at(inner, &format!("{what}/ephemeral-storage"))).is_none() {
                        found.push(format!("{path}/{what}"));
                    }
                }
            } else if !is_claim {
                walk(&path, inner, found);
            }
        }
    }
    let mut found = Vec::new();
    for application in tree.of_kind("Application") {
        walk(&application.path, application.at("spec/source/helm/valuesObject"), &mut found);
    }
    for config in tree.of_kind("HelmChartConfig") {
        let values = config.at("spec/valuesContent").as_str().unwrap_or_default();
        walk(&config.path, &serde_yaml::from_str(values).expect("YAML"), &mut found);
    }
    found
}
