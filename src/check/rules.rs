//! The table of rules, and what they look at.

use std::sync::Arc;

use crate::{
    budget::{ask::Sum, report::Report},
    components::{House, Platform},
    diag::{
        diagnostic::{Diagnostics, Place},
        path::FieldPath,
    },
    names::Host,
    plan::copies::Needed,
};

/// What can be told from the spec alone, before anything is built.
pub struct SpecView<'a> {
    /// The platform.
    pub platform: &'a Platform,
    /// The file that it was read from.
    pub file: &'a Arc<str>,
}

impl SpecView<'_> {
    /// A value of the spec, by its path below `spec`.
    pub fn value(&self, path: &[&str]) -> Place {
        Place::Value { file: self.file.clone(), path: field(path) }
    }

    /// A component's section, or a field of it.
    pub fn component(&self, path: &[&str]) -> Place {
        Place::Value { file: self.file.clone(), path: path.iter().fold(field(&["components"]), |at, key| at.key(*key)) }
    }
}

/// The path of a field below `spec`.
pub fn field(path: &[&str]) -> FieldPath {
    path.iter().fold(FieldPath::root().key("spec"), |at, key| at.key(*key))
}

/// What a tenant tells of itself, once it has been built.
pub struct TenantView<'a> {
    /// Its file.
    pub file: &'a Arc<str>,
    /// Its namespace; none when its file could not be read.
    pub name: Option<&'a Arc<str>>,
    /// Its public host.
    pub host: Option<&'a Host>,
    /// What its pods ask for.
    pub sum: &'a Sum,
}

/// The whole: the platform, built, and its tenants.
pub struct WholeView<'a> {
    /// The spec.
    pub spec: SpecView<'a>,
    /// The platform, built.
    pub house: &'a House,
    /// Its tenants, in the order of their files' names.
    pub tenants: &'a [TenantView<'a>],
    /// The sums.
    pub budget: &'a Report,
    /// Credentials that are needed.
    pub copies: &'a [Needed],
}

type SpecRule = fn(&SpecView<'_>, &mut Diagnostics);
type WholeRule = fn(&WholeView<'_>, &mut Diagnostics);

/// Rules on the spec; an error among their findings and nothing is built.
const SPEC: [SpecRule; 7] = [
    super::components::needed,
    super::components::ranges,
    super::hosts::platform,
    super::limits::limits,
    super::models::models,
    super::postgresql::memory,
    super::versions::tested,
];

/// Rules on the whole.
const WHOLE: [WholeRule; 4] = [super::credentials::sealed, super::hosts::tenants, super::node::node, super::workspaces::unique];

/// Runs the rules on the spec.
pub fn spec(view: &SpecView<'_>, found: &mut Diagnostics) {
    for rule in SPEC {
        rule(view, found);
    }
}

/// Runs the rules on the whole.
pub fn whole(view: &WholeView<'_>, found: &mut Diagnostics) {
    for rule in WHOLE {
        rule(view, found);
    }
}
