//! A terminal of a given width for a program, and answers to its questions.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    process::Command,
};

use rustix::{
    fs::{Mode, OFlags, open},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};

/// The output on the terminal with what was typed, and the exit code.
#[derive(Debug)]
pub struct Talk {
    pub said: String,
    pub code: i32,
}

/// Runs a program on a terminal with this many columns. A question ends with a colon and a space;
/// `answer` is given all output so far.
pub fn talk(mut command: Command, columns: u16, answer: &mut dyn FnMut(&str) -> String) -> Talk {
    let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&controller).expect("ours");
    unlockpt(&controller).expect("ours");
    tcsetwinsize(&controller, Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 })
        .expect("a size");
    let name = ptsname(&controller, Vec::new()).expect("a name");
    let terminal = || {
        File::from(
            open(&name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("the other end"),
        )
    };
    let mut child =
        command.stdin(terminal()).stdout(terminal()).stderr(terminal()).spawn().expect("it runs");
    // The command holds the other end, which would never close.
    drop(command);
    let mut controller = File::from(controller);
    let mut bytes = Vec::new();
    loop {
        let mut some = [0; 4096];
        // Reading ends in an error once the other end is closed everywhere.
        let Ok(read @ 1..) = controller.read(&mut some) else { break };
        bytes.extend_from_slice(&some[..read]);
        if bytes.ends_with(b": ") {
            let typed = answer(&String::from_utf8_lossy(&bytes));
            controller.write_all(format!("{typed}\r").as_bytes()).expect("typed");
        }
    }
    let code = child.wait().expect("it ends").code().unwrap_or(-1);
    Talk { said: String::from_utf8_lossy(&bytes).replace("\r\n", "\n"), code }
}
