//! The vocabulary of the spec that components share: node, repository, hosts, certificates,
//! resources, versions, sealed values, storage.

pub mod certificates;
pub mod files;
pub mod images;
pub mod node;
pub mod node_group;
pub mod repository;
pub mod resources;
pub mod rollout;
pub mod sealed;
pub mod storage;
pub mod versions;
