//! What is written is read back as it was, by every reader there is, and looks as a person would write it.

use std::{collections::BTreeMap, sync::LazyLock};

use espalier::yaml::{emit, plain::is_plain, source::Source};
use k8s_openapi::{
    ByteString,
    api::core::v1::{Container, EnvVar, Secret},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use proptest::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};

fn emitted<T: Serialize + ?Sized>(value: &T) -> String {
    let mut out = Vec::new();
    emit::document(&mut out, value);
    String::from_utf8(out).expect("only UTF-8 is written")
}

/// What a bare scalar must not match: <https://yaml.org/type/> for YAML 1.1 (`bool`, `float`, `int`, `merge`, `null`,
/// `timestamp`, `value`), the core schema of YAML 1.2, and what single readers add to them.
const IMPLICIT: [(&str, &str); 15] = [
    ("bool", "y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF"),
    ("int 1.1, base 2", "[-+]?0b[0-1_]+"),
    ("int 1.1, base 8", "[-+]?0[0-7_]+"),
    ("int 1.1, base 10", "[-+]?(0|[1-9][0-9_]*)"),
    ("int 1.1, base 16", "[-+]?0x[0-9a-fA-F_]+"),
    ("int 1.1, base 60", "[-+]?[1-9][0-9_]*(:[0-5]?[0-9])+"),
    ("float 1.1, base 10", r"[-+]?([0-9][0-9_]*)?\.[0-9.]*([eE][-+][0-9]+)?"),
    ("float 1.1, base 60", r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+\.[0-9_]*"),
    ("float, no numbers", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"),
    ("null", "~|null|Null|NULL|"),
    ("timestamp, day", "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"),
    (
        "timestamp",
        r"[0-9][0-9][0-9][0-9]-[0-9][0-9]?-[0-9][0-9]?([Tt]|[ \t]+)[0-9][0-9]?:[0-9][0-9]:[0-9][0-9](\.[0-9]*)?(([ \t]*)Z|[-+][0-9][0-9]?(:[0-9][0-9])?)?",
    ),
    ("merge and value", "<<|="),
    ("1.2 core", r"0o[0-7]+|[-+]?[0-9]+|[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"),
    ("go-yaml", "[-+]?0o[0-7_]+|[-+]?0[bB][01_]+|[-+]?[0-9_]+([eE][-+]?[0-9_]+)?"),
];

static IS_IMPLICIT: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let patterns: Vec<Value> = IMPLICIT.iter().map(|it| json!({"pattern": format!("^(?:{})$", it.1)})).collect();
    jsonschema::validator_for(&json!({"anyOf": patterns})).expect("the table is made of regular expressions")
});

fn is_implicit(text: &str) -> bool {
    IS_IMPLICIT.is_valid(&json!(text))
}

/// Texts that some reader has tripped over.
const NASTY: &[&str] = &[
    "",
    " ",
    "y",
    "Y",
    "n",
    "yes",
    "YES",
    "no",
    "on",
    "On",
    "off",
    "true",
    "True",
    "false",
    "null",
    "Null",
    "NULL",
    "~",
    "=",
    "<<",
    "<",
    ">",
    "|",
    "-",
    "--",
    "---",
    "----",
    "- a",
    "--- a",
    "...",
    ".",
    "..",
    "?",
    "? a",
    ":",
    ": a",
    "a:",
    "a: b",
    "a:b",
    "a :b",
    "a #b",
    "a#b",
    "#",
    "#a",
    "!",
    "!a",
    "!!str a",
    "&a",
    "*a",
    "@a",
    "`a",
    "%a",
    "%YAML 1.2",
    "{",
    "}",
    "[",
    "]",
    "{}",
    "[]",
    ",",
    "a,b",
    "'",
    "\"",
    "'a'",
    "\"a\"",
    "a'b",
    "a\"b",
    "\\",
    "\\n",
    "a\\b",
    "0",
    "00",
    "01",
    "010",
    "08",
    "0o7",
    "0O7",
    "0x10",
    "0X1f",
    "0b1",
    "1",
    "+1",
    "-1",
    "1_000",
    "_1",
    "1_",
    "1,000",
    "1.0",
    "1.",
    ".5",
    "-.5",
    "1e3",
    "1E3",
    "1e+3",
    "1.e3",
    "12e03",
    "1:2",
    "1:30",
    "12:30:45",
    "190:20:30",
    "190:20:30.15",
    "1.2.3",
    "1.2",
    "v1.2",
    "10.0.0.1",
    "::1",
    ".inf",
    "-.inf",
    "+.Inf",
    "inf",
    "Infinity",
    ".nan",
    ".NaN",
    "nan",
    "NaN",
    "2001-12-14",
    "2001-12-14t21:59:43.10-05:00",
    "2001-12-14 21:59:43",
    "2001-1-1",
    "20:30",
    "500m",
    "2Gi",
    "30s",
    "1d",
    "7h",
    "1k",
    "5E",
    "1e",
    "0x",
    "0xg",
    "12e",
    "1b",
    "12345e",
    "123456d",
    "0777a",
    "a\nb",
    "a\n",
    "a\n\n",
    "\na",
    "\n",
    "\n\n",
    " a",
    "a ",
    "\ta",
    "a\t",
    "a\tb",
    " a\nb",
    "\ta\nb",
    "a \nb",
    "a\n b",
    "a\n\tb",
    "a\n\n b\n",
    "a\r\nb",
    "a\rb",
    "\r",
    "a\u{0}b",
    "\u{7}",
    "\u{1b}[0m",
    "\u{7f}",
    "\u{80}",
    "\u{85}",
    "a\u{85}b",
    "\u{9f}",
    "\u{a0}",
    "a\u{a0}",
    "\u{2028}",
    "a\n\u{2029}b",
    "\u{feff}",
    "\u{feff}a",
    "a\u{feff}\n",
    "\u{fffe}",
    "\u{ffff}",
    "\u{fffd}",
    "\u{d7ff}",
    "\u{e000}",
    "\u{10000}",
    "\u{1f600}",
    "\u{10ffff}",
    "ü",
    "naïve",
    "日本",
    "a\n日本\n",
    "# a\nb",
    "a\n# b",
    "- a\n- b",
    "a: |\n  b",
    "--flag=x",
    "--flag x",
    "-c",
    "-x=1",
    "--1",
    "$(VAR)",
    "{{ .Values.x }}",
    "%",
    "100%",
    "a%",
    "/",
    "//",
    "/a/b:c",
    "https://a.b/c?d=e&f=g",
    "registry/image:1.2@sha256:ab",
    "a;b",
    "(a)",
    "it's",
    "what?",
    "yes!",
    "*",
    "a*",
    "<a>",
    "a<b",
    "a>b",
    "a|b",
    "a^b",
    "a~",
    "void",
    "none",
    "None",
    "nil",
    "yes ",
    "truee",
];

/// The alphabet of trouble.
fn nasty_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => prop::sample::select(NASTY).prop_map(str::to_owned),
        3 => "[-+?:,\\[\\]{}#&*!|>'\"%@`~=<. \t\n_0-9a-fyonxEtrue]{0,8}",
        2 => "[-+0-9._:eExobT]{1,10}",
        1 => any::<char>().prop_map(String::from),
        1 => "\\PC{0,6}",
    ];
    prop_oneof![4 => piece.clone(), 1 => prop::collection::vec(piece, 2..4).prop_map(|it| it.concat()), 1 => any::<String>()]
}

fn nasty_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter("JSON has neither NaN nor infinity", |it| it.is_finite()).prop_map(Value::from),
        nasty_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(nasty_text(), inner, 0..5).prop_map(|it| Value::Object(it.into_iter().collect())),
        ]
    })
}

/// Both readers see what was written, and nothing is wrong with it.
fn assert_read_back(value: &Value) -> Result<(), TestCaseError> {
    let text = emitted(value);
    let other: Value = serde_yaml::from_str(&text).map_err(|why| TestCaseError::fail(format!("serde_yaml: {why}\n{text}")))?;
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
    fn bare_texts_match_no_implicit_type(text in prop_oneof![nasty_text(), "[-+0-9._:eExobTyYnNosf]{1,6}"]) {
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
        assert_read_back(&json!([text, {"key": text}, {(*text): text}])).unwrap_or_else(|why| panic!("{text:?}: {why}"));
        assert!(!(is_plain(text) && is_implicit(text)), "{text:?} stands bare, and is an implicit type");
    }
}

/// The table itself is right: what it must catch, and what it must let pass.
#[test]
fn implicit_types_are_recognised() {
    for text in
        ["yes", "010", "0o7", "1_000", "12:30:45", "1e3", ".5", "1.", "~", "", "=", "<<", "2001-12-14", "-.inf", "1.2.3", "0b1", "0x1f"]
    {
        assert!(is_implicit(text), "{text}");
    }
    for text in ["yesno", "a", "v1", "500m", "12:30a", "--", "1Gi", "http://a"] {
        assert!(!is_implicit(text), "{text}");
    }
}

/// What needs no quotes gets none: the tree is read by people.
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
        assert_eq!(emitted(text), format!("{}\n", if is_plain(text) { text.to_owned() } else { format!("\"{text}\"") }));
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
    assert_eq!(emitted(&json!([["a\nb"], {"k": ["a\nb"]}])), "- - |-\n    a\n    b\n- k:\n  - |-\n    a\n    b\n");
}

/// JSON's writer leaves some of these as they are, which YAML does not take.
#[test]
fn quotes_have_escapes_of_both_versions() {
    let cases = [
        ("\u{0}\u{7}\u{1b}\u{7f}\u{80}", r#""\u0000\u0007\u001b\u007f\u0080""#),
        ("\u{85}\u{2028}\u{2029}\u{feff}\u{fffe}\u{ffff}", r#""\u0085\u2028\u2029\ufeff\ufffe\uffff""#),
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

/// Readers look for the colon of a key no further than 1024 characters.
#[test]
fn long_keys_are_written_with_a_question_mark() {
    for length in [10, 999, 1000, 1001, 1024, 1025, 5000] {
        let key = "k".repeat(length);
        for value in [json!("v"), json!({"a": {"b": 1}}), json!([1, [2]]), json!("a\nb\n"), json!({}), Value::Null] {
            assert_read_back(&json!({"before": 1, (key.clone()): value, "z": 1})).expect("both readers take it");
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

#[test]
fn structures_lie_as_kubectl_prints_them() {
    let value = json!({"empty": {}, "list": [{"a": 1, "b": []}, [[], {}], [[1]], {}, "x"], "none": null, "yes": true});
    let yaml = "empty: {}\nlist:\n- a: 1\n  b: []\n- - []\n  - {}\n- - - 1\n- {}\n- x\nnone: null\n\"yes\": true\n";
    assert_eq!(emitted(&value), yaml);
    assert_eq!((emitted(&json!({})), emitted(&json!([])), emitted(&json!([[]]))), ("{}\n".into(), "[]\n".into(), "- []\n".into()));
}

#[test]
fn depth_has_no_end() {
    let deep = (0..200).fold(json!("leaf"), |inner, i| if i % 3 == 0 { json!([inner]) } else { json!({"k": inner, "z": 1}) });
    let read: Result<Value, _> = serde_yaml::from_str(&emitted(&deep));
    assert!(emitted(&deep).contains(&" ".repeat(200)));
    // Its own limit is 128.
    assert!(read.is_err() || read.is_ok_and(|it| it == deep));
    let less = (0..60).fold(json!("leaf\nof two lines"), |inner, _| json!({"k": [inner]}));
    assert_eq!(serde_yaml::from_str::<Value>(&emitted(&less)).expect("120 levels are read"), less);
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Choice {
    Unit,
    Newtype(u8),
    Tuple(u8, bool),
    Struct { name: String, a: Option<u8>, kind: char },
}

#[test]
fn enums_are_externally_tagged() {
    let all = [Choice::Unit, Choice::Newtype(1), Choice::Tuple(2, true), Choice::Struct { name: "x".into(), a: None, kind: 'y' }];
    let yaml = "- unit\n- newtype: 1\n- tuple:\n  - 2\n  - true\n- struct:\n    kind: \"y\"\n    name: x\n    a: null\n";
    assert_eq!(emitted(&all), yaml);
    let nested = BTreeMap::from([("k", &all[3])]);
    assert_eq!(emitted(&nested), "k:\n  struct:\n    kind: \"y\"\n    name: x\n    a: null\n");
    assert_eq!(
        serde_yaml::from_str::<Value>(yaml).expect("it is YAML"),
        json!(["unit", {"newtype": 1}, {"tuple": [2, true]}, {"struct": {"name": "x", "a": null, "kind": "y"}}])
    );
}

#[derive(Serialize)]
struct Chart<'a> {
    repository: &'a str,
    values: &'a dyn erased_serde::Serialize,
    kind: &'a str,
}

/// Helm values go through a trait object; they come out as if they were typed.
#[test]
fn erased_values_are_written_like_typed_ones() {
    #[derive(Serialize)]
    struct Values {
        zone: Option<f64>,
        name: &'static str,
        choice: Choice,
        list: Vec<BTreeMap<u16, bool>>,
        empty: BTreeMap<String, String>,
        unit: (),
        bytes: Box<[u8]>,
    }
    let values = Values {
        zone: Some(0.5),
        name: "on",
        choice: Choice::Struct { name: "n".into(), a: Some(1), kind: 'k' },
        list: vec![BTreeMap::from([(80, true), (443, false)])],
        empty: BTreeMap::new(),
        unit: (),
        bytes: Box::new([1, 2]),
    };
    let yaml = emitted(&Chart { repository: "r", values: &values, kind: "Chart" });
    let expected = "kind: Chart\nrepository: r\nvalues:\n  name: \"on\"\n  zone: 0.5\n  choice:\n    struct:\n      kind: k\n      name: \"n\"\n      a: 1\n  list:\n  - \"80\": true\n    \"443\": false\n  empty: {}\n  unit: null\n  bytes:\n  - 1\n  - 2\n";
    assert_eq!(yaml, expected);
    let typed = emitted(&values);
    assert_eq!(
        typed.lines().flat_map(|it| ["  ", it, "\n"]).collect::<String>(),
        expected.split_once("values:\n").expect("the key is there").1
    );
    assert_eq!(emitted(&values as &dyn erased_serde::Serialize), typed);
}

#[test]
fn keys_come_in_the_order_a_person_looks_for_them() {
    let metadata = ObjectMeta {
        name: Some("s".into()),
        namespace: Some("ai".into()),
        annotations: Some([("a".to_owned(), "1".to_owned())].into()),
        labels: Some([("b".to_owned(), "c".to_owned())].into()),
        ..Default::default()
    };
    let secret = Secret {
        metadata,
        data: Some([("k".to_owned(), ByteString(b"v".to_vec()))].into()),
        type_: Some("Opaque".into()),
        ..Default::default()
    };
    let yaml = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  namespace: ai\n  labels:\n    b: c\n  annotations:\n    a: \"1\"\ntype: Opaque\ndata:\n  k: dg==\n";
    assert_eq!(emitted(&secret), yaml);
    let container = Container {
        name: "c".into(),
        image: Some("i".into()),
        args: Some(vec!["a\nb".into()]),
        env: Some(vec![EnvVar { name: "N".into(), value: Some("true".into()), value_from: None }]),
        ..Default::default()
    };
    assert_eq!(
        emitted(&[container]),
        "- name: c\n  image: i\n  args:\n  - |-\n    a\n    b\n  env:\n  - name: \"N\"\n    value: \"true\"\n"
    );
}

/// Keys of a map are data: their order is kept.
#[test]
fn maps_are_not_reordered() {
    assert_eq!(emitted(&json!({"a": 1, "kind": 2, "name": 3})), "a: 1\nkind: 2\nname: 3\n");
}

#[test]
fn parts_can_be_put_together() {
    let mut out = Vec::new();
    emit::type_meta(&mut out, "espalier.dev/v1alpha1", "Platform");
    out.extend_from_slice(b"spec:");
    emit::nested(&mut out, 2, &json!({"a": [1]}));
    assert_eq!(String::from_utf8(out).expect("it is UTF-8"), "apiVersion: espalier.dev/v1alpha1\nkind: Platform\nspec:\n  a:\n  - 1\n");
}

/// A `Serialize` that writes YAML by itself, on the way, does no harm to the one around it.
#[test]
fn emitters_may_be_nested() {
    #[derive(Serialize)]
    struct Outer {
        b: Inner,
        name: &'static str,
    }
    struct Inner;
    impl Serialize for Inner {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_str(&emitted(&EnvVar { name: "x".into(), value: Some("z".into()), value_from: None }))
        }
    }
    assert_eq!(emitted(&Outer { b: Inner, name: "n" }), "name: \"n\"\nb: |\n  name: x\n  value: z\n");
}
