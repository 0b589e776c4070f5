//! What can be wrong, and where it is wrong.

pub mod code;
pub mod diagnostic;
pub mod path;
pub mod plain;
pub mod suggest;
