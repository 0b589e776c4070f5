//! The tag that is named by the content: what Applications follow under `pin: tag`, so that a
//! change goes through the root, wave by wave.

use sha2::{Digest as _, Sha256};

use super::files::Files;
use crate::plan::{applications::BOOTSTRAP_FOLDER, summary::Content};

/// What of a batch of files Applications read: objects, projects, the root. `apps/` is no part of
/// it: it names the tag.
pub fn content(files: &Files) -> Content {
    let mut sum = Sha256::new();
    for (path, bytes) in files.iter() {
        let is_read = |top: &str| path.strip_prefix(top).is_some_and(|it| it.starts_with('/'));
        if is_read("out/manifests") || is_read(BOOTSTRAP_FOLDER) {
            // Lengths in front: no two lists of files run into the same bytes.
            for part in [path.as_bytes(), bytes] {
                sum.update((part.len() as u64).to_be_bytes());
                sum.update(part);
            }
        }
    }
    sum.finalize().into()
}

/// The tag of the whole: of the platform's own files, and of the tenants' in the order of their
/// files' names.
pub fn tag<'a>(platform: &Content, tenants: impl Iterator<Item = &'a Content>) -> String {
    let mut sum = Sha256::new();
    sum.update(platform);
    for tenant in tenants {
        sum.update(tenant);
    }
    let digits =
        sum.finalize().iter().take(6).fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    format!("tree-{digits}")
}
