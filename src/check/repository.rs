//! `repository-without-tls`: who decides what runs.

use super::{code, rules::SpecView};
use crate::diag::diagnostic::{Diagnostic, Diagnostics};

/// Argo CD applies with the cluster's rights whatever comes from the repository; a signed commit cannot be exchanged on the way.
pub fn without_tls(view: &SpecView<'_>, found: &mut Diagnostics) {
    let repository = &view.platform.spec.repository;
    if !repository.url.starts_with("http://") || !repository.signed_by.is_empty() {
        return;
    }
    let with_tls = repository.url.replacen("http://", "https://", 1);
    found.push(
        Diagnostic::warning(
            code::REPOSITORY_WITHOUT_TLS,
            view.value(&["repository", "url"]),
            format!("without TLS, whoever is on the way to `{}` decides what runs in the cluster", repository.url.host()),
        )
        .help(format!("write `url: {with_tls}`, or an address of SSH"))
        .help("or have commits signed, which nobody can exchange on the way: `signedBy`")
        .note("Argo CD applies what it is given with the rights of the cluster's administrator, and sends its token along"),
    );
}
