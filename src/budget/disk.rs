//! Bytes on the nodes' disks: images, volumes, logs, and what one pod writes besides.

use super::demand::Total;
use crate::{
    facts::node::{AUDIT_LOG, EVICTION_DISK_PERCENT, IMAGES_DISK, SYSTEM_DISK},
    platform::node_group::Nodes,
    units::Bytes,
};

/// What all nodes need of their disks together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiskUse {
    /// The operating systems and k3s.
    pub system: Bytes,
    /// Images.
    pub images: Bytes,
    /// Volumes of the class that is on the nodes' own disks, as large as they may become.
    pub volumes: Bytes,
    /// Logs: those of containers, and each API server's audit log.
    pub logs: Bytes,
    /// The most that one pod may write besides. Each has its bound; that all reach it at the same
    /// time is not counted.
    pub folders: Bytes,
    /// What is there before the kubelet evicts. None where the spec does not say how large the
    /// disks are.
    pub usable: Option<Bytes>,
}

impl DiskUse {
    /// Holds a sum against the nodes.
    pub fn of(nodes: &Nodes, sum: &Total) -> Self {
        let count = u64::from(nodes.count());
        Self {
            system: SYSTEM_DISK * count,
            images: (IMAGES_DISK + sum.images) * count,
            volumes: sum.volumes,
            logs: sum.demand.disk_request + AUDIT_LOG.size() * u64::from(nodes.servers()),
            folders: sum.folders,
            usable: nodes.disk().map(usable),
        }
    }

    /// What comes on top of a new node: all but the system.
    pub fn on_top(&self) -> Bytes {
        self.images + self.volumes + self.logs + self.folders
    }

    /// All of it.
    pub fn needed(&self) -> Bytes {
        self.system + self.on_top()
    }

    /// Each part by its name, as people read it.
    pub fn parts(&self) -> [String; 5] {
        [
            ("system", self.system),
            ("images", self.images),
            ("volumes", self.volumes),
            ("logs", self.logs),
            ("files of one pod", self.folders),
        ]
        .map(|(name, bytes)| format!("{name} {}", bytes.in_mib()))
    }

    /// Whether it fits; where no size is written, nothing says that it does not.
    pub fn fits(&self) -> bool {
        self.usable.is_none_or(|usable| self.needed() <= usable)
    }
}

/// What of a disk can be filled before the kubelet evicts.
fn usable(disk: Bytes) -> Bytes {
    Bytes::new(disk.get() / 100 * u64::from(100 - EVICTION_DISK_PERCENT))
}

/// The smallest disk, in whole GiB, of which so much can be filled.
pub fn smallest(needed: Bytes) -> Bytes {
    let bytes = needed.get().div_ceil(u64::from(100 - EVICTION_DISK_PERCENT)).saturating_mul(100);
    Bytes::gib(bytes.div_ceil(1 << 30))
}

#[cfg(test)]
mod tests {
    use super::{smallest, usable};
    use crate::units::Bytes;

    #[test]
    fn the_smallest_disk_is_enough_and_one_less_is_not() {
        for gib in [1, 9, 18, 45, 71, 900] {
            let needed = Bytes::gib(gib);
            let disk = smallest(needed);
            assert!(usable(disk) >= needed, "{gib}");
            assert!(usable(disk.saturating_sub(Bytes::gib(1))) < needed, "{gib}");
        }
    }
}
