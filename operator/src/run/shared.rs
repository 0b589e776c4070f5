//! What watches, turns and endpoints share.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use espalier::ConditionStatus;
use tokio::{sync::Notify, time::Instant};

use crate::{
    cluster::Cluster,
    fleet::Fleet,
    metrics::{Counted, Metrics},
    queue::{Lane, Queue},
    reconcile::made::KINDS,
    resource::Uid,
    room::Places,
};

/// How long the loop may take for one turn of it.
const PATIENCE: u64 = 60_000;

/// What is shared. No lock is held while anything is waited for.
pub struct Shared {
    /// The API server.
    pub cluster: Cluster,
    /// The metrics.
    pub metrics: Metrics,
    fleet: Mutex<Fleet>,
    queue: Mutex<Queue>,
    busy: Mutex<BTreeSet<Uid>>,
    notify: Notify,
    start: Instant,
    complete: AtomicUsize,
    turned: AtomicU64,
    is_leading: AtomicBool,
}

impl Shared {
    /// Nothing is known yet.
    pub fn new(cluster: Cluster, fleet: Fleet, metrics: Metrics) -> Self {
        Self {
            cluster,
            metrics,
            fleet: Mutex::new(fleet),
            queue: Mutex::default(),
            busy: Mutex::default(),
            notify: Notify::new(),
            start: Instant::now(),
            complete: AtomicUsize::new(0),
            turned: AtomicU64::new(0),
            is_leading: AtomicBool::new(false),
        }
    }

    /// The workspaces.
    pub fn fleet(&self) -> MutexGuard<'_, Fleet> {
        self.fleet.lock().expect("nobody panics while holding it")
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().expect("nobody panics while holding it")
    }

    fn busy(&self) -> MutexGuard<'_, BTreeSet<Uid>> {
        self.busy.lock().expect("nobody panics while holding it")
    }

    /// Milliseconds since the start.
    pub fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Asks for a turn.
    pub fn push(&self, uid: &Uid, lane: Lane) {
        self.queue().push(uid, lane);
        self.notify.notify_one();
    }

    /// Asks for a turn after a while.
    pub fn push_after(&self, uid: &Uid, pause: u64) {
        let at = self.now() + pause;
        self.queue().push_at(uid, Lane::People, at);
        self.notify.notify_one();
    }

    /// A resource is gone.
    pub fn forget(&self, uid: &Uid) {
        self.queue().forget(uid);
    }

    /// Whose turn it is; from now on it is busy.
    pub fn next(&self) -> Option<Uid> {
        let uid = self.queue().pop(self.now())?;
        self.busy().insert(uid.clone());
        Some(uid)
    }

    /// A turn is over.
    pub fn done(&self, uid: &Uid, succeeded: bool) {
        self.busy().remove(uid);
        let now = self.now();
        // Any spread will do, and the clock has one.
        let jitter = f64::from(self.start.elapsed().subsec_nanos() % 1_000) / 1_000.0;
        self.queue().done(uid, succeeded, now, jitter);
        self.notify.notify_one();
    }

    /// Whether a turn runs: it looks itself at what came meanwhile when it is over.
    pub fn is_busy(&self, uid: &Uid) -> bool {
        self.busy().contains(uid)
    }

    /// When the next turn comes by itself.
    pub fn next_due(&self) -> Option<Instant> {
        let due = self.queue().next_due()?;
        self.start.checked_add(Duration::from_millis(due))
    }

    /// Waits until something has to be looked at.
    pub async fn something(&self) {
        self.notify.notified().await;
    }

    /// A watch has told all that there is, for the first time.
    pub fn complete(&self) {
        self.complete.fetch_add(1, Ordering::SeqCst);
        self.notify.notify_one();
    }

    /// Whether all watches have.
    pub fn is_synced(&self) -> bool {
        self.complete.load(Ordering::SeqCst) > KINDS.len()
    }

    /// The loop turns.
    pub fn turns(&self) {
        self.turned.store(self.now(), Ordering::SeqCst);
    }

    /// Whether it has turned lately.
    pub fn is_turning(&self) -> bool {
        self.now().saturating_sub(self.turned.load(Ordering::SeqCst)) < PATIENCE
    }

    /// Whether this process writes.
    pub fn leads(&self, is_leading: bool) {
        self.is_leading.store(is_leading, Ordering::SeqCst);
    }

    /// What is counted when metrics are asked for.
    pub fn counted(&self) -> Counted {
        let (fleet, queue) = (self.fleet(), self.queue());
        let conditions = fleet.workspaces.values().flat_map(|it| &it.resource.status.conditions);
        let conditions = conditions.map(|condition| {
            let status = match condition.status {
                ConditionStatus::True => "True",
                ConditionStatus::False => "False",
                ConditionStatus::Unknown => "Unknown",
            };
            (condition.type_.clone(), status)
        });
        let sums = fleet.places.as_ref().map(Places::sums);
        Counted {
            depth: [queue.depth(Lane::People), queue.depth(Lane::Resync)],
            conditions: conditions.collect(),
            room: sums.map(|sums| {
                let pods = (u64::from(sums.pods), u64::from(sums.pods_counted));
                [sums.memory, sums.memory_requested, pods.0, pods.1]
            }),
            is_leader: self.is_leading.load(Ordering::SeqCst),
            is_halted: fleet.rollouts.stalled(self.now()).is_some(),
        }
    }
}
