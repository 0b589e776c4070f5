//! Makes the text of files safe to show: what a terminal, a page or a workflow would act on becomes
//! visible.
//!
//! A file may come from anyone. Its text can hold escape sequences that move the cursor or write
//! the clipboard, characters that change the reading direction or are invisible, the markup of a
//! page, or a line that a workflow takes for a command. Every command prints what it read through
//! this module.

use std::{borrow::Cow, fmt::Write as _};

/// Several lines as a terminal may show them: line breaks and tabs stay.
pub fn lines(text: &str) -> Cow<'_, str> {
    shown(text, |it| !matches!(it, '\n' | '\t'))
}

/// The same on one line.
pub fn line(text: &str) -> Cow<'_, str> {
    shown(text, |_| true)
}

/// A text that was made with colors, of which nothing but the colors may pass: a second check of
/// whatever a command prints.
pub fn colored(text: &str) -> Cow<'_, str> {
    let is_harmless = |character: char| !is_active(character) || matches!(character, '\n' | '\t');
    if text.chars().all(is_harmless) && !text.split('\n').any(is_command) {
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
    let end = figures.find(|character: char| !character.is_ascii_digit() && character != ';')?;
    figures[end..].starts_with('m').then_some("\u{1b}[".len() + end + 1)
}

/// JSON with the same values, in which characters that a terminal would act on are escaped as JSON
/// escapes.
pub fn json(text: &str) -> Cow<'_, str> {
    let is_harmless = |character: char| !is_active(character) || character == '\n';
    if text.chars().all(is_harmless) && !text.contains(RUNNER) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_harmless(character) {
            out.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}").expect("a String takes all");
            }
        }
    }
    Cow::Owned(out.replace(RUNNER, "#\\u0023["))
}

/// The lines of a text whose bytes are counted: what GitHub's runner takes for a command anywhere
/// in a line is broken without changing a place.
pub fn same_places(text: &str) -> Cow<'_, str> {
    if text.contains(RUNNER) {
        Cow::Owned(text.replace(RUNNER, "#_["))
    } else {
        Cow::Borrowed(text)
    }
}

/// What GitHub's runner takes for a command, anywhere in a line.
const RUNNER: &str = "##[";

/// Whether GitHub's runner takes a line for a command, `::name …::…`: white space before it does
/// not matter to the runner, and a difference's sign stands before what a file has.
fn is_command(line: &str) -> bool {
    let is_before = |character: char| character.is_whitespace() || matches!(character, '+' | '-');
    let command = line.trim_start_matches(is_before).strip_prefix("::");
    command.is_some_and(|it| it.contains("::")) || line.contains(RUNNER)
}

/// One line as Markdown and HTML read it: no character of it is markup, a mention or a link.
pub fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in line(text).chars() {
        if character.is_ascii_punctuation()
            && !matches!(character, '-' | ',' | '/' | ';' | '(' | ')')
        {
            write!(out, "&#{};", u32::from(character)).expect("a String takes all");
        } else {
            out.push(character);
        }
    }
    out
}

/// Several lines as a fenced block of Markdown, whose fence is longer than any in the text.
pub fn guarded(language: &str, text: &str) -> String {
    let text = lines(text);
    let longest = text.split(|it| it != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(3.max(longest + 1));
    let end = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
    format!("{fence}{language}\n{text}{end}{fence}\n")
}

/// Replaces active characters for which `is_unwanted` is true, and breaks the two forms of a line
/// that GitHub's runner takes for a command.
fn shown(text: &str, is_unwanted: impl Fn(char) -> bool) -> Cow<'_, str> {
    let is_replaced = |character: char| is_active(character) && is_unwanted(character);
    if !text.contains(is_replaced) && !text.split('\n').any(is_command) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            out.push(if is_replaced('\n') { '␊' } else { '\n' });
        }
        let escaped =
            is_command(line).then(|| line.replacen("::", ":\\:", 1).replace(RUNNER, "#\\#["));
        for character in escaped.as_deref().unwrap_or(line).chars() {
            if is_replaced(character) { symbol(character, &mut out) } else { out.push(character) }
        }
    }
    Cow::Owned(out)
}

/// A character that changes what is shown around it, or is not seen at all.
fn is_active(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
            | '\u{890}' | '\u{891}' | '\u{8e2}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Its picture, where Unicode has one; else its number.
fn symbol(character: char, out: &mut String) {
    match u32::from(character) {
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
        for space in ["\u{a0}", "\u{1680}", "\u{2000}", "\u{202f}", "\u{3000}"] {
            assert_eq!(lines(&format!("+{space}::x::y")), format!("+{space}:\\:x::y"));
            assert_eq!(colored(&format!("{space}::x::y")), format!("{space}:\\:x::y"));
        }
        assert_eq!(colored("x ##[error]y"), "x #\\#[error]y");
        assert_eq!(lines("a::b"), "a::b");
        assert_eq!(lines("  ::: spec/platform.yaml:7:49"), "  ::: spec/platform.yaml:7:49");
        assert_eq!(lines("  ::: spec/a::b.yaml:7:49"), "  :\\:: spec/a::b.yaml:7:49");
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
        assert_eq!(markdown("ai/ollama"), "ai/ollama");
        for link in ["https://evil.example", "www.evil.example", "a@evil.example", ":tada:"] {
            let text = markdown(link);
            assert!(!text.contains([':', '.', '@']), "{text}");
        }
    }

    #[test]
    fn json_keeps_its_values() {
        let value = "a\u{1f}\u{200b}\u{202e}\u{7f}\u{e0001}\u{9b} ##[error]b\n::x\"";
        let text = serde_json::to_string_pretty(&[value]).expect("JSON");
        let safe = json(&text);
        assert!(
            !safe.contains(RUNNER) && safe.chars().all(|it| it == '\n' || !is_active(it)),
            "{safe}"
        );
        assert_eq!(serde_json::from_str::<Vec<String>>(&safe).expect("still JSON"), [value]);
    }

    #[test]
    fn a_fence_holds_what_it_is_put_around() {
        assert_eq!(guarded("diff", "a\n````\n"), "`````diff\na\n````\n`````\n");
        assert_eq!(guarded("", "a"), "```\na\n```\n");
    }
}
