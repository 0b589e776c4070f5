//! The built program in temporary folders: verbs, streams, exit codes.

mod completion;
mod diffs;
mod git;
mod models;
mod merges;
pub mod place;
mod release;
mod sealing;
mod sources;
mod strangers;
mod trees;
mod words;
