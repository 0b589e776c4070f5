//! Findings: what is wrong, and where.

pub mod code;
pub mod diagnostic;
pub mod path;
pub mod plain;
pub mod suggest;
