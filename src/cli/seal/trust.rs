//! Whether `spec/sealing.pem` is trustworthy: a pull request can replace it, and values sealed with
//! the replacement can be decrypted by its author.

#![expect(
    clippy::disallowed_methods,
    reason = "a private key is read outside of the repository, into memory that is wiped"
)]

use std::{
    collections::BTreeSet,
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
    time::SystemTime,
};

use anyhow::{Context as _, ensure};
use zeroize::Zeroizing;

use super::{args::SealArgs, opened, paths::private_folder};
use crate::{
    cli::{
        console::Console,
        disk::{Disk, EntryKind},
        git::Git,
        session::Session,
        sources::Work,
    },
    platform::files::SEALING,
    seal::{certificate::Certificate, key_pair},
};

/// A size in bytes that no private key exceeds.
const LARGEST: u64 = 1 << 16;

/// A private key on this machine, compared with the certificate.
struct Held {
    path: PathBuf,
    /// When the file was modified; none if that is unknown.
    modified: Option<SystemTime>,
    /// Whether the certificate belongs to it, or why that is unknown.
    is_its: Result<bool, String>,
}

/// Compares the certificate with the private keys on this machine or, if there are none, with what
/// Git and the sealed files say.
///
/// The platform's name comes from a commit, so it does not decide which keys are examined: all of
/// them are. It only decides which key the certificate has to belong to.
///
/// # Errors
/// When it does not belong to this platform's newest private key, or Git or sealed files name
/// another one, and no flag says that it is right.
pub fn certificate(
    session: Session<'_>,
    args: &SealArgs,
    certificate: &Certificate,
    console: &mut Console,
) -> anyhow::Result<()> {
    if let Some(path) = &args.private_key {
        let held = held(path.clone(), certificate);
        let is_its = held.is_its.map_err(|why| anyhow::anyhow!("{} {why}", path.display()))?;
        return if is_its {
            Ok(())
        } else {
            doubted(args, &not_its(certificate, &path.display().to_string()), console)
        };
    }
    if let Some(doubt) = doubt(session, args.key.as_deref(), certificate)? {
        return doubted(args, &doubt.why, console);
    }
    if let Some(warning) = fingerprint_warning(session, args.key.as_deref(), certificate)? {
        console.say(&warning);
    }
    Ok(())
}

/// The reason not to seal with a certificate, unless the user confirms it.
pub struct Doubt {
    /// The reason as text.
    pub why: String,
    /// The private key on this machine that the certificate belongs to.
    pub its: Option<PathBuf>,
}

/// This platform's configuration folder, and every private key on this machine.
fn here(
    session: Session<'_>,
    key: Option<&Path>,
    certificate: &Certificate,
) -> anyhow::Result<(Option<PathBuf>, Vec<Held>)> {
    let Session { disk, work, .. } = session;
    let own = private_folder(work).ok();
    let mut keys = match own.as_deref().and_then(Path::parent) {
        Some(folder) => keys(disk, folder, certificate)?,
        None => Vec::new(),
    };
    if let Some(path) = key {
        // This key decrypts old values, which says nothing about the certificate to seal with.
        keys.push(Held { is_its: Ok(false), ..held(path.to_owned(), certificate) });
    }
    Ok((own, keys))
}

/// The reason not to trust a certificate, if any; `key` decrypts the old values.
///
/// # Errors
/// When a folder of private keys cannot be listed.
pub fn doubt(
    session: Session<'_>,
    key: Option<&Path>,
    certificate: &Certificate,
) -> anyhow::Result<Option<Doubt>> {
    let Session { work, .. } = session;
    let (own, keys) = here(session, key, certificate)?;
    if keys.is_empty() {
        return Ok(known_elsewhere(work, certificate).map(|why| Doubt { why, its: None }));
    }
    let is_its = |held: &&Held| held.is_its == Ok(true);
    let is_own = |held: &&Held| held.path.parent() == own.as_deref();
    let its = keys
        .iter()
        .filter(is_its)
        .filter(is_own)
        .max_by_key(|it| it.modified)
        .or_else(|| keys.iter().find(is_its));
    let why = if let Some(its) = its.filter(is_own) {
        let is_newer = |held: &&Held| held.modified.is_none() || held.modified > its.modified;
        let Some(newer) = keys.iter().filter(is_own).filter(|it| !is_its(it)).find(is_newer) else {
            return Ok(None);
        };
        let (its, newer) = (its.path.display(), newer.path.display());
        format!(
            "{SEALING} ({}) belongs to {its}, but {newer} beside it is a newer private key",
            certificate.fingerprint()
        )
    } else if let Some(its) = its {
        let place = own.as_deref().unwrap_or(Path::new("")).display();
        format!(
            "{SEALING} ({}) belongs to {}, which is not in this platform's folder {place}",
            certificate.fingerprint(),
            its.path.display()
        )
    } else {
        let names = keys.iter().map(|key| match &key.is_its {
            Ok(_) => key.path.display().to_string(),
            Err(why) => format!("{} (it {why})", key.path.display()),
        });
        not_its(certificate, &names.collect::<Vec<_>>().join(", "))
    };
    Ok(Some(Doubt { why, its: its.map(|it| it.path.clone()) }))
}

fn not_its(certificate: &Certificate, keys: &str) -> String {
    format!(
        "{SEALING} ({}) does not belong to the private key in {keys}",
        certificate.fingerprint()
    )
}

/// Refuses, unless `--accept-certificate` confirms the certificate.
fn doubted(args: &SealArgs, doubt: &str, console: &mut Console) -> anyhow::Result<()> {
    ensure!(
        args.accept_certificate,
        "{doubt}: whoever put it there could unseal what is sealed with it, and your cluster \
         could not; check who changed that file (`git log -- {SEALING}`); if its private key is \
         elsewhere, name that key with `--private-key FILE`, or pass `--accept-certificate`"
    );
    console.say(&format!("warning: {doubt}; it is used all the same\n"));
    Ok(())
}

/// Without a private key to compare with, the certificate has to be the one that Git and the sealed
/// files name; returns those that name another one.
fn known_elsewhere(work: &Work, certificate: &Certificate) -> Option<String> {
    let mut others = BTreeSet::new();
    for (file, _, sealed) in opened::files(work) {
        let its = sealed.spec.certificate;
        others.extend(
            its.filter(|its| **its != *certificate.fingerprint())
                .map(|its| format!("{file} is sealed with {}", &*its)),
        );
    }
    for (revision, name) in
        [("HEAD", "the last commit"), ("@{upstream}", "the branch that was fetched")]
    {
        let its = committed(&work.root, revision).filter(|its| its != certificate.fingerprint());
        others.extend(its.map(|its| format!("{name} has {its}")));
    }
    let others: Vec<String> = others.into_iter().collect();
    let all = others.join(", ");
    (!others.is_empty()).then(|| {
        format!(
            "{SEALING} is {}, and no private key on this machine confirms it, but {all}",
            certificate.fingerprint()
        )
    })
}

/// A warning with the fingerprint, if there is no private key here to compare with.
fn fingerprint_warning(
    session: Session<'_>,
    key: Option<&Path>,
    certificate: &Certificate,
) -> anyhow::Result<Option<String>> {
    let Session { work, .. } = session;
    if !here(session, key, certificate)?.1.is_empty() {
        return Ok(None);
    }
    let changed = before(&work.root).filter(|was| was.1 != certificate.fingerprint());
    let changed = changed
        .map(|(commit, was)| format!("; commit {commit} replaced {was} with it"))
        .unwrap_or_default();
    Ok(Some(format!(
        "warning: no private key on this machine confirms {SEALING}: compare its fingerprint \
         with the one you know, {}{changed}\n",
        certificate.fingerprint()
    )))
}

/// The last commit that changed the certificate, and the fingerprint of the certificate before it.
fn before(root: &Path) -> Option<(String, String)> {
    let git = Git::of(root).ok()?;
    let commit = git
        .knows(&[
            "log",
            "-1",
            "--no-show-signature",
            "--format=%H",
            "HEAD",
            "--",
            &git.path(SEALING),
        ])
        .ok()??;
    let was = committed(root, &format!("{commit}~1"))?;
    Some((commit.get(..12)?.to_owned(), was))
}

/// The fingerprint of the certificate in a revision; none if there is no repository, no such
/// revision, or no certificate in it.
pub fn committed(root: &Path, revision: &str) -> Option<String> {
    let git = Git::of(root).ok()?;
    let commit = git
        .knows(&[
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &format!("{revision}^{{commit}}"),
        ])
        .ok()??;
    let text =
        git.knows(&["cat-file", "blob", &format!("{commit}:{}", git.path(SEALING))]).ok()??;
    Some(Certificate::parse(text.as_bytes()).ok()?.fingerprint().to_owned())
}

/// Every private key in the user's configuration folder and in the platforms' folders below it.
/// Symbolic links are followed, because this is the user's own folder.
fn keys(disk: &dyn Disk, folder: &Path, certificate: &Certificate) -> anyhow::Result<Vec<Held>> {
    let mut all = Vec::new();
    let name = folder.display();
    if disk.look(folder).with_context(|| format!("cannot look at {name}"))?.is_none() {
        return Ok(all);
    }
    let mut folders = vec![folder.to_owned()];
    while let Some(place) = folders.pop() {
        let listing = disk
            .list(&place)
            .with_context(|| format!("cannot list {}, where private keys are", place.display()))?;
        for entry in listing {
            let path = place.join(&entry.name);
            let is_named = entry.name.as_encoded_bytes().ends_with(b".pem");
            let kind = match entry.kind {
                EntryKind::Other => {
                    disk.resolve(&path).and_then(|it| disk.look(&it)).ok().flatten().map(|it| it.0)
                }
                kind => Some(kind),
            };
            match kind {
                Some(EntryKind::Folder) if place == folder => folders.push(path),
                Some(EntryKind::File) if is_named => all.push(held(path, certificate)),
                None | Some(EntryKind::Other) if is_named || place == folder => {
                    let is_its = Err("is a broken link, or not a file".to_owned());
                    all.push(Held { path, modified: None, is_its });
                }
                _ => {}
            }
        }
    }
    all.retain(|it| it.is_its.as_ref().err().is_none_or(|why| why != NO_KEY));
    Ok(all)
}

/// The message about a file that is not a key, such as a certificate beside one.
const NO_KEY: &str = "contains no RSA private key in PEM";

fn held(path: PathBuf, certificate: &Certificate) -> Held {
    let modified = path.metadata().and_then(|it| it.modified()).ok();
    let is_its = match read(&path) {
        Err(why) => Err(format!("cannot be read: {why}; give yourself permission to read it")),
        Ok(bytes) => key_pair::belongs(&bytes, certificate).ok_or_else(|| {
            let has = |words: &[u8]| bytes.windows(words.len()).any(|it| it == words);
            match has(b"PRIVATE KEY-----") {
                true if has(b"ENCRYPTED") => {
                    "has a passphrase: write it without one (`openssl pkey -in FILE -out OTHER`)"
                        .to_owned()
                }
                true => "cannot be used: it is damaged, or not an RSA key".to_owned(),
                false => NO_KEY.to_owned(),
            }
        }),
    };
    Held { path, modified, is_its }
}

/// Reads a private key, of which only the public half is used; the copy is wiped.
fn read(path: &Path) -> std::io::Result<Zeroizing<Vec<u8>>> {
    // One allocation: a growing buffer would leave copies in memory.
    let mut bytes =
        Zeroizing::new(Vec::with_capacity(usize::try_from(LARGEST).unwrap_or(usize::MAX)));
    File::open(path)?.take(LARGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}
