//! `host-taken`, `host-not-public`: a public host answers for one thing only, and has a name that
//! is certified.

use std::collections::BTreeMap;

use super::{
    code,
    view::{SpecView, WholeView},
};
use crate::{
    diag::{
        diagnostic::{Diagnostic, Diagnostics, Place},
        path::FieldPath,
    },
    names::Host,
};

/// A host beside another one; below it where beside it there is only a top-level domain, or it has
/// that very name.
fn beside(host: &Host, label: &str) -> String {
    let above = host.split_once('.').map(|it| it.1).filter(|it| it.contains('.'));
    let host: &str = host;
    above
        .map(|it| format!("{label}.{it}"))
        .filter(|it| it != host)
        .unwrap_or_else(|| format!("{label}.{host}"))
}

/// Endings that are in no public DNS, but for those of examples (`example-value`): RFC 6761, RFC
/// 6762 with its appendix G, RFC 7686, RFC 8375, RFC 9476, and what ICANN has reserved (`internal`)
/// or never delegates (`corp`, `home`, `mail`).
const PRIVATE: [&str; 16] = [
    "alt",
    "corp",
    "domain",
    "home",
    "home.arpa",
    "host",
    "internal",
    "intranet",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "mail",
    "onion",
    "private",
    "test",
];

/// Whether a host's name is one that no public authority certifies.
fn is_private(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    PRIVATE.iter().any(|private| {
        host.strip_suffix(private).is_some_and(|above| above.is_empty() || above.ends_with('.'))
    })
}

/// Hosts that Let's Encrypt, which is who certifies here, refuses: one finding, since it is one
/// thing to do.
pub fn public(view: &SpecView<'_>, found: &mut Diagnostics) {
    let spec = &view.platform.spec;
    let hosts = spec.domains.all().filter(|it| is_private(it.1));
    let mut private: Vec<(&str, Place, &str)> = hosts
        .map(|(key, host)| {
            (&**host, view.value(&["domains", key]), "no certificate is issued for it")
        })
        .collect();
    let email = &spec.certificates.email;
    if is_private(email.rsplit('@').next().unwrap_or_default()) {
        private.push((
            email,
            view.value(&["certificates", "email"]),
            "Let's Encrypt refuses the account",
        ));
    }
    let others = private.len().saturating_sub(1);
    let mut private = private.into_iter();
    let Some((name, place, label)) = private.next() else { return };
    let message = match others {
        0 => format!("`{name}` is not a public name: Let's Encrypt issues no certificate for it"),
        _ => format!(
            "`{name}` and {others} more are not public names: Let's Encrypt issues no certificates \
             for them"
        ),
    };
    let finding = Diagnostic::warning(code::HOST_NOT_PUBLIC, place, message).label(label);
    let finding = private.fold(finding, |finding, (_, place, label)| finding.related(place, label));
    found.push(
        finding
            .help(
                "write a host below a domain that you have registered, with a public DNS record \
                 that points here",
            )
            .note(
                "names below `.lan`, `.local` and `.internal` are for private networks only (RFC \
                 6761, RFC 6762, ICANN)",
            ),
    );
}

/// Two of the platform's own.
pub fn platform(view: &SpecView<'_>, found: &mut Diagnostics) {
    let mut seen: BTreeMap<&Host, &str> = BTreeMap::new();
    for (field, host) in view.platform.spec.domains.own() {
        if let Some(first) = seen.insert(host, field) {
            found.push(
                Diagnostic::error(
                    code::HOST_TAKEN,
                    view.value(&["domains", field]),
                    format!("`{host}` is already the host of `{first}`"),
                )
                .related(view.value(&["domains", first]), "first used here")
                .help(format!(
                    "write `{field}: {}`: each needs a host of its own",
                    beside(host, field)
                )),
            );
        }
    }
}

/// A tenant's, against the platform's and each other's.
pub fn tenants(view: &WholeView<'_>, found: &mut Diagnostics) {
    let own: Vec<_> = view.spec.platform.spec.domains.own().collect();
    for tenant in view.tenants {
        let Some(host) = &tenant.host else { continue };
        if let Some((field, _)) = own.iter().find(|(_, own)| *own == host) {
            let place = Place::Value {
                file: tenant.file.clone(),
                path: FieldPath::root().key("spec").key("workspaceName"),
            };
            found.push(
                Diagnostic::error(
                    code::HOST_TAKEN,
                    place,
                    format!(
                        "the workspace would answer at `{host}`, which is the host of \
                             `{field}`"
                    ),
                )
                .related(view.spec.value(&["domains", field]), "the platform's")
                .help(format!(
                    "rename the workspace, or give all workspaces another domain: `workspaces: {}`",
                    beside(host, "ws")
                )),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_private;

    #[test]
    fn what_is_in_no_public_dns_is_private() {
        for host in [
            "chat.garden.lan",
            "ai.local",
            "Chat.Team.Internal",
            "x.test",
            "a.localhost",
            "ai.home.arpa",
            "ai.home",
            "ai.corp",
        ] {
            assert!(is_private(host), "{host}");
        }
        for host in [
            "chat.garden.dev",
            "lan.garden.dev",
            "chat.flan",
            "notlocal.dev",
            "in-addr.arpa",
            "local.de",
            "test.com",
            "my-home.dev",
        ] {
            assert!(!is_private(host), "{host}");
        }
    }
}
