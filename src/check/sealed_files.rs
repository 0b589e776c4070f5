//! `ciphertext-invalid`, `sealed-scope`, `sealed-name`: what a file of `spec/secrets/` says, by
//! itself and against what reads it.

use std::{collections::BTreeMap, sync::Arc};

use super::{rule::rules, view::WholeView, workspaces::FILE_NAME_DIFFERS};
use crate::{
    builder::credential::SecretLookup,
    diag::{
        diagnostic::{Diagnostics, Place},
        path::FieldPath,
    },
    names::SealedFor,
    platform::{
        files::SECRETS,
        sealed::{EVERYWHERE, Keys, SealedCredential, SealedScope},
    },
    seal::form::is_sealed,
};

rules! {
    /// A sealed value that is no ciphertext.
    error CIPHERTEXT_INVALID = "ciphertext-invalid",
    /// A sealed value does not match its scope.
    error SEALED_SCOPE = "sealed-scope":
    Load;

    /// The Secret's name does not fit how it is found.
    either SEALED_NAME = "sealed-name":
    Whole(names);
}

/// Every value of one file has the form of a sealed one, and stands where its scope says.
pub fn file(credential: &SealedCredential, file: &Arc<str>, found: &mut Diagnostics) {
    let at = FieldPath::root().key("spec");
    values(&credential.spec.sealed, credential.spec.scope, file, &at.clone().key("sealed"), found);
    if let Some(previous) = &credential.spec.previous {
        values(
            &previous.sealed,
            credential.spec.scope,
            file,
            &at.key("previous").key("sealed"),
            found,
        );
    }
    let called = file.rsplit('/').next().unwrap_or_default();
    let stem = called.strip_suffix(".yaml").unwrap_or(called);
    let name = &credential.metadata.name;
    if **name != *stem {
        let path = FieldPath::root().key("metadata").key("name");
        found.push(
            FILE_NAME_DIFFERS
                .error_at(
                    Place::Value { file: file.clone(), path },
                    format!("the file is called `{stem}.yaml`, the credential `{name}`"),
                )
                .help(format!(
                    "rename the file to `{name}.yaml`, or write `name: {stem}` and seal its values \
                     again: they are sealed to the name"
                )),
        );
    }
}

/// A wrong value is never shown in a finding: it may be the secret itself.
fn values(
    sealed: &BTreeMap<SealedFor, Keys>,
    scope: SealedScope,
    file: &Arc<str>,
    at: &FieldPath,
    found: &mut Diagnostics,
) {
    for (namespace, values) in sealed {
        let at = at.clone().key(&**namespace);
        let place = |path| Place::Key { file: file.clone(), path };
        let is_everywhere = **namespace == *EVERYWHERE;
        if is_everywhere != (scope == SealedScope::ClusterWide) {
            let (message, help) = if is_everywhere {
                (
                    "`*` is only for the scope `cluster-wide`",
                    "write the namespace that it was sealed for, or `scope: cluster-wide` if that \
                     is how it was sealed",
                )
            } else {
                (
                    "a `cluster-wide` value is for every namespace",
                    "write `\"*\":` in place of the namespace, or leave `scope` out if it was \
                     sealed for this namespace alone",
                )
            };
            found.push(SEALED_SCOPE.at(place(at.clone()), message).help(help));
        }
        for (key, value) in values {
            let Err(why) = is_sealed(value) else { continue };
            found.push(
                CIPHERTEXT_INVALID.at(
                    place(at.clone().key(key)),
                    format!("the value of `{key}` is not sealed: {why}"),
                )
                .help(
                    "write the output of `espalier seal` or `kubeseal --raw`, on one line; anyone \
                     who can read the repository knows a value that was committed unsealed: change \
                     it",
                ),
            );
        }
    }
}

/// A Secret that references find by its name has a suffix, one whose name is fixed has none.
pub fn names(view: &WholeView<'_>, found: &mut Diagnostics) {
    let mut checked = std::collections::BTreeSet::new();
    for secret in view.plan.secrets() {
        let name = secret.credential.name();
        let Some(values) = view.plan.platform().sealed.file(name).filter(|_| checked.insert(name))
        else {
            continue;
        };
        let file: Arc<str> = format!("{SECRETS}{name}.yaml").into();
        let spec = FieldPath::root().key("spec");
        let is_found_by_reference = secret.credential.declared().lookup != SecretLookup::Patched;
        match &values.suffix {
            Some(suffix) if !is_found_by_reference => found.push(
                SEALED_NAME.error_at(
                    Place::Value { file, path: spec.key("suffix") },
                    format!(
                        "the Secret must be called `{name}`, but its values were sealed for \
                         `{name}-{suffix}`"
                    ),
                )
                .help(format!("`espalier seal --rotate {name}` seals it for the right name")),
            ),
            None if is_found_by_reference => found.push(
                SEALED_NAME.warning_at(
                    Place::Key { file, path: spec },
                    format!(
                        "the Secret is still called `{name}` after its value changes: pods keep \
                         the old value until something else replaces them"
                    ),
                )
                .help(format!(
                    "`espalier seal --rotate {name}` adds a suffix; by hand, seal for the name \
                     `{name}-1` and write `suffix: \"1\"`"
                )),
            ),
            _ => {}
        }
    }
}
