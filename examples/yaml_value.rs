//! Prints what `serde_yaml` reads in each file named on standard input, one line of JSON a file:
//! the judges compare it with other readers.

#![expect(clippy::disallowed_methods, reason = "the judges name files to read")]
#![expect(clippy::print_stdout, reason = "the judges read it")]

use std::{error::Error, fs, io};

fn main() -> Result<(), Box<dyn Error>> {
    for path in io::stdin().lines() {
        let path = path?;
        let text = fs::read_to_string(&path).map_err(|it| format!("{path}: {it}"))?;
        let value: serde_yaml::Value =
            serde_yaml::from_str(&text).map_err(|it| format!("{path}: {it}"))?;
        println!("{}", serde_json::to_string(&value).map_err(|it| format!("{path}: {it}"))?);
    }
    Ok(())
}
