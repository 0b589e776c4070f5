//! A finding, and the list of all findings.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use super::{
    code::{EitherCode, ErrorCode, TOO_MANY_FINDINGS, WarningCode},
    path::FieldPath,
};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing is written.
    Error,
    /// The tree is written, and the finding is reported.
    Warning,
}

impl Severity {
    /// The word for it, as a compiler prints it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// What a finding is about. Only the renderer turns it into a line and a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A key of a file.
    Key {
        /// The file, relative to the root.
        file: Arc<str>,
        /// The key's path.
        path: FieldPath,
    },
    /// A value of a file; where it is not written down, the nearest one above it that is.
    Value {
        /// The file, relative to the root.
        file: Arc<str>,
        /// The value's path.
        path: FieldPath,
    },
    /// A stretch of a file's text.
    Span {
        /// The file, relative to the root.
        file: Arc<str>,
        /// From and to, in bytes.
        span: Range<usize>,
    },
    /// A whole file.
    File(Arc<str>),
    /// No file at all.
    Nowhere,
}

impl Place {
    /// The path of the value that the place is or belongs to, in its file.
    pub fn path(&self) -> Option<&FieldPath> {
        match self {
            Self::Key { path, .. } | Self::Value { path, .. } => Some(path),
            Self::Span { .. } | Self::File(_) | Self::Nowhere => None,
        }
    }

    /// The file that the place lies in.
    pub fn file(&self) -> Option<&Arc<str>> {
        match self {
            Self::Key { file, .. }
            | Self::Value { file, .. }
            | Self::Span { file, .. }
            | Self::File(file) => Some(file),
            Self::Nowhere => None,
        }
    }
}

/// One finding: what is wrong, where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The rule that found it, in kebab-case.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// Where it is.
    pub place: Place,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// The label under the marked text.
    pub label: Option<String>,
    /// Other places that are involved, each with its own label.
    pub related: Vec<(Place, String)>,
    /// What to do, one line each.
    pub help: Vec<String>,
    /// Background, one line each.
    pub notes: Vec<String>,
}

impl ErrorCode {
    /// A finding, which stops the work.
    pub fn at(self, place: Place, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(self.name(), Severity::Error, place, message.into())
    }
}

impl WarningCode {
    /// A finding, which is reported and does not stop the work.
    pub fn at(self, place: Place, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(self.name(), Severity::Warning, place, message.into())
    }
}

impl EitherCode {
    /// A finding that stops the work.
    pub fn error_at(self, place: Place, message: impl Into<String>) -> Diagnostic {
        self.at(Severity::Error, place, message)
    }

    /// A finding that is reported, but does not stop the work.
    pub fn warning_at(self, place: Place, message: impl Into<String>) -> Diagnostic {
        self.at(Severity::Warning, place, message)
    }

    /// A finding of that severity.
    pub fn at(self, severity: Severity, place: Place, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(self.name(), severity, place, message.into())
    }
}

impl Diagnostic {
    fn new(code: &'static str, severity: Severity, place: Place, message: String) -> Self {
        Self {
            code,
            severity,
            place,
            message,
            label: None,
            related: Vec::new(),
            help: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Sets the label under the marked text.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Adds another place that is involved.
    #[must_use]
    pub fn related(mut self, place: Place, label: impl Into<String>) -> Self {
        self.related.push((place, label.into()));
        self
    }

    /// Adds a line that says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Adds a line of background.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }
}

/// All findings, in the order in which they were made; the renderer sorts them by place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// An empty list.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds one finding.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// The findings, one by one.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of them stops the work.
    pub fn has_errors(&self) -> bool {
        self.iter().any(|it| it.severity == Severity::Error)
    }

    /// How many there are of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.iter().filter(|it| it.severity == severity).count()
    }
}

/// The most findings that are shown for one file.
pub const MAX_FINDINGS: usize = 64;

impl Diagnostics {
    /// The first findings of each file, errors before warnings, and one more that says that there
    /// are others.
    #[must_use]
    pub fn capped(self) -> Self {
        let mut left: BTreeMap<Option<Arc<str>>, Room> = BTreeMap::new();
        for finding in &self {
            *left.entry(finding.place.file().cloned()).or_default().of(finding.severity) += 1;
        }
        left.retain(|file, room| file.is_some() && room.errors + room.warnings > MAX_FINDINGS);
        if left.is_empty() {
            return self;
        }
        let more = left.iter().filter_map(|(file, room)| {
            let place = Place::File(Arc::clone(file.as_ref()?));
            let said = format!("there are more findings than these {MAX_FINDINGS}");
            let severity =
                if room.errors > MAX_FINDINGS { Severity::Error } else { Severity::Warning };
            let finding = TOO_MANY_FINDINGS.at(severity, place, said);
            Some(finding.help("fix these first; then the rest is shown"))
        });
        let more: Vec<Diagnostic> = more.collect();
        for room in left.values_mut() {
            room.errors = room.errors.min(MAX_FINDINGS);
            room.warnings = room.warnings.min(MAX_FINDINGS - room.errors);
        }
        let mut kept: Self = self.into_iter().filter(|it| is_room(&mut left, it)).collect();
        kept.extend(more);
        kept
    }
}

/// How many findings of a file there are, or how many more of them are kept.
#[derive(Default)]
struct Room {
    errors: usize,
    warnings: usize,
}

impl Room {
    fn of(&mut self, severity: Severity) -> &mut usize {
        match severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        }
    }
}

fn is_room(left: &mut BTreeMap<Option<Arc<str>>, Room>, diagnostic: &Diagnostic) -> bool {
    let Some(room) = left.get_mut(&diagnostic.place.file().cloned()) else { return true };
    let room = room.of(diagnostic.severity);
    let is_some = *room > 0;
    *room = room.saturating_sub(1);
    is_some
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, more: I) {
        self.0.extend(more);
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(all: I) -> Self {
        Self(all.into_iter().collect())
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
