//! The built program in temporary folders: verbs, streams, exit codes.

mod git;
mod models;
pub mod place;
mod release;
mod sealing;
mod sources;
mod strangers;
mod trees;
mod words;
