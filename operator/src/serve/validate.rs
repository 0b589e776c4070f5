//! What would be wrong with a workspace: by the compiler, by the room that is left, and by the API
//! server.

use axum::{body::Body, response::Response};
use espalier::{Finding, Tenant};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{
    call::Call,
    document,
    problem::{self, Problem},
    read, translate,
    wanted::{self, Unsealed},
    write,
};

/// What was found.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Validation {
    /// Whether a workspace could be made of it, or be changed to it, now.
    pub valid: bool,
    /// What was found, also what is no error.
    #[schemars(with = "Vec<Finding<'static>>")]
    pub findings: Vec<Value>,
}

/// Says what would be wrong, and writes nothing.
///
/// # Errors
/// When the caller may not make a workspace, or the body cannot be read.
pub async fn validate(call: &Call, body: Body) -> Result<Response, Problem> {
    let bytes = call.body(body, "").await?;
    let unsealed = Unsealed::read(&bytes, None);
    let name = unsealed.name().map(str::to_owned);
    call.allow("create", None).await?;
    let wanted = unsealed.planned(&call.shared, None)?;
    let found = wanted.findings.list().into_iter().map(|it| read::value(&it));
    let mut findings: Vec<Value> = found.collect();
    let mut valid = wanted.tenant.is_some();
    if let Some(tenant) = &wanted.tenant {
        let own = wanted::is_own(&wanted.body, &call.shared.cluster.namespace);
        let refused = own.and_then(|()| wanted::has_room(call, tenant)).err();
        let refused = match refused {
            Some(refused) => Some(refused),
            None => tried(call, name.as_deref().unwrap_or_default(), &wanted.body, tenant).await?,
        };
        if let Some(refused) = refused {
            valid = false;
            findings.extend(refused.into_findings());
        }
    }
    let validation = Validation { valid, findings };
    Ok(call.answer(StatusCode::OK, &read::value(&validation), None))
}

/// Asks the API server, which has rules of its own.
async fn tried(
    call: &Call,
    name: &str,
    body: &Value,
    tenant: &Tenant,
) -> Result<Option<Problem>, Problem> {
    let (cluster, user) = (&call.shared.cluster, &call.caller.user.name);
    let refused = cluster.create_workspace(&document::created(body, user), true).await.err();
    let Some(refused) = refused else { return Ok(wanted::is_free(call, tenant).err()) };
    let problem = if refused.reason == "AlreadyExists" {
        let current = cluster.workspace(name).await.map_err(|it| translate::rejection(&it))?;
        let Some(current) = current else { return Ok(None) };
        if let Err(refused) = write::may_change(&current) {
            return Ok(Some(refused));
        }
        let resource = document::replaced(&current, body, user);
        match cluster.replace_workspace(name, &resource, true).await {
            Ok(_) => return Ok(None),
            Err(refused) => translate::rejection(&refused),
        }
    } else {
        translate::of_all(&refused)
    };
    match problem.kind().status {
        422 | 403 | 400 => Ok(Some(problem)),
        // It changes, or goes, at this very moment.
        _ if [problem::CHANGED, problem::NO_WORKSPACE].contains(&problem.kind()) => Ok(None),
        _ => Err(problem),
    }
}
