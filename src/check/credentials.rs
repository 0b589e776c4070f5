//! `credential-not-sealed`, `credential-not-sealed-for`, `credential-not-used`: sealed values
//! against what is needed.

use std::{collections::BTreeSet, sync::Arc};

use k8s_openapi::api::{
    core::v1::{KeyToPath, PodSpec},
    networking::v1::Ingress,
};

use super::{code, view::WholeView};
use crate::{
    builder::{
        component::BuiltComponent,
        credential::{Key, Value},
    },
    diag::{
        diagnostic::{Diagnostic, Diagnostics, Place},
        path::FieldPath,
    },
    plan::copies::RequiredSecret,
    platform::files::{SEALING, SECRETS},
};

/// Every copy that is needed, and every value that nothing needs.
pub fn sealed(view: &WholeView<'_>, found: &mut Diagnostics) {
    let platform = &view.plan.assembly().platform;
    let mut reported = BTreeSet::new();
    for secret in view.plan.secrets() {
        let name = secret.credential.name();
        let keys = secret.credential.declared().keys;
        let present = platform.sealed.keys(name, &secret.namespace);
        let missing: Vec<&Key> =
            keys.iter().filter(|key| present.is_none_or(|it| !it.contains_key(key.name))).collect();
        if missing.is_empty() {
            continue;
        }
        let mut finding = match (present, platform.sealed.file(name)) {
            (None, Some(_)) => not_sealed_for(secret),
            // Whoever seals it seals it for all of its namespaces.
            (None, None) if !reported.insert(name) => continue,
            _ => not_sealed(secret, &missing, present.is_some()),
        };
        if platform.sealing.is_none() {
            finding = finding.note(format!(
                "there is no `{SEALING}` to seal with: `espalier seal init` creates a key pair, or \
                 uses a cluster's certificate"
            ));
        }
        found.push(finding);
    }
    for (name, credential) in platform.sealed.files() {
        for (namespace, keys) in &credential.sealed {
            let at = FieldPath::root().key("spec").key("sealed").key(&**namespace);
            let mut unused = |at: FieldPath, what: String| {
                let place = Place::Key { file: file(name), path: at };
                found.push(
                    Diagnostic::warning(
                        code::CREDENTIAL_NOT_USED,
                        place,
                        format!("nothing needs {what}"),
                    )
                    .help("remove it, or look for a misspelt name"),
                );
            };
            let is_copy = |needed: &&RequiredSecret| {
                needed.credential.name() == name
                    && (*needed.namespace == **namespace || **namespace == *"*")
            };
            match view.plan.secrets().iter().find(is_copy) {
                None if **namespace == *"*" => unused(at, format!("the credential `{name}`")),
                None => unused(at, format!("the credential `{name}` in namespace `{namespace}`")),
                Some(needed) => {
                    let known = needed.credential.keys();
                    for key in keys.keys().filter(|key| !known.contains(&key.as_str())) {
                        unused(
                            at.clone().key(key),
                            format!("the key `{key}` of the credential `{name}`"),
                        );
                    }
                }
            }
        }
    }
}

fn file(credential: &str) -> Arc<str> {
    format!("{SECRETS}{credential}.yaml").into()
}

fn users(secret: &RequiredSecret) -> String {
    secret.used_by.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ")
}

fn not_sealed(secret: &RequiredSecret, missing: &[&Key], has_file: bool) -> Diagnostic {
    let (name, namespace) = (secret.credential.name(), &secret.namespace);
    let list = missing.iter().map(|it| format!("`{}`", it.name)).collect::<Vec<_>>().join(", ");
    let path = FieldPath::root().key("spec").key("sealed");
    let place = if has_file {
        Place::Key { file: file(name), path: path.key(&**namespace) }
    } else {
        Place::Value { file: file(name), path }
    };
    let (verb, pronoun) = if missing.len() == 1 { ("is", "it") } else { ("are", "them") };
    let help = if missing.iter().all(|it| matches!(it.value, Value::Made(_))) {
        format!(
            "`espalier seal --generate-missing` generates and seals it; `espalier seal {name} \
             --from-stdin` seals your own value"
        )
    } else {
        format!("`espalier seal {name}` asks for the values that only you know, and seals them")
    };
    Diagnostic::warning(
        code::CREDENTIAL_NOT_SEALED,
        place,
        format!(
            "{list} of the credential `{name}` {verb} not sealed for namespace `{namespace}`: {} \
             cannot start without {pronoun}",
            users(secret)
        ),
    )
    .help(help)
}

fn not_sealed_for(secret: &RequiredSecret) -> Diagnostic {
    let (name, namespace) = (secret.credential.name(), &secret.namespace);
    let path = FieldPath::root().key("spec").key("sealed");
    Diagnostic::warning(
        code::CREDENTIAL_NOT_SEALED_FOR,
        Place::Key { file: file(name), path },
        format!(
            "the credential `{name}` is sealed for other namespaces, not for `{namespace}`: {} \
             cannot start without it",
            users(secret)
        ),
    )
    .help(format!(
        "`espalier seal --rotate {name}` seals it again for every namespace that needs it; you \
         need the value itself, because ciphertext is bound to its namespace"
    ))
    .note("with `--scope cluster-wide`, one ciphertext can be unsealed in any namespace")
}

/// The platform's own components read no Secret that nothing makes.
pub fn provided_everywhere(view: &WholeView<'_>, found: &mut Diagnostics) {
    for component in view.plan.components() {
        provided(component, view.plan.secrets(), view.spec.file, found);
    }
}

/// Every Secret that an object of a component reads belongs to a credential, so it is sealed or
/// reported as missing. Handles guarantee that; this rule checks it.
pub fn provided(
    built: &BuiltComponent,
    copies: &[RequiredSecret],
    file: &Arc<str>,
    found: &mut Diagnostics,
) {
    for object in &built.objects {
        let namespace = object.namespace().unwrap_or_default();
        let read = object.workload().map(|it| secrets_of(it.spec)).unwrap_or_default();
        let tls = object
            .get::<Ingress>()
            .filter(|it| !has_issuer(it))
            .and_then(|it| it.spec.as_ref()?.tls.as_ref());
        let served =
            tls.into_iter().flatten().filter_map(|it| Some((it.secret_name.clone()?, None)));
        for (secret, key) in read.into_iter().chain(served) {
            let is_known = |required_secret: &RequiredSecret| {
                let knows = |key: &str| {
                    required_secret.credential.keys().contains(&key)
                        || required_secret.templated_keys.contains_key(key)
                };
                *required_secret.namespace == *namespace
                    && **required_secret.credential.secret() == *secret
                    && key.as_deref().is_none_or(knows)
            };
            if !copies.iter().any(is_known) {
                let what = key.map_or_else(
                    || format!("the Secret `{secret}`"),
                    |key| format!("the key `{key}` of the Secret `{secret}`"),
                );
                found.push(
                    Diagnostic::error(
                        code::CREDENTIAL_NOT_SEALED,
                        Place::File(file.clone()),
                        format!(
                            "{} `{namespace}/{}` reads {what}, which nothing makes",
                            object.kind,
                            object.name()
                        ),
                    )
                    .help(
                        "this is a bug in espalier, please report it: a component has to take the \
                         Secret from a credential",
                    ),
                );
            }
        }
    }
}

/// cert-manager makes the Secret of an Ingress that names an issuer.
fn has_issuer(ingress: &Ingress) -> bool {
    ingress
        .metadata
        .annotations
        .as_ref()
        .is_some_and(|it| it.contains_key("cert-manager.io/cluster-issuer"))
}

/// Secrets that pods cannot do without, with the key where one is named.
fn secrets_of(pod: &PodSpec) -> BTreeSet<(String, Option<String>)> {
    let mut all = BTreeSet::new();
    for container in pod.containers.iter().chain(pod.init_containers.iter().flatten()) {
        let env = container
            .env
            .iter()
            .flatten()
            .filter_map(|it| it.value_from.as_ref()?.secret_key_ref.as_ref());
        all.extend(
            env.filter(|it| it.optional != Some(true))
                .map(|it| (it.name.clone(), Some(it.key.clone()))),
        );
        let whole = container.env_from.iter().flatten().filter_map(|it| it.secret_ref.as_ref());
        all.extend(whole.filter(|it| it.optional != Some(true)).map(|it| (it.name.clone(), None)));
    }
    let mut mounted = |name: &str, items: Option<&Vec<KeyToPath>>| match items {
        None => drop(all.insert((name.to_owned(), None))),
        Some(items) => all.extend(items.iter().map(|it| (name.to_owned(), Some(it.key.clone())))),
    };
    for volume in pod.volumes.iter().flatten() {
        if let Some(secret) = volume.secret.as_ref().filter(|it| it.optional != Some(true)) {
            mounted(secret.secret_name.as_deref().unwrap_or_default(), secret.items.as_ref());
        }
        let projected = volume
            .projected
            .iter()
            .flat_map(|it| it.sources.iter().flatten())
            .filter_map(|it| it.secret.as_ref());
        for projected in projected.filter(|it| it.optional != Some(true)) {
            mounted(&projected.name, projected.items.as_ref());
        }
    }
    all.extend(pod.image_pull_secrets.iter().flatten().map(|it| (it.name.clone(), None)));
    all
}
