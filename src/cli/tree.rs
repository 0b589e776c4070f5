//! A tree on a disk, compared with the tree that should be there: file by file, and what else is
//! there.

use std::{io::ErrorKind, path::Path};

use anyhow::Context as _;

use crate::{
    cli::{
        disk::{Disk, EntryKind},
        path_index::{self, OWNED, PathIndex, Spot},
        stamp::{Seen, Stamp},
    },
    emit::files,
    yaml::{conflict, source::MAX_SIZE},
};

/// The number of bytes that show whether Espalier generated a file.
const HEAD: usize = 200;

/// The tree below a root, listed once.
pub struct Tree<'a> {
    /// The disk.
    pub disk: &'a dyn Disk,
    /// The folder that contains `apps/`, `bootstrap/` and `out/`.
    pub root: &'a Path,
    /// Where the stamps of compared files are kept, if somebody wants them.
    pub seen: Option<&'a Seen>,
    index: PathIndex,
}

/// How a generated file compares with the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The same bytes.
    Same,
    /// It does not exist yet.
    New,
    /// A generated file with other bytes.
    Changed,
    /// A generated file with both sides of a merge in it.
    Conflict,
    /// Something that Espalier did not generate is in the way: its path and what it is.
    Taken(String, &'static str),
    /// The path was compared before: two objects claim it.
    Again,
}

/// Something in the owned folders that the spec does not make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stray {
    /// A generated file, which may be removed.
    Ours,
    /// A file that Espalier did not generate, or something other than a file.
    Foreign,
    /// An empty folder.
    Empty,
}

impl<'a> Tree<'a> {
    /// Lists the owned folders.
    ///
    /// # Errors
    /// When an owned folder cannot be listed.
    pub fn open(disk: &'a dyn Disk, root: &'a Path) -> anyhow::Result<Self> {
        let index = PathIndex::read(disk, root).map_err(|(path, error)| {
            anyhow::Error::new(error).context(format!("cannot list {path}/"))
        })?;
        Ok(Self { disk, root, seen: None, index })
    }

    /// A tree that nobody has listed, to read single files of.
    pub fn unlisted(disk: &'a dyn Disk, root: &'a Path) -> Self {
        Self { disk, root, seen: None, index: PathIndex::default() }
    }

    /// Marks everything that was listed as needed: the tree is known to be what the spec makes.
    pub fn need_all(&self) {
        self.index.need_all();
    }

    /// Compares one generated file with the disk. `buffer` is reused from file to file.
    ///
    /// # Errors
    /// When the file exists and cannot be read.
    pub fn compare(
        &self,
        path: &str,
        bytes: &[u8],
        buffer: &mut Vec<u8>,
    ) -> anyhow::Result<Verdict> {
        let (spot, again) = self
            .index
            .need(self.disk, self.root, path)
            .with_context(|| format!("cannot look at {path}"))?;
        if again {
            return Ok(Verdict::Again);
        }
        match spot {
            Spot::Free => return Ok(Verdict::New),
            Spot::Taken(by, kind) => return Ok(Verdict::Taken(by, kind.noun())),
            Spot::File => {}
        }
        match self.read(path, bytes.len(), buffer) {
            Ok(stamp) if buffer == bytes => {
                if let Some(seen) = self.seen {
                    seen.unchanged(path, stamp);
                }
                Ok(Verdict::Same)
            }
            Ok(_) if conflict::is_in(buffer) && is_ours_on_a_side(path, buffer) => {
                Ok(Verdict::Conflict)
            }
            // Overwriting an empty file loses nothing, and an editor or a full disk may have left
            // one.
            Ok(_) if buffer.is_empty() || is_ours(path, buffer) => Ok(Verdict::Changed),
            Ok(_) => Ok(Verdict::Taken(path.to_owned(), "a file that espalier did not generate")),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Verdict::New),
            Err(error) => Err(anyhow::Error::new(error).context(format!("cannot read {path}"))),
        }
    }

    /// Reads one byte more than expected: that detects a longer file without reading all of it.
    fn read(
        &self,
        path: &str,
        expected: usize,
        buffer: &mut Vec<u8>,
    ) -> std::io::Result<Option<Stamp>> {
        let (full, most) = (self.root.join(path), HEAD.max(expected + 1));
        match self.seen {
            Some(_) => self.disk.read_stamped(&full, most, buffer),
            None => self.disk.read(&full, most, buffer).map(|()| None),
        }
    }

    /// Whether this path is needed; none if it is not in the owned folders on the disk.
    pub fn is_needed(&self, path: &str) -> Option<bool> {
        self.index.is_needed(path)
    }

    /// Lists what is in the owned folders and not needed, sorted by name.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn strays(&self, each: &mut dyn FnMut(&str, Stray)) -> anyhow::Result<()> {
        let mut file = |_: &Path, path: &str, what: Stray| {
            each(path, what);
            Ok(false)
        };
        self.visit(&mut Visit { file: &mut file, buffer: Vec::new(), remove_empty: false })
    }

    /// Whether a file seems to contain a Secret. This searches the text, because the file may not
    /// be valid YAML. `buffer` is reused from file to file, and only filled with what the file has.
    pub fn holds_secret(&self, path: &str, buffer: &mut Vec<u8>) -> bool {
        let full = self.root.join(path);
        let Ok(Some((EntryKind::File, size))) = self.disk.look(&full) else { return false };
        let most = usize::try_from(size.min(MAX_SIZE)).unwrap_or(usize::MAX);
        self.disk.read(&full, most, buffer).is_ok()
            && names_secret(&String::from_utf8_lossy(buffer))
    }

    /// The bytes of a file; none if there is no file. `buffer` is reused, too.
    ///
    /// # Errors
    /// When it exists and cannot be read.
    pub fn bytes<'b>(
        &self,
        path: &str,
        buffer: &'b mut Vec<u8>,
    ) -> anyhow::Result<Option<&'b [u8]>> {
        let full = self.root.join(path);
        let Some((EntryKind::File, size)) =
            self.disk.look(&full).with_context(|| format!("cannot look at {path}"))?
        else {
            return Ok(None);
        };
        self.disk
            .read(&full, usize::try_from(size).unwrap_or(usize::MAX), buffer)
            .with_context(|| format!("cannot read {path}"))?;
        Ok(Some(buffer))
    }

    /// Removes generated files that are no longer needed, then empty folders; returns the number of
    /// removed files.
    ///
    /// # Errors
    /// When something cannot be removed; what was removed before stays removed.
    pub fn sweep(&self) -> anyhow::Result<usize> {
        let mut removed = 0;
        let mut file = |full: &Path, path: &str, what: Stray| {
            let ours = what == Stray::Ours;
            if ours {
                self.disk.remove_file(full).with_context(|| format!("cannot remove {path}"))?;
                removed += 1;
            }
            Ok(ours)
        };
        self.visit(&mut Visit { file: &mut file, buffer: Vec::new(), remove_empty: true })?;
        Ok(removed)
    }

    /// Visits the strays; walks the folders only if the listing has more than is needed.
    fn visit(&self, visit: &mut Visit<'_>) -> anyhow::Result<()> {
        if !self.index.has_more_than_needed() {
            return Ok(());
        }
        for top in OWNED {
            let full = self.root.join(top);
            match self.disk.look(&full).with_context(|| format!("cannot look at {top}"))? {
                Some((EntryKind::Folder, _)) => {
                    self.visit_folder(&full, &mut top.to_owned(), visit)?;
                }
                Some(_) if self.index.is_stray(top) => {
                    (visit.file)(&full, top, Stray::Foreign)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Visits a folder; returns whether it was removed because everything in it was.
    fn visit_folder(
        &self,
        full: &Path,
        path: &mut String,
        visit: &mut Visit<'_>,
    ) -> anyhow::Result<bool> {
        let listing = self.disk.list(full).with_context(|| format!("cannot list {path}/"))?;
        let mut left = listing.len();
        let is_empty = listing.is_empty();
        let length = path.len();
        for entry in listing {
            let full = full.join(&entry.name);
            path.push('/');
            path.push_str(&path_index::shown(&entry.name));
            let is_repository = path_index::is_repository(&entry.name);
            let went = match entry.kind {
                // A folder in the way of a file is reported as such, with everything in it.
                EntryKind::Folder if !is_repository && self.index.is_needed(path) == Some(true) => {
                    false
                }
                EntryKind::Folder if !is_repository => self.visit_folder(&full, path, visit)?,
                _ if !self.index.is_stray(path) => false,
                EntryKind::Folder | EntryKind::Other => (visit.file)(&full, path, Stray::Foreign)?,
                EntryKind::File => {
                    // A file that cannot be read counts as foreign.
                    let ours = self.disk.read(&full, HEAD, &mut visit.buffer).is_ok()
                        && is_ours_on_a_side(path, &visit.buffer);
                    (visit.file)(&full, path, if ours { Stray::Ours } else { Stray::Foreign })?
                }
            };
            path.truncate(length);
            left -= usize::from(went);
        }
        if left > 0 || !visit.remove_empty {
            if is_empty {
                (visit.file)(full, path, Stray::Empty)?;
            }
            return Ok(false);
        }
        self.disk
            .remove_folder(full)
            .with_context(|| format!("cannot remove the empty folder {path}/"))?;
        Ok(true)
    }
}

/// What to do on a walk over strays.
struct Visit<'a> {
    /// Called with each stray; returns whether it was removed.
    file: &'a mut dyn FnMut(&Path, &str, Stray) -> anyhow::Result<bool>,
    buffer: Vec<u8>,
    remove_empty: bool,
}

/// Whether Espalier generated a file whose first line may be the marker of a merge conflict.
fn is_ours_on_a_side(path: &str, bytes: &[u8]) -> bool {
    let second = bytes.iter().position(|it| *it == b'\n').map_or(bytes.len(), |it| it + 1);
    is_ours(path, bytes) || bytes.starts_with(b"<<<<<<<") && is_ours(path, &bytes[second..])
}

fn is_ours(path: &str, bytes: &[u8]) -> bool {
    files::is_ours(path, &bytes[..bytes.len().min(HEAD)])
}

/// Whether a text contains `kind: Secret` or `SecretList`, in any notation of YAML or JSON.
fn names_secret(text: &str) -> bool {
    text.match_indices("kind").any(|(at, key)| {
        let rest = text[at + key.len()..].trim_start_matches(['"', '\'']).trim_start();
        let Some(rest) = rest.strip_prefix(':') else { return false };
        let Some(rest) = rest.trim_start().trim_start_matches(['"', '\'']).strip_prefix("Secret")
        else {
            return false;
        };
        let rest = rest.strip_prefix("List").unwrap_or(rest);
        !rest.starts_with(|character: char| {
            character.is_ascii_alphanumeric() || character == '-' || character == '_'
        })
    })
}

#[cfg(test)]
mod tests {
    use super::names_secret;

    #[test]
    fn a_secret_is_seen_however_it_is_written() {
        for text in [
            "kind: Secret",
            "  kind:   Secret # a comment",
            "\"kind\": \"Secret\",",
            "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"data\":{}}",
            "{apiVersion: v1, kind: Secret, data: {}}",
            "kind: 'Secret'",
            "kind: SecretList",
            "- kind: Secret",
            "kind :\n  Secret",
        ] {
            assert!(names_secret(text), "{text}");
        }
        for text in [
            "kind: SealedSecret",
            "kind: SecretStore",
            "mankind: fine",
            "kind: ConfigMap\nname: Secret",
            "kinds: [Secret]",
        ] {
            assert!(!names_secret(text), "{text}");
        }
    }
}
