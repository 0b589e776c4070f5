//! The words by which the operator knows what is its own: a contract with the tree, its roles and
//! its admission policies.

/// Who the API server says has written a field.
pub const MANAGER: &str = "aichat-workspace-operator";
/// The label of all objects of workspaces, and its value [`MANAGER`].
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// The label of a workspace's namespace, with the workspace's name.
pub const WORKSPACE: &str = "espalier.dev/workspace";
/// The annotation of a workspace's namespace: the UID of the resource that it belongs to.
pub const OWNER: &str = "espalier.dev/owner";
/// The annotation of a namespace whose workspace is gone: when it went.
pub const RETAINED_AT: &str = "espalier.dev/retained-at";
/// The annotation of a resource that stands for a file of the tree.
pub const SOURCE: &str = "espalier.dev/source";
/// The finalizer of a resource whose objects are there.
pub const FINALIZER: &str = "espalier.dev/workspace";
/// That of the operator that was there before.
pub const FORMER_FINALIZER: &str = "core.aichatworkspace.io/finalizer";
/// The label that the operator that was there before, and the tree, give a workspace's namespace.
pub const FORMER_WORKSPACE: &str = "aichatworkspace";
/// Who the API server says has written what Argo CD applied.
pub const ARGO_CD: &str = "argocd-controller";
/// The annotation of a resource that Argo CD has applied, and keeps.
pub const TRACKED: &str = "argocd.argoproj.io/tracking-id";
/// The annotation of a resource that the API has written: who asked for it last.
pub const REQUESTED_BY: &str = "espalier.dev/requested-by";
/// Who the API server says has written what the API wrote.
pub const API: &str = "aichat-workspace-api";
