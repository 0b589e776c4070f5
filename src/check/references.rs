//! `reference-unresolved`: whatever an object names is made by the tree, sealed for it, or there
//! in every cluster. Handles guarantee that; this rule looks at the objects themselves.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{
    ConfigMapEnvSource, ConfigMapKeySelector, KeyToPath, PodSpec, SecretEnvSource,
    SecretKeySelector,
};
use serde_json::Value;

use super::{
    object::{ApplicationView, BUG, ObjectView, bug},
    rule::rules,
    view::{WholeView, values},
};
use crate::{
    builder::{chart::Chart, object::Object},
    diag::diagnostic::Diagnostics,
    facts::{
        charts::{
            ObjectKind,
            cert_manager::{DNS01_SECRETS, ISSUER_ANNOTATION},
        },
        kubernetes::SYSTEM_NAMESPACES,
    },
    yaml::scalars,
};

rules! {
    /// An object names another one that nothing makes.
    error REFERENCE_UNRESOLVED = "reference-unresolved":
    Object(resolved), Whole(of_charts);
}

/// The name of another object, and of a key in it.
#[derive(Clone, Copy)]
struct Reference<'a> {
    kind: &'static str,
    name: &'a str,
    key: Option<&'a str>,
}

impl<'a> Reference<'a> {
    const fn to(kind: &'static str, name: &'a str) -> Self {
        Self { kind, name, key: None }
    }

    fn describe(self) -> String {
        let Self { kind, name, key } = self;
        match key {
            Some(key) => format!("the key `{key}` of the {kind} `{name}`"),
            None => format!("the {kind} `{name}`"),
        }
    }
}

/// What takes the references of an object, one by one.
type Look<'l> = dyn FnMut(Reference<'_>) + 'l;

/// Every reference of one object.
pub fn resolved(object: &dyn ObjectView, of: &ApplicationView<'_>, found: &mut Diagnostics) {
    let key = object.key();
    // An issuer belongs to no namespace, and its Secrets to that of cert-manager.
    let namespace =
        if key.kind == "ClusterIssuer" { Some(&*of.component.namespace) } else { key.namespace };
    let mut missing = BTreeSet::new();
    each(object, &mut |reference| {
        if !is_made(reference, namespace, of) {
            missing.insert(reference.describe());
        }
    });
    for what in missing {
        let message = format!("{} refers to {what}, which nothing makes", object.key());
        found.push(bug(REFERENCE_UNRESOLVED.at(object.place(), message), object));
    }
}

/// The references of one object. What is optional may be missing.
fn each(object: &dyn ObjectView, look: &mut Look<'_>) {
    let key = object.key();
    if let Some(namespace) = key.namespace {
        look(Reference::to("Namespace", namespace));
    }
    if let Some(workload) = object.workload() {
        of_pods(workload.spec, look);
    }
    match key.kind {
        "StatefulSet" => {
            if let Some(service) = object.text(&["spec", "serviceName"]) {
                look(Reference::to("Service", &service));
            }
        }
        "Ingress" => of_ingress(object, look),
        "ClusterIssuer" => of_issuer(object, look),
        _ => {}
    }
}

/// The Services behind an Ingress, and its certificate: of an issuer, or in a Secret.
fn of_ingress(object: &dyn ObjectView, look: &mut Look<'_>) {
    let backend = ["backend", "service", "name"];
    let paths = [&["spec", "rules", "*", "http", "paths", "*"][..], &backend].concat();
    for service in object.texts(&paths) {
        look(Reference::to("Service", &service));
    }
    match object.text(&["metadata", "annotations", ISSUER_ANNOTATION]) {
        Some(issuer) => look(Reference::to("ClusterIssuer", &issuer)),
        None => {
            for secret in object.texts(&["spec", "tls", "*", "secretName"]) {
                look(Reference::to("Secret", &secret));
            }
        }
    }
}

/// The Secrets of an issuer that must be there: not that of its account, which it makes itself.
fn of_issuer(object: &dyn ObjectView, look: &mut Look<'_>) {
    for secret in object.texts(&["spec", "ca", "secretName"]) {
        look(Reference { kind: "Secret", name: &secret, key: Some("tls.crt") });
        look(Reference { kind: "Secret", name: &secret, key: Some("tls.key") });
    }
    for (provider, field) in DNS01_SECRETS {
        let path = |last| ["spec", "acme", "solvers", "*", "dns01", provider, field, last];
        let keys = object.texts(&path("key"));
        for (name, key) in object.texts(&path("name")).iter().zip(&keys) {
            look(Reference { kind: "Secret", name, key: Some(key) });
        }
    }
}

/// What pods cannot do without.
fn of_pods(pod: &PodSpec, look: &mut Look<'_>) {
    for container in pod.containers.iter().chain(pod.init_containers.iter().flatten()) {
        for source in container.env.iter().flatten().filter_map(|it| it.value_from.as_ref()) {
            let (secret, map) = (&source.secret_key_ref, &source.config_map_key_ref);
            if let Some(SecretKeySelector { name, key, optional: None | Some(false) }) = secret {
                look(Reference { kind: "Secret", name, key: Some(key) });
            }
            if let Some(ConfigMapKeySelector { name, key, optional: None | Some(false) }) = map {
                look(Reference { kind: "ConfigMap", name, key: Some(key) });
            }
        }
        for source in container.env_from.iter().flatten() {
            let (secret, map) = (&source.secret_ref, &source.config_map_ref);
            if let Some(SecretEnvSource { name, optional: None | Some(false) }) = secret {
                look(Reference::to("Secret", name));
            }
            if let Some(ConfigMapEnvSource { name, optional: None | Some(false) }) = map {
                look(Reference::to("ConfigMap", name));
            }
        }
    }
    of_volumes(pod, look);
    for secret in pod.image_pull_secrets.iter().flatten() {
        look(Reference::to("Secret", &secret.name));
    }
    if let Some(account) = &pod.service_account_name {
        look(Reference::to("ServiceAccount", account));
    }
    if let Some(class) = &pod.priority_class_name {
        look(Reference::to("PriorityClass", class));
    }
}

fn of_volumes(pod: &PodSpec, look: &mut Look<'_>) {
    for volume in pod.volumes.iter().flatten() {
        if let Some(secret) = volume.secret.as_ref().filter(|it| it.optional != Some(true)) {
            let name = secret.secret_name.as_deref().unwrap_or_default();
            mounted("Secret", name, secret.items.as_ref(), look);
        }
        if let Some(map) = volume.config_map.as_ref().filter(|it| it.optional != Some(true)) {
            mounted("ConfigMap", &map.name, map.items.as_ref(), look);
        }
        if let Some(volume) = &volume.persistent_volume_claim {
            look(Reference::to("PersistentVolumeClaim", &volume.claim_name));
        }
        let sources = volume.projected.iter().flat_map(|it| it.sources.iter().flatten());
        for source in sources {
            if let Some(secret) = source.secret.as_ref().filter(|it| it.optional != Some(true)) {
                mounted("Secret", &secret.name, secret.items.as_ref(), look);
            }
            if let Some(map) = source.config_map.as_ref().filter(|it| it.optional != Some(true)) {
                mounted("ConfigMap", &map.name, map.items.as_ref(), look);
            }
        }
    }
}

/// A volume of some keys of an object, or of all of them.
fn mounted(kind: &'static str, name: &str, items: Option<&Vec<KeyToPath>>, look: &mut Look<'_>) {
    match items {
        None => look(Reference::to(kind, name)),
        Some(items) => {
            for item in items {
                look(Reference { kind, name, key: Some(&item.key) });
            }
        }
    }
}

/// Whether there is such an object where one of a namespace looks for it.
fn is_made(reference: Reference<'_>, namespace: Option<&str>, of: &ApplicationView<'_>) -> bool {
    let Reference { kind, name, .. } = reference;
    let is_everywhere = match kind {
        "Namespace" => SYSTEM_NAMESPACES.contains(&name),
        "ConfigMap" => name == "kube-root-ca.crt",
        "PriorityClass" => name.starts_with("system-"),
        "ServiceAccount" => name == "default",
        _ => false,
    };
    if kind == "Secret" {
        return is_sealed(reference, namespace, of);
    }
    let components = || of.plan.components().iter();
    is_everywhere
        || is_among(&of.component.objects, reference, namespace)
        || components().any(|it| is_among(&it.objects, reference, namespace))
        // What a chart calls its objects is not known.
        || components().filter(|it| namespace == Some(&*it.namespace)).any(|component| {
            let kinds = component.chart.iter().flat_map(Chart::kinds);
            kinds.into_iter().any(|it| *it == ObjectKind::Namespaced("", kind))
        })
}

/// Every Secret comes from a credential, so it is sealed or reported as missing; or it is sealed
/// beside what reads it.
fn is_sealed(reference: Reference<'_>, namespace: Option<&str>, of: &ApplicationView<'_>) -> bool {
    let Reference { name, key, .. } = reference;
    let own = || {
        of.component.objects.iter().any(|object| {
            object.kind == "SealedSecret"
                && object.name() == name
                && object.namespace() == namespace
                && key.is_none_or(|key| {
                    // A key is sealed, or composed of those that are.
                    let paths =
                        [&["spec", "encryptedData", key][..], &["spec", "template", "data", key]];
                    paths.iter().any(|it| !scalars::at(object.values(), it).is_empty())
                })
        })
    };
    of.secrets.iter().any(|secret| {
        let knows = |key: &str| {
            secret.credential.keys().contains(&key) || secret.templated_keys.contains_key(key)
        };
        namespace == Some(&*secret.namespace)
            && **secret.credential.secret() == *reference.name
            && reference.key.is_none_or(knows)
    }) || own()
}

fn is_among(objects: &[Object], reference: Reference<'_>, namespace: Option<&str>) -> bool {
    let Reference { kind, name, key } = reference;
    let has = |object: &Object, key: &str| {
        ["data", "binaryData"]
            .iter()
            .any(|it| !scalars::at(object.values(), &[*it, key]).is_empty())
    };
    objects.iter().any(|object| {
        object.kind == kind
            && object.name() == name
            && (object.namespace().is_none() || object.namespace() == namespace)
            && key.is_none_or(|key| has(object, key))
    })
}

/// The values of charts that name objects which the chart does not make.
const IN_VALUES: [(&str, &str); 4] = [
    ("existingClaim", "PersistentVolumeClaim"),
    ("existingConfigMap", "ConfigMap"),
    ("existingSecret", "Secret"),
    ("priorityClassName", "PriorityClass"),
];

/// Every reference in the values of a chart.
pub fn of_charts(view: &WholeView<'_>, found: &mut Diagnostics) {
    for of in view.applications() {
        let chart = of.component.chart.as_ref();
        for (path, value) in chart.map(values).unwrap_or_default() {
            let Value::String(name) = &value else { continue };
            let last = path.rsplit('.').next().unwrap_or_default();
            let Some((_, kind)) = IN_VALUES.iter().find(|it| it.0 == last) else { continue };
            let reference = Reference::to(kind, name);
            if !name.is_empty() && !is_made(reference, Some(&*of.component.namespace), &of) {
                let message = format!(
                    "the value `{path}` of the chart of `{}` refers to {}, which nothing makes",
                    of.component.name,
                    reference.describe()
                );
                found.push(REFERENCE_UNRESOLVED.at(of.place(), message).help(BUG));
            }
        }
    }
}
