//! What a component may do while it is being built: mint handles, spend them, add objects.

pub mod chart;
pub mod cluster;
pub mod credential;
pub mod handle;
pub mod meta;
pub mod object;
pub mod platform;
pub mod scope;
pub mod workload;
