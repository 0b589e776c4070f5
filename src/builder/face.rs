//! The face that a component shows to the internet: all that a public host must have, as one value.
//!
//! None of its fields has a default, so no host is public without each of them.
//!
//! ```compile_fail
//! // A public host has limits.
//! use espalier::builder::{
//!     face::{Callers, Face, Transport}, handle::{HostRef, IssuerRef}, ingress::IngressRef,
//! };
//! fn forgets<'a>(host: &'a HostRef, ingress: &'a IngressRef, issuer: &'a IssuerRef) -> Face<'a> {
//!     let (callers, also) = (Callers::Anybody, &[]);
//!     Face { host, also, ingress, transport: Transport::Tls(issuer), callers }
//! }
//! ```
//! ```compile_fail
//! // It says how it is encrypted.
//! use espalier::{
//!     builder::{face::{Callers, Face}, handle::HostRef, ingress::IngressRef}, facts::limits::CHAT,
//! };
//! fn forgets<'a>(host: &'a HostRef, ingress: &'a IngressRef) -> Face<'a> {
//!     Face { host, also: &[], ingress, limits: &CHAT, callers: Callers::Anybody }
//! }
//! ```
//! ```compile_fail
//! // It says who may come.
//! use espalier::{
//!     builder::{face::{Face, Transport}, handle::{HostRef, IssuerRef}, ingress::IngressRef},
//!     facts::limits::CHAT,
//! };
//! fn forgets<'a>(host: &'a HostRef, ingress: &'a IngressRef, issuer: &'a IssuerRef) -> Face<'a> {
//!     Face { host, also: &[], ingress, transport: Transport::Tls(issuer), limits: &CHAT }
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
//!     builder::{
//!         face::{Callers, Face, Transport}, handle::{HostRef, IssuerRef}, ingress::IngressRef,
//!     },
//!     facts::limits::{CHAT, Limits},
//! };
//! fn whole<'a>(host: &'a HostRef, ingress: &'a IngressRef, issuer: &'a IssuerRef) -> Face<'a> {
//!     let (callers, also) = (Callers::Anybody, &[]);
//!     Face { host, also, ingress, transport: Transport::Tls(issuer), limits: &CHAT, callers }
//! }
//! const ALL: Limits = Limits {
//!     sockets: CHAT.sockets, pages: CHAT.pages, calls: CHAT.calls, uploads: None,
//!     rest: CHAT.rest, rate: CHAT.rate,
//! };
//! ```

#[cfg(doc)]
use super::ingress::Clients;
use super::{
    handle::{HostRef, IssuerRef, WildcardRef},
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
    /// Further names of it: what comes in by all of them together has the bounds of one.
    pub also: &'a [HostRef],
    /// Answers there.
    pub ingress: &'a IngressRef,
    /// How what is said there is kept from others.
    pub transport: Transport<'a>,
    /// What it takes at once.
    pub limits: &'static Limits,
    /// Who may come.
    pub callers: Callers,
}

/// Who may come to a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callers {
    /// Whoever finds it.
    Anybody,
    /// Whoever is on the node itself or in a private network. Only a controller that sees its
    /// clients' addresses can tell ([`Clients::Seen`]); the name that they ask for says nothing.
    Private,
}

impl<'a> Face<'a> {
    /// All its names, the first one first.
    pub fn hosts(&self) -> impl Iterator<Item = &'a HostRef> + use<'a> {
        std::iter::once(self.host).chain(self.also)
    }
}

/// How what is said at a host is kept from others.
#[derive(Clone, Copy)]
pub enum Transport<'a> {
    /// By a certificate of its own. Browsers are told to ask by TLS alone.
    Tls(&'a IssuerRef),
    /// By a certificate for all names below a domain, which the ingress controller has.
    Wildcard(&'a WildcardRef),
    /// Not at all.
    Plain(Plain),
}

impl Transport<'_> {
    /// What URLs begin with.
    pub fn scheme(&self) -> &'static str {
        match self {
            Self::Tls(_) | Self::Wildcard(_) => "https",
            Self::Plain(_) => "http",
        }
    }

    /// The entry point of k3s' Traefik that answers.
    pub(in crate::builder) fn entry_point(&self) -> &'static str {
        if self.is_tls() { WEBSECURE } else { WEB }
    }

    /// Whether it is encrypted.
    pub fn is_tls(&self) -> bool {
        matches!(self, Self::Tls(_) | Self::Wildcard(_))
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
