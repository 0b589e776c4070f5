//! Traefik's own kinds (`traefik.io/v1alpha1`), which k3s installs with Traefik. A public host is
//! made of them, so they are here and not beside the other custom kinds.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

use super::object::{ClusterKind, CustomResource};

const API_VERSION: &str = "traefik.io/v1alpha1";

/// One thing that is done with a request before it is passed on.
#[derive(Serialize)]
pub struct Middleware {
    /// Name; routes of the same namespace name it.
    pub metadata: ObjectMeta,
    /// The rest.
    pub spec: MiddlewareSpec,
}

/// The body of a [`Middleware`].
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub enum MiddlewareSpec {
    /// Reads the whole request before it is passed on, and the whole answer before it is given.
    Buffering(Buffering),
    /// Adds to the answer's head.
    Headers(Headers),
    /// Refuses requests that come from another address (403).
    IpAllowList(IpAllowList),
    /// Refuses requests beyond a number that are being answered (429).
    InFlightReq(InFlightReq),
    /// Refuses requests beyond a number a second (429).
    RateLimit(RateLimit),
}

/// Sizes beyond which a request is refused (413) or its answer is (500).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Buffering {
    /// Bytes of a request's body.
    pub max_request_body_bytes: u64,
    /// Bytes of an answer's body.
    pub max_response_body_bytes: u64,
}

/// What a browser is told with every answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Headers {
    /// `X-Content-Type-Options: nosniff`.
    pub content_type_nosniff: bool,
    /// Set on the request, whatever it had: `Host` is the name that it was routed by.
    pub custom_request_headers: BTreeMap<&'static str, String>,
    /// `X-Frame-Options`.
    pub custom_frame_options_value: &'static str,
    /// `Permissions-Policy`.
    pub permissions_policy: &'static str,
    /// `Referrer-Policy`.
    pub referrer_policy: &'static str,
    /// `Strict-Transport-Security`; Traefik writes it on answers by TLS alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sts_seconds: Option<u32>,
}

/// The addresses that requests may come from: those that Traefik sees at the connection, whatever
/// a request says of itself.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IpAllowList {
    /// Networks.
    pub source_range: [&'static str; 6],
}

/// So many requests at once, of each source.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InFlightReq {
    /// How many.
    pub amount: u32,
    /// Whose.
    pub source_criterion: SourceCriterion,
}

/// So many requests a second, of each source.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RateLimit {
    /// In the long run.
    pub average: u32,
    /// In one moment.
    pub burst: u32,
    /// Whose.
    pub source_criterion: SourceCriterion,
}

/// What makes requests those of one source.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum SourceCriterion {
    /// The address that they come from.
    IpStrategy(IpStrategy),
    /// The host that they ask: all of them are one source.
    RequestHost(bool),
}

/// How an address is told.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IpStrategy {
    /// Bits of an IPv6 address that are one customer's.
    pub ipv6_subnet: u32,
}

/// Routes by rules, where an Ingress knows hosts and paths only.
#[derive(Serialize)]
pub struct IngressRoute {
    /// Name.
    pub metadata: ObjectMeta,
    /// The rest.
    pub spec: IngressRouteSpec,
}

/// The body of an [`IngressRoute`].
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IngressRouteSpec {
    /// The ports of Traefik's pod, by name.
    pub entry_points: Vec<&'static str>,
    /// One a rule.
    pub routes: Vec<Route>,
    /// Where the certificate is; none for plain HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<RouteTls>,
}

/// What is done with the requests that a rule matches.
#[derive(Serialize)]
pub struct Route {
    /// Always `Rule`.
    pub kind: &'static str,
    /// The rule.
    #[serde(rename = "match")]
    pub rule: String,
    /// In this order.
    pub middlewares: Vec<MiddlewareRef>,
    /// Of two rules that match, the larger number wins; without one, the longer text.
    pub priority: u32,
    /// Who answers.
    pub services: Vec<RouteService>,
}

/// A [`Middleware`] of the same namespace.
#[derive(Clone, Serialize)]
pub struct MiddlewareRef {
    /// Its name.
    pub name: String,
}

/// A Service of the same namespace.
#[derive(Serialize)]
pub struct RouteService {
    /// Its name.
    pub name: String,
    /// Its port, by name.
    pub port: &'static str,
}

/// Where the certificate is.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum RouteTls {
    /// In a Secret of the same namespace.
    SecretName(String),
    /// In the store that Traefik looks into for every name without one.
    Store(StoreName),
}

/// A [`TlsStore`].
#[derive(Clone, Debug, Serialize)]
pub struct StoreName {
    /// Its name.
    pub name: &'static str,
}

/// Certificates for the routes that name none, chosen by the name that a client asks for.
#[derive(Serialize)]
pub struct TlsStore {
    /// Name: Traefik reads one that is called `default`, of all namespaces.
    pub metadata: ObjectMeta,
    /// The rest.
    pub spec: TlsStoreSpec,
}

/// The body of a [`TlsStore`].
#[derive(Serialize)]
pub struct TlsStoreSpec {
    /// Its certificates.
    pub certificates: Vec<StoredCertificate>,
}

/// A certificate of a [`TlsStore`].
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredCertificate {
    /// The Secret with it, beside the store.
    pub secret_name: &'static str,
}

/// Which TLS Traefik speaks.
#[derive(Serialize)]
pub struct TlsOption {
    /// Name: `default` is that of every route that names none; there must be one in the cluster.
    pub metadata: ObjectMeta,
    /// The rest.
    pub spec: TlsOptionSpec,
}

/// The body of a [`TlsOption`].
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TlsOptionSpec {
    /// The oldest version.
    pub min_version: TlsVersion,
}

/// Versions of TLS that are not broken.
#[derive(Clone, Copy, Debug, Serialize)]
pub enum TlsVersion {
    /// TLS 1.2, of 2008.
    #[serde(rename = "VersionTLS12")]
    Tls12,
}

impl CustomResource for Middleware {
    const API_VERSION: &'static str = API_VERSION;
    const KIND: &'static str = "Middleware";
    const PLURAL: &'static str = "middlewares";
    const IS_NAMESPACED: bool = true;
    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }
}

impl CustomResource for IngressRoute {
    const API_VERSION: &'static str = API_VERSION;
    const KIND: &'static str = "IngressRoute";
    const PLURAL: &'static str = "ingressroutes";
    const IS_NAMESPACED: bool = true;
    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }
}

impl CustomResource for TlsStore {
    const API_VERSION: &'static str = API_VERSION;
    const KIND: &'static str = "TLSStore";
    const PLURAL: &'static str = "tlsstores";
    const IS_NAMESPACED: bool = true;
    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }
}

impl CustomResource for TlsOption {
    const API_VERSION: &'static str = API_VERSION;
    const KIND: &'static str = "TLSOption";
    const PLURAL: &'static str = "tlsoptions";
    const IS_NAMESPACED: bool = true;
    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }
}

// Middlewares and routes come with the controller that reads them: `IngressRef` has the right to
// write them.
impl ClusterKind for TlsOption {}
impl ClusterKind for TlsStore {}
