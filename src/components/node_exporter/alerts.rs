//! Alerts for what node-exporter measures: the room on a node's disks, and its memory.

use crate::{
    builder::{
        contribution::{Alert, AlertSeverity},
        example::{Examples, Series},
        scope::Scope,
    },
    facts::alerts::{
        EVICTS_PERCENT, NODE_MEMORY_AFTER, NODE_MEMORY_LEFT, ROOM_AFTER, ROOM_ENOUGH_PERCENT,
        ROOM_PERCENT, SHRINKS_FOR, SHRINKS_WITHIN, figures_of_a_disk_that_fills_up,
    },
    units::Bytes,
};

/// Alerts for all of it.
pub(super) fn alerts(scope: &mut Scope<'_>) {
    for alert in [disk_nearly_full(), disk_fills_up(), short_of_memory()] {
        scope.contribute(alert);
    }
}

/// The labels of one disk. An exporter knows its pod and not its node, and another metric that does
/// may know two of one name: the runbook says how to find it.
const DISK: &str = "pod, mountpoint";
const AVAILABLE: &str = "node_filesystem_avail_bytes";
const SIZE: &str = "node_filesystem_size_bytes";
const MEMORY: &str = "node_memory_MemAvailable_bytes";

/// A part of a disk's size.
fn part(of: &str) -> String {
    format!("max by ({DISK}) ({of} / {SIZE})")
}

fn of_disk(metric: &str) -> String {
    format!("{metric}{{pod=\"node-exporter-a\",device=\"/dev/sda1\",mountpoint=\"/\"}}")
}

fn the_pod() -> (&'static str, String) {
    ("pod", "node-exporter-a".to_owned())
}

fn the_disk() -> Vec<(&'static str, String)> {
    vec![the_pod(), ("mountpoint", "/".to_owned())]
}

const MAKE_ROOM: &str = "`kubectl -n node-agents get pods -o wide` shows the node. `df -h` \
                         there shows its disks, `k3s crictl rmi --prune` removes images that \
                         nothing runs, `journalctl --vacuum-size=200M` old entries of the journal. \
                         `out/README.md` says what each volume may take: of a volume of the class \
                         `local-path` nobody enforces it. Take models that nobody asks for out of \
                         the spec, and keep fewer backups (`keep`), or send them to S3.";

/// Of the disk and not of a volume: the one that the kubelet evicts for may have no volume on it.
fn disk_nearly_full() -> Alert {
    let room =
        |percent| vec![Series::of(of_disk(SIZE), 100), Series::of(of_disk(AVAILABLE), percent)];
    Alert {
        name: "NodeDiskNearlyFull",
        expression: format!("{} < {}", part(AVAILABLE), ROOM_PERCENT.share()),
        after: ROOM_AFTER.value,
        severity: AlertSeverity::Critical,
        figures: vec![ROOM_PERCENT.share_figure(), ROOM_AFTER.figure()],
        summary: format!(
            "Less than {ROOM_PERCENT} % is left on the disk of the node of {{{{ $labels.pod }}}} at \
             {{{{ $labels.mountpoint }}}}: below {EVICTS_PERCENT} % the node evicts pods."
        ),
        runbook: MAKE_ROOM.to_owned(),
        examples: Examples {
            fires_on: room(i64::from(ROOM_PERCENT.value) - 1),
            labels: the_disk(),
            quiet_on: room(i64::from(ROOM_PERCENT.value)),
            ..Examples::default()
        },
    }
}

/// At the pace of the last hours it comes to where the kubelet evicts within days. A disk with much
/// room is left alone: a model that is pulled looks like that.
fn disk_fills_up() -> Alert {
    let seconds = SHRINKS_FOR.value.get();
    let later = format!("predict_linear({AVAILABLE}[{SHRINKS_WITHIN}], {seconds})");
    let shrinking = |per_minute: i64| {
        vec![
            Series::of(of_disk(SIZE), 1_000_000),
            Series::changing(of_disk(AVAILABLE), 400_000, -per_minute),
        ]
    };
    Alert {
        name: "NodeDiskFillsUp",
        expression: format!(
            "{} < {} and {} < {}",
            part(&later),
            EVICTS_PERCENT.share(),
            part(AVAILABLE),
            ROOM_ENOUGH_PERCENT.share()
        ),
        after: ROOM_AFTER.value,
        severity: AlertSeverity::Warning,
        figures: figures_of_a_disk_that_fills_up(),
        summary: format!(
            "At its present pace, the disk of the node of {{{{ $labels.pod }}}} at {{{{ \
             $labels.mountpoint }}}} is so full within {SHRINKS_FOR} that the node evicts pods."
        ),
        runbook: MAKE_ROOM.to_owned(),
        examples: Examples {
            fires_on: shrinking(200),
            labels: the_disk(),
            quiet_on: shrinking(10),
            ..Examples::default()
        },
    }
}

/// What the kernel can still give away: that is less than what the budget never promises.
fn short_of_memory() -> Alert {
    let least = NODE_MEMORY_LEFT.value;
    let left = |bytes: Bytes, less: i64| {
        let name = format!("{MEMORY}{{pod=\"node-exporter-a\"}}");
        vec![Series::of(name, Series::amount(bytes.get()) - less)]
    };
    Alert {
        name: "NodeShortOfMemory",
        expression: format!("max by (pod) ({MEMORY}) < {}", least.get()),
        after: NODE_MEMORY_AFTER.value,
        severity: AlertSeverity::Warning,
        figures: vec![NODE_MEMORY_LEFT.written(least.get()), NODE_MEMORY_AFTER.figure()],
        summary: format!(
            "The node of {{{{ $labels.pod }}}} has less than {} of memory left: a little less, and \
             it evicts pods.",
            least.in_mib()
        ),
        runbook: "`kubectl -n node-agents get pods -o wide` shows the node, `kubectl top pods -A` \
                  what pods use, `espalier show budget` what each is promised: who uses more than \
                  that is evicted first. Where all are below, the node itself uses more than it \
                  keeps: `systemctl status k3s` shows the memory of k3s, and whatever else runs on \
                  the machine has no place in the budget."
            .to_owned(),
        examples: Examples {
            fires_on: left(least, 1),
            labels: vec![the_pod()],
            quiet_on: left(least, 0),
            ..Examples::default()
        },
    }
}
