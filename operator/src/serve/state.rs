//! What all requests share.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use espalier::{Plan, Sealer};
use tokio::{sync::Semaphore, time::Instant};

use super::{
    access::Access,
    census::Census,
    counts::Counts,
    limits::{Buckets, Network},
    problem::{self, Problem},
};
use crate::cluster::Cluster;

/// How many times as often the page's files may be asked for: it has many, and they cost nothing.
const FILES: u32 = 10;
/// How many times as often an address may ask that many have in common.
const SHARED: u32 = 10;
/// Requests that are answered at once: beyond, they are refused and not queued.
const AT_ONCE: usize = 64;

/// The bounds of what one caller may do.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Requests a second of one user, and of one address.
    pub rate: u32,
    /// How many of them at once.
    pub burst: u32,
    /// Networks of proxies that say for whom they ask.
    pub trusted: Vec<Network>,
}

/// What all requests share. No lock is held while anything is waited for.
pub struct Shared {
    /// The API server.
    pub cluster: Cluster,
    /// The platform.
    pub plan: Arc<Plan>,
    /// What seals passwords; none where the platform has nothing that opens them.
    pub sealer: Option<Sealer>,
    /// Who may what.
    pub access: Access,
    /// The metrics.
    pub counts: Counts,
    /// Places for requests.
    pub slots: Semaphore,
    /// Networks of proxies.
    pub trusted: Vec<Network>,
    census: Mutex<Census>,
    users: Mutex<Buckets<String>>,
    addresses: Mutex<Buckets<IpAddr>>,
    shared: Mutex<Buckets<IpAddr>>,
    visitors: Mutex<Buckets<IpAddr>>,
    is_up: AtomicBool,
    /// Tells this process from another one.
    start: String,
    begun: Instant,
    number: AtomicU64,
}

fn locked<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().expect("nobody panics while holding it")
}

fn bounded(taken: Result<(), Duration>, who: &str) -> Result<(), Problem> {
    taken.map_err(|wait| {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        problem::TOO_MANY.says(format!("{who} asks too often")).retry_after(seconds)
    })
}

impl Shared {
    /// Nothing is known yet.
    pub fn new(
        cluster: Cluster,
        plan: Arc<Plan>,
        sealer: Option<Sealer>,
        access: Access,
        bounds: Bounds,
        start: String,
    ) -> Self {
        // Buckets that hold, and get, so many times as much as one caller's.
        let wider = |times: u32| {
            let (rate, burst) = (bounds.rate, bounds.burst);
            Mutex::new(Buckets::new(rate.saturating_mul(times), burst.saturating_mul(times)))
        };
        Self {
            cluster,
            census: Mutex::new(Census::new(plan.clone())),
            plan,
            sealer,
            access,
            counts: Counts::default(),
            slots: Semaphore::new(AT_ONCE),
            trusted: bounds.trusted,
            users: Mutex::new(Buckets::new(bounds.rate, bounds.burst)),
            addresses: wider(1),
            shared: wider(SHARED),
            visitors: wider(FILES),
            is_up: AtomicBool::new(false),
            start,
            begun: Instant::now(),
            number: AtomicU64::new(0),
        }
    }

    /// All workspaces.
    pub fn census(&self) -> MutexGuard<'_, Census> {
        locked(&self.census)
    }

    /// Takes a request of a user into account.
    ///
    /// # Errors
    /// When there were too many.
    pub fn of_user(&self, user: &str) -> Result<(), Problem> {
        bounded(locked(&self.users).take(&user.to_owned(), Instant::now()), "this user")
    }

    /// Takes a request of an address into account. Where not even the proxy sees who asks, the
    /// address is the proxy's own, or a node's, and many have it in common.
    ///
    /// # Errors
    /// When there were too many.
    pub fn of_address(&self, address: IpAddr) -> Result<(), Problem> {
        let is_shared = self.trusted.iter().any(|it| it.contains(address));
        let buckets = if is_shared { &self.shared } else { &self.addresses };
        bounded(locked(buckets).take(&address, Instant::now()), "this address")
    }

    /// Takes a request of an address for what is the same for everybody into account.
    ///
    /// # Errors
    /// When there were too many.
    pub fn of_visitor(&self, address: IpAddr) -> Result<(), Problem> {
        bounded(locked(&self.visitors).take(&address, Instant::now()), "this address")
    }

    /// The id of a new request.
    pub fn request(&self) -> String {
        format!("{}-{:x}", self.start, self.number.fetch_add(1, Ordering::Relaxed))
    }

    /// The tag of a list: what has changed since it was made makes another one, and so does each
    /// minute, for a watch that has broken tells of nothing. None while nobody can say what has
    /// changed.
    pub fn list_tag(&self, query: &str, form: &str) -> Option<String> {
        if !self.is_ready() {
            return None;
        }
        let changes = self.census().changes()?;
        let of = crate::hash::text(crate::hash::of(format!("{form}?{query}").as_bytes()));
        let minutes = self.begun.elapsed().as_secs() / 60;
        Some(format!("{}-{minutes:x}-{changes:x}-{of}", self.start))
    }

    /// The tag of what is the same as long as this process runs.
    pub fn fixed_tag(&self, form: &str) -> String {
        format!("{}-{}", self.start, crate::hash::text(crate::hash::of(form.as_bytes())))
    }

    /// The API server answers, or does not.
    pub fn is_up(&self, is_up: bool) {
        self.is_up.store(is_up, Ordering::SeqCst);
    }

    /// Whether requests can be answered.
    pub fn is_ready(&self) -> bool {
        self.is_up.load(Ordering::SeqCst) && self.census().is_complete()
    }
}
