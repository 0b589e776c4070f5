//! Memory requests, limits and CPU requests of the tested set.
//!
//! "measured": real processes (Open WebUI 0.12.4 slim with one worker: 333–353 MiB resident with 20
//! chats; PostgreSQL with 64 MB of shared buffers: 17–42 idle, at most 109 under Open WebUI,
//! 257–327 with 20 sorting clients). "budget": a judgement.

use super::node::{BODIES, CHART_FOLDERS, CLONES};
use crate::units::{Bytes, Millicores};

/// What a container is promised (requests), and where it is stopped (memory limit; CPU has none).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allotment {
    /// Memory request.
    pub request: Bytes,
    /// Memory limit.
    pub limit: Bytes,
    /// CPU request.
    pub cpu: Millicores,
    /// What its folders on the node's disk hold, where a chart makes them; of our own pods the
    /// folders themselves say it.
    pub folders: Bytes,
}

const fn of(request: u64, limit: u64, cpu: u64) -> Allotment {
    of_folders(request, limit, cpu, CHART_FOLDERS)
}

const fn of_folders(request: u64, limit: u64, cpu: u64, folders: Bytes) -> Allotment {
    let cpu = Millicores::new(cpu);
    Allotment { request: Bytes::mib(request), limit: Bytes::mib(limit), cpu, folders }
}

/// cert-manager's controller (budget).
pub const CERT_MANAGER_CONTROLLER: Allotment = of(48, 128, 10);
/// cert-manager's webhook (budget).
pub const CERT_MANAGER_WEBHOOK: Allotment = of(24, 96, 10);
/// cert-manager's cainjector (budget).
pub const CERT_MANAGER_CAINJECTOR: Allotment = of(48, 160, 10);
/// One HTTP-01 solver pod, while a certificate is being issued (set by the issuer's pod template).
pub const ACME_SOLVER: Allotment = of_folders(16, 64, 10, Bytes::new(0));
/// The sealed-secrets controller (budget).
pub const SEALED_SECRETS: Allotment = of(24, 64, 10);
/// Argo CD's application controller (budget; reports of 400–800 MiB for fifteen Applications, hence
/// the limit; measured by the judge `argocd` with the 26 Applications of the whole platform and the
/// real charts, comparing all of them every two seconds for ten minutes: under the tree's
/// `GOMEMLIMIT` 700 MiB at most, 88 of them pages of its program, and 385 to 470 beside these most
/// of the time; without it 803 MiB).
pub const ARGO_CONTROLLER: Allotment = of(320, 768, 100);
/// Argo CD's repo-server (measured with the real charts, monitoring's among them, on a cold cache
/// and with two at once, `reposerver.parallelism.limit`: itself 171 MiB at most and 115 MiB at
/// rest, of which 80 are pages of its program; each `helm template` 84 to 99 MiB for the
/// definitions of prometheus-operator, 88 for Argo CD's chart, 69 for kube-prometheus-stack, 67 for
/// Loki: 369 MiB together. Each child inherits `GOMEMLIMIT`, which changes nothing: with 64 to
/// 460 MiB the peaks are the same).
pub const ARGO_REPO_SERVER: Allotment = of_folders(128, 512, 50, CLONES);
/// Argo CD's API server and UI (budget).
pub const ARGO_SERVER: Allotment = of(64, 192, 20);
/// Argo CD's controller of `ApplicationSet`s, which runs nowhere (budget: the API server's).
pub const ARGO_APPLICATION_SET: Allotment = of(64, 192, 20);
/// Argo CD's cache (budget).
pub const ARGO_REDIS: Allotment = of(24, 96, 10);
/// The repo-server's init container, which copies one program (budget).
pub const ARGO_COPYUTIL: Allotment = of(32, 128, 10);
/// The hook that makes the cache's password before each sync of Argo CD's chart (budget).
pub const ARGO_REDIS_INIT: Allotment = of(48, 128, 10);
/// Prometheus (measured by the judge `prometheus` with 37,000 active series, while it asks k3s for
/// 60,000 samples: 320 MiB at most, 222 MiB after a start; the rest is for queries).
pub const PROMETHEUS: Allotment = of(400, 800, 100);
/// Alertmanager (budget).
pub const ALERTMANAGER: Allotment = of(32, 96, 10);
/// What tells Prometheus and Alertmanager of a new configuration, beside each and before it
/// (budget).
pub const CONFIG_RELOADER: Allotment = of(24, 64, 5);
/// Prometheus' operator (budget).
pub const PROMETHEUS_OPERATOR: Allotment = of(64, 160, 20);
/// kube-state-metrics (budget).
pub const KUBE_STATE_METRICS: Allotment = of(40, 128, 10);
/// The blackbox exporter (budget).
pub const BLACKBOX_EXPORTER: Allotment = of(24, 64, 10);
/// The OpenTelemetry collector (budget; measured, a build with the parts that are used: 31 MiB
/// resident at rest, 39 with 3,000 series of two senders, of which 12 are anonymous).
pub const OTEL_COLLECTOR: Allotment = of(64, 160, 10);
/// The JSON exporter (measured: 21 MiB resident at most, of which 7 are anonymous, after
/// 300 answers of two models).
pub const JSON_EXPORTER: Allotment = of(24, 64, 10);
/// Loki as one process (budget; its chart gives Go 85 in a hundred of the limit).
pub const LOKI: Allotment = of(192, 384, 50);
/// Alloy, which reads the logs of one node (budget).
pub const ALLOY: Allotment = of(96, 256, 30);
/// node-exporter, without the collectors that nobody reads (budget).
pub const NODE_EXPORTER: Allotment = of(24, 64, 10);
/// Grafana, without a container beside it (budget; 13 was reported at 180 MiB when idle, at 330
/// with compressed answers, which are off).
pub const GRAFANA: Allotment = of(256, 512, 50);
/// Traefik, by a `HelmChartConfig` (budget).
pub const TRAEFIK: Allotment = of_folders(64, 192, 50, BODIES);
/// An ingress controller that somebody else installs, as the spec has nothing else to say of it
/// (budget: what ingress-nginx's chart requests, 90 MiB and a tenth of a core; it sets no limit).
pub const INGRESS: Allotment = of(90, 256, 100);
/// Open WebUI, slim image, one worker (measured; it takes 5–10 CPU seconds to start).
pub const OPEN_WEBUI: Allotment = of(384, 768, 100);
/// What it holds at rest, with chats (measured): the rest of its limit is for requests.
#[cfg(test)]
pub const OPEN_WEBUI_RESIDENT: Bytes = Bytes::mib(353);
/// Open WebUI, the standard image, one worker, without a model of its own for embeddings
/// (published: 600 to 651 MB resident after the start, open-webui#2582, #4188; measured without
/// torch, which it imports: 405 MiB at rest, 807 after a `docx` of 19 MiB of XML, 966 after a PDF
/// of 20 MiB). The limit leaves the slim image's room for requests, and room for one such PDF.
pub const OPEN_WEBUI_STANDARD: Allotment = of(640, 1664, 100);
/// What it holds at rest (published).
#[cfg(test)]
pub const OPEN_WEBUI_STANDARD_RESIDENT: Bytes = Bytes::mib(621);
/// Tika's server (measured: Tika's parsers 3.3.1 behind a plain HTTP server, Java 17, serial
/// collector, a heap of 384 MiB: 121 MiB resident at rest, 377 after a `docx` of 19 MiB of XML, 408
/// after a PDF of 20 MiB with 5,200 pages, 628 with three of these at once; what its own server and
/// the watching process take, about 100, was not).
pub const TIKA: Allotment = of(512, 1024, 100);
/// PostgreSQL (measured).
pub const POSTGRESQL: Allotment = of(192, 512, 50);
/// CPU that one Ollama pod is promised (measured; its memory is computed: [`super::ollama`]).
pub const OLLAMA_CPU: Millicores = Millicores::new(500);
/// Each container of a backup or restore, which stream: dumping, packing, sending (budget; measured
/// on files of 256 MiB, the largest process: `rclone` 87 MiB with `GOMEMLIMIT=96MiB` and pieces of
/// 8 MiB, `pg_dump`, `tar` and `sha256sum` at most 26).
pub const BACKUP: Allotment = of(64, 128, 50);
/// The exporter of PostgreSQL's statistics (measured: 21 MiB resident, of which
/// 7 are anonymous, with 41 tables and 1,443 samples).
pub const POSTGRES_EXPORTER: Allotment = of(24, 64, 10);
/// The Job that makes databases for workspaces (budget: a shell and `psql`, for seconds).
pub const WORKSPACE_DATABASES: Allotment = of(16, 64, 10);
/// Redis for Open WebUI's sessions (budget: Argo CD's own Redis, 24/96 for a cache of 15
/// applications, and a third more).
pub const REDIS: Allotment = of(32, 128, 10);
/// The operator for workspaces (budget; a probe of the same parts took 26 MiB with 1,000
/// workspaces, 42 at most while it started).
pub const WORKSPACE_OPERATOR: Allotment = of(32, 64, 10);
/// The API of workspaces (budget: the operator's parts without what that keeps of each workspace).
pub const WORKSPACE_API: Allotment = of(24, 48, 10);
