//! How often, and whether, this process may write.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

/// A bound on writes: so many a second, and a number at once.
#[derive(Clone)]
pub struct Pace {
    each: Duration,
    burst: u32,
    /// When the last place that was given away begins.
    next: Arc<Mutex<Instant>>,
}

impl Pace {
    /// A pace.
    pub fn new(per_second: u32, burst: u32) -> Self {
        let each = Duration::from_secs(1) / per_second;
        let now = Instant::now();
        let next = now.checked_sub(each * burst).unwrap_or(now);
        Self { each, burst, next: Arc::new(Mutex::new(next)) }
    }

    /// Waits for one's turn.
    pub async fn turn(&self) {
        let at = {
            let mut next = self.next.lock().expect("nobody panics while holding it");
            let floor = Instant::now().checked_sub(self.each * self.burst);
            *next = floor.map_or(*next, |it| it.max(*next)) + self.each;
            *next
        };
        sleep_until(at).await;
    }
}

/// Whether this process may write: until a moment, or for ever.
#[derive(Clone)]
pub struct Gate {
    start: Instant,
    /// Milliseconds after the start.
    until: Arc<AtomicU64>,
}

impl Gate {
    /// One that lets everything through.
    pub fn open() -> Self {
        Self { start: Instant::now(), until: Arc::new(AtomicU64::new(u64::MAX)) }
    }

    /// One that lets nothing through.
    pub fn closed() -> Self {
        Self { start: Instant::now(), until: Arc::new(AtomicU64::new(0)) }
    }

    /// Lets everything through until a moment.
    pub fn open_until(&self, moment: Instant) {
        let after = moment.saturating_duration_since(self.start).as_millis();
        self.until.store(u64::try_from(after).unwrap_or(u64::MAX), Ordering::SeqCst);
    }

    /// Lets nothing through any more.
    pub fn close(&self) {
        self.until.store(0, Ordering::SeqCst);
    }

    /// Whether it lets a write through now.
    pub fn is_open(&self) -> bool {
        let after = self.start.elapsed().as_millis();
        after < u128::from(self.until.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_and_then_so_many_a_second() {
        let (pace, start) = (Pace::new(50, 100), Instant::now());
        for _ in 0..100 {
            pace.turn().await;
        }
        assert!(start.elapsed() < Duration::from_millis(30), "{:?}", start.elapsed());
        for _ in 0..50 {
            pace.turn().await;
        }
        let took = start.elapsed();
        assert!(
            Duration::from_millis(970) < took && took < Duration::from_millis(1100),
            "{took:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_gate_closes_by_itself() {
        let gate = Gate::closed();
        assert!(!gate.is_open());
        gate.open_until(Instant::now() + Duration::from_secs(10));
        assert!(gate.is_open());
        tokio::time::advance(Duration::from_secs(11)).await;
        assert!(!gate.is_open());
    }
}
