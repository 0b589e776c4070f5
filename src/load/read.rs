//! Reads the platform's files: the spec, the versions, the sealed values.

use std::{collections::BTreeMap, sync::Arc};

use super::shape;
use crate::{
    check::{certificate, code, ranges, sealed_files},
    components::{
        floor_plan::{Platform, PlatformSpec},
        workspace::Workspace,
    },
    diag::{
        diagnostic::{Diagnostic, Diagnostics, Place},
        path::FieldPath,
        suggest,
    },
    facts::{bootstrap, versions},
    platform::{
        files::{PLATFORM, SEALING, SECRETS, VERSIONS},
        sealed::{SealedCredential, SealedStore},
        versions::Versions,
    },
    yaml::source::Source,
};

/// Reads them all.
///
/// There can be a platform although there are errors: what could not be read has its default, so
/// that the rules can look at the rest in the same go. Nothing may be built from it then.
pub fn platform(texts: &BTreeMap<Arc<str>, Source>) -> (Option<Platform>, Diagnostics) {
    let mut found = Diagnostics::new();
    let Some(source) = texts.get(PLATFORM) else {
        found.push(
            Diagnostic::error(
                code::SPEC_MISSING,
                Place::Nowhere,
                format!("there is no {PLATFORM}"),
            )
            .help("`espalier init` creates one"),
        );
        return (None, found);
    };
    let (spec, findings) = source.read_within::<PlatformSpec>(&ranges::bounds_at);
    found.extend(shape::of_platform(source, findings));
    let versions =
        texts.get(VERSIONS).map_or_else(|| Some(Versions::default()), |it| pins(it, &mut found));
    let sealing = texts.get(SEALING).and_then(|it| certificate::read(it, &mut found));
    let sealed = sealed(texts, &mut found);
    if !texts.contains_key(SEALING)
        && let Some(sealed) = &sealed
    {
        certificate::missing(sealed, &mut found);
    }
    let platform = spec.map(|spec| Platform {
        name: spec.metadata.name,
        spec: spec.spec,
        versions: versions.unwrap_or_default(),
        sealed: sealed.unwrap_or_default(),
        sealing,
    });
    (platform, found)
}

/// Reads a workspace.
pub fn workspace(source: &Source) -> (Option<Workspace>, Diagnostics) {
    let (workspace, findings) = source.read::<Workspace>();
    (workspace, shape::of_workspace(source, findings))
}

fn pins(source: &Source, found: &mut Diagnostics) -> Option<Versions> {
    if let Some(finding) = shape::of_versions(source) {
        found.push(finding);
        return None;
    }
    let (pins, findings) = source.read::<Versions>();
    found.extend(shape::no_versions(findings));
    let pins = pins?;
    let names = || {
        versions::ALL.iter().map(|it| it.name).chain(bootstrap::DOWNLOADS.iter().map(|it| it.name))
    };
    for name in pins.names().filter(|name| names().all(|it| it != *name)) {
        let place =
            Place::Key { file: source.file.clone(), path: FieldPath::root().key(name.to_owned()) };
        let finding = Diagnostic::error(
            code::UNKNOWN_VERSION,
            place,
            format!("`{name}` is not a chart, an image or a download whose version can be pinned"),
        );
        found.push(match suggest::nearest(name, names()) {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None => finding.help(format!("there are: {}", names().collect::<Vec<_>>().join(", "))),
        });
    }
    Some(pins)
}

fn sealed(texts: &BTreeMap<Arc<str>, Source>, found: &mut Diagnostics) -> Option<SealedStore> {
    let mut all = Vec::new();
    let mut complete = true;
    for (name, source) in texts.iter().filter(|(name, _)| name.starts_with(SECRETS)) {
        let (file, findings) = source.read::<SealedCredential>();
        found.extend(findings);
        let Some(file) = file else {
            complete = false;
            continue;
        };
        sealed_files::file(&file, &source.file, found);
        let stem = name.strip_prefix(SECRETS).unwrap_or(name);
        let stem = stem.strip_suffix(".yaml").unwrap_or(stem);
        if file.metadata.name != *stem {
            let place = Place::Value {
                file: source.file.clone(),
                path: FieldPath::root().key("metadata").key("name"),
            };
            found.push(
                Diagnostic::error(
                    code::FILE_NAME_DIFFERS,
                    place,
                    format!(
                        "the file is called `{stem}.yaml`, the credential `{}`",
                        file.metadata.name
                    ),
                )
                .help(format!(
                    "rename the file to `{}.yaml`, or write `name: {stem}` and seal its values \
                     again: they are sealed to the name",
                    file.metadata.name
                )),
            );
        }
        all.push(file);
    }
    complete.then(|| SealedStore::new(all))
}
