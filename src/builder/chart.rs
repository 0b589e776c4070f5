//! A Helm chart as a component's body: typed values, and what the chart is known to make.

pub mod pods;
pub mod values;

use std::sync::Arc;

use crate::facts::charts::{ChartFacts, ObjectKind};
use pods::ChartPod;

/// The chart, pinned; `values` is the component's own struct, built from handles like any object.
pub struct Chart {
    /// What is known of the chart.
    pub facts: &'static ChartFacts,
    /// The pinned version.
    pub version: Arc<str>,
    /// The Application's `valuesObject`: only what differs from the chart's defaults.
    pub values: Arc<dyn Values>,
    /// The pods that it makes with these values: what [`super::scope::Scope::chart`] is given.
    pub pods: Vec<ChartPod>,
}

impl Chart {
    /// The chart at a version, with values; its pods are declared with it.
    pub fn new(facts: &'static ChartFacts, version: &str, values: impl Values + 'static) -> Self {
        Self { facts, version: version.into(), values: Arc::new(values), pods: Vec::new() }
    }

    /// Kinds that the chart renders, for the projects' whitelists.
    pub fn kinds(&self) -> &'static [ObjectKind] {
        self.facts.kinds
    }
}

/// Typed values of a chart, erased: they stay a struct up to the bytes.
pub trait Values: erased_serde::Serialize + Send + Sync {}

impl<V: serde::Serialize + Send + Sync> Values for V {}

erased_serde::serialize_trait_object!(Values);
