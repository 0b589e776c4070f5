//! `seal init`: the key pair that values are sealed with, or the certificate of a cluster that has one.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, bail, ensure};

use super::{act::Random, args::InitArgs};
use crate::{
    cli::{
        clock::{self, DAY},
        console::Console,
        disk::{self, Disk, Kind},
        outcome::Outcome,
        sources::Work,
    },
    components::floor_plan::PlatformSpec,
    seal::{certificate::Certificate, key_pair},
    spec::read::{PLATFORM, SEALING},
};

/// Where the controller serves its certificate: through the API server, so that nobody needs the right to read Secrets. `kubeseal` asks there too.
const SERVED_AT: &str = "/api/v1/namespaces/kube-system/services/http:sealed-secrets-controller:http/proxy/v1/cert.pem";

/// Runs the verb.
///
/// # Errors
/// When something is there that would be overwritten, or a file cannot be written.
pub fn run(disk: &dyn Disk, work: &Work, args: &InitArgs, now: i64, console: &mut Console) -> anyhow::Result<Outcome> {
    let target = work.root.join(SEALING);
    let there = disk.look(&target).with_context(|| format!("cannot look at {SEALING}"))?;
    if there.is_some() && !args.replace {
        bail!(
            "{SEALING} is there already: values are sealed with it. `--replace` takes another one; whatever is sealed has to be sealed again then (`espalier seal --reseal`)"
        );
    }
    disk.create_folders(&work.root.join("spec")).context("cannot make spec/")?;
    if args.from_cluster || args.certificate.is_some() {
        let (text, from) = existing(disk, args)?;
        let it = Certificate::parse(text.as_bytes()).with_context(|| format!("cannot take the certificate of {from}"))?;
        ensure!(now <= it.not_after(), "the certificate of {from} expired on {}", clock::written(it.not_after()));
        disk::replace(disk, &target, &text).with_context(|| format!("cannot write {SEALING}"))?;
        console.say(&format!(
            "wrote {SEALING}: the certificate of {from}, {} bits, valid until {}\n",
            it.bits(),
            clock::written(it.not_after())
        ));
        console.say("its private key stays where it is; back it up there: without it nothing that is sealed can be opened\n");
        return Ok(Outcome::Clean);
    }
    let key = key_file(work, args)?;
    outside(&work.root, &key)?;
    if disk.look(&key).with_context(|| format!("cannot look at {}", key.display()))?.is_some() {
        bail!("{} is there already, and a private key is not overwritten; name another file with `--key FILE`", key.display());
    }
    let bits: usize = args.bits.parse().context("a number of bits")?;
    console.say(&format!("making an RSA key of {bits} bits…\n"));
    let pair = key_pair::make(&mut Random, bits, now - DAY, now + args.days * DAY).context("cannot make the key pair")?;
    if let Some(folder) = key.parent().filter(|it| !it.as_os_str().is_empty()) {
        disk.create_folders(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    disk.create_private(&key, pair.private_key.as_bytes()).with_context(|| format!("cannot write {}", key.display()))?;
    disk::replace(disk, &target, &pair.certificate)
        .with_context(|| format!("cannot write {SEALING}; the private key is in {}", key.display()))?;
    console.say(&format!(
        "wrote {SEALING}: the certificate, to be committed, valid until {}\n\
         wrote {}: the private key, which nobody but its owner may read\n\n\
         Back the private key up now, where you keep passwords: without it nothing that is sealed can be opened when the node is lost, and whoever\n\
         has it can open everything. Never commit it. `bootstrap/bootstrap.sh` gives it to the cluster before the controller starts.\n\
         next: `espalier seal --generate-missing`\n",
        clock::written(now + args.days * DAY),
        key.display()
    ));
    Ok(Outcome::Clean)
}

/// The certificate that a file or the cluster has, and where it is from.
fn existing(disk: &dyn Disk, args: &InitArgs) -> anyhow::Result<(String, String)> {
    let Some(path) = &args.certificate else { return from_cluster() };
    let name = path.display().to_string();
    let size = match disk.look(path).with_context(|| format!("cannot read {name}"))? {
        Some((Kind::File, size)) => size,
        Some((kind, _)) => bail!("{name} is {}, and has to be a file", kind.noun()),
        None => bail!("there is no {name}"),
    };
    ensure!(size <= 1 << 20, "{name} has more than 1 MiB: that is no certificate");
    let mut bytes = Vec::new();
    disk.read(path, usize::try_from(size)?.saturating_add(1), &mut bytes).with_context(|| format!("cannot read {name}"))?;
    Ok((String::from_utf8(bytes).with_context(|| format!("{name} is not PEM"))?, name))
}

fn from_cluster() -> anyhow::Result<(String, String)> {
    let done = Command::new("kubectl").args(["get", "--raw", SERVED_AT]).output().context("cannot run kubectl: is it installed?")?;
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr);
        bail!("kubectl cannot get the certificate of the sealed-secrets controller: {}", said.trim());
    }
    Ok((String::from_utf8(done.stdout).context("the cluster's certificate is not PEM")?, "the cluster".to_owned()))
}

/// Where the private key goes: what was said, else the user's configuration folder.
fn key_file(work: &Work, args: &InitArgs) -> anyhow::Result<PathBuf> {
    if let Some(it) = &args.key {
        return Ok(std::path::absolute(it)?);
    }
    let source = work.sources.texts.get(PLATFORM).context("there is no spec")?;
    let (spec, _) = source.read::<PlatformSpec>();
    let name = spec.with_context(|| format!("{PLATFORM} cannot be read: `espalier check` says why"))?.metadata.name;
    let folder = |name: &str| env::var_os(name).map(PathBuf::from).filter(|it| it.is_absolute());
    let folder = folder("XDG_CONFIG_HOME").or_else(|| folder("HOME").map(|it| it.join(".config")));
    let folder = folder.context("there is no home folder here: say with `--key FILE` where the private key goes")?;
    Ok(folder.join("espalier").join(&*name).join("sealing-key.pem"))
}

/// Refuses a place from which the key could be committed.
fn outside(root: &Path, key: &Path) -> anyhow::Result<()> {
    let top = root.ancestors().find(|it| it.join(".git").exists()).unwrap_or(root);
    // The folders that are there, without links; what is below them is made anew.
    let there = key.ancestors().skip(1).find(|it| it.exists()).unwrap_or(key);
    let place = there.canonicalize().with_context(|| format!("cannot look at {}", there.display()))?;
    ensure!(
        !place.starts_with(top) && !key.starts_with(top),
        "{} is inside of the repository {}, where it would be committed sooner or later: name a file outside of it with `--key FILE`",
        key.display(),
        top.display()
    );
    Ok(())
}
