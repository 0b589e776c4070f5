//! The components of a platform: one file each, and the floor plan that says who feeds whom.

pub mod argocd;
pub mod backup;
pub mod cert_manager;
pub mod floor_plan;
pub mod ingress;
pub mod namespaces;
pub mod node_alerts;
pub mod ollama;
pub mod open_webui;
pub mod pod;
pub mod postgresql;
pub mod redis;
pub mod secrets;
pub mod section;
pub mod traefik;
pub mod workspace;
