//! Opens a value sealed on standard input, for the judges: `open_sealed KEY.pem SCOPE [NAMESPACE
//! [NAME]] < ciphertext`; its bytes go to standard output.

#![expect(clippy::disallowed_methods, reason = "the judges name files to read")]

use std::{
    env,
    error::Error,
    fs,
    io::{self, Write as _},
};

use espalier::seal::value::SealingScope;

#[path = "../tests/it/seal/open.rs"]
mod open;

const USAGE: &str = "open_sealed KEY.pem (strict NAMESPACE NAME | namespace-wide NAMESPACE | \
                     cluster-wide) < ciphertext";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (key, scope) = match *arguments {
        [key, "strict", namespace, name] => (key, SealingScope::Strict { namespace, name }),
        [key, "namespace-wide", namespace] => (key, SealingScope::NamespaceWide { namespace }),
        [key, "cluster-wide"] => (key, SealingScope::ClusterWide),
        _ => return Err(USAGE.into()),
    };
    let key = fs::read_to_string(key).map_err(|it| format!("{key}: {it}"))?;
    let value = open::open(&key, scope, io::read_to_string(io::stdin())?.trim())?;
    Ok(io::stdout().write_all(&value)?)
}
