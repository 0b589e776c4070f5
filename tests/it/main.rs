//! The one integration test binary.

mod arithmetic;
mod cli;
mod faults;
mod golden;
mod laws;
mod platforms;
mod policies;
mod properties;
mod schema;
mod support;
mod tidy;
mod truth;
mod ui;
