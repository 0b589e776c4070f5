//! From texts to the platform: what was written, typed, with all that is wrong about it.

pub mod read;
pub mod schema;
mod shape;
