//! Labels and annotations: who may write which, in one place.

use std::{collections::BTreeMap, sync::Arc};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// The workload; part of every selector.
pub const NAME: &str = "app.kubernetes.io/name";
/// The Application that made it; part of every selector.
pub const INSTANCE: &str = "app.kubernetes.io/instance";
/// The role that an object plays in its platform (not the component of the spec).
pub const COMPONENT: &str = "app.kubernetes.io/component";
/// The platform, or the workspace.
pub const PART_OF: &str = "app.kubernetes.io/part-of";
/// Who writes it.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// The software's version, and on a tenant's objects that of their form; never in a selector, a pod
/// template or a volume claim template.
pub const VERSION: &str = "app.kubernetes.io/version";
/// The version of a tenant's objects: that of the resource that they are made of. It stays when an
/// image gets a new version, so that nothing else of a tenant changes then.
const TENANT_VERSION: &str = "v1alpha1";
/// On a tenant's objects, with the workspace's name: the AIChat Workspace Operator's own label.
pub const WORKSPACE: &str = "aichatworkspace";

/// On the namespace of a workspace, with the workspace's name: where an operator may write. It is
/// there from the namespace's first moment and never added later, so no other becomes one.
pub const OPERATED: &str = "espalier.dev/workspace";

/// On the namespace of a workspace that uses the platform's own Ollama: what its policy lets in.
pub const SHARES_OLLAMA: (&str, &str) = ("espalier.dev/ollama", "shared");
/// On the namespace of a workspace with a database of the platform's PostgreSQL: what its policy
/// lets in.
pub const SHARES_DATABASE: (&str, &str) = ("espalier.dev/database", "shared");

/// One workload of a component: what its objects are called and labelled.
#[derive(Clone, Debug)]
pub struct Part {
    /// The full name (`ollama`, in a tenant `team-a-ollama`).
    pub name: Arc<str>,
    /// Its role: `model-server`, `database`…
    pub role: &'static str,
    /// The version of the software that it runs.
    pub version: Option<Arc<str>>,
}

/// How objects are named and labelled: the platform's own way, or a tenant's.
#[derive(Clone, Debug)]
pub enum Naming {
    /// `ollama`, part of the platform of that name.
    Platform(Arc<str>),
    /// `<workspace>-ollama`, with the labels of the AIChat Workspace Operator.
    Tenant(Arc<str>),
}

impl Naming {
    /// The name of a part.
    pub fn name(&self, part: &str) -> Arc<str> {
        match self {
            Self::Platform(_) => part.into(),
            Self::Tenant(workspace) => [workspace.as_ref(), "-", part].concat().into(),
        }
    }

    /// All labels of an object's metadata.
    pub fn labels(
        &self,
        name: &str,
        instance: &str,
        role: &str,
        version: Option<&str>,
    ) -> BTreeMap<String, String> {
        let (part_of, managed_by, workspace, version) = match self {
            Self::Platform(platform) => ((**platform).to_owned(), "espalier", None, version),
            Self::Tenant(workspace) => (
                ["aichat-workspace-", workspace].concat(),
                "aichat-workspace-operator",
                Some(workspace),
                Some(TENANT_VERSION),
            ),
        };
        let mut labels = BTreeMap::new();
        let mut set = |key: &str, value: String| drop(labels.insert(key.to_owned(), value));
        // From the last key to the first: each finds its place at the first comparison.
        if let Some(version) = version {
            set(VERSION, version.to_owned());
        }
        set(PART_OF, part_of);
        set(NAME, name.to_owned());
        set(MANAGED_BY, managed_by.to_owned());
        set(INSTANCE, instance.to_owned());
        set(COMPONENT, role.to_owned());
        if let Some(workspace) = workspace {
            set(WORKSPACE, (**workspace).to_owned());
        }
        labels
    }
}

impl Naming {
    /// Says of a tenant's object what the AIChat Workspace Operator says of one of that kind.
    pub fn mark(&self, kind: &str, metadata: &mut ObjectMeta) {
        let Self::Tenant(_) = self else { return };
        let component = match kind {
            "LimitRange" => "limitRange",
            "Namespace" => "aichatworkspace",
            "PersistentVolumeClaim" => "pvc",
            "ResourceQuota" => "resourceQuota",
            "Service" => "svc",
            "ServiceAccount" => "sa",
            _ => return,
        };
        let labels = metadata.labels.get_or_insert_default();
        labels.insert(COMPONENT.to_owned(), component.to_owned());
    }
}

/// Argo CD leaves the object out of its Application's health.
pub fn ignore_health(metadata: &mut ObjectMeta) {
    let annotations = metadata.annotations.get_or_insert_default();
    annotations.insert("argocd.argoproj.io/ignore-healthcheck".to_owned(), "true".to_owned());
}

/// Marks what holds data: Argo CD neither prunes nor deletes it, and does not call it out of sync
/// once it has left Git.
pub fn protect(metadata: &mut ObjectMeta) {
    let annotations = metadata.annotations.get_or_insert_default();
    annotations.insert(
        "argocd.argoproj.io/sync-options".to_owned(),
        "Prune=false,Delete=false".to_owned(),
    );
    annotations
        .insert("argocd.argoproj.io/compare-options".to_owned(), "IgnoreExtraneous".to_owned());
}
