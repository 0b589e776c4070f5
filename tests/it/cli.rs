//! The built program in temporary folders: verbs, streams, exit codes.

mod besides;
mod completion;
mod diffs;
mod first_hour;
mod git;
mod glance;
mod merges;
mod models;
pub mod place;
#[cfg(target_os = "linux")]
pub mod pty;
mod release;
mod sealing;
mod sources;
mod strangers;
mod trees;
mod words;
