//! A Helm chart as a component's body: typed values, and what the chart is known to make.

use std::sync::Arc;

use crate::{
    facts::charts::{ChartFacts, Kind},
    units::{Bytes, Millicores},
};

/// A pod that a chart will make, declared where its values are written; held against the real
/// render by a judge.
#[derive(Clone, Debug)]
pub struct ChartPod {
    /// `Deployment`, `StatefulSet`, `DaemonSet`; a `Job` comes and goes, and counts as present.
    pub kind: &'static str,
    /// The workload's name.
    pub name: Arc<str>,
    /// Pods of it.
    pub replicas: u32,
    /// Sum of the containers' memory requests, per pod.
    pub request: Bytes,
    /// Sum of the containers' memory limits, per pod.
    pub limit: Bytes,
    /// Sum of the containers' CPU requests, per pod.
    pub cpu: Millicores,
    /// Pods that a rolling update adds while it runs.
    pub surge: u32,
}

/// The chart, pinned; `values` is the component's own struct, built from handles like any object.
pub struct Chart {
    /// What is known of the chart.
    pub facts: &'static ChartFacts,
    /// The pinned version.
    pub version: Arc<str>,
    /// The Application's `valuesObject`: only what differs from the chart's defaults.
    pub values: Arc<dyn Values>,
    /// The pods that it makes with these values.
    pub pods: Vec<ChartPod>,
}

impl Chart {
    /// Kinds that the chart renders, for the projects' whitelists.
    pub fn kinds(&self) -> &'static [Kind] {
        self.facts.kinds
    }
}

/// Typed values of a chart, erased: they stay a struct up to the bytes.
pub trait Values: erased_serde::Serialize + Send + Sync {}

impl<V: serde::Serialize + Send + Sync> Values for V {}

erased_serde::serialize_trait_object!(Values);
