//! The `espalier` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    espalier::program()
}
