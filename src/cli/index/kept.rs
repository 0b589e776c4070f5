//! Findings as they are kept in an index, to be said again.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    cli::codes,
    diag::{
        diagnostic::{Diagnostic, Place, Severity},
        path::{FieldPath, Step},
    },
};

/// A finding, in the words of a file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Finding {
    code: String,
    is_error: bool,
    place: Spot,
    message: String,
    label: Option<String>,
    related: Vec<(Spot, String)>,
    help: Vec<String>,
    notes: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
enum Spot {
    Key { file: String, path: Vec<Part> },
    Value { file: String, path: Vec<Part> },
    Span { file: String, from: usize, to: usize },
    File(String),
    Nowhere,
}

#[derive(Debug, Serialize, Deserialize)]
enum Part {
    Key(String),
    Index(usize),
}

impl Finding {
    pub(super) fn of(of: &Diagnostic) -> Self {
        let Diagnostic { code, severity, place, message, label, related, help, notes } = of;
        Self {
            code: (*code).to_owned(),
            is_error: *severity == Severity::Error,
            place: Spot::of(place),
            message: message.clone(),
            label: label.clone(),
            related: related.iter().map(|it| (Spot::of(&it.0), it.1.clone())).collect(),
            help: help.clone(),
            notes: notes.clone(),
        }
    }

    /// The finding again; none if no rule of this program makes it.
    pub(super) fn diagnostic(&self) -> Option<Diagnostic> {
        let related = self.related.iter().map(|it| (it.0.place(), it.1.clone())).collect();
        Some(Diagnostic {
            code: codes::all().find(|it| it.name == self.code)?.name,
            severity: if self.is_error { Severity::Error } else { Severity::Warning },
            place: self.place.place(),
            message: self.message.clone(),
            label: self.label.clone(),
            related,
            help: self.help.clone(),
            notes: self.notes.clone(),
        })
    }
}

impl Spot {
    fn of(place: &Place) -> Self {
        let file = |of: &Arc<str>| of.to_string();
        match place {
            Place::Key { file: of, path } => Self::Key { file: file(of), path: parts(path) },
            Place::Value { file: of, path } => Self::Value { file: file(of), path: parts(path) },
            Place::Span { file: of, span } => {
                Self::Span { file: file(of), from: span.start, to: span.end }
            }
            Place::File(of) => Self::File(file(of)),
            Place::Nowhere => Self::Nowhere,
        }
    }

    fn place(&self) -> Place {
        match self {
            Self::Key { file, path } => Place::Key { file: file.as_str().into(), path: way(path) },
            Self::Value { file, path } => {
                Place::Value { file: file.as_str().into(), path: way(path) }
            }
            Self::Span { file, from, to } => {
                Place::Span { file: file.as_str().into(), span: *from..*to }
            }
            Self::File(file) => Place::File(file.as_str().into()),
            Self::Nowhere => Place::Nowhere,
        }
    }
}

fn parts(path: &FieldPath) -> Vec<Part> {
    let part = |step: &Step| match step {
        Step::Key(key) => Part::Key(key.clone()),
        Step::Index(index) => Part::Index(*index),
    };
    path.steps().iter().map(part).collect()
}

fn way(parts: &[Part]) -> FieldPath {
    parts.iter().fold(FieldPath::root(), |path, part| match part {
        Part::Key(key) => path.key(key),
        Part::Index(index) => path.index(*index),
    })
}

#[cfg(test)]
mod tests {
    use super::Finding;
    use crate::diag::{
        code::{TOO_MANY_FINDINGS, UNKNOWN_FIELD},
        diagnostic::{Place, Severity},
        path::FieldPath,
    };

    #[test]
    fn a_finding_comes_back_whole() {
        let path = FieldPath::root().key("a.b").index(3).key("\"");
        let file = || "spec/platform.yaml".into();
        for place in [
            Place::Key { file: file(), path: path.clone() },
            Place::Value { file: file(), path },
            Place::Span { file: file(), span: 3..9 },
            Place::File(file()),
            Place::Nowhere,
        ] {
            let finding = TOO_MANY_FINDINGS
                .at(Severity::Warning, place.clone(), "ä\n")
                .label("here")
                .related(place.clone(), "there")
                .help("do")
                .note("so");
            for finding in [finding, UNKNOWN_FIELD.at(place, "other")] {
                let text = serde_json::to_string(&Finding::of(&finding)).expect("plain");
                let again: Finding = serde_json::from_str(&text).expect("the same");
                assert_eq!(again.diagnostic(), Some(finding));
            }
        }
    }

    #[test]
    fn a_code_of_another_program_is_no_finding() {
        let mut finding = Finding::of(&UNKNOWN_FIELD.at(Place::Nowhere, "x"));
        "no-such-code".clone_into(&mut finding.code);
        assert_eq!(finding.diagnostic(), None);
    }
}
