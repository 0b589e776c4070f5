//! The CustomResourceDefinition of workspaces: its form, and what the compiler refuses with it.
//! `tests/real` holds the same cases against the API server.

use std::collections::BTreeSet;

use espalier::{
    Plan, WorkspaceStatus,
    components::workspace::resource::{LISTS, NUMBERS},
};
use serde_json::{Value, json};

use crate::support::{Read, compile, golden_cases, repository, texts_of};

const CASE: &str = "workspace-crd";

fn definition() -> Value {
    let (_, folder) = golden_cases().into_iter().find(|it| it.0 == CASE).expect("the case");
    let objects = compile(&texts_of(&folder)).objects();
    let is_it = |object: &&Read| object.kind() == "CustomResourceDefinition";
    let object = objects.iter().find(is_it).expect("the definition");
    serde_json::to_value(&object.value).expect("JSON")
}

fn cases(list: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(repository().join("tests/workspace-crd.yaml"));
    let all: Value = serde_yaml::from_str(&text.expect("the cases")).expect("YAML");
    all[list].as_array().expect("a list").clone()
}

fn schema() -> Value {
    definition()["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone()
}

/// What a structural schema of ours never has.
const FORBIDDEN: [&str; 8] = [
    "$ref",
    "additionalProperties",
    "allOf",
    "anyOf",
    "default",
    "oneOf",
    "nullable",
    "x-kubernetes-preserve-unknown-fields",
];

/// What is wrong with the form of a schema and of all that is below it.
fn misplaced(schema: &Value, at: &str, wrong: &mut Vec<String>) {
    let Some(fields) = schema.as_object() else {
        wrong.push(format!("{at} is no schema"));
        return;
    };
    let is_amount = fields.get("x-kubernetes-int-or-string") == Some(&json!(true));
    if fields.get("type").is_some_and(Value::is_string) == is_amount {
        wrong.push(format!("{at} has no type, or two"));
    }
    wrong.extend(
        FORBIDDEN.iter().filter(|it| fields.contains_key(**it)).map(|it| format!("{at}: {it}")),
    );
    if fields.get("type") == Some(&json!("object"))
        && !at.ends_with("/metadata")
        && !fields.contains_key("properties")
    {
        wrong.push(format!("{at} has no fields"));
    }
    for (name, field) in fields.get("properties").and_then(Value::as_object).into_iter().flatten() {
        misplaced(field, &format!("{at}/{name}"), wrong);
    }
    if let Some(items) = fields.get("items") {
        misplaced(items, &format!("{at}[]"), wrong);
    }
}

/// Structural, with a word about each field, and with a bound for each number and list.
#[test]
fn the_schema_is_structural_and_bounded() {
    let schema = schema();
    let mut wrong = Vec::new();
    misplaced(&schema, "", &mut wrong);
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(schema["required"], json!(["spec"]));
    let at = |path: &[&str]| {
        path.iter().fold(schema["properties"]["spec"].clone(), |at, step| match *step {
            "[]" => at["items"].clone(),
            field => at["properties"][field].clone(),
        })
    };
    for (path, least, most) in NUMBERS {
        let number = at(path);
        let bound = |key: &str| number[key].as_u64().expect("a bound");
        assert_eq!((bound("minimum"), bound("maximum")), (least, most), "{path:?}");
    }
    for (path, most) in LISTS {
        let bound = at(path)["maxItems"].as_u64().expect("a bound");
        // Of what the platform does not offer, there is none.
        assert!(bound == most as u64 || (path == ["patterns"] && bound == 0), "{path:?}");
    }
    for field in schema["properties"]["spec"]["properties"].as_object().expect("fields") {
        assert!(
            field.1["description"].as_str().is_some_and(|it| !it.contains('\n')),
            "{}",
            field.0
        );
        if field.1["type"] == "array" {
            assert!(LISTS.iter().any(|it| it.0 == [&**field.0]), "`{}` has no bound", field.0);
        }
    }
}

/// What an operator will tell survives the API server: each field of the status is in the schema.
#[test]
fn the_status_is_described_whole() {
    let version = definition()["spec"]["versions"][0].clone();
    assert_eq!(version["subresources"]["status"], json!({}));
    let columns: Vec<_> = version["additionalPrinterColumns"]
        .as_array()
        .expect("columns")
        .iter()
        .map(|it| it["name"].as_str().expect("a name").to_owned())
        .collect();
    assert_eq!(columns, ["Ready", "Reason", "URL", "Memory", "Age"]);
    let full = json!({
        "observedGeneration": 3,
        "isCreated": true,
        "conditions": [{
            "type": "Ready", "status": "True", "reason": "RolledOut", "message": "It runs.",
            "lastTransitionTime": "2026-11-30T20:00:00Z", "observedGeneration": 3,
        }],
        "urls": ["https://team-a.chat.example.com"],
        "budget": {"memory": "1697Mi", "memoryLimit": "2Gi", "cpu": "600m", "pods": 2, "storage": "22Gi"},
        "models": [{"name": "gemma2:2b", "isReady": true}],
        "inventory": [
            {"apiVersion": "apps/v1", "kind": "Deployment", "name": "team-a-openwebui", "generation": 2},
            {"apiVersion": "v1", "kind": "ConfigMap", "name": "a", "fields": "17"},
        ],
        "admittedRevision": "team-a-1",
    });
    let read: WorkspaceStatus = serde_json::from_value(full.clone()).expect("a status");
    assert_eq!(serde_json::to_value(read).expect("JSON"), full);
    let status = &schema()["properties"]["status"];
    let mut missing = Vec::new();
    described(&full, status, "", &mut missing);
    assert!(missing.is_empty(), "{missing:?}");
    for (list, keys) in [("conditions", json!(["type"])), ("models", json!(["name"]))] {
        let list = &status["properties"][list];
        assert_eq!(list["x-kubernetes-list-type"], "map");
        assert_eq!(list["x-kubernetes-list-map-keys"], keys);
    }
}

fn described(value: &Value, schema: &Value, at: &str, missing: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let below = &schema["properties"][name];
                if below.is_null() {
                    missing.push(format!("{at}/{name}"));
                } else {
                    described(value, below, &format!("{at}/{name}"), missing);
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                described(item, &schema["items"], at, missing);
            }
        }
        _ => (),
    }
}

/// What the cases say of the API server is true of the compiler as well.
#[test]
fn the_compiler_refuses_what_the_api_server_does() {
    let (_, folder) = golden_cases().into_iter().find(|it| it.0 == CASE).expect("the case");
    let texts = texts_of(&folder);
    let (plan, found) = Plan::load(texts.iter().map(|(path, text)| (&**path, &**text)));
    let plan = plan.unwrap_or_else(|| panic!("{}", found.json()));
    let found = |case: &Value| {
        let resource = json!({
            "apiVersion": "apps.aichatworkspaces.io/v1alpha1",
            "kind": "AIChatWorkspace",
            "metadata": {"name": "a-resource"},
            "spec": case["spec"],
        });
        plan.tenant_of("a-resource", &resource).1
    };
    let mut names = BTreeSet::new();
    for case in cases("refused") {
        let found = found(&case);
        assert!(found.has_errors(), "{}", case["what"]);
        assert!(names.insert(case["what"].to_string()), "{} is there twice", case["what"]);
    }
    assert!(names.len() > 35);
    for case in cases("accepted") {
        let found = found(&case);
        let list = found.list();
        let errors: Vec<_> = list.iter().filter(|it| it.severity == "error").collect();
        assert!(errors.is_empty(), "{}: {}", case["what"], found.json());
    }
}

/// The names that are taken are the platform's own, from the one list that the compiler has.
#[test]
fn reserved_names_are_the_platform_s() {
    let schema = schema();
    let rules =
        schema["properties"]["spec"]["properties"]["workspaceName"]["x-kubernetes-validations"]
            .to_string();
    let (_, folder) = golden_cases().into_iter().find(|it| it.0 == CASE).expect("the case");
    let compiled = compile(&texts_of(&folder));
    let plan = compiled.plan.expect("it compiles");
    let mut count = 0;
    for name in plan.platform().spec.reserved() {
        assert!(rules.contains(&format!("'{name}'")), "{name}: {rules}");
        count += 1;
    }
    assert!(count > 5 && rules.contains("self == oldSelf") && rules.contains("'-system'"));
}
