//! What can be wrong, where it is wrong, and how that is told.

pub mod code;
pub mod diagnostic;
mod human;
mod locate;
mod machine;
pub mod path;
pub mod plain;
pub mod render;
pub mod suggest;
