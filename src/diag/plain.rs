//! Text of files on its way to a person: what a terminal, a page or a workflow would obey is shown.
//!
//! A file may be a stranger's. Its text can hold what moves a cursor or writes the clipboard, letters
//! that turn the reading direction or are not seen, the markup of a page, or a line that a workflow
//! takes for a command. Each verb says through here what it read.

use std::{borrow::Cow, fmt::Write as _};

/// Several lines as a terminal may show them: line breaks and tabs stay.
pub fn lines(text: &str) -> Cow<'_, str> {
    shown(text, |it| !matches!(it, '\n' | '\t'))
}

/// The same on one line.
pub fn line(text: &str) -> Cow<'_, str> {
    shown(text, |_| true)
}

/// What is left of a line that was made with colors, when nothing but colors may go through: a
/// second net below what each verb says.
pub fn colored(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|it| is_obeyed(it) && !matches!(it, '\n' | '\t')) {
        return Cow::Borrowed(text);
    }
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find('\u{1b}') {
        out += &lines(&rest[..at]);
        rest = &rest[at..];
        let end = color(rest).unwrap_or(0);
        out += &rest[..end];
        rest = &rest[end..];
        if end == 0 {
            out.push('␛');
            rest = &rest['\u{1b}'.len_utf8()..];
        }
    }
    out += &lines(rest);
    Cow::Owned(out)
}

/// The length of the color at the start of a text: `ESC [ digits and semicolons m`.
fn color(text: &str) -> Option<usize> {
    let figures = text.strip_prefix("\u{1b}[")?;
    let end = figures.find(|it: char| !it.is_ascii_digit() && it != ';')?;
    figures[end..].starts_with('m').then_some("\u{1b}[".len() + end + 1)
}

/// One line as Markdown and HTML read it: no character of it is markup, a mention or a link.
pub fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for it in line(text).chars() {
        if it.is_ascii_punctuation() && !matches!(it, '-' | '.' | ',' | '/' | ':' | ';' | '(' | ')') {
            write!(out, "&#{};", u32::from(it)).expect("a String takes all");
        } else {
            out.push(it);
        }
    }
    out
}

/// Several lines as a block of Markdown that none of them ends.
pub fn fenced(language: &str, text: &str) -> String {
    let text = lines(text);
    let longest = text.split(|it| it != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(3.max(longest + 1));
    let end = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
    format!("{fence}{language}\n{text}{end}{fence}\n")
}

/// Replaces what would be obeyed, where `is_meant` does not let it through, and breaks the two
/// beginnings of a line that GitHub's runner takes for a command, wherever a log shows them.
fn shown(text: &str, is_meant: impl Fn(char) -> bool) -> Cow<'_, str> {
    let is_replaced = |it: char| is_obeyed(it) && is_meant(it);
    let is_command = |it: &str| {
        let it = it.trim_start_matches([' ', '\t', '+', '-']);
        it.starts_with("::") || it.contains("##[")
    };
    if !text.contains(is_replaced) && !text.split('\n').any(is_command) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            out.push(if is_replaced('\n') { '␊' } else { '\n' });
        }
        let escaped = is_command(line).then(|| line.replacen("::", ":\\:", 1).replace("##[", "#\\#["));
        for it in escaped.as_deref().unwrap_or(line).chars() {
            if is_replaced(it) { symbol(it, &mut out) } else { out.push(it) }
        }
    }
    Cow::Owned(out)
}

/// A character that changes what is shown around it, or is not seen at all.
fn is_obeyed(it: char) -> bool {
    it.is_control()
        || matches!(it,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
            | '\u{8e2}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Its picture, where Unicode has one; else its number.
fn symbol(it: char, out: &mut String) {
    match u32::from(it) {
        code @ 0..0x20 => out.push(char::from_u32(0x2400 + code).unwrap_or('\u{fffd}')),
        0x7f => out.push('␡'),
        code => write!(out, "<U+{code:04X}>").expect("a String takes all"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_shown() {
        assert_eq!(lines("a\tb\nc"), "a\tb\nc");
        assert_eq!(lines("x\u{1b}]52;c;cHduZWQ=\u{7}\r\n"), "x␛]52;c;cHduZWQ=␇␍\n");
        assert_eq!(line("a\nb\u{9b}2J"), "a␊b<U+009B>2J");
        assert_eq!(line("user\u{202e}nimda\u{200b}"), "user<U+202E>nimda<U+200B>");
    }

    #[test]
    fn a_line_is_no_command_of_a_workflow() {
        assert_eq!(lines("a\n  ::set-env name=x::y\n"), "a\n  :\\:set-env name=x::y\n");
        assert_eq!(lines("+::stop-commands::x"), "+:\\:stop-commands::x");
        assert_eq!(lines("x ##[error]y"), "x #\\#[error]y");
        assert_eq!(lines("a::b"), "a::b");
    }

    #[test]
    fn colors_go_through_and_nothing_else() {
        assert_eq!(colored("\u{1b}[1;31merror\u{1b}[0m: x\n"), "\u{1b}[1;31merror\u{1b}[0m: x\n");
        assert_eq!(colored("\u{1b}[2J\u{1b}]0;t\u{7}\u{1b}"), "␛[2J␛]0;t␇␛");
    }

    #[test]
    fn markdown_has_no_markup_left() {
        let text = markdown("<img src=x> `a` *b* [c](d) @e #1\n| f");
        assert!(!text.contains(['<', '>', '`', '*', '[', ']', '@', '|', '\n']), "{text}");
        assert_eq!(markdown("ai/ollama: 3.5"), "ai/ollama: 3.5");
    }

    #[test]
    fn a_fence_holds_what_it_is_put_around() {
        assert_eq!(fenced("diff", "a\n````\n"), "`````diff\na\n````\n`````\n");
        assert_eq!(fenced("", "a"), "```\na\n```\n");
    }
}
