//! What the sizes come to: one table of all cases, figures beside goals, and what must be refused
//! however many tenants there are.

use std::{collections::BTreeSet, fs, path::Path};

use crate::{
    Size, peers,
    support::{self, measure::Took, spec, table::Table},
};

/// One table of all sizes and cases; the exponent is the growth of CPU from the size above.
pub fn table(all: &[(usize, Size)]) {
    println!("\nSeconds and MiB, the least of several rounds\n");
    println!(
        "| tenants | case                        |    user |     sys |     CPU |    wall | \
         peak MiB | written | CPU ÷ lean | exponent |"
    );
    println!(
        "|--------:|-----------------------------|--------:|--------:|--------:|--------:|\
         ---------:|--------:|-----------:|---------:|"
    );
    for (at, (tenants, size)) in all.iter().enumerate() {
        let lean = size.lean.best.took().cpu();
        for (what, case) in size.cases() {
            let took = case.best.took();
            let (Took { user, sys, wall }, cpu) = (took, took.cpu());
            let before = at.checked_sub(1).and_then(|above| {
                let (fewer, size) = &all[above];
                let case = size.cases().find(|it| it.0 == what)?.1;
                Some(exponent((*fewer, case.best.took().cpu()), (*tenants, cpu)))
            });
            let grown = before.map_or_else(String::new, |it| format!("{it:.2}"));
            println!(
                "| {tenants:>7} | {what:<27} | {user:>7.3} | {sys:>7.3} | {cpu:>7.3} | \
                 {wall:>7.3} | {:>8.1} | {:>7} | {:>10.2} | {grown:>8} |",
                case.best.peak,
                case.written,
                cpu / lean
            );
        }
    }
}

fn exponent((few, first): (usize, f64), (many, last): (usize, f64)) -> f64 {
    (last / first).ln() / (many as f64 / few as f64).ln()
}

/// Figures beside the goals that they have.
pub fn goals(all: &[(usize, Size)]) {
    let mut table = Table::default();
    for (tenants, size) in all.iter().filter(|it| it.0 >= 1_000) {
        let [first, lean, raw, read] =
            [&size.first, &size.lean, &size.raw, &size.read].map(|it| it.best.took());
        let mut goal = |what: &str, figure, unit, most| {
            table.goal(format!("{tenants}: {what}"), figure, unit, most);
        };
        goal("first render, user time of that of lean", first.user / lean.user, "×", 1.3);
        goal("first render, system time of that of raw", first.sys / raw.sys, "×", 1.2);
        goal("first render, wall of its CPU (two idle cores)", first.wall / first.cpu(), "×", 0.55);
        let check = size.check.best.took().cpu();
        goal("check, CPU of that of reading and comparing", check / read.cpu(), "×", 1.3);
        if *tenants == 10_000 {
            let again = size.again.best.took().cpu();
            goal("render with nothing changed, CPU", again, "s", 0.5);
            let ours = size.cases().filter(|it| it.0.contains("render") || it.0 == "check");
            let peak = ours.map(|it| it.1.best.peak).fold(0.0, f64::max);
            goal("peak memory of any command", peak, "MiB", 24.0);
        }
        for (peer, case) in &size.peers {
            let (name, took) = (peer.name(), case.best.took());
            let of = |what| format!("{tenants}: {name}, {what} of that of the first render");
            table.figure(of("CPU"), took.cpu() / first.cpu(), "×");
            table.figure(of("wall"), took.wall / first.wall, "×");
        }
    }
    // From each size on: the fixed part of a small run hides growth.
    for (few, size) in all.iter().filter(|it| it.0 >= 100) {
        let Some((many, last)) = all.last().filter(|it| it.0 > *few) else { continue };
        let cpu = |size: &Size| size.first.best.took().cpu();
        let grown = exponent((*few, cpu(size)), (*many, cpu(last)));
        table.goal(format!("first render's CPU, exponent {few} → {many}"), grown, "", 1.02);
    }
    table.print("Many tenants");
}

/// Shows that all rules and the budget are on: of this many tenants three that are wrong are named,
/// and no other, and a node of 8Gi is refused; each time nothing is written.
///
/// # Panics
/// When that is not so.
pub fn refusals(root: &Path, tenants: usize) {
    let tree = peers::files(&root.join("out"));
    let errors = || {
        let output = support::driver(root, "render").args(["--format", "short"]).output();
        let output = output.expect("it runs");
        assert_eq!(output.status.code(), Some(1), "it is refused");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("nothing was written"), "{said}");
        assert_eq!(peers::files(&root.join("out")), tree, "nothing is written");
        let lines = said.lines().filter(|it| it.contains("error["));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let wrong: BTreeSet<usize> = [0, tenants / 2, tenants - 1].into();
    for number in &wrong {
        fs::write(root.join(spec::path(*number)), spec::tenant(*number, "no-such-model:1b"))
            .expect("writable");
    }
    let found = errors();
    assert_eq!(found.len(), wrong.len(), "{found:#?}");
    for (line, number) in found.iter().zip(&wrong) {
        // Places are told as they are seen from where the driver was started.
        let place = line.split(':').next().unwrap_or_default();
        let is_it = place.ends_with(&spec::path(*number)) && line.contains("[model-unknown]");
        assert!(is_it, "{number}: {line}");
    }
    for number in wrong {
        fs::write(root.join(spec::path(number)), spec::tenant(number, spec::MODELS))
            .expect("writable");
    }
    let platform = root.join("spec/platform.yaml");
    fs::write(&platform, spec::platform(("4", "8Gi"))).expect("writable");
    // One tenant beside the platform fits 8Gi.
    if tenants >= 100 {
        let found = errors();
        assert!(found.iter().any(|it| it.contains("[node-memory-exceeded]")), "{found:#?}");
    }
    fs::write(&platform, spec::platform(spec::ROOMY)).expect("writable");
    println!("{tenants} tenants: those that are wrong are named alone, and 8Gi is refused");
}
