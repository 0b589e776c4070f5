//! The metrics that each exporter serves, with their types and labels: a file an exporter and
//! version, in `src/facts/metrics/`.
//!
//! No rule on a spec asks for a metric: queries are the components' own. So the catalogue is there
//! for tests alone (the feature `internals`), and the program does not carry it.

use std::collections::{BTreeMap, BTreeSet};

/// The text of each file.
macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("metrics/", $name, ".txt")))),+]
    };
}

/// The files, by name.
pub const FILES: [(&str, &str); 27] = files![
    "alertmanager-0.34.0",
    "alloy-1.18.1",
    "argocd-application-controller-3.4.4",
    "argocd-repo-server-3.4.4",
    "argocd-server-3.4.4",
    "blackbox-exporter-0.28.0",
    "cadvisor-1.35.4",
    "cert-manager-1.21.1",
    "config-reloader-0.93.1",
    "coredns-1.14.0",
    "grafana-13",
    "json-exporter-ollama-0.7.0",
    "kube-state-metrics-2.20.0",
    "kube-state-metrics-self-2.20.0",
    "kubelet-1.35.4",
    "loki-3.7.6",
    "node-exporter-1.12.1",
    "open-webui-0.12.4",
    "otelcol-0.159.0",
    "postgres-exporter-0.20.1",
    "prometheus-3.14.0",
    "prometheus-operator-0.93.1",
    "scrapes-3.14.0",
    "sealed-secrets-0.38.4",
    "traefik-3.7.9",
    "workspace-api-0.1.0",
    "workspace-operator-0.1.0",
];

/// The label of a Service before a target, which a `ServiceMonitor` gives and a `PodMonitor` does
/// not: an exporter's own label of that name is called one thing or the other, so no query may
/// read it.
const SERVICE: &str = "service";

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only grows, and begins anew with its process: `rate` and `increase` are for it.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Read as `_bucket`, `_sum` and `_count`.
    Histogram,
    /// Read by its quantiles, as `_sum` and as `_count`.
    Summary,
    /// Its exporter does not say.
    Untyped,
}

impl Kind {
    fn read(word: &str) -> Option<Self> {
        Some(match word {
            "counter" => Self::Counter,
            "gauge" => Self::Gauge,
            "histogram" => Self::Histogram,
            "summary" => Self::Summary,
            "untyped" => Self::Untyped,
            _ => return None,
        })
    }

    /// The series of a metric of this kind: what follows its name, what each is, and the label that
    /// it has besides.
    fn series(self) -> &'static [(&'static str, SeriesKind, Option<&'static str>)] {
        match self {
            Self::Counter => &[("", SeriesKind::Counter, None)],
            Self::Gauge => &[("", SeriesKind::Gauge, None)],
            Self::Untyped => &[("", SeriesKind::Untyped, None)],
            Self::Histogram => &[
                ("_bucket", SeriesKind::Bucket, Some("le")),
                ("_sum", SeriesKind::Counter, None),
                ("_count", SeriesKind::Counter, None),
            ],
            Self::Summary => &[
                ("", SeriesKind::Gauge, Some("quantile")),
                ("_sum", SeriesKind::Counter, None),
                ("_count", SeriesKind::Counter, None),
            ],
        }
    }
}

/// What a series is, as a query reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeriesKind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// It only grows, and has a label `le`.
    Bucket,
    /// Nobody says.
    Untyped,
}

/// The labels of a series; of some it is known which values they have.
pub type Labels = BTreeMap<String, Option<BTreeSet<&'static str>>>;

/// A series that an exporter serves, with the labels that Prometheus stores.
#[derive(Clone, Debug)]
pub struct Series {
    /// What it is.
    pub kind: SeriesKind,
    /// The labels that a query may read.
    pub labels: Labels,
    /// Those among them that tell its series apart: not the target's.
    pub own: BTreeSet<String>,
}

/// One file.
#[derive(Debug)]
pub struct Exporter {
    /// Whose metrics they are.
    pub name: &'static str,
    /// Of which version.
    pub version: &'static str,
    /// How they were found.
    pub source: &'static str,
    /// Its series, by name.
    pub series: BTreeMap<String, Series>,
    /// Histograms, which are read by their series.
    pub histograms: BTreeSet<&'static str>,
}

impl Exporter {
    /// Reads a file: four lines of `key: value`, an empty one, and a line a metric: name, type,
    /// labels, each with its values behind an equals sign where they are known.
    fn read(file: &str, text: &'static str) -> Self {
        let (head, rows) = text.split_once("\n\n").expect("a head, and rows");
        let head: BTreeMap<_, _> =
            head.lines().map(|it| it.split_once(": ").expect("a key and a value")).collect();
        let of_targets: Vec<&str> = head["target labels"].split(' ').collect();
        // `honorLabels: true`: what a series says of itself stands.
        let keeps = head["own labels"] == "kept";
        assert!(
            keeps || head["own labels"] == "renamed",
            "{file}: own labels are one or the other"
        );
        let (mut series, mut histograms) = (BTreeMap::new(), BTreeSet::new());
        for row in rows.lines() {
            let mut words = row.split(' ');
            let name = words.next().expect("a name");
            let kind = words.next().and_then(Kind::read).expect("a type of a metric");
            let mut own = Labels::new();
            for word in words {
                let (label, values) = word.split_once('=').unzip();
                let label = label.unwrap_or(word);
                let is_renamed = !keeps && of_targets.contains(&label);
                let label = if is_renamed { format!("exported_{label}") } else { label.to_owned() };
                own.insert(label, values.map(|it| it.split('|').collect()));
            }
            if !keeps {
                own.remove(SERVICE);
            }
            let of_target = of_targets.iter().map(|it| ((*it).to_owned(), None));
            let labels: Labels = of_target.chain(own.clone()).collect();
            if kind == Kind::Histogram {
                histograms.insert(name);
            }
            for (ending, kind, more) in kind.series() {
                let (mut labels, mut own) = (labels.clone(), own.clone());
                labels.extend(more.map(|it| (it.to_owned(), None)));
                own.extend(more.map(|it| (it.to_owned(), None)));
                let one = Series { kind: *kind, labels, own: own.into_keys().collect() };
                let former = series.insert(format!("{name}{ending}"), one);
                assert!(former.is_none(), "{file}: {name}{ending} twice");
            }
        }
        Self {
            name: head["exporter"],
            version: head["version"],
            source: head["source"],
            series,
            histograms,
        }
    }
}

/// Everything that can be asked for.
#[derive(Debug)]
pub struct Catalogue(Vec<Exporter>);

impl Catalogue {
    /// Reads all files.
    ///
    /// # Panics
    /// When one is not of the form that [`Exporter`] has.
    #[must_use]
    pub fn read() -> Self {
        Self(FILES.iter().map(|(name, text)| Exporter::read(name, text)).collect())
    }

    /// The exporters.
    pub fn exporters(&self) -> impl Iterator<Item = &Exporter> {
        self.0.iter()
    }

    /// The series of a name: one an exporter that serves it.
    pub fn series<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Series> {
        self.0.iter().filter_map(move |it| it.series.get(name))
    }

    /// Whether a name is a histogram's, which is read by its series only.
    #[must_use]
    pub fn is_histogram(&self, name: &str) -> bool {
        self.0.iter().any(|it| it.histograms.contains(name))
    }

    /// The names that a query may read, for what is said of one that it may not.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|it| it.series.keys().map(String::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::{Catalogue, SeriesKind};
    use crate::facts::versions::{
        ARGO_CD_IMAGE, CERT_MANAGER_CONTROLLER_IMAGE, K3S, OPEN_WEBUI, SEALED_SECRETS_IMAGE,
    };

    fn labels(catalogue: &Catalogue, name: &str) -> Vec<String> {
        let all: Vec<_> = catalogue.series(name).collect();
        assert_eq!(all.len(), 1, "{name}");
        all[0].labels.keys().cloned().collect()
    }

    #[test]
    fn every_file_says_what_it_is_and_where_it_is_from() {
        let catalogue = Catalogue::read();
        for (exporter, (file, _)) in catalogue.exporters().zip(super::FILES) {
            assert_eq!(format!("{}-{}", exporter.name, exporter.version), file);
            assert!(exporter.source.len() > 10, "{file}");
            assert!(!exporter.series.is_empty(), "{file}");
        }
    }

    #[test]
    fn the_versions_are_those_that_the_platform_runs_up_to_their_last_number() {
        let minor = |version: &str| {
            let numbers = version.trim_start_matches('v').split(['.', '-']);
            numbers.take(2).map(str::to_owned).collect::<Vec<_>>()
        };
        for (exporter, runs) in [
            ("argocd-application-controller", ARGO_CD_IMAGE.tag),
            ("argocd-repo-server", ARGO_CD_IMAGE.tag),
            ("argocd-server", ARGO_CD_IMAGE.tag),
            ("cadvisor", K3S.tested),
            ("cert-manager", CERT_MANAGER_CONTROLLER_IMAGE.tag),
            ("kubelet", K3S.tested),
            ("open-webui", OPEN_WEBUI.tested),
            ("sealed-secrets", SEALED_SECRETS_IMAGE.tag),
        ] {
            let catalogue = Catalogue::read();
            let found = catalogue.exporters().find(|it| it.name == exporter).expect(exporter);
            assert_eq!(minor(found.version), minor(runs), "{exporter}");
        }
    }

    #[test]
    fn labels_are_those_that_prometheus_stores() {
        let catalogue = Catalogue::read();
        // An object's own namespace, and none of the pod that tells of it.
        assert_eq!(
            labels(&catalogue, "kube_cronjob_created"),
            ["cronjob", "instance", "job", "namespace"]
        );
        // The namespace of a certificate is not that of cert-manager.
        let found = labels(&catalogue, "certmanager_certificate_renewal_timestamp_seconds");
        assert!(found.contains(&"exported_namespace".to_owned()), "{found:?}");
        assert!(found.contains(&"namespace".to_owned()), "{found:?}");
        // A Service of Traefik's, or the one before Traefik: nobody can say which.
        let found = labels(&catalogue, "traefik_service_requests_total");
        assert!(!found.iter().any(|it| it.contains("service")), "{found:?}");
    }

    #[test]
    fn histograms_are_read_by_their_series() {
        let catalogue = Catalogue::read();
        let name = "traefik_entrypoint_request_duration_seconds";
        assert!(catalogue.is_histogram(name) && catalogue.series(name).next().is_none());
        for (ending, kind) in [
            ("_bucket", SeriesKind::Bucket),
            ("_sum", SeriesKind::Counter),
            ("_count", SeriesKind::Counter),
        ] {
            let name = format!("{name}{ending}");
            assert_eq!(catalogue.series(&name).next().expect("it is there").kind, kind);
        }
    }
}
