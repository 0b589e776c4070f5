//! Whether a text may stand bare, so that YAML 1.1 and 1.2 readers alike take it for this very text.

/// Words that one reader or another takes for a truth value or for nothing, in whatever case.
const WORDS: [&str; 9] = ["y", "n", "yes", "no", "true", "false", "on", "off", "null"];

/// What may stand in a bare text; `:` and space have rules of their own. Never `#`: after a space it begins a comment.
const fn may_stand(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9')
        || matches!(byte, b'/' | b'.' | b'-' | b'_' | b':' | b'=' | b'@' | b'+' | b'(' | b')' | b';' | b'%' | b'$' | b' ')
        || matches!(byte, b',' | b'\'' | b'!' | b'?' | b'*' | b'&' | b'<' | b'>' | b'~' | b'^')
}

const MAY_STAND: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "the loop ends at 255; a const block has no try_from")]
        let it = byte as u8;
        table[byte] = may_stand(it);
        byte += 1;
    }
    table
};

/// Whether the text needs no quotes, as a value and as a key of a block map.
///
/// It is narrow on purpose: whatever is not surely a text for everybody is quoted. Rejected: the rules of one reader
/// (each has its own idea of `0o7`, `1_000`, `12:30:45` and `on`).
pub fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (Some(&first), Some(&last)) = (bytes.first(), bytes.last()) else { return false };
    let opens = match first {
        b'a'..=b'z' | b'A'..=b'Z' => bytes.len() > 5 || !WORDS.iter().any(|word| word.eq_ignore_ascii_case(text)),
        b'/' | b'_' => true,
        // An amount (`500m`, `2Gi`, `30s`): digits and a unit, none of whose letters can be part of a number.
        b'0'..=b'9' => {
            last.is_ascii_alphabetic()
                && bytes.iter().all(u8::is_ascii_alphanumeric)
                && !bytes.iter().any(|c| matches!(c, b'x' | b'X' | b'e' | b'E' | b'o' | b'O' | b'b' | b'B'))
        }
        // A command's long option; a single `-` may begin a number or a list.
        b'-' => bytes.len() > 2 && bytes[1] == b'-' && bytes[2].is_ascii_alphabetic(),
        _ => false,
    };
    opens && !matches!(last, b':' | b' ') && bytes.iter().all(|&c| MAY_STAND[usize::from(c)]) && !bytes.windows(2).any(|two| two == b": ")
}
