//! The face that a component shows to the internet: all that a public host must have, as one value.
//!
//! None of its fields has a default, so no host is public without each of them.
//!
//! ```compile_fail
//! // A public host has limits.
//! use espalier::builder::{
//!     face::{Face, Transport}, handle::{HostRef, IssuerRef}, ingress::IngressRef,
//! };
//! fn forgets<'a>(host: &'a HostRef, ingress: &'a IngressRef, issuer: &'a IssuerRef) -> Face<'a> {
//!     Face { host, ingress, transport: Transport::Tls(issuer) }
//! }
//! ```
//! ```compile_fail
//! // It says how it is encrypted.
//! use espalier::{
//!     builder::{face::Face, handle::HostRef, ingress::IngressRef}, facts::limits::CHAT,
//! };
//! fn forgets<'a>(host: &'a HostRef, ingress: &'a IngressRef) -> Face<'a> {
//!     Face { host, ingress, limits: &CHAT }
//! }
//! ```
//! ```compile_fail
//! // Limits are all said: how large bodies may be …
//! use espalier::facts::limits::{CHAT, Limits};
//! const SOME: Limits = Limits {
//!     sockets: CHAT.sockets, pages: CHAT.pages, calls: CHAT.calls, uploads: None,
//!     rate: CHAT.rate,
//! };
//! ```
//! ```compile_fail
//! // … and no value stands for those that are not.
//! use espalier::facts::limits::{CHAT, Limits};
//! let some = Limits { rate: CHAT.rate, ..Limits::default() };
//! ```
//! ```compile_fail
//! // Plain HTTP is for a tenant to ask its scope for: no component makes it up.
//! use espalier::builder::face::{Plain, Transport};
//! fn forge<'a>() -> Transport<'a> {
//!     Transport::Plain(Plain(()))
//! }
//! ```
//!
//! With all of them it compiles:
//!
//! ```
//! use espalier::{
//!     builder::{face::{Face, Transport}, handle::{HostRef, IssuerRef}, ingress::IngressRef},
//!     facts::limits::{CHAT, Limits},
//! };
//! fn whole<'a>(host: &'a HostRef, ingress: &'a IngressRef, issuer: &'a IssuerRef) -> Face<'a> {
//!     Face { host, ingress, transport: Transport::Tls(issuer), limits: &CHAT }
//! }
//! const ALL: Limits = Limits {
//!     sockets: CHAT.sockets, pages: CHAT.pages, calls: CHAT.calls, uploads: None,
//!     rest: CHAT.rest, rate: CHAT.rate,
//! };
//! ```

use super::{
    handle::{HostRef, IssuerRef},
    ingress::IngressRef,
    scope::Scope,
};
use crate::facts::{
    limits::Limits,
    traefik::{WEB, WEBSECURE},
};

/// A public host, and how it is kept.
#[derive(Clone, Copy)]
pub struct Face<'a> {
    /// Its name.
    pub host: &'a HostRef,
    /// Answers there.
    pub ingress: &'a IngressRef,
    /// How what is said there is kept from others.
    pub transport: Transport<'a>,
    /// What it takes at once.
    pub limits: &'static Limits,
}

/// How what is said at a host is kept from others.
#[derive(Clone, Copy)]
pub enum Transport<'a> {
    /// By a certificate of its own. Browsers are told to ask by TLS alone.
    Tls(&'a IssuerRef),
    /// Not at all.
    Plain(Plain),
}

impl Transport<'_> {
    /// What URLs begin with.
    pub fn scheme(&self) -> &'static str {
        match self {
            Self::Tls(_) => "https",
            Self::Plain(_) => "http",
        }
    }

    /// The entry point of k3s' Traefik that answers.
    pub(in crate::builder) fn entry_point(&self) -> &'static str {
        if self.is_tls() { WEBSECURE } else { WEB }
    }

    /// Whether it is encrypted.
    pub fn is_tls(&self) -> bool {
        matches!(self, Self::Tls(_))
    }
}

/// That a host answers in plain HTTP: a tenant under development alone may have one.
#[derive(Clone, Copy)]
pub struct Plain(());

impl<S> Scope<'_, S> {
    /// Plain HTTP. None for a component of the platform.
    pub fn plain(&self) -> Option<Plain> {
        self.id.is_none().then_some(Plain(()))
    }
}
