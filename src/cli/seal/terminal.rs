//! Prompts on the terminal. Hidden input is read byte by byte into a buffer that never moves, and
//! is wiped.

use std::io::{self, Write as _};

use anyhow::{Context as _, bail};
use zeroize::Zeroizing;

use crate::cli::fold::{columns, folded};

/// Writes a message to stderr, folded to the width of the terminal.
pub fn say(text: &str) {
    let _ = write!(io::stderr(), "{}", folded(text, columns(&io::stderr())));
}

/// Asks without showing what is typed. Backspace and Ctrl-U edit; Ctrl-C and Ctrl-D cancel and
/// restore the terminal.
///
/// # Errors
/// When stdin is not a terminal, or the input was cancelled.
#[cfg(unix)]
pub fn hidden(prompt: &str, most: usize) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
    use std::os::fd::AsFd as _;

    /// Restores the terminal when dropped.
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
    let before = tcgetattr(&terminal).context("stdin is not a terminal")?;
    let mut quiet = before.clone();
    // Disable signals too: a process that is killed here would leave a terminal without echo.
    quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
    let guard = AsItWas(before);
    tcsetattr(&terminal, OptionalActions::Flush, &quiet).context("cannot hide what is typed")?;
    say(prompt);
    let answer = read(&mut terminal, most);
    drop(guard);
    answer
}

/// Hidden input is not supported on this system.
#[cfg(not(unix))]
pub fn hidden(_: &str, _: usize) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    bail!(
        "on this system, espalier cannot hide what is typed: use --from-stdin, --from-file or \
         --from-env"
    )
}

/// Asks for visible input: the terminal itself shows and edits it.
///
/// # Errors
/// When the terminal is gone, or the input was cancelled.
pub fn shown(prompt: &str, most: usize) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    say(prompt);
    #[cfg(unix)]
    {
        use std::os::fd::AsFd as _;
        // Not the standard library's reader, which would buffer input typed ahead for the next
        // question.
        let mut terminal = std::fs::File::from(
            io::stdin().as_fd().try_clone_to_owned().context("cannot read the terminal")?,
        );
        read(&mut terminal, most)
    }
    #[cfg(not(unix))]
    read(&mut io::stdin().lock(), most)
}

/// Reads a line from a terminal that passes on each key.
fn read(from: &mut dyn io::Read, most: usize) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    // Allocated at its full size: a growing buffer would leave copies in memory.
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
                // Remove a whole character: its continuation bytes, then its first byte.
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
