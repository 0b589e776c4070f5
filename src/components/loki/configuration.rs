//! Loki's own configuration, as far as it differs from the chart's: what its program would refuse
//! is no value of these types, or a test's.

use serde::Serialize;

use crate::{
    facts::{
        charts::loki::SCHEMA,
        logs::{BURST, COMPACTION, DELETE_DELAY, Intake, LABELS, LONGEST_STORED},
    },
    units::{Bytes, Seconds},
};

/// `loki` in the chart's values.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Configuration {
    analytics: Analytics,
    #[serde(rename = "auth_enabled")]
    auth_enabled: bool,
    common_config: Common,
    compactor: Compactor,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<Digested>,
    ingester: Ingester,
    #[serde(rename = "limits_config")]
    limits_config: Limits,
    querier: Querier,
    schema_config: Schemas,
    server: Server,
    storage: Storage,
}

#[derive(Serialize)]
struct Analytics {
    reporting_enabled: bool,
}

#[derive(Serialize)]
struct Common {
    replication_factor: u32,
    ring: Ring,
}

/// The only member of every ring is this process: it needs nobody to tell it, and waits for nobody
/// when it starts.
#[derive(Serialize)]
struct Ring {
    kvstore: KeyValueStore,
}

#[derive(Serialize)]
struct KeyValueStore {
    store: &'static str,
}

/// Without both of the last two, the days that are kept are a number that nothing reads.
#[derive(Serialize)]
struct Compactor {
    compaction_interval: Seconds,
    retention_delete_delay: Seconds,
    retention_delete_worker_count: u32,
    working_directory: &'static str,
    delete_request_store: &'static str,
    retention_enabled: bool,
}

/// What is in memory: a chunk is written when nothing came for half an hour, and after two hours.
#[derive(Serialize)]
struct Ingester {
    chunk_encoding: &'static str,
    chunk_idle_period: Seconds,
    max_chunk_age: Seconds,
}

#[derive(Serialize)]
struct Limits {
    allow_structured_metadata: bool,
    ingestion_burst_size_mb: u64,
    ingestion_rate_mb: f64,
    max_label_names_per_series: usize,
    max_line_size: String,
    max_line_size_truncate: bool,
    max_query_lookback: String,
    max_query_series: u32,
    reject_old_samples: bool,
    reject_old_samples_max_age: String,
    retention_period: String,
    tsdb_max_query_parallelism: u32,
}

#[derive(Serialize)]
struct Querier {
    max_concurrent: u32,
}

#[derive(Serialize)]
struct Schemas {
    configs: [Schema; 1],
}

#[derive(Serialize)]
struct Schema {
    from: &'static str,
    index: Index,
    object_store: &'static str,
    schema: &'static str,
    store: &'static str,
}

#[derive(Serialize)]
struct Index {
    period: String,
    prefix: &'static str,
}

/// Its log is read by Alloy as well: a line for each query and each chunk would be a part of what
/// it keeps.
#[derive(Serialize)]
struct Server {
    log_level: &'static str,
}

#[derive(Serialize)]
struct Storage {
    r#type: &'static str,
}

/// An image by digest: the chart then writes no tag.
#[derive(Serialize)]
pub(super) struct Digested {
    pub(super) digest: &'static str,
}

/// Where chunks, index and marks for deletion are.
const STORE: &str = "filesystem";

/// Of Loki's limits by name of a label, beside [`LABELS`]: it adds the name of the service and the
/// level by itself.
const OF_LOKI: usize = 2;

fn mebibytes(bytes: u64) -> f64 {
    // Bytes a second of one volume: far below what is still exact.
    #[expect(clippy::cast_precision_loss, reason = "see above")]
    let (bytes, unit) = (bytes as f64, Bytes::mib(1).get() as f64);
    // Four digits: a hundred bytes a second, rounded down.
    (bytes / unit * 10_000.0).floor() / 10_000.0
}

/// The configuration for so many bytes a second and so many days.
pub(super) fn of(intake: Intake, days: u32, image: Option<Digested>) -> Configuration {
    let kept = format!("{}h", u64::from(days) * 24);
    Configuration {
        analytics: Analytics { reporting_enabled: false },
        auth_enabled: false,
        common_config: Common {
            replication_factor: 1,
            ring: Ring { kvstore: KeyValueStore { store: "inmemory" } },
        },
        compactor: Compactor {
            compaction_interval: COMPACTION,
            delete_request_store: STORE,
            retention_delete_delay: DELETE_DELAY,
            retention_delete_worker_count: 20,
            retention_enabled: true,
            working_directory: "/var/loki/compactor",
        },
        image,
        ingester: Ingester {
            chunk_encoding: "snappy",
            chunk_idle_period: Seconds::new(1800),
            max_chunk_age: Seconds::new(7200),
        },
        limits_config: Limits {
            allow_structured_metadata: true,
            ingestion_burst_size_mb: BURST.get() >> 20,
            ingestion_rate_mb: mebibytes(intake.bytes),
            max_label_names_per_series: LABELS.len() + OF_LOKI,
            // Loki has units of its own: of 1024, with the names of those of 1000.
            max_line_size: format!("{}KB", LONGEST_STORED.get() >> 10),
            max_line_size_truncate: true,
            // What is too old and not deleted yet is shown to nobody.
            max_query_lookback: kept.clone(),
            max_query_series: 500,
            reject_old_samples: true,
            reject_old_samples_max_age: kept.clone(),
            retention_period: kept,
            tsdb_max_query_parallelism: 16,
        },
        querier: Querier { max_concurrent: 2 },
        schema_config: Schemas {
            configs: [Schema {
                from: SCHEMA.from,
                index: Index { period: format!("{}h", SCHEMA.hours_of_an_index), prefix: "index_" },
                object_store: STORE,
                schema: SCHEMA.version,
                store: SCHEMA.store,
            }],
        },
        server: Server { log_level: "warn" },
        storage: Storage { r#type: STORE },
    }
}
