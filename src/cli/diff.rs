//! `diff`: what a render would change, by object, and what that does to the budget.

use std::{fmt::Write as _, num::NonZero};

use serde_json::Value;

use crate::{
    cli::{
        args::{Diff, Format},
        console::{Console, count},
        disk::Disk,
        drift::{Change, Comparison, Drift, IMPRINT, text, unified},
        git_disk::GitDisk,
        outcome::Outcome,
        sources::Work,
        tree::Tree,
    },
    diag::plain,
    units::Bytes,
    yaml::source::Source,
};

/// A comment of a pull request takes 65,536 characters; beyond this, objects are named without their lines.
const COMMENT: usize = 60_000;

/// Runs the verb.
///
/// # Errors
/// When a file or the revision cannot be read.
pub fn run(disk: &dyn Disk, work: &Work, threads: Option<NonZero<usize>>, verb: &Diff, console: &mut Console) -> anyhow::Result<Outcome> {
    let revision = verb.base.as_deref().map(|it| GitDisk::open(&work.root, it)).transpose()?;
    let base: &dyn Disk = revision.as_ref().map_or(disk, |it| it);
    let tree = Tree::open(base, &work.root)?;
    let mut it = Comparison::make(disk, work, threads, &tree)?;
    let findings = console.judge(std::mem::take(&mut it.run.findings));
    if it.run.is_whole {
        let budget = budget(text(&tree, IMPRINT).unwrap_or_default().as_bytes(), &it.imprint);
        if console.format() == Format::Markdown {
            markdown(disk, work, &tree, &it, budget.as_deref(), console)?;
        } else {
            plain(disk, work, &tree, &it, budget.as_deref(), console)?;
        }
    }
    let clean = it.run.is_whole && !findings.has_errors();
    if !clean {
        console.findings_for_people(disk, work, findings);
    }
    Ok(Outcome::clean_if(clean))
}

fn plain(
    disk: &dyn Disk,
    work: &Work,
    tree: &Tree<'_>,
    it: &Comparison,
    budget: Option<&str>,
    console: &mut Console,
) -> anyhow::Result<()> {
    let colored = console.is_colored();
    it.sides(disk, work, tree, &mut |drift, old, new| {
        let Some(word) = word(drift.change) else { return Ok(()) };
        let mut text = format!("{word:8} {}\n", plain::line(&object(drift, old, new)));
        if let (Some(old), Some(new)) = (old, new) {
            for line in unified(old, new, colored).lines() {
                let _ = writeln!(text, "  {line}");
            }
        }
        console.data(&text)
    })?;
    let totals = totals(it);
    console.data(&format!("{totals}{}\n", budget.map(|it| format!("; {it}")).unwrap_or_default()))
}

fn markdown(
    disk: &dyn Disk,
    work: &Work,
    tree: &Tree<'_>,
    it: &Comparison,
    budget: Option<&str>,
    console: &mut Console,
) -> anyhow::Result<()> {
    let mut written = 0;
    let mut say = |text: &str| {
        written += text.len();
        console.data(text).map(|()| written)
    };
    say(&format!("**espalier**: {}\n", totals(it)))?;
    if let Some(budget) = budget {
        say(&format!("\n{budget}\n"))?;
    }
    it.sides(disk, work, tree, &mut |drift, old, new| {
        let Some(word) = word(drift.change) else { return Ok(()) };
        let object = plain::markdown(&object(drift, old, new));
        let lines = if let (Some(old), Some(new)) = (old, new) { unified(old, new, false) } else { String::new() };
        let long = say("")? + lines.len() > COMMENT;
        let text = match &*lines {
            "" => format!("\n- {word} {object}\n"),
            _ if long => format!("\n- {word} {object} ({} lines, left out)\n", lines.lines().count()),
            lines => {
                let lines = plain::fenced("diff", lines);
                format!("\n<details><summary>{word} {object}</summary>\n\n{lines}\n</details>\n")
            }
        };
        say(&text)?;
        Ok(())
    })
}

/// How a render would change it; a foreign file is left alone, so it is no difference.
const fn word(change: Change) -> Option<&'static str> {
    match change {
        Change::Changed | Change::Conflict => Some("changed"),
        Change::Missing => Some("added"),
        Change::Stray => Some("removed"),
        Change::Foreign => None,
    }
}

fn totals(it: &Comparison) -> String {
    let parts: Vec<String> = [Change::Missing, Change::Changed, Change::Conflict, Change::Stray]
        .into_iter()
        .filter_map(|change| Some(format!("{} {}", Some(it.count(change)).filter(|it| *it > 0)?, word(change)?)))
        .collect();
    let all = count(it.files(), "file");
    if parts.is_empty() { format!("no difference in {all}") } else { format!("{} of {all}", parts.join(", ")) }
}

/// `ollama: StatefulSet ai/ollama`; a file that holds no object by its path.
fn object(drift: &Drift, old: Option<&str>, new: Option<&str>) -> String {
    let name = || -> Option<String> {
        let path = &*drift.path;
        let is_yaml = std::path::Path::new(path).extension().is_some_and(|it| it == "yaml");
        let source = Source::parse(path, new.or(old).filter(|_| is_yaml)?);
        let field = |pointer: &str| source.value.pointer(pointer).and_then(Value::as_str);
        let (kind, name) = (field("/kind")?, field("/metadata/name")?);
        let application = path.strip_prefix("out/manifests/").and_then(|it| it.split('/').next());
        let application = application.or_else(|| path.strip_prefix("apps/")?.strip_suffix(".yaml")).unwrap_or("bootstrap");
        Some(match field("/metadata/namespace") {
            Some(namespace) => format!("{application}: {kind} {namespace}/{name}"),
            None => format!("{application}: {kind} {name}"),
        })
    };
    name().unwrap_or_else(|| drift.path.to_string())
}

/// The budget of two trees, in words: `requests 3306Mi → 4000Mi (+694Mi) of 5504Mi, limits 5120Mi`.
fn budget(old: &[u8], new: &[u8]) -> Option<String> {
    let new: Value = serde_json::from_slice(new).ok()?;
    let old: Value = serde_json::from_slice(old).unwrap_or_default();
    let figure = |of: &Value, name: &str| -> Option<Bytes> {
        let value = of.get(name)?;
        value.as_u64().map(Bytes::new).or_else(|| value.as_str()?.parse().ok())
    };
    let side = |name: &str| {
        let new = figure(&new, name)?;
        Some(match figure(&old, name) {
            Some(old) if old < new => format!("{name} {} → {} (+{})", old.in_mib(), new.in_mib(), new.saturating_sub(old).in_mib()),
            Some(old) if old > new => format!("{name} {} → {} (-{})", old.in_mib(), new.in_mib(), old.saturating_sub(new).in_mib()),
            _ => format!("{name} {}", new.in_mib()),
        })
    };
    let of = figure(&new, "allocatable").map(|it| format!(" of {}", it.in_mib())).unwrap_or_default();
    let limits = side("limits").map(|it| format!(", {it}")).unwrap_or_default();
    Some(format!("{}{of}{limits}", side("requests")?))
}
