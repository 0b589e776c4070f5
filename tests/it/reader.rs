//! Whatever is wrong with a file is found in one go, told in words for people and shown at the right place.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc, time::Instant};

use espalier::{
    diag::{
        code,
        diagnostic::{Diagnostic, Diagnostics, Place, Severity},
        path::{FieldPath, Step},
        render,
    },
    names::{DnsLabel, Host, ModelName},
    units::{Bytes, Millicores, Seconds},
    yaml::source::{Source, too_large},
};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Platform {
    kind: String,
    metadata: Metadata,
    spec: Spec,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Metadata {
    name: DnsLabel,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Spec {
    certificates: Certificates,
    #[serde(default)]
    ollama: Ollama,
    #[serde(default)]
    database: Database,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Certificates {
    host: Host,
    issuer: Issuer,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
enum Issuer {
    Staging,
    Production,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
struct Ollama {
    enabled: bool,
    replicas: u16,
    models: Vec<ModelName>,
    memory: Bytes,
    cpu: Millicores,
    keep_alive: Option<Seconds>,
    note: Option<String>,
    ratio: f64,
    labels: BTreeMap<DnsLabel, String>,
    pair: Option<(u8, u8)>,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
enum Database {
    #[default]
    Here,
    External {
        host: Host,
        port: u16,
    },
    Named(Tag),
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Tag {
    value: String,
}

const GOOD: &str = "\
kind: Platform
metadata:
  name: darien
spec:
  certificates: {host: chat.example.org, issuer: staging}
  ollama:
    enabled: true
    replicas: 2
    models: [\"llama3.2:1b\", qwen3]
    memory: 1.5Gi
    cpu: 0.5
    keepAlive: 30s
    note: |
      several
      lines
    ratio: 2
    labels: {a: \"1\"}
    pair: [1, 2]
  database:
    external: {host: db.example.org, port: 5432}
";

fn texts(source: Source) -> BTreeMap<Arc<str>, Source> {
    [(Arc::clone(&source.file), source)].into()
}

/// One line for each finding: `line:column code message`, then its help.
fn told<T: serde::de::DeserializeOwned>(text: &str) -> String {
    let source = Source::parse("f", text);
    let (_, findings) = source.read::<T>();
    let helps: BTreeMap<String, String> = findings.iter().map(|it| (it.message.clone(), it.help.join("; "))).collect();
    let mut lines = String::new();
    for line in render::short(&findings, &texts(source)).lines() {
        let line = line.replacen("f: error[", "f ", 1).trim_start_matches("f:").replacen(": error[", " ", 1).replacen("]: ", " ", 1);
        let help = helps.iter().find(|it| line.ends_with(it.0.as_str())).map_or("", |it| it.1);
        writeln!(lines, "{line} ({help})").expect("a String takes all");
    }
    lines
}

#[test]
fn a_good_file_has_a_value_and_no_findings() {
    let (value, findings) = Source::parse("f", GOOD).read::<Platform>();
    assert_eq!(findings, Diagnostics::new());
    let value = value.expect("it is read");
    assert_eq!(value.spec.ollama.memory, Bytes::mib(1536));
    assert_eq!(value.spec.ollama.cpu, Millicores::new(500));
    assert_eq!(value.spec.ollama.note.as_deref(), Some("several\nlines\n"));
    assert_eq!(value.spec.ollama.models[1], "qwen3:latest");
    assert!(matches!(value.spec.database, Database::External { port: 5432, .. }));
    // The same with the line ends of Windows, and with a byte-order mark.
    let crlf = GOOD.replace('\n', "\r\n");
    assert_eq!(Source::parse("f", format!("\u{feff}{crlf}")).read::<Platform>().0, Some(value));
}

#[test]
fn all_that_is_wrong_is_found_in_one_go() {
    let text = "\
kindly: Platform
metadata:
  name: Darién_1
spec:
  certificates: {issuer: prod, host: 'https://a.example:1/'}
  ollama:
    enabled: yes
    replicas: 70000
    modles: [a]
    models: [Llama3, ok, {a: b}, 3, 'x y']
    memory: 64MB
    cpu: many
    keepAlive: 30
    note: 1.10
    ratio: \"2\"
    labels: {'A b': c, d: 5}
    pair: [1]
  database: Externel
";
    let expected = "\
1:1 unknown-field `kindly` is not a field of the file (did you mean `kind`?)
1:1 missing-field `kind` is missing in the file, and has no default (write `kind: …`)
3:9 invalid-value `name`: `Darién_1` is not a name: a name is made of lower-case letters, digits and `-`, with a letter or digit at both ends; write `dari-n-1` ()
5:26 invalid-value `prod` is not a value of `issuer` (write one of `staging`, `production`)
5:38 invalid-value `host`: `https://a.example:1/` is not a host name: write the host only, `a.example` ()
7:14 invalid-value `enabled` takes `true` or `false`, found the text `yes` (write `true`)
8:15 invalid-value `replicas` takes a whole number from 0 to 65535, found the number 70000 ()
9:5 unknown-field `modles` is not a field of `ollama` (did you mean `models`?)
10:14 invalid-value `models[0]`: `Llama3` is not a model of Ollama: write it in lower case, `llama3` ()
10:26 invalid-value `models[2]` takes a model of Ollama like `llama3.2:1b`, found a map ()
10:34 invalid-value `models[3]` takes a model of Ollama like `llama3.2:1b`, found the number 3 ()
10:37 invalid-value `models[4]`: `x y` is not a model of Ollama: write it like `llama3.2:1b` ()
11:13 invalid-value `memory`: `64MB` has a unit that is none of bytes: write `64Mi` ()
12:10 invalid-value `cpu`: `many` is not an amount of CPU: write it like `500m`, `0.5` or `2` ()
13:16 invalid-value `keepAlive`: `30` has no unit: write `30s` ()
14:11 invalid-value `note` takes a text, found the number 1.10 (put it in quotes: `\"1.10\"`)
15:12 invalid-value `ratio` takes a number, found the text `2` (write it without quotes: `2`)
16:14 invalid-value `\"A b\"`: `A b` is not a name: a name is made of lower-case letters, digits and `-`, with a letter or digit at both ends; write `a-b` ()
16:27 invalid-value `d` takes a text, found the number 5 (put it in quotes: `\"5\"`)
17:11 invalid-value `pair` takes a list with this many items: 2, found 1 ()
18:13 invalid-value `Externel` is not a value of `database` (did you mean `external`?)
";
    assert_eq!(told::<Platform>(text), expected);
}

#[test]
fn the_second_missing_field_is_found_with_the_first() {
    let expected = "\
1:1 missing-field `kind` is missing in the file, and has no default (write `kind: …`)
1:1 missing-field `metadata` is missing in the file, and has no default (write `metadata: …`)
2:17 missing-field `host` is missing in `certificates`, and has no default (write `host: …`)
2:17 missing-field `issuer` is missing in `certificates`, and has no default (write `issuer: …`)
3:13 missing-field `port` is missing in `database.external`, and has no default (write `port: …`)
3:24 invalid-value `host`: `x` is not a full host name: write it with its domain, like `x.example.org` ()
";
    assert_eq!(
        told::<Platform>("spec:\n  certificates: {}\n  database: {external: {host: x}}\n"),
        expected.replace("3:13", "3:24").replacen("3:24 invalid", "3:31 invalid", 1)
    );
}

/// What is left out because it was wrong is not told a second time, as missing or as too few.
#[test]
fn nothing_is_told_twice() {
    assert_eq!(told::<Metadata>("name: A\n").lines().count(), 1);
    assert_eq!(told::<(DnsLabel, DnsLabel)>("[A, b]").lines().count(), 1);
    assert_eq!(told::<Database>("external: {host: A, port: 1}").lines().count(), 1);
    assert_eq!(told::<Database>("external: 1").lines().count(), 1);
    assert_eq!(told::<Metadata>("name: *x\n").lines().count(), 1);
    assert_eq!(told::<Metadata>("<<: {name: x}\n").lines().count(), 1);
    assert_eq!(told::<Metadata>("1: x\n").lines().count(), 1);
    assert_eq!(told::<Metadata>("? {a: b}\n: x\n").lines().count(), 1);
}

#[test]
fn a_value_is_there_when_only_what_has_a_default_is_wrong() {
    let (value, findings) = Source::parse("f", GOOD.replace("replicas: 2", "replicas: many")).read::<Platform>();
    assert_eq!((findings.len(), value.map(|it| it.spec.ollama.replicas)), (1, Some(0)));
    // A stand-in for what is missing never leaves the reader.
    let (value, findings) = Source::parse("f", GOOD.replace("  name: darien", "  {}")).read::<Platform>();
    assert_eq!((findings.len(), value), (1, None));
}

/// One bad text for each code, with the place that it is told at.
#[test]
fn every_code_has_its_place() {
    let deep = |n: usize| format!("{}a{}", "[".repeat(n), "]".repeat(n));
    let cases: &[(&str, &str, &str)] = &[
        ("", "", code::EMPTY_FILE),
        ("# nothing\n", "", code::EMPTY_FILE),
        ("---\n", "", code::EMPTY_FILE),
        ("~", "", code::EMPTY_FILE),
        ("\u{feff}", "", code::EMPTY_FILE),
        ("a: 1\n---\nb: 2\n", "2:1", code::SEVERAL_DOCUMENTS),
        ("a: 1\n---\n", "2:1", code::SEVERAL_DOCUMENTS),
        ("a: 1\nb: 2\na: 3\n", "3:1", code::DUPLICATE_KEY),
        ("{a: 1, 'a': 2}", "1:8", code::DUPLICATE_KEY),
        ("a: &x 1\nb: *x\n", "2:4", code::ALIAS),
        ("b: *unknown\n", "1:4", code::ALIAS),
        ("*x : 1\n", "1:1", code::ALIAS),
        ("<<: {a: 1}\n", "1:1", code::MERGE_KEY),
        ("? {a: b}\n: 1\n", "1:3", code::KEY_NOT_A_STRING),
        ("[a]: 1\n", "1:1", code::KEY_NOT_A_STRING),
        ("ä: {{ .Values.x }}\n", "1:5", code::KEY_NOT_A_STRING),
        ("1: x\n", "1:1", code::KEY_NOT_A_STRING),
        ("true: x\n", "1:1", code::KEY_NOT_A_STRING),
        (": x\n", "1:1", code::KEY_NOT_A_STRING),
        ("a:\n\tb: 1\n", "2:1", code::TAB),
        ("\ta: 1\n", "1:1", code::TAB),
        ("a:\n  b: 1\n \tc: 2\n", "3:2", code::TAB),
        ("ä: @x\n", "1:4", code::YAML_SYNTAX),
        ("a: b: c\n", "1:5", code::YAML_SYNTAX),
        ("a:\n  b: 1\n c: 2\n", "3:2", code::YAML_SYNTAX),
        ("é: \"x\n", "1:4", code::YAML_SYNTAX),
        ("a: [1, 2\n", "1:4", code::YAML_SYNTAX),
        ("a: !x 1\n", "1:4", code::YAML_SYNTAX),
        ("a: \u{0}\n", "1:4", code::YAML_SYNTAX),
        ("a: 1\rb: 2\n", "1:5", code::YAML_SYNTAX),
        ("é: \u{7f}\n", "1:4", code::YAML_SYNTAX),
        ("a: \"\\q\"\n", "1:4", code::YAML_SYNTAX),
        (&deep(100), "1:65", code::NESTED_TOO_DEEP),
        (&deep(300), "1:256", code::NESTED_TOO_DEEP),
    ];
    for (text, place, code) in cases {
        let told = told::<Value>(text);
        let first = told.lines().next().unwrap_or_else(|| panic!("{text:?}: nothing is told"));
        let expected = if place.is_empty() { format!("f {code} ") } else { format!("{place} {code} ") };
        assert!(first.starts_with(&expected), "{text:?}: {told}");
    }
}

#[test]
fn files_that_are_no_utf8_say_where() {
    let told = |bytes: &[u8]| {
        let source = Source::from_bytes("f", bytes.to_vec());
        let (value, findings) = source.read::<Value>();
        assert_eq!(value, None);
        render::short(&findings, &texts(source))
    };
    assert_eq!(told(b"a: b\n\xc3\xa9: \xffx\n"), "f:2:4: error[not-utf8]: the byte 0xFF is not UTF-8\n");
    assert_eq!(told(b"a: \xc3"), "f:1:4: error[not-utf8]: the byte 0xC3 is not UTF-8\n");
    assert_eq!(told(b"\xff\xfea\0"), "f:1:1: error[not-utf8]: the file is UTF-16, not UTF-8\n");
    assert_eq!(Source::from_bytes("f", b"\xef\xbb\xbfa: b\r\n".to_vec()).value, json!({"a": "b"}));
    let large = too_large("f", 100 << 20);
    assert_eq!((large.code, large.message.as_str()), (code::FILE_TOO_LARGE, "the file has 100 MiB, and a spec has at most 1 MiB"));
}

#[test]
fn bare_scalars_are_read_as_the_core_schema_says() {
    let text = "[0x10, 0o7, 010, 1_000, 12:30, yes, on, 1e3, .5, -0, +1, 18446744073709551615, 1e999, .inf, 0x, '1', null, ~, True, 2001-12-14, !!str 1]";
    let value = json!([
        16,
        7,
        "010",
        "1_000",
        "12:30",
        "yes",
        "on",
        1000.0,
        0.5,
        0,
        1,
        u64::MAX,
        "1e999",
        ".inf",
        "0x",
        "1",
        null,
        null,
        true,
        "2001-12-14",
        "1"
    ]);
    assert_eq!(Source::parse("f", text).value, value);
}

#[test]
fn no_more_is_told_than_anybody_reads() {
    let text: String = (0..1000).fold(String::new(), |mut text, i| {
        writeln!(text, "key{i}: x").expect("a String takes all");
        text
    });
    let (value, findings) = Source::parse("f", text).read::<BTreeMap<String, u8>>();
    assert_eq!((value, findings.len()), (None, 65));
    assert_eq!(findings.iter().last().map(|it| it.code), Some(code::TOO_MANY_FINDINGS));
    let (_, findings) = Source::parse("f", "a: *x\n".repeat(1000)).read::<BTreeMap<String, u8>>();
    assert_eq!(findings.len(), 65);
}

/// Files made to hurt end quickly. The bound is loose: a quadratic reader takes minutes here.
#[test]
fn no_file_takes_long() {
    let keys: String = (0..50_000).fold(String::new(), |mut text, i| {
        writeln!(text, "key{i}: {i}").expect("a String takes all");
        text
    });
    let nested = (0..3000).fold(String::new(), |text, i| text + &" ".repeat(i) + "a:\n");
    let laughs = (1..20).fold("a0: &a0 [x]\n".to_owned(), |mut text, i| {
        writeln!(text, "a{i}: &a{i} [*a{0}, *a{0}, *a{0}, *a{0}]", i - 1).expect("a String takes all");
        text
    });
    let hurt = [
        keys,
        nested,
        laughs,
        "key: 1\n".repeat(50_000),
        "[".repeat(100_000),
        "{a: ".repeat(100_000),
        "- ".repeat(100_000),
        "? ".repeat(100_000),
        ": ".repeat(100_000),
        format!("[{}]", "{a: b},".repeat(40_000)),
        format!("{{{}}}", "a: b, ".repeat(40_000)),
        format!("a: {}", "x".repeat(1 << 20)),
        "---\n".repeat(100_000),
        "\t".repeat(1 << 20),
        "#\n".repeat(1 << 19),
        format!("a: {}", "9".repeat(1 << 20)),
    ];
    for text in hurt {
        let started = Instant::now();
        let source = Source::parse("f", text.as_str());
        let (_, findings) = source.read::<BTreeMap<String, u32>>();
        assert!(findings.len() <= 65);
        drop(render::short(&findings, &texts(source)));
        let head: String = text.chars().take(20).collect();
        assert!(started.elapsed().as_secs() < 60, "{head:?}… took {:?}", started.elapsed());
    }
}

fn path(text: &str) -> FieldPath {
    text.parse().unwrap_or_else(|why| panic!("{why}"))
}

#[test]
fn spans_are_those_of_keys_and_values() {
    let source = Source::parse("f", "a:\n  bé: [x, {c: \"d e\"}]  # note\n  f: |\n    g\n    h\n\n  i:\nj: {k: 1}\n");
    let value = |text: &str| &source.text[source.span(&path(text))];
    let key = |text: &str| &source.text[source.key_span(&path(text))];
    assert_eq!((value("a.bé[0]"), value("a.bé[1].c"), value("a.bé")), ("x", "\"d e\"", "[x, {c: \"d e\"}]"));
    assert_eq!((key("a.bé"), key("a.bé[1].c"), key("a.bé[1]"), key("j.k")), ("bé", "c", "{c: \"d e\"}", "k"));
    assert_eq!(value("a.f"), "g\n    h");
    assert!(value("a").starts_with("bé:") && value("a").ends_with('i'), "{:?}", value("a"));
    // What is not written is shown where it would be.
    assert_eq!((value("j.z.y"), key("j.z"), value("a.bé[7]")), ("{k: 1}", "j", "[x, {c: \"d e\"}]"));
    assert!(source.is_written(&path("a.i")) && !source.is_written(&path("j.z")) && source.is_written(&FieldPath::root()));
    assert_eq!(source.line_column(source.span(&path("a.bé[1].c")).start), (2, 15));
    assert_eq!((source.line_column(0), source.line_column(usize::MAX)), ((1, 1), (9, 1)));
}

#[test]
fn a_line_leads_to_the_deepest_value_on_it() {
    let source = Source::parse("f", "# c\na:\n  b:\n  - c: 1\n    d: 2\n\n  e: {f: 1, g: 2}\n  h: |\n    text\n    more\n# end\n");
    let at = |line| source.path_at_line(line).map(|it| it.to_string());
    let expected = [
        None,
        None,
        Some("a"),
        Some("a.b"),
        Some("a.b[0].c"),
        Some("a.b[0].d"),
        None,
        Some("a.e"),
        Some("a.h"),
        Some("a.h"),
        Some("a.h"),
        None,
        None,
    ];
    for (line, path) in expected.into_iter().enumerate() {
        assert_eq!(at(line).as_deref(), path, "line {line}");
    }
    assert_eq!(Source::parse("f", "").path_at_line(1), None);
}

#[test]
fn paths_are_read_as_they_are_printed() {
    for text in ["", "a", "a.b[0].c", "[1][2]", "a.\"b.c\"", "\"\"", "metadata.\"a b\"[3]", "app-x/y_z", "é"] {
        assert_eq!(path(text).to_string(), text);
    }
    for text in [".a", "a.", "a..b", "a[", "a[x]", "a[-1]", "a[+1]", "a[]", "a[99999999999999999999999]", "\"a", "a]b\"", "\"a\"b"] {
        let read = text.parse::<FieldPath>();
        assert!(read.as_ref().is_err() || read.as_ref().is_ok_and(|it| it.to_string() != text), "{text}: {read:?}");
    }
    let mut value = json!({"a": [{"b": 1}, 2]});
    assert_eq!(path("a[0].b").get(&value), Some(&json!(1)));
    assert!(path("a[0].b").take_from(&mut value) && path("a[1]").take_from(&mut value) && !path("a[1]").take_from(&mut value));
    assert_eq!(value, json!({"a": [{}]}));
    assert!(path("a.b").starts_with(&path("a")) && !path("ab").starts_with(&path("a")) && path("a").parent() == Some(FieldPath::root()));
    let failed: Result<Platform, _> = serde_path_to_error::deserialize(
        &json!({"kind": "a", "metadata": {"name": "a"}, "spec": {"certificates": {"host": "a.b", "issuer": "staging"}, "database": {"external": {"host": "a.b", "port": "x"}}}}),
    );
    assert_eq!(FieldPath::from(failed.expect_err("the port is a text").path()).to_string(), "spec.database.external.port");
}

fn finding() -> Diagnostic {
    let file: Arc<str> = "spec/platform.yaml".into();
    Diagnostic::error(
        "node-memory-exceeded",
        Place::Value { file: Arc::clone(&file), path: path("spec.ollama.models") },
        "requests sum to 6318Mi, the node can give 5504Mi",
    )
    .label("2 × 1697Mi")
    .related(Place::Key { file, path: path("spec.certificates") }, "this is the rest")
    .related(Place::File("spec/versions.yaml".into()), "pinned here")
    .help("`replicas: 1` frees 1697Mi and fits")
    .note("`espalier show budget` explains each figure")
}

#[test]
fn findings_look_like_a_compiler_s() {
    let texts = texts(Source::parse("spec/platform.yaml", GOOD));
    let warning = Diagnostic::warning("b", Place::Nowhere, "of nothing");
    let all = Diagnostics::from_iter([warning, finding()]);
    let expected = "\
error[node-memory-exceeded]: requests sum to 6318Mi, the node can give 5504Mi
 --> spec/platform.yaml:9:13
  |
5 |   certificates: {host: chat.example.org, issuer: staging}
  |   ------------ this is the rest
...
9 |     models: [\"llama3.2:1b\", qwen3]
  |             ^^^^^^^^^^^^^^^^^^^^^^ 2 × 1697Mi
  |
  = help: `replicas: 1` frees 1697Mi and fits
  = note: spec/versions.yaml: pinned here
  = note: `espalier show budget` explains each figure

warning[b]: of nothing

";
    assert_eq!(render::human(&all, &texts, false), expected);
    assert!(render::human(&all, &texts, true).contains('\u{1b}'));
    let short =
        "spec/platform.yaml:9:13: error[node-memory-exceeded]: requests sum to 6318Mi, the node can give 5504Mi\nwarning[b]: of nothing\n";
    assert_eq!(render::short(&all, &texts), short);
    assert_eq!((all.len(), all.has_errors(), all.count(Severity::Warning)), (2, true, 1));
}

#[test]
fn findings_are_data_too() {
    let texts = texts(Source::parse("spec/platform.yaml", GOOD));
    let json: Value = serde_json::from_str(&render::json(&finding().into(), &texts)).expect("it is JSON");
    let at = json!({"file": "spec/platform.yaml", "line": 9, "column": 13, "endLine": 9, "endColumn": 35});
    for (key, value) in at.as_object().expect("it is a map") {
        assert_eq!(&json[0][key], value);
    }
    assert_eq!(
        (&json[0]["related"][0]["line"], &json[0]["related"][1]["line"], &json[0]["severity"]),
        (&json!(5), &Value::Null, &json!("error"))
    );
    assert_eq!(render::json(&Diagnostics::new(), &texts), "[]\n");
    let odd = Diagnostic::warning("a", Place::File("x,y:z".into()), "100%\nof: it").help("h");
    assert_eq!(render::github(&odd.into(), &texts), "::warning file=x%2Cy%3Az,title=a::100%25%0Aof: it%0Ahelp: h\n");
    let expected = "::error file=spec/platform.yaml,line=9,endLine=9,col=13,endColumn=35,title=node-memory-exceeded::requests";
    assert!(render::github(&finding().into(), &texts).starts_with(expected));
}

/// A value that is not written, and one of many lines, are shown at the key above them.
#[test]
fn places_without_a_line_of_their_own_are_shown_at_a_key() {
    let texts = texts(Source::parse("f", GOOD));
    for (at, line) in [
        ("spec.ollama.storage.size", 6),
        ("spec.ollama", 6),
        ("spec.ollama.note", 13),
        ("metadata.labels", 2),
        ("nothing", 1),
        ("spec.certificates.email", 5),
    ] {
        let it = Diagnostic::error("c", Place::Value { file: "f".into(), path: path(at) }, "m");
        let short = render::short(&it.into(), &texts);
        assert!(short.starts_with(&format!("f:{line}:")), "{at}: {short}");
    }
    let gone = Diagnostic::error("c", Place::Span { file: "f".into(), span: 5..usize::MAX }, "m");
    assert_eq!(render::short(&gone.into(), &texts), "f:1:6: error[c]: m\n");
    let unread = Diagnostic::error("c", Place::Value { file: "g".into(), path: path("a") }, "m");
    assert_eq!(render::short(&unread.clone().into(), &texts), "g: error[c]: m\n");
    assert!(render::human(&unread.into(), &texts, false).contains("--> g"));
}

/// Pieces of YAML in any order: nearer to the edge than random characters.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "b: ",
        ":",
        "- ",
        "\n",
        "\n  ",
        "  ",
        "\t",
        "[",
        "]",
        "{",
        "}",
        ",",
        "? ",
        "|\n",
        ">-\n",
        "'",
        "\"",
        "#",
        "&x ",
        "*x",
        "!t ",
        "<<",
        "---\n",
        "...\n",
        "%YAML 1.1\n",
        "\\",
        "é",
        "\u{feff}",
        "\r\n",
        "\r",
        "\u{0}",
        "\u{85}",
        "1",
        "~",
        "true",
        "name: ",
        "spec:",
        "ollama:",
        "kind: ",
        "external: ",
        "@",
        "`",
        "\u{1f600}",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|it| it.concat())
}

fn assert_no_panic(source: Source) -> Result<(), TestCaseError> {
    let (_, untyped) = source.read::<Value>();
    let (value, findings) = source.read::<Platform>();
    prop_assert!(value.is_some() || findings.has_errors());
    for line in 0..5 {
        if let Some(path) = source.path_at_line(line) {
            prop_assert!(source.is_written(&path));
            prop_assert!(source.text.get(source.span(&path)).is_some() && source.text.get(source.key_span(&path)).is_some());
        }
    }
    let texts = texts(source);
    for all in [untyped, findings] {
        let lines = render::short(&all, &texts).lines().count();
        prop_assert_eq!(lines, all.len());
        for text in [render::human(&all, &texts, true), render::json(&all, &texts), render::github(&all, &texts)] {
            prop_assert!(!text.is_empty() || all.is_empty());
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(512), ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        assert_no_panic(Source::from_bytes("f", bytes))?;
    }

    #[test]
    fn no_text_makes_it_panic(text in prop_oneof![pieces(), any::<String>()]) {
        assert_no_panic(Source::parse("f", text))?;
    }

    #[test]
    fn no_damage_to_a_good_file_makes_it_panic(from in 0..GOOD.len(), length in 0..20_usize, instead in pieces()) {
        let mut bytes = GOOD.as_bytes().to_vec();
        bytes.splice(from..(from + length).min(GOOD.len()), instead.bytes());
        assert_no_panic(Source::from_bytes("f", bytes))?;
    }

    /// A second reader takes what we take without a finding, and sees the same.
    #[test]
    fn what_is_read_without_findings_is_read_alike_elsewhere(text in pieces()) {
        let source = Source::parse("f", text.as_str());
        let (value, findings) = source.read::<Value>();
        if let (Some(value), true, Ok(other)) = (value, findings.is_empty(), serde_yaml::from_str::<Value>(&text)) {
            prop_assert_eq!(value, other, "{:?}", text);
        }
    }

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
