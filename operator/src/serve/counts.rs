//! What the API measures of itself: by the template of a route, and never by a name.

use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

use crate::metrics::Word;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRequest {
    route: Word,
    method: Word,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRoute {
    route: Word,
    method: Word,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfReview {
    kind: Word,
}

/// The metrics.
pub struct Counts {
    registry: Registry,
    requests: Family<OfRequest, Counter>,
    seconds: Family<OfRoute, Histogram>,
    reviews: Family<OfReview, Counter>,
    in_flight: Gauge,
    connections: Gauge,
}

impl Default for Counts {
    fn default() -> Self {
        let mut all = Self {
            registry: Registry::with_prefix("espalier_api"),
            requests: Family::default(),
            seconds: Family::new_with_constructor(|| {
                Histogram::new(exponential_buckets(0.0005, 4.0, 8))
            }),
            reviews: Family::default(),
            in_flight: Gauge::default(),
            connections: Gauge::default(),
        };
        let registry = &mut all.registry;
        registry.register("requests", "Requests by route and status", all.requests.clone());
        let seconds = all.seconds.clone();
        registry.register("request_seconds", "Seconds from request to answer", seconds);
        registry.register(
            "reviews",
            "Reviews that the API server was asked for",
            all.reviews.clone(),
        );
        registry.register("in_flight", "Requests that are being answered", all.in_flight.clone());
        registry.register("connections", "Connections that are open", all.connections.clone());
        all
    }
}

impl Counts {
    /// A request is over.
    pub fn answered(&self, route: &'static str, method: &'static str, status: u16, seconds: f64) {
        let (route, method) = (Word(route), Word(method));
        let labels = OfRequest { route, method, status };
        self.requests.get_or_create(&labels).inc();
        self.seconds.get_or_create(&OfRoute { route, method }).observe(seconds);
    }

    /// The API server was asked.
    pub fn reviewed(&self, kind: &'static str) {
        self.reviews.get_or_create(&OfReview { kind: Word(kind) }).inc();
    }

    /// A request begins, or is over.
    pub fn in_flight(&self, difference: i64) {
        self.in_flight.inc_by(difference);
    }

    /// A connection begins, or is over.
    pub fn open_connections(&self, difference: i64) {
        self.connections.inc_by(difference);
    }

    /// The text that Prometheus reads.
    pub fn text(&self) -> String {
        let mut out = String::new();
        text::encode(&mut out, &self.registry).expect("a String takes all");
        out
    }
}
