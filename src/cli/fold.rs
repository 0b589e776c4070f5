//! Folding prose to the width of a terminal, between words. Text to be pasted stays on one line.

use std::{borrow::Cow, io::IsTerminal};

/// The width of a stream's terminal in columns; none if it is not a terminal.
#[cfg(unix)]
pub fn columns(of: &(impl IsTerminal + std::os::fd::AsFd)) -> Option<usize> {
    let size = of.is_terminal().then(|| rustix::termios::tcgetwinsize(of).ok())??;
    Some(usize::from(size.ws_col)).filter(|it| *it > 0)
}

/// The width is unknown on this system.
#[cfg(not(unix))]
pub fn columns(_: &impl IsTerminal) -> Option<usize> {
    None
}

/// Folds a text to the given width. Continuation lines keep the indentation. Words, and text
/// between backticks, are never broken: if they are longer than a line they get their own line,
/// which the terminal wraps without a line break that would be copied.
pub fn folded(text: &str, width: Option<usize>) -> Cow<'_, str> {
    let Some(width) = width.filter(|width| text.lines().any(|it| columns_of(it) > *width)) else {
        return Cow::Borrowed(text);
    };
    let mut out = String::with_capacity(text.len() + 16);
    for line in text.split_inclusive('\n') {
        let (bare, end) = line.strip_suffix('\n').map_or((line, ""), |it| (it, "\n"));
        fold(bare, width, &mut out);
        out.push_str(end);
    }
    Cow::Owned(out)
}

fn fold(line: &str, width: usize, out: &mut String) {
    let text = line.trim_start_matches(' ');
    // With an unpaired backtick it is unknown where the code ends, so leave the line alone.
    if columns_of(line) <= width || line.matches('`').count() % 2 == 1 {
        out.push_str(line);
        return;
    }
    let indent = &line[..line.len() - text.len()];
    out.push_str(indent);
    let (mut at, mut from) = (indent.len(), 0);
    while from < text.len() {
        let piece = piece(&text[from..]);
        let word = piece.trim_end_matches(' ');
        if at > indent.len() && at + columns_of(word) > width {
            // Remove the spaces before the break.
            out.truncate(out.trim_end_matches(' ').len());
            out.push('\n');
            out.push_str(indent);
            at = indent.len();
        }
        out.push_str(piece);
        at += columns_of(piece);
        from += piece.len();
    }
}

/// What may be alone on a line: a word, or words between backticks, with the spaces after them.
fn piece(text: &str) -> &str {
    let (mut is_code, mut is_over) = (false, false);
    let end = text.find(|character| {
        is_code ^= character == '`';
        is_over |= character == ' ' && !is_code;
        is_over && character != ' '
    });
    &text[..end.unwrap_or(text.len())]
}

/// The width of a text in columns; color codes have none.
fn columns_of(text: &str) -> usize {
    let mut is_color = false;
    let is_seen = |character: &char| {
        let was = is_color;
        is_color = if was { *character != 'm' } else { *character == '\u{1b}' };
        !was && !is_color
    };
    text.chars().filter(is_seen).count()
}

#[cfg(test)]
mod tests {
    use super::{columns_of, folded};

    fn at(width: usize, text: &str) -> String {
        folded(text, Some(width)).into_owned()
    }

    #[test]
    fn a_line_is_broken_between_words_only() {
        assert_eq!(at(12, "one two three four\n"), "one two\nthree four\n");
        assert_eq!(at(12, "  one two three\nfits\n"), "  one two\n  three\nfits\n");
        assert_eq!(at(10, "a /very/long/path/to/it b"), "a\n/very/long/path/to/it\nb");
        assert_eq!(at(10, "an address: "), "an\naddress: ", "a question keeps its blank");
        assert_eq!(folded("a b c", None), "a b c");
    }

    #[test]
    fn what_is_pasted_stays_whole() {
        assert_eq!(
            at(16, "next: `espalier seal --reseal`, then"),
            "next:\n`espalier seal --reseal`,\nthen"
        );
        let odd = "an odd ` in a long line";
        assert_eq!(at(8, odd), odd);
    }

    #[test]
    fn colors_take_no_room() {
        assert_eq!(columns_of("\u{1b}[1;31merror\u{1b}[0m: ä"), 8);
        assert_eq!(at(8, "\u{1b}[31merror\u{1b}[0m: ä"), "\u{1b}[31merror\u{1b}[0m: ä");
    }
}
