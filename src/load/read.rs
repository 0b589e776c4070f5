//! Reads the platform's files: the spec, the versions, the sealed values.

use std::{collections::BTreeMap, sync::Arc};

use super::shape;
use crate::{
    check::{certificate, prompts, ranges, sealed_files, trust, versions},
    components::{floor_plan::Platform, spec::PlatformSpec, workspace::resource::Workspace},
    diag::{
        code::SPEC_MISSING,
        diagnostic::{Diagnostics, Place},
    },
    platform::{
        files::{PLATFORM, SEALING, SECRETS, VERSIONS},
        sealed::{SealedCredential, SealedStore},
        versions::Versions,
        workspaces::Workspaces,
        written::Written,
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
            SPEC_MISSING
                .at(Place::Nowhere, format!("there is no {PLATFORM}"))
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
    let files = trust::Files { texts, spec: &source.file };
    let platform = spec.map(|spec| Platform {
        trust: trust::read(&files, &spec.spec, &mut found),
        prompts: prompts::read(texts, &source.file, &spec.spec.workspaces, &mut found),
        texts: shown(texts, &spec.spec.workspaces),
        name: spec.metadata.name,
        spec: spec.spec,
        versions: versions.unwrap_or_default(),
        sealed: sealed.unwrap_or_default(),
        sealing,
        written: Written::of(source.paths()),
    });
    (platform, found)
}

/// What an operator in the cluster reads the platform from: all texts but those of sealed values,
/// which it needs for nothing.
fn shown(
    texts: &BTreeMap<Arc<str>, Source>,
    workspaces: &Workspaces,
) -> BTreeMap<Arc<str>, Arc<str>> {
    let is_shown = |path: &str| workspaces.has_operator() && !path.starts_with(SECRETS);
    let shown = texts.iter().filter(|it| is_shown(it.0));
    shown.map(|(path, source)| (path.clone(), source.text.as_str().into())).collect()
}

/// Reads a workspace.
pub fn workspace(source: &Source) -> (Option<Workspace>, Diagnostics) {
    let (workspace, findings) = source.read_within::<Workspace>(&ranges::workspace_bounds_at);
    (workspace, shape::of_workspace(source, findings))
}

fn pins(source: &Source, found: &mut Diagnostics) -> Option<Versions> {
    if let Some(finding) = shape::of_versions(source) {
        found.push(finding);
        return None;
    }
    let (pins, findings) = source.read::<Versions>();
    found.extend(shape::of_pins(source, findings));
    let pins = pins?;
    versions::pinned(&pins, &source.file, found);
    Some(pins)
}

fn sealed(texts: &BTreeMap<Arc<str>, Source>, found: &mut Diagnostics) -> Option<SealedStore> {
    let mut all = Vec::new();
    let mut complete = true;
    for (_, source) in texts.iter().filter(|it| it.0.starts_with(SECRETS)) {
        let (file, findings) = source.read::<SealedCredential>();
        found.extend(findings);
        let Some(file) = file else {
            complete = false;
            continue;
        };
        sealed_files::file(&file, &source.file, found);
        all.push(file);
    }
    complete.then(|| SealedStore::new(all))
}
