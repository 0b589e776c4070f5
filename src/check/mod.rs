//! The rules: one file each, one line each in a table, one page each.

pub mod argocd;
pub mod backup;
pub mod capacity;
pub mod certificate;
pub mod code;
pub mod components;
pub mod credentials;
pub mod examples;
pub mod figures;
pub mod hosts;
pub mod limits;
pub mod model_names;
pub mod models;
pub mod node_groups;
pub mod ollama;
pub mod open_webui;
pub mod pages;
pub mod postgresql;
pub mod ranges;
pub mod repository;
pub mod rules;
pub mod sealed_files;
pub mod suggestions;
pub mod versions;
pub mod view;
pub mod workspaces;
