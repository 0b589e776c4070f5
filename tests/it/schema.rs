//! The generated JSON Schema accepts what compiles and rejects a typo; built-in objects have no field that Kubernetes does not know.

use std::collections::BTreeSet;

use espalier::{
    check::ranges::BOUNDS,
    diag::diagnostic::{Diagnostic, Severity},
    spec::schema::{PATHS, files},
};
use k8s_openapi::{
    api::{
        apps::v1::{Deployment, StatefulSet},
        batch::v1::{CronJob, Job},
        core::v1::{Namespace, PersistentVolumeClaim, Service, ServiceAccount},
        networking::v1::{Ingress, NetworkPolicy},
        policy::v1::PodDisruptionBudget,
        scheduling::v1::PriorityClass,
    },
    serde::{Serialize, de::DeserializeOwned},
};
use proptest::prelude::*;
use serde_json::Value;

use crate::{
    platforms::platforms,
    support::{Read, compile, golden_cases, only, repository, texts_of, tree},
};

fn schema() -> Value {
    serde_json::from_str(&espalier::spec::schema::json_schema()).expect("JSON")
}

fn json(yaml: &str) -> Value {
    serde_yaml::from_str(yaml).expect("YAML that is JSON too")
}

/// All of them, by path.
fn schemas() -> impl Iterator<Item = (&'static str, Value)> {
    files().into_iter().map(|(path, text)| (path, serde_json::from_str(&text).expect("JSON")))
}

/// The schema of a file of `spec/`; none for the certificate.
fn schema_of(path: &str) -> Option<&'static str> {
    let kinds = [("spec/platform.yaml", 0), ("spec/versions.yaml", 1), ("spec/secrets/", 2), ("spec/workspaces/", 3)];
    kinds.into_iter().find(|it| path.starts_with(it.0)).map(|it| PATHS[it.1])
}

#[test]
fn each_is_a_schema_with_a_name_of_its_own() {
    let mut ids = BTreeSet::new();
    for (path, schema) in schemas() {
        assert!(jsonschema::meta::is_valid(&schema), "{path}");
        let id = schema["$id"].as_str().expect("an $id").to_owned();
        assert!(id.ends_with(&path["spec".len()..]) && ids.insert(id), "{path}");
    }
    assert_eq!(files().iter().map(|it| it.0).collect::<Vec<_>>(), PATHS);
}

#[test]
fn they_accept_every_file_of_the_golden_specs_and_of_the_repository() {
    let own = ("the repository".to_owned(), repository().to_owned());
    let validators: Vec<_> = schemas().map(|it| (it.0, jsonschema::validator_for(&it.1).expect("a schema"))).collect();
    let mut seen = BTreeSet::new();
    for (name, folder) in golden_cases().into_iter().chain([own]) {
        for (path, text) in texts_of(&folder) {
            let Some(schema) = schema_of(&path) else { continue };
            let validator = &validators.iter().find(|it| it.0 == schema).expect("it is one of them").1;
            let errors: Vec<String> = validator.iter_errors(&json(&text)).map(|it| format!("{it} at {}", it.instance_path())).collect();
            assert!(errors.is_empty(), "{name}, {path}: {errors:?}");
            seen.insert(schema);
        }
    }
    assert_eq!(seen.len(), PATHS.len(), "each has been tried: {seen:?}");
}

#[test]
fn they_reject_what_is_not_read() {
    let rejects = |path: &str, text: &str| {
        let (_, schema) = schemas().find(|it| it.0 == path).expect("a schema");
        !jsonschema::is_valid(&schema, &json(text))
    };
    for text in ["postgresql: 17.10", "postgres: \"17.9\"", "ollama: latest", "k3s: \"1.2.3\"", "ollama: ollama/ollama:0.32.15"] {
        assert!(rejects(PATHS[1], text), "{text}");
    }
    let workspace =
        "{apiVersion: apps.aichatworkspaces.io/v1alpha1, kind: AIChatWorkspace, metadata: {name: a}, spec: {workspaceName: a, models: []}}";
    assert!(!rejects(PATHS[3], workspace));
    for (right, wrong) in
        [("models: []", "model: []"), ("kind: AIChatWorkspace", "kind: Workspace"), ("name: a}", "name: A}"), (", models: []", "")]
    {
        assert!(rejects(PATHS[3], &workspace.replacen(right, wrong, 1)), "{wrong}");
    }
}

/// Every schema below one, itself included.
fn below<'v>(value: &'v Value, each: &mut dyn FnMut(&'v Value)) {
    each(value);
    match value {
        Value::Object(fields) => fields.values().for_each(|it| below(it, each)),
        Value::Array(items) => items.iter().for_each(|it| below(it, each)),
        _ => (),
    }
}

/// An editor shows the message; nobody reads a pattern.
#[test]
fn what_has_a_pattern_says_it_in_words_and_shows_an_example() {
    let mut number = 0;
    for (path, schema) in schemas() {
        below(&schema, &mut |it| {
            let Some(pattern) = it.get("pattern").and_then(Value::as_str) else { return };
            number += 1;
            let message = it["patternErrorMessage"].as_str().unwrap_or_else(|| panic!("{path}: {pattern} has no words"));
            assert!(message.contains('`') && message.ends_with('.') && !message.contains(pattern), "{message}");
            let Some(examples) = it.get("examples").and_then(Value::as_array) else {
                assert!(pattern.contains("sha256"), "{path}: {pattern} has no example");
                return;
            };
            for example in examples {
                let alone = serde_json::json!({"pattern": pattern, "examples": examples});
                assert!(
                    !examples.is_empty() && (example.is_number() || jsonschema::is_valid(&alone, example)),
                    "{example} is none of {pattern}"
                );
            }
        });
    }
    assert!(number > 20, "{number}");
}

/// The least and the most are taken, by the schema and by the rule; one less and one more are not, by either.
#[test]
fn the_bounds_are_the_rules_own() {
    let schema = jsonschema::validator_for(&schema()).expect("a schema");
    for (path, least, most) in BOUNDS {
        let several = path[0] == "nodes";
        let spec = |number: i128| {
            let mut text = number.to_string();
            for (index, key) in path.iter().enumerate().skip(1).rev() {
                let beside = match (path[0], index, *key) {
                    ("node", 1, _) => "cpu: 4, memory: 8Gi, ",
                    ("nodes", 2, _) => "name: a, role: server, cpu: 4, memory: 8Gi, ",
                    (_, _, "count") => "memory: 24Gi, ",
                    (_, _, "port") => "host: db.example.net, ",
                    _ => "",
                };
                text = if *key == "[]" { format!("[{text}]") } else { format!("{{{beside}{key}: {text}}}") };
            }
            let node = if path[0] == "components" { "  node: {cpu: 4, memory: 8Gi}\n" } else { "" };
            format!(
                "apiVersion: espalier.dev/v1alpha1\nkind: Platform\nmetadata: {{name: test}}\nspec:\n  \
                 repository: {{url: https://git.example.com/team/platform.git}}\n  domains: {{chat: chat.example.com}}\n  \
                 certificates: {{email: operations@example.com}}\n{node}  {}: {text}\n",
                path[0]
            )
        };
        let codes = ["out-of-range", "max-loaded-models", "invalid-value"];
        let is_refused = |text: &str| {
            let it = compile(&only(text));
            let refused = |it: &Diagnostic| it.severity == Severity::Error && codes.contains(&it.code);
            it.findings.iter().any(refused)
        };
        for (number, right) in [(least.into(), true), (most.into(), true), (i128::from(least) - 1, false), (i128::from(most) + 1, false)] {
            let text = spec(number);
            assert_eq!(schema.is_valid(&json(&text)), right, "{path:?}: {number}, by the schema:\n{text}");
            assert_eq!(
                !is_refused(&text),
                right,
                "{path:?}: {number}, by the rules (several nodes: {several}):\n{}",
                compile(&only(&text)).said()
            );
        }
    }
}

#[test]
fn it_rejects_typos() {
    let schema = jsonschema::validator_for(&schema()).expect("a schema");
    let starter = espalier::spec::schema::STARTER;
    assert!(schema.is_valid(&json(starter)));
    for (right, wrong) in [
        ("replicas: 1", "replica: 1"),
        ("replicas: 1", "replicas: one"),
        ("replicas: 1", "replicas: -1"),
        ("context: 4096", "contxt: 4096"),
        ("storage: 5Gi", "storage: 5 GB"),
        ("storage: 5Gi", "size: 5Gi"),
        ("memory: 8Gi", "memory: 8G i"),
        ("issuer: staging", "issuer: stage"),
        ("kind: Platform", "kind: Plattform"),
        ("apiVersion: espalier.dev/v1alpha1", "apiVersion: espalier.dev/v1"),
        ("chat: chat.example.com", "chat: https://chat.example.com"),
        ("email: operations@example.com", "email: nobody"),
        ("name: starter", "name: Starter_1"),
        ("branch: main", "brunch: main"),
        ("    email: operations@example.com", "    phone: none"),
    ] {
        assert!(starter.contains(right), "{right}");
        assert!(!schema.is_valid(&json(&starter.replacen(right, wrong, 1))), "{wrong} is accepted");
    }
}

/// Editors offer the names of the catalogue, and take every other that the compiler reads.
#[test]
fn it_offers_models_and_refuses_none() {
    let schema = schema();
    let offered = schema.pointer("/$defs/ModelName/anyOf/0/enum").and_then(Value::as_array).expect("names");
    let offered: Vec<&str> = offered.iter().filter_map(Value::as_str).collect();
    assert_eq!(offered.len(), espalier::facts::models::names().count());
    for name in ["qwen3", "qwen3:4b-q8_0", "mistral:7b-instruct-v0.3-q4_K_M", "llava", "nomic-embed-text"] {
        assert!(offered.contains(&name), "{name}");
    }
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let starter = espalier::spec::schema::STARTER;
    let model = "\"llama3.2:1b-instruct-q4_K_M\"";
    assert!(starter.contains(model));
    for name in [
        "Qwen3:4B",
        "library/qwen3:4b",
        "registry.ollama.ai/library/qwen3:4b",
        "https://registry.ollama.ai/library/qwen3",
        "hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M",
        "user/Model",
        "llama3.2:1b-instruct-q3_K_S",
    ] {
        assert!(name.parse::<espalier::names::ModelName>().is_ok(), "{name}");
        assert!(validator.is_valid(&json(&starter.replacen(model, &format!("{name:?}"), 1))), "{name}");
    }
    assert!(!validator.is_valid(&json(&starter.replacen(model, "\"a b\"", 1))));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(16) })]

    #[test]
    fn it_accepts_what_compiles(texts in platforms()) {
        let schema = jsonschema::validator_for(&schema()).expect("a schema");
        let spec = json(&texts["spec/platform.yaml"]);
        let errors: Vec<String> = schema.iter_errors(&spec).map(|it| format!("{it} at {}", it.instance_path())).collect();
        prop_assert!(errors.is_empty(), "{:?}", errors);
    }
}

/// Editors look for it in the first lines of the spec.
#[test]
fn specs_point_to_it() {
    let first = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    let line = "# yaml-language-server: $schema=platform.schema.json";
    assert_eq!(first(espalier::spec::schema::STARTER), line);
    for (path, text) in texts_of(repository()) {
        let Some(schema) = schema_of(&path) else { continue };
        let up = "../".repeat(path.matches('/').count() - 1);
        assert_eq!(first(&text), format!("# yaml-language-server: $schema={up}{}", &schema["spec/".len()..]), "{path}");
    }
}

/// Reads an object as its type and writes it again: what the type does not know is lost on the way, and shows.
fn known<K: DeserializeOwned + Serialize>(it: &Read) -> Option<String> {
    let typed: K = match serde_yaml::from_value(it.value.clone()) {
        Ok(typed) => typed,
        Err(why) => return Some(format!("{}: {why}", it.path)),
    };
    let again = serde_yaml::to_value(&typed).expect("a value");
    (again != it.value).then(|| format!("{}: as its type it is {again:?}", it.path))
}

/// Custom resources, whose schemas are with those who make their CRDs: the real judges hold them against these.
const CUSTOM: [&str; 5] = ["AppProject", "Application", "ClusterIssuer", "HelmChartConfig", "SealedSecret"];

#[test]
fn built_in_objects_have_no_unknown_field() {
    for (name, folder) in golden_cases() {
        for it in tree(&texts_of(&folder)).objects() {
            let wrong = match it.kind() {
                "CronJob" => known::<CronJob>(&it),
                "Job" => known::<Job>(&it),
                "Deployment" => known::<Deployment>(&it),
                "Ingress" => known::<Ingress>(&it),
                "Namespace" => known::<Namespace>(&it),
                "NetworkPolicy" => known::<NetworkPolicy>(&it),
                "PersistentVolumeClaim" => known::<PersistentVolumeClaim>(&it),
                "PodDisruptionBudget" => known::<PodDisruptionBudget>(&it),
                "PriorityClass" => known::<PriorityClass>(&it),
                "Service" => known::<Service>(&it),
                "ServiceAccount" => known::<ServiceAccount>(&it),
                "StatefulSet" => known::<StatefulSet>(&it),
                custom if CUSTOM.contains(&custom) => None,
                other => Some(format!("{}: no type for {other}: add it here", it.path)),
            };
            assert_eq!(wrong, None, "{name}");
        }
    }
}
