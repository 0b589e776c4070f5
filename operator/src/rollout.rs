//! The fleet rolls slowly: what restarts pods though nobody asked for it, a new version or another
//! platform, goes through few workspaces at a time, the oldest first, and stops where one does not
//! come back.

use std::collections::BTreeMap;

use crate::resource::{Age, Uid};

/// How long one that was ready may take to be ready again.
pub const PATIENCE: u64 = 15 * 60_000;

#[derive(Clone, Debug)]
struct Restart {
    since: u64,
    was_ready: bool,
}

/// Who restarts, and who waits.
#[derive(Clone, Debug)]
pub struct Rollouts {
    parallel: usize,
    running: BTreeMap<Uid, Restart>,
    waiting: BTreeMap<Age, Uid>,
}

impl Rollouts {
    /// Nobody restarts; so many may at a time.
    pub fn new(parallel: usize) -> Self {
        Self { parallel: parallel.max(1), running: BTreeMap::new(), waiting: BTreeMap::new() }
    }

    /// Asks for a turn; whether it has come. `now` is in milliseconds.
    pub fn ask(&mut self, age: &Age, was_ready: bool, now: u64) -> bool {
        if self.running.contains_key(&age.1) {
            return true;
        }
        self.waiting.insert(age.clone(), age.1.clone());
        let is_first = self.waiting.keys().take(self.parallel).any(|it| it == age);
        if self.stalled(now).is_some() || self.running.len() >= self.parallel || !is_first {
            return false;
        }
        self.waiting.remove(age);
        self.running.insert(age.1.clone(), Restart { since: now, was_ready });
        true
    }

    /// A workspace is as it should be: the next one may go. Who that is.
    pub fn settled(&mut self, age: &Age) -> Vec<Uid> {
        self.waiting.remove(age);
        if self.running.remove(&age.1).is_none() {
            return Vec::new();
        }
        self.next()
    }

    /// Those whose turn it may be.
    pub fn next(&self) -> Vec<Uid> {
        self.waiting.values().take(self.parallel).cloned().collect()
    }

    /// A workspace is gone.
    pub fn leave(&mut self, uid: &Uid) {
        self.running.remove(uid);
        self.waiting.retain(|_, waiting| waiting != uid);
    }

    /// Who was ready before its pods restarted and is not again, since too long.
    pub fn stalled(&self, now: u64) -> Option<&Uid> {
        let late =
            |restart: &Restart| restart.was_ready && now.saturating_sub(restart.since) > PATIENCE;
        self.running.iter().find(|it| late(it.1)).map(|it| it.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn age(name: &str) -> Age {
        (name.to_owned(), name.into())
    }

    #[test]
    fn one_at_a_time_the_oldest_first() {
        let mut rollouts = Rollouts::new(1);
        assert!(rollouts.ask(&age("b"), true, 0));
        assert!(!rollouts.ask(&age("c"), true, 0));
        assert!(!rollouts.ask(&age("a"), true, 0));
        assert!(rollouts.ask(&age("b"), true, 1), "one that runs goes on");
        assert_eq!(rollouts.settled(&age("b")), [Uid::from("a")]);
        assert!(!rollouts.ask(&age("c"), true, 2));
        assert!(rollouts.ask(&age("a"), true, 2));
    }

    #[test]
    fn one_that_does_not_come_back_stops_all_others() {
        let mut rollouts = Rollouts::new(2);
        assert!(rollouts.ask(&age("a"), true, 0));
        assert!(!rollouts.ask(&age("b"), true, PATIENCE + 1));
        assert_eq!(rollouts.stalled(PATIENCE + 1), Some(&"a".into()));
        rollouts.settled(&age("a"));
        assert!(rollouts.ask(&age("b"), false, PATIENCE + 2));
        assert_eq!(rollouts.stalled(9 * PATIENCE), None, "it was not ready before either");
    }
}
