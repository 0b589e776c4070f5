//! Many tenants from text to tree: the whole driver, beside a program that only builds and writes,
//! one that only writes, and other programs that make the same files; one table of all sizes.

#![expect(clippy::cast_precision_loss, reason = "what is counted here is far below 2^52")]
#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock, writes its input and runs this program"
)]
#![expect(clippy::print_stdout, reason = "the table is what a benchmark is for")]
#![expect(clippy::print_stderr, reason = "a figure on its way from a child to its parent")]
#![expect(clippy::panic, reason = "a benchmark that measures something else has to stop")]

#[path = "support/baselines.rs"]
mod baselines;
#[path = "support/peers.rs"]
mod peers;
#[path = "support/scale.rs"]
mod scale;
mod support;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use peers::{Peer, watched};
use support::{
    Scratch,
    measure::{self, Best, Child, Took, child, repeat},
    spec,
};

/// The sizes; how many rounds each has, of which the fastest counts; and how many runs a round has,
/// so that the kernel's rounding to 10 ms does not matter.
const SIZES: [(usize, u32, u32); 4] = [(1, 5, 50), (100, 5, 20), (1_000, 5, 3), (10_000, 3, 1)];

/// A child of the driver rests this long after a change, as people do: what has just changed is in
/// no index.
const A_WHILE: std::time::Duration = std::time::Duration::from_millis(60);

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).filter(|it| it != "--bench").collect();
    match env::var(support::ROLE).as_deref() {
        Ok("driver") => return support::play_driver(),
        Ok("lean") => baselines::lean(Path::new(&args[0]), Path::new(&args[1])),
        Ok("raw") => baselines::raw(
            Path::new(&args[0]),
            Path::new(&args[1]),
            args[2].parse().expect("a number"),
        ),
        _ => {
            let wanted: Vec<usize> = args.iter().filter_map(|it| it.parse().ok()).collect();
            bench(
                &SIZES
                    .into_iter()
                    .filter(|it| wanted.is_empty() || wanted.contains(&it.0))
                    .collect::<Vec<_>>(),
            );
            return ExitCode::SUCCESS;
        }
    }
    measure::report_peak();
    ExitCode::SUCCESS
}

/// A case of one size.
#[derive(Default)]
pub struct Case {
    best: Best,
    /// Files that a run wrote.
    written: usize,
}

/// The cases of one size.
#[derive(Default)]
pub struct Size {
    first: Case,
    again: Case,
    unindexed: Case,
    check: Case,
    one: Case,
    lean: Case,
    raw: Case,
    read: Case,
    peers: Vec<(Peer, Case)>,
}

/// Where a size is measured.
struct Place {
    root: PathBuf,
    out: PathBuf,
    input: PathBuf,
    tenants: usize,
    runs: u32,
}

fn bench(sizes: &[(usize, u32, u32)]) {
    let scratch = Scratch::new();
    let mut all = Vec::new();
    for &(tenants, rounds, runs) in sizes {
        let place = Place {
            root: scratch.join(&tenants.to_string()),
            out: scratch.join("out"),
            input: scratch.join("input"),
            tenants,
            runs,
        };
        let root = &place.root;
        fs::create_dir_all(root.join("spec/workspaces")).expect("writable");
        fs::write(root.join("spec/platform.yaml"), spec::platform(spec::ROOMY)).expect("writable");
        (0..tenants).for_each(|number| place.write(number, spec::MODELS));
        let mut size = Size::default();
        for round in 0..rounds {
            eprintln!("{tenants} tenants: round {} of {rounds}", round + 1);
            size.round(&place);
        }
        size.of_peers(&place);
        scale::refusals(&place.root, tenants);
        all.push((tenants, size));
        let _ = fs::remove_dir_all(root);
    }
    scale::table(&all);
    scale::goals(&all);
}

impl Place {
    fn write(&self, number: usize, models: &str) {
        fs::write(self.root.join(spec::path(number)), spec::tenant(number, models))
            .expect("writable");
    }

    fn driver(&self, verb: &str) -> Child {
        child(&mut support::driver(&self.root, verb))
    }
}

impl Size {
    fn round(&mut self, place: &Place) {
        let Place { root, out, tenants, runs, .. } = place;
        std::thread::sleep(A_WHILE);
        self.first.run(*runs, |_| {
            for folder in ["apps", "bootstrap", "out", ".espalier"] {
                let _ = fs::remove_dir_all(root.join(folder));
            }
            place.driver("render")
        });
        // Few files are in the index when they are seen for the second time.
        std::thread::sleep(A_WHILE);
        if *tenants < 100 {
            place.driver("render");
        }
        self.again.run(*runs, |_| place.driver("render"));
        self.unindexed.run(*runs, |_| {
            let _ = fs::remove_file(root.join(".espalier/index"));
            place.driver("render")
        });
        self.check.run(*runs, |_| place.driver("check"));
        self.one.run(*runs, |run| {
            place.write(tenants / 2, if run % 2 == 0 { "qwen2.5:0.5b" } else { spec::MODELS });
            place.driver("render")
        });
        place.write(tenants / 2, spec::MODELS);
        place.driver("render");
        self.lean.run(*runs, |_| {
            let _ = fs::remove_dir_all(out);
            child(support::role("lean").arg(root).arg(out))
        });
        self.lean.written = baselines::same_files(out, root);
        let done = child(support::role("raw").arg(root).arg(out).arg(runs.to_string()));
        let figures: Vec<f64> =
            done.said.split_whitespace().filter_map(|it| it.parse().ok()).collect();
        let figures = <[f64; 7]>::try_from(figures);
        let [files, wrote @ .., user, sys, wall] = figures.expect("seven, which `raw` prints");
        self.read.best.add(Took { user, sys, wall }.over(*runs), done.peak);
        let [user, sys, wall] = wrote;
        self.raw.best.add(Took { user, sys, wall }.over(*runs), done.peak);
        self.raw.written = baselines::same_files(out, root);
        assert!((files - self.raw.written as f64).abs() < 0.5, "every file was written");
        let _ = fs::remove_dir_all(out);
    }

    /// Other programs: of ten thousand tenants once, since they take minutes.
    fn of_peers(&mut self, place: &Place) {
        let Place { root, out, input, tenants, runs } = place;
        let names: Vec<String> = (0..*tenants).map(spec::name).collect();
        peers::prepare(root, &names, input);
        for peer in Peer::installed() {
            let mut case = Case::default();
            let rounds = if *tenants < 10_000 { 3 } else { 1 };
            eprintln!("{tenants} tenants: {}", peer.name());
            for _ in 0..rounds {
                repeat(&mut case.best, (*runs).min(5), |_| {
                    let _ = fs::remove_dir_all(out);
                    fs::create_dir_all(out).expect("writable");
                    watched(&mut peer.command(input, out))
                });
            }
            let ends = [&names[0], &names[names.len() - 1]];
            peers::verify(root, out, &ends);
            case.written = peers::files(out);
            self.peers.push((peer, case));
            let _ = fs::remove_dir_all(out);
        }
        let _ = fs::remove_dir_all(input);
    }

    /// The cases in the order of the table.
    pub fn cases(&self) -> impl Iterator<Item = (&'static str, &Case)> {
        [
            ("first render", &self.first),
            ("render, nothing changed", &self.again),
            ("the same, without its index", &self.unindexed),
            ("check", &self.check),
            ("render, one tenant changed", &self.one),
            ("lean", &self.lean),
            ("raw", &self.raw),
            ("raw, reading and comparing", &self.read),
        ]
        .into_iter()
        .chain(self.peers.iter().map(|(peer, case)| (peer.name(), case)))
    }
}

impl Case {
    fn run(&mut self, times: u32, run: impl FnMut(u32) -> Child) {
        let said = repeat(&mut self.best, times, run);
        // `rendered 160033 files: 16 new, 2 changed, 160015 unchanged (…)`
        let words: Vec<&str> = said.split([' ', ',']).filter(|it| !it.is_empty()).collect();
        let files = |what: &str| {
            words
                .windows(2)
                .filter(|it| it[1] == what)
                .filter_map(|it| it[0].parse::<usize>().ok())
                .sum::<usize>()
        };
        self.written = files("new") + files("changed");
    }
}
