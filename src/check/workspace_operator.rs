//! `workspace-kind-missing`, `image-without-digest`, `platform-texts-too-large`: what the operator
//! for workspaces cannot do without.

use super::{
    rule::rules,
    view::{SpecView, WholeView, field},
};
use crate::{
    components::config_files::LARGEST,
    diag::{
        diagnostic::{Diagnostics, Place},
        path::FieldPath,
    },
    facts::versions::WORKSPACE_OPERATOR,
    platform::files::{SECRETS, VERSIONS},
};

rules! {
    /// An operator reads resources of a kind that the cluster does not have.
    error WORKSPACE_KIND_MISSING = "workspace-kind-missing":
    Spec(kind);

    /// An image of a program with rights in every workspace is named by a tag alone.
    error IMAGE_WITHOUT_DIGEST = "image-without-digest":
    Spec(image);

    /// The texts of a platform are more than a ConfigMap holds.
    error PLATFORM_TEXTS_TOO_LARGE = "platform-texts-too-large":
    Whole(texts);
}

/// The kind that the operator reads.
pub fn kind(view: &SpecView<'_>, found: &mut Diagnostics) {
    let workspaces = &view.platform.spec.workspaces;
    if !workspaces.has_operator() || workspaces.crd {
        return;
    }
    let message = "an operator makes the objects of workspaces, and the cluster does not know the \
                   kind of its resources";
    found.push(
        WORKSPACE_KIND_MISSING
            .at(view.value(&["workspaces", "expandedBy"]), message)
            .help("write `crd: true, expandedBy: operator`"),
    );
}

/// The operator's image. A tag can be given to another image: whoever does that would have the
/// operator's rights.
pub fn image(view: &SpecView<'_>, found: &mut Diagnostics) {
    let platform = view.platform;
    if !platform.spec.workspaces.has_operator() {
        return;
    }
    let image = platform.versions.image(WORKSPACE_OPERATOR);
    if image.contains('@') {
        return;
    }
    let name = WORKSPACE_OPERATOR.name;
    let place = if platform.versions.written(WORKSPACE_OPERATOR).is_some() {
        Place::Value { file: VERSIONS.into(), path: FieldPath::root().key(name) }
    } else {
        view.value(&["workspaces", "expandedBy"])
    };
    let message = format!("the image of the operator for workspaces, {image}, has no digest");
    found.push(
        IMAGE_WITHOUT_DIGEST
            .at(place, message)
            .help(format!(
                "the release of Espalier {0} names the digest: pin it in {VERSIONS} as `{name}: \
                 {0}@sha256:<64 digits>`",
                WORKSPACE_OPERATOR.tested
            ))
            .note("its account may write in every namespace of a workspace"),
    );
}

/// The operator reads the platform's texts from one ConfigMap.
pub fn texts(view: &WholeView<'_>, found: &mut Diagnostics) {
    let texts = &view.plan.platform().texts;
    let size: usize = texts.values().map(|it| it.len()).sum();
    if size <= LARGEST {
        return;
    }
    let place =
        Place::Value { file: view.plan.file().clone(), path: field(&["workspaces", "expandedBy"]) };
    let message = format!(
        "the operator for workspaces reads the platform's texts from a ConfigMap, which holds at \
         most {LARGEST} bytes: they have {size}"
    );
    let finding = PLATFORM_TEXTS_TOO_LARGE.at(place, message);
    let largest = texts.iter().max_by_key(|it| it.1.len());
    found.push(match largest {
        Some((path, text)) => finding
            .help(format!("shorten {path}, the largest of them ({} bytes)", text.len()))
            .note(format!("files of {SECRETS} are none of them")),
        None => finding,
    });
}
