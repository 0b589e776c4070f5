//! The components of a platform: a file each, or a folder for one that a
//! chart makes, and the floor plan that says who uses whom.

pub mod argocd;
pub mod backup;
pub mod cert_manager;
pub mod dashboards;
pub mod disk;
pub mod floor_plan;
pub mod grafana;
pub mod kube_prometheus_stack;
pub mod monitoring_config;
pub mod namespaces;
pub mod node_alerts;
pub mod ollama;
pub mod open_webui;
pub mod pod;
pub mod postgresql;
pub mod redis;
pub mod secrets;
pub mod section;
pub mod spec;
pub mod tika;
pub mod traefik;
pub mod workload_alerts;
pub mod workspace;
