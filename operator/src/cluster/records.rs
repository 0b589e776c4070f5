//! What the operator writes beside workspaces' objects: the resource's finalizers and status, the
//! spec that was admitted, events, and the Lease.

use std::collections::BTreeMap;

use espalier::WorkspaceStatus;
use http::Request;
use k8s_openapi::{
    api::coordination::v1::Lease,
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta, Time},
    jiff::Timestamp,
};
use kube::core::PartialObjectMeta;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Cluster, Items, Precondition, Refusal,
    marks::{FINALIZER, FORMER_FINALIZER, MANAGER, WORKSPACE},
};

/// What is said about a resource.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its UID.
    pub uid: &'a str,
}

/// A spec that was admitted.
#[derive(Clone, Debug, PartialEq)]
pub struct Revision {
    /// The name of its record.
    pub name: String,
    /// The record's UID.
    pub uid: String,
    /// The UID of the resource that it is of.
    pub owner: String,
    /// Which of several it is.
    pub number: i64,
    /// What was admitted: `apiVersion`, `kind`, `metadata.name` and `spec`.
    pub data: Value,
}

#[derive(Deserialize)]
struct Stored {
    metadata: StoredMeta,
    revision: i64,
    #[serde(default)]
    data: Value,
}

#[derive(Deserialize)]
struct StoredMeta {
    name: String,
    uid: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

impl Cluster {
    fn revisions(&self) -> String {
        format!("/apis/apps/v1/namespaces/{}/controllerrevisions", self.namespace)
    }

    fn leases(&self) -> String {
        format!("/apis/coordination.k8s.io/v1/namespaces/{}/leases", self.namespace)
    }

    /// Writes the finalizers of a resource: ours alone among those of operators, or none of them.
    ///
    /// # Errors
    /// Whatever the server refuses; a conflict when the resource changed meanwhile.
    pub async fn finalize(
        &self,
        about: About<'_>,
        version: &str,
        before: &[String],
        is_held: bool,
    ) -> Result<Option<ObjectMeta>, Refusal> {
        let others = before.iter().map(|it| &**it);
        let others = others.filter(|it| ![FINALIZER, FORMER_FINALIZER].contains(it));
        let after: Vec<&str> = others.chain(is_held.then_some(FINALIZER)).collect();
        let patch = json!([
            {"op": "test", "path": "/metadata/uid", "value": about.uid},
            {"op": "test", "path": "/metadata/resourceVersion", "value": version},
            {"op": "add", "path": "/metadata/finalizers", "value": after},
        ]);
        let path = format!("{}/{}", self.resources(), about.name);
        match self.patch(&path, &patch).await {
            Ok(meta) => Ok(Some(meta)),
            // It is gone: there is nothing to hold, or to let go.
            Err(Refusal::NotFound) => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }

    /// Tells what holds of a workspace.
    ///
    /// # Errors
    /// Whatever the server refuses.
    pub async fn tell(
        &self,
        about: About<'_>,
        status: &WorkspaceStatus,
    ) -> Result<Option<ObjectMeta>, Refusal> {
        let body = json!({
            "apiVersion": "apps.aichatworkspaces.io/v1alpha1",
            "kind": "AIChatWorkspace",
            "metadata": {"name": about.name, "uid": about.uid},
            "status": status,
        });
        let path = format!("{}/{}/status", self.resources(), about.name);
        match self.apply(&path, body.to_string().into_bytes()).await {
            Ok(meta) => Ok(Some(meta)),
            // Another one of that name came meanwhile, or none: the next event tells.
            Err(Refusal::NotFound | Refusal::Conflict(_)) => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }

    /// All specs that were admitted.
    ///
    /// # Errors
    /// Whatever the server refuses.
    pub async fn admitted(&self) -> Result<Vec<Revision>, Refusal> {
        let path = format!("{}?labelSelector={WORKSPACE}", self.revisions());
        let list: Items<Stored> = self.read(&path, "application/json").await?;
        let all = list.items.into_iter().flatten().filter_map(
            |Stored { mut metadata, revision, data }| {
                let owner = metadata.labels.remove(WORKSPACE)?;
                Some(Revision {
                    name: metadata.name,
                    uid: metadata.uid,
                    owner,
                    number: revision,
                    data,
                })
            },
        );
        Ok(all.collect())
    }

    /// Stores a spec that was admitted, and says the record's UID; its name follows from its
    /// content, so one that is there is the same.
    ///
    /// # Errors
    /// Whatever the server refuses.
    pub async fn admit(&self, about: About<'_>, revision: &Revision) -> Result<String, Refusal> {
        let body = json!({
            "apiVersion": "apps/v1",
            "kind": "ControllerRevision",
            "metadata": {
                "name": revision.name,
                "labels": {WORKSPACE: about.uid},
                "ownerReferences": [{
                    "apiVersion": "apps.aichatworkspaces.io/v1alpha1",
                    "kind": "AIChatWorkspace",
                    "name": about.name,
                    "uid": about.uid,
                    "controller": true,
                }],
            },
            "revision": revision.number,
            "data": revision.data,
        });
        let request = Request::post(format!("{}{}", self.revisions(), self.options("")))
            .header("Content-Type", "application/json");
        match self.write::<PartialObjectMeta>(request, body.to_string().into_bytes()).await {
            Ok(made) => Ok(made.metadata.uid.unwrap_or_default()),
            Err(Refusal::Conflict(_)) => Ok(String::new()),
            Err(refusal) => Err(refusal),
        }
    }

    /// Forgets a spec that was admitted once.
    ///
    /// # Errors
    /// Whatever the server refuses.
    pub async fn forget(&self, revision: &Revision) -> Result<(), Refusal> {
        let path = format!("{}/{}", self.revisions(), revision.name);
        self.delete(&path, &Precondition { uid: revision.uid.clone(), version: None }).await
    }

    /// Says what happened to a resource.
    ///
    /// # Errors
    /// Whatever the server refuses.
    pub async fn event(
        &self,
        about: About<'_>,
        is_warning: bool,
        reason: &str,
        note: &str,
    ) -> Result<(), Refusal> {
        let note: String = note.chars().take(1000).collect();
        let body = json!({
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"generateName": format!("{}-", about.name), "namespace": self.namespace},
            "eventTime": MicroTime(Timestamp::now()),
            "type": if is_warning { "Warning" } else { "Normal" },
            "reason": reason,
            "action": "Reconcile",
            "note": note,
            "reportingController": MANAGER,
            "reportingInstance": MANAGER,
            "regarding": {
                "apiVersion": "apps.aichatworkspaces.io/v1alpha1",
                "kind": "AIChatWorkspace",
                "name": about.name,
                "namespace": self.namespace,
                "uid": about.uid,
            },
        });
        let path = format!("/apis/events.k8s.io/v1/namespaces/{}/events", self.namespace);
        let request = Request::post(path).header("Content-Type", "application/json");
        self.write::<PartialObjectMeta>(request, body.to_string().into_bytes()).await.map(drop)
    }

    /// The Lease; none where nobody has made it.
    ///
    /// # Errors
    /// Whatever the server refuses.
    pub async fn lease(&self) -> Result<Option<Lease>, Refusal> {
        match self.read(&format!("{}/{MANAGER}", self.leases()), "application/json").await {
            Ok(lease) => Ok(Some(lease)),
            Err(Refusal::NotFound) => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }

    /// Makes or replaces the Lease, as this process holds it or lets it go. No gate stands before
    /// it: it is what opens the gate.
    ///
    /// # Errors
    /// A conflict when somebody else was quicker.
    pub async fn hold(&self, lease: &Lease) -> Result<Lease, Refusal> {
        let body = serde_json::to_vec(lease).expect("a Lease is JSON");
        let request = if lease.metadata.resource_version.is_some() {
            Request::put(format!("{}/{MANAGER}", self.leases()))
        } else {
            Request::post(self.leases())
        };
        self.send(request.header("Content-Type", "application/json"), body).await
    }
}

/// This moment, as conditions say it.
pub fn now() -> String {
    text(Timestamp::now())
}

/// A moment, as conditions say it: in seconds.
pub fn text(moment: Timestamp) -> String {
    let text = serde_json::to_value(Time(moment)).expect("a time is JSON");
    text.as_str().expect("a time is a text").to_owned()
}
