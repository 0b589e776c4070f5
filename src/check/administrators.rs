//! `workspace-without-administrator`: who the first administrator of a workspace is.

use super::{
    rule::rules,
    sealed_values::SealedValues,
    view::{TenantView, field},
};
use crate::{
    builder::ingress::Clients,
    components::workspace::{administrator::Administrator, resource::Environment},
    diag::diagnostic::{Diagnostic, Diagnostics, Place},
};

rules! {
    /// A workspace without an administrator.
    error WORKSPACE_ADMINISTRATOR = "workspace-without-administrator":
    Tenant(administrator);
}

/// Who the first administrator is, where strangers could be quicker.
pub fn administrator(view: &TenantView<'_>, found: &mut Diagnostics) {
    match &view.workspace.spec.administrator {
        Some(administrator) => sealed(view, administrator, found),
        None => found.extend(missing(view)),
    }
}

fn missing(view: &TenantView<'_>) -> Option<Diagnostic> {
    let spec = &view.workspace.spec;
    let is_dev = spec.environment == Environment::Dev;
    if is_dev && view.plan.clients() == Clients::Seen {
        return None;
    }
    let place = Place::Value { file: view.file.clone(), path: field(&["workspaceName"]) };
    let message = "the workspace has no administrator: the first who signs up would become it";
    let name = &spec.workspace_name;
    let finding = WORKSPACE_ADMINISTRATOR.at(place, message).help(format!(
        "`espalier workspace update {name} --administrator EMAIL` asks for a password, and seals \
         it into the resource"
    ));
    Some(if is_dev {
        finding.note(
            "with `workspaceENV: dev` only private addresses may come where the ingress controller \
             sees them: k3s' Traefik as `components.traefik` configures it, on one node",
        )
    } else {
        finding.note(
            "its host name becomes public when its certificate is issued; `workspaceENV: dev` is \
             for private networks, and needs none",
        )
    })
}

fn sealed(view: &TenantView<'_>, administrator: &Administrator, found: &mut Diagnostics) {
    let values = &administrator.sealed;
    let name = &view.workspace.spec.workspace_name;
    let key = values.secret_key.as_ref().map(|it| ("secretKey", it));
    let all: Vec<_> = [("password", &values.password)].into_iter().chain(key).collect();
    let sealed = SealedValues {
        path: field(&["administrator", "sealed"]),
        values: &all,
        certificate: values.certificate.as_ref(),
        suffix: values.suffix.as_ref(),
        owner: "the workspace's administrator",
        needs: field(&["administrator"]),
        again: format!("`espalier workspace update {name} --administrator EMAIL` seals it again"),
    };
    sealed.check(view, found);
}
