//! The lanes of a public host at Traefik: routes by what a request says of its body, each with its
//! own bounds.
//!
//! Traefik bounds a body by reading it whole (`buffering`), and then it reads the answer whole too:
//! a streamed answer would come at once, at its end. So what needs no such bound goes past it:
//! requests without a body, and those whose length is declared and short, to which Go's server
//! holds the client. All others are read whole by the Ingress, which has no rule and the least
//! priority.

use super::{
    face::{Callers, Face},
    handle::PortRef,
    ingress::{Clients, Rights},
    meta::Part,
    scope::Scope,
    traefik::{
        Buffering, Headers, InFlightReq, IngressRoute, IngressRouteSpec, IpAllowList, IpStrategy,
        Middleware, MiddlewareRef, MiddlewareSpec, RateLimit, Route, RouteService, RouteTls,
        SourceCriterion,
    },
};
use crate::facts::{
    browser,
    limits::{self, AtOnce, Bodies, Limits, Rate, SHORT_DIGITS, Uploads},
    traefik::{ABOVE_INGRESSES, PRIVATE},
};

/// The Service's port, and where its certificate is, if it has one.
pub(in crate::builder) struct Behind<'a> {
    pub(in crate::builder) port: &'a PortRef,
    pub(in crate::builder) tls: Option<RouteTls>,
}

impl<S> Scope<'_, S> {
    /// Makes the lanes beside the Ingress. Returns the names of the middlewares that the Ingress
    /// itself must bear.
    #[track_caller]
    pub(in crate::builder) fn lanes(
        &mut self,
        part: &Part,
        face: &Face<'_>,
        rights: Rights,
        behind: Behind<'_>,
    ) -> Vec<String> {
        let Limits { sockets, pages, calls, uploads, rest, rate } = face.limits;
        let mut lanes = Lanes { scope: self, part, rights };
        // First, so that a refusal has them too.
        let headers = lanes.middleware("headers", MiddlewareSpec::Headers(headers(face)));
        let rate = lanes
            .middleware("rate", MiddlewareSpec::RateLimit(requests_a_second(rate, rights.clients)));
        let known = (face.callers == Callers::Private).then(|| {
            let spec = IpAllowList { source_range: PRIVATE };
            lanes.middleware("private", MiddlewareSpec::IpAllowList(spec))
        });
        // Whoever may not come takes nothing of what the others may ask.
        let common: Vec<String> = [headers].into_iter().chain(known).chain([rate]).collect();
        let hosts: Vec<String> = face.hosts().map(|it| format!("Host(`{}`)", it.name())).collect();
        let host = if let [host] = &hosts[..] {
            host.clone()
        } else {
            format!("({})", hosts.join(" || "))
        };
        let mut routes = vec![
            (format!("{host} && {SOCKET}"), lanes.at_once(["socket", "sockets"], sockets)),
            (format!("{host} && {BODILESS}"), lanes.at_once(["page", "pages"], pages)),
            (format!("{host} && {}", short()), lanes.at_once(["call", "calls"], calls)),
        ];
        if let Some(Uploads { paths, bodies }) = uploads {
            let own = lanes.read_whole(["upload", "uploads"], bodies);
            routes.push((format!("{host} && {}", forms(paths)), own));
        }
        let of_ingress = [&common[..], &lanes.read_whole(["body", "bodies"], rest)].concat();
        let above = (ABOVE_INGRESSES + 1..).take(routes.len()).collect::<Vec<_>>();
        let routes = routes.into_iter().zip(above.into_iter().rev());
        let routes = routes.map(|((rule, own), priority)| Route {
            kind: "Rule",
            rule,
            middlewares: common
                .iter()
                .chain(&own)
                .cloned()
                .map(|name| MiddlewareRef { name })
                .collect(),
            priority,
            services: vec![RouteService { name: behind.port.service().to_string(), port: "http" }],
        });
        let spec = IngressRouteSpec {
            entry_points: vec![face.transport.entry_point()],
            routes: routes.collect(),
            tls: behind.tls,
        };
        let metadata = self.meta(part);
        self.add_custom(rights.routes, IngressRoute { metadata, spec });
        of_ingress
    }
}

/// Makes the middlewares of one part.
struct Lanes<'l, 'a, S> {
    scope: &'l mut Scope<'a, S>,
    part: &'l Part,
    rights: Rights,
}

impl<S> Lanes<'_, '_, S> {
    #[track_caller]
    fn middleware(&mut self, name: &str, spec: MiddlewareSpec) -> String {
        let name = format!("{}-{name}", self.part.name);
        let metadata = self.scope.meta_named(self.part, &name);
        self.scope.add_custom(self.rights.middlewares, Middleware { metadata, spec });
        name
    }

    #[track_caller]
    fn in_flight(&mut self, name: &str, amount: u32, source_criterion: SourceCriterion) -> String {
        let spec = InFlightReq { amount, source_criterion };
        self.middleware(name, MiddlewareSpec::InFlightReq(spec))
    }

    /// Of one client, where they can be told apart, and of all. Names are short: they stand behind
    /// that of a workspace.
    #[track_caller]
    fn at_once(&mut self, [one, all]: [&str; 2], at_once: &AtOnce) -> Vec<String> {
        let each = (self.rights.clients == Clients::Seen)
            .then(|| self.in_flight(one, at_once.each, ADDRESS));
        let all = self.in_flight(all, at_once.all, ALL);
        each.into_iter().chain([all]).collect()
    }

    /// So many, each read whole up to its size.
    #[track_caller]
    fn read_whole(&mut self, [one, all]: [&str; 2], bodies: &Bodies) -> Vec<String> {
        let all = self.in_flight(all, bodies.all, ALL);
        let buffering = Buffering {
            max_request_body_bytes: bodies.size.get(),
            max_response_body_bytes: limits::ANSWER.get(),
        };
        let size = self.middleware(one, MiddlewareSpec::Buffering(buffering));
        vec![all, size]
    }
}

fn requests_a_second(rate: &Rate, clients: Clients) -> RateLimit {
    let (times, source_criterion) = match clients {
        Clients::Seen => (1, ADDRESS),
        Clients::Alike => (rate.crowd, ALL),
    };
    RateLimit { average: rate.average * times, burst: rate.burst * times, source_criterion }
}

const ADDRESS: SourceCriterion =
    SourceCriterion::IpStrategy(IpStrategy { ipv6_subnet: limits::IPV6_CUSTOMER });
/// The host, as [`headers`] writes it.
const ALL: SourceCriterion = SourceCriterion::RequestHost(true);

/// What the answers carry. The request's host is written as it was routed by: a client may write it
/// in capitals, or with any port, and each would be counted by itself.
fn headers(face: &Face<'_>) -> Headers {
    Headers {
        content_type_nosniff: true,
        custom_frame_options_value: browser::FRAMES,
        custom_request_headers: [("Host", face.host.name().to_string())].into(),
        permissions_policy: browser::PERMISSIONS,
        referrer_policy: browser::REFERRER,
        sts_seconds: face.transport.is_tls().then_some(browser::HSTS_SECONDS),
    }
}

/// The handshake of a WebSocket.
const SOCKET: &str = "Method(`GET`) && HeaderRegexp(`Upgrade`, `.`)";
/// Methods whose bodies neither server reads.
const BODILESS: &str = "(Method(`GET`) || Method(`HEAD`) || Method(`OPTIONS`))";

/// A declared length of few digits, and no other beside it: with HTTP/2, a client may write two,
/// and Go's server holds it to the first.
fn short() -> String {
    let more = SHORT_DIGITS + 1;
    format!(
        "HeaderRegexp(`Content-Length`, `^[0-9]{{1,{SHORT_DIGITS}}}$`) && \
         !HeaderRegexp(`Content-Length`, `[^0-9]|[0-9]{{{more}}}`)"
    )
}

/// Forms with files: a server reads any other body whole, into memory.
fn forms(paths: &[&str]) -> String {
    let paths: Vec<String> = paths.iter().map(|it| format!("Path(`{it}`)")).collect();
    let paths = paths.join(" || ");
    format!("({paths}) && Method(`POST`) && HeaderRegexp(`Content-Type`, `^multipart/form-data;`)")
}
