//! What each pod requests and may use, against what the node can give.

pub mod ask;
pub mod eviction;
pub mod place;
pub mod report;
