//! Findings for programs: one line each, JSON, and workflow commands.

use std::{borrow::Cow, fmt::Write as _};

use serde::Serialize;

use super::locate::{locate, sorted};
use crate::{
    diag::{diagnostic::Diagnostics, plain},
    yaml::texts::Texts,
};

pub(super) fn short(all: &Diagnostics, texts: &dyn Texts) -> String {
    let mut out = String::new();
    for (it, at) in sorted(all, texts) {
        let address = at.address(texts);
        let colon = if address.is_empty() { "" } else { ": " };
        let message = it.message.lines().collect::<Vec<_>>().join(" ");
        let message = plain::line(&message);
        let address = plain::line(&address);
        writeln!(out, "{address}{colon}{}[{}]: {message}", it.severity.word(), it.code)
            .expect("a String takes all");
    }
    out
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding<'a> {
    #[serde(flatten)]
    at: Lines<'a>,
    code: &'a str,
    severity: &'a str,
    message: &'a str,
    label: Option<&'a str>,
    related: Vec<Related<'a>>,
    help: &'a [String],
    notes: &'a [String],
}

#[derive(Serialize)]
struct Related<'a> {
    #[serde(flatten)]
    at: Lines<'a>,
    label: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Lines<'a> {
    file: Option<Cow<'a, str>>,
    line: Option<usize>,
    column: Option<usize>,
    end_line: Option<usize>,
    end_column: Option<usize>,
}

impl<'a> Lines<'a> {
    fn of(at: &super::locate::Located<'a>, texts: &dyn Texts) -> Self {
        let (start, end) = at.lines().unzip();
        let (line, column) = start.unzip();
        let (end_line, end_column) = end.unzip();
        Self { file: at.file.map(|it| texts.shown(it)), line, column, end_line, end_column }
    }
}

pub(super) fn json(all: &Diagnostics, texts: &dyn Texts) -> String {
    let findings: Vec<Finding<'_>> = sorted(all, texts)
        .into_iter()
        .map(|(it, at)| Finding {
            at: Lines::of(&at, texts),
            code: it.code,
            severity: it.severity.word(),
            message: &it.message,
            label: it.label.as_deref(),
            related: it
                .related
                .iter()
                .map(|(place, label)| Related {
                    at: Lines::of(&locate(place, texts), texts),
                    label,
                })
                .collect(),
            help: &it.help,
            notes: &it.notes,
        })
        .collect();
    let text = serde_json::to_string_pretty(&findings).expect("texts and numbers are JSON");
    let mut out = plain::json(&text).into_owned();
    out.push('\n');
    out
}

pub(super) fn github(all: &Diagnostics, texts: &dyn Texts) -> String {
    let mut out = String::new();
    for (it, at) in sorted(all, texts) {
        write!(out, "::{} ", it.severity.word()).expect("a String takes all");
        if let Some(file) = at.file {
            write!(out, "file={},", property(&texts.shown(file))).expect("a String takes all");
        }
        if let Some(((line, column), (end_line, end_column))) = at.lines() {
            write!(out, "line={line},endLine={end_line},col={column},endColumn={end_column},")
                .expect("a String takes all");
        }
        let mut message = it.message.clone();
        for (word, lines) in [("help", &it.help), ("note", &it.notes)] {
            for line in lines {
                write!(message, "\n{word}: {line}").expect("a String takes all");
            }
        }
        writeln!(out, "title={}::{}", property(it.code), data(&message))
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
