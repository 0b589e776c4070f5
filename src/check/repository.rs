//! `repository-without-tls`, `signing-key-expires`: who decides what runs.

use std::sync::Arc;

use super::{
    rule::rules,
    view::{SpecView, field},
};
use crate::{
    diag::diagnostic::{Diagnostic, Diagnostics, Place},
    platform::repository::{Proof, Repository},
};

rules! {
    /// The repository is fetched without TLS.
    warning REPOSITORY_WITHOUT_TLS = "repository-without-tls":
    Spec(without_tls);

    /// A signer's key has expired, or will soon.
    warning SIGNING_KEY_EXPIRES = "signing-key-expires":
    Clock;
}

/// How many days before its end a key is reported.
const WARN_DAYS: i64 = 30;
const DAY: i64 = 24 * 60 * 60;

/// Argo CD applies with the cluster's rights whatever comes from the repository. A signed commit
/// cannot be made on the way, but an older one can be handed out again, and the token is read with
/// or without signatures.
pub fn without_tls(view: &SpecView<'_>, found: &mut Diagnostics) {
    let repository = &view.platform.spec.repository;
    if repository.proof() != Proof::Nothing {
        return;
    }
    let is_signed = !repository.signed_by.is_empty();
    let host = repository.url.host();
    let with_tls = repository.url.replacen("http://", "https://", 1);
    found.push(
        REPOSITORY_WITHOUT_TLS.at(
            view.value(&["repository", "url"]),
            if is_signed {
                format!(
                    "without TLS, anyone on the network path to `{host}` can read Argo CD's token \
                     and serve an older signed commit"
                )
            } else {
                format!(
                    "without TLS, anyone on the network path to `{host}` can decide what runs in \
                     the cluster"
                )
            },
        )
        .help(format!("write `url: {with_tls}`, or an SSH URL"))
        .note(
            "Argo CD applies what it fetches with the rights of a cluster administrator, and sends \
             its token with each request",
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
        let path = field(&["repository", "signedBy"]).index(index);
        let place = Place::Value { file: Arc::clone(file), path };
        let help =
            "extend it (`gpg --quick-set-expire FINGERPRINT 1y`), then write the output of `gpg \
             --armor --export KEY` here";
        Some(SIGNING_KEY_EXPIRES.at(place, message).help(help))
    })
}
