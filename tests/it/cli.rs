//! The built program in temporary folders: commands, streams, exit codes.

mod besides;
mod completion;
mod diffs;
mod first_hour;
mod git;
mod glance;
mod merges;
mod models;
mod monitoring;
mod output;
#[cfg(target_os = "linux")]
pub mod pty;
mod release;
mod sealing;
mod sources;
mod trees;
mod untrusted_input;
pub mod workspace_dir;
mod workspaces;
