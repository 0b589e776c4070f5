//! The page for people who ask for a workspace: its files, which are part of the program, and the
//! headers that keep it to itself.

use axum::{body::Body, response::Response};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, REFERRER_POLICY,
        X_FRAME_OPTIONS,
    },
};

use super::versions::{Meant, tag};
use crate::hash;

/// A file of the page.
#[derive(Clone, Copy, Debug)]
pub struct File {
    /// Where it is.
    pub path: &'static str,
    /// What it is.
    pub media_type: &'static str,
    /// What is in it.
    pub text: &'static str,
}

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

/// Nothing from elsewhere, nothing that stands in the HTML, no frame around it, no text that
/// becomes markup.
pub const POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'; \
    trusted-types 'none'";

macro_rules! files {
    ($($path:literal $media_type:ident $file:literal;)*) => {
        /// All files of the page.
        pub const FILES: &[File] = &[$(File {
            path: $path,
            media_type: $media_type,
            text: include_str!(concat!("page/", $file)),
        }),*];
    };
}

const ICON: &str = "image/svg+xml";

files! {
    "/" HTML "index.html";
    "/page.css" STYLE "page.css";
    "/page.js" SCRIPT "page.js";
    "/page.svg" ICON "page.svg";
    "/page/api.js" SCRIPT "api.js";
    "/page/confirm.js" SCRIPT "confirm.js";
    "/page/create.js" SCRIPT "create.js";
    "/page/detail.js" SCRIPT "detail.js";
    "/page/dom.js" SCRIPT "dom.js";
    "/page/fields.js" SCRIPT "fields.js";
    "/page/list.js" SCRIPT "list.js";
    "/page/models.js" SCRIPT "models.js";
    "/page/poll.js" SCRIPT "poll.js";
    "/page/signin.js" SCRIPT "signin.js";
    "/page/words.js" SCRIPT "words.js";
}

impl File {
    /// The answer to who asks for it.
    pub fn answer(self, asked: &HeaderMap) -> Response {
        let version = hash::text(hash::of(self.text.as_bytes()));
        let is_known = Meant::of(asked).is_ok_and(|it| it.has(&version));
        let body = if is_known {
            Body::empty()
        } else {
            Body::from(Bytes::from_static(self.text.as_bytes()))
        };
        let mut response = Response::new(body);
        if is_known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        let headers = response.headers_mut();
        let own = |name| HeaderName::from_static(name);
        for (name, value) in [
            (CONTENT_SECURITY_POLICY, POLICY),
            (REFERRER_POLICY, "no-referrer"),
            (X_FRAME_OPTIONS, "DENY"),
            (own("cross-origin-opener-policy"), "same-origin"),
            (own("cross-origin-resource-policy"), "same-origin"),
            // It is asked each time whether there is another one, which costs nothing.
            (CACHE_CONTROL, "no-cache"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if !is_known {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        }
        if let Ok(value) = HeaderValue::from_str(&tag(&version)) {
            headers.insert(ETAG, value);
        }
        response
    }
}
