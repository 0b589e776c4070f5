//! Questions on the terminal. What is not to be seen is read byte by byte into a buffer that never
//! moves, and is wiped.

use std::io::{self, Write as _};

use anyhow::{Context as _, bail};
use zeroize::Zeroizing;

use crate::cli::fold::{columns, folded};

/// Says something on the terminal, folded at its width.
pub fn say(text: &str) {
    let _ = write!(io::stderr(), "{}", folded(text, columns(&io::stderr())));
}

/// Asks, without showing what is typed. Backspace and Ctrl-U correct; Ctrl-C and Ctrl-D end it,
/// with the terminal as it was.
///
/// # Errors
/// When stdin is no terminal, or the answer was broken off.
#[cfg(unix)]
pub fn hidden(prompt: &str, most: usize) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
    use std::os::fd::AsFd as _;

    /// Puts the terminal back, whichever way this ends.
    struct AsItWas(Termios);
    impl Drop for AsItWas {
        fn drop(&mut self) {
            let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
            say("\n");
        }
    }

    let mut terminal = std::fs::File::from(
        io::stdin().as_fd().try_clone_to_owned().context("cannot read the terminal")?,
    );
    let before = tcgetattr(&terminal).context("stdin is no terminal")?;
    let mut quiet = before.clone();
    // Signals too: whoever is killed here leaves a terminal that shows nothing any more.
    quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
    let guard = AsItWas(before);
    tcsetattr(&terminal, OptionalActions::Flush, &quiet)
        .context("cannot keep the terminal from showing what is typed")?;
    say(prompt);
    let answer = read(&mut terminal, most);
    drop(guard);
    answer
}

/// There is no terminal to ask on that would not show the answer.
#[cfg(not(unix))]
pub fn hidden(_: &str, _: usize) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    bail!(
        "this system's terminal cannot be kept from showing what is typed: use --from-stdin, \
         --from-file or --from-env"
    )
}

/// Asks for what may be seen: the terminal itself shows it, and corrects.
///
/// # Errors
/// When the terminal is gone, or the answer was broken off.
pub fn shown(prompt: &str, most: usize) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    say(prompt);
    #[cfg(unix)]
    {
        use std::os::fd::AsFd as _;
        // Not the standard library's reader, which would keep what was typed ahead for the next
        // question.
        let mut terminal = std::fs::File::from(
            io::stdin().as_fd().try_clone_to_owned().context("cannot read the terminal")?,
        );
        read(&mut terminal, most)
    }
    #[cfg(not(unix))]
    read(&mut io::stdin().lock(), most)
}

/// Reads a line of a terminal that hands over each key.
fn read(from: &mut dyn io::Read, most: usize) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    // All of it from the beginning: a buffer that grew would leave pieces behind.
    let mut answer = Zeroizing::new(Vec::with_capacity(most + 1));
    let mut key = Zeroizing::new([0_u8; 1]);
    loop {
        match from.read(&mut *key) {
            Ok(1) => {}
            Ok(_) => bail!("nothing was entered, or the terminal is gone; nothing was sealed"),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error).context("cannot read the terminal"),
        }
        match key[0] {
            b'\r' | b'\n' => return Ok(answer),
            CTRL_C => bail!("interrupted; nothing was sealed"),
            CTRL_D => bail!("nothing was entered; nothing was sealed"),
            CTRL_U => answer.clear(),
            BACKSPACE | DELETE => {
                // A whole character: the bytes that follow its first one, and that one.
                while answer.pop().is_some_and(|it| it & 0xc0 == 0x80) {}
            }
            _ if answer.len() > most => {}
            key => answer.push(key),
        }
    }
}

const CTRL_C: u8 = 3;
const CTRL_D: u8 = 4;
const BACKSPACE: u8 = 8;
const CTRL_U: u8 = 21;
const DELETE: u8 = 127;

#[cfg(test)]
mod tests {
    use super::read;

    fn typed(keys: &[u8]) -> Result<Vec<u8>, String> {
        read(&mut &*keys, 8).map(|it| it.to_vec()).map_err(|it| it.to_string())
    }

    #[test]
    fn keys_do_what_people_expect() {
        assert_eq!(typed(b"abc\r"), Ok(b"abc".to_vec()));
        assert_eq!(typed(b"abx\x7fc\n"), Ok(b"abc".to_vec()));
        assert_eq!(typed("aé\u{7f}b\r".as_bytes()), Ok(b"ab".to_vec()), "a whole character");
        assert_eq!(typed(b"wrong\x15right\r"), Ok(b"right".to_vec()));
        assert_eq!(typed(b"\x7f\x08\r"), Ok(Vec::new()));
        assert!(typed(b"ab\x03").is_err() && typed(b"\x04").is_err() && typed(b"ab").is_err());
        assert_eq!(
            typed(b"0123456789\r").map(|it| it.len()),
            Ok(9),
            "one more than is taken, so that it is told"
        );
    }
}
