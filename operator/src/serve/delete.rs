//! The end of a workspace, with or without its data.

use axum::response::Response;
use http::{HeaderValue, StatusCode, header::LOCATION};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    call::Call,
    document,
    problem::{self, Problem},
    read, translate, write,
};
use crate::cluster::Precondition;

/// A deletion that has begun.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Deletion {
    /// The workspace.
    pub name: String,
    /// What becomes of its data: `retain` or `delete`.
    pub data: &'static str,
    /// Where to look: gone when nothing is there any more.
    pub look: String,
    /// Its UID, by which `restore` takes its data over.
    pub uid: String,
}

/// Deletes a workspace. Its data goes only with `data=delete`, the name once more, and a right of
/// its own.
///
/// # Errors
/// When the caller may not, or it is kept in Git, or another version is there.
pub async fn delete(call: &Call) -> Result<Response, Problem> {
    let name = call.name();
    let data = call.query.choice("data", &["delete", "retain"])?.unwrap_or("retain");
    call.allow("delete", Some(name)).await?;
    if data == "delete" {
        call.allow("deletedata", Some(name)).await?;
        if call.query.text("confirm") != Some(name) {
            return Err(problem::NOT_CONFIRMED.says(format!(
                "its data cannot be had back: `confirm={name}` says that you mean it"
            )));
        }
    }
    let current = read::found(call).await?;
    write::is_ours(&current)?;
    call.meant.means(document::version(&current))?;
    let (data, kept) = if data == "delete" { ("delete", "Delete") } else { ("retain", "Retain") };
    let is_so = current["spec"]["onDelete"].as_str().unwrap_or("Retain") == kept;
    let last = if is_so {
        current.clone()
    } else {
        let mut body = document::file(&current);
        body["spec"]["onDelete"] = kept.into();
        let written = write::replaced(call, &current, &body).await?;
        // What is only tried has no version of its own.
        if call.is_dry { current.clone() } else { written }
    };
    let uid = last["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
    let only =
        Precondition { uid: uid.clone(), version: Some(document::version(&last).to_owned()) };
    let deleted = call.shared.cluster.delete_workspace(name, &only, call.is_dry).await;
    deleted.map_err(|it| translate::rejection(&it))?;
    write::wrote(call, Some(&current), None);
    let look = format!("/v1/workspaces/{name}");
    let deletion = Deletion { name: name.to_owned(), data, look: look.clone(), uid };
    let mut response = call.answer(StatusCode::ACCEPTED, &read::value(&deletion), None);
    if let Ok(path) = HeaderValue::from_str(&look) {
        response.headers_mut().insert(LOCATION, path);
    }
    Ok(response)
}
