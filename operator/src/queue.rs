//! What waits to be looked at: two lanes, people before resyncs, each resource at most once at a
//! time, and those that failed again later.

use std::collections::{BTreeMap, VecDeque};

use crate::resource::Uid;

/// Whom a turn is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Somebody changed something.
    People,
    /// It is looked at from time to time.
    Resync,
}

/// Milliseconds on a clock that only goes forward.
pub type Millis = u64;

/// The first pause after a failure.
const FIRST: Millis = 1_000;
/// The longest.
const LONGEST: Millis = 300_000;
/// How often each is looked at though nothing happened.
const RESYNC: Millis = 10 * 3_600_000;

#[derive(Debug, Default)]
struct Item {
    waits: Option<Lane>,
    is_running: bool,
    /// It was asked for while it ran.
    again: Option<Lane>,
    failures: u32,
    /// When it is looked at though nobody asks: the key below which it stands.
    due: Option<(Millis, Uid)>,
}

/// What waits.
#[derive(Debug, Default)]
pub struct Queue {
    lanes: [VecDeque<Uid>; 2],
    items: BTreeMap<Uid, Item>,
    due: BTreeMap<(Millis, Uid), Lane>,
}

impl Queue {
    /// Asks for a turn.
    pub fn push(&mut self, uid: &Uid, lane: Lane) {
        let item = self.items.entry(uid.clone()).or_default();
        if item.is_running {
            item.again = Some(item.again.map_or(lane, |it| it.min(lane)));
            return;
        }
        if item.waits.is_some_and(|it| it <= lane) {
            return;
        }
        // One that waits in the other lane is found there later, and passed over.
        item.waits = Some(lane);
        self.lanes[lane as usize].push_back(uid.clone());
    }

    /// Asks for a turn at a time, if there is no earlier one.
    pub fn push_at(&mut self, uid: &Uid, lane: Lane, at: Millis) {
        let item = self.items.entry(uid.clone()).or_default();
        if item.due.as_ref().is_some_and(|it| it.0 <= at) {
            return;
        }
        let key = (at, uid.clone());
        if let Some(before) = item.due.replace(key.clone()) {
            self.due.remove(&before);
        }
        self.due.insert(key, lane);
    }

    /// Whose turn it is.
    pub fn pop(&mut self, now: Millis) -> Option<Uid> {
        while let Some(first) = self.due.first_entry() {
            if first.key().0 > now {
                break;
            }
            let ((_, uid), lane) = first.remove_entry();
            self.items.entry(uid.clone()).or_default().due = None;
            self.push(&uid, lane);
        }
        for lane in [Lane::People, Lane::Resync] {
            while let Some(uid) = self.lanes[lane as usize].pop_front() {
                let Some(item) = self.items.get_mut(&uid) else { continue };
                if item.waits == Some(lane) {
                    (item.waits, item.is_running) = (None, true);
                    return Some(uid);
                }
            }
        }
        None
    }

    /// A turn is over. `jitter` is between 0 and 1.
    pub fn done(&mut self, uid: &Uid, succeeded: bool, now: Millis, jitter: f64) {
        let Some(item) = self.items.get_mut(uid) else { return };
        item.is_running = false;
        item.failures = if succeeded { 0 } else { item.failures.saturating_add(1) };
        let failures = item.failures;
        if let Some(lane) = item.again.take() {
            self.push(uid, lane);
        }
        let (pause, lane, spread) = if succeeded {
            (RESYNC, Lane::Resync, 0.1)
        } else {
            let doubled = FIRST.saturating_mul(1 << (failures - 1).min(16));
            (doubled.min(LONGEST), Lane::People, 0.2)
        };
        self.push_at(uid, lane, now + spread_out(pause, spread, jitter));
    }

    /// A resource is gone.
    pub fn forget(&mut self, uid: &Uid) {
        if let Some(Item { due: Some(due), .. }) = self.items.remove(uid) {
            self.due.remove(&due);
        }
    }

    /// When the next turn comes by itself.
    pub fn next_due(&self) -> Option<Millis> {
        self.due.first_key_value().map(|it| it.0.0)
    }

    /// How many wait in a lane.
    pub fn depth(&self, lane: Lane) -> usize {
        let waits = |uid: &&Uid| self.items.get(*uid).is_some_and(|it| it.waits == Some(lane));
        self.lanes[lane as usize].iter().filter(waits).count()
    }
}

/// A pause, longer or shorter by a part.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "pauses are short, and never below nothing"
)]
fn spread_out(pause: Millis, spread: f64, jitter: f64) -> Millis {
    (pause as f64 * (1.0 - spread + 2.0 * spread * jitter)) as Millis
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uid(text: &str) -> Uid {
        text.into()
    }

    #[test]
    fn people_come_first_and_nobody_twice() {
        let mut queue = Queue::default();
        queue.push(&uid("a"), Lane::Resync);
        queue.push(&uid("b"), Lane::Resync);
        queue.push(&uid("b"), Lane::People);
        queue.push(&uid("b"), Lane::People);
        assert_eq!((queue.depth(Lane::People), queue.depth(Lane::Resync)), (1, 1));
        let turns: Vec<_> = std::iter::from_fn(|| queue.pop(0)).collect();
        assert_eq!(turns, [uid("b"), uid("a")]);
    }

    #[test]
    fn what_is_asked_for_while_it_runs_runs_again_and_not_beside_itself() {
        let mut queue = Queue::default();
        queue.push(&uid("a"), Lane::People);
        assert_eq!(queue.pop(0), Some(uid("a")));
        queue.push(&uid("a"), Lane::People);
        assert_eq!(queue.pop(0), None);
        queue.done(&uid("a"), true, 0, 0.5);
        assert_eq!(queue.pop(0), Some(uid("a")));
        queue.done(&uid("a"), true, 0, 0.5);
        assert_eq!((queue.pop(0), queue.next_due()), (None, Some(RESYNC)));
    }

    #[test]
    fn failures_wait_twice_as_long_up_to_five_minutes() {
        let (mut queue, mut now, mut pauses) = (Queue::default(), 0, Vec::new());
        queue.push(&uid("a"), Lane::People);
        for _ in 0..12 {
            assert_eq!(queue.pop(now), Some(uid("a")));
            queue.done(&uid("a"), false, now, 0.5);
            let due = queue.next_due().expect("it is tried again");
            pauses.push(due - now);
            now = due;
        }
        assert_eq!(pauses[..4], [1_000, 2_000, 4_000, 8_000]);
        assert_eq!(pauses[11], LONGEST);
        assert_eq!(queue.pop(now), Some(uid("a")));
        queue.done(&uid("a"), true, now, 1.0);
        assert_eq!(queue.next_due(), Some(now + RESYNC / 10 * 11));
    }

    #[test]
    fn what_is_gone_has_no_turn() {
        let mut queue = Queue::default();
        queue.push(&uid("a"), Lane::People);
        queue.push_at(&uid("a"), Lane::People, 5);
        queue.forget(&uid("a"));
        assert_eq!((queue.pop(9), queue.next_due()), (None, None));
    }
}
