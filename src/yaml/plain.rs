//! Whether a text may stand bare, so that YAML 1.1 and 1.2 readers alike take it for this very
//! text.

/// Words that one reader or another takes for a truth value or for nothing, in whatever case.
const WORDS: [&str; 9] = ["y", "n", "yes", "no", "true", "false", "on", "off", "null"];
const LONGEST_WORD: usize = 5;
/// Bytes from which on a text is more often one of several lines.
const LONG: usize = 64;

/// May not stand in a bare text. `#` is one of these: after a space it begins a comment.
const FORBIDDEN: u8 = 1;
const SPACE: u8 = 2;
/// No letter and no digit.
const PUNCTUATION: u8 = 4;
/// A letter that can be part of a number: `0b1`, `1e3`, `0o7`, `0x1`.
const OF_NUMBERS: u8 = 8;

/// What each byte is; all of a text is looked at in one pass without a branch.
const CLASSES: [u8; 256] = {
    let mut classes = [FORBIDDEN; 256];
    let mut byte: u8 = 0;
    while byte < 0x80 {
        classes[byte as usize] = match byte {
            b'b' | b'B' | b'e' | b'E' | b'o' | b'O' | b'x' | b'X' => OF_NUMBERS,
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => 0,
            b' ' => SPACE,
            b'/' | b'.' | b'-' | b'_' | b':' | b'=' | b'@' | b'+' | b'(' | b')' | b';' | b'%'
            | b'$' | b',' | b'\'' | b'!' | b'?' | b'*' | b'&' | b'<' | b'>' | b'~' | b'^' => {
                PUNCTUATION
            }
            _ => FORBIDDEN,
        };
        byte += 1;
    }
    classes
};

/// Whether the text needs no quotes, as a value and as a key of a block map.
///
/// It is narrow on purpose: whatever is not surely a text for everybody is quoted. Rejected: the
/// rules of one reader (each has its own idea of `0o7`, `1_000`, `12:30:45` and `on`).
pub fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (Some(&first), Some(&last)) = (bytes.first(), bytes.last()) else { return false };
    // A script or a file is told by its first line's end, not by all that it holds.
    if bytes.len() > LONG && bytes.contains(&b'\n') {
        return false;
    }
    let seen = bytes.iter().fold(0, |seen, &byte| seen | CLASSES[usize::from(byte)]);
    let opens = match first {
        b'a'..=b'z' | b'A'..=b'Z' => !is_word(text),
        b'/' => true,
        // Some readers take underscores out before they look for a number.
        b'_' => bytes.len() > 1 && bytes[1].is_ascii_alphabetic(),
        // An amount (`500m`, `2Gi`, `30s`): digits and a unit, none of whose letters can be part of
        // a number.
        b'0'..=b'9' => last.is_ascii_alphabetic() && seen == 0,
        // A command's long option; a single `-` may begin a number or a list.
        b'-' => bytes.len() > 2 && bytes[1] == b'-' && bytes[2].is_ascii_alphabetic(),
        _ => false,
    };
    opens
        && seen & FORBIDDEN == 0
        && last != b':'
        && (seen & SPACE == 0 || (last != b' ' && !bytes.windows(2).any(|two| two == b": ")))
}

/// Whether the text is one of the words. Length and first letter settle it for most: this is asked
/// twice a line.
pub(super) fn is_word(text: &str) -> bool {
    text.len() <= LONGEST_WORD
        && matches!(
            text.as_bytes().first(),
            Some(b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O')
        )
        && WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}
