//! The only reader and the only writer of YAML.

pub mod conflict;
mod done;
pub mod emit;
mod failure;
mod hints;
mod key;
mod messages;
mod node;
mod odd;
mod parse;
mod placeholder;
pub mod plain;
mod quote;
mod read;
mod scalar;
pub mod scalars;
mod serializer;
pub mod source;
mod subject;
mod syntax;
pub mod texts;
mod value;
