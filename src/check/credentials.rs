//! `credential-not-sealed`, `credential-not-used`, `ciphertext-invalid`: sealed values against what is needed.

use std::{collections::BTreeMap, sync::Arc};

use super::{code, rules::WholeView};
use crate::{
    diag::{
        diagnostic::{Diagnostic, Diagnostics, Place},
        path::FieldPath,
    },
    plan::copies::Needed,
    platform::sealed::SealedCredential,
    seal::form,
    spec::read::SECRETS,
};

/// Every copy that is needed, and every value that nothing needs.
pub fn sealed(view: &WholeView<'_>, found: &mut Diagnostics) {
    let store = &view.house.platform.sealed;
    for it in view.copies {
        let sealed = store.keys(it.credential.name(), &it.namespace);
        let missing: Vec<&str> =
            it.credential.keys().iter().copied().filter(|key| sealed.is_none_or(|it| !it.contains_key(*key))).collect();
        if !missing.is_empty() {
            found.push(not_sealed(it, &missing, sealed));
        }
    }
    for (name, namespace, sealed) in store.copies() {
        let mut unused = |at: FieldPath, what: String| {
            found.push(
                Diagnostic::warning(code::CREDENTIAL_NOT_USED, Place::Key { file: file(name), path: at }, format!("nothing needs {what}"))
                    .help("take it out, or look for a misspelt name"),
            );
        };
        let at = FieldPath::root().key("spec").key("sealed").key(namespace);
        match view.copies.iter().find(|it| it.credential.name() == name && *it.namespace == *namespace) {
            None => unused(at, format!("the credential `{name}` in namespace `{namespace}`")),
            Some(it) => {
                for key in sealed.keys().filter(|key| !it.credential.keys().contains(&key.as_str())) {
                    unused(at.key(key), format!("the key `{key}` of the credential `{name}`"));
                }
            }
        }
    }
}

fn file(credential: &str) -> Arc<str> {
    format!("{SECRETS}{credential}.yaml").into()
}

fn not_sealed(it: &Needed, missing: &[&str], sealed: Option<&BTreeMap<String, String>>) -> Diagnostic {
    let (name, namespace) = (it.credential.name(), &it.namespace);
    let users = it.used_by.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ");
    let list = missing.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ");
    let path = FieldPath::root().key("spec").key("sealed");
    let place = match sealed {
        Some(_) => Place::Key { file: file(name), path: path.key(&**namespace) },
        None => Place::Value { file: file(name), path },
    };
    let key = missing.first().copied().unwrap_or_default();
    let verb = if missing.len() == 1 { "is" } else { "are" };
    Diagnostic::warning(
        code::CREDENTIAL_NOT_SEALED,
        place,
        format!("{list} of the credential `{name}` {verb} not sealed for namespace `{namespace}`: {users} cannot start without"),
    )
    .help(format!(
        "`printf %s \"$VALUE\" | kubeseal --raw --scope strict --namespace {namespace} --name {name} --from-file=/dev/stdin` seals a value; \
         write what it prints to `{}` as `spec: {{sealed: {{{namespace}: {{{key}: …}}}}}}`",
        file(name)
    ))
    .note("`espalier explain credential-not-sealed` shows the whole file")
}

/// Every value of one file has the form of a sealed one. What is wrong is never repeated: it may be the value itself.
pub fn ciphertext(it: &SealedCredential, file: &Arc<str>, found: &mut Diagnostics) {
    for (namespace, values) in &it.spec.sealed {
        for (key, value) in values {
            let Err(why) = form::is_sealed(value) else { continue };
            let path = FieldPath::root().key("spec").key("sealed").key(&**namespace).key(key);
            found.push(
                Diagnostic::error(
                    code::CIPHERTEXT_INVALID,
                    Place::Key { file: file.clone(), path },
                    format!("the value of `{key}` is not sealed: {why}"),
                )
                .help("write what `kubeseal --raw` prints, in one line; a value that was committed unsealed is known to whoever can read the repository: change it"),
            );
        }
    }
}
