//! `diff`: what a render would change, object by object and field by field, and the effect on the
//! budget.

use std::{collections::BTreeMap, fmt::Write as _, num::NonZero, path::Path};

use anyhow::bail;
use serde_json::Value;

use crate::{
    budget::report::Report,
    cli::{
        args::{Diff, Format},
        besides,
        console::{Console, count},
        disk::Disk,
        drift::{Change, Comparison, Drift, IMPRINT, PAGE, differ_in_line_endings, unified},
        fields, findings,
        git::Git,
        git_disk::GitDisk,
        moved::{self, Consent},
        outcome::Outcome,
        pipeline,
        seal::trust,
        session::Session,
        sources::{Input, Work},
        tree::Tree,
    },
    diag::plain,
    platform::files::SEALING,
    seal::certificate::Certificate,
    units::Bytes,
    yaml::source::Source,
};

/// A comment on a pull request can have 65,536 characters; beyond this length, objects are listed
/// without their changes.
const COMMENT: usize = 60_000;

/// How many objects are named when many have a difference in common; the rest are counted.
const NAMED: usize = 6;

/// Runs the verb.
///
/// # Errors
/// When a file or the revision cannot be read.
pub fn run(session: Session<'_>, verb: &Diff, console: &mut Console) -> anyhow::Result<Outcome> {
    let Session { disk, work, threads } = session;
    let open = |base: &str| {
        if Git::is_around(&work.root) {
            return GitDisk::open(&work.root, base);
        }
        bail!(
            "{} is not in a Git repository, and `--base` compares with a commit; `espalier diff` \
             alone compares with the tree on disk",
            work.root.display()
        )
    };
    let revision = verb.base.as_deref().map(open).transpose()?;
    let base: &dyn Disk = revision.as_ref().map_or(disk, |it| it);
    let tree = Tree::open(base, &work.root)?;
    let mut comparison = Comparison::make(session, &tree)?;
    let mut findings = std::mem::take(&mut comparison.run.findings);
    let mut buffer = Vec::new();
    let secrets = comparison
        .foreign
        .iter()
        .filter(|it| tree.holds_secret(it, &mut buffer))
        .map(|it| findings::plain_secret(it));
    findings.extend(besides::capped(secrets.collect()));
    let findings = console.judge(findings);
    if let Some(plan) = comparison.run.plan.as_ref().filter(|_| comparison.run.is_whole) {
        certificate(work, verb.base.as_deref(), console)?;
        leaving(&tree, &comparison, console)?;
        let new = plan.budget(&comparison.run.summaries);
        let differs = told(&comparison).next().is_some();
        let old = differs.then(|| old_budget(&work.root, revision.as_ref(), threads)).flatten();
        let sums = Sums::of(
            verb.base.as_deref(),
            console.format(),
            &budget(old.as_ref(), &new),
            old.is_some(),
        );
        if console.format() == Format::Markdown {
            markdown(session, &tree, &comparison, &sums, console)?;
        } else {
            plain(session, &tree, &comparison, &sums, console)?;
        }
    }
    let clean = comparison.run.is_whole && !findings.has_errors();
    if !clean {
        console.findings_for_people(session, findings);
    }
    Ok(Outcome::clean_if(clean))
}

/// The parts of the summary lines.
struct Sums {
    /// What the objects are compared with.
    against: String,
    /// The line about the budget.
    budget: String,
}

impl Sums {
    /// Without a revision, the tree on disk does not say which budget it was made for; the budget
    /// is then compared with that of the last commit.
    fn of(base: Option<&str>, format: Format, budget: &str, is_compared: bool) -> Self {
        let name = |text: &str| {
            if format == Format::Markdown {
                plain::markdown(text)
            } else {
                format!("`{}`", plain::line(text))
            }
        };
        let its = base.map(name);
        let was = is_compared.then(|| its.as_deref().unwrap_or("the last commit"));
        let was = was.map_or_else(String::new, |it| format!(" against {it}"));
        Self {
            budget: format!("budget{was}: {budget}"),
            against: its.unwrap_or_else(|| "the tree on disk".to_owned()),
        }
    }
}

/// Reports a sealing certificate that differs from that of the revision, or of the last commit: the
/// owner of its key can decrypt what is sealed from then on.
fn certificate(work: &Work, base: Option<&str>, console: &mut Console) -> anyhow::Result<()> {
    let Some(was) = trust::committed(&work.root, base.unwrap_or("HEAD")) else { return Ok(()) };
    let read = |source: &Source| Certificate::parse(source.text.as_bytes()).ok();
    let now = work.sources.texts.get(SEALING).and_then(read);
    let now = now.as_ref().map_or("none", Certificate::fingerprint);
    if now == was {
        return Ok(());
    }
    let text = "whoever has its private key can unseal what is sealed from now on";
    // The tree contains no certificate, so without a revision compare with the last commit.
    let against =
        base.map_or_else(|| "the last commit".to_owned(), |it| plain::line(it).into_owned());
    let text = if console.format() == Format::Markdown {
        let against = plain::markdown(&against);
        format!(
            "**The sealing certificate differs** from that of {against}: `{SEALING}` was {was}, \
             and is now {now}: {text}\n\n"
        )
    } else {
        format!(
            "changed  {SEALING}: the sealing certificate differs from that of {against}, {was} → \
             {now}: {text}\n"
        )
    };
    console.data(&text)
}

/// Reports objects that another Application makes from now on, and objects that hold data and
/// leave: what `render` asks consent for.
fn leaving(tree: &Tree<'_>, comparison: &Comparison, console: &mut Console) -> anyhow::Result<()> {
    let paths = |of: &dyn Fn(Change) -> bool| -> Vec<Box<str>> {
        comparison.all().filter(|it| of(it.change)).map(|it| it.path.clone()).collect()
    };
    let strays = paths(&|it| it == Change::Stray);
    let made = paths(&|it| matches!(it, Change::Missing | Change::Changed | Change::Conflict));
    let allowed = Consent { moves: true, deletions: true };
    for finding in moved::findings(tree, &strays, &made, allowed)? {
        let said = [&[finding.message], &*finding.notes].concat().join("; ");
        let text = if console.format() == Format::Markdown {
            format!("**{}**: {}\n\n", finding.code, plain::markdown(&said))
        } else {
            format!("{:8} {}\n", finding.code, plain::line(&said))
        };
        console.data(&text)?;
    }
    Ok(())
}

/// The budget of the spec in the revision, or without one in the last commit, if there is any. The
/// tree does not store the figures, because two merged changes would both change them.
fn old_budget(
    root: &Path,
    revision: Option<&GitDisk>,
    threads: Option<NonZero<usize>>,
) -> Option<Report> {
    let head = if revision.is_none() { GitDisk::open(root, "HEAD").ok() } else { None };
    let disk = revision.or(head.as_ref())?;
    // Findings about the old spec do not matter here.
    let work = Work::read(disk, root, Input::Root).ok()?;
    let run = pipeline::run(Session { disk, work: &work, threads }, &|_| Ok(())).ok()?;
    Some(run.plan.as_ref().filter(|_| run.is_whole)?.budget(&run.summaries))
}

/// The differences that are shown.
fn told(comparison: &Comparison) -> impl Iterator<Item = &Drift> {
    comparison.all().filter(|it| word(it.change).is_some() && !is_prose(&it.path))
}

/// Whether a file only repeats for people or editors what the other files say; its differences are
/// not shown.
fn is_prose(path: &str) -> bool {
    path == IMPRINT || path == PAGE || path.ends_with(".schema.json")
}

/// Differences that several objects have in common, with the objects: shown once, at the end.
#[derive(Default)]
pub struct Folded(BTreeMap<String, (usize, Vec<String>)>);

impl Folded {
    /// Adds an object with this difference.
    pub fn add(&mut self, what: String, object: &str) {
        let (number, named) = self.0.entry(what).or_default();
        *number += 1;
        if named.len() < NAMED {
            named.push(object.to_owned());
        }
    }

    /// One line for each difference, such as `metadata.labels[app.kubernetes.io/version]: 1 → 2`,
    /// with its objects.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|(what, (number, named))| {
            let more = number - named.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            plain::line(&format!(
                "{what}, of {}: {}{more}",
                count(*number, "object"),
                named.join(", ")
            ))
            .into_owned()
        })
    }
}

/// The differences within a file, as lines; none if all of them are folded.
fn body(
    path: &str,
    object: &str,
    old: &str,
    new: &str,
    folded: &mut Folded,
    colored: bool,
) -> Option<String> {
    if differ_in_line_endings(old, new) {
        folded.add("only line endings differ".to_owned(), object);
        return None;
    }
    let fields = is_yaml(path).then(|| fields::of(path, old, new)).flatten();
    let Some(fields) = fields.filter(|it| !it.is_empty()) else {
        return Some(unified(old, new, colored));
    };
    let mut text = String::new();
    for field in &fields {
        match field.in_common() {
            Some(what) => folded.add(what, object),
            None => text += &field.lines(colored),
        }
    }
    (!text.is_empty()).then_some(text)
}

fn is_yaml(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|it| it == "yaml")
}

fn plain(
    session: Session<'_>,
    tree: &Tree<'_>,
    comparison: &Comparison,
    sums: &Sums,
    console: &mut Console,
) -> anyhow::Result<()> {
    let colored = console.is_colored();
    let mut folded = Folded::default();
    comparison.sides(session, tree, &mut |drift, old, new| {
        let Some(word) = word(drift.change).filter(|_| !is_prose(&drift.path)) else {
            return Ok(());
        };
        let object = object(drift, old, new);
        let mut text = format!("{word:8} {}\n", plain::line(&object));
        if let (Some(old), Some(new)) = (old, new) {
            let Some(body) = body(&drift.path, &object, old, new, &mut folded, colored) else {
                return Ok(());
            };
            for line in body.lines() {
                let _ = writeln!(text, "  {line}");
            }
        }
        console.data(&text)
    })?;
    for line in folded.lines() {
        console.data(&format!("changed  {line}\n"))?;
    }
    console.prose(&format!("{}\n{}\n", totals(comparison, &sums.against), sums.budget))
}

fn markdown(
    session: Session<'_>,
    tree: &Tree<'_>,
    comparison: &Comparison,
    sums: &Sums,
    console: &mut Console,
) -> anyhow::Result<()> {
    let mut written = 0;
    let mut say = |text: &str| {
        written += text.len();
        console.data(text).map(|()| written)
    };
    say(&format!("**espalier**: {}\n\n{}\n", totals(comparison, &sums.against), sums.budget))?;
    let mut folded = Folded::default();
    comparison.sides(session, tree, &mut |drift, old, new| {
        let Some(word) = word(drift.change).filter(|_| !is_prose(&drift.path)) else {
            return Ok(());
        };
        let bare = object(drift, old, new);
        let lines = if let (Some(old), Some(new)) = (old, new) {
            let Some(body) = body(&drift.path, &bare, old, new, &mut folded, false) else {
                return Ok(());
            };
            body
        } else {
            String::new()
        };
        let object = plain::markdown(&bare);
        let long = say("")? + lines.len() > COMMENT;
        let text = match &*lines {
            "" => format!("\n- {word} {object}\n"),
            _ if long => {
                format!("\n- {word} {object} ({} lines, left out)\n", lines.lines().count())
            }
            lines => {
                let lines = plain::guarded("diff", lines);
                format!("\n<details><summary>{word} {object}</summary>\n\n{lines}\n</details>\n")
            }
        };
        say(&text)?;
        Ok(())
    })?;
    for line in folded.lines() {
        say(&format!("\n- changed {}\n", plain::markdown(&line)))?;
    }
    Ok(())
}

/// How a render would change a file; Git does not store empty folders, so they are no difference.
const fn word(change: Change) -> Option<&'static str> {
    match change {
        Change::Changed | Change::Conflict => Some("changed"),
        Change::Missing => Some("added"),
        Change::Stray => Some("removed"),
        Change::Empty => None,
    }
}

fn totals(comparison: &Comparison, against: &str) -> String {
    let number = |change| {
        Some(told(comparison).filter(|it| it.change == change).count()).filter(|it| *it > 0)
    };
    let parts: Vec<String> = [Change::Missing, Change::Changed, Change::Conflict, Change::Stray]
        .into_iter()
        .filter_map(|change| Some(format!("{} {}", number(change)?, word(change)?)))
        .collect();
    let all = format!("{} against {against}", count(comparison.files(), "file"));
    let prose: Vec<&str> = comparison.all().map(|it| &*it.path).filter(|it| is_prose(it)).collect();
    let left_out =
        if prose.is_empty() { String::new() } else { format!(" (left out: {})", prose.join(", ")) };
    if parts.is_empty() {
        format!("no difference in {all}{left_out}")
    } else {
        format!("{} of {all}{left_out}", parts.join(", "))
    }
}

/// The name of an object, such as `ollama: StatefulSet ai/ollama`; for other files, the path.
pub fn object(drift: &Drift, old: Option<&str>, new: Option<&str>) -> String {
    let name = || -> Option<String> {
        let path = &*drift.path;
        let source = Source::parse(path, new.or(old).filter(|_| is_yaml(path))?);
        let field = |pointer: &str| source.value.pointer(pointer).and_then(Value::as_str);
        let (kind, name) = (field("/kind")?, field("/metadata/name")?);
        let application = path.strip_prefix("out/manifests/").and_then(|it| it.split('/').next());
        let application = application
            .or_else(|| path.strip_prefix("apps/")?.strip_suffix(".yaml"))
            .unwrap_or("bootstrap");
        Some(match field("/metadata/namespace") {
            Some(namespace) => format!("{application}: {kind} {namespace}/{name}"),
            None => format!("{application}: {kind} {name}"),
        })
    };
    name().unwrap_or_else(|| drift.path.to_string())
}

/// The budgets of two trees, as text: `requests 3306Mi → 4000Mi (+694Mi) of 5504Mi, limits 5120Mi`.
fn budget(old: Option<&Report>, new: &Report) -> String {
    let side = |name: &str, of: &dyn Fn(&Report) -> Bytes| {
        let new = of(new);
        match old.map(of) {
            Some(old) if old < new => format!(
                "{name} {} → {} (+{})",
                old.in_mib(),
                new.in_mib(),
                new.saturating_sub(old).in_mib()
            ),
            Some(old) if old > new => format!(
                "{name} {} → {} (-{})",
                old.in_mib(),
                new.in_mib(),
                old.saturating_sub(new).in_mib()
            ),
            _ => format!("{name} {}", new.in_mib()),
        }
    };
    let of = side("of", &|it| it.allocatable);
    format!("{} {of}, {}", side("requests", &|it| it.requests), side("limits", &|it| it.limits))
}
