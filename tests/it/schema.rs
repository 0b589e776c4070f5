//! The generated JSON Schemas accept what compiles and reject a typo.

mod bounds;
mod effect;
mod fields;
mod objects;
mod sections;

use std::collections::BTreeSet;

use espalier::load::schema::{PATHS, files};
use proptest::prelude::*;
use serde_json::Value;

use crate::{
    platforms::platforms,
    support::{golden_cases, repository, texts_of},
};

fn schema() -> Value {
    schemas().next().expect("the platform's is the first").1
}

fn read(yaml: &str) -> Value {
    serde_yaml::from_str(yaml).expect("YAML that is JSON too")
}

/// All schemas, by path.
fn schemas() -> impl Iterator<Item = (&'static str, Value)> {
    files().map(|(path, text)| (path, serde_json::from_str(text).expect("JSON")))
}

/// The schema of a file of `spec/`; none for the certificate.
fn schema_of(path: &str) -> Option<&'static str> {
    let kinds = [
        ("spec/platform.yaml", 0),
        ("spec/versions.yaml", 1),
        ("spec/secrets/", 2),
        ("spec/workspaces/", 3),
    ];
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
    assert_eq!(files().map(|it| it.0).collect::<Vec<_>>(), PATHS);
}

#[test]
fn they_accept_every_file_of_the_golden_specs_and_of_the_repository() {
    let own = ("the repository".to_owned(), repository().to_owned());
    let validators: Vec<_> =
        schemas().map(|it| (it.0, jsonschema::validator_for(&it.1).expect("a schema"))).collect();
    let mut seen = BTreeSet::new();
    for (name, folder) in golden_cases().into_iter().chain([own]) {
        for (path, text) in texts_of(&folder) {
            let Some(schema) = schema_of(&path) else { continue };
            let validator =
                &validators.iter().find(|it| it.0 == schema).expect("it is one of them").1;
            let errors: Vec<String> = validator
                .iter_errors(&read(&text))
                .map(|it| format!("{it} at {}", it.instance_path()))
                .collect();
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
        !jsonschema::is_valid(&schema, &read(text))
    };
    for text in [
        "postgresql: 17.10",
        "postgres: \"17.9\"",
        "ollama: latest",
        "k3s: \"1.2.3\"",
        "ollama: ollama/ollama:0.32.15",
    ] {
        assert!(rejects(PATHS[1], text), "{text}");
    }
    let workspace = "{apiVersion: apps.aichatworkspaces.io/v1alpha1, kind: AIChatWorkspace, \
                     metadata: {name: a}, spec: {workspaceName: a, models: []}}";
    assert!(!rejects(PATHS[3], workspace));
    for (right, wrong) in [
        ("models: []", "model: []"),
        ("kind: AIChatWorkspace", "kind: Workspace"),
        ("name: a}", "name: A}"),
        (", models: []", ""),
    ] {
        assert!(rejects(PATHS[3], &workspace.replacen(right, wrong, 1)), "{wrong}");
    }
}

/// Every schema below a schema, including itself.
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
        below(&schema, &mut |part| {
            let Some(pattern) = part.get("pattern").and_then(Value::as_str) else { return };
            number += 1;
            let message = part["patternErrorMessage"]
                .as_str()
                .unwrap_or_else(|| panic!("{path}: {pattern} has no words"));
            assert!(
                message.contains('`') && message.ends_with('.') && !message.contains(pattern),
                "{message}"
            );
            let Some(examples) = part.get("examples").and_then(Value::as_array) else {
                assert!(pattern.contains("sha256"), "{path}: {pattern} has no example");
                return;
            };
            for example in examples {
                let alone = serde_json::json!({"pattern": pattern, "examples": examples});
                assert!(
                    !examples.is_empty()
                        && (example.is_number() || jsonschema::is_valid(&alone, example)),
                    "{example} is none of {pattern}"
                );
            }
        });
    }
    assert!(number > 20, "{number}");
}

/// An editor shows it beside the name.
#[test]
fn every_version_says_what_it_is_of() {
    let (_, schema) = schemas().find(|it| it.0 == PATHS[1]).expect("a schema");
    let mut said = BTreeSet::new();
    for (name, object) in schema["properties"].as_object().expect("its names") {
        let description =
            object["description"].as_str().unwrap_or_else(|| panic!("{name} has no description"));
        assert!(description.ends_with('.') && said.insert(description), "{name}: {description}");
    }
}

#[test]
fn it_rejects_typos() {
    let schema = jsonschema::validator_for(&schema()).expect("a schema");
    let starter = espalier::load::schema::STARTER;
    assert!(schema.is_valid(&read(starter)));
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
        assert!(!schema.is_valid(&read(&starter.replacen(right, wrong, 1))), "{wrong} is accepted");
    }
}

/// Editors offer the names of the catalogue, and accept every other name that the compiler reads.
#[test]
fn it_offers_models_and_refuses_none() {
    let schema = schema();
    let offered =
        schema.pointer("/$defs/ModelName/anyOf/0/enum").and_then(Value::as_array).expect("names");
    let offered: Vec<&str> = offered.iter().filter_map(Value::as_str).collect();
    assert_eq!(offered.len(), espalier::facts::models::names().count());
    for name in
        ["qwen3", "qwen3:4b-q8_0", "mistral:7b-instruct-v0.3-q4_K_M", "llava", "nomic-embed-text"]
    {
        assert!(offered.contains(&name), "{name}");
    }
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let starter = espalier::load::schema::STARTER;
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
        assert!(
            validator.is_valid(&read(&starter.replacen(model, &format!("{name:?}"), 1))),
            "{name}"
        );
    }
    assert!(!validator.is_valid(&read(&starter.replacen(model, "\"a b\"", 1))));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(16) })]

    #[test]
    fn it_accepts_what_compiles(texts in platforms()) {
        let schema = jsonschema::validator_for(&schema()).expect("a schema");
        let spec = read(&texts["spec/platform.yaml"]);
        let errors: Vec<String> = schema
            .iter_errors(&spec)
            .map(|it| format!("{it} at {}", it.instance_path()))
            .collect();
        prop_assert!(errors.is_empty(), "{:?}", errors);
    }
}

/// Editors look for it in the first lines of the spec.
#[test]
fn specs_point_to_it() {
    let first = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    let line = "# yaml-language-server: $schema=platform.schema.json";
    assert_eq!(first(espalier::load::schema::STARTER), line);
    for (path, text) in texts_of(repository()) {
        let Some(schema) = schema_of(&path) else { continue };
        let up = "../".repeat(path.matches('/').count() - 1);
        assert_eq!(
            first(&text),
            format!("# yaml-language-server: $schema={up}{}", &schema["spec/".len()..]),
            "{path}"
        );
    }
}
