//! Many tenants from text to tree: the whole driver, beside a program that only builds and writes,
//! and one that only writes.

#![expect(clippy::cast_precision_loss, reason = "what is counted here is far below 2^52")]
#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock, writes its input and runs this program"
)]
#![expect(clippy::print_stdout, reason = "the table is what a benchmark is for")]
#![expect(clippy::print_stderr, reason = "a figure on its way from a child to its parent")]

#[path = "support/baselines.rs"]
mod baselines;
mod support;

use std::{env, fs, path::Path, process::ExitCode};

use support::{
    Scratch,
    measure::{self, Best, Took, child, repeat},
    spec,
    table::Table,
};

/// The sizes; how many rounds each has, of which the fastest counts; and how many runs a round has,
/// so that the kernel's rounding to 10 ms does not matter.
const SIZES: [(usize, u32, u32); 3] = [(100, 5, 20), (1_000, 5, 3), (10_000, 3, 1)];

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
struct Case {
    best: Best,
    /// Files that a run wrote.
    written: usize,
}

/// The cases of one size.
#[derive(Default)]
struct Size {
    first: Case,
    again: Case,
    check: Case,
    one: Case,
    lean: Case,
    raw: Case,
}

fn bench(sizes: &[(usize, u32, u32)]) {
    let scratch = Scratch::new();
    let mut all = Vec::new();
    for &(tenants, rounds, runs) in sizes {
        let (root, out) = (scratch.join(&tenants.to_string()), scratch.join("out"));
        fs::create_dir_all(root.join("spec/workspaces")).expect("writable");
        fs::write(root.join("spec/platform.yaml"), spec::platform(spec::ROOMY)).expect("writable");
        (0..tenants).for_each(|number| {
            fs::write(root.join(spec::path(number)), spec::tenant(number, spec::MODELS))
                .expect("writable");
        });
        let mut size = Size::default();
        for _ in 0..rounds {
            size.round(&root, &out, tenants, runs);
        }
        size.print(&format!("{tenants} tenants: seconds, the least of {rounds} rounds of {runs}"));
        all.push((tenants, size));
        let _ = fs::remove_dir_all(&root);
    }
    goals(&all);
}

impl Size {
    fn round(&mut self, root: &Path, out: &Path, tenants: usize, runs: u32) {
        self.first.run(runs, |_| {
            for folder in ["apps", "bootstrap", "out", ".espalier"] {
                let _ = fs::remove_dir_all(root.join(folder));
            }
            child(&mut support::driver(root, "render"))
        });
        self.again.run(runs, |_| child(&mut support::driver(root, "render")));
        self.check.run(runs, |_| child(&mut support::driver(root, "check")));
        let change = |models| {
            fs::write(root.join(spec::path(tenants / 2)), spec::tenant(tenants / 2, models))
                .expect("writable");
        };
        self.one.run(runs, |run| {
            change(if run % 2 == 0 { "qwen2.5:0.5b" } else { spec::MODELS });
            child(&mut support::driver(root, "render"))
        });
        change(spec::MODELS);
        child(&mut support::driver(root, "render"));
        self.lean.run(runs, |_| {
            let _ = fs::remove_dir_all(out);
            child(support::role("lean").arg(root).arg(out))
        });
        self.lean.written = baselines::same_files(out, root);
        let done = child(support::role("raw").arg(root).arg(out).arg(runs.to_string()));
        let figures: Vec<f64> =
            done.said.split_whitespace().filter_map(|it| it.parse().ok()).collect();
        let figures = <[f64; 4]>::try_from(figures);
        let [user, sys, wall, files] = figures.expect("four figures, which `raw` prints");
        self.raw.best.add(Took { user, sys, wall }.over(runs), done.peak);
        self.raw.written = baselines::same_files(out, root);
        assert!((files - self.raw.written as f64).abs() < 0.5, "every file was written");
        let _ = fs::remove_dir_all(out);
    }

    fn print(&self, headline: &str) {
        println!("\n{headline}\n");
        println!(
            "| case                      |    user |     sys |     CPU |    wall | wall/CPU | peak MiB | written |"
        );
        println!(
            "|---------------------------|--------:|--------:|--------:|--------:|---------:|---------:|--------:|"
        );
        for (what, case) in [
            ("first render", &self.first),
            ("render, nothing changed", &self.again),
            ("check", &self.check),
            ("render, one changed", &self.one),
            ("lean", &self.lean),
            ("raw", &self.raw),
        ] {
            let took = case.best.took();
            let (cpu, ratio) = (took.cpu(), took.wall / took.cpu());
            let Took { user, sys, wall } = took;
            let (peak, written) = (case.best.peak, case.written);
            println!(
                "| {what:<25} | {user:>7.3} | {sys:>7.3} | {cpu:>7.3} | {wall:>7.3} | {ratio:>8.2} \
                 | {peak:>8.1} | {written:>7} |"
            );
        }
    }
}

impl Case {
    fn run(&mut self, times: u32, run: impl FnMut(u32) -> measure::Child) {
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

fn goals(all: &[(usize, Size)]) {
    let mut table = Table::default();
    for (tenants, figures) in all.iter().filter(|it| it.0 >= 1_000) {
        let (first, lean, raw) =
            (figures.first.best.took(), figures.lean.best.took(), figures.raw.best.took());
        table.goal(
            format!("{tenants}: first render, user time of that of lean"),
            first.user / lean.user,
            "×",
            1.6,
        );
        table.goal(
            format!("{tenants}: first render, system time of that of raw"),
            first.sys / raw.sys,
            "×",
            1.3,
        );
        table.goal(
            format!("{tenants}: first render, wall of its CPU (on two idle cores)"),
            first.wall / first.cpu(),
            "×",
            0.6,
        );
        let peak = [&figures.first, &figures.again, &figures.check, &figures.one]
            .into_iter()
            .map(|it| it.best.peak)
            .fold(0.0, f64::max);
        if *tenants == 10_000 {
            table.goal(
                format!("{tenants}: render with nothing changed, CPU"),
                figures.again.best.took().cpu(),
                "s",
                1.2,
            );
            table.goal(format!("{tenants}: check, CPU"), figures.check.best.took().cpu(), "s", 1.2);
            table.goal(format!("{tenants}: peak memory"), peak, "MiB", 24.0);
        } else {
            table.figure(format!("{tenants}: peak memory"), peak, "MiB");
        }
    }
    // From the second size on as well: the fixed part of a small run hides growth.
    for pair in [all, &all[all.len().min(1)..]] {
        let [(few, first), .., (many, last)] = pair else { continue };
        let cpu = |size: &Size| size.first.best.took().cpu();
        let exponent = (cpu(last) / cpu(first)).ln() / (*many as f64 / *few as f64).ln();
        table.goal(
            format!("growth of the first render's CPU, exponent {few} → {many}"),
            exponent,
            "",
            1.05,
        );
    }
    table.print("Many tenants");
}
