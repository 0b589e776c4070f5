//! The lines to paste that lead on: to a certificate that is lost, to a key beside another one,
//! from one key pair to the next.

use std::path::{Path, PathBuf};

use crate::{
    cli::{disk::Disk, git::Git, shell::quoted, sources::Work},
    platform::files::SEALING,
    platform::sealed::SealedCredential,
    seal::certificate::Certificate,
};

use super::{
    opened::{self, FoundKey, opens},
    trust::{self, Doubt},
};

/// The sealed values of the spec that can be read.
fn sealed(work: &Work) -> Vec<SealedCredential> {
    opened::files(work).map(|it| it.2).collect()
}

/// Those of the keys that open something that is sealed.
pub fn openers<'a>(keys: &'a [FoundKey], work: &Work) -> Vec<&'a FoundKey> {
    let files = sealed(work);
    keys.iter().filter(|key| files.iter().any(|it| opens(&key.key, it))).collect()
}

/// How a lost certificate comes back with nothing sealed anew: from the commit that has it, else
/// from its private key.
pub fn back(disk: &dyn Disk, work: &Work) -> Option<String> {
    if let Some(line) = checkout(&work.root) {
        return Some(format!("`{line}` brings it back"));
    }
    let keys = opened::keys(disk, work);
    let its = openers(&keys, work);
    let its = its.first()?.path.display();
    Some(format!(
        "`espalier seal init --from-key` makes another certificate for its private key, which is \
         at {its}"
    ))
}

/// The line that takes the certificate out of the last commit that has it.
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

/// The first place beside a private key where none lies yet: `2-sealing-key.pem`, which
/// `.gitignore` knows too.
pub fn beside(disk: &dyn Disk, key: &Path) -> PathBuf {
    let name = key.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let free = |path: &PathBuf| matches!(disk.look(path), Ok(None));
    (2..1000)
        .map(|it| key.with_file_name(format!("{it}-{name}")))
        .find(free)
        .unwrap_or_else(|| key.to_owned())
}

/// What follows a new `spec/sealing.pem`, with the paths of the keys that are known: the one that
/// opens what is sealed until now, and the one that the certificate belongs to. Whoever has just
/// put it there has said that it is right.
pub fn next(
    disk: &dyn Disk,
    work: &Work,
    certificate: &Certificate,
    named: Option<&Path>,
) -> String {
    let (line, doubt) = line(disk, work, certificate);
    whole(line, doubt.as_ref(), named)
}

/// The same for one that was found: where something stands against it, its owner looks first.
pub fn again(disk: &dyn Disk, work: &Work, certificate: &Certificate) -> String {
    let (line, doubt) = line(disk, work, certificate);
    let is_known = doubt.is_none();
    let line = whole(line, doubt.as_ref(), None);
    if is_known {
        return format!("`{line}`");
    }
    let log = Git::of(&work.root)
        .map(|git| format!(" (`{}`)", git.line(&["log", "--", &git.path(SEALING)])))
        .unwrap_or_default();
    format!(
        "look at who changed {SEALING}{log}, for nothing here says that it is yours; where it is, \
         `{line}`"
    )
}

/// The line that seals with a certificate, and what stands against it.
fn line(disk: &dyn Disk, work: &Work, certificate: &Certificate) -> (String, Option<Doubt>) {
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
    // One that opens them all: of several, `--reseal` takes for each file the one that opens it.
    let keys = opened::keys(disk, work);
    let opener = keys
        .iter()
        .find(|key| !old.is_empty() && old.iter().all(|it| opens(&key.key, it)))
        .map(|it| &*it.path);
    if let Some(path) = opener {
        line.push_str(" --key ");
        line.push_str(&shown(path));
    }
    let doubt = trust::doubt(disk, work, opener, certificate);
    (line, doubt.unwrap_or_else(|why| Some(Doubt { why: why.to_string(), its: None })))
}

/// A line with what takes the doubt away: the private key, else a word of the user's, where it is
/// in a cluster or elsewhere.
fn whole(line: String, doubt: Option<&Doubt>, named: Option<&Path>) -> String {
    let Some(doubt) = doubt else { return line };
    match named.or(doubt.its.as_deref()) {
        Some(its) => format!("{line} --private-key {}", shown(its)),
        None => format!("{line} --accept-certificate"),
    }
}

/// A path as a shell reads it.
pub fn shown(path: &Path) -> String {
    quoted(&path.display().to_string())
}
