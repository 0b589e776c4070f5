//! `credential-not-sealed`, `credential-not-sealed-for`, `credential-not-used`: sealed values
//! against what is needed.

use std::{collections::BTreeSet, sync::Arc};

use super::{rule::rules, view::WholeView};
use crate::{
    builder::credential::{Key, SecretLookup, Value},
    diag::{
        diagnostic::{Diagnostic, Diagnostics, Place},
        path::FieldPath,
    },
    plan::copies::RequiredSecret,
    platform::files::{SEALING, SECRETS},
};

rules! {
    /// A credential has no sealed value yet.
    warning CREDENTIAL_NOT_SEALED = "credential-not-sealed",
    /// A credential is sealed, but not for this namespace.
    warning CREDENTIAL_NOT_SEALED_FOR = "credential-not-sealed-for",
    /// A sealed value is not used.
    warning CREDENTIAL_NOT_USED = "credential-not-used":
    Whole(sealed);
}

/// Every copy that is needed, and every value that nothing needs.
pub fn sealed(view: &WholeView<'_>, found: &mut Diagnostics) {
    let platform = view.plan.platform();
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
                    CREDENTIAL_NOT_USED
                        .at(place, format!("nothing needs {what}"))
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
    } else if let Some(key) = missing.iter().find(|it| matches!(it.value, Value::Pem(_))) {
        format!("`espalier seal {name} --from-file {}=FILE` seals it", key.name)
    } else {
        format!("`espalier seal {name}` asks for the values that only you know, and seals them")
    };
    let without = without(secret, pronoun);
    CREDENTIAL_NOT_SEALED
        .at(
            place,
            format!(
                "{list} of the credential `{name}` {verb} not sealed for namespace `{namespace}`: \
             {without}"
            ),
        )
        .help(help)
}

/// What comes of a missing value. What a controller reads for an issuer keeps no pod from starting.
fn without(secret: &RequiredSecret, pronoun: &str) -> String {
    match secret.credential.declared().lookup {
        SecretLookup::ByController => format!("no certificate is issued without {pronoun}"),
        SecretLookup::ByReference | SecretLookup::Patched => {
            format!("{} cannot start without {pronoun}", users(secret))
        }
    }
}

fn not_sealed_for(secret: &RequiredSecret) -> Diagnostic {
    let (name, namespace) = (secret.credential.name(), &secret.namespace);
    let path = FieldPath::root().key("spec").key("sealed");
    CREDENTIAL_NOT_SEALED_FOR
        .at(
            Place::Key { file: file(name), path },
            format!(
                "the credential `{name}` is sealed for other namespaces, not for `{namespace}`: {}",
                without(secret, "it")
            ),
        )
        .help(format!(
            "`espalier seal --rotate {name}` seals it again for every namespace that needs it; you \
         need the value itself, because ciphertext is bound to its namespace"
        ))
        .note("with `--scope cluster-wide`, one ciphertext can be unsealed in any namespace")
}
