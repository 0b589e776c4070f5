//! The only reader and the only writer of YAML.

pub mod conflict;
pub mod emit;
mod hints;
mod key;
mod odd;
mod parse;
pub mod plain;
mod quote;
mod read;
mod sample;
mod scalar;
mod serializer;
pub mod source;
mod syntax;
mod value;
mod wording;
