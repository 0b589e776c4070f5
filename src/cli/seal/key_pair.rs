//! `seal init`: the key pair that values are sealed with, or the certificate of a cluster that has
//! one.

use std::{
    fs::File,
    io::{ErrorKind, Read as _},
    path::{Path, PathBuf},
    process::Command,
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
        outcome::Outcome,
        sources::Work,
    },
    platform::files::SEALING,
    seal::{certificate::Certificate, key_pair},
    yaml::source::MAX_SIZE,
};

/// Where the controller serves its certificate: through the API server, so that nobody needs the
/// right to read Secrets. `kubeseal` asks there too.
const SERVED_AT: &str =
    "/api/v1/namespaces/kube-system/services/http:sealed-secrets-controller:http/proxy/v1/cert.pem";

/// Runs the verb.
///
/// # Errors
/// When something is there that would be overwritten, or a file cannot be written.
pub fn run(
    disk: &dyn Disk,
    work: &Work,
    args: &InitArgs,
    now: i64,
    console: &mut Console,
) -> anyhow::Result<Outcome> {
    let target = work.root.join(SEALING);
    let there = disk.look(&target).with_context(|| format!("cannot look at {SEALING}"))?;
    if there.is_some() && !args.replace {
        bail!(
            "{SEALING} is there already: values are sealed with it. `--replace` takes another one; \
             whatever is sealed has to be sealed again then (`espalier seal --reseal`)"
        );
    }
    let takes = args.from_key || args.from_cluster || args.certificate.is_some();
    if !takes
        && !args.replace
        && let Some(way) = ways::back(disk, work)
    {
        bail!(
            "{SEALING} is lost, and nothing has to be sealed anew: {way}; with `--replace` another \
             key pair is made all the same"
        );
    }
    disk.create_folders(&work.root.join("spec")).context("cannot make spec/")?;
    if args.from_key {
        return from_key(disk, work, args, now, console);
    }
    if args.from_cluster || args.certificate.is_some() {
        let (text, from) = existing(args)?;
        let certificate = Certificate::parse(text.as_bytes())
            .with_context(|| format!("cannot take the certificate of {from}"))?;
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
            "its private key stays where it is; back it up there: without it nothing that is \
             sealed can be opened\n",
        );
        console.say(&format!("next: `{}`\n", ways::next(disk, work, &certificate, None)));
        return Ok(Outcome::Clean);
    }
    let key = outside(&work.root, &key_file(work, args.key.as_deref())?)?;
    let key = free(disk, key, args)?;
    let folder = key.parent().unwrap_or(Path::new("/"));
    disk.create_folders(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    // Once more, now that every folder of it is there.
    ensure!(outside(&work.root, &key)? == key, "{} leads somewhere else", key.display());
    let bits: usize = args.bits.parse().context("a number of bits")?;
    console.say(&format!("making an RSA key of {bits} bits…\n"));
    let pair = key_pair::make(&mut OsRng, bits, now - DAY, now + args.days * DAY)
        .context("cannot make the key pair")?;
    write(disk, &target, &pair.certificate, &key, pair.private_key.as_bytes())?;
    let certificate = Certificate::parse(pair.certificate.as_bytes())
        .context("the certificate that was made cannot be read")?;
    // Where the key does not lie at its place, another platform's or the one before may: sealing
    // asks which is meant.
    let next = ways::next(disk, work, &certificate, Some(&key));
    console.say(&format!(
        "wrote {SEALING}: the certificate, to be committed, valid until {}\nwrote {}: the private \
         key, which nobody but its owner may read\n\nBack the private key up now, where you keep \
         passwords: without it nothing that is sealed can be opened when the node is lost, and \
         whoever has it can open everything. Never commit it. `bootstrap/bootstrap.sh` gives it to \
         the cluster before the controller starts.\nnext: `{next}`\n",
        clock::written(now + args.days * DAY),
        key.display()
    ));
    Ok(Outcome::Clean)
}

/// Makes another certificate for a private key that is there. What was sealed with the first one
/// opens as before: the files that this key opens name the new one then, and nothing has to be
/// sealed again.
fn from_key(
    disk: &dyn Disk,
    work: &Work,
    args: &InitArgs,
    now: i64,
    console: &mut Console,
) -> anyhow::Result<Outcome> {
    let path = match &args.key {
        Some(_) => key_file(work, args.key.as_deref())?,
        None => its_key(disk, work)?,
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
    for (file, source, it) in opened::files(work) {
        // Another key's file stays as it is: `check` says that it is one.
        let Ok(values) = opened::values(&key, &it.metadata.name, &it.spec) else {
            stays.push(file.to_string());
            continue;
        };
        opens |= !values.is_empty();
        if let Some(old) = &it.spec.certificate {
            files.push((file, source.text.replace(&**old, certificate.fingerprint())));
        }
    }
    ensure!(
        opens || stays.is_empty(),
        "the private key {name} opens nothing of what is sealed ({}): a certificate of it would be \
         another key pair's; say with `--key FILE` where the key is that opens it; `espalier seal \
         init --replace --key FILE` makes another pair",
        stays.join(", ")
    );
    disk::replace(disk, &work.root.join(SEALING), &pem)
        .with_context(|| format!("cannot write {SEALING}"))?;
    console.say(&format!(
        "wrote {SEALING}: another certificate for the key {name}, valid until {}\n",
        clock::written(certificate.not_after())
    ));
    for (file, text) in &files {
        disk::replace(disk, &work.root.join(file), text)
            .with_context(|| format!("cannot write {file}"))?;
        console.say(&format!("{file}: the key opens it, so it names the new certificate now\n"));
    }
    Ok(Outcome::Clean)
}

/// The place for a new private key: none is overwritten. Who replaces the certificate gets a file
/// beside the one that is there.
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
        "{} is there already, and a private key is not overwritten: where it is this platform's, \
         `espalier seal init{replace} --from-key{its}` makes a certificate for it; where it is \
         not, `espalier seal init{replace} --key {other}` makes a pair of its own",
        key.display()
    )
}

/// The private key that a lost certificate belongs to: of several that are here, the one that opens
/// what is sealed.
fn its_key(disk: &dyn Disk, work: &Work) -> anyhow::Result<PathBuf> {
    let keys = opened::keys(disk, work);
    let openers = ways::openers(&keys, work);
    match (openers.as_slice(), keys.as_slice()) {
        ([it], _) => Ok(it.path.clone()),
        // Nothing is sealed, or nothing of it can be opened.
        ([], [it]) => Ok(it.path.clone()),
        ([], []) => key_file(work, None),
        ([] | [_, ..], _) => {
            let lines: Vec<String> = keys
                .iter()
                .map(|key| {
                    format!("`espalier seal init --from-key --key {}`", ways::shown(&key.path))
                })
                .collect();
            bail!("several private keys are here, so say which: {}", lines.join(" or "))
        }
    }
}

/// Writes both halves, or neither: half a pair is worth nothing, and would stand in the way of the
/// next.
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
        // Somebody else's file, which came meanwhile, stays.
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

/// The certificate alone: what stands around it in the file is nobody's business.
fn block(text: &str) -> String {
    const END: &str = "-----END CERTIFICATE-----";
    let from = text.find("-----BEGIN CERTIFICATE-----").unwrap_or(0);
    let to = text[from..].find(END).map_or(text.len(), |it| from + it + END.len());
    format!("{}\n", text[from..to].replace('\r', ""))
}

/// The certificate that a file or the cluster has, and where it is from.
fn existing(args: &InitArgs) -> anyhow::Result<(String, String)> {
    let Some(path) = &args.certificate else { return from_cluster() };
    let name = path.display().to_string();
    // A pipe will do too: `--certificate <(kubeseal --fetch-cert)`.
    let file = File::open(path).with_context(|| format!("cannot read {name}"))?;
    let mut text = String::new();
    file.take(MAX_SIZE + 1)
        .read_to_string(&mut text)
        .with_context(|| format!("{name} is not PEM"))?;
    ensure!(text.len() as u64 <= MAX_SIZE, "{name} has more than 1 MiB: that is no certificate");
    Ok((text, name))
}

#[expect(
    clippy::disallowed_methods,
    reason = "kubectl, with the user's own environment: it reads the user's kubeconfig"
)]
fn from_cluster() -> anyhow::Result<(String, String)> {
    let done = Command::new("kubectl")
        .args(["get", "--raw", SERVED_AT])
        .output()
        .context("cannot run kubectl: is it installed?")?;
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr);
        bail!(
            "kubectl cannot get the certificate of the sealed-secrets controller: {}",
            said.trim()
        );
    }
    Ok((
        String::from_utf8(done.stdout).context("the cluster's certificate is not PEM")?,
        "the cluster".to_owned(),
    ))
}
