//! Every code has its page and its case, and the page shows what is really printed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
};

use espalier::{
    cli::codes,
    diag::code::{Code, Severities},
};

use super::{SEVERAL, cases, code, expected, here, tells};

/// The folders that declare codes, each with its pages.
const HOMES: [&str; 3] = ["src/check", "src/cli", "src/diag"];

/// The texts of the sources that declare codes, by path.
fn declaring() -> BTreeMap<String, String> {
    let sources = HOMES.iter().flat_map(|it| walkdir::WalkDir::new(here(it)).max_depth(1));
    sources
        .filter_map(Result::ok)
        .filter(|entry| entry.path().extension().is_some_and(|it| it == "rs"))
        .map(|entry| {
            let text = fs::read_to_string(entry.path()).expect("a text");
            (entry.file_name().to_string_lossy().into_owned(), text)
        })
        .filter(|it| it.1.contains("\nrules! {\n") || it.1.contains("\ncodes! {\n"))
        .collect()
}

/// The name of each code, and its constant, as the sources declare them.
fn declared() -> BTreeMap<String, String> {
    let texts = declaring();
    let lines = texts.values().flat_map(|it| it.lines());
    let declarations = lines.filter_map(|line| {
        let (declared, rest) = line.trim().split_once(" = \"")?;
        let (severity, constant) = declared.split_once(' ')?;
        let is_declared = ["either", "error", "warning"].contains(&severity);
        is_declared.then(|| (rest.split('"').next().unwrap_or_default(), constant))
    });
    declarations.map(|it| (it.0.to_owned(), it.1.to_owned())).collect()
}

#[test]
fn every_code_has_a_page_and_a_case() {
    let codes: BTreeSet<String> = codes::all().map(|it| it.name.to_owned()).collect();
    assert_eq!(codes::all().count(), codes.len(), "a code is declared twice");
    assert!(codes.len() > 90, "{codes:?}");
    let declared: BTreeSet<String> = declared().into_keys().collect();
    assert_eq!(
        declared, codes,
        "declared in src, and known to `explain`: a file that declares rules needs a line in the \
         table of src/check/rules.rs"
    );
    let folders = HOMES.map(|it| fs::read_dir(here(it).join("pages")).expect("pages"));
    let files = folders.into_iter().flatten().map(|it| it.expect("readable"));
    let files: BTreeSet<String> = files
        .map(|it| it.file_name().to_string_lossy().trim_end_matches(".md").to_owned())
        .collect();
    assert_eq!(files, codes, "the files in the folders `pages`");
    let told: BTreeSet<String> = cases()
        .iter()
        .filter(|it| !SEVERAL.contains(&&***it))
        .map(|it| code(it).to_owned())
        .collect();
    assert_eq!(told, codes, "the folders of tests/ui");
}

#[test]
fn every_file_that_declares_rules_is_in_the_table() {
    let table = fs::read_to_string(here("src/check/rules.rs")).expect("the table");
    for (file, text) in declaring() {
        if text.contains("\nrules! {\n") {
            let line = format!("    {}::RULES,\n", file.trim_end_matches(".rs"));
            assert!(table.contains(&line), "the table in src/check/rules.rs has no line{line}");
        }
    }
}

#[test]
fn no_constant_is_idle() {
    let sources: String = walkdir::WalkDir::new(here("src"))
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.path().extension().is_some_and(|it| it == "rs"))
        .map(|it| fs::read_to_string(it.path()).expect("a text"))
        .collect();
    for (code, name) in declared() {
        assert!(sources.matches(&name).count() > 1, "nothing finds {code}: {name} is not used");
    }
}

/// A code says how bad its findings are; one of either severity has cases of both.
#[test]
fn findings_are_as_bad_as_their_code_says() {
    let mut wrong = String::new();
    for &Code { name, severity, .. } in codes::all() {
        let told: String =
            cases().iter().filter(|it| code(it) == name).map(|it| expected(it)).collect();
        let is = |severity: &str| {
            told.contains(&format!("{severity}[{name}]"))
                || told.lines().any(|line| {
                    line.starts_with(&format!("::{severity} "))
                        && line.contains(&format!("title={name}::"))
                })
        };
        let expected = match severity {
            Severities::Error => (true, false),
            Severities::Warning => (false, true),
            Severities::Either => (true, true),
        };
        let found = (is("error"), is("warning"));
        if found != expected {
            let _ = writeln!(wrong, "{name}: errors, warnings are {found:?}, not {expected:?}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_page_has_its_parts_and_shows_what_is_said() {
    for &Code { name, page, severity: declared } in codes::all() {
        let lines: Vec<&str> = page.lines().collect();
        assert!(
            lines[0].starts_with("# ") && !lines[0].ends_with('.') && lines[0].contains(' '),
            "{name}: {}",
            lines[0]
        );
        assert!((10..=34).contains(&lines.len()), "{name} has {} lines", lines.len());
        let parts: Vec<&str> = ["What: ", "Why: ", "Example:", "Fix: "]
            .into_iter()
            .filter(|it| !page.contains(&format!("\n{it}")))
            .collect();
        assert!(parts.is_empty(), "{name} lacks {parts:?}");
        let wide: Vec<&&str> =
            lines.iter().filter(|it| it.chars().count() > 110 && !it.starts_with("    ")).collect();
        assert!(wide.is_empty(), "{name}: {wide:?}");
        let shown: Vec<&str> = lines
            .iter()
            .map(|it| it.trim())
            .filter(|it| it.starts_with("error[") || it.starts_with("warning["))
            .collect();
        assert!(shown.iter().any(|it| tells(it, name)), "{name} shows no finding");
        let told: String =
            cases().iter().filter(|it| code(it) == name).map(|it| expected(it)).collect();
        for line in shown {
            let severity =
                if line.starts_with("error[") { Severities::Error } else { Severities::Warning };
            assert!(
                !tells(line, name) || [severity, Severities::Either].contains(&declared),
                "{name} is never as bad as `{line}`"
            );
            // For drift, the page shows the code and the words of the message.
            let words = line.split_once("]: ").map_or(line, |it| it.1);
            assert!(told.contains(words), "{name}: nothing says `{line}`");
        }
    }
}
