//! `seal init`: creates the key pair that values are sealed with, or uses the certificate of a
//! cluster.

use std::{
    fs::File,
    io::{ErrorKind, Read as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail, ensure};
use rsa::rand_core::OsRng;

use super::{
    args::InitArgs,
    opened,
    paths::{key_file, outside},
    ways,
};
use crate::{
    cli::{
        clock::{self, DAY},
        console::Console,
        disk::{self, Disk},
        kubectl,
        outcome::Outcome,
        session::Session,
    },
    platform::files::SEALING,
    seal::{certificate::Certificate, key_pair},
    yaml::source::MAX_SIZE,
};

/// Where the controller serves its certificate: through the API server, so that users need no
/// permission to read Secrets. `kubeseal` uses this path too.
const SERVED_AT: &str =
    "/api/v1/namespaces/kube-system/services/http:sealed-secrets-controller:http/proxy/v1/cert.pem";

/// Runs the verb.
///
/// # Errors
/// When a file would be overwritten, or cannot be written.
pub fn run(
    session: Session<'_>,
    args: &InitArgs,
    now: i64,
    console: &mut Console,
) -> anyhow::Result<Outcome> {
    let Session { disk, work, .. } = session;
    let target = work.root.join(SEALING);
    let there = disk.look(&target).with_context(|| format!("cannot look at {SEALING}"))?;
    if there.is_some() && !args.replace {
        bail!(
            "{SEALING} already exists, and values are sealed with it. `--replace` replaces it; \
             then everything that is sealed has to be sealed again (`espalier seal --reseal`)"
        );
    }
    let takes = args.from_key || args.from_cluster || args.certificate.is_some();
    if !takes
        && !args.replace
        && let Some(way) = ways::back(session)
    {
        bail!(
            "{SEALING} is missing, but nothing has to be sealed again: {way}; `--replace` \
             creates a new key pair all the same"
        );
    }
    disk.create_folders(&work.root.join("spec")).context("cannot create spec/")?;
    if args.from_key {
        return from_key(session, args, now, console);
    }
    if args.from_cluster || args.certificate.is_some() {
        let (text, from) = existing(args)?;
        let certificate = Certificate::parse(text.as_bytes())
            .with_context(|| format!("cannot use the certificate of {from}"))?;
        ensure!(
            now <= certificate.not_after(),
            "the certificate of {from} expired on {}",
            clock::written(certificate.not_after())
        );
        disk::replace(disk, &target, &block(&text))
            .with_context(|| format!("cannot write {SEALING}"))?;
        let until = clock::written(certificate.not_after());
        console.say(&format!(
            "wrote {SEALING}: the certificate of {from}, {} bits, valid until {until}\n",
            certificate.bits()
        ));
        console.say(
            "its private key stays where it is; back it up there: without it, nothing that is \
             sealed can be unsealed\n",
        );
        console.say(&format!("next: `{}`\n", ways::next(session, &certificate, None)));
        return Ok(Outcome::Clean);
    }
    let key = outside(&work.root, &key_file(work, args.key.as_deref())?)?;
    let key = free(disk, key, args)?;
    let folder = key.parent().unwrap_or(Path::new("/"));
    disk.create_folders(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    // Check again, now that all of its folders exist.
    ensure!(outside(&work.root, &key)? == key, "{} leads somewhere else", key.display());
    let bits: usize = args.bits.parse().context("a number of bits")?;
    console.say(&format!("creating an RSA key of {bits} bits…\n"));
    let pair = key_pair::make(&mut OsRng, bits, now - DAY, now + args.days * DAY)
        .context("cannot create the key pair")?;
    write(disk, &target, &pair.certificate, &key, pair.private_key.as_bytes())?;
    let certificate = Certificate::parse(pair.certificate.as_bytes())
        .context("the certificate that was made cannot be read")?;
    // If the key is not at the usual path, a key of another platform or an older one may be there,
    // so the next command names the key.
    let next = ways::next(session, &certificate, Some(&key));
    console.say(&format!(
        "wrote {SEALING}: the certificate, valid until {}; commit it\nwrote {}: the private key, \
         which only its owner may read\n\nBack up the private key now, where you keep passwords: \
         if the node is lost, nothing can be unsealed without that key, and whoever has the key \
         can unseal everything. Never commit the key. `bootstrap/bootstrap.sh` gives the key to \
         the cluster before the controller starts.\nnext: `{next}`\n",
        clock::written(now + args.days * DAY),
        key.display()
    ));
    Ok(Outcome::Clean)
}

/// Creates a new certificate for an existing private key. The key still decrypts what was sealed
/// with the old certificate, so those files only have to name the new one, and nothing has to be
/// sealed again.
#[expect(
    clippy::disallowed_methods,
    reason = "a private key lies outside of the repository, and so outside of its `Disk`"
)]
fn from_key(
    session: Session<'_>,
    args: &InitArgs,
    now: i64,
    console: &mut Console,
) -> anyhow::Result<Outcome> {
    let Session { disk, work, .. } = session;
    let path = match &args.key {
        Some(_) => key_file(work, args.key.as_deref())?,
        None => its_key(session)?,
    };
    let name = path.display();
    ensure!(path.exists(), "there is no private key at {name}: say with `--key FILE` where it is");
    let text = opened::text(&path)?;
    let pem = key_pair::certify(&mut OsRng, &text, now - DAY, now + args.days * DAY)
        .with_context(|| format!("cannot use {name}"))?;
    let certificate = Certificate::parse(pem.as_bytes())
        .context("the certificate that was made cannot be read")?;
    let key = opened::key(&path)?;
    let mut files = Vec::new();
    let (mut opens, mut stays) = (false, Vec::new());
    for (file, source, sealed) in opened::files(work) {
        // A file of another key stays as it is: `check` reports it.
        let Ok(values) = opened::values(&key, &sealed.metadata.name, &sealed.spec) else {
            stays.push(file.to_string());
            continue;
        };
        opens |= !values.is_empty();
        if let Some(old) = &sealed.spec.certificate {
            files.push((file, source.text.replace(&**old, certificate.fingerprint())));
        }
    }
    ensure!(
        opens || stays.is_empty(),
        "the private key {name} unseals nothing that is sealed ({}), so it belongs to another \
         key pair; name the key that does with `--key FILE`, or create a new pair with `espalier \
         seal init --replace --key FILE`",
        stays.join(", ")
    );
    disk::replace(disk, &work.root.join(SEALING), &pem)
        .with_context(|| format!("cannot write {SEALING}"))?;
    console.say(&format!(
        "wrote {SEALING}: a new certificate for the private key {name}, valid until {}\n",
        clock::written(certificate.not_after())
    ));
    for (file, text) in &files {
        disk::replace(disk, &work.root.join(file), text)
            .with_context(|| format!("cannot write {file}"))?;
        console.say(&format!("{file}: the key unseals it, so it names the new certificate now\n"));
    }
    Ok(Outcome::Clean)
}

/// The path for a new private key. An existing key is never overwritten: `--replace` puts the new
/// one beside it.
fn free(disk: &dyn Disk, key: PathBuf, args: &InitArgs) -> anyhow::Result<PathBuf> {
    if disk.look(&key).with_context(|| format!("cannot look at {}", key.display()))?.is_none() {
        return Ok(key);
    }
    let other = ways::beside(disk, &key);
    if args.replace && args.key.is_none() {
        return Ok(other);
    }
    let (is, other) = (ways::shown(&key), ways::shown(&other));
    let replace = if args.replace { " --replace" } else { "" };
    let its = if args.key.is_some() { format!(" --key {is}") } else { String::new() };
    bail!(
        "{} already exists, and a private key is never overwritten: if it belongs to this \
         platform, `espalier seal init{replace} --from-key{its}` creates a certificate for the \
         key; if not, `espalier seal init{replace} --key {other}` creates a separate pair",
        key.display()
    )
}

/// The private key of a lost certificate: if there are several, the one that decrypts what is
/// sealed.
fn its_key(session: Session<'_>) -> anyhow::Result<PathBuf> {
    let Session { work, .. } = session;
    let keys = opened::keys(session);
    let openers = ways::openers(&keys, work);
    match (openers.as_slice(), keys.as_slice()) {
        ([opener], _) => Ok(opener.path.clone()),
        // Nothing is sealed, or this key decrypts none of it.
        ([], [only]) => Ok(only.path.clone()),
        ([], []) => key_file(work, None),
        ([] | [_, ..], _) => {
            let lines: Vec<String> = keys
                .iter()
                .map(|key| {
                    format!("`espalier seal init --from-key --key {}`", ways::shown(&key.path))
                })
                .collect();
            bail!("there are several private keys here, so say which: {}", lines.join(" or "))
        }
    }
}

/// Writes both files or neither: one without the other is useless, and would block the next
/// attempt.
fn write(
    disk: &dyn Disk,
    target: &Path,
    certificate: &str,
    key: &Path,
    private_key: &[u8],
) -> anyhow::Result<()> {
    let beside = disk::beside(target);
    if disk.look(&beside).with_context(|| format!("cannot look at {}", beside.display()))?.is_some()
    {
        disk.remove_file(&beside).with_context(|| format!("cannot remove {}", beside.display()))?;
    }
    let undo = |paths: &[&Path]| paths.iter().for_each(|it| drop(disk.remove_file(it)));
    disk.create(&beside, certificate.as_bytes())
        .inspect_err(|_| undo(&[&beside]))
        .with_context(|| format!("cannot write {SEALING}"))?;
    let made = disk.create_private(key, private_key);
    if let Err(error) = &made {
        // A file that another process has created meanwhile stays.
        undo(&[&beside]);
        if error.kind() != ErrorKind::AlreadyExists {
            undo(&[key]);
        }
    }
    made.with_context(|| format!("cannot write {}", key.display()))?;
    disk.rename(&beside, target)
        .inspect_err(|_| undo(&[&beside, key]))
        .with_context(|| format!("cannot write {SEALING}"))?;
    let _ = disk.sync(key.parent().unwrap_or(Path::new("/")));
    Ok(())
}

/// Only the certificate: the rest of the file is not committed.
fn block(text: &str) -> String {
    const END: &str = "-----END CERTIFICATE-----";
    let from = text.find("-----BEGIN CERTIFICATE-----").unwrap_or(0);
    let to = text[from..].find(END).map_or(text.len(), |it| from + it + END.len());
    format!("{}\n", text[from..to].replace('\r', ""))
}

/// The certificate from a file or from the cluster, and its source as text.
#[expect(
    clippy::disallowed_methods,
    reason = "a certificate may come from a pipe, outside of the repository"
)]
fn existing(args: &InitArgs) -> anyhow::Result<(String, String)> {
    let Some(path) = &args.certificate else { return from_cluster() };
    let name = path.display().to_string();
    // A pipe works too: `--certificate <(kubeseal --fetch-cert)`.
    let file = File::open(path).with_context(|| format!("cannot read {name}"))?;
    let mut text = String::new();
    file.take(MAX_SIZE + 1)
        .read_to_string(&mut text)
        .with_context(|| format!("{name} is not PEM"))?;
    ensure!(
        text.len() as u64 <= MAX_SIZE,
        "{name} is larger than 1 MiB, so it is not a certificate"
    );
    Ok((text, name))
}

fn from_cluster() -> anyhow::Result<(String, String)> {
    let of = "the certificate of the sealed-secrets controller";
    let said = kubectl::said(&["get", "--raw", SERVED_AT], of)?;
    Ok((
        String::from_utf8(said).context("the cluster's certificate is not PEM")?,
        "the cluster".to_owned(),
    ))
}
