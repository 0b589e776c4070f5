//! The verb `serve`: the HTTP API of workspaces, which can do nothing that its caller may not do.

mod access;
mod audit;
mod call;
mod census;
mod connections;
mod counts;
mod delete;
mod document;
mod form;
mod identity;
pub mod limits;
mod models;
mod openapi;
mod operations;
mod page;
mod problem;
mod query;
mod read;
mod router;
pub mod state;
mod translate;
mod validate;
mod versions;
mod wanted;
mod watching;
mod write;

#[cfg(test)]
mod tests;

use std::{path::PathBuf, sync::Arc, time::Duration};

use espalier::Sealer;
use http::StatusCode;
use rand_core::{OsRng, RngCore as _};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
    task::JoinSet,
    time::sleep,
};
use tracing::{info, warn};

use self::{
    access::Access,
    identity::Ways,
    state::{Bounds, Shared},
};
use crate::{
    cluster::{Cluster, pace::Gate},
    endpoints::{self, Answers},
    platform::{self, Failure},
};

/// How often the API server is asked whether it is there.
const EVERY: Duration = Duration::from_secs(5);

/// What the command line says.
pub struct Options {
    /// Folder with the platform's spec.
    pub platform: PathBuf,
    /// Namespace of the resources.
    pub namespace: String,
    /// Address of the API.
    pub address: String,
    /// Address of the metrics.
    pub metrics: String,
    /// Address of the probes.
    pub probes: String,
    /// Audience of tokens for this API.
    pub audience: String,
    /// Audience of the API server.
    pub of_server: String,
    /// What names of an issuer's users begin with.
    pub oidc_prefix: Option<String>,
    /// What one caller may do.
    pub bounds: Bounds,
}

/// Serves until it is told to stop.
///
/// # Errors
/// When the spec has errors, or an address or the cluster cannot be had.
pub async fn serve(options: Options) -> Result<(), Failure> {
    keep_private();
    let platform = platform::load(&options.platform)?;
    let ways = Ways::of(options.audience, options.of_server, options.oidc_prefix);
    let access = Access::new(ways.map_err(Failure::setting)?);
    let cluster = Cluster::connect(&options.namespace, Gate::open()).await;
    let cluster = cluster.map_err(Failure::setting)?;
    let pem = platform.certificate.as_deref();
    let sealer = pem.and_then(|pem| Sealer::of(&platform.plan, pem));
    if sealer.is_none() {
        warn!("there is nothing to seal with: passwords of administrators are refused");
    }
    let plan = Arc::new(platform.plan);
    let start = format!("{:08x}", OsRng.next_u32());
    let shared = Arc::new(Shared::new(cluster, plan, sealer, access, options.bounds, start));
    let mut tasks = JoinSet::new();
    for (flag, answers) in
        [(&options.probes, probes(&shared)), (&options.metrics, metrics(&shared))]
    {
        let Some(address) = endpoints::address(flag).map_err(Failure::setting)? else { continue };
        let bound = endpoints::bind(address).await;
        let bound = bound.map_err(|error| Failure::setting(format!("{address}: {error}")))?;
        tasks.spawn(endpoints::serve(bound, answers));
    }
    let address = endpoints::address(&options.address).map_err(Failure::setting)?;
    let address = address.ok_or_else(|| Failure::setting("the API needs an address".to_owned()))?;
    let bound = endpoints::bind(address).await;
    let bound = bound.map_err(|error| Failure::setting(format!("{address}: {error}")))?;
    tasks.spawn(watching::watch(shared.clone()));
    let asked = shared.clone();
    tasks.spawn(async move {
        loop {
            asked.is_up(asked.cluster.answers().await);
            sleep(EVERY).await;
        }
    });
    let (stops, stop) = watch::channel(false);
    let served = connections::serve(bound, router::router(shared.clone()), shared, stop);
    let served = tokio::spawn(served);
    info!(%address, "serves");
    told_to_stop().await?;
    stops.send_replace(true);
    drop(served.await);
    info!("stopped");
    Ok(())
}

async fn told_to_stop() -> Result<(), Failure> {
    let told = |error| Failure::setting(format!("no signals: {error}"));
    let mut terminated = signal(SignalKind::terminate()).map_err(told)?;
    let mut interrupted = signal(SignalKind::interrupt()).map_err(told)?;
    tokio::select! {
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
    }
    Ok(())
}

/// No core dump of this process is written, and nobody but root may look into its memory: it has
/// people's tokens and, for a moment, passwords.
fn keep_private() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(error) = setrlimit(Resource::Core, none) {
        warn!(%error, "core dumps cannot be forbidden");
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
            warn!(%error, "others may look into the memory of this process");
        }
    }
}

fn probes(shared: &Arc<Shared>) -> Answers {
    let shared = shared.clone();
    Arc::new(move |path| match path {
        "/livez" | "/healthz" => Some((StatusCode::OK, "ok\n".to_owned())),
        "/readyz" => Some(router::readiness(&shared)),
        _ => None,
    })
}

fn metrics(shared: &Arc<Shared>) -> Answers {
    let shared = shared.clone();
    Arc::new(move |path| (path == "/metrics").then(|| (StatusCode::OK, shared.counts.text())))
}
