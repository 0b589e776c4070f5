//! Findings as people and programs see them.

use std::sync::Arc;

use espalier::{
    check::capacity::NODE_MEMORY_EXCEEDED,
    diag::{
        code::{ErrorCode, WarningCode},
        diagnostic::{Diagnostic, Diagnostics, Place, Severity},
    },
    report,
    yaml::source::Source,
};
use serde_json::{Value, json};

use super::{GOOD, places::path, texts};

/// Codes that nothing declares.
const A: WarningCode = WarningCode::new("a", "");
const B: WarningCode = WarningCode::new("b", "");
const C: ErrorCode = ErrorCode::new("c", "");

fn finding() -> Diagnostic {
    let file: Arc<str> = "spec/platform.yaml".into();
    NODE_MEMORY_EXCEEDED
        .at(
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
    let warning = B.at(Place::Nowhere, "of nothing");
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
    assert_eq!(report::human(&all, &texts, false), expected);
    assert!(report::human(&all, &texts, true).contains('\u{1b}'));
    let short = "spec/platform.yaml:9:13: error[node-memory-exceeded]: requests sum to 6318Mi, the \
                 node can give 5504Mi\nwarning[b]: of nothing\n";
    assert_eq!(report::short(&all, &texts), short);
    assert_eq!((all.len(), all.has_errors(), all.count(Severity::Warning)), (2, true, 1));
}

#[test]
fn findings_are_data_too() {
    let texts = texts(Source::parse("spec/platform.yaml", GOOD));
    let json: Value =
        serde_json::from_str(&report::json(&finding().into(), &texts)).expect("it is JSON");
    let at = json!({"file": "spec/platform.yaml", "line": 9, "column": 13, "endLine": 9, "endColumn": 35});
    for (key, value) in at.as_object().expect("it is a map") {
        assert_eq!(&json[0][key], value);
    }
    assert_eq!(
        (&json[0]["related"][0]["line"], &json[0]["related"][1]["line"], &json[0]["severity"]),
        (&json!(5), &Value::Null, &json!("error"))
    );
    assert_eq!(report::json(&Diagnostics::new(), &texts), "[]\n");
    let odd = A.at(Place::File("x,y:z".into()), "100%\nof: it").help("h");
    assert_eq!(
        report::github(&odd.into(), &texts),
        "::warning file=x%2Cy%3Az,title=a::100%25%0Aof: it%0Ahelp: h\n"
    );
    let expected = "::error \
                    file=spec/platform.yaml,line=9,endLine=9,col=13,endColumn=35,title=node-memory-exceeded::requests";
    assert!(report::github(&finding().into(), &texts).starts_with(expected));
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
        let diagnostic = C.at(Place::Value { file: "f".into(), path: path(at) }, "m");
        let short = report::short(&diagnostic.into(), &texts);
        assert!(short.starts_with(&format!("f:{line}:")), "{at}: {short}");
    }
    let gone = C.at(Place::Span { file: "f".into(), span: 5..usize::MAX }, "m");
    assert_eq!(report::short(&gone.into(), &texts), "f:1:6: error[c]: m\n");
    let unread = C.at(Place::Value { file: "g".into(), path: path("a") }, "m");
    assert_eq!(report::short(&unread.clone().into(), &texts), "g: error[c]: m\n");
    assert!(report::human(&unread.into(), &texts, false).contains("--> g"));
}
