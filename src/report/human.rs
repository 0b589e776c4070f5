//! Findings as a compiler shows them, with the lines of the text that they speak of.

use std::borrow::Cow;

use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};

use super::locate::{Located, locate, sorted};
use crate::{
    diag::{
        diagnostic::{Diagnostic, Diagnostics, Place, Severity},
        path::{FieldPath, Step},
        plain,
    },
    yaml::texts::Texts,
};

pub(super) fn human(all: &Diagnostics, texts: &dyn Texts, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    for (it, at) in sorted(all, texts) {
        let has_lines =
            at.text.is_some() || it.related.iter().any(|it| locate(&it.0, texts).text.is_some());
        let text = renderer.render(&[group(it, at, texts)]);
        // Without the numbers of lines the renderer begins one column further left.
        out.push_str(&if has_lines { text } else { text.replace('\n', "\n ") });
        out.push_str("\n\n");
    }
    out
}

/// What is marked in a text, and how.
struct Mark<'a> {
    kind: AnnotationKind,
    at: Located<'a>,
    label: Option<Cow<'a, str>>,
}

fn group<'a>(diagnostic: &'a Diagnostic, at: Located<'a>, texts: &'a dyn Texts) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut marks = vec![Mark {
        kind: AnnotationKind::Primary,
        at,
        label: diagnostic.label.as_deref().map(plain::line),
    }];
    let mut notes: Vec<Element<'a>> = Vec::new();
    for (place, label) in &diagnostic.related {
        let at = locate(place, texts);
        if let Some(path) = unwritten(place, &at) {
            // A mark at what lies around it would point at the wrong thing.
            notes.push(
                Level::NOTE
                    .message(plain::line(&format!("`{path}` (by default): {label}")).into_owned())
                    .into(),
            );
        } else if at.text.is_some() {
            marks.push(Mark { kind: AnnotationKind::Context, at, label: Some(plain::line(label)) });
        } else {
            let text = at
                .file
                .map_or_else(|| label.clone(), |file| format!("{}: {label}", texts.shown(file)));
            notes.push(Level::NOTE.message(plain::line(&text).into_owned()).into());
        }
    }
    let mut group = level
        .primary_title(plain::lines(&diagnostic.message))
        .id(diagnostic.code)
        .elements(snippets(marks, texts));
    group = group.elements(diagnostic.help.iter().map(|it| Level::HELP.message(plain::lines(it))));
    group
        .elements(notes)
        .elements(diagnostic.notes.iter().map(|it| Level::NOTE.message(plain::lines(it))))
}

/// The path of a value that a file could hold and does not, without the `spec` that all fields
/// stand in.
fn unwritten(place: &Place, at: &Located<'_>) -> Option<FieldPath> {
    let (Place::Value { path, .. }, Some((source, _))) = (place, &at.text) else { return None };
    let is_spec = matches!(path.steps().first(), Some(Step::Key(key)) if key == "spec");
    (!source.is_written(path))
        .then(|| path.steps().iter().skip(usize::from(is_spec)).cloned().collect())
}

/// One snippet a file, the file of the finding itself first.
fn snippets<'a>(marks: Vec<Mark<'a>>, texts: &dyn Texts) -> Vec<Element<'a>> {
    let mut files: Vec<(Option<&str>, Vec<Mark<'_>>)> = Vec::new();
    for mark in marks {
        match files.iter_mut().find(|it| it.0 == mark.at.file) {
            Some((_, same)) => same.push(mark),
            None => files.push((mark.at.file, vec![mark])),
        }
    }
    files.into_iter().filter_map(|(file, marks)| snippet(file?, &marks, texts)).collect()
}

fn snippet<'a>(file: &'a str, marks: &[Mark<'a>], texts: &dyn Texts) -> Option<Element<'a>> {
    let file = texts.shown(file);
    let spans = || marks.iter().filter_map(|it| it.at.text.as_ref()).map(|it| &it.1);
    let Some((source, _)) = marks.iter().find_map(|it| it.at.text.as_ref()) else {
        return Some(Origin::path(file).into());
    };
    let text = &source.text;
    // Only the lines between the first and the last mark: what lies around them is neither shown
    // nor looked at.
    let (first, last) = (spans().map(|it| it.start).min()?, spans().map(|it| it.end).max()?);
    let from = text[..first].rfind('\n').map_or(0, |it| it + 1);
    let to = last + text[last..].lines().next().map_or(0, str::len);
    let annotations = marks.iter().filter_map(|mark| {
        let span = mark.at.text.as_ref()?.1.clone();
        Some(mark.kind.span(span.start - from..span.end - from).label(mark.label.clone()))
    });
    let snippet = Snippet::source(plain::same_places(&text[from..to]))
        .path(file)
        .line_start(source.line_column(from).0)
        .annotations(annotations);
    Some(snippet.into())
}
