//! `credential-not-sealed`, `credential-not-used`: sealed values against what is needed.

use super::{code, rules::WholeView};
use crate::{
    diag::diagnostic::{Diagnostic, Diagnostics, Place},
    spec::read::SECRETS,
};

/// Every copy that is needed, and every file that nothing needs.
pub fn sealed(view: &WholeView<'_>, found: &mut Diagnostics) {
    let store = &view.house.platform.sealed;
    for it in view.copies {
        let (name, keys) = (it.credential.name(), it.credential.keys());
        if store.copy(name, keys, &it.namespace).is_some() {
            continue;
        }
        let file = format!("{SECRETS}{name}.yaml");
        let users = it.used_by.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ");
        let has_file = store.names().any(|it| it == name);
        let place = if has_file { Place::File(file.as_str().into()) } else { Place::Nowhere };
        let list = keys.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ");
        found.push(
            Diagnostic::warning(
                code::CREDENTIAL_NOT_SEALED,
                place,
                format!("`{name}` has no sealed value for namespace `{}`: {users} cannot start without it", it.namespace),
            )
            .help(format!(
                "seal {list} with `kubeseal --raw --scope strict --namespace {} --name {name}` and write them to `{file}`",
                it.namespace
            ))
            .note("`espalier explain credential-not-sealed` shows the file's form"),
        );
    }
    for name in store.names().filter(|name| view.copies.iter().all(|it| it.credential.name() != *name)) {
        found.push(
            Diagnostic::warning(
                code::CREDENTIAL_NOT_USED,
                Place::File(format!("{SECRETS}{name}.yaml").into()),
                format!("nothing needs the credential `{name}`"),
            )
            .help("delete the file, or look for a misspelt name"),
        );
    }
}
