//! What a command works on: the disk, the sources that were read from it, and the threads.

use std::num::NonZero;

use super::{disk::Disk, sources::Work};

/// What every command gets but its own arguments.
#[derive(Clone, Copy)]
pub struct Session<'a> {
    /// The disk.
    pub disk: &'a dyn Disk,
    /// The root of the platform, and what was read there.
    pub work: &'a Work,
    /// How many threads build tenants; none takes as many as there are cores.
    pub threads: Option<NonZero<usize>>,
}
