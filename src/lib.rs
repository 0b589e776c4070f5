//! Espalier compiles one platform spec into the Argo CD tree of an AI chat platform and of its
//! tenants, and proves that it fits the node.
//!
//! `ARCHITECTURE.md` has the layers of its modules; `compile` is the compilation on one page.

pub mod budget;
pub mod builder;
pub mod check;
pub mod cli;
pub mod compile;
pub mod components;
pub mod crds;
pub mod diag;
pub mod emit;
pub mod facts;
pub mod load;
pub mod names;
pub mod plan;
pub mod platform;
pub mod report;
pub mod seal;
pub mod units;
pub mod yaml;
