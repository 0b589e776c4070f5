//! What is derived from the built components: waves, policies, projects and secret copies.

pub mod applications;
pub mod copies;
pub mod glance;
pub mod policies;
pub mod projects;
pub mod rows;
pub mod waves;
