//! Findings about a text that is not YAML, from the parser's errors.

use std::sync::Arc;

use granit_parser::{ErrorKind, ScanError};

use crate::diag::{
    code,
    diagnostic::{Diagnostic, Place},
};

use super::{hints, odd};

/// How many lines above an error may hold its cause.
const LINES_BEFORE: usize = 2;

pub(super) const TAB_MESSAGE: &str = "a tab is used where YAML allows only spaces";
pub(super) const TAB_HELP: &str = "indent with spaces";

/// The first character that no YAML text has, and at which some readers end without a word.
pub(super) fn forbidden(file: &Arc<str>, text: &str) -> Option<Diagnostic> {
    // One quick look at all bytes, for there is nearly never anything to find; the last three begin
    // U+0085, U+2028 and U+FEFF.
    let is_suspect = |byte: &u8| matches!(byte, 0..=8 | 11..=31 | 0x7f | 0xc2 | 0xe2 | 0xef);
    if !text.as_bytes().iter().any(is_suspect) {
        return None;
    }
    let is_forbidden = |(at, c): &(usize, char)| match c {
        // A line of an old Mac ends here for a parser, and for no editor.
        '\r' => text.as_bytes().get(at + 1) != Some(&b'\n'),
        // A line ends here for readers of YAML 1.1, and not for those of 1.2.
        '\u{85}' | '\u{2028}' | '\u{2029}' => true,
        _ => {
            c.is_ascii_control() && !matches!(c, '\n' | '\t')
                || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}')
        }
    };
    let (at, c) = text.char_indices().find(is_forbidden)?;
    let place = Place::Span { file: Arc::clone(file), span: at..at + c.len_utf8() };
    let what = match c {
        '\u{2028}' | '\u{2029}' => "line separator",
        '\u{feff}' => "invisible byte-order mark",
        _ => "control character",
    };
    let message = format!("the {what} U+{:04X} is not allowed in YAML", u32::from(c));
    Some(
        code::YAML_SYNTAX
            .at(place, message)
            .help("remove it, or write it as an escape in double quotes"),
    )
}

/// The finding that a parser's error becomes.
pub(super) fn finding(file: &Arc<str>, text: &str, error: &ScanError) -> Diagnostic {
    let at = offset(text, error);
    let place = |from: usize, to: usize| Place::Span { file: Arc::clone(file), span: from..to };
    if let Some(tab) = tab(text, at, error.kind()) {
        return code::TAB.at(place(tab, tab + 1), TAB_MESSAGE).help(TAB_HELP);
    }
    if let ErrorKind::RecursionLimitExceeded = error.kind() {
        return code::NESTED_TOO_DEEP
            .at(place(at, at), "a value is nested deeper than in any spec");
    }
    // A quote may have been opened anywhere above.
    let is_quote = matches!(
        error.kind(),
        ErrorKind::UnclosedQuotedScalar | ErrorKind::DocumentIndicatorInQuotedScalar
    );
    let odd = odd::first_in_lines(text, at, LINES_BEFORE)
        .or_else(|| is_quote.then(|| odd::first(text, 0..text.len())).flatten());
    if let Some(finding) = odd.and_then(|at| odd::finding(file, text, at)) {
        return finding;
    }
    if let Some((colon, key, value)) = missing_space(text, at) {
        let finding =
            code::YAML_SYNTAX.at(place(colon, colon + 1), "the space after `:` is missing");
        return finding.help(format!("write `{key}: {value}`"));
    }
    let (message, help) = words(error.kind());
    let message =
        message.map_or_else(|| format!("this is not YAML: {}", error.info()), str::to_owned);
    let mut finding = code::YAML_SYNTAX.at(place_of(file, text, error), message);
    finding.help.extend(help.map(str::to_owned));
    finding
}

/// The place that the parser gives.
pub(super) fn place_of(file: &Arc<str>, text: &str, error: &ScanError) -> Place {
    let at = offset(text, error);
    let end =
        at + text[at..].chars().next().filter(|c| !c.is_whitespace()).map_or(0, char::len_utf8);
    Place::Span { file: Arc::clone(file), span: at..end }
}

fn offset(text: &str, error: &ScanError) -> usize {
    text.floor_char_boundary(error.marker().byte_offset().unwrap_or(text.len()).min(text.len()))
}

/// `replicas:1` in the line of the error or in the one above it: where its `:` stands, the key and
/// the value.
fn missing_space(text: &str, at: usize) -> Option<(usize, &str, &str)> {
    let line_of = |at: usize| {
        let start = text[..at].rfind('\n').map_or(0, |it| it + 1);
        (start, text[start..].lines().next().unwrap_or_default())
    };
    let (start, line) = line_of(at);
    let above = line_of(text[..start].trim_end().len());
    [(start, line), above].into_iter().find_map(|(start, line)| {
        let bare = line.trim_start();
        let (key, value) = hints::spaced(bare.trim_end())?;
        let indentation = start + line.len() - bare.len();
        Some((indentation + bare.find(':').unwrap_or(key.len()), key, value))
    })
}

/// The tab that is to blame, if one is.
fn tab(text: &str, at: usize, kind: &ErrorKind) -> Option<usize> {
    let line = text[..at].rfind('\n').map_or(0, |it| it + 1);
    let indentation = text[line..].len() - text[line..].trim_start_matches([' ', '\t']).len();
    if let Some(tab) = text[line..line + indentation].find('\t') {
        return Some(line + tab);
    }
    let is_tab = matches!(
        kind,
        ErrorKind::TabNotAllowed
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabInIndentation
            | ErrorKind::TabAtBlockScalarStart
            | ErrorKind::TabInPlainScalar
    );
    is_tab
        .then(|| text[at..].find('\t').map(|it| at + it).or_else(|| text[..at].rfind('\t')))
        .flatten()
}

/// The message and the help for an error; none where the parser's own message is used.
fn words(kind: &ErrorKind) -> (Option<&'static str>, Option<&'static str>) {
    let (message, help) = match kind {
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => (
            "a `:` is written where no value can begin",
            "put a string with `: ` in it in quotes; a key has a line of its own",
        ),
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            ("a key has no `:` after it", "write `key: value`")
        }
        ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::InvalidIndentation
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::ExpectedDocumentStart => (
            "this line does not match the structure above it",
            "indent it like its neighbours, with spaces",
        ),
        ErrorKind::UnclosedQuotedScalar | ErrorKind::DocumentIndicatorInQuotedScalar => {
            ("a quote is not closed", "write the closing quote")
        }
        ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnclosedFlowCollection { open: '[' }
        | ErrorKind::ExpectedFlowSequenceSeparator => (
            "a list that begins with `[` is not closed, or a comma is missing",
            "write `,` between two items and `]` at the end",
        ),
        ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnclosedFlowCollection { .. }
        | ErrorKind::ExpectedFlowMappingSeparator => (
            "a map that begins with `{` is not closed, or a comma is missing",
            "write `,` between two fields and `}` at the end",
        ),
        ErrorKind::MisplacedFlowCollectionEnd | ErrorKind::MismatchedFlowCollectionEnd { .. } => (
            "this closing bracket has no opening bracket",
            "put a string with brackets in it in quotes",
        ),
        ErrorKind::UnexpectedCharacter { .. } | ErrorKind::MissingAnchorOrAliasName => {
            ("a string without quotes cannot begin with this character", "put the string in quotes")
        }
        ErrorKind::UnknownQuotedScalarEscape | ErrorKind::InvalidQuotedScalarHexEscape => (
            "this is not an escape that double quotes allow",
            "write `\\\\` for a backslash, or put the string in single quotes",
        ),
        ErrorKind::InvalidTrailingDoubleQuotedScalar
        | ErrorKind::InvalidTrailingSingleQuotedScalar => {
            ("something follows the closing quote", "put the whole string in one pair of quotes")
        }
        ErrorKind::InvalidBlockScalarIndent => (
            "this line of the block is indented less than its first",
            "indent all its lines at least as far as the first one",
        ),
        ErrorKind::BlockSequenceEntryNotAllowed | ErrorKind::BlockEntryInFlowCollection => {
            ("a list item cannot begin here", "begin the list on the next line")
        }
        _ => return (None, None),
    };
    (Some(message), Some(help))
}
