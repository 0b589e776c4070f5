//! The verb `run`: watches, a queue, turns, and what others may ask of this process.

mod act;
mod look;
mod shared;
mod tell;
mod turn;
mod watching;

use std::{path::PathBuf, sync::Arc, time::Duration};

use http::StatusCode;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep_until, timeout},
};
use tracing::{info, warn};

use self::shared::Shared;
use crate::{
    cluster::{Cluster, pace::Gate},
    endpoints::{self, Answers},
    fleet::Fleet,
    leader,
    metrics::Metrics,
    platform::{self, Failure},
    queue::Lane,
    rollout::Rollouts,
};

/// How many workspaces are looked at at once.
const AT_ONCE: usize = 8;
/// How long turns may take to end when the process is told to.
const FAREWELL: Duration = Duration::from_secs(20);

/// What the command line says.
pub struct Options {
    /// Folder with the platform's spec.
    pub platform: PathBuf,
    /// Namespace of the resources.
    pub namespace: String,
    /// Whether to write only while holding the Lease.
    pub leader_elect: bool,
    /// Address of the metrics.
    pub metrics: String,
    /// Address of the probes.
    pub probes: String,
}

/// Runs until it is told to stop.
///
/// # Errors
/// When the spec has errors, or an address or the cluster cannot be had.
pub async fn run(options: Options) -> Result<(), Failure> {
    let platform = platform::load(&options.platform)?;
    let gate = if options.leader_elect { Gate::closed() } else { Gate::open() };
    let cluster = Cluster::connect(&options.namespace, gate).await.map_err(Failure::setting)?;
    let plan = Arc::new(platform.plan);
    let rollouts = Rollouts::new(plan.parallel_rollouts());
    let fleet = Fleet::new(plan, rollouts);
    let shared = Arc::new(Shared::new(cluster, fleet, Metrics::new(&platform.hash)));
    let mut served = JoinSet::new();
    for (flag, answers) in
        [(&options.probes, probes(&shared)), (&options.metrics, metrics(&shared))]
    {
        let Some(address) = endpoints::address(flag).map_err(Failure::setting)? else { continue };
        let bound = endpoints::bind(address).await;
        let bound = bound.map_err(|error| Failure::setting(format!("{address}: {error}")))?;
        served.spawn(endpoints::serve(bound, answers));
    }
    watching::begin(&shared, &mut served);
    let (says, leads) = watch::channel(false);
    let (stops, stop) = watch::channel(false);
    let lead = if options.leader_elect {
        let identity = std::env::var("POD_NAME").unwrap_or_else(|_| std::process::id().to_string());
        Some(tokio::spawn(leader::lead(shared.cluster.clone(), identity, says, stop)))
    } else {
        says.send_replace(true);
        None
    };
    work(&shared, leads).await?;
    stops.send_replace(true);
    if let Some(lead) = lead {
        drop(timeout(Duration::from_secs(5), lead).await);
    }
    info!("stopped");
    Ok(())
}

/// Gives turns until the process is told to stop, and waits for those that run.
async fn work(shared: &Arc<Shared>, mut leads: watch::Receiver<bool>) -> Result<(), Failure> {
    let told = |error| Failure::setting(format!("no signals: {error}"));
    let mut terminated = signal(SignalKind::terminate()).map_err(told)?;
    let mut interrupted = signal(SignalKind::interrupt()).map_err(told)?;
    let mut turns = JoinSet::new();
    let mut is_leading = false;
    loop {
        shared.turns();
        let wants = *leads.borrow_and_update() && shared.is_synced();
        if wants && !is_leading {
            is_leading = begin(shared).await;
        } else if is_leading && !*leads.borrow() {
            is_leading = false;
            shared.fleet().is_writing = false;
        }
        shared.leads(is_leading);
        while is_leading && turns.len() < AT_ONCE {
            let Some(uid) = shared.next() else { break };
            turns.spawn(turn::turn(shared.clone(), uid));
        }
        // Also without any event: `/livez` asks whether this loop turns.
        let pause = Instant::now() + Duration::from_secs(5);
        let due = shared.next_due().filter(|_| is_leading && turns.len() < AT_ONCE);
        tokio::select! {
            _ = terminated.recv() => break,
            _ = interrupted.recv() => break,
            () = shared.something() => {}
            _ = leads.changed() => {}
            Some(ended) = turns.join_next() => {
                if let Err(error) = ended {
                    warn!(%error, "a turn broke off");
                }
            }
            () = sleep_until(due.map_or(pause, |it| it.min(pause))) => {}
        }
    }
    let rest = async { while turns.join_next().await.is_some() {} };
    if timeout(FAREWELL, rest).await.is_err() {
        warn!("turns that run are broken off; the next start takes them up");
    }
    Ok(())
}

/// Begins to write: reads what was admitted, and looks at every workspace once.
async fn begin(shared: &Shared) -> bool {
    match shared.cluster.admitted().await {
        Ok(revisions) => {
            let mut fleet = shared.fleet();
            fleet.begin(revisions);
            let all = fleet.by_age();
            drop(fleet);
            for uid in &all {
                shared.push(uid, Lane::Resync);
            }
            info!(workspaces = all.len(), "begins to write");
            true
        }
        Err(refusal) => {
            warn!(error = refusal.message(), "cannot read what was admitted");
            false
        }
    }
}

fn probes(shared: &Arc<Shared>) -> Answers {
    let shared = shared.clone();
    Arc::new(move |path| {
        let (is_well, wrong) = match path {
            "/livez" | "/healthz" => (shared.is_turning(), "the loop does not turn\n"),
            "/readyz" => (shared.is_synced(), "watches are not complete yet\n"),
            _ => return None,
        };
        let well = (StatusCode::OK, "ok\n".to_owned());
        let ill = (StatusCode::SERVICE_UNAVAILABLE, wrong.to_owned());
        Some(if is_well { well } else { ill })
    })
}

fn metrics(shared: &Arc<Shared>) -> Answers {
    let shared = shared.clone();
    Arc::new(move |path| {
        (path == "/metrics").then(|| (StatusCode::OK, shared.metrics.text(shared.counted())))
    })
}
