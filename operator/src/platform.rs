//! The platform's spec, from a folder that holds its files at their repository paths.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use espalier::Plan;

use crate::hash;

/// Why the program ends.
#[derive(Debug)]
pub struct Failure {
    /// Its exit code.
    pub code: u8,
    /// What people read.
    pub message: String,
}

impl Failure {
    /// A spec with errors.
    pub fn spec(message: String) -> Self {
        Self { code: 1, message }
    }

    /// A wrong flag, a file or a cluster that cannot be read.
    pub fn setting(message: String) -> Self {
        Self { code: 2, message }
    }
}

/// The platform, planned.
pub struct Platform {
    /// The plan.
    pub plan: Plan,
    /// The hash of its texts.
    pub hash: String,
    /// The certificate with which secrets are sealed, where there is one.
    pub certificate: Option<String>,
}

/// Reads and plans the platform of a folder.
///
/// # Errors
/// When a file cannot be read, or the spec has errors.
pub fn load(folder: &Path) -> Result<Platform, Failure> {
    let mut texts = BTreeMap::new();
    let read = read(folder, &folder.join("spec"), &mut texts);
    read.map_err(|error| Failure::setting(format!("{}: {error}", folder.display())))?;
    let files = texts.iter().map(|(path, text)| (&**path, &**text));
    let (plan, findings) = Plan::load(files);
    let Some(plan) = plan else { return Err(Failure::spec(findings.json())) };
    let mut all = String::new();
    for (path, text) in &texts {
        all.extend([path, "\0", text, "\0"]);
    }
    let certificate = texts.remove("spec/sealing.pem");
    Ok(Platform { plan, hash: hash::text(hash::of(all.as_bytes())), certificate })
}

/// Takes in all texts below a folder. What begins with two dots is the kubelet's own.
fn read(root: &Path, folder: &Path, texts: &mut BTreeMap<String, String>) -> io::Result<()> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()?;
    entries.sort();
    for path in entries {
        let name = path.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
        if name.starts_with("..") {
            continue;
        }
        if path.is_dir() {
            read(root, &path, texts)?;
        } else if let Ok(relative) = path.strip_prefix(root) {
            let text = String::from_utf8(fs::read(&path)?);
            let text = text.map_err(|_| io::Error::other(format!("{name} is no UTF-8")))?;
            texts.insert(relative.to_string_lossy().replace('\\', "/"), text);
        }
    }
    Ok(())
}
