//! The one integration test binary.

mod cli;
mod golden;
mod laws;
mod platforms;
mod properties;
mod support;
mod ui;
