//! The table of rules, and what they look at.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    code,
    view::{SpecView, WholeView},
};
use crate::{
    diag::{
        code::UNKNOWN_FIELD,
        diagnostic::{Diagnostic, Diagnostics, Place, Severity},
        path::{FieldPath, Step},
    },
    platform::files::{SEALING, SECRETS, VERSIONS},
};

type SpecRule = fn(&SpecView<'_>, &mut Diagnostics);
type WholeRule = fn(&WholeView<'_>, &mut Diagnostics);

/// Rules on the spec; an error among their findings and nothing is built.
const SPEC: [SpecRule; 20] = [
    super::argocd::pair,
    super::argocd::waves,
    super::backup::worth,
    super::certificate::another,
    super::components::needed,
    super::figures::plausible,
    super::hosts::platform,
    super::hosts::public,
    super::limits::limits,
    super::models::models,
    super::node_groups::nodes,
    super::ollama::settings,
    super::open_webui::chat,
    super::postgresql::external,
    super::postgresql::memory,
    super::ranges::numbers,
    super::ranges::sizes,
    super::repository::without_tls,
    super::versions::checksums,
    super::versions::tested,
];

/// Rules on the whole.
const WHOLE: [WholeRule; 8] = [
    super::components::needed_by_tenants,
    super::credentials::closed_everywhere,
    super::credentials::sealed,
    super::examples::left_over,
    super::hosts::tenants,
    super::capacity::node,
    super::sealed_files::names,
    super::workspaces::administrators,
];

/// Runs the rules on the spec.
///
/// `found` is what was found by reading it. What could not be read has its default, so whatever the
/// rules say of the component around it may only follow from that, and is left out.
pub fn spec(view: &SpecView<'_>, found: &mut Diagnostics) {
    let Some(unread) = found
        .iter()
        .filter(|it| it.severity == Severity::Error)
        .map(unread)
        .collect::<Option<Vec<_>>>()
    else {
        return;
    };
    let mut more = Diagnostics::new();
    for rule in SPEC {
        rule(view, &mut more);
    }
    let is_sound = |place: &Place| match place {
        Place::Value { file, path } | Place::Key { file, path } => unread
            .iter()
            .all(|it| it.0 != *file || !(path.starts_with(&it.1) || it.1.starts_with(path))),
        _ => true,
    };
    let is_known = |diagnostic: &Diagnostic| {
        is_sound(&diagnostic.place) && diagnostic.related.iter().all(|it| is_sound(&it.0))
    };
    found.extend(said_once(more).into_iter().filter(is_known));
}

/// What else is said of a number that is out of its range, or of another place for the number's
/// sake, only follows from that.
fn said_once(found: Diagnostics) -> Diagnostics {
    let of = |place: &Place| match place {
        Place::Value { file, path } => Some((file.clone(), path.clone())),
        _ => None,
    };
    let is_out = |diagnostic: &Diagnostic| {
        diagnostic.severity == Severity::Error
            && [code::OUT_OF_RANGE, code::FIGURES_IMPLAUSIBLE].contains(&diagnostic.code)
    };
    let mut out = BTreeMap::new();
    for (index, it) in found.iter().enumerate().filter(|it| is_out(it.1)) {
        if let Some(place) = of(&it.place) {
            out.entry(place).or_insert(index);
        }
    }
    // A map of numbers (`connectionPool`) is one matter with them, a whole component is not. What
    // lies in a place comes right behind it.
    let has_out = |place: (Arc<str>, FieldPath)| {
        let is_whole = |field_path: &FieldPath| {
            *field_path == place.1
                || (place.1.steps().len() > 3 && field_path.starts_with(&place.1))
        };
        out.range(&place..).next().is_some_and(|it| it.0.0 == place.0 && is_whole(&it.0.1))
    };
    let is_told = |(index, it): &(usize, Diagnostic)| {
        if is_out(it) {
            return of(&it.place).and_then(|it| out.get(&it)).is_none_or(|first| first == index);
        }
        let related = it.related.iter().map(|it| &it.0);
        !related.chain([&it.place]).filter_map(of).any(has_out)
    };
    found.into_iter().enumerate().filter(is_told).map(|it| it.1).collect()
}

/// The file and the part of it that an error makes doubtful: the component or section around it.
/// None where that cannot be told.
fn unread(diagnostic: &Diagnostic) -> Option<(Arc<str>, FieldPath)> {
    let (Place::Key { file, path } | Place::Value { file, path }) = &diagnostic.place else {
        return None;
    };
    // A field of another name may have been meant.
    let path = if diagnostic.code == UNKNOWN_FIELD {
        path.parent().unwrap_or_default()
    } else {
        path.clone()
    };
    let steps = path.steps();
    let is_component = matches!(steps.get(1), Some(Step::Key(key)) if key == "components");
    let part = steps.iter().take(if is_component { 3 } else { 2 }).cloned().collect();
    Some((file.clone(), if is_platform(file) { part } else { FieldPath::root() }))
}

/// Other files are small: an error makes the whole of them doubtful.
fn is_platform(file: &str) -> bool {
    file != VERSIONS && file != SEALING && !file.starts_with(SECRETS)
}

/// Runs the rules on the whole.
pub fn whole(view: &WholeView<'_>, found: &mut Diagnostics) {
    for rule in WHOLE {
        rule(view, found);
    }
}
