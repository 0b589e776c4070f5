//! Argo CD's `Application` and `AppProject` (`argoproj.io/v1alpha1`).

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

use crate::builder::{chart::Values, object::CustomResource};

/// Removing the Application removes its objects first; this spelling is one that the API server
/// does not warn about.
pub const CASCADE: &str = "resources-finalizer.argocd.argoproj.io/foreground";
/// A project stays until no Application names it.
pub const WHILE_NAMED: &str = "resources-finalizer.argocd.argoproj.io";
/// On an object that Argo CD applies: by which Application.
pub const TRACKED: &str = "argocd.argoproj.io/tracking-id";
/// On an Application, whose writing Argo CD takes over when it first applies a resource: else a
/// field that leaves Git would stay, since its first writer still owns it.
pub const TAKES_OVER: &str = "argocd.argoproj.io/client-side-apply-migration-manager";
/// The cluster that Argo CD runs in.
pub const IN_CLUSTER: &str = "https://kubernetes.default.svc";

/// A folder or chart, and where it goes.
#[derive(Serialize)]
pub struct Application {
    /// Name, wave, finalizer.
    pub metadata: ObjectMeta,
    /// The rest.
    pub spec: ApplicationSpec,
}

/// The body of an [`Application`].
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationSpec {
    /// Where its objects go.
    pub destination: Destination,
    /// Fields that others write.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignore_differences: Vec<IgnoreDifference>,
    /// The AppProject.
    pub project: Arc<str>,
    /// How many past syncs are kept.
    pub revision_history_limit: u32,
    /// Where its objects come from.
    pub source: Source,
    /// When it syncs.
    pub sync_policy: SyncPolicy,
}

/// A cluster and a namespace.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Destination {
    /// The namespace of objects that name none; in a project, one that is permitted.
    pub namespace: Arc<str>,
    /// The API server.
    pub server: &'static str,
}

/// Fields that the comparison leaves out.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IgnoreDifference {
    /// API group.
    pub group: &'static str,
    /// JSON pointers into the object.
    pub json_pointers: Vec<&'static str>,
    /// Kind.
    pub kind: &'static str,
}

/// A folder of a Git repository, or a chart.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// A chart's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chart: Option<&'static str>,
    /// How a folder is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<Directory>,
    /// How a chart is rendered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub helm: Option<Helm>,
    /// The folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Git or chart repository.
    #[serde(rename = "repoURL")]
    pub repo_url: String,
    /// Branch or chart version.
    pub target_revision: String,
}

/// How a folder is read.
#[derive(Serialize)]
pub struct Directory {
    /// Files that count.
    pub include: &'static str,
    /// Whether folders below count too.
    pub recurse: bool,
}

/// How a chart is rendered.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Helm {
    /// The release's name, which is the pods' `app.kubernetes.io/instance`.
    pub release_name: String,
    /// Typed values.
    pub values_object: ValuesObject,
}

/// Values as the Application holds them: shared with the plan, which outlives the emission.
pub struct ValuesObject(pub Arc<dyn Values>);

impl Serialize for ValuesObject {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        erased_serde::serialize(&*self.0, serializer)
    }
}

/// When and how it syncs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SyncPolicy {
    /// By itself.
    pub automated: Automated,
    /// What to do after a failure.
    pub retry: Retry,
    /// From Argo CD's list.
    pub sync_options: Vec<&'static str>,
}

/// Syncs by itself.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Automated {
    /// Removes what is no longer in Git.
    pub prune: bool,
    /// Undoes hand edits.
    pub self_heal: bool,
}

/// Tries again.
#[derive(Serialize)]
pub struct Retry {
    /// The pauses.
    pub backoff: Backoff,
    /// Times.
    pub limit: u32,
    /// With the newest commit.
    pub refresh: bool,
}

/// Pauses between tries.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Backoff {
    /// The first.
    pub duration: &'static str,
    /// Each the one before times this.
    pub factor: u32,
    /// The longest.
    pub max_duration: &'static str,
}

impl CustomResource for Application {
    const API_VERSION: &'static str = "argoproj.io/v1alpha1";
    const KIND: &'static str = "Application";
    const PLURAL: &'static str = "applications";
    const IS_NAMESPACED: bool = true;
    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }
}

/// What Applications of a project may do.
#[derive(Serialize)]
pub struct AppProject {
    /// Name.
    pub metadata: ObjectMeta,
    /// The rest.
    pub spec: AppProjectSpec,
}

/// The body of an [`AppProject`]. Cluster kinds are denied unless listed, namespaced kinds
/// permitted unless a list is given.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AppProjectSpec {
    /// Cluster kinds that are denied, also where they are permitted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cluster_resource_blacklist: Vec<ClusterResourceRestrictionItem>,
    /// Cluster kinds that are permitted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cluster_resource_whitelist: Vec<ClusterResourceRestrictionItem>,
    /// A description for readers.
    pub description: String,
    /// Namespaces that are permitted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub destinations: Vec<Destination>,
    /// Namespaced kinds that are denied.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub namespace_resource_blacklist: Vec<GroupKind>,
    /// Namespaced kinds that are permitted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub namespace_resource_whitelist: Vec<GroupKind>,
    /// Keys of `GnuPG`, one of which must have signed a commit; none: no commit need be signed. A
    /// chart has no commit, so it never passes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signature_keys: Vec<SignatureKey>,
    /// Repositories that are permitted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub source_repos: Vec<String>,
}

/// A key of `GnuPG`.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct SignatureKey {
    /// The last 16 digits of its fingerprint.
    #[serde(rename = "keyID")]
    pub key_id: Arc<str>,
}

/// A kind of the cluster, and which objects of it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ClusterResourceRestrictionItem {
    /// API group.
    pub group: &'static str,
    /// Kind.
    pub kind: &'static str,
    /// A glob over names; absent: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Arc<str>>,
}

/// A namespaced kind.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct GroupKind {
    /// API group.
    pub group: &'static str,
    /// Kind.
    pub kind: &'static str,
}

impl CustomResource for AppProject {
    const API_VERSION: &'static str = "argoproj.io/v1alpha1";
    const KIND: &'static str = "AppProject";
    const PLURAL: &'static str = "appprojects";
    const IS_NAMESPACED: bool = true;
    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }
}
