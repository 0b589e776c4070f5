//! Watches: what changes in the cluster, as it changes, and nothing of it kept.

use std::{borrow::Cow, time::Duration};

use espalier::ApiKind;
use futures::{Stream, StreamExt, pin_mut};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{
    Api, Client, Resource,
    core::{ApiResource, DynamicObject, PartialObjectMeta},
    runtime::watcher::{self, Config, Event},
};
use serde::Deserialize;
use tokio::time::sleep;
use tracing::{debug, warn};

use super::{
    Cluster,
    marks::{MANAGED_BY, MANAGER},
};

/// Something changed.
#[derive(Clone, Debug)]
pub enum Change<K> {
    /// All that there is follows.
    Begin,
    /// It is there.
    There(K),
    /// It is gone.
    Gone(K),
    /// That was all that there was.
    Complete,
}

/// How far a workload has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Progress {
    /// The generation that its controller has looked at.
    pub observed_generation: i64,
    /// Pods.
    pub replicas: i64,
    /// Pods of the newest form.
    pub updated_replicas: i64,
    /// Pods that are ready.
    pub ready_replicas: i64,
}

/// A Deployment or a StatefulSet, as far as conditions need it.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Workload {
    /// Its metadata.
    pub metadata: ObjectMeta,
    /// What it should be.
    #[serde(default)]
    pub spec: Wanted,
    /// How far it has come.
    #[serde(default)]
    pub status: Progress,
}

/// What a workload should be.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct Wanted {
    /// Pods.
    #[serde(default)]
    pub replicas: i64,
}

impl Resource for Workload {
    type DynamicType = ApiResource;
    type Scope = kube::core::DynamicResourceScope;

    fn kind(dt: &ApiResource) -> Cow<'_, str> {
        dt.kind.as_str().into()
    }

    fn group(dt: &ApiResource) -> Cow<'_, str> {
        dt.group.as_str().into()
    }

    fn version(dt: &ApiResource) -> Cow<'_, str> {
        dt.version.as_str().into()
    }

    fn plural(dt: &ApiResource) -> Cow<'_, str> {
        dt.plural.as_str().into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

/// A kind, as the client names it.
fn api_resource(kind: &ApiKind) -> ApiResource {
    let (group, version) = kind.api_version.split_once('/').unwrap_or(("", kind.api_version));
    ApiResource {
        group: group.to_owned(),
        version: version.to_owned(),
        api_version: kind.api_version.to_owned(),
        kind: kind.kind.to_owned(),
        plural: kind.plural.to_owned(),
    }
}

/// The kind of workspaces' resources.
fn workspaces() -> ApiResource {
    ApiResource {
        group: "apps.aichatworkspaces.io".to_owned(),
        version: "v1alpha1".to_owned(),
        api_version: "apps.aichatworkspaces.io/v1alpha1".to_owned(),
        kind: "AIChatWorkspace".to_owned(),
        plural: "aichatworkspaces".to_owned(),
    }
}

fn labelled() -> Config {
    Config::default().labels(&format!("{MANAGED_BY}={MANAGER}")).streaming_lists()
}

impl Cluster {
    /// Tells of each change of a workspace's resource.
    pub async fn watch_resources(&self, mut tell: impl FnMut(Change<DynamicObject>)) {
        let kind = workspaces();
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.client.clone(), &self.namespace, &kind);
        let changes = watcher::watcher(api, Config::default().streaming_lists());
        hand_on(&kind.kind, changes, &mut tell).await;
    }

    /// Tells of each change of a kind's objects that bear our label: their metadata alone.
    pub async fn watch_metadata(&self, kind: &ApiKind, mut tell: impl FnMut(Change<ObjectMeta>)) {
        let api: Api<PartialObjectMeta<DynamicObject>> =
            Api::all_with(self.client.clone(), &api_resource(kind));
        let changes = watcher::watcher(api, labelled());
        hand_on(kind.kind, changes, &mut |change| {
            tell(match change {
                Change::Begin => Change::Begin,
                Change::There(object) => Change::There(object.metadata),
                Change::Gone(object) => Change::Gone(object.metadata),
                Change::Complete => Change::Complete,
            });
        })
        .await;
    }

    /// Tells of each change of a kind's workloads that bear our label.
    pub async fn watch_workloads(&self, kind: &ApiKind, mut tell: impl FnMut(Change<Workload>)) {
        let client: Client = self.client.clone();
        let api: Api<Workload> = Api::all_with(client, &api_resource(kind));
        hand_on(kind.kind, watcher::watcher(api, labelled()), &mut tell).await;
    }
}

/// Hands changes on for ever. A watch that breaks is begun again, after a while that doubles; a
/// kind that the cluster does not have counts as one without objects, until it comes.
async fn hand_on<K>(
    kind: &str,
    changes: impl Stream<Item = watcher::Result<Event<K>>>,
    tell: &mut impl FnMut(Change<K>),
) {
    const LEAST: Duration = Duration::from_millis(250);
    const MOST: Duration = Duration::from_secs(30);
    pin_mut!(changes);
    let mut pause = LEAST;
    while let Some(change) = changes.next().await {
        let change = match change {
            Ok(change) => change,
            Err(error) => {
                if is_unknown(&error) {
                    debug!(kind, "the cluster does not have this kind");
                    tell(Change::Begin);
                    tell(Change::Complete);
                } else {
                    warn!(kind, %error, "a watch broke");
                }
                sleep(pause).await;
                pause = (pause * 2).min(MOST);
                continue;
            }
        };
        pause = LEAST;
        tell(match change {
            Event::Init => Change::Begin,
            Event::InitApply(object) | Event::Apply(object) => Change::There(object),
            Event::Delete(object) => Change::Gone(object),
            Event::InitDone => Change::Complete,
        });
    }
}

fn is_unknown(error: &watcher::Error) -> bool {
    let (watcher::Error::InitialListFailed(error) | watcher::Error::WatchStartFailed(error)) =
        error
    else {
        return false;
    };
    matches!(error, kube::Error::Api(status) if status.code == 404)
}
