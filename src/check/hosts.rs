//! `host-taken`: a public host answers for one thing only.

use std::collections::BTreeMap;

use super::{
    code,
    rules::{SpecView, WholeView},
};
use crate::{
    diag::{
        diagnostic::{Diagnostic, Diagnostics, Place},
        path::FieldPath,
    },
    names::Host,
};

/// The platform's own hosts, with the fields that name them.
fn own<'a>(view: &SpecView<'a>) -> Vec<(&'static str, &'a Host)> {
    let domains = &view.platform.spec.domains;
    let all = [("chat", Some(&domains.chat)), ("monitoring", domains.monitoring.as_ref()), ("argocd", domains.argocd.as_ref())];
    all.into_iter().filter_map(|(field, host)| Some((field, host?))).collect()
}

/// A host beside another one; below it where beside it there is only a top-level domain, or it has that very name.
fn beside(host: &Host, label: &str) -> String {
    let above = host.split_once('.').map(|it| it.1).filter(|it| it.contains('.'));
    let host: &str = host;
    above.map(|it| format!("{label}.{it}")).filter(|it| it != host).unwrap_or_else(|| format!("{label}.{host}"))
}

/// Two of the platform's own.
pub fn platform(view: &SpecView<'_>, found: &mut Diagnostics) {
    let mut seen: BTreeMap<&Host, &str> = BTreeMap::new();
    for (field, host) in own(view) {
        if let Some(first) = seen.insert(host, field) {
            found.push(
                Diagnostic::error(code::HOST_TAKEN, view.value(&["domains", field]), format!("`{host}` is the host of `{first}` already"))
                    .related(view.value(&["domains", first]), "first here")
                    .help(format!("write `{field}: {}`: each answers at a host of its own", beside(host, field))),
            );
        }
    }
}

/// A tenant's, against the platform's and each other's.
pub fn tenants(view: &WholeView<'_>, found: &mut Diagnostics) {
    let own = own(&view.spec);
    for it in view.tenants {
        let Some(host) = it.host else { continue };
        if let Some((field, _)) = own.iter().find(|(_, own)| *own == host) {
            let place = Place::Value { file: it.file.clone(), path: FieldPath::root().key("spec").key("workspaceName") };
            found.push(
                Diagnostic::error(
                    code::HOST_TAKEN,
                    place,
                    format!("the workspace would answer at `{host}`, which is the host of `{field}`"),
                )
                .related(view.spec.value(&["domains", field]), "the platform's")
                .help(format!("name the workspace otherwise, or let all of them answer elsewhere: `workspaces: {}`", beside(host, "ws"))),
            );
        }
    }
}
