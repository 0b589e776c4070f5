//! The one integration test binary.

#![expect(clippy::disallowed_methods, reason = "tests run programs, and make repositories for them")]

mod arithmetic;
mod bootstrap;
mod cli;
mod closure;
mod digests;
mod faults;
mod golden;
mod growth;
mod laws;
mod models;
mod mutations;
mod pin;
mod platforms;
mod policies;
#[cfg(target_os = "linux")]
mod postgresql;
mod properties;
#[cfg(target_os = "linux")]
mod pulls;
mod reader;
#[cfg(target_os = "linux")]
mod readme;
mod scale;
mod schema;
mod seal;
mod signed;
mod support;
mod tenants;
mod tidy;
mod truth;
mod ui;
mod units;
mod yaml;
