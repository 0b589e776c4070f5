//! Reading values: once, into memory that is wiped; they are never printed, and never taken from
//! the command line.

#![expect(
    clippy::disallowed_methods,
    reason = "values come from files and variables outside of the repository, into memory that is wiped"
)]

use std::{
    fmt,
    fs::File,
    io::{self, IsTerminal as _, Read},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail, ensure};
use zeroize::Zeroizing;

use super::terminal;
use crate::{
    builder::credential::{CredentialSpec, Key, Value},
    cli::console::count,
    names::Email,
    seal::{hash, private_key},
};

/// The longest accepted value: far below the limits of an environment variable (128 KiB) and a
/// Secret (1 MiB).
const MAX_SIZE: usize = 64 << 10;

/// A value. It is wiped when dropped, and its `Debug` output does not show it.
pub struct Plaintext(Zeroizing<Vec<u8>>, Form);

/// Whether a value is what a person enters, or the form of it that is sealed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Known,
    AsSealed,
}

impl fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plaintext(…)")
    }
}

impl Plaintext {
    /// The bytes of the value.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// A value that was sealed before and is sealed again, byte for byte.
    pub fn opened(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes, Form::AsSealed)
    }

    /// Whether it is already in the form that is sealed, such as a hash.
    pub fn is_as_sealed(&self) -> bool {
        self.1 == Form::AsSealed
    }

    /// Its length in characters.
    fn length(&self) -> usize {
        std::str::from_utf8(&self.0).map_or(self.0.len(), |it| it.chars().count())
    }

    /// A value that was generated here.
    pub fn from_text(text: &Zeroizing<String>) -> Self {
        Self(Zeroizing::new(text.as_bytes().to_owned()), Form::Known)
    }

    /// Reads to the end, into a buffer that never moves: a growing buffer would leave copies in
    /// memory.
    fn read(from: &mut dyn Read, what: &str) -> anyhow::Result<Self> {
        let mut buffer = Zeroizing::new(vec![0_u8; MAX_SIZE + 1]);
        let mut filled = 0;
        while filled < buffer.len() {
            match from.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error).with_context(|| format!("cannot read {what}")),
            }
        }
        ensure!(filled <= MAX_SIZE, "{what} is larger than 64 KiB, which is too large for a value");
        buffer.truncate(filled);
        Ok(Self(buffer, Form::Known).without_line_break())
    }

    /// Removes the line break after a value of one line, because editors and `echo` add one. Other
    /// line breaks stay, and are refused.
    fn without_line_break(mut self) -> Self {
        let first = self.0.iter().position(|it| *it == b'\n');
        if first.is_some_and(|it| it + 1 == self.0.len()) {
            let end = self.0.len() - 1;
            let end = if end > 0 && self.0[end - 1] == b'\r' { end - 1 } else { end };
            self.0.truncate(end);
        }
        self
    }

    /// Checks a value: pods read it as an environment variable, so it has to be text without NUL,
    /// and an e-mail address has to be valid. All values are passwords, keys or names, which go
    /// through shells, URLs, SQL and headers: none takes a control character. The meaning of a
    /// resealed value is not checked again.
    fn judged(self, declared: &CredentialSpec, its: &Key) -> anyhow::Result<Self> {
        let (credential, key) = (declared.name, its.name);
        ensure!(!self.0.is_empty(), "the value of `{key}` of `{credential}` is empty");
        ensure!(
            !self.0.contains(&0),
            "the value of `{key}` of `{credential}` contains a NUL byte, which an environment \
             variable cannot"
        );
        let Ok(text) = std::str::from_utf8(&self.0) else {
            bail!("the value of `{key}` of `{credential}` is not UTF-8")
        };
        if !self.is_as_sealed() {
            ensure!(
                !text.trim().is_empty(),
                "the value of `{key}` of `{credential}` is only white space"
            );
            if matches!(its.value, Value::Pem(_)) {
                ensure!(
                    private_key::is_one(text),
                    "the value of `{key}` of `{credential}` is not one private key in PEM form, \
                     without a password and with nothing around it: `openssl pkey -in FILE -out \
                     key.pem` writes it so"
                );
            } else if let Some(control) = text.chars().find(|it| it.is_control()) {
                let what = match control {
                    '\n' | '\r' => "a line break".to_owned(),
                    '\t' => "a tab".to_owned(),
                    other => format!("the control character U+{:04X}", u32::from(other)),
                };
                bail!(
                    "the value of `{key}` of `{credential}` contains {what}, which a password or \
                     key must not: take another one, in one line"
                );
            }
            // Do not print the value: it may be a password in the wrong place.
            let is_right = !matches!(its.value, Value::Email(_)) || text.parse::<Email>().is_ok();
            ensure!(
                is_right,
                "the value of `{key}` of `{credential}` is not an e-mail address like \
                 `ops@example.org`"
            );
        }
        Ok(self)
    }
}

/// The source of a key's value.
#[derive(Debug)]
pub enum Origin {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
    /// An environment variable.
    Env(String),
    /// Generated here, with this number of letters and digits.
    Made(usize),
    /// Sealed before, and decrypted with the private key.
    Opened(Plaintext),
}

/// The sources of the values of one credential, by key.
pub type Origins = Vec<(&'static Key, Origin)>;

/// Reads the flags `[KEY=]…` of a credential.
///
/// # Errors
/// When a key is not one of the credential's, is named twice, or has to be named.
pub fn origins(
    declared: &'static CredentialSpec,
    args: &super::args::SealArgs,
) -> anyhow::Result<Origins> {
    let mut all: Origins = Vec::new();
    let mut add = |key: &str, origin| {
        let key = key_of(declared, key)?;
        ensure!(
            all.iter().all(|it| it.0 != key),
            "`{}` of `{}` is given twice",
            key.name,
            declared.name
        );
        all.push((key, origin));
        anyhow::Ok(())
    };
    if let Some(key) = &args.from_stdin {
        add(key, Origin::Stdin)?;
    }
    for argument in &args.from_file {
        let (key, file) = split(declared, argument);
        add(key, Origin::File(file.into()))?;
    }
    for argument in &args.from_env {
        let (key, variable) = split(declared, argument);
        add(key, Origin::Env(variable.to_owned()))?;
    }
    for argument in &args.generate {
        let (key, length) = split(declared, argument);
        let length = length.parse().ok().filter(|it| (16..=1024).contains(it));
        let length = length.context(
            "`--generate` takes a length from 16 to 1024 letters and digits, like `--generate \
             32`",
        )?;
        let found = key_of(declared, key)?;
        if let Some(what) = found.value.known() {
            bail!(
                "`{}` of `{}` is {what}: if it were generated here, nobody would know it; \
                 generate one where you keep passwords and pass that with --from-stdin",
                found.name,
                declared.name
            );
        }
        add(key, Origin::Made(length))?;
    }
    Ok(all)
}

/// Splits `KEY=REST` if the credential has that key; otherwise everything is the rest.
fn split<'a>(declared: &CredentialSpec, text: &'a str) -> (&'a str, &'a str) {
    text.split_once('=')
        .filter(|it| declared.keys.iter().any(|key| key.name == it.0))
        .unwrap_or(("", text))
}

fn key_of(declared: &'static CredentialSpec, name: &str) -> anyhow::Result<&'static Key> {
    let keys =
        || declared.keys.iter().map(|it| format!("`{}`", it.name)).collect::<Vec<_>>().join(", ");
    match (name, declared.keys) {
        ("", [only]) => Ok(only),
        ("", _) => bail!("`{}` has several keys, so say which: {}", declared.name, keys()),
        _ => declared.keys.iter().find(|it| it.name == name).with_context(|| {
            format!("`{}` has no key `{name}`; its keys are {}", declared.name, keys())
        }),
    }
}

/// Collects the values of some keys of a credential: from the given sources, generated here, or
/// from a prompt.
///
/// # Errors
/// When a value is not available, or cannot be sealed.
pub fn values(
    declared: &'static CredentialSpec,
    wanted: &[&'static Key],
    mut origins: Origins,
    make: &mut dyn FnMut(usize) -> Zeroizing<String>,
) -> anyhow::Result<Vec<(&'static Key, Plaintext)>> {
    if let Some((key, _)) = origins.iter().find(|it| !wanted.contains(&it.0)) {
        bail!(
            "`{}` of `{}` is already sealed: `--rotate` replaces all of its values",
            key.name,
            declared.name
        );
    }
    let may_ask = io::stdin().is_terminal() && io::stderr().is_terminal();
    let known = |key: &&&Key| {
        !matches!(key.value, Value::Made(_)) && origins.iter().all(|it| it.0 != **key)
    };
    if let Some(key) = wanted.iter().filter(known).find(|it| matches!(it.value, Value::Pem(_))) {
        // It has lines, which a prompt does not take.
        bail!(
            "`{}` needs {}: pass it with --from-file {}=FILE",
            declared.name,
            described(key),
            key.name
        );
    }
    let unknown: Vec<String> = wanted.iter().filter(known).map(|it| described(it)).collect();
    if !may_ask && !unknown.is_empty() {
        bail!(
            "`{}` needs {}: pass it with --from-stdin=KEY, --from-file KEY=FILE or --from-env \
             KEY=VARIABLE, or run this in a terminal to be asked",
            declared.name,
            unknown.join(", ")
        );
    }
    let mut all = Vec::new();
    for key in wanted {
        let at = origins.iter().position(|it| it.0 == *key);
        let value = match at.map(|it| origins.swap_remove(it).1) {
            Some(origin) => {
                let value = from(origin, make)?;
                if let Some(short) = too_short(key, &value) {
                    terminal::say(&format!(
                        "warning: the value of `{}` of `{}` {short}: {}\n",
                        key.name,
                        declared.name,
                        longer(key)
                    ));
                }
                value
            }
            None => match key.value {
                Value::Made(length) => Plaintext::from_text(&make(length)),
                Value::Shown(_) | Value::Email(_) => shown(declared, key)?,
                Value::Known(_) | Value::Hashed(_) | Value::Pem(_) => asked(declared, key, make)?,
            },
        };
        let value = value.judged(declared, key)?;
        if matches!(key.value, Value::Hashed(_)) && !value.is_as_sealed() {
            hash::fits(value.bytes())
                .with_context(|| format!("the value of `{}` of `{}`", key.name, declared.name))?;
        }
        all.push((*key, value));
    }
    Ok(all)
}

/// A key and its description.
pub fn described(key: &Key) -> String {
    match key.value.known() {
        Some(what) => format!("`{}` ({what})", key.name),
        None => format!("`{}`", key.name),
    }
}

/// The warning about a secret that is so short that it can be guessed, if it is.
fn too_short(key: &Key, value: &Plaintext) -> Option<String> {
    let is_secret =
        !matches!(key.value, Value::Shown(_) | Value::Email(_)) && !value.is_as_sealed();
    let length = Some(value.length()).filter(|it| is_secret && (1..LONG_ENOUGH).contains(it))?;
    Some(format!(
        "has {}, and fewer than {LONG_ENOUGH} are easily guessed",
        count(length, "character")
    ))
}

/// The length in characters from which a secret is not easily guessed.
const LONG_ENOUGH: usize = 12;

/// The number of letters and digits of a password that is generated for a person.
const MADE: usize = 24;

/// How to get a longer value.
fn longer(key: &Key) -> &'static str {
    if matches!(key.value, Value::Made(_)) {
        "`--generate 32` generates one"
    } else {
        "use one that your password manager generates"
    }
}

fn from(
    origin: Origin,
    make: &mut dyn FnMut(usize) -> Zeroizing<String>,
) -> anyhow::Result<Plaintext> {
    match origin {
        Origin::Stdin => {
            ensure!(
                !io::stdin().is_terminal(),
                "stdin is a terminal, which would show what is typed: omit --from-stdin to be \
                 asked"
            );
            Plaintext::read(&mut stdin()?, "stdin")
        }
        Origin::File(path) => from_file(&path),
        Origin::Opened(value) => Ok(value),
        Origin::Env(name) => {
            let value = std::env::var_os(&name)
                .with_context(|| format!("there is no environment variable `{name}`"))?;
            Ok(Plaintext(Zeroizing::new(value.into_encoded_bytes()), Form::Known)
                .without_line_break())
        }
        Origin::Made(length) => Ok(Plaintext::from_text(&make(length))),
    }
}

/// Reads a value from a file.
///
/// # Errors
/// When it cannot be read, or is too large.
pub fn from_file(path: &Path) -> anyhow::Result<Plaintext> {
    let name = path.display().to_string();
    let mut file = File::open(path).with_context(|| format!("cannot read {name}"))?;
    Plaintext::read(&mut file, &name)
}

/// Standard input without the standard library's buffer, which is never wiped.
#[cfg(unix)]
fn stdin() -> anyhow::Result<File> {
    use std::os::fd::AsFd as _;
    Ok(File::from(io::stdin().as_fd().try_clone_to_owned().context("cannot read stdin")?))
}

#[cfg(not(unix))]
fn stdin() -> anyhow::Result<io::StdinLock<'static>> {
    Ok(io::stdin().lock())
}

/// Asks for a value that is not secret: once, visibly, and again if the value is not accepted.
fn shown(declared: &CredentialSpec, key: &Key) -> anyhow::Result<Plaintext> {
    for _ in 0..TRIES {
        let answer =
            terminal::shown(&format!("{}: {}: ", declared.name, described(key)), MAX_SIZE)?;
        match Plaintext(answer, Form::Known).judged(declared, key) {
            Ok(value) => return Ok(value),
            Err(wrong) => terminal::say(&format!("{wrong}; try again\n")),
        }
    }
    bail!("nothing was sealed")
}

/// Asks for a secret twice, without showing it, because a typing error would not be visible. A
/// value that is not accepted is asked for again; for a short one there is a warning and the offer
/// to generate a longer one.
fn asked(
    declared: &CredentialSpec,
    key: &Key,
    make: &mut dyn FnMut(usize) -> Zeroizing<String>,
) -> anyhow::Result<Plaintext> {
    for _ in 0..TRIES {
        let ask = |question: &str| {
            let answer = terminal::hidden(&format!("{}: {question}: ", declared.name), MAX_SIZE)?;
            anyhow::Ok(Plaintext(answer, Form::Known))
        };
        let wrong = match ask(&described(key))?.judged(declared, key) {
            Err(wrong) => wrong.to_string(),
            Ok(first) => {
                let short = too_short(key, &first);
                if let Some(short) = &short {
                    terminal::say(&format!(
                        "warning: it {short}; enter it once more to use it all the same, or \
                         `{GENERATE}` to get one of {MADE} letters and digits, which is shown \
                         once\n"
                    ));
                }
                let second = ask(&format!("`{}`, once more", key.name))?;
                if *second.0 == *first.0 {
                    return Ok(first);
                }
                if short.is_some() && *second.0 == *GENERATE.as_bytes() {
                    let made = make(MADE);
                    terminal::say(&format!(
                        "{}: {}: {}\nstore it where you keep passwords, and clear this screen\n",
                        declared.name, key.name, *made
                    ));
                    return Ok(Plaintext::from_text(&made));
                }
                "the two values differ".to_owned()
            }
        };
        terminal::say(&format!("{wrong}; try again\n"));
    }
    bail!("nothing was sealed")
}

/// The input that asks for a generated value.
const GENERATE: &str = "generate";

/// The number of attempts to enter a value.
const TRIES: usize = 3;

/// Keeps the memory of this process out of core dumps, and away from other processes of the same
/// user. Best effort: not every system supports it.
pub fn keep_private() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}
