//! What changes nothing: lists, one workspace, its objects, and the room that is left.

use axum::response::Response;
use espalier::{Size, Text};
use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_TYPE, VARY},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    call::Call,
    document::{self, Workspace},
    form::Form,
    problem::{self, Problem},
    translate,
};
use crate::{cluster::workspaces::Page, reconcile::made};

/// Workspaces, a page of them.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceList {
    /// The workspaces.
    pub items: Vec<Workspace>,
    /// What the next page is asked for with; none after the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#continue: Option<String>,
    /// How many come after this page, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining: Option<u64>,
}

/// An amount of something that the nodes have.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Amount {
    /// What pods may request.
    pub capacity: u64,
    /// What the platform and the workspaces with a place request.
    pub requested: u64,
}

/// What the nodes have room for.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Room")]
pub struct RoomLeft {
    /// Memory, in bytes.
    pub memory: Amount,
    /// CPU, in thousandths.
    pub cpu: Amount,
    /// Pods.
    pub pods: Amount,
    /// How many workspaces have a place.
    pub workspaces: usize,
    /// One more workspace.
    pub next: Next,
}

/// A workspace of a size that somebody asks for.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "NextWorkspace")]
pub struct Next {
    /// Its models.
    pub models: Vec<String>,
    /// Memory that it requests, in bytes.
    pub memory: u64,
    /// CPU that it requests, in thousandths.
    pub cpu: u64,
    /// Its pods.
    pub pods: u32,
    /// How many of this size fit.
    pub fit: u32,
}

/// A value as JSON.
pub fn value(of: &impl Serialize) -> Value {
    serde_json::to_value(of).expect("what the API answers is JSON")
}

/// A list.
///
/// # Errors
/// When the caller may not list, or the API server refuses.
pub async fn list(call: &Call) -> Result<Response, Problem> {
    call.allow("list", None).await?;
    let limit = call.query.number("limit", (1, 500), 100)?;
    let ready = call.query.switch("ready")?;
    // Taken before the list is: what changes meanwhile makes another tag.
    let tag = call.shared.list_tag(&call.raw_query, call.form.media_type());
    if let Some(tag) = tag.as_deref().filter(|it| call.meant.has(it)) {
        return Ok(Call::unchanged(tag));
    }
    let text = |key: &str| call.query.text(key).filter(|it| !it.is_empty()).map(str::to_owned);
    let page = Page { limit, after: text("continue"), selector: text("labelSelector") };
    let listed = call.shared.cluster.page(&page).await.map_err(|it| translate::of_all(&it))?;
    let found = listed.items.iter().map(document::workspace);
    let list = WorkspaceList {
        items: found.filter(|it| ready.is_none_or(|ready| ready == it.status.ready)).collect(),
        r#continue: Some(listed.metadata.r#continue).filter(|it| !it.is_empty()),
        remaining: listed.metadata.remaining_item_count,
    };
    let list = match call.form {
        Form::Json => value(&list),
        Form::Yaml => {
            let files = list.items.iter().map(|it| document::file(&value(it)));
            let files: Vec<Value> = files.collect();
            json!({"continue": list.r#continue, "items": files})
        }
    };
    Ok(call.answer(StatusCode::OK, &list, tag.as_deref()))
}

/// The answer with one workspace: in YAML, its file.
pub fn shown(call: &Call, status: StatusCode, resource: &Value) -> Response {
    let shown = match call.form {
        Form::Json => value(&document::workspace(resource)),
        Form::Yaml => document::file(resource),
    };
    call.answer(status, &shown, Some(document::version(resource)))
}

/// The resource that the path names.
///
/// # Errors
/// When there is none, or the API server refuses.
pub async fn found(call: &Call) -> Result<Value, Problem> {
    let found = call.shared.cluster.workspace(call.name()).await;
    let found = found.map_err(|it| translate::rejection(&it))?;
    found.ok_or_else(|| problem::NO_WORKSPACE.says(format!("there is no `{}`", call.name())))
}

/// One workspace.
///
/// # Errors
/// When the caller may not, or there is none.
pub async fn one(call: &Call) -> Result<Response, Problem> {
    call.allow("get", Some(call.name())).await?;
    let resource = found(call).await?;
    let version = document::version(&resource);
    if call.meant.has(version) {
        return Ok(Call::unchanged(version));
    }
    Ok(shown(call, StatusCode::OK, &resource))
}

/// What a workspace becomes: the bytes that the operator applies, a document each.
///
/// # Errors
/// When the caller may not, there is none, or its spec has errors.
pub async fn manifests(call: &Call) -> Result<Response, Problem> {
    call.allow("get", Some(call.name())).await?;
    let resource = found(call).await?;
    let (tenant, findings) = call.shared.plan.tenant_of(call.name(), &resource);
    let Some(tenant) = tenant else {
        let detail = "nothing is made of it: its spec has errors";
        return Err(problem::INVALID.says(detail).with_findings(&findings));
    };
    let uid = resource["metadata"]["uid"].as_str().unwrap_or_default();
    let made = made::all(&tenant, &uid.into());
    if call.form == Form::Json {
        let items = made.into_iter().map(|it| Text::read(&it.path, it.body).value().clone());
        let items: Vec<Value> = items.collect();
        return Ok(call.answer(StatusCode::OK, &json!({ "items": items }), None));
    }
    let mut all = Vec::new();
    for object in made {
        all.extend_from_slice(b"---\n");
        all.extend(object.body);
        if all.last() != Some(&b'\n') {
            all.push(b'\n');
        }
    }
    let mut response = Response::new(all.into());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(Form::Yaml.media_type()));
    headers.insert(VARY, HeaderValue::from_static("Accept, Authorization"));
    Ok(response)
}

/// What is left of the nodes.
///
/// # Errors
/// When the caller may not list, or asks for models that are none.
pub async fn room(call: &Call) -> Result<Response, Problem> {
    call.allow("list", None).await?;
    let models = call.query.text("models").unwrap_or_default();
    let models = models.split(',').map(str::trim).filter(|it| !it.is_empty());
    let models: Vec<String> = models.map(str::to_owned).collect();
    let size = sized(call, &models)?;
    let census = call.shared.census();
    let (sums, workspaces) = census.sums();
    let left = RoomLeft {
        memory: Amount { capacity: sums.memory, requested: sums.memory_requested },
        cpu: Amount { capacity: sums.cpu, requested: sums.cpu_requested },
        pods: Amount { capacity: sums.pods.into(), requested: sums.pods_counted.into() },
        workspaces,
        next: Next {
            models,
            memory: size.memory(),
            cpu: size.cpu(),
            pods: size.pods(),
            fit: census.more(&size),
        },
    };
    drop(census);
    Ok(call.answer(StatusCode::OK, &value(&left), None))
}

/// What a workspace with these models takes.
fn sized(call: &Call, models: &[String]) -> Result<Size, Problem> {
    let sample = |administrator: Option<Value>| {
        let mut resource = json!({
            "apiVersion": "apps.aichatworkspaces.io/v1alpha1",
            "kind": "AIChatWorkspace",
            "metadata": {"name": "next"},
            "spec": {"workspaceName": "next", "workspaceENV": "dev", "models": models},
        });
        if let Some(administrator) = administrator {
            resource["spec"]["administrator"] = administrator;
        }
        call.shared.plan.tenant_of("models", &resource)
    };
    let (tenant, findings) = sample(None);
    if let Some(tenant) = tenant {
        return Ok(tenant.size());
    }
    // Where strangers reach it, a workspace has an administrator.
    let sealed = json!({"email": "next@example.org", "sealed": {"password": "AgA="}});
    let (tenant, _) = sample(Some(sealed));
    tenant
        .map(|it| it.size())
        .ok_or_else(|| problem::INVALID.says("there is no such workspace").with_findings(&findings))
}
