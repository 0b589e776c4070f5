//! What a component may do while it is being built: make handles, use them, add objects.

pub mod chart;
pub mod cluster;
pub mod component;
pub mod credential;
pub mod handle;
pub mod kinds;
pub mod may_make;
pub mod meta;
pub mod object;
pub mod platform;
pub mod scope;
pub mod script;
pub mod workload;
