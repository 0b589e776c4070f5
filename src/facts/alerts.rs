//! From when on a state is one that an operator is alerted to, each figure with its reason.

use std::fmt;

use super::node::{EVICTION_DISK_PERCENT, EVICTION_THRESHOLD};
use crate::units::{Bytes, Seconds};

const DAY: u64 = 86_400;

/// A figure of an alert, and why it is that one.
#[derive(Clone, Copy, Debug)]
pub struct Threshold<T> {
    /// The figure.
    pub value: T,
    /// Sentences for whoever reads the alert's page.
    pub why: &'static str,
}

impl<T: fmt::Display> fmt::Display for Threshold<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(formatter)
    }
}

impl<T: fmt::Display> Threshold<T> {
    /// For the alert's page, where the alert shows it as it is.
    pub fn figure(&self) -> Figure {
        self.written(self)
    }

    /// For the alert's page, as the alert's query writes it.
    pub fn written(&self, shown: impl fmt::Display) -> Figure {
        Figure::of(shown, self.why)
    }
}

impl Threshold<u32> {
    /// Per cent as a query writes it: a part of one.
    pub fn share(&self) -> String {
        format!("{}.{:02}", self.value / 100, self.value % 100)
    }

    /// For the alert's page, where the alert shows it as that part.
    pub fn share_figure(&self) -> Figure {
        self.written(self.share())
    }
}

/// A figure as an alert shows it, in its query or as the time that it waits, and why it is that.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Figure {
    /// The text of the query.
    pub shown: String,
    /// Why.
    pub why: String,
}

impl Figure {
    /// A figure that follows from the spec or from the budget.
    pub fn of(shown: impl fmt::Display, why: impl Into<String>) -> Self {
        Self { shown: shown.to_string(), why: why.into() }
    }
}

/// A container's memory that no cache is part of, in percent of its limit.
pub const MEMORY_PERCENT: Threshold<u32> = Threshold {
    value: 90,
    why: "The budget's limits are what was measured and something over, so that a container \
          that is fine stays well below; `espalier show budget` has them.",
};

/// How long it must be that near.
pub const MEMORY_AFTER: Threshold<Seconds> = Threshold {
    value: Seconds::new(900),
    why: "A model that is loaded, or a page that many open at once, brings it near its limit \
          for less.",
};

/// Restarts of one container within [`RESTARTS_WITHIN`].
pub const RESTARTS: Threshold<u32> = Threshold {
    value: 3,
    why: "The kubelet waits 10 s before it starts a container again, then twice as long each \
          time up to 5 minutes: one that never comes up starts some ten times in half an \
          hour, and an accident makes one or two.",
};

/// See [`RESTARTS`].
pub const RESTARTS_WITHIN: Threshold<Seconds> = Threshold {
    value: Seconds::new(3600),
    why: "A start that loops slowly, because it fails after minutes, comes to more than \
          three within that.",
};

/// How long ago the kernel may have ended a container that is told of.
pub const OUT_OF_MEMORY_WITHIN: Threshold<Seconds> = Threshold {
    value: Seconds::new(900),
    why: "Long enough that it is seen by whoever is told, and short enough that it ends with \
          its cause.",
};

/// A workload whose pods are not all there for so long waits for something that does not come.
pub const NOT_READY_AFTER: Threshold<Seconds> = Threshold {
    value: Seconds::new(3600),
    why: "As long as the longest deadline of what migrates a database at its start: before, \
          a pod may be at work.",
};

/// None of its pods is there for so long.
pub const DOWN_AFTER: Threshold<Seconds> = Threshold {
    value: Seconds::new(600),
    why: "Replacing them takes 155 s (measured: two front ends, all at once), a first start \
          82 s.",
};

/// What an exporter is to look at does not answer to it for so long.
pub const EXPORTER_AFTER: Threshold<Seconds> = Threshold {
    value: Seconds::new(600),
    why: "As long as its own pods may take until an alert of theirs tells of them.",
};

/// Connections of PostgreSQL in percent of those that it takes.
pub const CONNECTIONS_PERCENT: Threshold<u32> = Threshold {
    value: 90,
    why: "Nine tenths of PostgreSQL's `max_connections`. Open WebUI's own at their most are \
          some 80: beyond are those that a person or a job has forgotten.",
};

/// How long they must be that many.
pub const CONNECTIONS_AFTER: Threshold<Seconds> = Threshold {
    value: Seconds::new(600),
    why: "Pools give back what they do not need within minutes.",
};

/// An address that has not answered for so long.
pub const PROBE_AFTER: Threshold<Seconds> = Threshold {
    value: Seconds::new(300),
    why: "More than a pod takes that starts anew (62 s, measured).",
};

/// Room on a volume or a disk in percent.
pub const ROOM_PERCENT: Threshold<u32> = Threshold {
    value: EVICTION_DISK_PERCENT + 5,
    why: "Half as much again as the share of the disk below which the kubelet evicts pods: a \
          volume of k3s' own class is a folder of that disk, and shows what is left of it.",
};

/// Room in percent below which the kubelet evicts.
pub const EVICTS_PERCENT: Threshold<u32> = Threshold {
    value: EVICTION_DISK_PERCENT,
    why: "Below that share of its disk the kubelet evicts pods: the platform's configuration \
          of k3s says so.",
};

/// Room in percent that is enough to ask nobody, however it shrinks.
pub const ROOM_ENOUGH_PERCENT: Threshold<u32> = Threshold {
    value: 50,
    why: "With half of it left nobody is asked, however fast it shrinks: a model that is \
          pulled looks like that.",
};

/// What has shrunk for so long …
pub const SHRINKS_WITHIN: Threshold<Seconds> = Threshold {
    value: Seconds::new(6 * 3600),
    why: "A working morning: one model or one backup that is written does not make a trend \
          of it.",
};

/// … is thought to go on for so long.
pub const SHRINKS_FOR: Threshold<Seconds> = Threshold {
    value: Seconds::new(4 * DAY),
    why: "Four days, a long weekend: whoever is told on its eve still has time.",
};

/// How long a disk must be as it is.
pub const ROOM_AFTER: Threshold<Seconds> = Threshold {
    value: Seconds::new(1800),
    why: "A file that is written and removed again is no state.",
};

/// Memory that a node can still give away.
pub const NODE_MEMORY_LEFT: Threshold<Bytes> = Threshold {
    value: Bytes::new(EVICTION_THRESHOLD.get() + EVICTION_THRESHOLD.get() / 2),
    why: "The budget never promises what the kubelet keeps free before it evicts \
          (`eviction-hard`): half of it more is told of, so that somebody looks before a pod is \
          evicted.",
};

/// A node is not what the spec says, or not there, for so long.
pub const NODE_AFTER: Threshold<Seconds> = Threshold {
    value: Seconds::new(900),
    why: "A node that starts again, or whose kubelet does, is not Ready for less.",
};

/// A backup is too old for so long.
pub const BACKUP_AFTER: Threshold<Seconds> = Threshold {
    value: Seconds::new(300),
    why: "What counts is in the query: these minutes only keep one missing answer from being told.",
};

/// How long a node must be short of memory.
pub const NODE_MEMORY_AFTER: Threshold<Seconds> =
    Threshold { value: Seconds::new(900), why: "A model that is loaded needs less." };

/// Lines that are lost are counted over so long.
pub const LOGS_WITHIN: Threshold<Seconds> = Threshold {
    value: Seconds::new(900),
    why: "Long enough to be no accident of one batch, short enough to end with its cause.",
};

/// Lines are refused, dropped or not sent for so long.
pub const LOGS_AFTER: Threshold<Seconds> = Threshold {
    value: Seconds::new(1800),
    why: "A node that was away, and a component that starts, is done with what is old \
          before.",
};

/// Lines of a pod that were dropped because there were too many.
pub const LINES_LIMITED: Threshold<u32> =
    Threshold { value: 1000, why: "Fewer are the words of a start, and of use to nobody." };

/// Loki has deleted nothing for so long.
pub const RETENTION_LATE: Threshold<Seconds> = Threshold {
    value: Seconds::new(DAY),
    why: "Loki deletes what is too old every ten minutes, and its volume holds one day more \
          than the spec's: what was not done for a day fails, and there is no room for more.",
};

/// How long ago a node may have been under pressure that is told of.
pub const PRESSURE_WITHIN: Threshold<Seconds> = Threshold {
    value: Seconds::new(600),
    why: "Pressure ends half a minute after the eviction: whoever is told should still find \
          it.",
};

/// A certificate that should have been renewed so long ago.
pub const RENEWAL_LATE: Threshold<Seconds> = Threshold {
    value: Seconds::new(2 * DAY),
    why: "cert-manager tries again at least once an hour at first, and certificates of 90 \
          days have thirty left then: two days of tries that fail are no accident, and four \
          weeks remain to act.",
};

/// A certificate that ends so soon.
pub const CERTIFICATE_ENDS: Threshold<Seconds> = Threshold {
    value: Seconds::new(3 * DAY),
    why: "A certificate is renewed weeks before: three days are what is left to a person who \
          acts at once, over a weekend too.",
};

/// A certificate or an issuer that is not ready for so long.
pub const ISSUING_AFTER: Threshold<Seconds> = Threshold {
    value: Seconds::new(3600),
    why: "A first certificate waits for a record of DNS that a person writes.",
};

/// A certificate that ends soon is looked at for so long before anybody is told.
pub const LOOKED_AT_AFTER: Threshold<Seconds> = Threshold {
    value: Seconds::new(3600),
    why: "A certificate that was replaced just now is no state: whoever shows it reads it within \
          minutes. An hour is next to nothing of the days that are left.",
};

/// A sealed value that is not opened for so long.
pub const UNSEALED_AFTER: Threshold<Seconds> = Threshold {
    value: Seconds::new(600),
    why: "The controller tries several times within seconds: minutes later it has given up.",
};

/// An Application that differs from Git with nothing going on, that is broken, or that cannot be
/// compared, for so long.
pub const APPLICATION_AFTER: Threshold<Seconds> = Threshold {
    value: Seconds::new(900),
    why: "Three times as long as Argo CD takes to look again.",
};

/// Answers that say that a server failed, in percent of all.
pub const FAILED_PERCENT: Threshold<u32> =
    Threshold { value: 5, why: "One answer of twenty is what people notice and tell of." };

/// So few of them are no state but an accident, of few that ask.
pub const FAILED_AT_LEAST: Threshold<u32> = Threshold {
    value: 20,
    why: "Where few ask, a few that fail are a large share and yet an accident: as many as \
          one person does not make at once have to.",
};

/// Both of so long.
pub const FAILED_WITHIN: Threshold<Seconds> = Threshold {
    value: Seconds::new(900),
    why: "Longer than a pod takes that is replaced (155 s, measured), so that a new version \
          is no alert.",
};

/// Sign-ins that fail within [`SIGN_INS_WITHIN`].
pub const SIGN_INS_FAILED: Threshold<u32> = Threshold {
    value: 60,
    why: "A hundred people mistype less often within that time, and who tries passwords does \
          so more often.",
};

/// See [`SIGN_INS_FAILED`].
pub const SIGN_INS_WITHIN: Threshold<Seconds> = Threshold {
    value: Seconds::new(900),
    why: "Four a minute: a person who mistypes stops before, and a program does not.",
};

/// A model is in memory for so long.
pub const MODELS_AFTER: Threshold<Seconds> =
    Threshold { value: Seconds::new(60), why: "One that is loaded and goes at once is no state." };

/// How long ago samples may have been deleted early that is told of.
pub const SAMPLES_WITHIN: Threshold<Seconds> = Threshold {
    value: Seconds::new(DAY),
    why: "Blocks of two hours are deleted as a whole, so on a volume that is too small it \
          happens several times a day.",
};

/// So long before its end a certificate that values are sealed with is replaced.
pub const SEALING_ENDS: Threshold<Seconds> = Threshold {
    value: Seconds::new(30 * DAY),
    why: "The end of the certificate in `spec/sealing.pem`, less thirty days, as seconds \
          since 1970: a person needs a week, and holidays are longer.",
};

/// Questions for names that end with a failure of the server, in percent of all.
pub const NAMES_FAILED_PERCENT: Threshold<u32> = Threshold {
    value: 5,
    why: "A server of names beyond the cluster that does not answer once is asked again: one \
          question of twenty that fails is what programs show to people.",
};

/// So few of them are no state.
pub const NAMES_AT_LEAST: Threshold<u32> = Threshold {
    value: 30,
    why: "Two a minute: a name that nobody serves, which one program asks for again and \
          again, is less.",
};

/// Both of so long.
pub const NAMES_WITHIN: Threshold<Seconds> = Threshold {
    value: Seconds::new(900),
    why: "Longer than a node takes to start, and a pod of CoreDNS to be replaced.",
};

/// Nobody answers questions for names for so long.
pub const NAMES_AFTER: Threshold<Seconds> = Threshold {
    value: Seconds::new(300),
    why: "More than a pod takes that starts anew (62 s, measured).",
};

/// Answers of the API server that say that it failed, in percent of all.
pub const API_FAILED_PERCENT: Threshold<u32> = Threshold {
    value: 5,
    why: "Controllers ask again what fails, and a healthy API server fails next to nothing: \
          one answer of twenty means that its store or a webhook does not answer.",
};

/// So few of them are no state.
pub const API_AT_LEAST: Threshold<u32> =
    Threshold { value: 60, why: "Four a minute: a start of the server makes fewer." };

/// Both of so long.
pub const API_WITHIN: Threshold<Seconds> = Threshold {
    value: Seconds::new(900),
    why: "Longer than k3s takes to start again, so that a new version is no alert.",
};

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
/// How often the dead man's switch is told that alerting works: often enough that a node which is
/// off is known within half an hour, one late call included; and 144 times a day, since `ntfy.sh`,
/// which may be the one that watches, takes 250 messages a day of somebody without an account.
pub const SWITCH_REPEAT: Seconds = Seconds::new(600);
/// How often Alertmanager looks whether it is time again: often enough that the repeat is met.
pub const SWITCH_AGAIN: Seconds = Seconds::new(60);

/// What the alerts show that foresee a full disk, whoever measures it.
pub fn figures_of_a_disk_that_fills_up() -> Vec<Figure> {
    vec![
        SHRINKS_WITHIN.figure(),
        SHRINKS_FOR.written(SHRINKS_FOR.value.get()),
        EVICTS_PERCENT.share_figure(),
        ROOM_ENOUGH_PERCENT.share_figure(),
        ROOM_AFTER.figure(),
    ]
}

/// No pod of the operator for workspaces leads for so long, or what it does fails.
pub const OPERATOR_AFTER: Threshold<Seconds> = Threshold {
    value: Seconds::new(300),
    why: "A Lease that nobody renews ends after 15 s, and a new pod has compiled the platform \
          within seconds: what lasts longer does not end by itself.",
};

/// Failures of the operator for workspaces within [`OPERATOR_FAILURES_WITHIN`].
pub const OPERATOR_FAILURES: Threshold<u32> = Threshold {
    value: 2,
    why: "An API server that restarts makes one or two; after a failure the operator waits, at \
          most five minutes, so that one that does not end fails more often.",
};

/// See [`OPERATOR_FAILURES`].
pub const OPERATOR_FAILURES_WITHIN: Threshold<Seconds> =
    Threshold { value: Seconds::new(1800), why: "At its slowest it tries six times within that." };

/// A workspace is not what its resource says for so long.
pub const WORKSPACE_AFTER: Threshold<Seconds> = Threshold {
    value: Seconds::new(900),
    why: "As long as the operator itself waits for a workspace to come back.",
};

/// Answers of the API of workspaces that it cannot, within [`API_ERRORS_WITHIN`].
pub const API_ERRORS: Threshold<u32> = Threshold {
    value: 10,
    why: "An API server that restarts makes a few, of people who try again; more are people who \
          gave up.",
};

/// See [`API_ERRORS`].
pub const API_ERRORS_WITHIN: Threshold<Seconds> = Threshold {
    value: Seconds::new(900),
    why: "Few ask at night: within minutes there may be no request to fail.",
};

/// The API of workspaces answers so for so long.
pub const API_ERRORS_AFTER: Threshold<Seconds> =
    Threshold { value: Seconds::new(300), why: "An API server that is updated is back before." };
