//! `host-taken`, `host-not-public`, `certificates-rate-limited`: a public host answers for one
//! thing only, and has a name that is certified.

use std::collections::BTreeMap;

use super::{
    rule::rules,
    view::{SpecView, WholeView},
};
use crate::{
    diag::diagnostic::{Diagnostics, Place},
    facts::domains::{self, CERTIFICATES_A_WEEK, CERTIFICATES_LEFT},
    names::{Email, Host},
    platform::certificates::Issuer,
};

rules! {
    /// A public host is used twice.
    error HOST_TAKEN = "host-taken":
    Spec(platform);

    /// A host is not a public name.
    error HOST_NOT_PUBLIC = "host-not-public":
    Spec(public);

    /// More hosts under one domain than are certified in a week.
    warning CERTIFICATES_RATE_LIMITED = "certificates-rate-limited":
    Whole(rate);
}

/// A host beside another one; below it where beside it there is only a top-level domain, or it has
/// that very name.
pub fn beside(host: &Host, label: &str) -> String {
    let above = host.split_once('.').map(|it| it.1).filter(|it| it.contains('.'));
    let host: &str = host;
    above
        .map(|it| format!("{label}.{it}"))
        .filter(|it| it != host)
        .unwrap_or_else(|| format!("{label}.{host}"))
}

/// Hosts that Let's Encrypt refuses, where it is who certifies: one finding, since it is one
/// thing to do.
pub fn public(view: &SpecView<'_>, found: &mut Diagnostics) {
    let spec = &view.platform.spec;
    if !spec.components.cert_manager.enabled || !spec.certificates.issuer.is_lets_encrypt() {
        return;
    }
    let is_private = |host: &str| domains::private(host).is_some();
    let hosts = spec.domains.all().filter(|it| is_private(it.1));
    let mut private: Vec<(&str, Place, &str)> = hosts
        .map(|(key, host)| {
            (&**host, view.value(&["domains", key]), "no certificate is issued for it")
        })
        .collect();
    let domain = |email: &Email| is_private(email.rsplit('@').next().unwrap_or_default());
    if let Some(email) = spec.certificates.email.as_ref().filter(|it| domain(it)) {
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
    let finding = HOST_NOT_PUBLIC.at(place, message).label(label);
    let finding = private.fold(finding, |finding, (_, place, label)| finding.related(place, label));
    found.push(
        finding
            .help(
                "write a host below a domain that you have registered, with a public DNS record \
                 that points here; in a private network, an ACME server or an authority of your \
                 own can certify it (`certificates.issuer`)",
            )
            .note(
                "names below `.lan`, `.local` and `.internal` are for private networks only (RFC \
                 6761, RFC 6762, ICANN)",
            ),
    );
}

/// Certificates of one registered domain that are asked for at once: at the first start, and
/// whenever the platform is made anew. Which domain is registered is the public suffix list's to
/// say; the workspaces have one in any case, and for the platform's own hosts, which are three at
/// most, the last two labels decide.
pub fn rate(view: &WholeView<'_>, found: &mut Diagnostics) {
    let spec = &view.spec.platform.spec;
    if !matches!(spec.certificates.issuer, Issuer::Production) {
        return;
    }
    let (field, domain) = match &spec.domains.workspaces {
        Some(domain) => ("workspaces", domain),
        None => ("chat", &spec.domains.chat),
    };
    // With hosts of its own below another domain, a workspace counts there; one under development
    // is certified by another server, or not at all.
    let is_below = |host: &&Host| last_labels(host) == last_labels(domain);
    let certified = view.tenants.iter().filter(|it| !it.is_dev);
    let hosts = certified.flat_map(|it| it.hosts.iter().filter(is_below));
    // One certificate is for all that it covers.
    let (covered, others): (Vec<&Host>, Vec<&Host>) = hosts.partition(|it| view.plan.covers(it));
    let of_workspaces = others.len() + usize::from(!covered.is_empty());
    let own = view.plan.hosts().filter(|it| last_labels(it.0) == last_labels(domain)).count();
    let all = of_workspaces + own;
    if of_workspaces == 0 || all <= CERTIFICATES_A_WEEK - CERTIFICATES_LEFT {
        return;
    }
    let message = format!(
        "{all} hosts are certified under the registered domain of `{domain}`, and Let's Encrypt \
         issues {CERTIFICATES_A_WEEK} certificates a week for one"
    );
    found.push(
        CERTIFICATES_RATE_LIMITED
            .at(view.spec.value(&["domains", field]), message)
            .label(format!("of {of_workspaces} workspaces"))
            .help(format!(
                "add at most {} workspaces a week, or have one certificate for all of them (`dns01` \
                 of `certificates`, and `domains.workspaces`), or ask Let's Encrypt for a higher \
                 limit for the domain; on a new node, copy the Secrets of the certificates from \
                 the old one",
                CERTIFICATES_A_WEEK - CERTIFICATES_LEFT
            ))
            .note(
                "renewals do not count; certificates that others ask for under the same domain \
                 do",
            ),
    );
}

/// The last two labels of a name.
fn last_labels(host: &str) -> (Option<&str>, Option<&str>) {
    let mut labels = host.rsplit('.');
    (labels.next(), labels.next())
}

/// Two of the platform's own.
pub fn platform(view: &SpecView<'_>, found: &mut Diagnostics) {
    let mut seen: BTreeMap<&Host, &str> = BTreeMap::new();
    for (field, host) in view.platform.spec.domains.own() {
        if let Some(first) = seen.insert(host, field) {
            found.push(
                HOST_TAKEN
                    .at(
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
