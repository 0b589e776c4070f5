//! Findings: what is wrong, where, and how that is shown.

pub mod code;
pub mod diagnostic;
mod human;
mod locate;
mod machine;
pub mod path;
pub mod plain;
pub mod render;
pub mod suggest;
