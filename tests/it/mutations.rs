//! Twenty thousand ways to misspell a spec: whatever is written, every command ends in time, with
//! output that is safe to show on a terminal.
//!
//! The short form runs with all tests. The long one: `ESPALIER_MUTATIONS=20000 cargo test --release
//! --test it -- mutations`. A failure prints its number and the files; `ESPALIER_MUTATION=<number>`
//! runs that one alone.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    env,
    fmt::Write as _,
    fs, io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    rc::Rc,
    time::{Duration, Instant},
};

use clap::Parser as _;
use espalier::cli::{
    self,
    args::{Args, Format},
    console::Console,
    disk::RealDisk,
    outcome::Outcome,
};

use crate::{
    cli::workspace_dir::WorkspaceDir,
    support::{Texts, golden_cases, texts_of},
};

/// The number of mutations that run with all tests.
const SHORT: u64 = 60;
/// Longer than any command takes on a busy machine, shorter than one whose time grows with the
/// square of the input.
const PATIENCE: Duration = Duration::from_secs(20);

/// Each command that only reads, in each of its forms, and the one that writes. `render` comes
/// last, so that the others have looked at the same files before.
const VERBS: [&str; 23] = [
    "check",
    "check --format json",
    "check --format short",
    "check --format github",
    "check --deny warnings",
    "diff",
    "diff --format json",
    "diff --format github",
    "explain",
    "explain invalid-value",
    "schema",
    "seal",
    "seal --format json",
    "show",
    "show --format json",
    "show waves",
    "show waves --format mermaid",
    "show flows",
    "show flows --format json",
    "show secrets",
    "show budget",
    "show monitoring",
    "render",
];

/// Values that people and programs write.
const VALUES: [&str; 48] = [
    "",
    "~",
    "null",
    "true",
    "no",
    "0",
    "-1",
    "1",
    "1.5",
    "1e999",
    "017",
    "0x10",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775808",
    ".nan",
    "16Ei",
    "8Gi",
    "8 GB",
    "500m",
    "8k",
    "8760h",
    "-1s",
    "99999999999999999999999999999999999999999999999999h",
    "[]",
    "{}",
    "[{}]",
    "{a: {a: {a: {a: {}}}}}",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
    "*alias",
    "&anchor x",
    "!!binary aGFsbG8=",
    "!tag x",
    "|",
    ">-",
    "\"",
    "'",
    "\"\\u0007\\e[31m\\u202e\"",
    "<<: {a: b}",
    "https://chat.example.com/",
    "chat.example.com:443",
    "ghcr.io/open-webui/open-webui:0.12.4-slim@sha256:0",
    "llama3.2:1b",
    "hf.co/x/y:Q4_K_M",
    "../../etc/passwd",
    "10.0.0.0/0",
    "* * * * *",
    "{ciphertext}",
];

/// Texts that are inserted anywhere, also in the middle of a word.
const PIECES: [&str; 34] = [
    "\u{0}",
    "\u{7}",
    "\u{1b}[2J",
    "\u{1b}]52;c;eA==\u{7}",
    "\r",
    "\r\n",
    "\t",
    "\u{85}",
    "\u{a0}",
    "\u{ad}",
    "\u{200b}",
    "\u{202e}",
    "\u{2028}",
    "\u{feff}",
    "\u{ffff}",
    "\u{10ffff}",
    "“",
    "’",
    "：",
    "–",
    "é",
    "\u{e0001}",
    "::error::x",
    "##[error]x",
    "<<<<<<< HEAD\n",
    "=======\n",
    ">>>>>>> x\n",
    "---\n",
    "...\n",
    "%YAML 1.1\n",
    "#",
    ": ",
    "- ",
    "\n",
];

/// A generator of numbers that are the same everywhere: splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ bits >> 31
    }

    /// A number below `bound`, which is not 0.
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).unwrap_or_default()
    }

    fn one_of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }
}

/// A place in a text where a character begins or the text ends.
fn place_in(text: &str, random: &mut Random) -> usize {
    text.floor_char_boundary(random.below(text.len() + 1))
}

/// The text after one mutation, and a description of the mutation.
fn mutated(text: &str, random: &mut Random) -> (&'static str, String) {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let at = random.below(lines.len());
    let joined = |lines: Vec<String>| {
        lines.into_iter().flat_map(|it| [it, "\n".to_owned()]).collect::<String>()
    };
    if lines.is_empty() {
        return ("a piece", random.one_of(&PIECES).to_owned());
    }
    match random.below(13) {
        0 => {
            lines.remove(at);
            ("a line less", joined(lines))
        }
        1 => {
            lines.insert(at, lines[at].clone());
            ("a line twice", joined(lines))
        }
        2 => {
            let other = random.below(lines.len());
            lines.swap(at, other);
            ("two lines swapped", joined(lines))
        }
        3 => {
            let indent = " ".repeat(random.below(12));
            lines[at] = format!("{indent}{}", lines[at].trim_start());
            ("an indent", joined(lines))
        }
        4 => {
            let mut text = text.to_owned();
            text.insert_str(place_in(&text, random), random.one_of(&PIECES));
            ("a piece", text)
        }
        5 => {
            let (from, to) = (place_in(text, random), place_in(text, random));
            let (from, to) = (from.min(to), from.max(to));
            let to = text.floor_char_boundary(to.min(from + 40));
            ("a stretch less", format!("{}{}", &text[..from], &text[to.max(from)..]))
        }
        6 => ("the end less", text[..place_in(text, random)].to_owned()),
        7 | 8 => {
            if let Some((key, _)) = lines[at].split_once(": ") {
                lines[at] = format!("{key}: {}", random.one_of(&VALUES));
            }
            ("a value", joined(lines))
        }
        9 => {
            let marks: Vec<(usize, char)> =
                lines[at].char_indices().filter(|it| ",{}[]:\"'-#".contains(it.1)).collect();
            if !marks.is_empty() {
                let (mark, character) = marks[random.below(marks.len())];
                let mut line = lines[at].clone();
                line.replace_range(
                    mark..mark + character.len_utf8(),
                    random.one_of(&["", ",", ":", "{", "}", "[", "]", ", x: "]),
                );
                lines[at] = line;
            }
            ("a mark", joined(lines))
        }
        10 => {
            let letters: Vec<(usize, char)> =
                lines[at].char_indices().filter(|it| it.1.is_ascii_alphabetic()).collect();
            if !letters.is_empty() {
                let (letter, _) = letters[random.below(letters.len())];
                lines[at].remove(letter);
            }
            ("a letter less", joined(lines))
        }
        11 => {
            // Far more repetition than anybody writes, to show what is not linear.
            let times = 1 << random.below(13);
            let line = lines[at].clone();
            lines.splice(at..at, std::iter::repeat_n(line, times));
            ("a line many times", joined(lines))
        }
        _ => {
            let long = "x".repeat(1 << random.below(16));
            let mut text = text.to_owned();
            text.insert_str(place_in(&text, random), &long);
            ("a long word", text)
        }
    }
}

/// The files of a golden case with one to three mutations, mostly of the platform's own.
fn files(number: u64, cases: &[Texts]) -> (String, Texts) {
    let mut random = Random(number);
    let mut texts = cases[random.below(cases.len())].clone();
    let mut done = String::new();
    for _ in 0..=random.below(3) {
        let names: Vec<String> = texts.keys().cloned().collect();
        let name = if random.below(3) < 2 {
            "spec/platform.yaml".to_owned()
        } else {
            names[random.below(names.len())].clone()
        };
        let (what, text) = mutated(&texts[&name], &mut random);
        let _ = write!(done, "{name}: {what}; ");
        texts.insert(name, text);
    }
    (done, texts)
}

/// The output of a command.
#[derive(Clone, Default)]
struct Written(Rc<RefCell<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Characters that a terminal would interpret, or does not show.
fn is_obeyed(character: char) -> bool {
    character.is_control() && !matches!(character, '\n' | '\t')
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

/// Runs a command in a folder and says what is wrong with it; else how it ended, and how long it
/// took.
fn run(root: &Path, verb: &str) -> Result<(Option<Outcome>, Duration), String> {
    let words = ["espalier", "--root"].into_iter().map(str::to_owned);
    let words = words.chain([root.display().to_string()]).chain(verb.split(' ').map(str::to_owned));
    let mut args = Args::try_parse_from(words).map_err(|it| format!("no such verb: {it}"))?;
    args.threads = std::num::NonZero::new(1);
    let (out, talk) = (Written::default(), Written::default());
    let mut console = Console::to(
        args.format,
        args.deny.is_some(),
        Box::new(out.clone()),
        Box::new(talk.clone()),
    );
    let start = Instant::now();
    let done = cli::run(&RealDisk, &args, &mut console);
    if let Err(error) = &done {
        console.trouble(error);
    }
    console.finish().map_err(|it| it.to_string())?;
    let took = start.elapsed();
    if took > PATIENCE {
        return Err(format!("it takes {took:?}"));
    }
    let read = |written: &Written| {
        String::from_utf8(written.0.borrow().clone()).map_err(|it| format!("it is not UTF-8: {it}"))
    };
    let (out, talk) = (read(&out)?, read(&talk)?);
    if let Some(character) = out.chars().chain(talk.chars()).find(|it| is_obeyed(*it)) {
        return Err(format!("it writes U+{:04X}", u32::from(character)));
    }
    if args.format == Format::Json && done.is_ok() && !out.is_empty() {
        serde_json::from_str::<serde_json::Value>(&out)
            .map_err(|it| format!("it is not JSON: {it}"))?;
    }
    Ok((done.ok(), took))
}

/// Writes the files in the place of the last ones and runs every command; returns how long the
/// slowest took.
fn attempt(
    root: &Path,
    before: &mut Texts,
    texts: Texts,
) -> Result<(Duration, &'static str), String> {
    for name in before.keys().filter(|it| !texts.contains_key(*it)) {
        fs::remove_file(root.join(name)).map_err(|it| it.to_string())?;
    }
    for (name, text) in &texts {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap_or(root)).map_err(|it| it.to_string())?;
        fs::write(path, text).map_err(|it| it.to_string())?;
    }
    *before = texts;
    let mut slowest = (Duration::ZERO, "");
    for verb in VERBS {
        let done = catch_unwind(AssertUnwindSafe(|| run(root, verb)))
            .map_err(|_| format!("`{verb}` panics"))?;
        let (outcome, took) = done.map_err(|it| format!("`{verb}`: {it}"))?;
        slowest = slowest.max((took, verb));
        // A tree that was rendered is what the spec makes, whatever the spec is.
        if verb == "render"
            && matches!(outcome, Some(Outcome::Clean))
            && !matches!(run(root, "check")?.0, Some(Outcome::Clean))
        {
            return Err("`check` finds something after a clean `render`".to_owned());
        }
    }
    Ok(slowest)
}

#[test]
fn whatever_is_written_every_verb_answers() {
    let number = |name| env::var(name).ok().map(|it| it.parse::<u64>().expect("a number"));
    let (from, to) = match (number("ESPALIER_MUTATION"), number("ESPALIER_MUTATIONS")) {
        (Some(only), _) => (only, only + 1),
        (None, all) => (0, all.unwrap_or(SHORT)),
    };
    let cases: Vec<Texts> = golden_cases().iter().map(|it| texts_of(&it.1)).collect();
    // One folder for all: a render then writes what differs, as it does in real use.
    let (place, mut before) = (WorkspaceDir::empty(), BTreeMap::new());
    let (mut failed, mut slowest, start) = (String::new(), (Duration::ZERO, "", 0), Instant::now());
    for number in from..to {
        let (what, texts) = files(number, &cases);
        match attempt(&place.root(), &mut before, texts) {
            Ok((took, verb)) => slowest = slowest.max((took, verb, number)),
            Err(why) => {
                let _ = writeln!(failed, "--- ESPALIER_MUTATION={number} ({what}): {why}");
                for (name, text) in &before {
                    let _ = writeln!(
                        failed,
                        "{name}:\n{}",
                        text.get(..text.floor_char_boundary(4000)).unwrap_or_default()
                    );
                }
            }
        }
        assert!(failed.len() < 1 << 20, "{failed}");
        if to > SHORT && (number + 1).is_multiple_of(500) {
            eprintln!(
                "{} mutations in {:?}, the slowest: {slowest:?}",
                number + 1 - from,
                start.elapsed()
            );
        }
    }
    assert!(failed.is_empty(), "{failed}");
}
