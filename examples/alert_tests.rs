//! Writes, for the judges, what `promtool test rules` reads of the alerts of platforms:
//! `alert_tests FOLDER…` prints a line of JSON for each alert that differs, with its rules and their
//! tests. Each folder holds a `spec/`.

#![expect(clippy::disallowed_methods, reason = "the judges name folders to read")]
#![expect(clippy::print_stdout, reason = "the judges read it")]

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    error::Error,
    fs,
    path::Path,
};

use espalier::{builder::contribution::Contribution, compile, load::Sources, yaml::source::Source};
use serde_json::json;

#[path = "../tests/it/queries/promtool.rs"]
mod promtool;

fn main() -> Result<(), Box<dyn Error>> {
    let mut printed = BTreeSet::new();
    for folder in env::args().skip(1) {
        let loaded = compile::platform(&sources(Path::new(&folder))?);
        let plan = loaded.plan.ok_or_else(|| format!("{folder}: it does not compile"))?;
        for contribution in plan.contributions().iter() {
            let Contribution::Alert(alert) = contribution else { continue };
            let [rules, tests] = promtool::case(alert);
            let line = json!({"alert": alert.name, "rules": rules, "tests": tests}).to_string();
            if !printed.contains(&line) {
                println!("{line}");
                printed.insert(line);
            }
        }
    }
    Ok(())
}

/// The files of `spec/` that say what the platform is; no tenant has an alert of its own.
fn sources(folder: &Path) -> Result<Sources, Box<dyn Error>> {
    let mut texts = BTreeMap::new();
    for entry in walkdir::WalkDir::new(folder.join("spec")) {
        let entry = entry?;
        let path = entry.path().strip_prefix(folder)?.to_string_lossy().into_owned();
        let is_schema = entry.path().extension().is_some_and(|it| it == "json");
        if entry.file_type().is_file() && !is_schema && !path.starts_with("spec/workspaces/") {
            let bytes = fs::read(entry.path())?;
            texts.insert(path.as_str().into(), Source::from_bytes(path.as_str(), bytes));
        }
    }
    Ok(Sources { texts })
}
