//! What changes a workspace: it is made, replaced, patched, laid to rest, and runs again.

use axum::{body::Body, response::Response};
use espalier::Text;
use http::{HeaderValue, StatusCode, header::LOCATION};
use serde_json::{Map, Value, json};

use super::{
    call::Call,
    document,
    problem::{self, Problem},
    read, translate,
    versions::Put,
    wanted::{self, Unsealed},
};

/// How often a patch is tried again when somebody else was quicker.
const TRIES: usize = 5;
/// The form of a patch, beside JSON and YAML.
pub const MERGE_PATCH: &str = "application/merge-patch+json";

/// The answer to who has made a workspace.
fn made(call: &Call, resource: &Value) -> Response {
    let mut response = read::shown(call, StatusCode::CREATED, resource);
    let name = resource["metadata"]["name"].as_str().unwrap_or_default();
    if let Ok(path) = HeaderValue::from_str(&format!("/v1/workspaces/{name}")) {
        response.headers_mut().insert(LOCATION, path);
    }
    response
}

/// Tells that something was written.
pub fn wrote(call: &Call, before: Option<&Value>, after: Option<&Value>) {
    let version = |resource: &Value| document::version(resource).to_owned();
    let mut entry = call.trail.entry();
    entry.before = before.map(version);
    entry.after = after.map(version).filter(|_| !call.is_dry);
    drop(entry);
    if !call.is_dry {
        call.shared.census().changed();
    }
}

/// Refuses to change what is kept in Git.
///
/// # Errors
/// When Argo CD applies it: the file.
pub fn is_ours(resource: &Value) -> Result<(), Problem> {
    let Some(file) = document::kept_in_git(resource) else { return Ok(()) };
    Err(problem::IN_GIT.says(format!(
        "Argo CD applies it from {file}, and would undo the change: change it there"
    )))
}

/// Refuses to change what is kept in Git, or is going: what becomes of its data was said by who
/// deleted it.
///
/// # Errors
/// When it is one of them.
pub fn may_change(resource: &Value) -> Result<(), Problem> {
    is_ours(resource)?;
    if document::is_going(resource) {
        return Err(problem::DELETING.says("it is on its way out: wait until it is gone"));
    }
    Ok(())
}

/// Whether the caller may have the data go with the workspace, where a body says so that did not.
///
/// # Errors
/// When they may not.
async fn may_lose_data(call: &Call, before: &Value, after: &Value) -> Result<(), Problem> {
    let goes = |body: &Value| body["spec"]["onDelete"] == "Delete";
    if goes(after) && !goes(before) {
        call.allow("deletedata", Some(call.name())).await?;
    }
    Ok(())
}

/// Makes a workspace.
///
/// # Errors
/// When the caller may not, it is not sound, has no room, or is there.
pub async fn create(call: &Call, body: Body) -> Result<Response, Problem> {
    let bytes = call.body(body, "").await?;
    let unsealed = Unsealed::read(&bytes, None);
    let name = unsealed.name().map(str::to_owned);
    call.trail.entry().name = name.clone().unwrap_or_default();
    call.allow("create", None).await?;
    let wanted = unsealed.planned(&call.shared, None)?;
    let tenant = wanted.sound(None)?;
    wanted::is_own(&wanted.body, &call.shared.cluster.namespace)?;
    wanted::is_free(call, tenant)?;
    wanted::has_room(call, tenant)?;
    let resource = document::created(&wanted.body, &call.caller.user.name);
    let written = call.shared.cluster.create_workspace(&resource, call.is_dry).await;
    let written = written.map_err(|it| translate::of_all(&it))?;
    wrote(call, None, Some(&written));
    Ok(made(call, &written))
}

/// Makes or replaces a workspace.
///
/// # Errors
/// When the caller may not, it is not sound, has no room, or another version is there.
pub async fn replace(call: &Call, body: Body) -> Result<Response, Problem> {
    let name = call.name();
    if call.meant.only_creates() {
        call.allow("create", None).await?;
    } else {
        call.allow("update", Some(name)).await?;
    }
    let bytes = call.body(body, "").await?;
    let cluster = &call.shared.cluster;
    let current = cluster.workspace(name).await.map_err(|it| translate::rejection(&it))?;
    let wanted = Unsealed::read(&bytes, Some(name)).planned(&call.shared, current.as_ref())?;
    if let Some(current) = &current {
        may_change(current)?;
    }
    let tenant = wanted.sound(Some(name))?;
    wanted::is_own(&wanted.body, &cluster.namespace)?;
    let file = document::file(&wanted.body);
    let there = current.as_ref().map(document::file);
    let is_equal = !wanted.is_sealed && there.as_ref() == Some(&file);
    let changed = |problem: Problem| match &there {
        Some(there) => problem.with_changed(document::differences(there, &file)),
        None => problem,
    };
    let put = call.meant.put(current.as_ref().map(document::version), is_equal).map_err(changed)?;
    match (put, current) {
        (Put::Leave, Some(current)) => Ok(read::shown(call, StatusCode::OK, &current)),
        (Put::Replace, Some(current)) => {
            may_lose_data(call, &current, &wanted.body).await?;
            wanted::has_room(call, tenant)?;
            let written = replaced(call, &current, &wanted.body).await?;
            Ok(read::shown(call, StatusCode::OK, &written))
        }
        (Put::Create | Put::Leave | Put::Replace, _) => {
            call.allow("create", None).await?;
            wanted::is_free(call, tenant)?;
            wanted::has_room(call, tenant)?;
            let resource = document::created(&wanted.body, &call.caller.user.name);
            let written = cluster.create_workspace(&resource, call.is_dry).await;
            let written = written.map_err(|it| translate::of_all(&it))?;
            wrote(call, None, Some(&written));
            Ok(made(call, &written))
        }
    }
}

/// Writes a body in the place of what is there.
///
/// # Errors
/// Whatever the API server refuses: also that somebody else was quicker.
pub async fn replaced(call: &Call, current: &Value, body: &Value) -> Result<Value, Problem> {
    let resource = document::replaced(current, body, &call.caller.user.name);
    let written = call.shared.cluster.replace_workspace(call.name(), &resource, call.is_dry).await;
    match written {
        Ok(written) => {
            wrote(call, Some(current), Some(&written));
            Ok(written)
        }
        // Somebody else was quicker, and the caller has named a version.
        Err(refused) if refused.code == 409 && call.meant.names_version() => {
            let there = read::found(call).await?;
            let changed = document::differences(&document::file(&there), &document::file(body));
            Err(problem::STALE.says("somebody else was quicker").with_changed(changed))
        }
        Err(refused) => Err(translate::rejection(&refused)),
    }
}

/// Changes some fields of a workspace.
///
/// # Errors
/// When the caller may not, or it would not be sound, have no room, or another version is there.
pub async fn patch(call: &Call, body: Body) -> Result<Response, Problem> {
    call.allow("patch", Some(call.name())).await?;
    let bytes = call.body(body, MERGE_PATCH).await?;
    let text = Text::read("patch", bytes.to_vec());
    let patch = text.value();
    if !text.is_sound() || !patch.is_object() {
        // JSON has words that no file of a workspace may have, such as keys of a thousand letters.
        let is_json = serde_json::from_slice::<Map<String, Value>>(&bytes).is_ok();
        let kind = if is_json { problem::INVALID } else { problem::MALFORMED };
        return Err(kind.says("a patch is an object of the fields that change"));
    }
    if wanted::has_password(patch) {
        let detail = "a password is set by PUT, with the whole workspace";
        let at = Some("/spec/administrator/password".to_owned());
        return Err(problem::INVALID.says(detail).at("password-in-patch", at, detail));
    }
    wanted::has_no_loose_password(patch)?;
    wanted::is_own(patch, &call.shared.cluster.namespace)?;
    patched(call, patch).await
}

/// Lays a workspace to rest: its room is free, and its data stays.
///
/// # Errors
/// As of a patch.
pub async fn suspend(call: &Call) -> Result<Response, Problem> {
    call.allow("patch", Some(call.name())).await?;
    patched(call, &json!({"spec": {"suspend": true}})).await
}

/// Has it run again, if there is room.
///
/// # Errors
/// As of a patch.
pub async fn resume(call: &Call) -> Result<Response, Problem> {
    call.allow("patch", Some(call.name())).await?;
    patched(call, &json!({"spec": {"suspend": null}})).await
}

async fn patched(call: &Call, patch: &Value) -> Result<Response, Problem> {
    let mut tries = 0;
    loop {
        tries += 1;
        let current = read::found(call).await?;
        may_change(&current)?;
        call.meant.means(document::version(&current))?;
        let before = document::file(&current);
        let mut after = before.clone();
        document::merge(&mut after, patch);
        if after == before {
            return Ok(read::shown(call, StatusCode::OK, &current));
        }
        // Nobody has the text that the patch makes: findings have pointers, and no lines.
        let text = Text::read("patched", after.to_string().into_bytes());
        let (tenant, findings) = call.shared.plan.tenant_in(&text);
        let Some(tenant) = tenant else {
            let detail = "it would have errors; nothing was written";
            return Err(problem::INVALID.says(detail).with_findings(&findings.without_lines()));
        };
        if after["metadata"]["name"] != before["metadata"]["name"] {
            let detail = "a workspace keeps its name";
            let at = Some("/metadata/name".to_owned());
            return Err(problem::INVALID.says(detail).at("name-differs", at, detail));
        }
        may_lose_data(call, &before, &after).await?;
        wanted::has_room(call, &tenant)?;
        match replaced(call, &current, &after).await {
            Err(problem) if problem.kind() == problem::CHANGED && tries < TRIES => {}
            Err(problem) => return Err(problem),
            Ok(written) => return Ok(read::shown(call, StatusCode::OK, &written)),
        }
    }
}
