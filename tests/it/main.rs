//! The integration tests, in one binary.

mod cli;
mod golden;
mod support;
mod ui;
