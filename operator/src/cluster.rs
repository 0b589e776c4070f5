//! The API server: the only part that speaks HTTP to it.

pub mod fields;
pub mod marks;
pub mod pace;
pub mod pods;
pub mod records;
pub mod reviews;
pub mod watch;
pub mod workspaces;

use std::time::Duration;

use http::Request;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{
    Client, Config, Error,
    core::{DynamicObject, PartialObjectMeta},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use self::{
    marks::{MANAGED_BY, MANAGER},
    pace::{Gate, Pace},
};

/// How the server is asked for metadata alone.
const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
const METADATA_LIST: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
/// Nothing that is asked for takes longer, unless it never comes.
const PATIENCE: Duration = Duration::from_secs(15);

/// The API server, with an identity and a pace.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    /// Where workspaces' resources are.
    pub namespace: String,
    pace: Pace,
    /// Whether this process may write.
    pub gate: Gate,
    /// Whether the server only says what it would do.
    dry: bool,
}

/// Why a request came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such object, or no such kind.
    NotFound,
    /// It was changed meanwhile, or is another one.
    Conflict(String),
    /// It is not what the server takes.
    Invalid(String),
    /// One of its fields can never change.
    Immutable(String),
    /// Its namespace is going.
    Terminating(String),
    /// The server does not let this identity, or its policies do not let anybody.
    Forbidden(String),
    /// Another process writes.
    NotLeader,
    /// The server could not be asked, or had no time.
    Unreachable(String),
}

impl Refusal {
    /// What people read.
    pub fn message(&self) -> String {
        match self {
            Self::NotFound => "the API server does not know it".to_owned(),
            Self::NotLeader => "another process holds the Lease".to_owned(),
            Self::Conflict(said)
            | Self::Invalid(said)
            | Self::Immutable(said)
            | Self::Terminating(said)
            | Self::Forbidden(said)
            | Self::Unreachable(said) => said.clone(),
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let Error::Api(status) = error else { return Self::Unreachable(error.to_string()) };
        let message = status.message.clone();
        let causes = status.details.iter().flat_map(|it| &it.causes);
        let is_terminating = causes.into_iter().any(|it| it.reason == "NamespaceTerminating");
        match status.code {
            404 => Self::NotFound,
            409 => Self::Conflict(message),
            403 if is_terminating || message.contains("being terminated") => {
                Self::Terminating(message)
            }
            403 => Self::Forbidden(message),
            422 if message.contains("immutable")
                || message.contains("updates to statefulset spec") =>
            {
                Self::Immutable(message)
            }
            400 | 415 | 422 => Self::Invalid(message),
            _ => Self::Unreachable(format!("{}: {message}", status.code)),
        }
    }
}

/// What makes a deletion one of this very object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Precondition {
    /// Its UID; empty where only its name is known.
    pub uid: String,
    /// Its version, where it may not have changed since.
    pub version: Option<String>,
}

impl Precondition {
    /// The body of the deletion. The server reads no parameters where there is a body: that nothing
    /// is to be deleted has to be said here.
    fn body(&self, is_dry: bool) -> Vec<u8> {
        let mut preconditions = json!({});
        if !self.uid.is_empty() {
            preconditions["uid"] = self.uid.as_str().into();
        }
        if let Some(version) = &self.version {
            preconditions["resourceVersion"] = version.as_str().into();
        }
        let mut body = json!({
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Background",
            "preconditions": preconditions,
        });
        if is_dry {
            body["dryRun"] = json!(["All"]);
        }
        body.to_string().into_bytes()
    }
}

#[derive(Deserialize)]
struct Items<K> {
    /// The server writes `null` where there are none.
    items: Option<Vec<K>>,
}

impl Cluster {
    /// The cluster that the environment names.
    ///
    /// # Errors
    /// When it names none.
    pub async fn connect(namespace: &str, gate: Gate) -> Result<Self, String> {
        let mut config = Config::infer().await.map_err(|error| format!("no cluster: {error}"))?;
        // Watches are silent for minutes.
        config.read_timeout = None;
        let client = Client::try_from(config).map_err(|error| format!("no cluster: {error}"))?;
        let (namespace, pace) = (namespace.to_owned(), Pace::new(50, 100));
        Ok(Self { client, namespace, pace, gate, dry: false })
    }

    /// The cluster behind a client.
    #[cfg(test)]
    pub fn of(client: Client, namespace: &str) -> Self {
        let (namespace, pace) = (namespace.to_owned(), Pace::new(1_000, 1_000));
        Self { client, namespace, pace, gate: Gate::open(), dry: false }
    }

    /// The same, changing nothing.
    pub fn dry(&self) -> Self {
        Self { dry: true, gate: Gate::open(), ..self.clone() }
    }

    /// The path of the resources of workspaces.
    fn resources(&self) -> String {
        format!(
            "/apis/apps.aichatworkspaces.io/v1alpha1/namespaces/{}/aichatworkspaces",
            self.namespace
        )
    }

    async fn read<T: DeserializeOwned>(&self, path: &str, accept: &str) -> Result<T, Refusal> {
        let request = Request::get(path).header("Accept", accept);
        self.send(request, Vec::new()).await
    }

    async fn write<T: DeserializeOwned>(
        &self,
        request: http::request::Builder,
        body: Vec<u8>,
    ) -> Result<T, Refusal> {
        self.pace.turn().await;
        if !self.gate.is_open() {
            return Err(Refusal::NotLeader);
        }
        self.send(request, body).await
    }

    async fn send<T: DeserializeOwned>(
        &self,
        request: http::request::Builder,
        body: Vec<u8>,
    ) -> Result<T, Refusal> {
        let request = request.body(body).expect("a path and headers of our own");
        match tokio::time::timeout(PATIENCE, self.client.request(request)).await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(Refusal::Unreachable("the API server did not answer in time".to_owned())),
        }
    }

    /// What follows the question mark of a write.
    fn options(&self, more: &str) -> String {
        let dry = if self.dry { "&dryRun=All" } else { "" };
        format!("?fieldManager={MANAGER}&fieldValidation=Strict{more}{dry}")
    }

    /// Applies a document, and says what it became.
    ///
    /// # Errors
    /// Whatever the server refuses.
    pub async fn apply(&self, path: &str, body: Vec<u8>) -> Result<ObjectMeta, Refusal> {
        let request = Request::patch(format!("{path}{}", self.options("&force=true")))
            .header("Content-Type", espalier::Object::MEDIA_TYPE)
            .header("Accept", METADATA);
        let answer: PartialObjectMeta = self.write(request, body).await?;
        Ok(answer.metadata)
    }

    /// The same, and all that the object became.
    ///
    /// # Errors
    /// Whatever the server refuses.
    pub async fn apply_whole(&self, path: &str, body: Vec<u8>) -> Result<Value, Refusal> {
        let request = Request::patch(format!("{path}{}", self.options("&force=true")))
            .header("Content-Type", espalier::Object::MEDIA_TYPE);
        self.write(request, body).await
    }

    /// Makes a JSON patch of an object.
    ///
    /// # Errors
    /// Whatever the server refuses.
    pub async fn patch(&self, path: &str, patch: &Value) -> Result<ObjectMeta, Refusal> {
        let body = patch.to_string().into_bytes();
        let request = Request::patch(format!("{path}{}", self.options("")))
            .header("Content-Type", "application/json-patch+json")
            .header("Accept", METADATA);
        let answer: PartialObjectMeta = self.write(request, body).await?;
        Ok(answer.metadata)
    }

    /// Deletes an object; one that is gone is deleted.
    ///
    /// # Errors
    /// Whatever the server refuses.
    pub async fn delete(&self, path: &str, only: &Precondition) -> Result<(), Refusal> {
        let dry = if self.dry { "?dryRun=All" } else { "" };
        let request =
            Request::delete(format!("{path}{dry}")).header("Content-Type", "application/json");
        match self.write::<Value>(request, only.body(self.dry)).await {
            Ok(_) | Err(Refusal::NotFound) => Ok(()),
            Err(refusal) => Err(refusal),
        }
    }

    /// The metadata of the objects of a kind in a namespace that bear our label. None of a kind
    /// that the cluster does not have.
    ///
    /// # Errors
    /// Whatever the server refuses.
    pub async fn ours(
        &self,
        kind: &espalier::ApiKind,
        namespace: &str,
    ) -> Result<Vec<ObjectMeta>, Refusal> {
        let selector = format!("labelSelector={MANAGED_BY}%3D{MANAGER}");
        self.listed(&format!("{}?{selector}", collection(kind, namespace))).await
    }

    /// The metadata of one object, whoever made it.
    ///
    /// # Errors
    /// Whatever the server refuses.
    pub async fn named(
        &self,
        kind: &espalier::ApiKind,
        namespace: &str,
        name: &str,
    ) -> Result<Option<ObjectMeta>, Refusal> {
        let path = format!("{}?fieldSelector=metadata.name%3D{name}", collection(kind, namespace));
        Ok(self.listed(&path).await?.pop())
    }

    async fn listed(&self, path: &str) -> Result<Vec<ObjectMeta>, Refusal> {
        match self.read::<Items<PartialObjectMeta>>(path, METADATA_LIST).await {
            Ok(list) => Ok(list.items.into_iter().flatten().map(|it| it.metadata).collect()),
            Err(Refusal::NotFound) => Ok(Vec::new()),
            Err(refusal) => Err(refusal),
        }
    }

    /// One object, whole; none where it is not there.
    ///
    /// # Errors
    /// Whatever the server refuses.
    pub async fn whole(
        &self,
        kind: &espalier::ApiKind,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Value>, Refusal> {
        let path = format!("{}?fieldSelector=metadata.name%3D{name}", collection(kind, namespace));
        let list: Items<Value> = self.read(&path, "application/json").await?;
        Ok(list.items.into_iter().flatten().next())
    }

    /// All resources of workspaces.
    ///
    /// # Errors
    /// Whatever the server refuses.
    pub async fn all_resources(&self) -> Result<Vec<DynamicObject>, Refusal> {
        let list: Items<Value> = self.read(&self.resources(), "application/json").await?;
        let all = list.items.into_iter().flatten();
        let typed = all.map(|mut item| {
            item["apiVersion"] = "apps.aichatworkspaces.io/v1alpha1".into();
            item["kind"] = "AIChatWorkspace".into();
            serde_json::from_value(item).map_err(|error| Refusal::Invalid(error.to_string()))
        });
        typed.collect()
    }

    /// What keeps a namespace that is going, in the server's words.
    ///
    /// # Errors
    /// Whatever the server refuses.
    pub async fn holds(&self, name: &str) -> Result<Vec<String>, Refusal> {
        let path = format!("/api/v1/namespaces?fieldSelector=metadata.name%3D{name}");
        let list: Items<Value> = self.read(&path, "application/json").await?;
        let conditions = list.items.iter().flatten();
        let conditions = conditions.filter_map(|it| it["status"]["conditions"].as_array());
        let held = conditions.flatten().filter(|it| it["status"] == "True");
        Ok(held.filter_map(|it| it["message"].as_str().map(str::to_owned)).collect())
    }
}

/// The path of all objects of a kind in a namespace; of the cluster's, of all of them.
pub fn collection(kind: &espalier::ApiKind, namespace: &str) -> String {
    let root = if kind.api_version.contains('/') { "apis" } else { "api" };
    if kind.is_namespaced {
        format!("/{root}/{}/namespaces/{namespace}/{}", kind.api_version, kind.plural)
    } else {
        format!("/{root}/{}/{}", kind.api_version, kind.plural)
    }
}
