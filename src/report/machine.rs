//! Findings for programs: one line each, JSON, and workflow commands.

use std::{borrow::Cow, fmt::Write as _};

use schemars::JsonSchema;
use serde::Serialize;

use super::locate::{Located, locate, sorted};
use crate::{
    diag::{
        diagnostic::{Diagnostics, Place},
        path::FieldPath,
        plain,
    },
    yaml::texts::Texts,
};

pub(super) fn short(all: &Diagnostics, texts: &dyn Texts) -> String {
    let mut out = String::new();
    for (finding, at) in sorted(all, texts) {
        let address = at.address(texts);
        let colon = if address.is_empty() { "" } else { ": " };
        let message = finding.message.lines().collect::<Vec<_>>().join(" ");
        let message = plain::line(&message);
        let address = plain::line(&address);
        writeln!(out, "{address}{colon}{}[{}]: {message}", finding.severity.word(), finding.code)
            .expect("a String takes all");
    }
    out
}

/// A finding, as programs read it: `check --format json` prints an array of them.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finding<'a> {
    /// Where it is.
    #[serde(flatten)]
    pub at: Location<'a>,
    /// The rule that found it, in kebab-case; `espalier explain` has a page on each.
    pub code: &'a str,
    /// `error` or `warning`.
    pub severity: &'a str,
    /// What is wrong, in one sentence without a full stop.
    pub message: &'a str,
    /// What is said of the marked text.
    pub label: Option<&'a str>,
    /// Other places that are involved.
    pub related: Vec<Related<'a>>,
    /// What to do, one line each.
    pub help: &'a [String],
    /// Background, one line each.
    pub notes: &'a [String],
}

/// Another place that a finding involves.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Related<'a> {
    /// Where it is.
    #[serde(flatten)]
    pub at: Location<'a>,
    /// What it has to do with the finding.
    pub label: &'a str,
}

/// A place in a file; lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Location<'a> {
    /// The file; none if no file is meant.
    pub file: Option<Cow<'a, str>>,
    /// The value or its key, as a JSON Pointer (RFC 6901); none if the whole file is meant, or
    /// text that is no YAML.
    pub pointer: Option<String>,
    /// Where it begins; none if the file was not read or the whole of it is meant.
    pub line: Option<usize>,
    /// Where it begins.
    pub column: Option<usize>,
    /// Where it ends.
    pub end_line: Option<usize>,
    /// Where it ends: the column after its last character.
    pub end_column: Option<usize>,
}

impl<'a> Location<'a> {
    fn of(place: &Place, at: &Located<'a>, texts: &dyn Texts) -> Self {
        let (start, end) = at.lines().unzip();
        let (line, column) = start.unzip();
        let (end_line, end_column) = end.unzip();
        let file = at.file.map(|it| texts.shown(it));
        let pointer = place.path().map(FieldPath::pointer);
        Self { file, pointer, line, column, end_line, end_column }
    }
}

/// The findings in the order of their places.
pub fn findings<'a>(all: &'a Diagnostics, texts: &'a dyn Texts) -> Vec<Finding<'a>> {
    let found = sorted(all, texts).into_iter().map(|(finding, at)| Finding {
        at: Location::of(&finding.place, &at, texts),
        code: finding.code,
        severity: finding.severity.word(),
        message: &finding.message,
        label: finding.label.as_deref(),
        related: finding
            .related
            .iter()
            .map(|(place, label)| Related {
                at: Location::of(place, &locate(place, texts), texts),
                label,
            })
            .collect(),
        help: &finding.help,
        notes: &finding.notes,
    });
    found.collect()
}

pub(super) fn json(all: &Diagnostics, texts: &dyn Texts) -> String {
    let text =
        serde_json::to_string_pretty(&findings(all, texts)).expect("texts and numbers are JSON");
    let mut out = plain::json(&text).into_owned();
    out.push('\n');
    out
}

pub(super) fn github(all: &Diagnostics, texts: &dyn Texts) -> String {
    let mut out = String::new();
    for (finding, at) in sorted(all, texts) {
        write!(out, "::{} ", finding.severity.word()).expect("a String takes all");
        if let Some(file) = at.file {
            write!(out, "file={},", property(&texts.shown(file))).expect("a String takes all");
        }
        if let Some(((line, column), (end_line, end_column))) = at.lines() {
            write!(out, "line={line},endLine={end_line},col={column},endColumn={end_column},")
                .expect("a String takes all");
        }
        let mut message = finding.message.clone();
        for (word, lines) in [("help", &finding.help), ("note", &finding.notes)] {
            for line in lines {
                write!(message, "\n{word}: {line}").expect("a String takes all");
            }
        }
        writeln!(out, "title={}::{}", property(finding.code), data(&message))
            .expect("a String takes all");
    }
    out
}

/// What may stand after `::`.
fn data(text: &str) -> String {
    plain::lines(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What may stand in `key=value`.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
