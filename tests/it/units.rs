//! One amount has one spelling, which is the one that the API server stores; names are checked once and for all.

use std::{fmt::Debug, str::FromStr};

use espalier::{
    names::{DnsLabel, Email, GitBranch, GitUrl, Host, ModelName, RelativePath, Tag},
    units::{Bytes, Millicores, Seconds},
};
use proptest::prelude::*;
use schemars::{JsonSchema, schema_for};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

fn bytes(text: &str) -> Result<u64, String> {
    text.parse().map(Bytes::get)
}

fn millicores(text: &str) -> Result<u64, String> {
    text.parse().map(Millicores::get)
}

fn seconds(text: &str) -> Result<u64, String> {
    text.parse().map(Seconds::get)
}

#[test]
fn bytes_are_read_as_kubernetes_reads_them() {
    for (text, n) in [
        ("0", 0),
        ("512", 512),
        ("1Ki", 1 << 10),
        ("512Mi", 512 << 20),
        ("2Gi", 2 << 30),
        ("1.5Gi", 3 << 29),
        ("0.5Ki", 512),
        ("1Ti", 1 << 40),
        ("1Pi", 1 << 50),
        ("15Ei", 15 << 60),
        ("1k", 1_000),
        ("500M", 500_000_000),
        ("1.5G", 1_500_000_000),
        ("18446744073709551615", u64::MAX),
    ] {
        assert_eq!(bytes(text), Ok(n), "{text}");
    }
}

#[test]
fn what_is_no_amount_says_what_to_write() {
    for (text, hint) in [
        ("64MB", "write `64Mi`"),
        ("64m", "write `64Mi`"),
        ("2gb", "write `2Gi`"),
        ("2 Gi", "write `2Gi`"),
        ("1K", "write `1Ki`"),
        ("1e3", "write `1Mi`"),
        ("0.3Ki", "not a whole number of bytes"),
        ("1.0000000000000000000000000000000000000000000000001Ki", "not a whole number of bytes"),
        ("16Ei", "more bytes than can be counted"),
        ("99999999999999999999999", "more bytes than can be counted"),
        ("-1Gi", "below zero"),
        ("", "write it like `512Mi`"),
        (".5Gi", "write it like `512Mi`"),
        ("1.Gi", "write it like `512Mi`"),
        ("1.2.3Gi", "write it like `512Mi`"),
        ("Gi", "write it like `512Mi`"),
        ("ten", "write it like `512Mi`"),
        ("٣Gi", "write it like `512Mi`"),
    ] {
        let message = bytes(text).expect_err(text);
        assert!(message.contains(hint), "{text}: {message}");
    }
    for (text, hint) in [
        ("0.0005", "thousandth"),
        ("0.5m", "thousandth"),
        ("1 core", "write it like `500m`"),
        ("-1", "below zero"),
        ("", "write it like"),
        ("1Mi", "write it like"),
        ("99999999999999999999", "more CPU"),
    ] {
        let message = millicores(text).expect_err(text);
        assert!(message.contains(hint), "{text}: {message}");
    }
    for (text, hint) in [
        ("30", "write `30s`"),
        ("500ms", "whole seconds"),
        ("1m1h", "write it like"),
        ("1h1h", "write it like"),
        ("1y", "write it like"),
        ("", "write it like"),
        ("-1s", "write it like"),
        ("1h 30m", "write it like"),
        ("0.5s", "whole number of seconds"),
        ("999999999999999999999d", "longer than can be counted"),
        ("210000000000000d300000000000000h", "longer"),
    ] {
        let message = seconds(text).expect_err(text);
        assert!(message.contains(hint), "{text}: {message}");
    }
}

#[test]
fn amounts_are_printed_in_canonical_form() {
    for (n, text) in [
        (0, "0"),
        (1, "1"),
        (1000, "1k"),
        (1023, "1023"),
        (1024, "1Ki"),
        (1_000_000, "1M"),
        (64_000_000, "62500Ki"),
        (1 << 20, "1Mi"),
        (1536 << 20, "1536Mi"),
        (2 << 30, "2Gi"),
        (1 << 40, "1Ti"),
        (1 << 60, "1Ei"),
    ] {
        assert_eq!((Bytes::new(n).to_string(), Bytes::new(n).quantity().0), (text.to_owned(), text.to_owned()));
    }
    for (n, text) in [(0, "0"), (1, "1m"), (500, "500m"), (1000, "1"), (1500, "1500m"), (4000, "4"), (1_000_000, "1k")] {
        assert_eq!((Millicores::new(n).to_string(), Millicores::new(n).quantity().0), (text.to_owned(), text.to_owned()));
    }
    for (n, text) in [(0, "0s"), (30, "30s"), (60, "1m"), (90, "90s"), (5400, "90m"), (3600, "1h"), (604_800, "168h")] {
        assert_eq!(Seconds::new(n).to_string(), text);
    }
    assert_eq!(format!("{:>6}|{:<6}|", Bytes::mib(3), Millicores::new(5)), "   3Mi|5m    |");
    assert_eq!((seconds("1h30m"), seconds("7d"), seconds("1.5h"), seconds("2d12h")), (Ok(5400), Ok(604_800), Ok(5400), Ok(216_000)));
}

#[test]
fn sums_never_overflow() {
    let most = Bytes::new(u64::MAX);
    assert_eq!((most + Bytes::new(1), most * 2, Bytes::gib(u64::MAX)), (most, most, most));
    assert_eq!([Bytes::mib(1), Bytes::mib(2)].iter().sum::<Bytes>(), Bytes::mib(3));
    assert_eq!((Bytes::mib(1).saturating_sub(Bytes::mib(2)), Bytes::new(1).ceil_mib()), (Bytes::default(), Bytes::mib(1)));
    assert_eq!((Bytes::new(1).in_mib().to_string(), Bytes::gib(1).in_mib().to_string()), ("1Mi".to_owned(), "1024Mi".to_owned()));
}

#[test]
fn a_bare_number_is_asked_for_its_unit() {
    let error = |it: Result<Bytes, serde_json::Error>| it.expect_err("it has no unit").to_string();
    assert_eq!(error(serde_json::from_value(json!(512))), "`512` has no unit: write `512Mi`");
    assert_eq!(serde_json::from_value::<Bytes>(json!(0)).expect("zero is zero"), Bytes::default());
    assert_eq!(serde_json::from_value::<Seconds>(json!(30)).expect_err("it has no unit").to_string(), "`30` has no unit: write `30s`");
    for (value, n) in [(json!(4), 4000), (json!(0.5), 500), (json!("250m"), 250), (json!("1.5"), 1500), (json!(0.001), 1)] {
        assert_eq!(serde_json::from_value::<Millicores>(value).expect("it is an amount"), Millicores::new(n));
    }
    assert!(serde_json::from_value::<Millicores>(json!(-1)).is_err());
    assert!(serde_json::from_value::<Millicores>(json!(1e300)).is_err());
}

/// What is printed is read back as it was, through serde too, and the schema takes it.
fn assert_round_trip<T>(it: &T) -> Result<(), TestCaseError>
where
    T: ToString + FromStr<Err = String> + Serialize + DeserializeOwned + JsonSchema + PartialEq + Debug,
{
    let text = it.to_string();
    let read = text.parse::<T>();
    prop_assert_eq!(read.as_ref(), Ok(it));
    prop_assert_eq!(serde_json::to_value(it).expect("a text is JSON"), json!(text));
    prop_assert_eq!(&serde_json::from_value::<T>(json!(text)).expect("it is read back"), it);
    let schema = Value::from(schema_for!(T));
    prop_assert!(jsonschema::is_valid(&schema, &json!(text)), "{} is not valid for {}", text, schema);
    Ok(())
}

proptest! {
    #[test]
    fn amounts_have_one_spelling(n in prop_oneof![any::<u64>(), 0..5000_u64, any::<u64>().prop_map(|it| it >> 30 << 20), (0..1000_u64).prop_map(|it| it * 1_000_000)]) {
        assert_round_trip(&Bytes::new(n))?;
        assert_round_trip(&Millicores::new(n))?;
        assert_round_trip(&Seconds::new(n))?;
    }

    /// Whatever is taken is printed in the one spelling, and nothing panics.
    #[test]
    fn every_spelling_leads_to_the_same(text in prop_oneof!["[0-9]{0,22}(\\.[0-9]{0,30})?(Ki|Mi|Gi|Ti|Pi|Ei|k|M|G|T|P|E|m|h|d|s)?", "\\PC{0,8}"]) {
        if let Ok(it) = text.parse::<Bytes>() { assert_round_trip(&it)? }
        if let Ok(it) = text.parse::<Millicores>() { assert_round_trip(&it)? }
        if let Ok(it) = text.parse::<Seconds>() { assert_round_trip(&it)? }
    }

    /// Names that are taken are taken again, and their schema is never narrower than their check.
    #[test]
    fn names_are_stable(text in prop_oneof!["[a-zA-Z0-9._@:/~^* -]{0,24}", "[a-z0-9-]{1,70}", "[a-z0-9.]{1,30}", "(https|ssh)://[a-z.@:/]{1,20}", "v?[0-9x.]{1,8}(-[a-z]{1,4})?", "\\PC{0,12}"]) {
        macro_rules! check {
            ($($name:ident)+) => {
                $(if let Ok(it) = text.parse::<$name>() { assert_round_trip(&it)? })+
            };
        }
        check!(DnsLabel Host Email GitUrl GitBranch RelativePath ModelName Tag);
    }
}

/// What is taken, and what is refused with which words.
fn assert_names<T: FromStr<Err = String> + ToString + Debug>(good: &[&str], bad: &[(&str, &str)]) {
    for text in good {
        assert_eq!(text.parse::<T>().unwrap_or_else(|why| panic!("{why}")).to_string(), *text);
    }
    for (text, hint) in bad {
        let message = text.parse::<T>().expect_err(text);
        assert!(message.contains(hint), "{text}: {message}");
    }
}

#[test]
fn labels_and_hosts() {
    assert_names::<DnsLabel>(
        &["a", "ws-1", "0", &"a".repeat(63)],
        &[
            ("", "not empty"),
            ("A_b", "write `a-b`"),
            ("-a", "write `a`"),
            ("a.b", "write `a-b`"),
            (&"a".repeat(64), "at most 63"),
            ("ü", "lower-case letters"),
        ],
    );
    assert_names::<Host>(
        &["chat.example.org", "a.b", "1.2.3.a", "xn--bcher-kva.example"],
        &[
            ("https://Chat.example.org:443/x", "write the host only, `chat.example.org`"),
            ("chat.example.org:443", "`chat.example.org`"),
            ("chat.example.org.", "`chat.example.org`"),
            ("Chat.Example.org", "`chat.example.org`"),
            ("*.example.org", "wildcard"),
            ("localhost", "with its domain"),
            ("10.0.0.1", "not a host name"),
            ("", "not a host name"),
            ("a..b", "not a host name"),
            ("bücher.example", "not a host name"),
            (&format!("{}.org", "a".repeat(64)), "at most 63"),
            (&"a.".repeat(130), "at most 253"),
        ],
    );
    assert_names::<Email>(
        &["ops@example.org", "a.b+c@x.example", "o'k@example.org"],
        &[
            ("ops", "like"),
            ("@example.org", "like"),
            ("a b@c.d", "like"),
            ("a@b", "like"),
            ("a..b@c.de", "like"),
            ("\"a\"@c.de", "like"),
            ("a@b@c.de", "like"),
        ],
    );
}

#[test]
fn git() {
    assert_names::<GitUrl>(
        &["https://github.com/o/n.git", "http://git.local:3000/o/n", "ssh://git@host:22/o/n", "git@github.com:o/n.git"],
        &[
            ("https://user:secret@host/x", "credentials"),
            ("https://token@host/x", "credentials"),
            ("ftp://host/x", "begins with"),
            ("github.com/o/n", "write it like"),
            ("https://github.com", "write it like"),
            ("https://github.com/", "write it like"),
            ("https://a b/c", "space"),
            ("https:///x", "write it like"),
            ("", "write it like"),
        ],
    );
    let secret = "https://user:secret@host/x".parse::<GitUrl>().expect_err("it has credentials");
    assert!(!secret.contains("secret@") && !secret.contains(":secret"), "{secret}");
    for (url, host) in
        [("https://github.com/o/n", "github.com"), ("http://a.b:1/c", "a.b"), ("ssh://git@h:22/o", "h"), ("git@h.i:o/n", "h.i")]
    {
        assert_eq!(url.parse::<GitUrl>().expect("it is a URL").host(), host);
    }
    assert_names::<GitBranch>(
        &["main", "release/1.2", "v1.2.3", "feature/a_b-c"],
        &[
            ("refs/heads/main", "write `main`"),
            ("a b", "` ` may not"),
            ("a..b", "like"),
            ("-a", "like"),
            ("a.lock", "like"),
            ("/a", "like"),
            ("a//b", "like"),
            ("@", "like"),
            ("HEAD", "like"),
            ("a:b", "`:` may not"),
            ("", "empty"),
        ],
    );
    assert_names::<RelativePath>(
        &[".", "a", "clusters/prod", "a.b/..c"],
        &[
            ("/a", "begins with `/`"),
            ("a/../b", "leads out"),
            ("..", "leads out"),
            ("a\\b", "write `/`"),
            ("", "like"),
            ("a//b", "like"),
            ("a/./b", "like"),
            ("a\n", "control"),
        ],
    );
    for (text, path) in [("./a", "a"), ("a/b/", "a/b"), ("./", ".")] {
        assert_eq!(text.parse::<RelativePath>().expect("it is a path"), path);
    }
}

#[test]
fn models_and_versions() {
    assert_names::<ModelName>(
        &["llama3.2:1b-instruct-q4_K_M", "user/model:latest", "hf.co/Owner/Model-GGUF:Q4_K_M", "nomic-embed-text:v1.5"],
        &[
            ("Llama3", "write it in lower case, `llama3`"),
            ("a:b:c", "like"),
            ("", "like"),
            ("a:", "like"),
            ("a b", "like"),
            ("a/b/c/d", "like"),
            ("-a", "like"),
        ],
    );
    let model: ModelName = "qwen3".parse().expect("it is a model");
    assert_eq!((&*model, model.model(), model.tag()), ("qwen3:latest", "qwen3", "latest"));
    let digest = format!("sha256:{}", "a1".repeat(32));
    assert_names::<Tag>(
        &["1.2.3", "v0.32.15", "17.5-alpine", "16.3.0-debian-12-r16", "v1.35.0+k3s1", "0.8.0-pg17", "2025.1.0", &format!("1.2.3@{digest}")],
        &[
            ("latest", "names no version"),
            ("main", "names no version"),
            ("17", "whole line"),
            ("v1", "whole line"),
            ("1.x", "range"),
            ("^1.2", "range"),
            (">=1.2", "range"),
            ("1.2.*", "range"),
            ("1.2 || 2", "range"),
            ("", "names no version"),
            ("1..2", "full version"),
            ("1.2/3", "like"),
            ("1.2.3@sha256:abc", "64 hexadecimal"),
            ("1.2.3@", "64 hexadecimal"),
        ],
    );
    let tag: Tag = format!("v1.2.3@{digest}").parse().expect("it is a version");
    assert_eq!((tag.tag(), tag.digest()), ("v1.2.3", Some(digest.as_str())));
}
