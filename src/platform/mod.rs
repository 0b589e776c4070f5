//! The vocabulary of the spec that components share: node, repository, hosts, certificates,
//! resources, versions, sealed values, storage, servers outside, and whom they believe.

pub mod certificates;
pub mod dns01;
pub mod files;
pub mod images;
pub mod ingress;
pub mod node;
pub mod node_group;
pub mod outside;
pub mod proxy;
pub mod repository;
pub mod resources;
pub mod sealed;
pub mod storage;
pub mod trust;
pub mod versions;
pub mod workspace_api;
pub mod workspaces;
pub mod written;
