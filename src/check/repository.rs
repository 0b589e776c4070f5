//! `repository-without-tls`, `signing-key-expires`: who decides what runs.

use std::sync::Arc;

use super::{
    code,
    view::{SpecView, field},
};
use crate::{
    diag::diagnostic::{Diagnostic, Diagnostics, Place},
    platform::repository::Repository,
};

/// Days before its end at which a key is told of.
const WARN_DAYS: i64 = 30;
const DAY: i64 = 24 * 60 * 60;

/// Argo CD applies with the cluster's rights whatever comes from the repository. A signed commit
/// cannot be made on the way, but an older one can be handed out again, and the token is read with
/// or without signatures.
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
                format!(
                    "without TLS, whoever is on the way to `{host}` reads Argo CD's token and can \
                     hand out an older signed commit"
                )
            } else {
                format!(
                    "without TLS, whoever is on the way to `{host}` decides what runs in the \
                     cluster"
                )
            },
        )
        .help(format!("write `url: {with_tls}`, or an address of SSH"))
        .note(
            "Argo CD applies what it is given with the rights of the cluster's administrator, and \
             sends its token along",
        ),
    );
}

/// What the ends of the signers' keys mean at a moment (seconds since 1970, UTC). `file` is the
/// spec's.
pub fn signers<'a>(
    repository: &'a Repository,
    file: &'a Arc<str>,
    now: i64,
) -> impl Iterator<Item = Diagnostic> + 'a {
    repository.signed_by.iter().enumerate().filter_map(move |(index, key)| {
        let left = key.expires()? - now;
        let message = match left.div_euclid(DAY) {
            WARN_DAYS.. => return None,
            ..0 => format!("the key {} has expired: nobody can sign with it any more", key.id()),
            0 => format!("the key {} expires today", key.id()),
            1 => format!("the key {} expires in 1 day", key.id()),
            days => format!("the key {} expires in {days} days", key.id()),
        };
        let place = Place::Value { file: Arc::clone(file), path: field(&["repository", "signedBy"]).index(index) };
        let help =
            "give it more time (`gpg --quick-set-expire FINGERPRINT 1y`), and write here what `gpg \
             --armor --export KEY` writes then";
        Some(Diagnostic::warning(code::SIGNING_KEY_EXPIRES, place, message).help(help))
    })
}
