//! What the benchmarks share: the generated spec, the kernel's figures, the table.

pub mod measure;
pub mod spec;
pub mod table;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

/// Tells a child which role it has; a process without it is the parent.
pub const ROLE: &str = "ESPALIER_BENCH_ROLE";

/// A folder in memory, so that the disk does not influence the figures; removed at the end.
pub struct Scratch(PathBuf);

impl Scratch {
    /// An empty folder, in `/tmp` if there is no file system in memory.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let top = if memory.is_dir() { memory.to_owned() } else { env::temp_dir() };
        let folder = top.join(format!("espalier-bench-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder for the benchmark");
        Self(folder)
    }

    /// A folder in it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The driver itself, in a process of its own.
///
/// # Panics
/// When the path of this program is not known.
pub fn driver(root: &Path, verb: &str) -> Command {
    let mut command = role("driver");
    command.arg("--root").arg(root).arg(verb);
    command
}

/// This program again, in another role.
///
/// # Panics
/// When the path of this program is not known.
pub fn role(role: &str) -> Command {
    let mut command = Command::new(env::current_exe().expect("this program"));
    command.env(ROLE, role);
    command
}

/// Plays the role of [`driver`].
pub fn play_driver() -> ExitCode {
    let code = espalier::cli::main();
    measure::report_peak();
    code
}
