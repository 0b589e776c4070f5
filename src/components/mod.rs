//! The components of a platform: a file each, or a folder for one that a
//! chart makes, and the floor plan that says who uses whom.

pub mod alertmanager;
pub mod alloy;
pub mod argocd;
pub mod backup;
pub mod blackbox_exporter;
pub mod cert_manager;
pub mod config_files;
pub mod dashboards;
pub mod disk;
pub mod floor_plan;
pub mod grafana;
pub mod json_exporter;
pub mod kube_prometheus_stack;
pub mod loki;
pub mod monitoring_config;
pub mod namespaces;
pub mod node_agents;
pub mod node_alerts;
pub mod node_exporter;
pub mod ollama;
pub mod open_webui;
pub mod otel_collector;
pub mod pod;
pub mod postgres_exporter;
pub mod postgresql;
pub mod redis;
pub mod secrets;
pub mod section;
pub mod spec;
pub mod tika;
pub mod traefik;
pub mod workload_alerts;
pub mod workspace;
pub mod workspace_crd;
pub mod workspace_operator;
