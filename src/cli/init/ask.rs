//! A question on the terminal whose answer is visible: repeated until the answer is valid or
//! empty.

use std::io::{BufRead, Read as _};

use anyhow::{Context as _, bail};

use crate::units::error::ValueError;

/// The longest answer, in bytes.
const MOST: u64 = 4096;

/// Asks until the answer passes `check`; an empty answer skips the question.
///
/// # Errors
/// When the terminal is gone or the input was closed (Ctrl-D).
pub(super) fn ask(
    question: &str,
    check: impl Fn(&str) -> Result<String, ValueError>,
    from: &mut dyn BufRead,
    say: &mut dyn FnMut(&str),
) -> anyhow::Result<Option<String>> {
    loop {
        say(&format!("{question}: "));
        let mut line = Vec::new();
        let read =
            from.take(MOST).read_until(b'\n', &mut line).context("cannot read the terminal")?;
        if read == 0 {
            say("\n");
            bail!("interrupted; nothing was written");
        }
        let answer = String::from_utf8_lossy(&line);
        let answer = answer.trim();
        if answer.is_empty() {
            return Ok(None);
        }
        match check(answer) {
            Ok(answer) => return Ok(Some(answer)),
            Err(why) => say(&format!("  {why}\n")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ask;

    fn asked(typed: &str) -> (Result<Option<String>, String>, String) {
        let mut said = String::new();
        let check = |text: &str| {
            if text == "right" {
                Ok(text.to_owned())
            } else {
                Err(format!("`{text}` is wrong").into())
            }
        };
        let answer = ask("What", check, &mut typed.as_bytes(), &mut |it| said += it);
        (answer.map_err(|it| it.to_string()), said)
    }

    #[test]
    fn it_is_asked_again_until_it_is_right() {
        assert_eq!(
            asked("wrong\nright\n"),
            (Ok(Some("right".to_owned())), "What:   `wrong` is wrong\nWhat: ".to_owned())
        );
        assert_eq!(asked(" right \r\n").0, Ok(Some("right".to_owned())));
        assert_eq!(asked("\n").0, Ok(None));
        assert!(asked("wrong\n").0.is_err_and(|it| it.contains("nothing was written")));
    }
}
