//! Files that are broken or made to do harm: no panic, no long wait, no flood of findings.

use std::{collections::BTreeMap, fmt::Write as _, time::Instant};

use espalier::{
    diag::{code, path::FieldPath},
    report,
    yaml::source::Source,
};
use proptest::prelude::*;
use serde_json::Value;

use super::{GOOD, Platform, texts};

#[test]
fn no_more_is_reported_than_anybody_reads() {
    let text: String = (0..1000).fold(String::new(), |mut text, i| {
        writeln!(text, "key{i}: x").expect("a String takes all");
        text
    });
    let (value, findings) = Source::parse("f", text).read::<BTreeMap<String, u8>>();
    assert_eq!((value, findings.len()), (None, 65));
    assert_eq!(findings.iter().last().map(|it| it.code), Some(code::TOO_MANY_FINDINGS.name()));
    let (_, findings) = Source::parse("f", "a: *x\n".repeat(1000)).read::<BTreeMap<String, u8>>();
    assert_eq!(findings.len(), 65);
}

/// Files that are made to do harm end quickly. The bound is loose: a quadratic reader takes minutes
/// here.
#[test]
fn no_file_takes_long() {
    let keys: String = (0..50_000).fold(String::new(), |mut text, i| {
        writeln!(text, "key{i}: {i}").expect("a String takes all");
        text
    });
    let nested = (0..3000).fold(String::new(), |text, i| text + &" ".repeat(i) + "a:\n");
    let laughs = (1..20).fold("a0: &a0 [x]\n".to_owned(), |mut text, i| {
        writeln!(text, "a{i}: &a{i} [*a{0}, *a{0}, *a{0}, *a{0}]", i - 1)
            .expect("a String takes all");
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
        drop(report::short(&findings, &texts(source)));
        let head: String = text.chars().take(20).collect();
        assert!(started.elapsed().as_secs() < 60, "{head:?}… took {:?}", started.elapsed());
    }
}

/// Pieces of YAML in any order: closer to real mistakes than random characters.
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
    for path in [FieldPath::root(), FieldPath::root().key("spec"), FieldPath::root().index(0)] {
        prop_assert!(
            source.text.get(source.span(&path)).is_some()
                && source.text.get(source.key_span(&path)).is_some()
        );
    }
    let texts = texts(source);
    for all in [untyped, findings] {
        let lines = report::short(&all, &texts).lines().count();
        prop_assert_eq!(lines, all.len());
        for text in [
            report::human(&all, &texts, true),
            report::json(&all, &texts),
            report::github(&all, &texts),
        ] {
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
    fn no_damage_to_a_good_file_makes_it_panic(
        from in 0..GOOD.len(),
        length in 0..20_usize,
        instead in pieces(),
    ) {
        let mut bytes = GOOD.as_bytes().to_vec();
        bytes.splice(from..(from + length).min(GOOD.len()), instead.bytes());
        assert_no_panic(Source::from_bytes("f", bytes))?;
    }

    /// A second reader accepts what we read without a finding, and sees the same values. (libyaml
    /// reads a file that is only a block scalar in another way.)
    #[test]
    fn what_is_read_without_findings_is_read_alike_elsewhere(text in pieces()) {
        let source = Source::parse("f", text.as_str());
        let (value, findings) = source.read::<Value>();
        let other = serde_yaml::from_str::<Value>(&source.text);
        if let (Some(value @ (Value::Object(_) | Value::Array(_))), true, Ok(other)) =
            (value, findings.is_empty(), other)
        {
            prop_assert_eq!(value, other, "{:?}", text);
        }
    }
}
