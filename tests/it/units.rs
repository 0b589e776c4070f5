//! Each amount has one spelling, the one that the API server stores.

mod names;

use std::{fmt::Debug, str::FromStr};

use espalier::units::{Bytes, Millicores, Seconds};
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
        ("", "write it like `8Gi`"),
        (".5Gi", "write it like `8Gi`"),
        ("1.Gi", "write it like `8Gi`"),
        ("1.2.3Gi", "write it like `8Gi`"),
        ("Gi", "write it like `8Gi`"),
        ("ten", "write it like `8Gi`"),
        ("٣Gi", "write it like `8Gi`"),
    ] {
        let message = bytes(text).expect_err(text);
        assert!(message.contains(hint), "{text}: {message}");
    }
    for (text, hint) in [
        ("0.0005", "thousandth"),
        ("0.5m", "thousandth"),
        ("1 core", "write it like `4`"),
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
        ("-1s", "write `8760h`"),
        ("-1", "write `8760h`"),
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
        assert_eq!(
            (Bytes::new(n).to_string(), Bytes::new(n).quantity().0),
            (text.to_owned(), text.to_owned())
        );
    }
    for (n, text) in [
        (0, "0"),
        (1, "1m"),
        (500, "500m"),
        (1000, "1"),
        (1500, "1500m"),
        (4000, "4"),
        (1_000_000, "1k"),
    ] {
        assert_eq!(
            (Millicores::new(n).to_string(), Millicores::new(n).quantity().0),
            (text.to_owned(), text.to_owned())
        );
    }
    for (n, text) in [
        (0, "0s"),
        (30, "30s"),
        (60, "1m"),
        (90, "90s"),
        (5400, "90m"),
        (3600, "1h"),
        (604_800, "168h"),
    ] {
        assert_eq!(Seconds::new(n).to_string(), text);
    }
    assert_eq!(format!("{:>6}|{:<6}|", Bytes::mib(3), Millicores::new(5)), "   3Mi|5m    |");
    assert_eq!(
        (seconds("1h30m"), seconds("7d"), seconds("1.5h"), seconds("2d12h")),
        (Ok(5400), Ok(604_800), Ok(5400), Ok(216_000))
    );
}

#[test]
fn sums_never_overflow() {
    let most = Bytes::new(u64::MAX);
    assert_eq!((most + Bytes::new(1), most * 2, Bytes::gib(u64::MAX)), (most, most, most));
    assert_eq!([Bytes::mib(1), Bytes::mib(2)].iter().sum::<Bytes>(), Bytes::mib(3));
    assert_eq!(
        (Bytes::mib(1).saturating_sub(Bytes::mib(2)), Bytes::new(1).ceil_mib()),
        (Bytes::default(), Bytes::mib(1))
    );
    assert_eq!(
        (Bytes::new(1).in_mib().to_string(), Bytes::gib(1).in_mib().to_string()),
        ("1Mi".to_owned(), "1024Mi".to_owned())
    );
}

#[test]
fn a_bare_number_is_asked_for_its_unit() {
    let refused = "invalid value: integer `512`, expected an amount of bytes like `8Gi` or `512Mi`";
    assert_eq!(
        serde_json::from_value::<Bytes>(json!(512)).expect_err("it has no unit").to_string(),
        refused
    );
    assert!(serde_json::from_value::<Bytes>(json!(1.5)).is_err());
    let below =
        serde_json::from_value::<Bytes>(json!(-1)).expect_err("it is below zero").to_string();
    assert!(below.contains("below zero"), "{below}");
    assert_eq!(serde_json::from_value::<Bytes>(json!(0)).expect("zero is zero"), Bytes::default());
    let refused =
        serde_json::from_value::<Seconds>(json!(30)).expect_err("it has no unit").to_string();
    assert!(
        refused.starts_with("invalid value: integer `30`, expected a length of time"),
        "{refused}"
    );
    let refused =
        serde_json::from_value::<Seconds>(json!(-1)).expect_err("for ever is none").to_string();
    assert!(refused.contains("write `8760h`"), "{refused}");
    for (value, n) in [
        (json!(4), 4000),
        (json!(0.5), 500),
        (json!("250m"), 250),
        (json!("1.5"), 1500),
        (json!(0.001), 1),
    ] {
        assert_eq!(
            serde_json::from_value::<Millicores>(value).expect("it is an amount"),
            Millicores::new(n)
        );
    }
    assert!(serde_json::from_value::<Millicores>(json!(-1)).is_err());
    assert!(serde_json::from_value::<Millicores>(json!(1e300)).is_err());
}

/// A printed amount is read back unchanged; as a value in a spec exactly where a spec may write it
/// (`is_written`), as in the schema.
fn assert_round_trip<T>(amount: &T, is_written: fn(&str) -> bool) -> Result<(), TestCaseError>
where
    T: ToString
        + FromStr<Err = String>
        + Serialize
        + DeserializeOwned
        + JsonSchema
        + PartialEq
        + Debug,
{
    let text = amount.to_string();
    let read = text.parse::<T>();
    prop_assert_eq!(read.as_ref(), Ok(amount));
    prop_assert_eq!(serde_json::to_value(amount).expect("a text is JSON"), json!(text));
    let from_spec = serde_json::from_value::<T>(json!(text)).ok();
    prop_assert_eq!(from_spec.as_ref(), is_written(&text).then_some(amount), "{}", text);
    let schema = Value::from(schema_for!(T));
    prop_assert_eq!(
        jsonschema::is_valid(&schema, &json!(text)),
        is_written(&text),
        "{} for {}",
        text,
        schema
    );
    Ok(())
}

/// Bytes without a unit are not allowed in a spec, except zero.
fn has_unit(text: &str) -> bool {
    text == "0" || !text.ends_with(|character: char| character.is_ascii_digit())
}

/// Thousands of cores have a unit in the API that a spec may not use.
fn is_of_cores(text: &str) -> bool {
    text.ends_with(|character: char| character.is_ascii_digit() || character == 'm')
}

fn any_text(_: &str) -> bool {
    true
}

proptest! {
    #[test]
    fn amounts_have_one_spelling(
        n in prop_oneof![
            any::<u64>(),
            0..5000_u64,
            any::<u64>().prop_map(|it| it >> 30 << 20),
            (0..1000_u64).prop_map(|it| it * 1_000_000),
        ],
    ) {
        assert_round_trip(&Bytes::new(n), has_unit)?;
        assert_round_trip(&Millicores::new(n), is_of_cores)?;
        assert_round_trip(&Seconds::new(n), any_text)?;
    }

    /// Every accepted amount is printed in the one spelling, and nothing panics.
    #[test]
    fn every_spelling_leads_to_the_same(
        text in prop_oneof![
            "[0-9]{0,22}(\\.[0-9]{0,30})?(Ki|Mi|Gi|Ti|Pi|Ei|k|M|G|T|P|E|m|h|d|s)?",
            "\\PC{0,8}",
        ],
    ) {
        if let Ok(amount) = text.parse::<Bytes>() { assert_round_trip(&amount, has_unit)? }
        if let Ok(amount) = text.parse::<Millicores>() { assert_round_trip(&amount, is_of_cores)? }
        if let Ok(amount) = text.parse::<Seconds>() { assert_round_trip(&amount, any_text)? }
    }
}

/// A missing unit is missing in quotes too, and zero needs none; CPU is counted in cores and
/// thousandths only.
#[test]
fn quotes_are_no_unit() {
    for bare in ["1", "16", "1.5", "17179869184"] {
        assert!(serde_json::from_value::<Bytes>(json!(bare)).is_err(), "{bare}");
        assert!(serde_json::from_value::<Seconds>(json!(bare)).is_err(), "{bare}");
    }
    assert_eq!(serde_json::from_value::<Bytes>(json!("0")).expect("zero"), Bytes::default());
    for unit in ["k", "M", "G", "Gi", " cores"] {
        let why = serde_json::from_value::<Millicores>(json!(format!("4{unit}")))
            .expect_err(unit)
            .to_string();
        assert!(why.contains("write `4`"), "{why}");
    }
    for bytes in [1, 1023, 17_179_869_185, 1 << 40] {
        let written = json!(Bytes::new(bytes).with_unit().to_string());
        assert!(
            serde_json::from_value::<Bytes>(written).expect("it has a unit") >= Bytes::new(bytes)
        );
    }
}
