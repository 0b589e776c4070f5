//! Queries of Prometheus: each reads what some exporter serves, an alert can fire, and a panel shows
//! values in their own unit.

mod alerts;
mod cousins;
mod dimension;
mod figures;
mod law;
mod panels;
mod promtool;
