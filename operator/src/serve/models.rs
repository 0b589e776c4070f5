//! The models that a workspace can have: the compiler's catalogue.

use axum::response::Response;
use espalier::Model;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use super::{call::Call, problem::Problem, read};

/// The catalogue.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ModelList {
    /// The models, by family and size.
    pub items: Vec<Model>,
}

/// All models that are known.
///
/// # Errors
/// When the caller may not list.
pub async fn list(call: &Call) -> Result<Response, Problem> {
    call.allow("list", None).await?;
    // It is part of the program, and never changes while that runs.
    let tag = call.shared.fixed_tag(call.form.media_type());
    if call.meant.has(&tag) {
        return Ok(Call::unchanged(&tag));
    }
    let list = ModelList { items: espalier::models().collect() };
    Ok(call.answer(StatusCode::OK, &read::value(&list), Some(&tag)))
}
