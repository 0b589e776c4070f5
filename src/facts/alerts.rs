//! From when on a state is one that an operator is alerted to, each figure with its reason.

use super::node::{EVICTION_DISK_PERCENT, EVICTION_THRESHOLD};
use crate::units::{Bytes, Seconds};

const DAY: u64 = 86_400;

/// A container's memory that no cache is part of, in percent of its limit. The budget's limits are
/// what was measured and something over, so that a container that is fine stays well below.
pub const MEMORY_PERCENT: u32 = 90;
/// How long it must be that near: a model that is loaded, or a page that many open at once, is
/// nearer for less.
pub const MEMORY_AFTER: Seconds = Seconds::new(900);

/// Restarts of one container within [`RESTARTS_WITHIN`] that are no accident. The kubelet waits
/// 10 s, then twice as long each time up to 5 minutes: a container that never comes up starts
/// some ten times in the first half an hour.
pub const RESTARTS: u32 = 3;
/// See [`RESTARTS`].
pub const RESTARTS_WITHIN: Seconds = Seconds::new(3600);
/// How long ago the kernel may have ended a container that is told of.
pub const OUT_OF_MEMORY_WITHIN: Seconds = Seconds::new(900);

/// A workload whose pods are not all there for so long waits for something that does not come: as
/// long as the longest deadline of what migrates.
pub const NOT_READY_AFTER: Seconds = Seconds::new(3600);
/// None of its pods is there for so long. Replacing them takes 155 s (measured: two front ends, all
/// at once), a first start 82 s.
pub const DOWN_AFTER: Seconds = Seconds::new(600);
/// What an exporter is to look at does not answer to it for so long: less than its own pods may
/// take, which another alert tells of.
pub const EXPORTER_AFTER: Seconds = Seconds::new(600);
/// Connections of PostgreSQL in percent of those that it takes. Open WebUI's own at their most are
/// some 80: beyond are those that a person or a job has forgotten.
pub const CONNECTIONS_PERCENT: u32 = 90;
/// How long they must be that many: pools give back what they do not need within minutes.
pub const CONNECTIONS_AFTER: Seconds = Seconds::new(600);
/// An address that has not answered for so long: more than a pod takes that starts anew (62 s).
pub const PROBE_AFTER: Seconds = Seconds::new(300);

/// Room on a volume in percent: before the kubelet evicts, for a volume of k3s' own class is a
/// folder of the node's disk, and shows what is left of that.
pub const ROOM_PERCENT: u32 = EVICTION_DISK_PERCENT + 5;
/// Room in percent that is enough to ask nobody, however it shrinks.
pub const ROOM_ENOUGH_PERCENT: u32 = 50;
/// What has shrunk for so long …
pub const SHRINKS_WITHIN: Seconds = Seconds::new(6 * 3600);
/// … is thought to go on for so long: a long weekend.
pub const SHRINKS_FOR: Seconds = Seconds::new(4 * DAY);
/// How long a disk must be as it is: a file that is written and removed is none.
pub const ROOM_AFTER: Seconds = Seconds::new(1800);

/// Memory that a node can still give away. The budget never promises the kubelet's threshold; half
/// of it more is told of, so that somebody looks before a pod is evicted.
pub const NODE_MEMORY_LEFT: Bytes =
    Bytes::new(EVICTION_THRESHOLD.get() + EVICTION_THRESHOLD.get() / 2);
/// How long it must be so little: a model that is loaded needs less.
pub const NODE_MEMORY_AFTER: Seconds = Seconds::new(900);

/// Lines that are lost are counted over so long.
pub const LOGS_WITHIN: Seconds = Seconds::new(900);
/// Lines are refused, dropped or not sent for so long: a node that was away, and a component that
/// starts, is done with what is old before.
pub const LOGS_AFTER: Seconds = Seconds::new(1800);
/// Lines of a pod that were dropped because there were too many: fewer are the words of a start.
pub const LINES_LIMITED: u32 = 1000;
/// Loki deletes what is too old every ten minutes; what was not done for so long fails.
pub const RETENTION_LATE: Seconds = Seconds::new(DAY);

/// How long ago a node may have been under pressure that is told of: pressure ends half a minute
/// after the eviction.
pub const PRESSURE_WITHIN: Seconds = Seconds::new(600);

/// A certificate that should have been renewed so long ago: cert-manager tries at least once an
/// hour at first, and certificates of 90 days have thirty left then.
pub const RENEWAL_LATE: Seconds = Seconds::new(2 * DAY);
/// A certificate that ends so soon.
pub const CERTIFICATE_ENDS: Seconds = Seconds::new(3 * DAY);
/// A certificate or an issuer that is not ready for so long: a first one waits for a record of DNS
/// that a person writes.
pub const ISSUING_AFTER: Seconds = Seconds::new(3600);

/// A sealed value that is not opened for so long.
pub const UNSEALED_AFTER: Seconds = Seconds::new(600);

/// An Application that differs from Git with nothing going on, that is broken, or that cannot be
/// compared, for so long: three times as long as Argo CD takes to look again.
pub const APPLICATION_AFTER: Seconds = Seconds::new(900);

/// Answers that say that a server failed, in percent of all.
pub const FAILED_PERCENT: u32 = 5;
/// So few of them are no state but an accident, of few that ask.
pub const FAILED_AT_LEAST: u32 = 20;
/// Sign-ins that fail within [`SIGN_INS_WITHIN`]: a hundred people mistype less often, and who
/// tries passwords does so more often.
pub const SIGN_INS_FAILED: u32 = 60;
/// See [`SIGN_INS_FAILED`].
pub const SIGN_INS_WITHIN: Seconds = Seconds::new(900);
/// A model is in memory for so long: one that is loaded and goes at once is no state.
pub const MODELS_AFTER: Seconds = Seconds::new(60);
/// Both of so long.
pub const FAILED_WITHIN: Seconds = Seconds::new(900);

/// What is told as one message: the same alert of the same namespace. Of a fault that many things
/// have at once, one message comes.
pub const TOLD_TOGETHER: [&str; 2] = ["alertname", "namespace"];
/// How long a first message waits for more of its kind, when somebody must act now. The rules are
/// asked every 30 s, so what breaks together shows within that.
pub const CRITICAL_WAIT: Seconds = Seconds::new(30);
/// How long a message about what has been told waits for changes: whoever is at work on it sees
/// what is new in time, and what flaps is no flood.
pub const CRITICAL_AGAIN: Seconds = Seconds::new(300);
/// When what still holds is told again: about twice a working day, as often as a person looks.
pub const CRITICAL_REPEAT: Seconds = Seconds::new(4 * 3600);
/// The same, when it may wait for working hours: minutes do not matter …
pub const WARNING_WAIT: Seconds = Seconds::new(120);
/// … nor does half an hour …
pub const WARNING_AGAIN: Seconds = Seconds::new(1800);
/// … and what nobody could act on over a weekend is told three times, not thirty.
pub const WARNING_REPEAT: Seconds = Seconds::new(DAY);
/// How often the dead man's switch is told that alerting works: services that watch for it expect a
/// call every five minutes at the least, and one that is late must not be an alarm.
pub const SWITCH_REPEAT: Seconds = Seconds::new(300);
/// How often Alertmanager looks whether it is time again: often enough that the repeat is met.
pub const SWITCH_AGAIN: Seconds = Seconds::new(60);
/// How long ago samples may have been deleted early that is told of: blocks of two hours are
/// deleted as a whole, so on a volume that is too small it happens several times a day.
pub const SAMPLES_WITHIN: Seconds = Seconds::new(DAY);
/// So long before its end a certificate that values are sealed with is replaced: a person needs a
/// week, and holidays are longer.
pub const SEALING_ENDS: Seconds = Seconds::new(30 * DAY);
