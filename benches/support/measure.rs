//! What the kernel reports about a process and its children: CPU in user and system mode, wall
//! time, peak memory.

use std::{fs, process::Command, time::Instant};

/// Seconds that a run took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Took {
    /// CPU in user mode.
    pub user: f64,
    /// CPU in system mode.
    pub sys: f64,
    /// Wall time.
    pub wall: f64,
}

impl Took {
    /// CPU in both modes.
    pub fn cpu(self) -> f64 {
        self.user + self.sys
    }

    /// The share of one of `parts` equal parts.
    pub fn over(self, parts: u32) -> Self {
        let parts = f64::from(parts);
        Self { user: self.user / parts, sys: self.sys / parts, wall: self.wall / parts }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            user: self.user + other.user,
            sys: self.sys + other.sys,
            wall: self.wall + other.wall,
        }
    }
}

/// The best rounds of a case: noise only adds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Best {
    took: Option<Took>,
    /// The highest peak memory, in MiB.
    pub peak: f64,
}

impl Best {
    /// Adds a round.
    pub fn add(&mut self, took: Took, peak: f64) {
        let best = self.took.unwrap_or(took);
        let cpu = if took.cpu() < best.cpu() { took } else { best };
        self.took = Some(Took { wall: best.wall.min(took.wall), ..cpu });
        self.peak = self.peak.max(peak);
    }

    /// The least CPU and the least wall time, possibly of two different rounds.
    pub fn took(&self) -> Took {
        self.took.unwrap_or_default()
    }
}

/// Runs a child several times and adds the mean to a case; returns what the last run printed.
pub fn repeat(best: &mut Best, times: u32, mut run: impl FnMut(u32) -> Child) -> String {
    let (mut took, mut peak, mut said) = (Took::default(), 0.0_f64, String::new());
    for at in 0..times {
        let done = run(at);
        (took, peak, said) = (took.plus(done.took), peak.max(done.peak), done.said);
    }
    best.add(took.over(times), peak);
    said
}

/// What a child process printed and what it used.
pub struct Child {
    /// What it used from its first instruction to its end, in all threads.
    pub took: Took,
    /// Peak memory, in MiB, as it reported itself.
    pub peak: f64,
    /// What it wrote to stderr, without that report.
    pub said: String,
}

/// Runs a child that calls [`report_peak`] at its end.
///
/// The kernel rounds the CPU of a child to 10 ms, but it rounds the sum over all children: many
/// short ones in a row are measured well.
///
/// # Panics
/// When the child cannot be run, or fails.
pub fn child(command: &mut Command) -> Child {
    let (before, start) = (of_children(), Instant::now());
    let output = command.output().expect("the child runs");
    let (after, wall) = (of_children(), start.elapsed().as_secs_f64());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?} failed:\n{said}");
    let (said, peak) = said.rsplit_once(PEAK).unwrap_or((&said, "0"));
    let peak: f64 = peak.trim().parse().unwrap_or_default();
    Child {
        took: Took { user: after.0 - before.0, sys: after.1 - before.1, wall },
        peak: peak / 1024.0,
        said: said.to_owned(),
    }
}

const PEAK: &str = "peak KiB: ";

/// Reports this process's peak memory to the parent.
pub fn report_peak() {
    eprintln!("{PEAK}{}", peak_of("self"));
}

/// The peak memory of a process, in KiB.
pub fn peak_of(process: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|it| it.strip_prefix("VmHWM:"));
    peak.map_or(0.0, |it| it.trim().trim_end_matches(" kB").trim().parse().unwrap_or_default())
}

/// User and system seconds of the children that have ended.
pub fn of_children() -> (f64, f64) {
    stat(13)
}

/// Two neighbouring fields of `/proc/self/stat`, counted from the one after the name, in seconds.
pub fn stat(field: usize) -> (f64, f64) {
    const TICKS: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let mut fields = stat.rsplit_once(')').map_or("", |it| it.1).split_whitespace().skip(field);
    let mut next =
        || fields.next().and_then(|it| it.parse::<f64>().ok()).unwrap_or_default() / TICKS;
    (next(), next())
}
