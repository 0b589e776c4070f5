//! Texts as YAML scalars: bare, as a block or in double quotes.

use super::plain::{is_plain, is_word};

/// Writes a text on one line, bare or in double quotes: the form of a key.
pub(super) fn line(out: &mut Vec<u8>, text: &str) {
    if is_plain(text) { out.extend_from_slice(text.as_bytes()) } else { quoted(out, text) }
}

/// Writes a struct's key: a name in a program, so that nothing but a word can be taken for
/// something else.
pub(super) fn field(out: &mut Vec<u8>, name: &'static str) {
    debug_assert!(is_word(name) || is_plain(name), "`{name}` is no name of a field");
    if is_word(name) { quoted(out, name) } else { out.extend_from_slice(name.as_bytes()) }
}

/// Writes a text as a value; `indent` is where a block's lines begin.
pub(super) fn value(out: &mut Vec<u8>, text: &str, indent: usize) {
    if is_plain(text) {
        out.extend_from_slice(text.as_bytes());
    } else if is_block(text) {
        block(out, text, indent);
    } else {
        quoted(out, text);
    }
}

/// Writes `n` spaces.
pub(super) fn pad(out: &mut Vec<u8>, n: usize) {
    const SPACES: [u8; 16] = [b' '; 16];
    let end = out.len() + n;
    // Most are few: a piece of fixed length is written without a call.
    out.extend_from_slice(&SPACES);
    if n <= SPACES.len() { out.truncate(end) } else { out.resize(end, b' ') }
}

/// Whether every reader prints and keeps the character as it stands.
fn is_printable(c: char) -> bool {
    // Next line, line and paragraph separator end a line in YAML 1.1; the byte-order mark is
    // dropped by some.
    !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// Whether a text of several lines can stand as a block without a trick: no indentation that must
/// be spelled out, no spaces at a line's end that an editor takes away.
fn is_block(text: &str) -> bool {
    text.as_bytes().contains(&b'\n')
        && !text.starts_with([' ', '\t', '\n'])
        && keeps_its_form(text)
        && !text.split('\n').any(|line| line.ends_with([' ', '\t']))
}

/// Whether every reader keeps all of its characters as they stand in a block.
fn keeps_its_form(text: &str) -> bool {
    let (bytes, mut at) = (text.as_bytes(), 0);
    // Most files are ASCII to their end. A loop, since a chain of closures is what a render without
    // optimisation, as in tests, spends most time in.
    while at < bytes.len() && matches!(bytes[at], b' '..=b'~' | b'\n' | b'\t') {
        at += 1;
    }
    text[at..].chars().all(|c| matches!(c, '\n' | '\t') || is_printable(c))
}

fn block(out: &mut Vec<u8>, text: &str, indent: usize) {
    out.extend_from_slice(match text.len() - text.trim_end_matches('\n').len() {
        0 => b"|-",
        1 => b"|",
        _ => b"|+",
    });
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        out.push(b'\n');
        if !line.is_empty() {
            pad(out, indent.max(2));
            out.extend_from_slice(line.as_bytes());
        }
    }
}

/// Double quotes with the escapes that YAML 1.1, YAML 1.2 and JSON share. JSON's own writer would
/// leave U+007F, U+0085 and U+2028 as they are, which YAML does not take or folds.
fn quoted(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    // Most stand in quotes for what they could be taken for (`True`, `8080`), and have nothing to
    // escape.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\')) {
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
        return;
    }
    let mut done = 0;
    for (at, c) in text.char_indices() {
        let escape: &[u8] = match c {
            '"' => b"\\\"",
            '\\' => b"\\\\",
            '\n' => b"\\n",
            '\t' => b"\\t",
            '\r' => b"\\r",
            _ if is_printable(c) => continue,
            _ => b"",
        };
        out.extend_from_slice(&text.as_bytes()[done..at]);
        done = at + c.len_utf8();
        if escape.is_empty() {
            // All that is not printable lies below U+10000: four digits are enough, and no
            // surrogates are needed.
            out.extend_from_slice(format!("\\u{:04x}", u32::from(c)).as_bytes());
        } else {
            out.extend_from_slice(escape);
        }
    }
    out.extend_from_slice(&text.as_bytes()[done..]);
    out.push(b'"');
}

/// Writes a whole number, without the detour through `fmt`: one line in ten has one.
pub(super) fn whole(out: &mut Vec<u8>, is_negative: bool, mut magnitude: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b"0123456789"[(magnitude % 10) as usize];
        magnitude /= 10;
        if magnitude == 0 {
            break;
        }
    }
    if is_negative {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[at..]);
}

/// Writes a float so that both versions take it for one: with a point, and a sign in the exponent.
///
/// `decimal` and `scientific` are the shortest digits in Rust's `{:?}` and `{:e}`, made by whoever
/// knows the width.
pub(super) fn float(out: &mut Vec<u8>, n: f64, decimal: &str, scientific: &str) {
    let text = if n.is_nan() {
        ".nan".to_owned()
    } else if n.is_infinite() {
        if n > 0.0 { ".inf".to_owned() } else { "-.inf".to_owned() }
    } else if !decimal.contains('e') {
        decimal.to_owned()
    } else {
        let (digits, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
        let point = if digits.contains('.') { "" } else { ".0" };
        let sign = if exponent.starts_with('-') { "" } else { "+" };
        format!("{digits}{point}e{sign}{exponent}")
    };
    out.extend_from_slice(text.as_bytes());
}
