//! What components would like monitoring to know. The floor plan collects it for what is built
//! last.

use std::sync::Arc;

use super::{
    dashboard::Dashboard,
    example::Examples,
    handle::{Pods, PortRef},
};
use crate::{facts::alerts::Figure, names::Host, units::Seconds};

/// What a component would like monitoring to know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Contribution {
    /// A Prometheus endpoint.
    Scrape(Scrape),
    /// An address that should answer.
    Probe {
        /// What to ask.
        target: PortRef,
        /// How to ask.
        module: Module,
        /// The HTTP path, empty for TCP.
        path: &'static str,
    },
    /// An answer of which an exporter makes metrics.
    Query(Box<Query>),
    /// A public host, which should answer: [`Scope::public`](super::scope::Scope::public) tells.
    PublicHost(Host),
    /// A state that an operator must be alerted to.
    Alert(Alert),
    /// A dashboard of Grafana.
    Dashboard(Dashboard),
    /// How to read the logs of some pods.
    Logs(Logs),
}

/// An answer of which an exporter makes metrics, when Prometheus names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Query {
    /// Who makes metrics of it; it reaches what it asks by itself.
    pub exporter: PortRef,
    /// How, by the exporter's own name for it.
    pub module: &'static str,
    /// Whom it asks.
    pub target: PortRef,
    /// The HTTP path there.
    pub path: &'static str,
}

impl From<Query> for Contribution {
    fn from(query: Query) -> Self {
        Self::Query(Box::new(query))
    }
}

/// How an address is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Module {
    /// A Service of the cluster, in plain HTTP: it answers with a status of 200 to 299.
    Http,
    /// A public host, by TLS: the same.
    Https,
    /// A Service of the cluster that takes a connection.
    Tcp,
}

impl Module {
    /// What the blackbox exporter calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Http => "http_2xx",
            Self::Https => "https_2xx",
            Self::Tcp => "tcp_connect",
        }
    }

    /// What an address that is asked so begins with, for people.
    pub fn scheme(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Tcp => "tcp",
        }
    }
}

/// A Prometheus endpoint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scrape {
    /// Where it answers. Its pods ([`PortRef::pods`]) are what a monitor selects.
    pub port: PortRef,
    /// The HTTP path.
    pub path: &'static str,
    /// How often to ask; not said: as often as everything else.
    pub interval: Option<Seconds>,
    /// How the connection is protected.
    pub tls: Tls,
}

/// How the connection to an endpoint is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(
    not(feature = "internals"),
    expect(dead_code, reason = "exporters will be the first to use it")
)]
pub enum Tls {
    /// Not at all: it stays within the cluster.
    #[default]
    Off,
    /// By TLS, with a certificate that can be verified.
    Verified,
    /// By TLS, with a certificate that the endpoint made itself.
    SelfSigned,
}

impl Tls {
    /// The scheme of its URL.
    pub fn scheme(self) -> &'static str {
        match self {
            Self::Off => "http",
            Self::Verified | Self::SelfSigned => "https",
        }
    }
}

#[cfg_attr(
    not(feature = "internals"),
    expect(dead_code, reason = "exporters will be the first to use it")
)]
impl Scrape {
    /// `/metrics` of a port, in plain HTTP, as often as everything else.
    pub fn of(port: PortRef) -> Self {
        Self { port, path: "/metrics", interval: None, tls: Tls::Off }
    }

    /// Asked at another path.
    #[must_use]
    pub fn at(self, path: &'static str) -> Self {
        Self { path, ..self }
    }

    /// Asked at an interval of its own.
    #[must_use]
    pub fn every(self, interval: Seconds) -> Self {
        Self { interval: Some(interval), ..self }
    }

    /// Asked by TLS.
    #[must_use]
    pub fn by(self, tls: Tls) -> Self {
        Self { tls, ..self }
    }

    /// Its URL, for a client in the cluster.
    pub fn url(&self) -> String {
        format!("{}://{}{}", self.tls.scheme(), self.port.endpoint(), self.path)
    }
}

impl From<Scrape> for Contribution {
    fn from(scrape: Scrape) -> Self {
        Self::Scrape(scrape)
    }
}

/// An alert, as Prometheus' rules have it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alert {
    /// Its name, unique in a platform.
    pub name: &'static str,
    /// A query of Prometheus that has a value while something is wrong.
    pub expression: String,
    /// How long it must have one.
    pub after: Seconds,
    /// How much it matters.
    pub severity: AlertSeverity,
    /// Why each figure of the two before is that one.
    pub figures: Vec<Figure>,
    /// What is wrong, in one sentence.
    pub summary: String,
    /// What to do about it.
    pub runbook: String,
    /// With what it fires, and with what it does not.
    pub examples: Examples,
}

impl From<Alert> for Contribution {
    fn from(alert: Alert) -> Self {
        Self::Alert(alert)
    }
}

/// How much an alert matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlertSeverity {
    /// An operator must act now.
    Critical,
    /// An operator must act during working hours.
    Warning,
}

impl AlertSeverity {
    /// The label's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
        }
    }
}

impl From<Dashboard> for Contribution {
    fn from(dashboard: Dashboard) -> Self {
        Self::Dashboard(dashboard)
    }
}

/// How to read the logs of some pods.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Logs {
    /// Whose.
    pub pods: Pods,
    /// Whether each line is an object of JSON.
    pub json: bool,
    /// Fields of the lines that become labels: few values each, or the store keeps too many series.
    pub labels: &'static [&'static str],
    /// With what an entry begins, as a regular expression; lines that do not begin so are a part of
    /// the one before. None: each line is an entry.
    pub begins: Option<&'static str>,
}

impl Logs {
    /// Lines of text.
    pub fn text(pods: &Pods) -> Self {
        Self { pods: pods.clone(), json: false, labels: &[], begins: None }
    }

    /// Lines that are objects of JSON, whose fields stay where they are.
    pub fn json(pods: &Pods) -> Self {
        Self { pods: pods.clone(), json: true, labels: &[], begins: None }
    }

    /// Entries of several lines, by what their first one begins with.
    #[must_use]
    pub fn beginning(self, first_line: &'static str) -> Self {
        Self { begins: Some(first_line), ..self }
    }
}

impl From<Logs> for Contribution {
    fn from(logs: Logs) -> Self {
        Self::Logs(logs)
    }
}

/// What one component contributed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contributed {
    /// The component's Application.
    pub by: Arc<str>,
    /// What it would like monitoring to know.
    pub what: Contribution,
}

/// Everything contributed. Only a closed builder makes one, so nothing that contributes can come
/// later.
#[derive(Debug, Default)]
pub struct Contributions(pub(in crate::builder) Vec<Contributed>);

impl Contributions {
    /// In build order, each with the component that it is of.
    pub fn all(&self) -> impl Iterator<Item = &Contributed> {
        self.0.iter()
    }

    /// In build order.
    pub fn iter(&self) -> impl Iterator<Item = &Contribution> {
        self.0.iter().map(|it| &it.what)
    }

    /// How to read logs, among them.
    pub fn logs(&self) -> impl Iterator<Item = &Logs> {
        self.iter().filter_map(|contribution| match contribution {
            Contribution::Logs(logs) => Some(logs),
            _ => None,
        })
    }

    /// The endpoints of Prometheus among them.
    pub fn scrapes(&self) -> impl Iterator<Item = &Scrape> {
        self.iter().filter_map(|contribution| match contribution {
            Contribution::Scrape(scrape) => Some(scrape),
            _ => None,
        })
    }
}
