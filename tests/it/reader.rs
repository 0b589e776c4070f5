//! All faults of a file are found at once, reported in plain words and shown at the right place.

mod hints;
mod malformed;
mod places;
mod rendering;

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use espalier::{
    diag::{
        code::{self, ErrorCode},
        diagnostic::Diagnostics,
    },
    names::{DnsLabel, Host, ModelName},
    report,
    units::{Bytes, Millicores, Seconds},
    yaml::source::{Source, too_large},
};
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
    let helps: BTreeMap<String, String> =
        findings.iter().map(|it| (it.message.clone(), it.help.join("; "))).collect();
    let mut lines = String::new();
    for line in report::short(&findings, &texts(source)).lines() {
        let line = line
            .replacen("f: error[", "f ", 1)
            .trim_start_matches("f:")
            .replacen(": error[", " ", 1)
            .replacen("]: ", " ", 1);
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
    // The same with line ends of Windows, and with a byte-order mark.
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
    models: [llama@, ok, {a: b}, 3, 'x y']
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
3:9 invalid-value `name`: `Darién_1` is not a name: a name is made of lower-case letters, digits and `-`, with a letter or digit at both ends; write `dari-n-1` ()
5:26 invalid-value `prod` is not a value of `issuer` (did you mean `production`?)
5:38 invalid-value `host`: `https://a.example:1/` is not a host name: write the host only, `a.example` ()
7:14 invalid-value `enabled` takes `true` or `false`, found the string `yes` (write `true`)
8:15 invalid-value `replicas` takes a whole number from 0 to 65535, found the number 70000 ()
9:5 unknown-field `modles` is not a field of `ollama` (did you mean `models`? it is there too: keep one of the two)
10:14 invalid-value `models[0]`: `llama@` is not a model of Ollama: it takes no digest; write `llama` ()
10:26 invalid-value `models[2]` takes a model of Ollama like `llama3.2:1b`, found a map ()
10:34 invalid-value `models[3]` takes a model of Ollama like `llama3.2:1b`, found the number 3 (put it in quotes: `\"3\"`)
10:37 invalid-value `models[4]`: `x y` is not a model of Ollama: write it like `llama3.2:1b` ()
11:13 invalid-value `memory`: `64MB` does not have a unit that Kubernetes knows: write `64Mi` ()
12:10 invalid-value `cpu`: `many` is not an amount of CPU: write it like `4`, `0.5` or `500m` ()
13:16 invalid-value `keepAlive` takes a length of time like `30s`, `5m`, `24h` or `7d`, found the number 30 (write `30s`)
14:11 invalid-value `note` takes a string, found the number 1.10 (put it in quotes: `\"1.10\"`: without them it is the number 1.1)
15:12 invalid-value `ratio` takes a number, found the string `2` (write it without quotes: `2`)
16:14 invalid-value `\"A b\"`: `A b` is not a name: a name is made of lower-case letters, digits and `-`, with a letter or digit at both ends; write `a-b` ()
16:27 invalid-value `d` takes a string, found the number 5 (put it in quotes: `\"5\"`)
17:11 invalid-value `pair` takes a list with this many items: 2, found 1 ()
18:13 invalid-value `Externel` is not a value of `database` (did you mean `external`?)
";
    assert_eq!(told::<Platform>(text), expected);
}

#[test]
fn the_second_missing_field_is_found_with_the_first() {
    let expected = "\
1:1 missing-field `kind` is missing in the file, and has no default (write `kind: …`)
1:1 missing-field `metadata` is missing in the file, and has no default (write `metadata: {name: my-team}`)
2:17 missing-field `host` is missing in `certificates`, and has no default (write `host: chat.example.org`)
2:17 missing-field `issuer` is missing in `certificates`, and has no default (write `issuer: staging`)
3:13 missing-field `port` is missing in `database.external`, and has no default (write `port: 1`)
3:24 invalid-value `host`: `x` is not a full host name: write it with its domain, like `x.example.org` ()
";
    assert_eq!(
        told::<Platform>("spec:\n  certificates: {}\n  database: {external: {host: x}}\n"),
        expected.replace("3:13", "3:24").replacen("3:24 invalid", "3:31 invalid", 1)
    );
}

/// What is left out because it was wrong is not reported a second time, as missing or as too few.
#[test]
fn nothing_is_reported_twice() {
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
    let (value, findings) =
        Source::parse("f", GOOD.replace("replicas: 2", "replicas: many")).read::<Platform>();
    assert_eq!((findings.len(), value.map(|it| it.spec.ollama.replicas)), (1, Some(0)));
    // A placeholder for a missing value never leaves the reader.
    let (value, findings) =
        Source::parse("f", GOOD.replace("  name: darien", "  {}")).read::<Platform>();
    assert_eq!((findings.len(), value), (1, None));
}

/// One bad text for each code, with the place that the finding names.
#[test]
fn every_code_has_its_place() {
    let deep = |n: usize| format!("{}a{}", "[".repeat(n), "]".repeat(n));
    let cases: &[(&str, &str, ErrorCode)] = &[
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
        let (told, code) = (told::<Value>(text), code.name());
        let first = told.lines().next().unwrap_or_else(|| panic!("{text:?}: nothing is told"));
        let expected =
            if place.is_empty() { format!("f {code} ") } else { format!("{place} {code} ") };
        assert!(first.starts_with(&expected), "{text:?}: {told}");
    }
}

#[test]
fn files_that_are_no_utf8_say_where() {
    let told = |bytes: &[u8]| {
        let source = Source::from_bytes("f", bytes.to_vec());
        let (value, findings) = source.read::<Value>();
        assert_eq!(value, None);
        report::short(&findings, &texts(source))
    };
    assert_eq!(
        told(b"a: b\n\xc3\xa9: \xffx\n"),
        "f:2:4: error[not-utf8]: the byte 0xFF is not UTF-8\n"
    );
    assert_eq!(told(b"a: \xc3"), "f:1:4: error[not-utf8]: the byte 0xC3 is not UTF-8\n");
    assert_eq!(told(b"\xff\xfea\0"), "f:1:1: error[not-utf8]: the file is UTF-16, not UTF-8\n");
    assert_eq!(Source::from_bytes("f", b"\xef\xbb\xbfa: b\r\n".to_vec()).value, json!({"a": "b"}));
    let large = too_large("f", 100 << 20);
    assert_eq!(
        (large.code, large.message.as_str()),
        (code::FILE_TOO_LARGE.name(), "the file has 100 MiB, but a spec has at most 1 MiB")
    );
}

#[test]
fn bare_scalars_are_read_as_the_core_schema_says() {
    let text = "[0x10, 0o7, 010, 1_000, 12:30, yes, on, 1e3, .5, -0, +1, 18446744073709551615, \
                1e999, .inf, 0x, '1', null, ~, True, 2001-12-14, !!str 1]";
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
