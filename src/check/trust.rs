//! `host-keys-missing`, `host-keys-invalid`, `authorities-invalid`, `authorities-expire`,
//! `file-named-missing`: whom the platform believes, by the files that the spec names.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    rule::rules,
    view::{WholeView, field},
};
use crate::{
    components::spec::Spec,
    diag::diagnostic::{Diagnostic, Diagnostics, Place},
    facts::charts::argo_cd::KNOWN_HOSTS,
    names::{
        SpecFile,
        known_hosts::{self, Refusal},
    },
    platform::{
        certificates::Issuer,
        files::SPEC,
        repository::{Proof, Repository},
        trust::{self, Authorities, HostKeys, Trust},
    },
    seal::authority::{self, Bundle, BundleError},
    yaml::source::Source,
};

rules! {
    /// Nobody knows the key of the Git server's SSH host.
    error HOST_KEYS_MISSING = "host-keys-missing":
    Whole(missing);

    /// A file that the spec names is not there.
    error FILE_NAMED_MISSING = "file-named-missing",
    /// A file of host keys is none, or has no key of the server.
    error HOST_KEYS_INVALID = "host-keys-invalid",
    /// A file of authorities' certificates is none.
    error AUTHORITIES_INVALID = "authorities-invalid":
    Load;

    /// The certificates of authorities have expired, or will soon.
    either AUTHORITIES_EXPIRE = "authorities-expire":
    Clock;
}

/// How many days before their end certificates are reported.
const WARN_DAYS: i64 = 30;
const DAY: i64 = 24 * 60 * 60;

const HOST_KEYS: &[&str] = &["repository", "hostKeys"];
const REPOSITORY_CA: &[&str] = &["repository", "ca"];
const ACME_CA: &[&str] = &["certificates", "issuer", "acme", "ca"];
const OIDC_CA: &[&str] = &["workspaces", "api", "oidc", "ca"];
const ISSUER_CERTIFICATE: &[&str] = &["certificates", "issuer", "ca", "certificate"];

/// The fields that name a file in `spec/`.
const FIELDS: &[&[&str]] = &[HOST_KEYS, REPOSITORY_CA, ACME_CA, OIDC_CA, ISSUER_CERTIFICATE];

/// The files in `spec/` that a spec names, by the values that are written: it has not been read.
pub fn named(spec: &Source) -> Vec<Arc<str>> {
    let name = |keys: &&[&str]| {
        let value = keys.iter().try_fold(spec.value.get("spec")?, |value, key| value.get(*key));
        value?.as_str()?.parse::<SpecFile>().ok()
    };
    let mut files: Vec<_> = FIELDS.iter().filter_map(name).map(|it| path(&it)).collect();
    files.sort_unstable();
    files.dedup();
    files
}

fn path(file: &SpecFile) -> Arc<str> {
    format!("{SPEC}{file}").into()
}

/// The files that the spec names, and the spec itself.
pub struct Files<'a> {
    /// The texts, by path.
    pub texts: &'a BTreeMap<Arc<str>, Source>,
    /// The spec's file.
    pub spec: &'a Arc<str>,
}

/// Reads what the spec names.
pub fn read(files: &Files<'_>, spec: &Spec, found: &mut Diagnostics) -> Trust {
    let Spec { repository, certificates, workspaces, .. } = spec;
    // What the URL has no use for is a finding of its own (`setting-without-effect`).
    let host_keys = repository.host_keys.as_ref().filter(|_| repository.proof() == Proof::HostKey);
    let ca = repository.ca.as_ref().filter(|_| repository.proof() == Proof::Certificate);
    let (acme, issuer) = match &certificates.issuer {
        Issuer::Acme(acme) => (acme.ca.as_ref(), None),
        Issuer::Ca(authority) => (None, Some(&authority.certificate)),
        Issuer::Staging | Issuer::Production | Issuer::SelfSigned => (None, None),
    };
    let oidc = workspaces.oidc().and_then(|it| it.ca.as_ref());
    let host_keys = host_keys
        .and_then(|it| files.source(it, HOST_KEYS, found))
        .and_then(|it| host_keys_of(it, repository, found));
    let mut certified = |file: Option<&SpecFile>, keys: &[&str]| {
        let source = files.source(file?, keys, found)?;
        authorities(source, keys == ISSUER_CERTIFICATE, found)
    };
    Trust {
        host_keys,
        repository: certified(ca, REPOSITORY_CA),
        acme: certified(acme, ACME_CA),
        issuer: certified(issuer, ISSUER_CERTIFICATE),
        oidc: certified(oidc, OIDC_CA),
    }
}

impl<'a> Files<'a> {
    /// The text of a file, without the marks of a merge.
    fn source(
        &self,
        file: &SpecFile,
        keys: &[&str],
        found: &mut Diagnostics,
    ) -> Option<&'a Source> {
        let path = path(file);
        let Some(source) = self.texts.get(&path) else {
            let place = Place::Value { file: Arc::clone(self.spec), path: field(keys) };
            let finding = FILE_NAMED_MISSING.at(place, format!("there is no file `{path}`"));
            // What a section is about goes with the section.
            let named = keys.strip_suffix(&["certificate"]).unwrap_or(keys);
            found.push(finding.help(format!("put it there, or remove `{}`", named.join("."))));
            return None;
        };
        found.extend(source.conflicts().cloned());
        source.conflicts().next().is_none().then_some(source)
    }
}

fn host_keys_of(
    source: &Source,
    repository: &Repository,
    found: &mut Diagnostics,
) -> Option<HostKeys> {
    let url = &repository.url;
    let server = trust::server(url.host(), url.port());
    match known_hosts::keys(&source.text, &server) {
        Ok(keys) => Some(HostKeys { server, keys }),
        Err(Refusal { why, line }) => {
            let file = Arc::clone(&source.file);
            let place = line.map_or_else(
                || Place::File(Arc::clone(&file)),
                |span| Place::Span { file: Arc::clone(&file), span },
            );
            found.push(host_keys_invalid(place, why, repository, &server));
            None
        }
    }
}

/// The command that asks a server for its keys.
fn keyscan(repository: &Repository) -> String {
    let (host, port) = (repository.url.host(), repository.url.port());
    if port == 22 { format!("ssh-keyscan {host}") } else { format!("ssh-keyscan -p {port} {host}") }
}

fn host_keys_invalid(
    place: Place,
    why: known_hosts::Why,
    repository: &Repository,
    server: &str,
) -> Diagnostic {
    use known_hosts::Why;
    let scan = keyscan(repository);
    let line = format!("write a line as `{scan}` prints it: the server, the kind of key, the key");
    let (message, help) = match why {
        Why::Private => (
            "there is a private key in it: everyone who can read the repository knows the key"
                .to_owned(),
            format!(
                "remove it, make a new one and withdraw this one at the server; the file is for \
                 the server's own public keys, as `{scan}` prints them"
            ),
        ),
        Why::Words => ("this line is not one of `known_hosts`".to_owned(), line),
        Why::Key => ("the key of this line is damaged, or of another kind".to_owned(), line),
        Why::Marker(marker) => (
            format!("a line with the marker `{marker}` is not read: Argo CD takes keys only"),
            line,
        ),
        Why::Nobody(others) => {
            let has = match &*others {
                [] => "it has no key in clear text".to_owned(),
                [one] => format!("it has those of `{one}`"),
                [one, rest @ ..] => format!("it has those of `{one}` and {} more", rest.len()),
            };
            (
                format!("there is no key of `{server}` in it: {has}"),
                format!(
                    "add the output of `{scan}`, after you have compared it with what the server's \
                     administrator says"
                ),
            )
        }
    };
    HOST_KEYS_INVALID.at(place, message).help(help)
}

/// The certificates in a file; the first of them may have to certify others itself.
fn authorities(source: &Source, certifies: bool, found: &mut Diagnostics) -> Option<Authorities> {
    match authority::parse(source.text.as_bytes()) {
        Ok(bundle) if certifies && !bundle.certifies => {
            let message = "the first certificate in it may not certify others (`CA:TRUE`, or \
                           `keyCertSign` among its key usages, is missing)";
            let finding = AUTHORITIES_INVALID.at(Place::File(Arc::clone(&source.file)), message);
            found.push(finding.help(
                "write the certificate of the authority first, and after it those of the \
                 authorities above it",
            ));
            None
        }
        Ok(bundle) if certifies && !bundle.is_chain => {
            let message = "its certificates are no chain: one of them is not certified by the \
                           next";
            let finding = AUTHORITIES_INVALID.at(Place::File(Arc::clone(&source.file)), message);
            found.push(finding.help(
                "leave the certificate of the one authority that certifies here, and after it \
                 those of the authorities above it; a new authority takes the old one's place",
            ));
            None
        }
        Ok(Bundle { text, valid, .. }) => Some(Authorities { text: text.into(), valid }),
        Err(BundleError { why, line }) => {
            let file = Arc::clone(&source.file);
            let place = match line {
                Some(span) => Place::Span { file, span },
                None => Place::File(file),
            };
            found.push(authorities_invalid(place, why));
            None
        }
    }
}

fn authorities_invalid(place: Place, why: authority::Why) -> Diagnostic {
    use authority::Why;
    let certificate = "write the certificate of the authority here, from \
                       `-----BEGIN CERTIFICATE-----` to its end";
    let (message, help) = match why {
        Why::Missing => ("there is no certificate in it".to_owned(), certificate),
        Why::Malformed => {
            ("it is damaged: it is not a certificate in PEM form".to_owned(), certificate)
        }
        Why::Private => (
            "there is a private key in it: everyone who can read the repository can certify with \
             it whatever they like"
                .to_owned(),
            "remove it and make a new authority; the file is for certificates only",
        ),
        Why::Other(label) => (
            format!("there is a `{label}` in it: there must be certificates and nothing else"),
            certificate,
        ),
        Why::OfServer => (
            "this is the certificate of a server and not that of an authority".to_owned(),
            "write the certificate of the authority that has signed it in its place: it stays the \
             same when the server's is renewed",
        ),
    };
    AUTHORITIES_INVALID.at(place, message).help(help)
}

/// Argo CD asks nobody whether a new host key is right: it refuses. A line that is added to its
/// ConfigMap by hand is gone at its next look, since the ConfigMap is in Git. Asked of the whole, so
/// that `espalier init` writes a spec of such a server, of which nobody has asked the keys yet.
pub fn missing(view: &WholeView<'_>, found: &mut Diagnostics) {
    let spec = &view.spec.platform.spec;
    let repository = &spec.repository;
    let server = trust::server(repository.url.host(), repository.url.port());
    if !spec.components.argocd.enabled
        || repository.proof() != Proof::HostKey
        || repository.host_keys.is_some()
        || KNOWN_HOSTS.contains(&&*server)
    {
        return;
    }
    let scan = keyscan(repository);
    found.push(
        HOST_KEYS_MISSING
            .at(
                view.spec.value(&["repository", "url"]),
                format!("Argo CD does not know the host key of `{server}`, and refuses to fetch"),
            )
            .help(format!(
                "run `{scan} > spec/known_hosts`, compare it with what the server's administrator \
                 says, and write `hostKeys: known_hosts`"
            ))
            .note(format!("it knows those of {}", KNOWN_HOSTS.join(", "))),
    );
}

/// What the dates of the authorities mean at a moment (seconds since 1970, UTC). `file` is the
/// spec's.
pub fn validity<'a>(
    trust: &'a Trust,
    file: &'a Arc<str>,
    now: i64,
) -> impl Iterator<Item = Diagnostic> + 'a {
    let all = [
        (REPOSITORY_CA, trust.repository.as_ref(), "Argo CD cannot fetch the repository"),
        (ACME_CA, trust.acme.as_ref(), "cert-manager cannot ask the ACME server"),
        (OIDC_CA, trust.oidc.as_ref(), "the API server takes no token of the issuer"),
        (ISSUER_CERTIFICATE, trust.issuer.as_ref(), "no browser takes a certificate of it"),
    ];
    all.into_iter().filter_map(move |(keys, authorities, without)| {
        let place = Place::Value { file: Arc::clone(file), path: field(keys) };
        expires(authorities?, place, without, keys == ISSUER_CERTIFICATE, now)
    })
}

/// Of several authorities one that is valid is enough; of a chain, all have to be.
fn expires(
    authorities: &Authorities,
    place: Place,
    without: &str,
    is_chain: bool,
    now: i64,
) -> Option<Diagnostic> {
    let (not_yet, expired, expiring, help) = if is_chain {
        (
            "a certificate of the chain is not valid yet",
            "a certificate of the chain has expired",
            "a certificate of the chain expires",
            "write the certificate of the next authority in its place, and seal its key: `espalier \
             seal --rotate certificate-authority --from-file FILE`",
        )
    } else {
        (
            "no certificate in the file is valid yet",
            "every certificate in the file has expired",
            "the certificates in the file expire",
            "write the certificates into the file that the authority has now; during the change, \
             the old and the new one side by side",
        )
    };
    let (mut begins, ends) =
        (authorities.valid.iter().map(|it| it.0), authorities.valid.iter().map(|it| it.1));
    let last = if is_chain { ends.min()? } else { ends.max()? };
    let has_begun = if is_chain { begins.all(|it| it <= now) } else { begins.any(|it| it <= now) };
    if !has_begun {
        return Some(
            AUTHORITIES_EXPIRE
                .error_at(place, format!("{not_yet}: {without}"))
                .help("check the clock of this machine, and the certificates"),
        );
    }
    let finding = match (last - now).div_euclid(DAY) {
        WARN_DAYS.. => return None,
        ..0 => AUTHORITIES_EXPIRE.error_at(place, format!("{expired}: {without}")),
        0 => AUTHORITIES_EXPIRE.warning_at(place, format!("{expiring} today")),
        1 => AUTHORITIES_EXPIRE.warning_at(place, format!("{expiring} in 1 day")),
        days => AUTHORITIES_EXPIRE.warning_at(place, format!("{expiring} in {days} days")),
    };
    Some(finding.help(help))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{DAY, expires, named};
    use crate::{diag::diagnostic::Place, platform::trust::Authorities, yaml::source::Source};

    #[test]
    fn of_a_chain_the_first_end_counts_and_of_a_bundle_the_last() {
        let authorities =
            Authorities { text: "".into(), valid: vec![(0, 5 * DAY), (DAY, 4000 * DAY)] };
        let said = |is_chain, now| {
            let place = Place::File(Arc::from("spec/platform.yaml"));
            expires(&authorities, place, "nothing works", is_chain, now).map(|it| it.message)
        };
        let says =
            |is_chain, now, words: &str| said(is_chain, now).is_some_and(|it| it.contains(words));
        assert!(says(true, 2 * DAY, "the chain expires in 3 days"));
        assert!(says(true, 6 * DAY, "the chain has expired"));
        assert_eq!((said(false, 2 * DAY), said(false, 6 * DAY)), (None, None));
        // One of them is not valid yet.
        assert!(says(true, 0, "not valid yet"));
        assert_eq!(said(false, 0), None);
    }

    #[test]
    fn files_that_are_named_are_told_before_the_spec_is_read() {
        let named = |text: &str| named(&Source::parse("spec/platform.yaml", text));
        let all = "spec: {repository: {hostKeys: known_hosts, ca: ca.pem}}";
        assert_eq!(named(all), ["spec/ca.pem".into(), "spec/known_hosts".into()]);
        let twice = "spec: {repository: {hostKeys: x, ca: x}}";
        assert_eq!(named(twice), ["spec/x".into()]);
        for none in ["", "spec: 1", "spec: {repository: {ca: ../x, hostKeys: [x]}}"] {
            assert!(named(none).is_empty(), "{none}");
        }
    }
}
