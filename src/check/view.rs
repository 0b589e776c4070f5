//! What rules look at: the spec, a tenant, the whole.

use std::sync::Arc;

use crate::{
    budget::{demand::Total, report::Report},
    components::floor_plan::{Assembly, Platform},
    diag::{diagnostic::Place, path::FieldPath},
    names::Host,
    plan::copies::RequiredSecret,
    platform::node::Node,
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

    /// The key of a component's section, or of a field of it.
    pub fn component_key(&self, path: &[&str]) -> Place {
        Place::Key {
            file: self.file.clone(),
            path: path.iter().fold(field(&["components"]), |at, key| at.key(*key)),
        }
    }

    /// A component's section, or a field of it.
    pub fn component(&self, path: &[&str]) -> Place {
        Place::Value {
            file: self.file.clone(),
            path: path.iter().fold(field(&["components"]), |at, key| at.key(*key)),
        }
    }
}

impl SpecView<'_> {
    /// Every machine that the spec describes, and where.
    pub fn machines(&self) -> impl Iterator<Item = (FieldPath, Node)> {
        let spec = &self.platform.spec;
        let one = spec.node.iter().map(|it| (field(&["node"]), it.clone()));
        one.chain(
            spec.nodes
                .iter()
                .enumerate()
                .map(|(index, node)| (field(&["nodes"]).index(index), node.node())),
        )
    }

    /// A value by its path.
    pub fn at(&self, path: FieldPath) -> Place {
        Place::Value { file: self.file.clone(), path }
    }

    /// A field of the node; all nodes where there are groups of them.
    pub fn node(&self, path: &[&str]) -> Place {
        match self.platform.spec.node {
            Some(_) => self.value(&[&["node"], path].concat()),
            None => self.value(&["nodes"]),
        }
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
    pub sum: &'a Total,
}

/// The whole: the platform, built, and its tenants.
pub struct WholeView<'a> {
    /// The spec.
    pub spec: SpecView<'a>,
    /// The platform, built.
    pub assembly: &'a Assembly,
    /// Its tenants, in the order of their files' names.
    pub tenants: &'a [TenantView<'a>],
    /// The sums.
    pub budget: &'a Report,
    /// Credentials that are needed.
    pub copies: &'a [RequiredSecret],
}
