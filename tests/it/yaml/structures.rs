//! Maps, lists, enums and trait objects as block YAML, in the order that a person expects.

use std::collections::BTreeMap;

use espalier::yaml::emit;
use k8s_openapi::{
    ByteString,
    api::core::v1::{Container, EnvVar, Secret},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use serde::Serialize;
use serde_json::{Value, json};

use super::emitted;

#[test]
fn structures_lie_as_kubectl_prints_them() {
    let value = json!({"empty": {}, "list": [{"a": 1, "b": []}, [[], {}], [[1]], {}, "x"], "none": null, "yes": true});
    let yaml = "empty: {}\nlist:\n- a: 1\n  b: []\n- - []\n  - {}\n- - - 1\n- {}\n- x\nnone: null\n\"yes\": true\n";
    assert_eq!(emitted(&value), yaml);
    assert_eq!(
        (emitted(&json!({})), emitted(&json!([])), emitted(&json!([[]]))),
        ("{}\n".into(), "[]\n".into(), "- []\n".into())
    );
}

#[test]
fn depth_has_no_end() {
    let deep = (0..200).fold(json!("leaf"), |inner, i| {
        if i % 3 == 0 { json!([inner]) } else { json!({"k": inner, "z": 1}) }
    });
    let read: Result<Value, _> = serde_yaml::from_str(&emitted(&deep));
    assert!(emitted(&deep).contains(&" ".repeat(200)));
    // The other reader's limit is 128.
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
    let all = [
        Choice::Unit,
        Choice::Newtype(1),
        Choice::Tuple(2, true),
        Choice::Struct { name: "x".into(), a: None, kind: 'y' },
    ];
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

/// Helm values go through a trait object and come out as if they were typed.
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
    emit::document(&mut out, &json!({"a": [1]}));
    assert_eq!(
        String::from_utf8(out).expect("it is UTF-8"),
        "apiVersion: espalier.dev/v1alpha1\nkind: Platform\na:\n- 1\n"
    );
}

/// A `Serialize` that writes YAML itself, in the middle, does not disturb the one around it.
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
            serializer.serialize_str(&emitted(&EnvVar {
                name: "x".into(),
                value: Some("z".into()),
                value_from: None,
            }))
        }
    }
    assert_eq!(
        emitted(&Outer { b: Inner, name: "n" }),
        "name: \"n\"\nb: |\n  name: x\n  value: z\n"
    );
}
