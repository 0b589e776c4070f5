//! `ingress-or-traefik`, `ingress-namespace`, `http-not-redirected`: one ingress controller serves
//! the public hosts, and leads browsers to HTTPS.

use super::{
    rule::rules,
    view::{SpecView, WholeView},
};
use crate::{builder::ingress::Redirect, components::namespaces, diag::diagnostic::Diagnostics};

rules! {
    /// Two ingress controllers.
    error INGRESS_OR_TRAEFIK = "ingress-or-traefik",
    /// The ingress controller is in a namespace with a default deny.
    error INGRESS_NAMESPACE = "ingress-namespace":
    Spec(controller);

    /// Browsers that ask in plain HTTP find nothing.
    warning HTTP_NOT_REDIRECTED = "http-not-redirected":
    Whole(redirected);
}

/// k3s' Traefik or another controller, where the policies let it work.
pub fn controller(view: &SpecView<'_>, found: &mut Diagnostics) {
    let spec = &view.platform.spec;
    let Some(ingress) = &spec.ingress else { return };
    if spec.components.traefik.enabled {
        let message = format!(
            "`ingress` names the controller `{}`, but `traefik` is enabled: both would want the \
             ports 80 and 443",
            ingress.class
        );
        found.push(
            INGRESS_OR_TRAEFIK
                .at(view.value(&["ingress"]), message)
                .related(view.component(&["traefik", "enabled"]), "enabled")
                .help("write `traefik: {enabled: false}` under `components`, or remove `ingress`"),
        );
    }
    if namespaces::NAMES.contains(&ingress.namespace.as_str()) {
        let message = format!(
            "`{}` is a namespace of the platform: its network policies would cut the ingress \
             controller off",
            ingress.namespace
        );
        let help = format!(
            "install the controller in a namespace of its own, and write `namespace: {}`",
            beside(&ingress.class)
        );
        let place = view.value(&["ingress", "namespace"]);
        found.push(INGRESS_NAMESPACE.at(place, message).help(help));
    }
}

/// A namespace that is none of the platform's.
fn beside(class: &str) -> String {
    let class = class.split('.').next().unwrap_or_default();
    format!("ingress-{class}")
}

/// k3s' own settings of Traefik, with hosts that browsers are led to.
pub fn redirected(view: &WholeView<'_>, found: &mut Diagnostics) {
    let tenants = view.tenants.iter().filter(|it| !it.is_plain).flat_map(|it| &it.hosts);
    let hosts = view.plan.hosts().map(|it| it.0).chain(tenants);
    let (Some(first), Redirect::Missing) = (hosts.into_iter().next(), view.plan.redirect()) else {
        return;
    };
    let message = format!("`http://{first}` finds no page: nothing redirects plain HTTP to HTTPS");
    let finding = HTTP_NOT_REDIRECTED.at(view.spec.component(&["traefik", "enabled"]), message);
    found.push(
        finding
            .help(
                "write `enabled: true`, or describe the ingress controller that is there: \
                 `ingress`",
            )
            .note(
                "k3s runs Traefik with its own settings when `traefik` is off: it redirects \
                 nothing, and requests no memory",
            ),
    );
}
