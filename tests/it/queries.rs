//! Queries of Prometheus: each reads what some exporter serves, and an alert can fire.

mod alerts;
mod cousins;
mod law;
mod promtool;
