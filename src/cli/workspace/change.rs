//! One change of one file: the whole platform is compiled with it first, and only then it is
//! written.

use std::{collections::BTreeSet, fmt::Write as _, sync::Arc};

use anyhow::{Context as _, ensure};

use super::{
    overlay::Overlay,
    row::{self, Row},
    site::{Site, compiled},
};
use crate::{
    cli::{
        console::Console,
        disk::replace,
        drift,
        git::Git,
        outcome::Outcome,
        pipeline::Run,
        session::Session,
        shell::quoted,
        sources::{Input, Work, read_source},
    },
    diag::{
        diagnostic::{Diagnostic, Diagnostics, Severity},
        plain,
    },
    platform::repository::Pin,
    yaml::source::Source,
};

/// A change of a workspace's file.
pub struct Change {
    /// Its file.
    pub file: Arc<str>,
    /// The file as it is; none if it is new.
    pub old: Option<Source>,
    /// The text that it gets; none removes it.
    pub text: Option<String>,
    /// Whether any error prevents the change, or only one that was not there before. What takes
    /// room is strict; what gives room must be possible on a platform that is too full.
    pub is_strict: bool,
    /// The first line of the commit.
    pub subject: String,
}

/// What a change has come to.
pub struct Applied {
    /// Whether the platform follows a tag, so that `release` commits.
    pub is_released: bool,
}

impl Change {
    /// Applies the change, and prints the commands that come next.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn run(
        &self,
        site: &Site<'_>,
        render: &str,
        console: &mut Console,
    ) -> anyhow::Result<Outcome> {
        let (applied, outcome) = self.apply(site, console)?;
        if let Some(applied) = applied {
            console.say_whole(&self.next(site, &applied, render));
        }
        Ok(outcome)
    }

    /// Compiles, reports, and writes the file if nothing is wrong. Nothing where it was not
    /// written.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn apply(
        &self,
        site: &Site<'_>,
        console: &mut Console,
    ) -> anyhow::Result<(Option<Applied>, Outcome)> {
        let full = site.root.join(&*self.file);
        let folder = full.parent().unwrap_or(site.root).to_owned();
        let name = full.file_name().unwrap_or_default().to_owned();
        let overlay = Overlay { disk: site.disk, folder, name, text: self.text.as_deref() };
        let work = Work::read(&overlay, site.root, Input::Root)?;
        let session = Session { disk: &overlay, work: &work, threads: site.threads };
        let mut run = compiled(session)?;
        let findings = console.judge(std::mem::take(&mut run.findings));
        let known = self.known(site, &findings, console)?;
        let is_stopped = findings.iter().any(|it| is_error(it) && !known.contains(&key(it)));
        let (own, others): (Vec<_>, Vec<_>) =
            findings.into_iter().partition(|it| is_error(it) || self.is_here(it));
        let own: Diagnostics = own.into_iter().collect();
        let has_errors = own.has_errors();
        let said = Console::totals(&own);
        console.findings_for_people(session, own);
        if is_stopped {
            console.say(&format!("{said}; nothing was written\n"));
            return Ok((None, Outcome::Findings));
        }
        self.write(site)?;
        self.say(&run, console)?;
        if has_errors {
            console.say("`espalier render` writes nothing until these errors are gone\n");
        } else if !others.is_empty() {
            console.say("`espalier check` shows what else is found about the platform\n");
        }
        let is_released = run.plan.as_ref().is_some_and(|it| it.repository().pin == Pin::Tag);
        Ok((Some(Applied { is_released }), Outcome::clean_if(!has_errors)))
    }

    /// The errors that do not prevent the change, because they were there before.
    fn known(
        &self,
        site: &Site<'_>,
        now: &Diagnostics,
        console: &Console,
    ) -> anyhow::Result<BTreeSet<String>> {
        if self.is_strict || !now.has_errors() {
            return Ok(BTreeSet::new());
        }
        let work = site.work()?;
        let before =
            compiled(Session { disk: site.disk, work: &work, threads: site.threads })?.findings;
        Ok(console.judge(before).iter().filter(|it| is_error(it)).map(key).collect())
    }

    fn is_here(&self, finding: &Diagnostic) -> bool {
        finding.place.file() == Some(&self.file)
    }

    fn write(&self, site: &Site<'_>) -> anyhow::Result<()> {
        let path = site.root.join(&*self.file);
        let context = || format!("cannot write {}", self.file);
        // What was written meanwhile would be lost.
        let now = match read_source(site.disk, site.root, &self.file)? {
            Some(Ok(source)) => Some(source.text),
            Some(Err(finding)) => anyhow::bail!("{}", finding.message),
            None => None,
        };
        ensure!(
            now.as_deref() == self.old.as_ref().map(|it| &*it.text),
            "{} has changed meanwhile, so nothing was written: run this again",
            self.file
        );
        let Some(text) = &self.text else {
            return site
                .disk
                .remove_file(&path)
                .with_context(|| format!("cannot remove {}", self.file));
        };
        if let Some(folder) = path.parent() {
            site.disk.create_folders(folder).with_context(context)?;
        }
        // Through a link, the file that it leads to.
        let path = site.disk.resolve(&path).unwrap_or(path);
        replace(site.disk, &path, text).with_context(context)
    }

    /// Shows what has changed, and what the workspace is now.
    fn say(&self, run: &Run<()>, console: &mut Console) -> anyhow::Result<()> {
        match (&self.old, &self.text) {
            (None, _) => console.say(&format!("wrote {}\n", self.file)),
            (Some(_), None) => console.say(&format!("deleted {}\n", self.file)),
            (Some(old), Some(new)) => {
                let lines = drift::unified(&old.text, new, false);
                let changed = lines.lines().filter(|it| it.starts_with(['+', '-']));
                let lines: Vec<String> = changed.map(shortened).collect();
                let text = format!("  {}\n", lines.join("\n  "));
                console.say(&format!("changed {}\n", self.file));
                console.say_whole(&plain::lines(&text));
            }
        }
        let Some(plan) = &run.plan else { return Ok(()) };
        let budget = plan.budget(&run.summaries);
        let summary = run.summaries.iter().find(|it| *it.file == *self.file);
        let source = self.text.as_ref().map(|it| Source::parse(self.file.clone(), it.as_str()));
        let row = summary.zip(source).map(|(summary, source)| Row::of(plan, summary, &source));
        let mut table = row.map_or_else(row::table, |it| it.table());
        table.row(row::room(&budget));
        console.data(&table.folded(Some(console.width().unwrap_or(row::PAGE))))
    }

    /// The commands that bring the change to the cluster.
    pub fn next(&self, site: &Site<'_>, applied: &Applied, render: &str) -> String {
        let mut lines = format!("\nnext:\n  {render}\n");
        if applied.is_released {
            return lines + "  espalier release\n";
        }
        if Git::is_around(site.root) {
            let _ = write!(
                lines,
                "  git add {} apps bootstrap out\n  git commit --message '{}'\n  git push\n",
                quoted(&self.file),
                self.subject
            );
        }
        lines
    }
}

fn is_error(finding: &Diagnostic) -> bool {
    finding.severity == Severity::Error
}

/// What makes two findings the same: figures in the message may differ.
fn key(finding: &Diagnostic) -> String {
    let file = finding.place.file().map_or("", |it| it);
    let path = finding.place.path().map_or_else(String::new, ToString::to_string);
    format!("{} {file} {path}", finding.code)
}

/// A changed line; ciphertext is long, and says nothing.
fn shortened(line: &str) -> String {
    const MOST: usize = 100;
    if line.chars().count() <= MOST {
        return line.to_owned();
    }
    line.chars().take(MOST - 1).chain(['…']).collect()
}
