//! Every number, amount and time of the spec has bounds, and schema and compiler agree on them.

use std::collections::BTreeSet;

use espalier::{
    check::ranges::{above_zero, all_bounds},
    diag::diagnostic::{Diagnostic, Severity},
    units::Seconds,
};
use serde_json::{Value, json};

use super::{read, schema};
use crate::support::{compile, only};

/// A number of the spec as the schema has it: its path (`[]` is any item, `*` any entry), its
/// bounds, and whether it may also be an amount with a unit.
#[derive(Debug)]
struct Number {
    path: Vec<String>,
    bounds: BTreeSet<i128>,
    is_amount: bool,
}

/// Every number below a schema, with `$ref`s followed.
fn numbers(whole: &Value, at: &Value, path: &[String], found: &mut Vec<Number>) {
    let mut parts = vec![at];
    let mut next = 0;
    while let Some(part) = parts.get(next).copied() {
        next += 1;
        let target = part
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|it| whole.pointer(it.trim_start_matches('#')));
        parts.extend(
            target
                .into_iter()
                .chain(part.get("anyOf").and_then(Value::as_array).into_iter().flatten()),
        );
    }
    let types: BTreeSet<&str> = parts.iter().flat_map(|it| texts(&it["type"])).collect();
    if types.contains("integer") || types.contains("number") {
        let keys = ["minimum", "exclusiveMinimum", "maximum"];
        let bound = |bound: &Value| {
            bound
                .as_i64()
                .map(i128::from)
                .or_else(|| bound.as_u64().map(i128::from))
                .expect("a whole bound")
        };
        let bounds = parts
            .iter()
            .flat_map(|part| keys.iter().filter_map(|key| part.get(key)))
            .map(bound)
            .collect();
        let has = |key: &str| parts.iter().any(|it| it.get(key).is_some());
        assert!(has("minimum") && has("maximum"), "{path:?} has no bounds");
        found.push(Number { path: path.to_vec(), bounds, is_amount: types.contains("string") });
    }
    let below = |step: &str| path.iter().cloned().chain([step.to_owned()]).collect::<Vec<_>>();
    for part in parts {
        for (key, field) in part.get("properties").and_then(Value::as_object).into_iter().flatten()
        {
            numbers(whole, field, &below(key), found);
        }
        for field in part
            .get("patternProperties")
            .and_then(Value::as_object)
            .into_iter()
            .flat_map(|it| it.values())
        {
            numbers(whole, field, &below("*"), found);
        }
        for (key, step) in [("items", "[]"), ("additionalProperties", "*")] {
            if let Some(part) = part.get(key).filter(|it| it.is_object()) {
                numbers(whole, part, &below(step), found);
            }
        }
    }
}

/// A text, or the texts of a list.
fn texts(value: &Value) -> Vec<&str> {
    value.as_array().map_or_else(
        || value.as_str().into_iter().collect(),
        |it| it.iter().filter_map(Value::as_str).collect(),
    )
}

/// A model with figures in the spec.
const BOTANIST: &str = "acme/botanist:1b";

/// A whole spec with one value in it, and with the fields that this value needs.
fn spec_with(path: &[String], value: &Value) -> String {
    let machine = json!({"cpu": 4, "memory": "8Gi"});
    let group = json!({"name": "a", "role": "server", "cpu": 4, "memory": "8Gi"});
    let figures = json!({
        "blob": 1_703_419_001, "layers": 1_000, "kvHeads": 1, "headDim": 256, "embedding": 2_048, "heads": 1_024, "feedForward": 16_384,
        "vocabulary": 256_000, "trainContext": 8_192
    });
    let mut document = json!({
        "apiVersion": "espalier.dev/v1alpha1",
        "kind": "Platform",
        "metadata": {"name": "test"},
        "spec": {
            "repository": {"url": "https://git.example.com/team/platform.git"},
            "domains": {"chat": "chat.example.com"},
            "certificates": {"email": "operations@example.com"}
        }
    });
    let has = |step: &str| path.iter().any(|it| it == step);
    let spec = &mut document["spec"];
    if path[1] == "nodes" {
        spec["nodes"] = json!([group]);
    } else {
        spec["node"] = machine;
    }
    if has("ingress") {
        spec["ingress"] = json!({"class": "nginx", "namespace": "nginx-ingress"});
        spec["components"]["traefik"]["enabled"] = false.into();
    }
    if has("external") {
        spec["components"]["postgresql"]["external"] = json!({"host": "db.example.net"});
    }
    if has("gpu") {
        spec["components"]["ollama"]["gpu"] = json!({"memory": "24Gi"});
    }
    if has("catalogue") {
        spec["components"]["ollama"]["models"] = json!([BOTANIST]);
        spec["components"]["ollama"]["catalogue"] = json!({ BOTANIST: figures });
        let its = &mut spec["components"]["ollama"]["catalogue"][BOTANIST];
        if value.as_i64() != Some(0) && (has("window") || has("windowLayers")) {
            // Neither may stand alone.
            (its["window"], its["windowLayers"]) = (json!(1), json!(1));
        }
    }
    let mut at = &mut document;
    for step in path {
        at = match step.as_str() {
            "[]" => &mut at[0],
            "*" => &mut at[BOTANIST],
            key => &mut at[key],
        };
    }
    *at = value.clone();
    document.to_string()
}

/// A value out of bounds gets one of these codes.
const OUT: [&str; 5] = [
    "figures-implausible",
    "invalid-value",
    "max-loaded-models",
    "out-of-range",
    "storage-too-small",
];

/// The errors about a value itself, and not about what it requests of a node.
pub(super) fn refusals(text: &str) -> Vec<Diagnostic> {
    let refuses = |diagnostic: &Diagnostic| {
        diagnostic.severity == Severity::Error && OUT.contains(&diagnostic.code)
    };
    compile(&only(text)).findings.into_iter().filter(refuses).collect()
}

/// At each bound, and one below and above it, schema and compiler agree on every number; and the
/// compiler reports it once.
#[test]
fn every_number_has_bounds_and_they_are_the_rules_own() {
    let schema = schema();
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let mut all = Vec::new();
    numbers(&schema, &schema, &[], &mut all);
    let (mut taken, mut refused) = (0, 0);
    for tried in &all {
        for number in tried.bounds.iter().flat_map(|it| it - 1..=it + 1).collect::<BTreeSet<_>>() {
            let value = i64::try_from(number)
                .map_or_else(|_| json!(u64::try_from(number).expect("a number")), |it| json!(it));
            let text = spec_with(&tried.path, &value);
            let found = refusals(&text);
            let is_valid = validator.is_valid(&read(&text));
            assert_eq!(
                is_valid,
                found.is_empty(),
                "{:?}: {number}:\n{text}\n{}",
                tried.path,
                compile(&only(&text)).said()
            );
            if is_valid {
                taken += 1;
                continue;
            }
            refused += 1;
            let is_about_it = |diagnostic: &Diagnostic| {
                diagnostic.severity == Severity::Error || diagnostic.place == found[0].place
            };
            let said = compile(&only(&text)).findings.into_iter().filter(is_about_it).count();
            assert_eq!(
                said,
                1,
                "{:?}: {number} is one finding:\n{}",
                tried.path,
                compile(&only(&text)).said()
            );
        }
    }
    assert!(taken > 100 && refused > 100, "{taken} taken, {refused} refused");
    // The table has only numbers of the spec, and no count is missing in it.
    let mut counts: Vec<Vec<&str>> = all
        .iter()
        .filter(|it| !it.is_amount)
        .map(|it| it.path[1..].iter().map(String::as_str).collect())
        .collect();
    let amounts = ["blob", "imageMemory"];
    let mut bounded: Vec<Vec<&str>> = all_bounds()
        .into_iter()
        .map(|it| it.0)
        .filter(|it| !amounts.contains(&it[it.len() - 1]))
        .collect();
    counts.sort_unstable();
    bounded.sort_unstable();
    assert_eq!(counts, bounded);
}

/// The least and the greatest number of the table are accepted, by the schema and by the rule; one
/// less and one more are refused by both.
#[test]
fn the_bounds_of_the_table_are_held() {
    let schema = jsonschema::validator_for(&schema()).expect("a schema");
    for (path, least, most) in all_bounds() {
        let path: Vec<String> = ["spec"].iter().chain(&path).map(|it| (*it).to_owned()).collect();
        let (least, most) =
            (i64::try_from(least).expect("small"), i64::try_from(most).expect("small"));
        for (number, right) in [(least, true), (most, true), (least - 1, false), (most + 1, false)]
        {
            let text = spec_with(&path, &json!(number));
            assert_eq!(
                schema.is_valid(&read(&text)),
                right,
                "{path:?}: {number}, by the schema:\n{text}"
            );
            assert_eq!(
                refusals(&text).is_empty(),
                right,
                "{path:?}: {number}, by the rules:\n{}",
                compile(&only(&text)).said()
            );
        }
    }
}

/// For an amount of nothing, the schema refuses exactly what the compiler refuses, in every
/// spelling, and both accept the smallest amount above.
#[test]
fn where_nothing_is_no_amount_the_schema_says_so() {
    let schema = jsonschema::validator_for(&schema()).expect("a schema");
    for path in above_zero() {
        let path: Vec<String> = ["spec"].iter().chain(&path).map(|it| (*it).to_owned()).collect();
        let (nothing, more) = if path.ends_with(&["cpu".to_owned()]) {
            (["0", "0m", "0.0"], "1m")
        } else {
            (["0", "0Mi", "0.0Gi"], "10Gi")
        };
        for (text, right) in nothing.into_iter().map(|it| (it, false)).chain([(more, true)]) {
            let text = spec_with(&path, &json!(text));
            assert_eq!(schema.is_valid(&read(&text)), right, "by the schema:\n{text}");
            assert_eq!(
                refusals(&text).is_empty(),
                right,
                "by the rules:\n{text}\n{}",
                compile(&only(&text)).said()
            );
        }
    }
}

/// In each unit the longest time is accepted, by the schema and by the rule; one more, and a
/// fraction more, are refused by both.
#[test]
fn the_longest_time_is_the_rules_own() {
    let schema = jsonschema::validator_for(&schema()).expect("a schema");
    let path = ["spec", "components", "ollama", "keepAlive"].map(str::to_owned);
    for (size, unit) in Seconds::UNITS {
        let most = Seconds::LONGEST.get() / size;
        let numbers = (0..=7)
            .flat_map(|shift| [most >> shift, (most >> shift).saturating_sub(1)])
            .chain([0, 9, 10])
            .map(|it| (it.to_string(), true));
        let more = [most + 1, most + 9, most * 2, most * 10, most * 10 + 9]
            .map(|it| (it.to_string(), false));
        let parts = [
            (format!("{}.5", most - 1), unit != "s"),
            (format!("{most}.0"), true),
            (format!("{most}.5"), false),
            (format!("00{most}"), true),
        ];
        for (number, right) in numbers.chain(more).chain(parts) {
            let text = spec_with(&path, &json!(format!("{number}{unit}")));
            // A schema does not know which fractions of a unit are whole seconds.
            let is_part = number.ends_with(".5") && unit == "s";
            assert!(
                schema.is_valid(&read(&text)) == right || is_part,
                "{number}{unit}, by the schema"
            );
            assert_eq!(
                refusals(&text).is_empty(),
                right,
                "{number}{unit}, by the rules:\n{}",
                compile(&only(&text)).said()
            );
        }
    }
}
