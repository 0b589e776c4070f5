//! The only reader and the only writer of YAML.

pub mod conflict;
pub mod emit;
mod hints;
mod key;
mod messages;
mod odd;
mod parse;
mod placeholder;
pub mod plain;
mod quote;
mod read;
mod scalar;
mod serializer;
pub mod source;
mod syntax;
pub mod texts;
mod value;
