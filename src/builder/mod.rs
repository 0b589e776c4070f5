//! What a component may do while it is being built: make handles, use them, add objects.

pub mod chart;
pub mod cluster;
pub mod component;
pub mod contribution;
pub mod credential;
pub mod dashboard;
pub mod endpoint;
pub mod example;
pub mod face;
pub mod handle;
pub mod ingress;
pub mod internet;
pub mod kinds;
pub mod lanes;
pub mod may_make;
pub mod meta;
pub mod object;
pub mod platform;
pub mod public;
pub mod scope;
pub mod script;
pub mod step;
pub mod traefik;
pub mod uses;
pub mod workload;
