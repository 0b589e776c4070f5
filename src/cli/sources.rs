//! Reading what the user wrote: the platform's files whole, the tenants' by name only, links and
//! huge files never.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, bail};

use crate::{
    cli::{
        disk::{Disk, Kind},
        findings, path_index,
    },
    compile::Sources,
    diag::{
        diagnostic::{Diagnostic, Diagnostics},
        suggest,
    },
    load::schema,
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

/// Everything that was read, and the names of what is read later.
pub struct Work {
    /// The folder that holds `spec/`, without links in its path.
    pub root: PathBuf,
    /// The platform's files.
    pub sources: Sources,
    /// Whether the platform's spec could be read as far as to be compiled.
    pub complete: bool,
    /// The tenants' files, relative to the root, in the order of names.
    pub tenants: Vec<Arc<str>>,
    /// What was wrong about files.
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
        let mut it = Self {
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
        it.complete = it.keep(PLATFORM, platform);
        if let Some(versions) = read_source(disk, root, &files::VERSIONS.into())? {
            it.keep(files::VERSIONS, versions);
        }
        if let Some(certificate) = read_source(disk, root, &files::SEALING.into())? {
            it.keep(files::SEALING, certificate);
        }
        for path in it.list(disk, files::SECRETS.trim_end_matches('/'))? {
            if let Some(source) = read_source(disk, root, &path)? {
                it.keep(&path, source);
            }
        }
        it.tenants = it.list(disk, WORKSPACES)?;
        it.look_around(disk, named.as_deref())?;
        Ok(it)
    }

    /// Says whether there is something to keep.
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

    /// Tells of what lies in `spec/` beside the files that are read, which are known by their
    /// names: `spec/version.yaml` pins nothing.
    fn look_around(&mut self, disk: &dyn Disk, named: Option<&Path>) -> anyhow::Result<()> {
        let full = self.root.join(SPEC);
        if !matches!(disk.look(&full).context("cannot look at spec")?, Some((Kind::Folder, _))) {
            return Ok(());
        }
        let read = [
            PLATFORM,
            files::VERSIONS,
            files::SEALING,
            files::SECRETS.trim_end_matches('/'),
            WORKSPACES,
        ];
        let mut strangers = Vec::new();
        for entry in disk.list(&full).context("cannot list spec/")? {
            let name = path_index::shown(&entry.name);
            let path = format!("{SPEC}/{name}");
            // Hidden files are editors' and systems' own, and what people write for people is for
            // people.
            let is_known = name.starts_with('.')
                || read.contains(&&*path)
                || schema::PATHS.contains(&&*path)
                || is_prose(&name);
            if !is_known && named.is_none_or(|it| *it != full.join(&entry.name)) {
                strangers.push(path);
            }
        }
        strangers.sort_unstable();
        self.findings.extend(strangers.iter().map(|it| findings::not_read_in_spec(it, &read)));
        Ok(())
    }

    /// The `.yaml` files of a folder below the root, in the order of names.
    fn list(&mut self, disk: &dyn Disk, folder: &str) -> anyhow::Result<Vec<Arc<str>>> {
        let full = self.root.join(folder);
        match disk.look(&full).with_context(|| format!("cannot look at {folder}"))? {
            None => return Ok(Vec::new()),
            Some((Kind::Folder, _)) => {}
            Some((kind, _)) => {
                self.findings.push(findings::of_another_kind(folder, kind.noun(), "folder"));
                return Ok(Vec::new());
            }
        }
        let mut all = Vec::new();
        for entry in disk.list(&full).with_context(|| format!("cannot list {folder}/"))? {
            let name = path_index::shown(&entry.name);
            // Hidden files are editors' and systems' own.
            if name.starts_with('.') {
                continue;
            }
            let path = format!("{folder}/{name}");
            if entry.kind != Kind::Folder && name.ends_with(".yaml") && *entry.name == *name {
                all.push(Arc::from(path));
            } else {
                self.findings.push(findings::not_read(&path));
            }
        }
        all.sort_unstable();
        Ok(all)
    }
}

/// What people write for people.
fn is_prose(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|it| it.eq_ignore_ascii_case("md") || it.eq_ignore_ascii_case("txt"))
}

/// What to do where there is no spec: the file of another name that was meant, or `init`.
fn instead(disk: &dyn Disk, root: &Path) -> String {
    let names = disk.list(&root.join(SPEC)).unwrap_or_default();
    let names: BTreeSet<String> =
        names.iter().map(|it| path_index::shown(&it.name).into_owned()).collect();
    let meant = names.iter().find(|it| it.to_ascii_lowercase().starts_with("platform.y"));
    let meant =
        meant.or_else(|| names.iter().find(|it| suggest::nearest(it, ["platform.yaml"]).is_some()));
    match meant {
        Some(it) => format!("`{SPEC}/{it}` is another name; rename it"),
        None => "`espalier init` writes one".to_owned(),
    }
}

/// Reads a source below the root; `None` where there is none, a finding where it is not to be read.
///
/// # Errors
/// When it is there and cannot be read.
pub fn read_source(
    disk: &dyn Disk,
    root: &Path,
    name: &Arc<str>,
) -> anyhow::Result<Option<Result<Source, Diagnostic>>> {
    let path = root.join(&**name);
    let context = || format!("cannot read {name}");
    let size = match disk.look(&path).with_context(context)? {
        None => return Ok(None),
        Some((Kind::File, size)) => size,
        Some((Kind::Folder, _)) => {
            return Ok(Some(Err(findings::of_another_kind(name, "a folder", "file"))));
        }
        Some((Kind::Other, _)) => match disk.resolve(&path) {
            Ok(target) if !target.starts_with(root) => {
                return Ok(Some(Err(findings::outside(
                    name,
                    "is a symbolic link that leads out of the root, and is not followed",
                ))));
            }
            Ok(target) => match disk.look(&target).with_context(context)? {
                Some((Kind::File, size)) => size,
                _ => {
                    return Ok(Some(Err(findings::of_another_kind(
                        name,
                        "a pipe, a device or the like",
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
        Some((Kind::Other, _))
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
        Some((Kind::File, size)) => read_sized(disk, &target, size, name.into()),
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

fn read_stream(stream: &mut dyn Read, name: &str) -> anyhow::Result<Result<Source, Diagnostic>> {
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
