//! `repository-without-tls`: who decides what runs.

use super::{code, rules::SpecView};
use crate::diag::diagnostic::{Diagnostic, Diagnostics};

/// Argo CD applies with the cluster's rights whatever comes from the repository. A signed commit cannot be made on the way, but an older one
/// can be handed out again, and the token is read with or without signatures.
pub fn without_tls(view: &SpecView<'_>, found: &mut Diagnostics) {
    let repository = &view.platform.spec.repository;
    if !repository.url.starts_with("http://") {
        return;
    }
    let is_signed = !repository.signed_by.is_empty();
    let host = repository.url.host();
    let with_tls = repository.url.replacen("http://", "https://", 1);
    found.push(
        Diagnostic::warning(
            code::REPOSITORY_WITHOUT_TLS,
            view.value(&["repository", "url"]),
            if is_signed {
                format!("without TLS, whoever is on the way to `{host}` reads Argo CD's token and can hand out an older signed commit")
            } else {
                format!("without TLS, whoever is on the way to `{host}` decides what runs in the cluster")
            },
        )
        .help(format!("write `url: {with_tls}`, or an address of SSH"))
        .note("Argo CD applies what it is given with the rights of the cluster's administrator, and sends its token along"),
    );
}
