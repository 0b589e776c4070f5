//! Quoting words for a shell.

/// Quotes a word for a POSIX shell.
pub fn quoted(word: &str) -> String {
    let is_plain =
        |character: char| character.is_ascii_alphanumeric() || "-_./:=@%+,^".contains(character);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_word_is_quoted_where_a_shell_would_take_it_apart() {
        assert_eq!(quoted("refs/tags/tree-1"), "refs/tags/tree-1");
        assert_eq!(quoted("Release it; it's $HOME"), r"'Release it; it'\''s $HOME'");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("-m\n"), "'-m\n'");
    }
}
