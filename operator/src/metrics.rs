//! What the operator measures of itself.

use std::fmt;

use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder, text},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
        info::Info,
    },
    registry::Registry,
};

/// A word as a label's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Word(pub &'static str);

impl EncodeLabelValue for Word {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), fmt::Error> {
        self.0.encode(encoder)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfOutcome {
    outcome: Word,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfKind {
    kind: Word,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfApply {
    kind: Word,
    outcome: Word,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfLane {
    lane: Word,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfCondition {
    condition: String,
    status: Word,
}

/// The metrics.
pub struct Metrics {
    registry: Registry,
    reconciles: Family<OfOutcome, Counter>,
    seconds: Histogram,
    depth: Family<OfLane, Gauge>,
    applies: Family<OfApply, Counter>,
    takes: Family<OfKind, Counter>,
    drift: Family<OfKind, Counter>,
    workspaces: Family<OfCondition, Gauge>,
    memory: Gauge,
    memory_requested: Gauge,
    pods: Gauge,
    pods_requested: Gauge,
    leader: Gauge,
    halted: Gauge,
}

/// What is counted when it is asked for.
#[derive(Default)]
pub struct Counted {
    /// How many wait for people, and how many for a resync.
    pub depth: [usize; 2],
    /// Conditions with their status, of all workspaces.
    pub conditions: Vec<(String, &'static str)>,
    /// Memory that pods may request, and that they do; the same of pods.
    pub room: Option<[u64; 4]>,
    /// Whether this process writes.
    pub is_leader: bool,
    /// Whether a workspace has stopped the rollout of the fleet.
    pub is_halted: bool,
}

fn gauge(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

impl Metrics {
    /// All metrics at nothing.
    pub fn new(platform: &str) -> Self {
        let mut all = Self {
            registry: Registry::with_prefix("espalier_operator"),
            reconciles: Family::default(),
            seconds: Histogram::new(exponential_buckets(0.001, 4.0, 8)),
            depth: Family::default(),
            applies: Family::default(),
            takes: Family::default(),
            drift: Family::default(),
            workspaces: Family::default(),
            memory: Gauge::default(),
            memory_requested: Gauge::default(),
            pods: Gauge::default(),
            pods_requested: Gauge::default(),
            leader: Gauge::default(),
            halted: Gauge::default(),
        };
        all.register();
        let labels = [
            ("version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
            ("platform".to_owned(), platform.to_owned()),
        ];
        all.registry.register(
            "build",
            "The version of the program and of the spec",
            Info::new(labels.to_vec()),
        );
        for outcome in ["changed", "unchanged", "refused", "failed", "panicked"] {
            let _ = all.reconciles.get_or_create(&OfOutcome { outcome: Word(outcome) });
        }
        all
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("reconciles", "Looks at a workspace", self.reconciles.clone());
        registry.register("reconcile_seconds", "Seconds that a look took", self.seconds.clone());
        registry.register("queue_depth", "Workspaces that wait", self.depth.clone());
        registry.register("applies", "Objects that were applied", self.applies.clone());
        registry.register("takes", "Objects with fields of strangers", self.takes.clone());
        registry.register("drift_corrected", "Objects that others changed", self.drift.clone());
        registry.register("workspaces", "Workspaces by condition", self.workspaces.clone());
        registry.register("room_memory_bytes", "Memory that pods may request", self.memory.clone());
        let requested = self.memory_requested.clone();
        registry.register("room_memory_requested_bytes", "Memory that pods request", requested);
        registry.register("room_pods", "Pods that the nodes run", self.pods.clone());
        registry.register(
            "room_pods_requested",
            "Pods that there are",
            self.pods_requested.clone(),
        );
        registry.register("leader", "Whether this process writes", self.leader.clone());
        let halted = self.halted.clone();
        registry.register("rollout_halted", "Whether a workspace stopped the rollout", halted);
    }

    /// A look at a workspace is over.
    pub fn reconciled(&self, outcome: &'static str, seconds: f64) {
        self.reconciles.get_or_create(&OfOutcome { outcome: Word(outcome) }).inc();
        self.seconds.observe(seconds);
    }

    /// An object was applied, or not.
    pub fn applied(&self, kind: &'static str, outcome: &'static str) {
        let labels = OfApply { kind: Word(kind), outcome: Word(outcome) };
        self.applies.get_or_create(&labels).inc();
    }

    /// Fields of strangers were taken away.
    pub fn took(&self, kind: &'static str) {
        self.takes.get_or_create(&OfKind { kind: Word(kind) }).inc();
    }

    /// What somebody else had changed was corrected.
    pub fn corrected(&self, kind: &'static str) {
        self.drift.get_or_create(&OfKind { kind: Word(kind) }).inc();
    }

    /// The text that Prometheus reads.
    pub fn text(&self, counted: Counted) -> String {
        for (lane, depth) in ["people", "resync"].into_iter().zip(counted.depth) {
            self.depth.get_or_create(&OfLane { lane: Word(lane) }).set(gauge(depth));
        }
        self.workspaces.clear();
        for (condition, status) in counted.conditions {
            let labels = OfCondition { condition, status: Word(status) };
            self.workspaces.get_or_create(&labels).inc();
        }
        if let Some([memory, requested, pods, pods_requested]) = counted.room {
            self.memory.set(gauge(memory));
            self.memory_requested.set(gauge(requested));
            self.pods.set(gauge(pods));
            self.pods_requested.set(gauge(pods_requested));
        }
        self.leader.set(counted.is_leader.into());
        self.halted.set(counted.is_halted.into());
        let mut out = String::new();
        text::encode(&mut out, &self.registry).expect("a String takes all");
        out
    }
}
