//! Sealing: values, certificates, key pairs, random words.

mod keys;
pub mod open;
mod pairs;
mod seeded;
mod values;
mod words;
mod workspace;
