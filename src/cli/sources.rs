//! Reading the user's files: those of the platform completely, those of the tenants by name only;
//! symbolic links out of the root and huge files never.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, bail};

use crate::{
    check::{prompts, trust},
    cli::{
        disk::{Disk, EntryKind},
        findings, path_index,
    },
    diag::{
        diagnostic::{Diagnostic, Diagnostics},
        suggest,
    },
    load::{Sources, schema},
    platform::files::{self, PLATFORM},
    yaml::source::{MAX_SIZE, Source, too_large},
};

const SPEC: &str = "spec";
const WORKSPACES: &str = "spec/workspaces";

/// Where the platform's spec is read from.
pub enum Input<'a> {
    /// `spec/platform.yaml` below the root.
    Root,
    /// A file that the user named.
    File(&'a Path),
    /// A stream, with the name that findings give it.
    Stream(&'a str, &'a mut dyn Read),
}

/// Everything that was read, and the names of the files that are read later.
pub struct Work {
    /// The folder that contains `spec/`, with symbolic links resolved.
    pub root: PathBuf,
    /// The platform's files.
    pub sources: Sources,
    /// Whether the platform's spec could be read.
    pub complete: bool,
    /// The tenants' files, relative to the root, in the order of names.
    pub tenants: Vec<Arc<str>>,
    /// The findings about files.
    pub findings: Diagnostics,
}

impl Work {
    /// Reads the platform's files and lists the tenants'.
    ///
    /// # Errors
    /// When there is no spec, or a file cannot be read.
    pub fn read(disk: &dyn Disk, root: &Path, from: Input<'_>) -> anyhow::Result<Self> {
        let sources = Sources { texts: BTreeMap::new() };
        let named = if let Input::File(path) = &from { disk.resolve(path).ok() } else { None };
        let mut work = Self {
            root: root.to_owned(),
            sources,
            complete: false,
            tenants: Vec::new(),
            findings: Diagnostics::new(),
        };
        let platform = match from {
            Input::Root if leads_out(disk, root, "spec")? => Err(findings::outside(
                "spec",
                "is a symbolic link that leads out of the root, and is not followed",
            )),
            Input::Root => match read_source(disk, root, &PLATFORM.into())? {
                Some(source) => source,
                None => {
                    bail!("there is no {PLATFORM} in {}: {}", root.display(), instead(disk, root))
                }
            },
            Input::File(path) => read_file(disk, path, &path.display().to_string())?,
            Input::Stream(name, stream) => read_stream(stream, name)?,
        };
        let beside = |source| [trust::named(source), prompts::named(source)].concat();
        let named_files = platform.as_ref().map(beside).unwrap_or_default();
        work.complete = work.keep(PLATFORM, platform);
        if let Some(versions) = read_source(disk, root, &files::VERSIONS.into())? {
            work.keep(files::VERSIONS, versions);
        }
        if let Some(certificate) = read_source(disk, root, &files::SEALING.into())? {
            work.keep(files::SEALING, certificate);
        }
        for path in &named_files {
            if let Some(file) = read_source(disk, root, path)? {
                work.keep(path, file);
            }
        }
        for path in work.list(disk, files::SECRETS.trim_end_matches('/'))? {
            if let Some(source) = read_source(disk, root, &path)? {
                work.keep(&path, source);
            }
        }
        work.tenants = work.list(disk, WORKSPACES)?;
        work.look_around(disk, named.as_deref(), &named_files)?;
        Ok(work)
    }

    /// Keeps a source, or its finding; returns whether there was a source.
    fn keep(&mut self, name: &str, source: Result<Source, Diagnostic>) -> bool {
        match source {
            Ok(source) => {
                self.sources.texts.insert(name.into(), source);
                true
            }
            Err(finding) => {
                self.findings.push(finding);
                false
            }
        }
    }

    /// Reports files in `spec/` that are not read because of their names: `spec/version.yaml` pins
    /// nothing.
    fn look_around(
        &mut self,
        disk: &dyn Disk,
        named: Option<&Path>,
        named_files: &[Arc<str>],
    ) -> anyhow::Result<()> {
        let full = self.root.join(SPEC);
        if !matches!(disk.look(&full).context("cannot look at spec")?, Some((EntryKind::Folder, _)))
        {
            return Ok(());
        }
        let read = [
            PLATFORM,
            files::VERSIONS,
            files::SEALING,
            files::SECRETS.trim_end_matches('/'),
            files::PATTERNS.trim_end_matches('/'),
            WORKSPACES,
        ];
        let mut unknown = Vec::new();
        for entry in disk.list(&full).context("cannot list spec/")? {
            let name = path_index::shown(&entry.name);
            let path = format!("{SPEC}/{name}");
            // Hidden files belong to editors and systems, and notes are for people.
            let is_known = name.starts_with('.')
                || read.contains(&&*path)
                || schema::PATHS.contains(&&*path)
                || named_files.iter().any(|it| **it == *path)
                || is_prose(&name);
            if !is_known && named.is_none_or(|it| *it != full.join(&entry.name)) {
                unknown.push(path);
            }
        }
        unknown.sort_unstable();
        self.findings.extend(unknown.iter().map(|it| findings::not_read_in_spec(it, &read)));
        Ok(())
    }

    /// The `.yaml` files of a folder below the root, sorted by name.
    fn list(&mut self, disk: &dyn Disk, folder: &str) -> anyhow::Result<Vec<Arc<str>>> {
        let full = self.root.join(folder);
        match disk.look(&full).with_context(|| format!("cannot look at {folder}"))? {
            None => return Ok(Vec::new()),
            Some((EntryKind::Folder, _)) => {}
            Some((kind, _)) => {
                self.findings.push(findings::of_another_kind(folder, kind.noun(), "folder"));
                return Ok(Vec::new());
            }
        }
        let mut all = Vec::new();
        for entry in disk.list(&full).with_context(|| format!("cannot list {folder}/"))? {
            let name = path_index::shown(&entry.name);
            // Hidden files belong to editors and systems.
            if name.starts_with('.') {
                continue;
            }
            let path = format!("{folder}/{name}");
            if entry.kind != EntryKind::Folder && name.ends_with(".yaml") && *entry.name == *name {
                all.push(Arc::from(path));
            } else {
                self.findings.push(findings::not_read(&path));
            }
        }
        all.sort_unstable();
        Ok(all)
    }
}

/// Whether a file is a note for people.
fn is_prose(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|it| it.eq_ignore_ascii_case("md") || it.eq_ignore_ascii_case("txt"))
}

/// What to do if there is no spec: rename a file with a similar name, or run `init`.
fn instead(disk: &dyn Disk, root: &Path) -> String {
    let names = disk.list(&root.join(SPEC)).unwrap_or_default();
    let names: BTreeSet<String> =
        names.iter().map(|it| path_index::shown(&it.name).into_owned()).collect();
    let meant = names.iter().find(|it| it.to_ascii_lowercase().starts_with("platform.y"));
    let meant =
        meant.or_else(|| names.iter().find(|it| suggest::nearest(it, ["platform.yaml"]).is_some()));
    match meant {
        Some(name) => format!("`{SPEC}/{name}` looks like that file: rename it to `{PLATFORM}`"),
        None => "`espalier init` creates one".to_owned(),
    }
}

/// Reads a source below the root; `None` if there is none, a finding if it must not be read.
///
/// # Errors
/// When it exists and cannot be read.
pub fn read_source(
    disk: &dyn Disk,
    root: &Path,
    name: &Arc<str>,
) -> anyhow::Result<Option<Result<Source, Diagnostic>>> {
    let path = root.join(&**name);
    let context = || format!("cannot read {name}");
    let size = match disk.look(&path).with_context(context)? {
        None => return Ok(None),
        Some((EntryKind::File, size)) => size,
        Some((EntryKind::Folder, _)) => {
            return Ok(Some(Err(findings::of_another_kind(name, "a folder", "file"))));
        }
        Some((EntryKind::Other, _)) => match disk.resolve(&path) {
            Ok(target) if !target.starts_with(root) => {
                return Ok(Some(Err(findings::outside(
                    name,
                    "is a symbolic link that leads out of the root, and is not followed",
                ))));
            }
            Ok(target) => match disk.look(&target).with_context(context)? {
                Some((EntryKind::File, size)) => size,
                _ => {
                    return Ok(Some(Err(findings::of_another_kind(
                        name,
                        "a pipe, a device or similar",
                        "file",
                    ))));
                }
            },
            Err(_) => {
                return Ok(Some(Err(findings::outside(
                    name,
                    "is a symbolic link that leads nowhere",
                ))));
            }
        },
    };
    read_sized(disk, &path, size, Arc::clone(name)).map(Some)
}

fn leads_out(disk: &dyn Disk, root: &Path, name: &str) -> anyhow::Result<bool> {
    let path = root.join(name);
    let is_link = matches!(
        disk.look(&path).with_context(|| format!("cannot look at {name}"))?,
        Some((EntryKind::Other, _))
    );
    Ok(is_link && disk.resolve(&path).is_ok_and(|it| !it.starts_with(root)))
}

/// Reads a file that the user named, wherever it is.
fn read_file(
    disk: &dyn Disk,
    path: &Path,
    name: &str,
) -> anyhow::Result<Result<Source, Diagnostic>> {
    let target = disk.resolve(path).with_context(|| format!("cannot read {name}"))?;
    match disk.look(&target).with_context(|| format!("cannot read {name}"))? {
        Some((EntryKind::File, size)) => read_sized(disk, &target, size, name.into()),
        _ => bail!("{name} is not a regular file; `--spec -` reads from stdin"),
    }
}

fn read_sized(
    disk: &dyn Disk,
    path: &Path,
    size: u64,
    name: Arc<str>,
) -> anyhow::Result<Result<Source, Diagnostic>> {
    if size > MAX_SIZE {
        return Ok(Err(too_large(name, size)));
    }
    let mut bytes = Vec::new();
    let most = usize::try_from(size).unwrap_or(usize::MAX).saturating_add(1);
    disk.read(path, most, &mut bytes).with_context(|| format!("cannot read {name}"))?;
    Ok(Ok(Source::from_bytes(name, bytes)))
}

/// A source from a stream, unless it is too large.
///
/// # Errors
/// When it cannot be read.
pub fn read_stream(
    stream: &mut dyn Read,
    name: &str,
) -> anyhow::Result<Result<Source, Diagnostic>> {
    let mut bytes = Vec::new();
    stream
        .take(MAX_SIZE + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("cannot read {name}"))?;
    let size = bytes.len() as u64;
    Ok(if size > MAX_SIZE {
        Err(too_large(name, size))
    } else {
        Ok(Source::from_bytes(name, bytes))
    })
}
