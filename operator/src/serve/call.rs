//! One request, with who asks: what its handlers are given.

use std::sync::Arc;

use axum::{body::Body, response::Response};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, VARY},
};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::Value;
use zeroize::{Zeroize as _, Zeroizing};

use super::{
    access::Caller,
    audit::Trail,
    form::Form,
    operations::Route,
    problem::{self, Problem},
    query::Query,
    state::Shared,
    versions::{Meant, tag},
};
use crate::cluster::reviews::Right;

/// The largest body.
pub const LARGEST: usize = 64 * 1024;

/// A request.
pub struct Call {
    /// What all requests share.
    pub shared: Arc<Shared>,
    /// Who asks.
    pub caller: Caller,
    /// What is told of it.
    pub trail: Trail,
    /// The name in its path.
    pub name: Option<String>,
    /// Its parameters.
    pub query: Query,
    /// The same, as they were sent.
    pub raw_query: String,
    /// The form of its answer.
    pub form: Form,
    /// The version that it means.
    pub meant: Meant,
    /// Its headers.
    pub headers: HeaderMap,
    /// Whether nothing is to be written.
    pub is_dry: bool,
    /// Whether a workspace without room may wait for it.
    pub may_wait: bool,
}

impl Call {
    /// The request of a route.
    ///
    /// # Errors
    /// When nobody knows who asks, or it cannot be read.
    pub async fn of(
        shared: Arc<Shared>,
        route: &Route,
        name: Option<String>,
        parts: http::request::Parts,
    ) -> Result<Self, Problem> {
        let trail = parts.extensions.get::<Trail>().cloned().unwrap_or_default();
        let caller = shared.access.caller(&shared.cluster, &parts.headers, &shared.counts).await?;
        shared.of_user(&caller.user.name)?;
        if route.mutates {
            let mut entry = trail.entry();
            entry.verb = route.verb;
            entry.user = Some(caller.user.clone());
            entry.name = name.clone().unwrap_or_default();
        }
        if name.as_deref().is_some_and(|it| !super::query::is_name(it)) {
            return Err(problem::MALFORMED.says("the path has no name of a resource"));
        }
        let raw_query = parts.uri.query().unwrap_or_default().to_owned();
        let query = Query::of(&raw_query, route.parameters)?;
        let is_dry = query.switch("dryRun")?.unwrap_or_default();
        trail.entry().is_dry = is_dry;
        let may_wait = query.choice("admission", &["now", "wait"])? == Some("wait");
        let form = Form::wanted(&parts.headers)?;
        let meant = Meant::of(&parts.headers)?;
        let headers = parts.headers;
        Ok(Self {
            shared,
            caller,
            trail,
            name,
            query,
            raw_query,
            form,
            meant,
            headers,
            is_dry,
            may_wait,
        })
    }

    /// The name in its path.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    /// Asks whether the caller may do something with a workspace, or with all of them.
    ///
    /// # Errors
    /// When they may not.
    pub async fn allow(&self, verb: &'static str, name: Option<&str>) -> Result<(), Problem> {
        let right = Right { verb, name: name.map(str::to_owned) };
        let shared = &self.shared;
        shared.access.allow(&shared.cluster, &self.caller, right, &shared.counts).await
    }

    /// The body, which is wiped from memory when it has been read.
    ///
    /// # Errors
    /// When it is too large, or of another form than those that are read.
    pub async fn body(&self, body: Body, also: &str) -> Result<Zeroizing<Vec<u8>>, Problem> {
        let form = Form::sent(&self.headers, also)?;
        let too_large =
            || problem::TOO_LARGE.says(format!("a body has at most {} KiB", LARGEST / 1024));
        let length = self.headers.get(CONTENT_LENGTH).and_then(|it| it.to_str().ok());
        if length.and_then(|it| it.parse().ok()).is_some_and(|length: usize| length > LARGEST) {
            return Err(too_large());
        }
        let bytes: Bytes = match Limited::new(body, LARGEST).collect().await {
            Ok(whole) => whole.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => return Err(too_large()),
            Err(_) => return Err(problem::MALFORMED.says("the body breaks off")),
        };
        let copy = Zeroizing::new(bytes.to_vec());
        if let Ok(mut own) = bytes.try_into_mut() {
            own.as_mut().zeroize();
        }
        let bytes = copy;
        if form == Form::Json {
            let read = serde_json::from_slice::<serde::de::IgnoredAny>(&bytes);
            read.map_err(|error| problem::MALFORMED.says(format!("no JSON: {error}")))?;
        }
        Ok(bytes)
    }

    /// The answer with a value, and the version that it has.
    pub fn answer(&self, status: StatusCode, value: &Value, version: Option<&str>) -> Response {
        let mut response = Response::new(self.form.text(value).into());
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.form.media_type()));
        marked(headers, version);
        response
    }

    /// The answer to somebody who has this version already.
    pub fn unchanged(version: &str) -> Response {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        marked(response.headers_mut(), Some(version));
        response
    }
}

/// Says which version an answer has, and that it is nobody else's.
fn marked(headers: &mut HeaderMap, version: Option<&str>) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(VARY, HeaderValue::from_static("Accept, Authorization"));
    // What is only tried has no version.
    let version = version.filter(|it| !it.is_empty());
    if let Some(tag) = version.and_then(|it| HeaderValue::from_str(&tag(it)).ok()) {
        headers.insert(ETAG, tag);
    }
}
