//! What the API answers when it does not do what it was asked: problems, as RFC 9457 has them.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use espalier::{Finding, Findings, Location};
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// The form of problems.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// A kind of problem: its code never changes, and one code has one status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// What its type ends with, in kebab-case.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What it is, in a few words.
    pub title: &'static str,
}

macro_rules! kinds {
    ($($name:ident = $status:literal $code:literal $title:literal;)*) => {
        $(#[doc = $title] pub const $name: Kind =
            Kind { code: $code, status: $status, title: $title };)*
        /// All kinds, in the order of their statuses.
        pub const KINDS: &[Kind] = &[$($name),*];
    };
}

kinds! {
    MALFORMED = 400 "malformed-request" "The request cannot be read";
    NOT_AUTHENTICATED = 401 "not-authenticated" "Nobody knows who asks";
    NOT_ALLOWED = 403 "not-allowed" "The caller may not do this";
    CLUSTER_REFUSED = 403 "refused-by-cluster" "A rule of the cluster refuses this";
    NO_ROUTE = 404 "nothing-here" "There is nothing at this path";
    NO_WORKSPACE = 404 "workspace-not-found" "There is no such workspace";
    NO_METHOD = 405 "method-not-allowed" "This path does not know this method";
    NOT_ACCEPTABLE = 406 "not-acceptable" "There is no such form of the answer";
    EXISTS = 409 "workspace-exists" "There is a workspace of this name";
    IN_GIT = 409 "workspace-in-git" "The workspace is kept in Git";
    DELETING = 409 "workspace-deleting" "The workspace is being deleted";
    CHANGED = 409 "workspace-changed" "The workspace has changed meanwhile";
    LIST_EXPIRED = 410 "list-expired" "The list is too old to be continued";
    STALE = 412 "precondition-failed" "The workspace is not the one that is meant";
    TOO_LARGE = 413 "body-too-large" "The body is too large";
    MEDIA = 415 "unsupported-media-type" "The body has another form than those that are read";
    INVALID = 422 "workspace-invalid" "The workspace cannot be as it is written";
    METADATA = 422 "metadata-reserved" "Labels and annotations of others are not yours to write";
    NO_ROOM = 422 "node-memory-exceeded" "The nodes have no room for the workspace";
    NO_SEALING = 422 "sealing-unavailable" "Passwords cannot be sealed on this platform";
    NOT_CONFIRMED = 422 "deletion-not-confirmed" "Deleting data wants its name typed";
    WANTS_MATCH = 428 "precondition-required" "A replacement names the version that it replaces";
    TOO_MANY = 429 "too-many-requests" "The caller asks too often";
    FAILED = 500 "internal-error" "The API failed";
    OVERLOADED = 503 "overloaded" "The API is busy";
    TIMED_OUT = 503 "timed-out" "The request took too long";
    UNAVAILABLE = 503 "cluster-unavailable" "The API server cannot be asked";
}

/// A problem, before it is written: small, for it is half of what most functions return.
#[derive(Clone, Debug)]
pub struct Problem(Box<Content>);

#[derive(Clone, Debug)]
struct Content {
    kind: Kind,
    code: Cow<'static, str>,
    detail: String,
    findings: Vec<Value>,
    changed: Vec<String>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// A problem, as it is written.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub struct Written<'a> {
    /// What kind of problem it is: `urn:espalier:problem:` and its code.
    pub r#type: String,
    /// What it is, in a few words.
    pub title: &'a str,
    /// The HTTP status.
    pub status: u16,
    /// What it is this time.
    pub detail: &'a str,
    /// The request: `urn:espalier:request:` and the value of its header `X-Request-Id`.
    pub instance: String,
    /// What is wrong with the workspace, as `espalier check --format json` prints it.
    #[schemars(with = "Vec<Finding<'static>>")]
    pub findings: &'a [Value],
    /// JSON Pointers to what differs between the workspace and what was sent.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub changed: &'a [String],
}

impl Kind {
    /// One of this kind.
    pub fn says(self, detail: impl Into<String>) -> Problem {
        Problem(Box::new(Content {
            kind: self,
            code: self.code.into(),
            detail: detail.into(),
            findings: Vec::new(),
            changed: Vec::new(),
            headers: Vec::new(),
        }))
    }
}

impl Problem {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The code of its type.
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// What the compiler found.
    #[must_use]
    pub fn with_findings(mut self, findings: &Findings) -> Self {
        let all = findings.list().into_iter().map(serde_json::to_value);
        self.0.findings.extend(all.map(|it| it.expect("texts and numbers are JSON")));
        self
    }

    /// Something that is wrong at a place, by a JSON Pointer.
    #[must_use]
    pub fn at(mut self, code: &str, pointer: Option<String>, message: &str) -> Self {
        self.0.findings.push(finding(code, pointer, message));
        self
    }

    /// The same with the code of what was found.
    #[must_use]
    pub fn called(mut self, code: String) -> Self {
        self.0.code = code.into();
        self
    }

    /// What differs.
    #[must_use]
    pub fn with_changed(mut self, changed: Vec<String>) -> Self {
        self.0.changed = changed;
        self
    }

    /// What was found; where nothing was, the problem itself is.
    pub fn into_findings(self) -> Vec<Value> {
        if self.0.findings.is_empty() {
            return vec![finding(&self.0.code, None, &self.0.detail)];
        }
        self.0.findings
    }

    /// When it may be asked again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.0.headers.push((RETRY_AFTER, seconds.max(1).into()));
        self
    }

    /// How people show who they are.
    #[must_use]
    pub fn challenge(mut self, challenge: &'static str) -> Self {
        self.0.headers.push((WWW_AUTHENTICATE, HeaderValue::from_static(challenge)));
        self
    }

    /// Which methods there are.
    #[must_use]
    pub fn allow(mut self, methods: &HeaderValue) -> Self {
        self.0.headers.push((ALLOW, methods.clone()));
        self
    }

    /// The answer to a request.
    pub fn answer(&self, request: &str) -> Response {
        let written = Written {
            r#type: format!("urn:espalier:problem:{}", self.0.code),
            title: self.0.kind.title,
            status: self.0.kind.status,
            detail: &self.0.detail,
            instance: format!("urn:espalier:request:{request}"),
            findings: &self.0.findings,
            changed: &self.0.changed,
        };
        let body = serde_json::to_vec(&written).expect("a problem is JSON");
        let mut response = Response::new(body.into());
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.extend(self.0.headers.iter().cloned());
        response
    }

    fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.kind.status).expect("kinds have statuses")
    }
}

/// The answer is written by who knows the request's id.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::default();
        *response.status_mut() = self.status();
        response.extensions_mut().insert(self);
        response
    }
}

/// A finding that the compiler does not have.
pub fn finding(code: &str, pointer: Option<String>, message: &str) -> Value {
    let nowhere = Location {
        file: None,
        pointer,
        line: None,
        column: None,
        end_line: None,
        end_column: None,
    };
    let finding = Finding {
        at: nowhere,
        code,
        severity: "error",
        message,
        label: None,
        related: Vec::new(),
        help: &[],
        notes: &[],
    };
    serde_json::to_value(finding).expect("texts are JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_in_order() {
        let codes: std::collections::BTreeSet<_> = KINDS.iter().map(|it| it.code).collect();
        assert_eq!(codes.len(), KINDS.len());
        assert!(KINDS.is_sorted_by_key(|it| it.status));
        for kind in KINDS {
            assert!(kind.code.chars().all(|it| it.is_ascii_lowercase() || it == '-'));
        }
    }
}
