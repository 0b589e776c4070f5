//! Ingress controllers of random platforms.

use proptest::prelude::*;
use serde_yaml::Value;

use super::{map, resources, some};

/// Another ingress controller in place of k3s' own, which has to be off then; by labels, or all
/// pods of its namespace.
pub fn ingress() -> impl Strategy<Value = Option<Value>> {
    let labels = proptest::option::of(Just([("app.kubernetes.io/name", some("nginx-ingress"))]));
    let annotations = proptest::option::of(Just([("nginx.org/client-max-body-size", some("1g"))]));
    let ingress = (labels, annotations, resources(64)).prop_map(|(labels, annotations, memory)| {
        map([
            ("class", some("nginx")),
            ("namespace", some("nginx-ingress")),
            ("podLabels", labels.map(map)),
            ("annotations", annotations.map(map)),
            ("resources", memory),
        ])
    });
    proptest::option::of(ingress)
}
