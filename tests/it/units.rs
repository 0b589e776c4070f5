//! Amounts and names have one spelling, the one that the API server stores; what each accepts and
//! refuses is tested beside itself, in `src/units` and `src/names`.

use std::{fmt::Debug, str::FromStr};

use espalier::{
    names::{
        Address, Bucket, Cidr, DnsLabel, Email, GitBranch, GitUrl, Host, IngressClassName,
        K3sVersion, LabelKey, LabelValue, ModelName, ObjectName, RelativePath, SqlName, Tag,
        schedule::Schedule,
        server::{AcmeDirectory, Bypass, KeyName, NameServer, ProxyUrl, S3Endpoint},
    },
    units::{Bytes, Millicores, Seconds, error::ValueError},
};
use proptest::prelude::*;
use schemars::{JsonSchema, schema_for};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

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
        + FromStr<Err = ValueError>
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

proptest! {
    /// An accepted name is accepted again, and its schema is never narrower than its check.
    #[test]
    fn names_are_stable(text in prop_oneof!["[a-zA-Z0-9._@:/~^* -]{0,24}", "[a-z0-9-]{1,70}", "[a-z0-9.]{1,30}", "(https|ssh)://[a-z.@:/]{1,20}", "v?[0-9x.]{1,8}(-[a-z]{1,4})?", "v1\\.[0-9]{1,2}\\.[0-9](-rc1)?[+-]k3s[0-9]?", "[0-9]{1,3}(\\.[0-9]{1,2}){3}/[0-9]{1,2}", "[0-9*,/-]{1,5}( [0-9*,/-]{1,5}){4}", "\\PC{0,12}"]) {
        macro_rules! check {
            ($($name:ident)+) => {
                $(if let Ok(name) = text.parse::<$name>() { assert_round_trip(&name, any_text)? })+
            };
        }
        check!(Bucket S3Endpoint AcmeDirectory NameServer KeyName ProxyUrl Bypass Schedule LabelKey LabelValue Address Cidr SqlName DnsLabel Host Email GitUrl GitBranch RelativePath ModelName ObjectName IngressClassName Tag K3sVersion);
    }
}
