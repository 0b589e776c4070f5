//! Whose certificate `spec/sealing.pem` is: a pull request can put another in its place, and who sealed with it has told its owner all.

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use zeroize::Zeroizing;

use super::{args::SealArgs, key_pair::private_folder};
use crate::{
    cli::{
        console::Console,
        disk::{Disk, Kind},
        git::Git,
        sources::Work,
    },
    seal::{certificate::Certificate, key_pair},
    spec::read::SEALING,
};

/// More than any private key takes, in bytes.
const LARGEST: u64 = 1 << 16;

/// Holds the certificate against the private keys that are here, and where none is, against the one that was committed.
///
/// # Errors
/// When there are private keys for this platform and it belongs to none of them, and nobody has said that it is right.
pub fn certificate(disk: &dyn Disk, work: &Work, args: &SealArgs, it: &Certificate, console: &mut Console) -> anyhow::Result<()> {
    let mut others = Vec::new();
    for path in private_keys(disk, work, args)? {
        match key_pair::belongs(&read(&path)?, it) {
            Some(true) => return Ok(()),
            Some(false) => others.push(path.display().to_string()),
            None if args.private_key.is_some() => bail!("{} holds no private key of RSA in PEM", path.display()),
            None => {}
        }
    }
    let differs = format!("{SEALING} ({}) does not belong to the private key in {}", it.fingerprint(), others.join(", "));
    match others.is_empty() {
        false if args.accept_certificate => console.say(&format!("warning: {differs}; it is taken all the same\n")),
        false => bail!(
            "{differs}: whoever put it there could open what is sealed with it, and your cluster could not; look at who changed it \
             (`git log -- {SEALING}`); where its private key is elsewhere, name it with `--private-key FILE`, or say `--accept-certificate`"
        ),
        true => {
            if let Some(committed) = committed(&work.root, "HEAD").filter(|was| *was != it.fingerprint()) {
                console.say(&format!(
                    "warning: {SEALING} is another certificate than the one that was committed ({committed} → {}), and its private key is \
                     not here: what is sealed now is opened by whoever has that\n",
                    it.fingerprint()
                ));
            }
        }
    }
    Ok(())
}

/// The fingerprint of the certificate in a revision; none where there is no repository, no such revision, or no certificate in it.
pub fn committed(root: &Path, revision: &str) -> Option<String> {
    let git = Git::of(root).ok()?;
    let commit = git.knows(&["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{revision}^{{commit}}")]).ok()??;
    let text = git.knows(&["cat-file", "blob", &format!("{commit}:{}", git.path(SEALING))]).ok()??;
    Some(Certificate::parse(text.as_bytes()).ok()?.fingerprint().to_owned())
}

/// The file that was named, else every key in the folder where `seal init` puts this platform's.
fn private_keys(disk: &dyn Disk, work: &Work, args: &SealArgs) -> anyhow::Result<Vec<PathBuf>> {
    if let Some(it) = &args.private_key {
        return Ok(vec![it.clone()]);
    }
    let Ok(folder) = private_folder(work) else { return Ok(Vec::new()) };
    if !matches!(disk.look(&folder), Ok(Some((Kind::Folder, _)))) {
        return Ok(Vec::new());
    }
    let listing = disk.list(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let files = listing.into_iter().filter(|it| it.kind == Kind::File && it.name.as_encoded_bytes().ends_with(b".pem"));
    Ok(files.map(|it| folder.join(it.name)).collect())
}

/// Reads a private key, of which only its public half is looked at; the copy is wiped.
fn read(path: &Path) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    let context = || format!("cannot read {}", path.display());
    // One allocation: a buffer that grew would leave copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(LARGEST).unwrap_or(usize::MAX)));
    File::open(path).with_context(context)?.take(LARGEST).read_to_end(&mut bytes).with_context(context)?;
    Ok(bytes)
}
