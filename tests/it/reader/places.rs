//! Where values are in a text, and how their paths are written.

use espalier::{
    diag::path::{FieldPath, Step},
    yaml::source::Source,
};
use proptest::prelude::*;
use serde_json::json;

pub(super) fn path(text: &str) -> FieldPath {
    text.parse().unwrap_or_else(|why| panic!("{why}"))
}

#[test]
fn spans_are_those_of_keys_and_values() {
    let source = Source::parse(
        "f",
        "a:\n  bé: [x, {c: \"d e\"}]  # note\n  f: |\n    g\n    h\n\n  i:\nj: {k: 1}\n",
    );
    let value = |text: &str| &source.text[source.span(&path(text))];
    let key = |text: &str| &source.text[source.key_span(&path(text))];
    assert_eq!(
        (value("a.bé[0]"), value("a.bé[1].c"), value("a.bé")),
        ("x", "\"d e\"", "[x, {c: \"d e\"}]")
    );
    assert_eq!(
        (key("a.bé"), key("a.bé[1].c"), key("a.bé[1]"), key("j.k")),
        ("bé", "c", "{c: \"d e\"}", "k")
    );
    assert_eq!(value("a.f"), "g\n    h");
    assert!(value("a").starts_with("bé:") && value("a").ends_with('i'), "{:?}", value("a"));
    // A value that is not written is shown where it would be.
    assert_eq!(
        (value("j.z.y"), key("j.z"), value("a.bé[7]")),
        ("{k: 1}", "j", "[x, {c: \"d e\"}]")
    );
    assert!(
        source.is_written(&path("a.i"))
            && !source.is_written(&path("j.z"))
            && source.is_written(&FieldPath::root())
    );
    assert_eq!(source.line_column(source.span(&path("a.bé[1].c")).start), (2, 15));
    assert_eq!((source.line_column(0), source.line_column(usize::MAX)), ((1, 1), (9, 1)));
}

#[test]
fn paths_are_read_as_they_are_printed() {
    for text in [
        "",
        "a",
        "a.b[0].c",
        "[1][2]",
        "a.\"b.c\"",
        "\"\"",
        "metadata.\"a b\"[3]",
        "app-x/y_z",
        "é",
    ] {
        assert_eq!(path(text).to_string(), text);
    }
    for text in [
        ".a",
        "a.",
        "a..b",
        "a[",
        "a[x]",
        "a[-1]",
        "a[+1]",
        "a[]",
        "a[99999999999999999999999]",
        "\"a",
        "a]b\"",
        "\"a\"b",
    ] {
        let read = text.parse::<FieldPath>();
        assert!(
            read.as_ref().is_err() || read.as_ref().is_ok_and(|it| it.to_string() != text),
            "{text}: {read:?}"
        );
    }
    let mut value = json!({"a": [{"b": 1}, 2]});
    assert_eq!(path("a[0].b").get(&value), Some(&json!(1)));
    assert!(
        path("a[0].b").take_from(&mut value)
            && path("a[1]").take_from(&mut value)
            && !path("a[1]").take_from(&mut value)
    );
    assert_eq!(value, json!({"a": [{}]}));
    assert!(
        path("a.b").starts_with(&path("a"))
            && !path("ab").starts_with(&path("a"))
            && path("a").parent() == Some(FieldPath::root())
    );
}

proptest! {
    #[test]
    fn paths_round_trip(steps in prop::collection::vec(prop_oneof![any::<String>().prop_map(Step::Key), "[a-z.\\[\\]\"\\\\]{0,4}".prop_map(Step::Key), any::<usize>().prop_map(Step::Index)], 0..6)) {
        let path = FieldPath::from_iter(steps);
        prop_assert_eq!(path.to_string().parse::<FieldPath>(), Ok(path));
    }

    #[test]
    fn no_path_makes_it_panic(text in prop_oneof![any::<String>(), "[a.\\[\\]\"\\\\0-9]{0,8}"]) {
        drop(text.parse::<FieldPath>());
    }
}
