//! Queries of Prometheus: each reads what some exporter serves.

mod cousins;
mod law;
