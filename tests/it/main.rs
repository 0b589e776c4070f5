//! The one integration test binary; `tests/README.md` says which test belongs where.
//!
//! What is pure is tested beside itself, in `src`. Here is what needs more than one module:
//!
//! - waves: `invariants` (what objects need), `properties` (what is declared);
//! - placement on nodes of what charts declare: `arithmetic`;
//! - AppProjects: `may_make`, `tenants`, `invariants`, `signed`;
//! - network policies: `policies`.

#![expect(
    clippy::disallowed_methods,
    reason = "tests run programs, and make repositories for them"
)]
#![expect(clippy::panic, reason = "a helper of a test stops it with what it saw")]

// The spec: what is read, and what is said of it.
mod models;
mod mutations;
mod reader;
mod schema;
mod ui;
mod units;

// The tree: byte for byte, and laws that hold in each.
mod darien_faults;
mod digests;
mod golden;
mod grafana;
mod invariants;
mod logs;
mod may_make;
mod monitoring;
mod pin;
mod platforms;
mod policies;
mod prompts;
mod properties;
mod queries;
mod rules;
mod scale;
mod secret_refs;
mod signed;
mod tenants;
mod workspace_api;
mod workspace_crd;
mod workspace_operator;
mod workspaces;
mod yaml;

// The budget: sums, nodes, placement.
mod arithmetic;
mod growth;

// Scripts of the tree, run.
mod bootstrap;
#[cfg(target_os = "linux")]
mod postgresql;
#[cfg(target_os = "linux")]
mod pulls;

// The program: commands, disks, sealing.
mod cli;
mod faults;
#[cfg(unix)]
mod index;
#[cfg(target_os = "linux")]
mod readme;
mod seal;

// The library, as others see it.
mod administrators;
mod api;
mod apply;

// The repository itself.
mod layers;
mod package;
mod tidy;

// What tests share.
mod support;
