//! Figures, versions and the charts' facts: each has its one home here, with its source.

pub mod alerts;
pub mod bootstrap;
pub mod browser;
pub mod charts;
pub mod documents;
pub mod domains;
pub mod kubernetes;
pub mod limits;
pub mod logs;
#[cfg(feature = "internals")]
pub mod metrics;
pub mod models;
pub mod node;
pub mod ollama;
pub mod open_webui;
pub mod pairs;
pub mod requests;
pub mod traefik;
pub mod versions;
