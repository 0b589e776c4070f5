//! Commands to paste next: to restore a lost certificate, to put a key beside another one, to move
//! from one key pair to the next.

use std::path::{Path, PathBuf};

use crate::{
    cli::{disk::Disk, git::Git, session::Session, shell::quoted, sources::Work},
    platform::{files::SEALING, sealed::SealedCredential},
    seal::certificate::Certificate,
};

use super::{
    opened::{self, FoundKey, opens},
    trust::{self, Doubt},
};

/// The readable sealed credentials of the spec.
fn sealed(work: &Work) -> Vec<SealedCredential> {
    opened::files(work).map(|it| it.2).collect()
}

/// The keys that decrypt some of the sealed values.
pub fn openers<'a>(keys: &'a [FoundKey], work: &Work) -> Vec<&'a FoundKey> {
    let files = sealed(work);
    keys.iter().filter(|key| files.iter().any(|it| opens(&key.key, it))).collect()
}

/// How to restore a lost certificate without sealing anything again: from the commit that has it,
/// else from its private key.
pub fn back(session: Session<'_>) -> Option<String> {
    let Session { work, .. } = session;
    if let Some(line) = checkout(&work.root) {
        return Some(format!("`{line}` restores it"));
    }
    let keys = opened::keys(session);
    let its = openers(&keys, work);
    let its = its.first()?.path.display();
    Some(format!(
        "`espalier seal init --from-key` creates a new certificate for its private key, which is \
         at {its}"
    ))
}

/// The command that restores the certificate from the last commit that has it.
fn checkout(root: &Path) -> Option<String> {
    let git = Git::of(root).ok()?;
    let path = git.path(SEALING);
    let revision = if trust::committed(root, "HEAD").is_some() {
        "HEAD".to_owned()
    } else {
        let gone = git
            .knows(&["rev-list", "--max-count=1", "--abbrev-commit", "HEAD", "--", &path])
            .ok()??;
        Some(format!("{gone}^"))
            .filter(|it| !gone.is_empty() && trust::committed(root, it).is_some())?
    };
    Some(git.line(&["checkout", &revision, "--", &path]))
}

/// The first free path beside a private key: `2-sealing-key.pem`, which `.gitignore` matches too.
pub fn beside(disk: &dyn Disk, key: &Path) -> PathBuf {
    let name = key.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let free = |path: &PathBuf| matches!(disk.look(path), Ok(None));
    (2..1000)
        .map(|it| key.with_file_name(format!("{it}-{name}")))
        .find(free)
        .unwrap_or_else(|| key.to_owned())
}

/// The next command after a new `spec/sealing.pem`, with the paths of the known keys: the one that
/// decrypts the current values, and the one that the certificate belongs to. The user has just put
/// the certificate there, so it is trusted.
pub fn next(session: Session<'_>, certificate: &Certificate, named: Option<&Path>) -> String {
    let (line, doubt) = line(session, certificate);
    whole(line, doubt.as_ref(), named)
}

/// The same for a certificate that was found: if there is a doubt about it, the user checks first.
pub fn again(session: Session<'_>, certificate: &Certificate) -> String {
    let Session { work, .. } = session;
    let (line, doubt) = line(session, certificate);
    let is_known = doubt.is_none();
    let line = whole(line, doubt.as_ref(), None);
    if is_known {
        return format!("`{line}`");
    }
    let log = Git::of(&work.root)
        .map(|git| format!(" (`{}`)", git.line(&["log", "--", &git.path(SEALING)])))
        .unwrap_or_default();
    format!(
        "check who changed {SEALING}{log}, because nothing here confirms that it is yours; if it \
         is, run `{line}`"
    )
}

/// The command that seals with a certificate, and the doubt about the certificate.
fn line(session: Session<'_>, certificate: &Certificate) -> (String, Option<Doubt>) {
    let Session { work, .. } = session;
    let files = sealed(work);
    let mut line = if files.is_empty() {
        "espalier seal --generate-missing".to_owned()
    } else {
        "espalier seal --reseal".to_owned()
    };
    let is_old = |credential: &&SealedCredential| {
        credential.spec.certificate.as_ref().is_none_or(|it| **it != *certificate.fingerprint())
    };
    let old: Vec<&SealedCredential> = files.iter().filter(is_old).collect();
    // A key that decrypts all of them; if several are needed, `--reseal` finds one for each file.
    let keys = opened::keys(session);
    let opener = keys
        .iter()
        .find(|key| !old.is_empty() && old.iter().all(|it| opens(&key.key, it)))
        .map(|it| &*it.path);
    if let Some(path) = opener {
        line.push_str(" --key ");
        line.push_str(&shown(path));
    }
    let doubt = trust::doubt(session, opener, certificate);
    (line, doubt.unwrap_or_else(|why| Some(Doubt { why: why.to_string(), its: None })))
}

/// A command with the flag that settles the doubt: the private key or, if that is in a cluster or
/// elsewhere, the user's confirmation.
fn whole(line: String, doubt: Option<&Doubt>, named: Option<&Path>) -> String {
    let Some(doubt) = doubt else { return line };
    match named.or(doubt.its.as_deref()) {
        Some(its) => format!("{line} --private-key {}", shown(its)),
        None => format!("{line} --accept-certificate"),
    }
}

/// A path, quoted for a shell.
pub fn shown(path: &Path) -> String {
    quoted(&path.display().to_string())
}
