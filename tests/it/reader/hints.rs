//! Hints about common mistakes: units that are left out, missing spaces, lists in the place of
//! maps; each with similar mistakes.

use std::collections::BTreeMap;

use espalier::{
    names::{DnsLabel, Host, Tag},
    units::Bytes,
    yaml::source::Source,
};
use serde::Deserialize;

use super::told;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct Spec {
    memory: Bytes,
    storage: Bytes,
    limit: Bytes,
    prompt_cache: Bytes,
    count: u32,
    versions: BTreeMap<DnsLabel, Tag>,
    node: Option<Node>,
    nodes: Vec<Node>,
    role: Option<Role>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is read and not looked at")]
struct Node {
    memory: Bytes,
    host: Option<Host>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Role {
    Server,
    Agent,
}

impl Default for Spec {
    fn default() -> Self {
        let zero = Bytes::default();
        let (memory, storage, limit, prompt_cache) = (zero, zero, zero, zero);
        Self {
            memory,
            storage,
            limit,
            prompt_cache,
            count: 0,
            versions: BTreeMap::new(),
            node: None,
            nodes: Vec::new(),
            role: None,
        }
    }
}

/// The help of the only finding.
fn help(text: &str) -> String {
    let said = told::<Spec>(text);
    assert_eq!(said.lines().count(), 1, "{text}: {said}");
    said.rsplit_once(" (").expect("a help").1.trim_end_matches(")\n").to_owned()
}

#[test]
fn a_number_gets_the_unit_that_was_meant() {
    for (text, write) in [
        ("memory: 16", "16Gi"),
        ("memory: 1.5", "1.5Gi"),
        ("memory: 8192", "8Gi"),
        ("memory: 16000", "16000Mi"),
        ("memory: 16331152", "16331152Ki"),
        ("memory: 17179869184", "16Gi"),
        ("storage: 5", "5Gi"),
        ("storage: 200", "200Gi"),
        ("limit: 1", "1Gi"),
        ("limit: 512", "512Mi"),
        ("promptCache: 256", "256Mi"),
        ("node: {memory: 8}", "8Gi"),
    ] {
        assert_eq!(help(text), format!("write `{write}`"), "{text}");
    }
    for text in ["memory: 0", "memory: '8Gi'", "limit: 1.5Gi"] {
        assert_eq!(told::<Spec>(text), "");
    }
    // What is pasted is accepted, and is an amount that makes sense.
    for text in ["memory: -1", "memory: -1.5"] {
        let said = told::<Spec>(text);
        assert!(said.contains("below zero") && !said.contains("write `-"), "{said}");
    }
}

#[test]
fn a_number_in_words_is_computed() {
    for (text, write) in [
        ("count: 8k", "8192"),
        ("count: 8K", "8192"),
        ("count: 2ki", "2048"),
        ("count: 1M", "1048576"),
        ("count: 8_192", "8192"),
        ("count: 8,192", "8192"),
        ("count: 8192 tokens", "8192"),
        ("count: 3.0", "3"),
        ("count: 2e3", "2000"),
    ] {
        assert_eq!(help(text), format!("write `{write}`"), "{text}");
    }
    assert_eq!(help("count: 1.5"), "write `1` or `2`");
    assert_eq!(help("count: \"3\""), "write it without quotes: `3`");
    for text in ["count: many", "count: -3", "count: 99999999999", "count: 99999999999999999999k"] {
        assert!(told::<Spec>(text).ends_with("()\n"), "{}", told::<Spec>(text));
    }
}

#[test]
fn a_version_that_reads_as_a_number_stands_in_quotes() {
    assert_eq!(
        help("versions: {redis: 17.10}"),
        "put it in quotes: `\"17.10\"`: without them it is the number 17.1"
    );
    assert_eq!(help("versions: {redis: 8.2}"), "put it in quotes: `\"8.2\"`");
    // In quotes it would not be a version either.
    assert!(told::<Spec>("versions: {redis: 17}").ends_with("()\n"));
}

#[test]
fn lists_and_maps_are_distinguished() {
    assert_eq!(
        help("node: [{memory: 8Gi}]"),
        "write the map itself: `{memory: 8Gi}`; for several, use `nodes: […]`"
    );
    assert_eq!(
        help("node:\n- memory: 8Gi"),
        "write one map, without `- ` or `[ ]`; for several, use `nodes: […]`"
    );
    assert_eq!(
        help("nodes: {memory: 8Gi}"),
        "write it as a list: `[{memory: 8Gi}]`; for a single one, use `node: …`"
    );
    let block = "nodes:\n  memory: 8Gi\n  host: chat.example.org";
    assert!(
        help(block).starts_with("write it as a list: `- ` before its first line"),
        "{}",
        help(block)
    );
    // The items of a list are never taken for the fields of a map.
    assert!(
        told::<Spec>("node: [8Gi, chat.example.org]").contains("takes a map of fields"),
        "{}",
        told::<Spec>("node: [8Gi]")
    );
    assert!(told::<Spec>("[8Gi]").contains("takes a map of fields"), "{}", told::<Spec>("[8Gi]"));
}

#[test]
fn a_space_that_is_missing_is_named() {
    assert_eq!(help("{count:1, memory: 8Gi}"), "the space after `:` is missing: write `count: 1`");
    assert_eq!(help("node:\n  memory:8Gi"), "the space after `:` is missing: write `memory: 8Gi`");
    assert_eq!(help("count:1"), "the space after `:` is missing: write `count: 1`");
    for text in [
        "memory: 8Gi\ncount:1\nstorage: 5Gi",
        "memory: 8Gi\ncount:1",
        "memory:8Gi\ncount: 1",
        "node:\n  memory:8Gi\n  host: a.example.org",
    ] {
        let said = told::<Spec>(text);
        assert!(said.contains("the space after `:` is missing"), "{text}: {said}");
    }
    // A text with a colon that is not a key stays as it is.
    assert!(!told::<Spec>("node: http://example.org").contains("space"), "a scheme");
    assert!(!told::<Spec>("memory: 8Gi\nx y\n").contains("space"), "no colon");
}

#[test]
fn characters_that_only_look_like_yaml_are_named_where_they_stand() {
    for (text, at, code) in [
        ("memory:\u{a0}8Gi", "1:8", "U+00A0"),
        ("memory: 8Gi\u{202f}", "1:12", "U+202F"),
        ("node:\n\u{a0} memory: 8Gi", "2:1", "U+00A0"),
        (
            "memory: 8Gi\nnode:\n \u{a0}memory: 8Gi\n  host: a.example.org\ncount: 1",
            "3:2",
            "U+00A0",
        ),
        ("node:\n\u{3000}memory: 8Gi\n  host: a.example.org", "2:1", "U+3000"),
        ("node: {host: “a.example.org”}", "1:14", "U+201C"),
        ("node: {host: „a.example.org“}", "1:14", "U+201E"),
        ("node: {host: ‘a.example.org’}", "1:14", "U+2018"),
        ("node: {host: \"a.example.org”}", "1:28", "U+201D"),
        ("memory：8Gi", "1:7", "U+FF1A"),
        ("nodes:\n  – memory: 8Gi", "2:3", "U+2013"),
        ("count: −1", "1:8", "U+2212"),
        ("mem\u{200b}ory: 8Gi", "1:4", "U+200B"),
        ("nodes: [{memory: 8Gi}， {memory: 8Gi}]", "1:22", "U+FF0C"),
    ] {
        let said = told::<Spec>(text);
        let first =
            said.lines().find(|it| it.contains(code)).unwrap_or_else(|| panic!("{text:?}: {said}"));
        assert!(first.starts_with(at), "{text:?}: {said}");
    }
    // In quotes and in comments they are no concern of the reader.
    let fine = "# « a »\u{a0}: “b”\nmemory: 8Gi # déjà\u{a0}vu\ncount: 1\n";
    assert_eq!(told::<Spec>(fine), "");
    let said = told::<Spec>("versions: {\"r\u{a0}\": '1.2'}\n");
    assert!(said.contains("is not a name") && !said.contains("YAML has none"), "{said}");
    let said = told::<Spec>("memory: 8Gi # a # “b”\ncount: 1\nnode: {\n");
    assert!(!said.contains("typographic"), "{said}");
    // A correct quote is not blamed for a fault further down.
    let said = told::<Spec>("# “quoted”\nmemory: 8Gi\nversions: {a: \"1.“2\"}\nnode: {\n");
    assert!(!said.contains("typographic"), "{said}");
}

#[test]
fn the_beginning_of_a_word_is_enough() {
    assert_eq!(help("role: serv"), "did you mean `server`?");
    assert_eq!(help("role: serverNode"), "did you mean `server`?");
    assert_eq!(help("role: worker"), "write one of `server`, `agent`");
}

#[test]
fn conflicts_are_reported_one_by_one() {
    let one =
        |name: &str| format!("<<<<<<< HEAD\nmemory: 8Gi\n=======\nmemory: 9Gi\n>>>>>>> {name}\n");
    assert_eq!(
        told::<Spec>(&format!("{}count: 1\n{}", one("a"), one("b")))
            .matches("merge-conflict")
            .count(),
        2
    );
    for text in [
        "<<<<<<< HEAD\nmemory: 8Gi\n",
        "memory: 8Gi\n>>>>>>> other\n",
        "memory: 8Gi\r\n>>>>>>> other\r\n",
        "<<<<<<<\n",
    ] {
        let said = told::<Spec>(text);
        assert!(said.contains("merge-conflict") && said.lines().count() == 1, "{text}: {said}");
    }
    // Quoted, or in the middle of a line, or a line under a heading, it is text.
    for text in
        ["memory: 8Gi # <<<<<<< HEAD\n", "  <<<<<<< x\n", "# ours\n# =======\nmemory: 8Gi\n"]
    {
        assert!(!told::<Spec>(text).contains("merge-conflict"), "{text}");
    }
    assert!(Source::parse("f", "a: b\n").conflicts().next().is_none());
}
