//! What each pod requests and may use, against what the node can give.

pub mod demand;
pub mod disk;
pub mod eviction;
pub mod placement;
pub mod report;
pub mod volumes;
