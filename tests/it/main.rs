//! The one integration test binary.

#![expect(
    clippy::disallowed_methods,
    reason = "tests run programs, and make repositories for them"
)]

mod arithmetic;
mod bootstrap;
mod cli;
mod darien_faults;
mod digests;
mod faults;
mod golden;
mod growth;
mod invariants;
mod layers;
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
mod secret_refs;
mod signed;
mod support;
mod tenants;
mod tidy;
mod ui;
mod units;
mod yaml;
