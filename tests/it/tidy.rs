//! The repository's own rules: purity below the driver, file sizes, captions, language; `layers`
//! holds what may import what. ARCHITECTURE.md names these tests.

use std::{collections::BTreeMap, fmt::Write as _};

use crate::support::{files_below, has_ending, repository};

/// The largest number of lines of a file; half of that is better.
const MOST_LINES: usize = 500;

/// Rust files by path, below some folders.
fn sources(tops: &[&str]) -> BTreeMap<String, String> {
    let files =
        files_below(repository(), tops).into_iter().filter(|(path, _)| has_ending(path, "rs"));
    files.map(|(path, bytes)| (path, String::from_utf8(bytes).expect("UTF-8"))).collect()
}

/// The top module of a file: `src/yaml/parse.rs` → `yaml`.
fn module(path: &str) -> &str {
    path.trim_start_matches("src/").split(['/', '.']).next().unwrap_or_default()
}

/// A file's code without comments and empty lines, each line with its number. Good enough for these
/// tests.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text
        .lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line.split("//").next().unwrap_or_default()));
    lines.filter(|(_, line)| !line.trim().is_empty())
}

/// Words that must not appear in code, and the modules that may use them.
const ONLY: [(&str, &[&str]); 16] = [
    ("HashMap", &["cli"]),
    ("HashSet", &["cli"]),
    ("anyhow", &["cli", "main"]),
    ("std::fs", &["cli"]),
    ("std::env", &["cli"]),
    ("std::process", &["cli", "main"]),
    ("std::net", &["cli"]),
    ("std::thread", &["cli"]),
    ("std::time", &["cli"]),
    ("minijinja", &["emit"]),
    ("granit_parser", &["yaml"]),
    ("clap", &["cli"]),
    ("walkdir", &["cli"]),
    ("OsRng", &["cli"]),
    ("thread_rng", &[]),
    ("getrandom", &[]),
];

#[test]
fn below_the_driver_all_is_pure() {
    let mut said = String::new();
    for (path, text) in sources(&["src"]) {
        for (word, may) in ONLY.iter().filter(|it| !it.1.contains(&module(&path))) {
            for (line, _) in code(&text).filter(|it| has_word(it.1, word)) {
                let _ = writeln!(said, "{path}:{line}: {word}");
            }
            // `use std::{fs, …}` is another spelling of it.
            if let Some(short) = word.strip_prefix("std::") {
                let mut groups = text
                    .match_indices("use std::{")
                    .filter_map(|(at, _)| text[at..].split(';').next());
                if groups.any(|group| {
                    group.split(|c: char| !c.is_alphanumeric() && c != '_').any(|it| it == short)
                }) {
                    let _ = writeln!(said, "{path}: {word}, only {may:?} may");
                }
            }
        }
    }
    assert!(said.is_empty(), "{said}");
}

/// What waits, looks at a clock or speaks to somebody, and what would let the operator do so where
/// it only decides: the layer between its queue and the API server.
#[test]
fn what_the_operator_decides_is_pure() {
    let words =
        ["async", "await", "tokio", "hyper", "Instant", "SystemTime", "std::fs", "std::env"];
    let pure = ["fleet", "hash", "ledger", "queue", "reconcile", "resource", "rollout", "room"];
    let (mut said, mut files) = (String::new(), 0);
    for (path, text) in sources(&["operator/src"]) {
        let name = path.trim_start_matches("operator/src/");
        let module = name.split(['/', '.']).next().unwrap_or_default();
        if !pure.contains(&module) && module != "status" {
            continue;
        }
        files += 1;
        for word in words {
            for (line, _) in code(&text).filter(|it| has_word(it.1, word)) {
                let _ = writeln!(said, "{path}:{line}: {word}");
            }
        }
    }
    assert!(files >= pure.len(), "{files} files were looked at");
    assert!(said.is_empty(), "{said}");
}

/// The compiler seals and never opens: only the controller in the cluster has the private key, and
/// the owner of its copy. One file opens values, and only `seal` uses it, with a key that is passed
/// to it. This is also why RUSTSEC-2023-0071 (timing of operations of `rsa` with a private key)
/// does not affect it, as `deny.toml` says. Judges and tests open by themselves, in
/// `tests/it/seal/open.rs`.
#[test]
fn nothing_is_opened_but_for_the_keys_owner() {
    let mut said = String::new();
    for (path, text) in sources(&["src"]) {
        for (line, _) in code(&text).filter(|it| opens(it.1) && path != OPENER) {
            let _ = writeln!(said, "{path}:{line}: opens what is sealed");
        }
        for (line, _) in code(&text).filter(|it| it.1.contains("RsaPrivateKey")) {
            if path != "src/seal/key_pair.rs" && path != OPENER {
                let _ = writeln!(said, "{path}:{line}: a private key");
            }
        }
        let asks = |line: &str| has_word(line, "PrivateKey") && !line.contains("RsaPrivateKey");
        for (line, _) in code(&text).filter(|it| asks(it.1)) {
            if ![OPENER, "src/cli/seal/opened.rs", "src/seal/certificate.rs"]
                .contains(&path.as_str())
            {
                let _ = writeln!(said, "{path}:{line}: asks for what is sealed");
            }
        }
    }
    assert!(
        code(&sources(&["src"])[OPENER]).filter(|it| opens(it.1)).count() >= 2,
        "it is looked for by the right words"
    );
    assert!(said.is_empty(), "{said}");
    let opener = sources(&["tests/it/seal"]).remove("tests/it/seal/open.rs").expect("it is there");
    assert_eq!(
        code(&opener).filter(|it| opens(it.1)).count(),
        2,
        "the words that are looked for are those that open"
    );
}

/// The only file that opens values.
const OPENER: &str = "src/seal/open.rs";

/// `decrypt`, `decrypt_in_place`, `DecryptingKey`, `decrypt_blinded`, …
fn opens(line: &str) -> bool {
    line.to_ascii_lowercase().contains("decrypt")
}

fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(at, _)| {
        !is_part(line[..at].chars().next_back()) && !is_part(line[at + word.len()..].chars().next())
    })
}

#[test]
fn modules_are_plain() {
    let mut said = String::new();
    for (path, text) in sources(&["src", "operator/src"]) {
        let tests = text.find("#[cfg(test)]").unwrap_or(text.len());
        for (line, code) in code(&text) {
            let start: usize = text.lines().take(line - 1).map(|it| it.len() + 1).sum();
            let code = code.trim_start();
            if code.starts_with("use super::*") && start < tests {
                let _ = writeln!(said, "{path}:{line}: a glob import of what holds it");
            }
            // The path of a macro is made so, in the file that has it.
            let is_macro = code.strip_prefix("pub(crate) use ").is_some_and(|name| {
                text.contains(&format!("macro_rules! {} {{", name.trim_end_matches(';')))
            });
            let is_api = path == "src/lib.rs";
            if (code.starts_with("pub use ") || code.starts_with("pub(crate) use "))
                && !is_macro
                && !is_api
            {
                let _ = writeln!(said, "{path}:{line}: a re-export");
            }
        }
    }
    assert!(said.is_empty(), "{said}");
}

#[test]
fn lints_are_expected_with_a_reason_never_allowed() {
    let mut said = String::new();
    for (path, text) in
        sources(&["src", "operator/src", "tests/it", "benches", "examples", "fuzz/fuzz_targets"])
    {
        // Except for the words of this test itself.
        let allow = concat!("[all", "ow(");
        for (line, code) in code(&text) {
            if code.contains(allow) {
                let _ = writeln!(said, "{path}:{line}: `expect` with a reason instead");
            }
        }
        for (at, _) in text
            .match_indices("#[expect(")
            .chain(text.match_indices("#![expect("))
            .filter(|_| !path.ends_with("tidy.rs"))
        {
            if !text[at..].split(']').next().is_some_and(|it| it.contains("reason = ")) {
                let _ = writeln!(said, "{path}: an `expect` without a reason");
            }
        }
    }
    assert!(said.is_empty(), "{said}");
}

#[test]
fn files_are_short_and_open_with_a_caption() {
    let (mut said, mut long) = (String::new(), String::new());
    for (path, text) in
        sources(&["src", "operator/src", "tests/it", "benches", "examples", "fuzz/fuzz_targets"])
    {
        let lines = text.lines().count();
        if lines > MOST_LINES {
            let _ = writeln!(said, "{path}: {lines} lines");
        } else if lines > MOST_LINES / 2 {
            let _ = writeln!(long, "{path}: {lines} lines");
        }
        let caption = text.lines().next().unwrap_or_default();
        if !caption.starts_with("//! ") {
            let _ = writeln!(said, "{path}: no caption");
        }
        if !text.ends_with('\n') {
            let _ = writeln!(said, "{path}: no newline at its end");
        }
    }
    // Shown with `--nocapture`: a file of more than half the limit should soon be split.
    print!("{long}");
    assert!(said.is_empty(), "{said}");
}

/// Lines of `src` over 100 columns: long literals that a line break would make worse.
const MOST_LONG_LINES: usize = 60;

#[test]
fn lines_fit_side_by_side() {
    let long: Vec<String> = sources(&["src", "operator/src"])
        .iter()
        .flat_map(|(path, text)| {
            let lines = text.lines().enumerate().filter(|(_, line)| line.chars().count() > 100);
            lines.map(move |(at, _)| format!("{path}:{}", at + 1))
        })
        .collect();
    assert!(long.len() <= MOST_LONG_LINES, "{} lines:\n{}", long.len(), long.join("\n"));
}

/// Code without its texts, characters and comments; lines stay lines.
fn bare(code: &str) -> String {
    let (mut bare, mut rest) = (String::new(), code);
    while let Some(c) = rest.chars().next() {
        let hashes = bare.len() - bare.trim_end_matches('#').len();
        let is_raw = bare[..bare.len() - hashes].ends_with('r');
        let length = match c {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '"' if is_raw => {
                let end = format!("\"{}", "#".repeat(hashes));
                rest[1..].find(&end).map_or(rest.len(), |it| 1 + it + end.len())
            }
            '"' => quoted(rest),
            '\'' if rest[1..].starts_with('\\') => 3 + rest[3..].find('\'').map_or(0, |it| it + 1),
            '\'' if rest.chars().nth(2) == Some('\'') => {
                rest.char_indices().nth(3).map_or(3, |it| it.0)
            }
            _ => {
                bare.push(c);
                c.len_utf8()
            }
        };
        if "/\"".contains(c) {
            bare.extend(rest[..length].chars().filter(|it| *it == '\n'));
        }
        rest = &rest[length..];
    }
    bare
}

/// The length of the text that these characters begin with, in bytes, its quotes included.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|&(_, c)| {
        let is_end = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        is_end
    });
    end.map_or(text.len(), |it| it.0 + 1)
}

/// Whether `it` stands in a line of bare code outside of a closure that has it as its only
/// parameter and ends on that line.
fn stray_it(line: &str) -> bool {
    const OPENS: &str = "|it|";
    let mut rest = line;
    while let Some(at) = rest.find(OPENS) {
        let (before, body) = (&rest[..at], &rest[at + OPENS.len()..]);
        let mut depth = 0_i32;
        let end = body.char_indices().find(|&(_, c)| {
            depth += i32::from("([{".contains(c)) - i32::from(")]}".contains(c));
            depth < 0 || depth == 0 && ",;".contains(c)
        });
        let end = end.map_or(body.len(), |it| it.0);
        let is_open = body[..end].chars().fold(0_i32, |depth, c| {
            depth + i32::from("([{".contains(c)) - i32::from(")]}".contains(c))
        }) > 0;
        if has_word(before, "it") || body[..end].contains(OPENS) || is_open {
            return true;
        }
        rest = &body[end..];
    }
    has_word(rest, "it")
}

/// `it` is left to short closures: every other binding is named after what it is.
#[test]
fn it_is_left_to_closures_of_one_line() {
    let mut said = String::new();
    for (path, text) in
        sources(&["src", "operator/src", "tests/it", "benches", "examples", "fuzz/fuzz_targets"])
    {
        for (at, (line, bare)) in text.lines().zip(bare(&text).lines()).enumerate() {
            if stray_it(bare) {
                let _ = writeln!(said, "{path}:{}: {}", at + 1, line.trim());
            }
        }
    }
    assert!(said.is_empty(), "{said}");
}

#[test]
fn a_stray_it_is_seen() {
    for line in [
        "let it = 1;",
        "fn f(it: &str) {",
        "Some(it) => x,",
        "a.map(|it| {",
        "a.any(|it| it.b().any(|it| it))",
        "a.map(|it| b(",
        "for it in a {",
        "    it.b();",
        "a(|it| it.b(), it)",
    ] {
        assert!(stray_it(&bare(line)), "{line}");
    }
    for line in [
        "a.map(|it| it.b)",
        "a.filter(|it| it.b).map(|it| it.c)",
        "let a = |it: &str| b; // it",
        "say(\"it\");",
        ".map(|it| (it.0, [it.1]))",
        "let items = limit(\"\\\"it\\\"\");",
        "say(\"told\n    it\", r#\"\"it\"#, '\"', '\\'')",
    ] {
        assert_eq!(stray_it(&bare(line)), line.contains("|it:"), "{line}");
    }
}

/// The product is called Argo CD, in texts and comments alike.
#[test]
fn names_of_products_are_theirs() {
    let wrong = concat!("Argo", "CD");
    let mut said = String::new();
    let tops =
        ["src", "operator", "tests", "benches", "fuzz/fuzz_targets", "examples", "spec", "docs"];
    let pages = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md"];
    let tops = [&tops[..], &pages].concat();
    for (path, bytes) in files_below(repository(), &tops) {
        for (at, line) in String::from_utf8_lossy(&bytes).lines().enumerate() {
            if has_word(line, wrong) {
                let _ = writeln!(said, "{path}:{}: {}", at + 1, line.trim());
            }
        }
    }
    assert!(said.is_empty(), "{said}");
}

/// A test file that the binary does not name is never run.
#[test]
fn every_test_file_is_run() {
    let main = sources(&["tests/it"]).remove("tests/it/main.rs").expect("it is there");
    let mut said = String::new();
    for path in sources(&["tests/it"]).into_keys() {
        let name = path.trim_start_matches("tests/it/").trim_end_matches(".rs");
        let is_named = name == "main"
            || name.contains('/')
            || main.lines().any(|it| it == format!("mod {name};"));
        if !is_named {
            let _ = writeln!(said, "{path}: no `mod {name};` in tests/it/main.rs");
        }
    }
    assert!(said.is_empty(), "{said}");
}

/// What is true on one machine only does not belong here.
#[test]
fn no_absolute_paths() {
    let tops = [
        "src",
        "operator",
        "tests/it",
        "tests/ui",
        "tests/golden",
        "benches",
        "spec",
        "apps",
        "bootstrap",
        "out",
        "docs",
        "README.md",
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
    ];
    let roots = [
        concat!("/wo", "rk/"),
        concat!("/ho", "me/"),
        concat!("/ro", "ot/"),
        concat!("/Us", "ers/"),
    ];
    let mut said = String::new();
    for (path, bytes) in files_below(repository(), &tops) {
        let text = String::from_utf8_lossy(&bytes);
        for root in roots.iter().filter(|it| text.contains(**it)) {
            let _ = writeln!(said, "{path}: {root}");
        }
    }
    assert!(said.is_empty(), "{said}");
}

/// What nobody but one place may write: where it stands elsewhere, and what to call.
fn only_in(place: &str, word: &str, call: &str) {
    let mut said = String::new();
    for (path, text) in sources(&["src"]).into_iter().filter(|it| it.0 != place) {
        for (line, _) in code(&text).filter(|it| has_word(it.1, word)) {
            let _ = writeln!(said, "{path}:{line}: call {call}");
        }
    }
    assert!(said.is_empty(), "{said}");
}

/// One that is written elsewhere could wait for its broken pod for ever.
#[test]
fn stateful_sets_are_made_in_one_place() {
    only_in("src/components/pod.rs", "StatefulSetSpec", "`pod::stateful_set`");
}

/// One that is written elsewhere could have no size, and fill the node.
#[test]
fn folders_of_pods_are_made_in_one_place() {
    let call = "`disk::scratch` or `disk::memory`";
    only_in("src/components/disk.rs", "EmptyDirVolumeSource", call);
}

/// Figures have one home: a memory figure in a component would be a second one.
#[test]
fn quantities_are_made_in_one_place() {
    let mut said = String::new();
    for (path, text) in sources(&["src"]).into_iter().filter(|it| it.0 != "src/units.rs") {
        for (line, _) in code(&text).filter(|it| it.1.contains("Quantity(")) {
            let _ = writeln!(said, "{path}:{line}");
        }
    }
    assert!(said.is_empty(), "{said}");
}
