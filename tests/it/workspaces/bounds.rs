//! A workspace's quota admits what the workspace makes, and not more (A11, A15, B19).

use std::collections::BTreeMap;

use espalier::units::{Bytes, Millicores};
use serde_yaml::Value;

use super::with;
use crate::support::{Compiled, Read, at, items};

/// What a pod of the tree takes of a quota: counted here from the YAML, as the API server counts.
fn of_pod(spec: &Value, resource: &str, of: &str) -> u64 {
    let amount = |container: &Value| {
        let its = |of: &str| at(container, &format!("resources/{of}")).get(resource).cloned();
        // The API server takes the limit for the request where there is none.
        let text = match its(of).or_else(|| its("limits")) {
            Some(Value::String(text)) => text,
            Some(Value::Number(number)) => number.to_string(),
            _ => return 0,
        };
        if resource == "cpu" {
            text.parse::<Millicores>().expect("an amount").get()
        } else {
            text.parse::<Bytes>().expect("an amount").get()
        }
    };
    let running: u64 = items(at(spec, "containers")).map(amount).sum();
    let starting = items(at(spec, "initContainers")).map(amount).max().unwrap_or_default();
    running.max(starting)
}

/// The hard bounds of the quota in a namespace, as numbers.
fn hard(compiled: &Compiled, name: &str) -> BTreeMap<String, u64> {
    let quota = compiled
        .objects()
        .into_iter()
        .find(|it| it.kind() == "ResourceQuota" && it.namespace() == Some(name));
    let quota = quota.expect("it has a quota");
    let bound = |(key, value): (&Value, &Value)| {
        let key = key.as_str().expect("a name").to_owned();
        let text = value
            .as_str()
            .map_or_else(|| value.as_u64().expect("a number").to_string(), str::to_owned);
        let number = match &*key {
            "requests.cpu" => text.parse::<Millicores>().expect("an amount").get(),
            "pods" | "services" | "persistentvolumeclaims" => text.parse().expect("a count"),
            _ => text.parse::<Bytes>().expect("an amount").get(),
        };
        (key, number)
    };
    quota.at("spec/hard").as_mapping().expect("bounds").iter().map(bound).collect()
}

fn of_kind<'a>(
    objects: &'a [Read],
    name: &'a str,
    kind: &'a str,
) -> impl Iterator<Item = &'a Read> {
    objects.iter().filter(move |it| it.namespace() == Some(name) && it.kind() == kind)
}

/// A15: what the tree of a workspace can need at once, with the pods that answer for certificates,
/// is what the quota admits: a pod less, and its rollout would be stuck (B19, A11).
#[test]
fn a11_a15_the_quota_admits_the_workspace_s_own_rollout() {
    for fields in ["", ", workspaceENV: dev", ", replicas: {ollama: 3}, storage: {ollama: 30Gi}"] {
        let compiled = with("", &[("team-a", fields)]);
        assert!(compiled.errors().is_empty(), "{}", compiled.said());
        let objects = compiled.objects();
        let hard = hard(&compiled, "team-a");
        // An Ingress with a certificate has a pod and a Service of cert-manager for each host.
        let certified = of_kind(&objects, "team-a", "Ingress")
            .flat_map(|it| items(it.at("spec/tls")))
            .flat_map(|it| items(at(it, "hosts")))
            .count() as u64;
        let (mut pods, mut claims, mut storage) = (certified, 0, 0);
        let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
        let size = |spec: &Value| {
            at(spec, "resources/requests/storage")
                .as_str()
                .expect("a size")
                .parse::<Bytes>()
                .expect("a size")
                .get()
        };
        for object in objects.iter().filter(|it| it.namespace() == Some("team-a")) {
            let Some(template) = object.pod_template() else { continue };
            let replicas = object.at("spec/replicas").as_u64().expect("it is written");
            if object.kind() == "Deployment" {
                assert_eq!(object.text("spec/strategy/type"), "Recreate", "it would add a pod");
            }
            pods += replicas;
            for (key, resource, of) in [
                ("requests.cpu", "cpu", "requests"),
                ("requests.memory", "memory", "requests"),
                ("limits.memory", "memory", "limits"),
                ("requests.ephemeral-storage", "ephemeral-storage", "requests"),
                ("limits.ephemeral-storage", "ephemeral-storage", "limits"),
            ] {
                *sums.entry(key).or_default() +=
                    replicas * of_pod(at(template, "spec"), resource, of);
            }
            for claim in items(object.at("spec/volumeClaimTemplates")) {
                claims += replicas;
                storage += replicas * size(at(claim, "spec"));
            }
        }
        for claim in of_kind(&objects, "team-a", "PersistentVolumeClaim") {
            claims += 1;
            storage += size(claim.at("spec"));
        }
        let services = of_kind(&objects, "team-a", "Service").count() as u64 + certified;
        assert_eq!(hard["pods"], pods, "{fields}");
        assert_eq!(hard["persistentvolumeclaims"], claims, "{fields}");
        assert_eq!(hard["requests.storage"], storage, "{fields}");
        assert_eq!(hard["services"], services, "{fields}");
        let mib = 1 << 20;
        for (key, sum) in sums {
            // Of one that answers: 10m, 16 and 64 MiB, and a log of 100 MiB.
            let solver = hard[key] - sum;
            let most = match key {
                "requests.cpu" => 10,
                "requests.memory" => 16 * mib,
                "limits.memory" => 64 * mib,
                _ => 100 * mib,
            };
            assert_eq!(solver, certified * most, "{fields}: {key}: beside {sum}");
        }
        assert!(certified > 0 || fields.contains("dev"));
    }
}

/// The bounds of a single pod admit every pod, and of a claim every claim.
#[test]
fn the_limit_range_admits_each_pod_by_itself() {
    let compiled = with("", &[("team-a", "")]);
    let objects = compiled.objects();
    let range = of_kind(&objects, "team-a", "LimitRange").next().expect("it has one");
    let item = |of: &str| {
        items(range.at("spec/limits")).find(|it| at(it, "type") == of).expect("it is bounded")
    };
    let bytes =
        |value: &Value| value.as_str().expect("text").parse::<Bytes>().expect("bytes").get();
    let mut largest = 0;
    for object in objects.iter().filter(|it| it.namespace() == Some("team-a")) {
        let Some(template) = object.pod_template() else { continue };
        let memory = of_pod(at(template, "spec"), "memory", "limits");
        assert!(memory <= bytes(at(item("Pod"), "max/memory")), "{}", object.path);
        largest = largest.max(memory);
    }
    assert_eq!(largest, bytes(at(item("Pod"), "max/memory")), "a larger one would be let in");
    assert!(at(item("Container"), "default").get("memory").is_some());
}

/// A bound of one's own below what is made is refused, and one above it is taken.
#[test]
fn bounds_of_ones_own_hold_what_is_made() {
    for (field, small, large) in [
        ("memory", "100Mi", "64Gi"),
        ("pods", "1", "9"),
        ("storage", "1Gi", "900Gi"),
        ("cpu", "1m", "9"),
    ] {
        let made =
            |amount: &str| with("", &[("team-a", &format!(", quota: {{{field}: {amount}}}"))]);
        assert_eq!(made(small).errors(), ["quota-too-small"], "{field}");
        let compiled = made(large);
        assert!(compiled.errors().is_empty(), "{}", compiled.said());
        let key = match field {
            "memory" => "limits.memory",
            "storage" => "requests.storage",
            "cpu" => "requests.cpu",
            other => other,
        };
        let computed = with("", &[("team-a", "")]);
        assert!(hard(&compiled, "team-a")[key] > hard(&computed, "team-a")[key], "{field}");
    }
}
