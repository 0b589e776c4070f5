//! `init`: a commented starter spec with the user's values set in place, and the lines that Git needs.

use std::{collections::BTreeMap, path::Path, str::FromStr as _, sync::Arc};

use anyhow::{Context as _, bail};
use serde_json::Value;
use yaml_edit::{Document, path::YamlPath as _};

use crate::{
    cli::{
        args::Init,
        console::Console,
        disk::{Disk, Kind, replace},
        outcome::Outcome,
        sources::PLATFORM,
    },
    compile::{self, Sources},
    diag::render,
    spec::schema,
    yaml::source::Source,
};

/// The lines that a repository needs, by file: one break a line everywhere, generated files folded away in reviews, the stage ignored.
const GIT: [(&str, &[&str]); 2] = [
    (
        ".gitattributes",
        &[
            "out/** text eol=lf linguist-generated",
            "apps/** text eol=lf linguist-generated",
            "bootstrap/** text eol=lf linguist-generated",
            // A page for people: whose lines come first is of no matter, and the next render writes it anew.
            "out/README.md merge=union",
        ],
    ),
    (".gitignore", &["/.espalier/", "*sealing-key.pem"]),
];

/// Runs the verb.
///
/// # Errors
/// When a spec is there already, a given value is not right, or a file cannot be written.
pub fn run(disk: &dyn Disk, folder: &Path, verb: &Init, console: &mut Console) -> anyhow::Result<Outcome> {
    let text = starter(verb)?;
    let spec = folder.join(PLATFORM);
    if disk.look(&spec).with_context(|| format!("cannot look at {}", spec.display()))?.is_some() {
        bail!("{} is there already, and is not overwritten; edit it, or delete it and run `espalier init` again", spec.display());
    }
    let mut edits = Vec::new();
    for (name, lines) in GIT {
        let path = folder.join(name);
        let old = read(disk, &path)?;
        let missing: Vec<&str> = lines.iter().copied().filter(|line| !old.lines().any(|it| it.trim() == *line)).collect();
        if !missing.is_empty() {
            let gap = if old.is_empty() || old.ends_with('\n') { "" } else { "\n" };
            edits.push((name, path, format!("{old}{gap}{}\n", missing.join("\n"))));
        }
    }
    disk.create_folders(spec.parent().unwrap_or(folder)).with_context(|| format!("cannot make {}/spec", folder.display()))?;
    for (name, path, text) in edits {
        replace(disk, &path, &text).with_context(|| format!("cannot write {name}"))?;
        console.say(&format!("wrote {name}\n"));
    }
    // Last, so that a run that failed halfway can simply be repeated.
    disk.create(&spec, text.as_bytes()).with_context(|| format!("cannot write {PLATFORM}"))?;
    console.say(&format!("wrote {PLATFORM}: look through it, then run `espalier render`\n"));
    Ok(Outcome::Clean)
}

/// The starter spec with the given values, held against what the spec takes before anything is written.
fn starter(verb: &Init) -> anyhow::Result<String> {
    let given = [
        ("metadata.name", &verb.name),
        ("spec.repository.url", &verb.repository),
        ("spec.domains.chat", &verb.chat),
        ("spec.certificates.email", &verb.email),
    ];
    let given: Vec<(&str, &str)> = given.iter().filter_map(|(path, value)| Some((*path, value.as_deref()?))).collect();
    if given.is_empty() {
        return Ok(schema::STARTER.to_owned());
    }
    let document = Document::from_str(schema::STARTER).context("the starter spec is not YAML")?;
    let mut meant = Source::parse(PLATFORM, schema::STARTER).value;
    for (path, value) in &given {
        document.try_set_path(path, *value).with_context(|| format!("cannot set `{path}`"))?;
        if let Some(it) = meant.pointer_mut(&format!("/{}", path.replace('.', "/"))) {
            *it = Value::String((*value).to_owned());
        }
    }
    let source = Source::parse(PLATFORM, document.to_string());
    if source.value != meant {
        bail!("cannot set these values in the starter spec; run `espalier init` without them and write them into {PLATFORM}");
    }
    let text = source.text.clone();
    let sources = Sources { texts: BTreeMap::from([(Arc::from(PLATFORM), source)]) };
    let findings = compile::platform(&sources).diagnostics;
    if findings.has_errors() {
        bail!("these values do not make a spec, so nothing was written\n{}", render::short(&findings, &sources.texts).trim_end());
    }
    Ok(text)
}

/// The text of a file, empty where there is none.
fn read(disk: &dyn Disk, path: &Path) -> anyhow::Result<String> {
    let context = || format!("cannot read {}", path.display());
    let mut bytes = Vec::new();
    match disk.look(path).with_context(context)? {
        None => return Ok(String::new()),
        Some((Kind::File, size)) => disk.read(path, usize::try_from(size)?.saturating_add(1), &mut bytes).with_context(context)?,
        Some((kind, _)) => bail!("{} is {}, and has to be a file", path.display(), kind.noun()),
    }
    String::from_utf8(bytes).with_context(context)
}
