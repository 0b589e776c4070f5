//! Where a place lies in the text that is shown.

use std::ops::Range;

use crate::{
    diag::diagnostic::{Diagnostic, Place},
    yaml::{source::Source, texts::Texts},
};

/// A place, found in its file.
#[derive(Clone, Debug, Default)]
pub(super) struct Located<'a> {
    pub(super) file: Option<&'a str>,
    /// The text and the stretch of it, in bytes; none for a whole file and for one that was not
    /// read.
    pub(super) text: Option<(&'a Source, Range<usize>)>,
}

impl Located<'_> {
    /// Line and column of both ends, from 1, in characters.
    pub(super) fn lines(&self) -> Option<((usize, usize), (usize, usize))> {
        let (source, span) = self.text.as_ref()?;
        Some((source.line_column(span.start), source.line_column(span.end)))
    }

    /// `file:line:column`, as far as it is known.
    pub(super) fn address(&self, texts: &dyn Texts) -> String {
        match (self.file.map(|it| texts.shown(it)), self.lines()) {
            (Some(file), Some(((line, column), _))) => format!("{file}:{line}:{column}"),
            (Some(file), None) => file.into_owned(),
            (None, _) => String::new(),
        }
    }
}

pub(super) fn locate<'a>(place: &'a Place, texts: &'a dyn Texts) -> Located<'a> {
    let Some(file) = place.file() else { return Located::default() };
    let text = texts.source(file).and_then(|source| Some((source, stretch(place, source)?)));
    Located { file: Some(file), text }
}

fn stretch(place: &Place, source: &Source) -> Option<Range<usize>> {
    let span = match place {
        Place::Span { span, .. } => span.clone(),
        Place::Key { path, .. } => source.key_span(path),
        Place::Value { path, .. } => {
            let value = source.span(path);
            let is_line = !value.is_empty() && !source.text.get(value.clone())?.contains('\n');
            // Nothing is written, or many lines are: then the key says better what is meant.
            if source.is_written(path) && is_line { value } else { source.key_span(path) }
        }
        Place::File(_) | Place::Nowhere => return None,
    };
    let start = source.text.floor_char_boundary(span.start.min(source.text.len()));
    let end = source.text.floor_char_boundary(span.end.clamp(start, source.text.len()));
    let line = source.text[start..end].split(['\n', '\r']).next().unwrap_or_default();
    Some(start..start + line.len())
}

/// Findings in the order of their places: by file, then by where, then by code; without a file
/// last.
pub(super) fn sorted<'a>(
    all: impl IntoIterator<Item = &'a Diagnostic>,
    texts: &'a dyn Texts,
) -> Vec<(&'a Diagnostic, Located<'a>)> {
    let mut list: Vec<_> = all.into_iter().map(|it| (it, locate(&it.place, texts))).collect();
    list.sort_by_key(|(it, at)| {
        let (start, end) = at.text.as_ref().map_or((0, 0), |it| (it.1.start, it.1.end));
        (at.file.is_none(), at.file, start, end, it.code)
    });
    list
}
