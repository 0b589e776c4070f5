//! Characters that look like YAML's own and are none: spaces that editors and web pages put in,
//! quotes that are typeset.

use std::{ops::Range, sync::Arc};

use crate::diag::{
    code,
    diagnostic::{Diagnostic, Place},
};

/// What a character is called, with its article, and what to write in its place; nothing for a
/// character that may stand in a bare text.
fn looks_like(character: char) -> Option<(&'static str, &'static str)> {
    Some(match character {
        '\u{a0}' | '\u{202f}' => ("a no-break space", "replace it with a space"),
        '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{205f}' | '\u{3000}' => {
            ("a typographic space", "replace it with a space")
        }
        '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}'
        | '\u{feff}' => ("an invisible character", "remove it"),
        '\u{ab}' | '\u{bb}' | '\u{201c}'..='\u{201f}' | '\u{2033}' | '\u{ff02}' => {
            ("a typographic quote", "replace it with `\"`")
        }
        '\u{2018}'..='\u{201b}' | '\u{2032}' | '\u{ff07}' => {
            ("a typographic quote", "replace it with `'`")
        }
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ff0d}' => {
            ("a typographic dash", "replace it with `-`")
        }
        '\u{ff1a}' => ("a full-width colon", "replace it with `:`"),
        '\u{ff0c}' => ("a full-width comma", "replace it with `,`"),
        _ => return None,
    })
}

/// The first such character of a stretch of a text. Nothing of a spec has one, but in quotes and in
/// comments.
pub(super) fn first(text: &str, stretch: Range<usize>) -> Option<usize> {
    let part = text.get(stretch.clone())?;
    if part.is_ascii() {
        return None;
    }
    part.char_indices().find(|it| looks_like(it.1).is_some()).map(|it| stretch.start + it.0)
}

/// The first one of some lines, comments and quoted texts aside; `to` is in the last line that is
/// looked at, which is looked at whole.
pub(super) fn first_in_lines(text: &str, to: usize, lines_before: usize) -> Option<usize> {
    let mut from = text[..to].rfind('\n').map_or(0, |it| it + 1);
    for _ in 0..lines_before {
        from = text[..from].trim_end().rfind('\n').map_or(0, |it| it + 1);
    }
    let end = to + text[to..].find('\n').unwrap_or(text.len() - to);
    let (mut quote, mut before) = (None, '\n');
    for (at, character) in text[from..end].char_indices() {
        match (quote, character) {
            (Some(_), '\n') => quote = None,
            (Some(open), close) if close == open && open != '#' => quote = None,
            (None, '#') if before.is_whitespace() => quote = Some('#'),
            (None, '"' | '\'') if before.is_whitespace() || matches!(before, '[' | '{' | ',') => {
                quote = Some(character);
            }
            (None, other) if looks_like(other).is_some() => return Some(from + at),
            _ => (),
        }
        before = character;
    }
    None
}

/// The finding about the character at a place.
pub(super) fn finding(file: &Arc<str>, text: &str, at: usize) -> Option<Diagnostic> {
    let character = text.get(at..)?.chars().next()?;
    let (what, help) = looks_like(character)?;
    let place = Place::Span { file: Arc::clone(file), span: at..at + character.len_utf8() };
    let message =
        format!("{what} (U+{:04X}) is not valid here: YAML has none", u32::from(character));
    Some(code::YAML_SYNTAX.at(place, message).help(help))
}
