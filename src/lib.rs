//! Espalier compiles one platform spec into the Argo CD tree of an AI chat platform and of its
//! tenants, and proves that it fits the node.
//!
//! The floors, top to bottom; arrows point down only: `cli` → `compile` → {`spec`, `check`, `emit`}
//! → {`components`, `plan`, `budget`, `seal`} → {`platform`, `builder`, `crds`, `facts`} → {`diag`,
//! `yaml`, `units`, `names`}.

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
pub mod names;
pub mod plan;
pub mod platform;
pub mod seal;
pub mod spec;
pub mod units;
pub mod yaml;
