//! Espalier compiles one platform spec into the Argo CD tree of an AI chat platform and of its
//! tenants, and proves that it fits the node.
//!
//! The program `espalier` is the feature `cli`, which is on by default. Other programs depend on
//! the library without it:
//!
//! ```
//! # let spec = include_str!("../spec/platform.yaml");
//! let (plan, findings) = espalier::Plan::load([("spec/platform.yaml", spec)]);
//! let plan = plan.expect("the findings have no error");
//! assert!(!findings.has_errors());
//!
//! let resource = serde_json::json!({
//!     "apiVersion": "apps.aichatworkspaces.io/v1alpha1",
//!     "kind": "AIChatWorkspace",
//!     "metadata": {"name": "a-team", "uid": "3c9c8f1e"},
//!     "spec": {
//!         "workspaceName": "a-team",
//!         "workspaceENV": "dev",
//!         "models": ["llama3.2:1b-instruct-q4_K_M"],
//!     },
//! });
//! let (tenant, _) = plan.tenant_of("a-team", &resource);
//! let tenant = tenant.expect("it has no error either");
//! let namespace = tenant.objects().next().expect("its namespace comes first");
//! assert_eq!((namespace.kind(), namespace.name()), ("Namespace", "a-team"));
//! assert!(namespace.yaml().starts_with(b"apiVersion: v1\nkind: Namespace\n"));
//!
//! let wrong = serde_json::json!({"spec": {"workspaceName": "A team", "models": []}});
//! let (tenant, findings) = plan.tenant_of("a-team", &wrong);
//! assert!(tenant.is_none());
//! let pointers = findings.list().into_iter().filter_map(|finding| finding.at.pointer);
//! assert!(pointers.into_iter().any(|pointer| pointer == "/spec/workspaceName"));
//! ```
//!
//! `ARCHITECTURE.md` has the layers of the modules; `compile` is the compilation on one page.

#![cfg_attr(feature = "internals", warn(unreachable_pub))]
#![cfg_attr(
    not(feature = "cli"),
    allow(dead_code, reason = "the program asks more of a plan than others do")
)]

mod api;

#[cfg(feature = "seal")]
pub use api::sealer::Sealer;
pub use api::{
    Findings, Object, Plan, Tenant, Tree,
    models::{Model, all as models},
    room::{Room, Size, Sums},
    text::{Text, workspace_schema, yaml as yaml_text},
};
pub use components::workspace::api_kinds::{ApiKind, all as tenant_kinds};
pub use components::workspace::status::{
    ConditionStatus, InventoryEntry, WorkspaceBudget, WorkspaceCondition, WorkspaceModel,
    WorkspaceStatus,
};
pub use report::machine::{Finding, Location, Related};
#[cfg(feature = "seal")]
pub use sealing::SealingError;

/// The program, as a function: arguments in, exit code out.
#[cfg(feature = "cli")]
#[doc(hidden)]
pub use cli::main as program;

#[cfg(not(feature = "internals"))]
mod budget;
#[cfg(not(feature = "internals"))]
mod builder;
#[cfg(not(feature = "internals"))]
mod check;
#[cfg(all(feature = "cli", not(feature = "internals")))]
mod cli;
#[cfg(not(feature = "internals"))]
mod compile;
#[cfg(not(feature = "internals"))]
mod components;
#[cfg(not(feature = "internals"))]
mod crds;
#[cfg(not(feature = "internals"))]
mod diag;
#[cfg(not(feature = "internals"))]
mod emit;
#[cfg(not(feature = "internals"))]
mod facts;
#[cfg(not(feature = "internals"))]
mod load;
#[cfg(not(feature = "internals"))]
mod names;
#[cfg(not(feature = "internals"))]
mod plan;
#[cfg(not(feature = "internals"))]
mod platform;
#[cfg(not(feature = "internals"))]
mod report;
#[cfg(not(feature = "internals"))]
mod seal;
#[cfg(all(feature = "seal", not(feature = "internals")))]
mod sealing;
#[cfg(not(feature = "internals"))]
mod units;
#[cfg(not(feature = "internals"))]
mod yaml;

// The same modules, for the package's own tests.
#[cfg(feature = "internals")]
pub mod budget;
#[cfg(feature = "internals")]
pub mod builder;
#[cfg(feature = "internals")]
pub mod check;
#[cfg(all(feature = "cli", feature = "internals"))]
pub mod cli;
#[cfg(feature = "internals")]
pub mod compile;
#[cfg(feature = "internals")]
pub mod components;
#[cfg(feature = "internals")]
pub mod crds;
#[cfg(feature = "internals")]
pub mod diag;
#[cfg(feature = "internals")]
pub mod emit;
#[cfg(feature = "internals")]
pub mod facts;
#[cfg(feature = "internals")]
pub mod load;
#[cfg(feature = "internals")]
pub mod names;
#[cfg(feature = "internals")]
pub mod plan;
#[cfg(feature = "internals")]
pub mod platform;
#[cfg(feature = "internals")]
pub mod report;
#[cfg(feature = "internals")]
pub mod seal;
#[cfg(all(feature = "seal", feature = "internals"))]
pub mod sealing;
#[cfg(feature = "internals")]
pub mod units;
#[cfg(feature = "internals")]
pub mod yaml;
