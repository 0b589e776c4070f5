//! What an Application may ever make, declared: its AppProject permits that, and no more.
//!
//! It is a constant and does not follow what is switched on: a project that narrowed in the commit
//! that takes something out would keep Argo CD from deleting it. A test holds it against what every
//! platform makes.

use crate::facts::charts::{ChartFacts, ObjectKind};

/// What an Application may ever make.
#[derive(Debug)]
pub struct MayMake {
    /// The Application.
    pub application: &'static str,
    /// Its destination, and every other namespace that objects of it may be in.
    pub namespaces: &'static [&'static str],
    /// The kinds of its objects; those of a chart stand in the chart's facts.
    pub kinds: &'static [ObjectKind],
    /// The chart that makes it.
    pub chart: Option<&'static ChartFacts>,
}

impl MayMake {
    /// Of an Application whose objects are in one namespace.
    pub const fn in_namespace(
        application: &'static str,
        namespaces: &'static [&'static str],
        kinds: &'static [ObjectKind],
    ) -> Self {
        Self { application, namespaces, kinds, chart: None }
    }

    /// Of an Application that a chart makes.
    pub const fn chart(
        application: &'static str,
        namespaces: &'static [&'static str],
        chart: &'static ChartFacts,
    ) -> Self {
        Self { application, namespaces, kinds: &[], chart: Some(chart) }
    }
}
