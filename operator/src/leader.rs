//! One writer at a time: a Lease, and a gate that closes before the Lease expires.

use std::time::Duration;

use k8s_openapi::{
    api::coordination::v1::{Lease, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta},
    jiff::Timestamp,
};
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};
use tracing::{info, warn};

use crate::cluster::{Cluster, Refusal, marks::MANAGER};

/// How long a Lease holds.
const HOLDS: Duration = Duration::from_secs(15);
/// How often it is renewed.
const EVERY: Duration = Duration::from_secs(5);
/// How long before its end nothing is written any more: a write that was sent may take so long.
const MARGIN: Duration = Duration::from_secs(3);

/// The Lease, as somebody else holds it: it counts as held from the moment in which it was seen to
/// change, so clocks of several machines need not agree.
struct Other {
    renewed: Option<Timestamp>,
    holder: String,
    seen: Instant,
}

/// Whether somebody else's Lease is over.
fn is_over(lease: &LeaseSpec, other: &mut Option<Other>, now: Instant) -> bool {
    let holder = lease.holder_identity.clone().unwrap_or_default();
    if holder.is_empty() {
        return true;
    }
    let renewed = lease.renew_time.as_ref().map(|it| it.0);
    let seconds = lease.lease_duration_seconds.unwrap_or_default();
    let holds = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    match other {
        Some(known) if known.renewed == renewed && known.holder == holder => {
            now.saturating_duration_since(known.seen) > holds
        }
        _ => {
            *other = Some(Other { renewed, holder, seen: now });
            false
        }
    }
}

/// The Lease as this process holds it, or lets it go.
fn held(before: Option<Lease>, identity: &str, lets_go: bool) -> Lease {
    let now = MicroTime(Timestamp::now());
    let before = before.unwrap_or_else(|| Lease {
        metadata: ObjectMeta { name: Some(MANAGER.to_owned()), ..ObjectMeta::default() },
        spec: None,
    });
    let was = before.spec.clone().unwrap_or_default();
    let is_ours = was.holder_identity.as_deref() == Some(identity);
    let changes = was.lease_transitions.unwrap_or_default() + i32::from(!is_ours);
    let spec = LeaseSpec {
        holder_identity: Some(if lets_go { String::new() } else { identity.to_owned() }),
        lease_duration_seconds: Some(if lets_go { 1 } else { 15 }),
        acquire_time: if is_ours { was.acquire_time } else { Some(now.clone()) },
        renew_time: Some(now),
        lease_transitions: Some(changes),
        ..LeaseSpec::default()
    };
    Lease { spec: Some(spec), ..before }
}

/// Holds the Lease whenever it can be had, and says whether it is held. It ends when `stop` says
/// so, after the Lease was let go.
pub async fn lead(
    cluster: Cluster,
    identity: String,
    says: watch::Sender<bool>,
    mut stop: watch::Receiver<bool>,
) {
    let (mut other, mut until) = (None, None::<Instant>);
    while !*stop.borrow() {
        let asked = Instant::now();
        match turn(&cluster, &identity, &mut other, asked).await {
            Ok(true) => {
                let end = asked + HOLDS - MARGIN;
                until = Some(end);
                cluster.gate.open_until(end);
                if !says.send_replace(true) {
                    info!(identity, "holds the Lease");
                }
            }
            Ok(false) => {
                until = None;
                give_up(&cluster, &says);
            }
            Err(refusal) => {
                warn!(error = refusal.message(), "the Lease cannot be asked for");
                if until.is_none_or(|it| Instant::now() >= it) {
                    until = None;
                    give_up(&cluster, &says);
                }
            }
        }
        let pause = if until.is_some() { EVERY } else { Duration::from_secs(2) };
        let pause =
            until.map_or(pause, |it| pause.min(it.saturating_duration_since(Instant::now())));
        tokio::select! {
            () = sleep(pause.max(Duration::from_millis(200))) => {}
            _ = stop.changed() => {}
        }
    }
    cluster.gate.close();
    if until.is_some() {
        let_go(&cluster, &identity).await;
    }
    says.send_replace(false);
}

fn give_up(cluster: &Cluster, says: &watch::Sender<bool>) {
    cluster.gate.close();
    if says.send_replace(false) {
        warn!("lost the Lease; nothing is written any more");
    }
}

/// Tries to hold it.
async fn turn(
    cluster: &Cluster,
    identity: &str,
    other: &mut Option<Other>,
    now: Instant,
) -> Result<bool, Refusal> {
    let found = cluster.lease().await?;
    if let Some(spec) = found.as_ref().and_then(|it| it.spec.as_ref())
        && spec.holder_identity.as_deref() != Some(identity)
        && !is_over(spec, other, now)
    {
        return Ok(false);
    }
    match cluster.hold(&held(found, identity, false)).await {
        Ok(_) => Ok(true),
        Err(Refusal::Conflict(_)) => Ok(false),
        Err(refusal) => Err(refusal),
    }
}

async fn let_go(cluster: &Cluster, identity: &str) {
    let Ok(Some(lease)) = cluster.lease().await else { return };
    let holder = lease.spec.as_ref().and_then(|it| it.holder_identity.as_deref());
    if holder == Some(identity)
        && let Err(refusal) = cluster.hold(&held(Some(lease), identity, true)).await
    {
        warn!(error = refusal.message(), "the Lease was not let go; it expires");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_over_when_it_was_not_seen_to_change_for_as_long_as_it_holds() {
        let lease = held(None, "a", false).spec.expect("a spec");
        let (mut other, start) = (None, Instant::now());
        assert!(!is_over(&lease, &mut other, start));
        assert!(!is_over(&lease, &mut other, start + Duration::from_secs(14)));
        assert!(is_over(&lease, &mut other, start + Duration::from_secs(16)));
        let renewed = LeaseSpec { renew_time: Some(MicroTime(Timestamp::UNIX_EPOCH)), ..lease };
        assert!(!is_over(&renewed, &mut other, start + Duration::from_secs(16)));
    }

    #[test]
    fn a_lease_that_was_let_go_is_anybodys() {
        let lease = held(Some(held(None, "a", false)), "a", true).spec.expect("a spec");
        assert!(is_over(&lease, &mut None, Instant::now()));
        assert_eq!(lease.lease_transitions, Some(1));
    }

    #[test]
    fn the_gate_closes_before_the_lease_is_over_for_others() {
        assert!(HOLDS.checked_sub(MARGIN).is_some_and(|it| it > EVERY * 2));
    }
}
