//! The collector's configuration: what is sent by gRPC is served to Prometheus. Each part has the
//! name that the pipeline reads it by, so that a part that is not read cannot be written.

use serde::Serialize;

use crate::units::Bytes;

/// Its ports.
pub(super) mod port {
    /// OTLP by gRPC.
    pub(in super::super) const OTLP: u16 = 4317;
    /// Metrics of the collector itself.
    pub(in super::super) const OWN_METRICS: u16 = 8888;
    /// The metrics that were sent.
    pub(in super::super) const METRICS: u16 = 8889;
    /// Whether it works.
    pub(in super::super) const HEALTH: u16 = 13133;
}

/// The variable that has the pod's address. Since 0.104 the collector listens on `localhost` where
/// it is told no address, and nobody outside of the pod reaches it there.
pub(super) const POD_ADDRESS: &str = "POD_IP";

/// Series that nobody sends any more are served for so long: a pod of Open WebUI that was replaced.
const EXPIRES: &str = "5m";

#[derive(Serialize)]
pub(super) struct Configuration {
    exporters: Exporters,
    extensions: Extensions,
    processors: Processors,
    receivers: Receivers,
    service: Service,
}

#[derive(Serialize)]
struct Extensions {
    health_check: Listener,
}

#[derive(Serialize)]
struct Listener {
    endpoint: String,
}

impl Listener {
    fn at(port: u16) -> Self {
        Self { endpoint: format!("{}:{port}", address()) }
    }
}

fn address() -> String {
    format!("${{env:{POD_ADDRESS}}}")
}

#[derive(Serialize)]
struct Receivers {
    otlp: Otlp,
}

#[derive(Serialize)]
struct Otlp {
    protocols: Protocols,
}

#[derive(Serialize)]
struct Protocols {
    grpc: Listener,
}

#[derive(Serialize)]
struct Processors {
    batch: Batch,
    memory_limiter: MemoryLimiter,
}

/// As it is by default.
#[derive(Serialize)]
struct Batch {}

#[derive(Serialize)]
struct MemoryLimiter {
    check_interval: &'static str,
    limit_mib: u64,
    spike_limit_mib: u64,
}

#[derive(Serialize)]
struct Exporters {
    prometheus: Prometheus,
}

#[derive(Serialize)]
struct Prometheus {
    #[serde(flatten)]
    listener: Listener,
    metric_expiration: &'static str,
}

#[derive(Serialize)]
struct Service {
    extensions: [&'static str; 1],
    pipelines: Pipelines,
    telemetry: Telemetry,
}

#[derive(Serialize)]
struct Pipelines {
    metrics: Pipeline,
}

/// The limit comes first: what is refused takes no memory in the others.
#[derive(Serialize)]
struct Pipeline {
    exporters: [&'static str; 1],
    processors: [&'static str; 2],
    receivers: [&'static str; 1],
}

#[derive(Serialize)]
struct Telemetry {
    metrics: OwnMetrics,
}

#[derive(Serialize)]
struct OwnMetrics {
    readers: [Reader; 1],
}

#[derive(Serialize)]
struct Reader {
    pull: Pull,
}

#[derive(Serialize)]
struct Pull {
    exporter: PullExporter,
}

#[derive(Serialize)]
struct PullExporter {
    prometheus: Address,
}

#[derive(Serialize)]
struct Address {
    host: String,
    port: u16,
}

impl Configuration {
    /// In a container with such a memory limit: five eighths are for what the process keeps, a
    /// quarter of that for what comes in between two looks, and the rest for the program itself and
    /// for garbage.
    pub(super) fn within(limit: Bytes) -> Self {
        let kept = (limit.get() >> 20) * 5 / 8;
        Self {
            exporters: Exporters {
                prometheus: Prometheus {
                    listener: Listener::at(port::METRICS),
                    metric_expiration: EXPIRES,
                },
            },
            extensions: Extensions { health_check: Listener::at(port::HEALTH) },
            processors: Processors {
                batch: Batch {},
                memory_limiter: MemoryLimiter {
                    check_interval: "1s",
                    limit_mib: kept.max(4),
                    spike_limit_mib: (kept / 4).max(1),
                },
            },
            receivers: Receivers {
                otlp: Otlp { protocols: Protocols { grpc: Listener::at(port::OTLP) } },
            },
            service: Service {
                extensions: ["health_check"],
                pipelines: Pipelines {
                    metrics: Pipeline {
                        exporters: ["prometheus"],
                        processors: ["memory_limiter", "batch"],
                        receivers: ["otlp"],
                    },
                },
                telemetry: Telemetry {
                    metrics: OwnMetrics {
                        readers: [Reader {
                            pull: Pull {
                                exporter: PullExporter {
                                    prometheus: Address {
                                        host: address(),
                                        port: port::OWN_METRICS,
                                    },
                                },
                            },
                        }],
                    },
                },
            },
        }
    }

    /// What it may keep, in MiB.
    pub(super) fn kept_mib(&self) -> u64 {
        self.processors.memory_limiter.limit_mib
    }
}

#[cfg(test)]
mod tests {
    use super::Configuration;
    use crate::units::Bytes;

    #[test]
    fn the_limiter_acts_before_the_kernel_does() {
        for limit in [1, 8, 64, 160, 4096] {
            let configuration = Configuration::within(Bytes::mib(limit));
            let limiter = &configuration.processors.memory_limiter;
            assert!(limiter.spike_limit_mib < limiter.limit_mib, "{limit}");
            assert!(limit < 8 || limiter.limit_mib < limit, "{limit}");
        }
        assert_eq!(Configuration::within(Bytes::mib(160)).kept_mib(), 100);
    }
}
