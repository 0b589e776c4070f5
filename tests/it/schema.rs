//! The generated JSON Schema accepts what compiles and rejects a typo; built-in objects have no field that Kubernetes does not know.

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
    support::{Read, golden_cases, repository, texts_of, tree},
};

fn schema() -> Value {
    serde_json::from_str(&espalier::spec::schema::json_schema()).expect("JSON")
}

fn json(yaml: &str) -> Value {
    serde_yaml::from_str(yaml).expect("YAML that is JSON too")
}

#[test]
fn the_schema_is_one() {
    assert!(jsonschema::meta::is_valid(&schema()));
}

#[test]
fn it_accepts_every_golden_spec_and_the_repository_s_own() {
    let schema = jsonschema::validator_for(&schema()).expect("a schema");
    let own = ("the repository".to_owned(), repository().to_owned());
    for (name, folder) in golden_cases().into_iter().chain([own]) {
        let spec = json(&texts_of(&folder)["spec/platform.yaml"]);
        let errors: Vec<String> = schema.iter_errors(&spec).map(|it| format!("{it} at {}", it.instance_path())).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
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
    assert_eq!(first(&texts_of(repository())["spec/platform.yaml"]), line);
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
