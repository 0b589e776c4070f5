//! Every code has its page and its case, and the page shows what is really printed.

use std::{collections::BTreeSet, fs};

use espalier::check::pages;

use super::{SEVERAL, cases, code, expected, here, tells};

/// The files with the codes.
const HOMES: [&str; 3] = ["src/check/code.rs", "src/cli/findings.rs", "src/diag/code.rs"];

/// All codes, as the program's sources name them.
fn codes() -> BTreeSet<String> {
    let texts = HOMES.map(|it| fs::read_to_string(here(it)).expect("the source"));
    let constants = texts
        .iter()
        .flat_map(|it| it.lines())
        .filter(|it| it.contains("const ") && it.contains(": &str = \""));
    let codes = constants.filter_map(|line| line.split('"').nth(1));
    // The other constants are sentences.
    codes.filter(|it| !it.contains(' ')).map(str::to_owned).collect()
}

#[test]
fn every_code_has_a_page_and_a_case() {
    let codes = codes();
    assert!(codes.len() > 50, "{codes:?}");
    let listed: BTreeSet<String> = pages::codes().map(str::to_owned).collect();
    assert_eq!(listed, codes, "the pages that are listed in src/check/pages.rs");
    let files = fs::read_dir(here("src/check/pages"))
        .expect("the pages")
        .map(|it| it.expect("readable").file_name());
    let files: BTreeSet<String> =
        files.map(|it| it.to_string_lossy().trim_end_matches(".md").to_owned()).collect();
    assert_eq!(files, codes, "the files of src/check/pages");
    let told: BTreeSet<String> = cases()
        .iter()
        .filter(|it| !SEVERAL.contains(&&***it))
        .map(|it| code(it).to_owned())
        .collect();
    assert_eq!(told, codes, "the folders of tests/ui");
}

#[test]
fn no_constant_is_idle() {
    let sources: String = walkdir::WalkDir::new(here("src"))
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.path().extension().is_some_and(|it| it == "rs"))
        .map(|it| fs::read_to_string(it.path()).expect("a text"))
        .collect();
    for home in HOMES {
        let text = fs::read_to_string(here(home)).expect("the source");
        for name in text.lines().filter_map(|it| it.strip_prefix("pub const ")?.split(':').next()) {
            assert!(sources.matches(name).count() > 1, "{home}: nothing uses {name}");
        }
    }
}

#[test]
fn every_page_has_its_parts_and_shows_what_is_said() {
    for name in pages::codes() {
        let page = pages::page(name).expect("it is listed");
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
            // For drift, the page shows the code and the words of the message.
            let words = line.split_once("]: ").map_or(line, |it| it.1);
            assert!(told.contains(words), "{name}: nothing says `{line}`");
        }
    }
}
