//! What is written is read back unchanged, by several readers, and looks as a person would write
//! it.

mod implicit;
mod structures;

use espalier::yaml::{emit, plain::is_plain, source::Source};
use proptest::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};

use implicit::{NASTY, is_implicit};

fn emitted<T: Serialize + ?Sized>(value: &T) -> String {
    let mut out = Vec::new();
    emit::document(&mut out, value);
    String::from_utf8(out).expect("only UTF-8 is written")
}

/// Characters that cause trouble.
fn nasty_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => prop::sample::select(NASTY).prop_map(str::to_owned),
        3 => "[-+?:,\\[\\]{}#&*!|>'\"%@`~=<. \t\n_0-9a-fyonxEtrue]{0,8}",
        2 => "[-+0-9._:eExobT]{1,10}",
        1 => any::<char>().prop_map(String::from),
        1 => "\\PC{0,6}",
    ];
    let several = prop::collection::vec(piece.clone(), 2..4).prop_map(|it| it.concat());
    prop_oneof![4 => piece, 1 => several, 1 => any::<String>()]
}

fn nasty_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>()
            .prop_filter("JSON has neither NaN nor infinity", |it| it.is_finite())
            .prop_map(Value::from),
        nasty_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(nasty_text(), inner, 0..5)
                .prop_map(|it| Value::Object(it.into_iter().collect())),
        ]
    })
}

/// Both readers see what was written, without findings.
fn assert_read_back(value: &Value) -> Result<(), TestCaseError> {
    let text = emitted(value);
    let other: Value = serde_yaml::from_str(&text)
        .map_err(|why| TestCaseError::fail(format!("serde_yaml: {why}\n{text}")))?;
    prop_assert_eq!(&other, value, "serde_yaml reads otherwise:\n{}", text);
    let source = Source::parse("it.yaml", text.as_str());
    prop_assert_eq!(&source.value, value, "we read otherwise:\n{}", text);
    let (read, findings) = source.read::<Value>();
    if !value.is_null() {
        prop_assert!(findings.is_empty(), "{:?}\n{}", findings, text);
        prop_assert_eq!(read.as_ref(), Some(value));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(512), ..ProptestConfig::default() })]

    #[test]
    fn texts_are_read_back(text in nasty_text()) {
        assert_read_back(&json!([text, {"key": text}, {(text.clone()): 1}, [[text]]]))?;
        assert_read_back(&Value::from(text))?;
    }

    #[test]
    fn structures_are_read_back(value in nasty_value()) {
        assert_read_back(&value)?;
    }

    #[test]
    fn bare_texts_match_no_implicit_type(
        text in prop_oneof![nasty_text(), "[-+0-9._:eExobTyYnNosf]{1,6}"],
    ) {
        let written = emitted(&text);
        let written = written.trim_end_matches('\n');
        if written == text {
            prop_assert!(is_plain(&text));
            prop_assert!(!is_implicit(&text), "{:?} stands bare, and is an implicit type", text);
        } else {
            prop_assert!(written.starts_with(['"', '|']), "{written}");
        }
    }
}

#[test]
fn every_nasty_text_is_read_back() {
    for text in NASTY {
        assert_read_back(&json!([text, {"key": text}, {(*text): text}]))
            .unwrap_or_else(|why| panic!("{text:?}: {why}"));
        assert!(
            !(is_plain(text) && is_implicit(text)),
            "{text:?} stands bare, and is an implicit type"
        );
    }
}

/// Quotes are used only where they are needed: people read the tree.
#[test]
fn ordinary_texts_stand_bare() {
    for text in [
        "ollama",
        "ws-alpha",
        "512Mi",
        "2Gi",
        "100m",
        "30s",
        "ghcr.io/open-webui/open-webui:v0.6.5",
        "http://ollama.ai.svc:11434",
        "app.kubernetes.io/name",
        "ReadWriteOnce",
        "/var/lib/data",
        "--web.enable-lifecycle",
        "--port=8080",
        "a, b and c",
        "it's fine",
        "80%ile",
        "$patch",
        "truee",
        "nothing",
    ] {
        assert_eq!(
            emitted(text),
            format!("{}\n", if is_plain(text) { text.to_owned() } else { format!("\"{text}\"") })
        );
        let quoted = matches!(text, "80%ile" | "$patch");
        assert_eq!(is_plain(text), !quoted, "{text}");
    }
}

#[test]
fn texts_of_several_lines_are_blocks() {
    let cases = [
        ("a\nb", "k: |-\n  a\n  b\n"),
        ("a\nb\n", "k: |\n  a\n  b\n"),
        ("a\nb\n\n", "k: |+\n  a\n  b\n\n"),
        ("a\n\n  b\n", "k: |\n  a\n\n    b\n"),
        ("# a: b\n- c\n", "k: |\n  # a: b\n  - c\n"),
        (" a\nb", "k: \" a\\nb\"\n"),
        ("\ta\nb", "k: \"\\ta\\nb\"\n"),
        ("a \nb", "k: \"a \\nb\"\n"),
        ("\na", "k: \"\\na\"\n"),
        ("\n", "k: \"\\n\"\n"),
        ("a\r\nb", "k: \"a\\r\\nb\"\n"),
        ("a\u{85}\nb", "k: \"a\\u0085\\nb\"\n"),
        ("\u{1f600}\n\u{e9}", "k: |-\n  \u{1f600}\n  \u{e9}\n"),
    ];
    for (text, yaml) in cases {
        assert_eq!(emitted(&json!({"k": text})), yaml);
    }
    assert_eq!(
        emitted(&json!([["a\nb"], {"k": ["a\nb"]}])),
        "- - |-\n    a\n    b\n- k:\n  - |-\n    a\n    b\n"
    );
}

/// The writer of JSON leaves some of these as they are, which YAML does not accept.
#[test]
fn quotes_have_escapes_of_both_versions() {
    let cases = [
        ("\u{0}\u{7}\u{1b}\u{7f}\u{80}", r#""\u0000\u0007\u001b\u007f\u0080""#),
        (
            "\u{85}\u{2028}\u{2029}\u{feff}\u{fffe}\u{ffff}",
            r#""\u0085\u2028\u2029\ufeff\ufffe\uffff""#,
        ),
        ("\"\\/\n\t\r", r#""\"\\/\n\t\r""#),
        ("\u{1f600} \u{10ffff}", "\"\u{1f600} \u{10ffff}\""),
    ];
    for (text, yaml) in cases {
        assert_eq!(emitted(text), format!("{yaml}\n"));
    }
}

#[test]
fn long_texts_are_never_folded() {
    let text = "word ".repeat(500) + "end";
    assert_eq!(emitted(&json!({"k": text})), format!("k: {text}\n"));
}

/// Readers look for the colon of a key within 1024 characters only.
#[test]
fn long_keys_are_written_with_a_question_mark() {
    for length in [10, 999, 1000, 1001, 1024, 1025, 5000] {
        let key = "k".repeat(length);
        for value in [
            json!("v"),
            json!({"a": {"b": 1}}),
            json!([1, [2]]),
            json!("a\nb\n"),
            json!({}),
            Value::Null,
        ] {
            assert_read_back(&json!({"before": 1, (key.clone()): value, "z": 1}))
                .expect("both readers take it");
        }
    }
}

#[test]
fn floats_are_floats_for_both_versions() {
    for (n, yaml) in [
        (1.0, "1.0"),
        (0.1, "0.1"),
        (-0.0, "-0.0"),
        (1e300, "1.0e+300"),
        (1.5e-7, "1.5e-7"),
        (-2.5e20, "-2.5e+20"),
        (f64::NAN, ".nan"),
        (f64::INFINITY, ".inf"),
        (f64::NEG_INFINITY, "-.inf"),
    ] {
        assert_eq!(emitted(&n), format!("{yaml}\n"));
        assert!(is_implicit(yaml), "{yaml}");
    }
    assert_eq!(emitted(&0.1_f32), "0.1\n");
}
