//! What logs take of a disk, of Loki and of the way to it.
//!
//! Loki deletes by age alone and knows no bound by size: the volume and the days together bound
//! what it may take in.

use super::kubernetes::SYSTEM_NAMESPACE;
use crate::units::{Bytes, Seconds};

const DAY: u64 = 86_400;

/// Of Loki's volume, what chunks may take, in hundredths (a budget): beside them are the index,
/// what is not written into chunks yet (two hours of it), and what is being merged.
const OF_CHUNKS: u64 = 80;

/// Days beyond the retention that a line may still lie on the volume: a chunk goes when its last
/// line is too old (two hours), the compactor marks it when it looks again, and deletes it
/// [`DELETE_DELAY`] later. One day holds all of that, and a compactor that was away for a night.
const DAYS_BEHIND: u64 = 1;

/// What is marked is deleted so much later: a query that runs may still read it.
pub const DELETE_DELAY: Seconds = Seconds::new(2 * 3600);
/// The compactor looks so often.
pub const COMPACTION: Seconds = Seconds::new(600);

/// Bytes a second of which less is not worth having: what the smallest platform writes by itself
/// (a budget: two requests a second in the API server's audit log, a KiB each; k3s' journal; a
/// dozen pods that say that they are well). A platform whose volume holds less for its days would
/// lose lines while nothing is wrong.
pub const LEAST_RATE: u64 = 4096;

/// Bytes that may come in at once beyond the rate: what a node's pods have written before somebody
/// began to read. A batch of Alloy's, of a MiB, must fit in, or it is refused for good.
pub const BURST: Bytes = Bytes::mib(32);

/// What a line has as a rule, for a bound in lines (a budget).
const LINE: u64 = 256;
/// A pod may send so much of what all may, in hundredths: two noisy ones leave the others what
/// they need, for lines are as a rule shorter than [`LINE`].
const OF_A_POD: u64 = 50;
/// The fewest lines a second of a pod: below, a person who follows a log would see holes.
const LEAST_LINES: u64 = 10;
/// Lines of a pod at once, in seconds of its rate: what it says while it starts.
const LINES_AT_ONCE: u64 = 300;

/// Longer lines are cut: 16 KiB is where the container runtime breaks a line anyway, and Alloy
/// puts the pieces together again.
pub const LONGEST_LINE: Bytes = Bytes::kib(16);
/// Loki cuts what is longer, whoever sends it.
pub const LONGEST_STORED: Bytes = Bytes::kib(64);

/// Streams, by the labels that Loki's index holds: all else a query finds in the line, or beside it
/// (`pod`). A stream has chunks of its own in memory for up to two hours, so each label has few
/// values: namespaces, components, containers, nodes.
pub const LABELS: [&str; 4] = ["namespace", "app", "container", "node"];
/// What stands beside each line and is no label: a new pod has a new name.
pub const BESIDE: &str = "pod";

/// What the labels of k3s' own log say.
pub const K3S: (&str, &str, &str) = (SYSTEM_NAMESPACE, "k3s", "journal");
/// What the labels of the API server's audit log say.
pub const AUDIT: (&str, &str, &str) = (SYSTEM_NAMESPACE, "k3s", "audit");
/// How the journal knows k3s, as a server and as an agent: by the name of its program.
pub const K3S_IN_JOURNAL: &str = "SYSLOG_IDENTIFIER=k3s";

/// Folders of a node that hold logs: of its pods and of its journal; and of the API server.
pub const FOLDER: &str = "/var/log";
/// Where systemd keeps the journal, within [`FOLDER`].
pub const JOURNAL: &str = "/var/log/journal";
/// Where Alloy keeps how far it has read: a folder of the node, so that a new pod goes on there.
pub const POSITIONS: &str = "/var/lib/alloy";

/// How much Loki takes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intake {
    /// Bytes a second, over any long time.
    pub bytes: u64,
}

impl Intake {
    /// What a volume holds for so many days, if no line could be compressed: then it is never full,
    /// whatever is written.
    pub fn of(storage: Bytes, days: u32) -> Self {
        let seconds = (u64::from(days) + DAYS_BEHIND) * DAY;
        Self { bytes: storage.get() / 100 * OF_CHUNKS / seconds }
    }

    /// The smallest volume, in GiB, that holds [`LEAST_RATE`] for so many days.
    pub fn least_storage(days: u32) -> Bytes {
        let seconds = (u64::from(days) + DAYS_BEHIND) * DAY;
        let hundredth = (LEAST_RATE * seconds).div_ceil(OF_CHUNKS);
        Bytes::gib((hundredth * 100).div_ceil(1 << 30))
    }

    /// The most days for which a volume holds [`LEAST_RATE`].
    pub fn most_days(storage: Bytes) -> u64 {
        (storage.get() / 100 * OF_CHUNKS / (LEAST_RATE * DAY)).saturating_sub(DAYS_BEHIND)
    }

    /// Whether it is worth having.
    pub fn is_enough(self) -> bool {
        self.bytes >= LEAST_RATE
    }

    /// Lines a second of one pod, and how many at once.
    pub fn lines_of_a_pod(self) -> (u64, u64) {
        let rate = (self.bytes * OF_A_POD / 100 / LINE).max(LEAST_LINES);
        (rate, rate * LINES_AT_ONCE)
    }
}

#[cfg(test)]
mod tests {
    use super::{Intake, LEAST_RATE};
    use crate::units::Bytes;

    /// All that can come in within the days, and within the day that a line lies there longer,
    /// stays below the part of the volume that is for it.
    #[test]
    fn what_comes_in_fits_the_volume() {
        for (gib, days) in [(1, 1), (10, 7), (50, 30), (400, 365)] {
            let storage = Bytes::gib(gib);
            let rate = Intake::of(storage, days);
            let kept = rate.bytes * 86_400 * (u64::from(days) + 1);
            assert!(kept <= storage.get() * 80 / 100, "{gib}Gi for {days} days: {kept}");
        }
        assert_eq!(Intake::of(Bytes::gib(10), 7).bytes, 12_427);
    }

    #[test]
    fn the_least_volume_and_the_most_days_are_enough_and_just_that() {
        for days in [1, 7, 30, 365] {
            let least = Intake::least_storage(days);
            assert!(Intake::of(least, days).bytes >= LEAST_RATE, "{days} days: {least}");
            let less = Bytes::new(least.get() - (1 << 30));
            assert!(Intake::of(less, days).bytes < LEAST_RATE, "{days} days: {less}");
        }
        for gib in [2, 10, 100] {
            let storage = Bytes::gib(gib);
            let most = u32::try_from(Intake::most_days(storage)).expect("a few");
            assert!(Intake::of(storage, most).is_enough(), "{gib}Gi");
            assert!(!Intake::of(storage, most + 1).is_enough(), "{gib}Gi");
        }
    }

    #[test]
    fn a_pod_is_bounded_and_can_say_what_it_does() {
        assert_eq!(Intake::of(Bytes::gib(10), 7).lines_of_a_pod(), (24, 7200));
        assert_eq!(Intake { bytes: 0 }.lines_of_a_pod().0, 10);
    }
}
