//! Faults of Ollama's deployment.

use serde_yaml::Value;

use super::{containers, each_of, env, found, never};
use crate::support::{at, compile, items, with_components};

#[track_caller]
fn always(name: &str, is_right: impl Fn(&str) -> bool) {
    for (object, _) in each_of("StatefulSet", "ollama") {
        for container in containers(object) {
            let value = env(container, name).and_then(Value::as_str).unwrap_or_default();
            assert!(is_right(value), "{}: {name}={value}", object.path);
        }
    }
}

fn is_number(text: &str) -> bool {
    text.parse::<u64>().is_ok()
}

#[test]
fn no_limits_so_that_no_alert_can_fire() {
    for (object, _) in each_of("StatefulSet", "ollama") {
        for container in containers(object) {
            let memory = |key: &str| at(container, &format!("resources/{key}/memory"));
            // On a CPU, weights are anonymous memory: memory that is not requested may not be
            // there.
            assert!(
                memory("limits").is_string() && memory("limits") == memory("requests"),
                "{}",
                object.path
            );
        }
    }
}

#[test]
fn a_hidden_prompt_cache_of_8_gib() {
    always("LLAMA_ARG_CACHE_RAM", is_number);
}

#[test]
fn a_hidden_pool_of_checkpoints() {
    always("LLAMA_ARG_CTX_CHECKPOINTS", is_number);
}

#[test]
fn a_context_and_slots_that_nobody_counted() {
    always("OLLAMA_CONTEXT_LENGTH", is_number);
    always("OLLAMA_NUM_PARALLEL", is_number);
    always("OLLAMA_MAX_LOADED_MODELS", |text| text.parse::<u64>().is_ok_and(|it| it > 0));
    always("OLLAMA_KV_CACHE_TYPE", |it| ["f16", "q8_0", "q4_0"].contains(&it));
    always("OLLAMA_FLASH_ATTENTION", |it| ["0", "1"].contains(&it));
}

#[test]
fn more_models_than_the_node_holds() {
    found("ollama: {replicas: 3, models: [\"llama3.2:1b\"]}", "node-memory-exceeded");
    found("ollama: {models: [\"llama3.1:8b\"]}", "node-memory-exceeded");
}

#[test]
fn a_limit_below_what_the_model_needs() {
    found(
        "ollama: {models: [\"llama3.2:3b\"], resources: {memory: {limit: 2Gi}}}",
        "model-needs-memory",
    );
    found(
        "ollama: {models: [\"llama3.2:3b\"], resources: {memory: {request: 1Gi}}}",
        "model-needs-memory",
    );
}

#[test]
fn a_model_whose_memory_nobody_knows() {
    found("ollama: {models: [\"unheard-of:7b\"]}", "model-unknown");
}

#[test]
fn a_small_cache_that_is_not_made() {
    // Without flash attention, the key/value cache stays at 16 bits, so the budget would count too
    // little.
    let compiled = compile(&with_components(
        "ollama: {models: [\"llama3.2:1b\"], kvCache: q8_0, flashAttention: false}",
    ));
    assert!(compiled.findings.has_errors(), "{}", compiled.said());
}

#[test]
fn replicas_that_share_one_volume() {
    // When one replica starts, it removes what another one has half pulled.
    for (object, _) in each_of("StatefulSet", "ollama") {
        assert_eq!(items(object.at("spec/volumeClaimTemplates")).count(), 1, "{}", object.path);
        let shared = items(at(object.pod_template().expect("pods"), "spec/volumes"))
            .any(|it| !at(it, "persistentVolumeClaim").is_null());
        assert!(!shared, "{}", object.path);
    }
    never("Deployment", |object| {
        containers(object).into_iter().any(|container| {
            at(container, "image").as_str().is_some_and(|it| it.contains("ollama/ollama"))
        })
    });
}

#[test]
fn models_pulled_by_a_hook_that_no_log_shows() {
    for kind in ["Deployment", "StatefulSet"] {
        never(kind, |object| {
            containers(object).into_iter().any(|it| !at(it, "lifecycle/postStart").is_null())
        });
    }
    for (object, _) in each_of("StatefulSet", "ollama") {
        let init = containers(object)[0];
        assert_eq!(at(init, "name"), "pull-models", "{}", object.path);
        assert!(
            env(init, "MODELS").and_then(Value::as_str).is_some_and(|it| !it.is_empty()),
            "{}",
            object.path
        );
    }
}

#[test]
fn a_pull_that_gives_up_in_the_first_seconds_or_draws_on_a_terminal() {
    // What the scripts do is tested by running them (`pulls`): every tree has exactly those
    // scripts.
    let of = |object: &crate::support::Read| {
        let last = |container: &&Value| {
            items(at(container, "command"))
                .filter_map(Value::as_str)
                .last()
                .map(str::to_owned)
                .unwrap_or_default()
        };
        let scripts: Vec<String> = containers(object).iter().map(last).collect();
        (object.path.clone(), scripts)
    };
    let all: Vec<_> = each_of("StatefulSet", "ollama").map(|it| of(it.0)).collect();
    let (_, scripts) = &all[0];
    assert!(all.iter().all(|it| it.1 == *scripts), "{all:#?}");
    assert!(
        scripts.len() == 2
            && scripts.iter().all(|it| it.contains("/api/pull") && !it.contains("ollama pull")),
        "{scripts:#?}"
    );
    for (object, _) in each_of("StatefulSet", "ollama") {
        // The pod's status says why a pull failed.
        assert_eq!(
            at(containers(object)[0], "terminationMessagePolicy"),
            "FallbackToLogsOnError",
            "{}",
            object.path
        );
    }
}

#[test]
fn a_home_that_cannot_be_written() {
    always("HOME", |it| it == "/data");
    always("OLLAMA_MODELS", |it| it == "/data/models");
    for (object, _) in each_of("StatefulSet", "ollama") {
        for container in containers(object) {
            let mounts: Vec<&Value> =
                items(at(container, "volumeMounts")).map(|it| at(it, "mountPath")).collect();
            assert!(
                mounts.contains(&&"/data".into()) && mounts.contains(&&"/tmp".into()),
                "{}",
                object.path
            );
        }
    }
}

#[test]
fn an_api_without_authentication_open_to_all() {
    // No Ingress leads to it, and in each namespace only Open WebUI may connect, and who asks
    // whether it answers and what it has in memory: the tests of policies show that nothing else
    // can.
    never("Ingress", |ingress| {
        let paths = items(ingress.at("spec/rules")).flat_map(|it| items(at(it, "http/paths")));
        paths.into_iter().any(|path| {
            at(path, "backend/service/name").as_str().is_some_and(|it| it.contains("ollama"))
        })
    });
    never("NetworkPolicy", |policy| {
        policy.name().ends_with("ollama")
            && items(policy.at("spec/ingress")).flat_map(|it| items(at(it, "from"))).any(|from| {
                let name = at(from, "podSelector/matchLabels").get("app.kubernetes.io/name");
                let name = name.and_then(Value::as_str).unwrap_or_default();
                // Where the platform offers it, workspaces that share it: they say so by a label.
                let shares = at(from, "namespaceSelector/matchLabels").get("espalier.dev/ollama");
                // That of a workspace has its name before it.
                shares.is_none()
                    && !["json-exporter", "openwebui", "prometheus-blackbox-exporter"]
                        .iter()
                        .any(|it| name.ends_with(it))
            })
    });
}

#[test]
fn models_that_run_in_somebody_s_cloud() {
    always("OLLAMA_NO_CLOUD", |it| it == "1");
}

#[test]
fn a_volume_smaller_than_its_models() {
    found("ollama: {models: [\"llama3.2:3b\"], storage: 1Gi}", "storage-too-small");
}

#[test]
fn probes_that_load_a_model() {
    for (object, container) in each_of("StatefulSet", "ollama") {
        for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
            let path = at(container, &format!("{probe}/httpGet/path")).as_str().unwrap_or_default();
            assert!(["/", "/api/version"].contains(&path), "{}: {probe} {path}", object.path);
        }
    }
}
