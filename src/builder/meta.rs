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
/// The software's version; never in a selector, a pod template or a volume claim template.
pub const VERSION: &str = "app.kubernetes.io/version";
/// On a tenant's objects, with the workspace's name: the AIChat Workspace Operator's own label.
pub const WORKSPACE: &str = "aichatworkspace";

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
        let (part_of, managed_by, workspace) = match self {
            Self::Platform(platform) => ((**platform).to_owned(), "espalier", None),
            Self::Tenant(workspace) => (
                ["aichat-workspace-", workspace].concat(),
                "aichat-workspace-operator",
                Some(workspace),
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
