//! The API of workspaces: what it may do and what people may do by it, the platform that it reads,
//! and whose tokens the API server takes for it.

use std::{collections::BTreeSet, fs};

use espalier::{
    components::workspace_api::rights::{self, OF_PEOPLE},
    crds::argocd::TAKES_OVER,
    emit::{authentication::AUTHENTICATION, bootstrap},
};
use k8s_openapi::api::rbac::v1::PolicyRule;
use serde_yaml::Value;

use crate::support::{
    Compiled, Read, Texts, at, compile, golden_cases, items, repository, texts_of, tree,
};

const NAME: &str = "aichat-workspace-api";
const NAMESPACE: &str = "aichat-workspace-operator-system";
const SPEC: &str = "spec/platform.yaml";
const WORKSPACE: &str = "\
apiVersion: apps.aichatworkspaces.io/v1alpha1
kind: AIChatWorkspace
metadata: {name: team-a}
spec: {workspaceName: team-a, workspaceENV: dev, models: [gemma3:270m]}
";

fn texts() -> Texts {
    let found = golden_cases().into_iter().find(|it| it.0 == "workspace-api");
    texts_of(&found.expect("it is there").1)
}

/// The golden platform, with a part of its spec replaced.
fn with(from: &str, to: &str) -> Compiled {
    let mut texts = texts();
    let spec = texts.get_mut(SPEC).expect("it is there");
    assert!(spec.contains(from), "{from}");
    *spec = spec.replace(from, to);
    let compiled = compile(&texts);
    assert!(compiled.errors().is_empty(), "{}", compiled.said());
    compiled
}

fn find<'a>(objects: &'a [Read], kind: &str, name: &str) -> &'a Read {
    let is_here = |object: &&Read| object.namespace().is_none_or(|it| it == NAMESPACE);
    let mut found = objects.iter().filter(is_here).filter(|it| it.kind() == kind);
    let found = found.find(|it| it.name() == name);
    found.unwrap_or_else(|| panic!("there is no {kind} {name}"))
}

/// The words of a list.
fn words(value: &Value) -> Vec<String> {
    items(value).map(|it| it.as_str().unwrap_or_default().to_owned()).collect()
}

fn verbs(rules: &[PolicyRule]) -> BTreeSet<String> {
    rules.iter().flat_map(|it| it.verbs.iter().cloned()).collect()
}

fn of_role(role: &Read) -> BTreeSet<String> {
    let rules: Vec<&Value> = items(role.at("rules")).collect();
    assert_eq!(rules.len(), 1, "{}", role.path);
    assert_eq!(words(at(rules[0], "apiGroups")), ["apps.aichatworkspaces.io"], "{}", role.path);
    assert_eq!(words(at(rules[0], "resources")), ["aichatworkspaces"], "{}", role.path);
    words(at(rules[0], "verbs")).into_iter().collect()
}

/// No child of a workspace, no Secret, nobody else's name: it asks who somebody is and what they
/// may do, and writes resources.
#[test]
fn it_may_write_resources_and_ask() {
    let mut of_cluster: Vec<String> = Vec::new();
    for rule in rights::of_cluster() {
        assert_eq!(rule.verbs, ["create"]);
        of_cluster.extend(rule.resources.into_iter().flatten());
    }
    assert_eq!(of_cluster, ["tokenreviews", "subjectaccessreviews"]);
    let own = ["create", "delete", "get", "list", "update", "watch"].map(str::to_owned);
    assert_eq!(verbs(&rights::of_its_namespace()), own.clone().into());
    // And that is what its account has in the tree: no other binding names it.
    let objects = tree(&texts()).objects();
    assert_eq!(of_role(find(&objects, "Role", NAME)), own.into());
    let names_it = |binding: &&Read| {
        binding.kind().ends_with("RoleBinding")
            && items(binding.at("subjects")).any(|it| at(it, "name").as_str() == Some(NAME))
    };
    let bound: Vec<&str> = objects.iter().filter(names_it).map(Read::name).collect();
    assert_eq!(bound, [NAME, NAME]);
}

/// Each role has what the one before it has. Together they have every verb that a call wants, and
/// none that no call wants but `watch`, which is kubectl's.
#[test]
fn people_s_roles_are_what_its_calls_want() {
    let path = repository().join("operator/openapi.json");
    let document = fs::read_to_string(path).expect("it is there");
    let document: serde_json::Value = serde_json::from_str(&document).expect("JSON");
    let (mut reads, mut all) = (BTreeSet::from(["watch"]), BTreeSet::from(["watch"]));
    let paths = document["paths"].as_object().expect("paths");
    for (method, call) in paths.values().filter_map(|it| it.as_object()).flatten() {
        let description = call["description"].as_str().unwrap_or_default();
        let wants = description.split("verb `").skip(1).filter_map(|it| it.split('`').next());
        let wants: Vec<&str> = wants.collect();
        if method == "get" {
            reads.extend(&wants);
        }
        all.extend(wants);
    }
    assert!(all.len() > 6, "{all:?}");
    let objects = tree(&texts()).objects();
    let [viewer, editor, admin] = OF_PEOPLE.map(|it| of_role(find(&objects, "Role", it.0)));
    let texts = |words: &BTreeSet<&str>| words.iter().map(|it| (*it).to_owned()).collect();
    assert_eq!(viewer, texts(&reads));
    assert_eq!(admin, texts(&all));
    all.retain(|it| !it.starts_with("delete"));
    assert_eq!(editor, texts(&all));
    // Whom they are given to, somebody says by hand.
    let bound = objects.iter().filter(|it| it.kind() == "RoleBinding");
    assert!(bound.into_iter().all(|it| it.text("roleRef/name").starts_with("aichat-")));
}

/// It finds what the operator finds, and seals with what the controller opens.
#[test]
fn it_reads_the_operator_s_platform() {
    let objects = tree(&texts()).objects();
    let mounted = |name: &str| {
        let pod = find(&objects, "Deployment", name);
        let volume = items(pod.at("spec/template/spec/volumes")).next().expect("a volume").clone();
        let map = at(&volume, "configMap/name").as_str().expect("a ConfigMap").to_owned();
        (
            find(&objects, "ConfigMap", &map).at("data").clone(),
            at(&volume, "configMap/items").clone(),
        )
    };
    let own = mounted(NAME);
    assert_eq!(own, mounted("aichat-workspace-operator"));
    let paths: Vec<String> =
        items(&own.1).map(|it| at(it, "path").as_str().expect("a path").to_owned()).collect();
    assert!(paths.contains(&"spec/sealing.pem".to_owned()), "{paths:?}");
    assert!(paths.iter().all(|it| !it.starts_with("spec/secrets/")), "{paths:?}");
}

fn container(objects: &[Read]) -> Value {
    let deployment = find(objects, "Deployment", NAME);
    items(deployment.at("spec/template/spec/containers")).next().expect("a container").clone()
}

/// Whoever forwards to a pod has heard that it goes before it closes its door, and requests that
/// run have the 20 s that `serve` gives them.
#[test]
fn a_pod_that_ends_loses_no_request() {
    let objects = tree(&texts()).objects();
    let container = container(&objects);
    let sleeps = at(&container, "lifecycle/preStop/sleep/seconds").as_u64().expect("a number");
    let deployment = find(&objects, "Deployment", NAME);
    let grace = deployment.at("spec/template/spec/terminationGracePeriodSeconds").as_u64();
    assert!(sleeps > 0 && grace.expect("a number") >= sleeps + 20);
    let rolling = deployment.at("spec/strategy/rollingUpdate");
    assert_eq!(at(rolling, "maxSurge").as_u64(), Some(1));
    assert_eq!(at(rolling, "maxUnavailable").as_u64(), Some(0));
}

/// While the operator lets go of workspaces, nobody would make what is asked for.
#[test]
fn nobody_is_asked_during_a_handover() {
    let compiled = with("expandedBy: operator\n", "expandedBy: operator\n    handover: true\n");
    let objects = compiled.objects();
    assert_eq!(find(&objects, "Deployment", NAME).at("spec/replicas").as_u64(), Some(0));
}

const ISSUER: &str = "      oidc:
        issuer: https://login.example.com/realms/garden
        clientId: workspaces
        ca: login-ca.pem
        usernameClaim: email
        groupsClaim: groups
";

/// Without an issuer the API server is told what it is told elsewhere, and the API takes tokens of
/// service accounts alone.
#[test]
fn without_an_issuer_nothing_is_said_of_one() {
    let without = with(ISSUER, "");
    let starter = golden_cases().into_iter().find(|it| it.0 == "starter").expect("it is there");
    let starter = tree(&texts_of(&starter.1));
    assert!(!without.tree().contains_key(AUTHENTICATION));
    assert_eq!(without.tree()[bootstrap::K3S], starter.tree()[bootstrap::K3S]);
    let arguments = words(at(&container(&without.objects()), "args"));
    assert!(!arguments.iter().any(|it| it.contains("oidc")), "{arguments:?}");
}

/// The names of an issuer's users are nobody else's, an address is one that was verified, and
/// nobody comes in without a token.
#[test]
fn an_issuer_s_names_bear_a_prefix() {
    let read = |compiled: &Compiled| -> Value {
        serde_yaml::from_slice(&compiled.tree()[AUTHENTICATION]).expect("YAML")
    };
    let compiled = tree(&texts());
    let arguments = words(at(&container(&compiled.objects()), "args"));
    let prefix = arguments.iter().skip_while(|it| *it != "--oidc-prefix").nth(1).expect("a prefix");
    let configuration = read(&compiled);
    // k3s forbids it by a flag, which it leaves out where there is such a file.
    assert_eq!(at(&configuration, "anonymous/enabled").as_bool(), Some(false));
    let jwt = items(at(&configuration, "jwt")).next().expect("an issuer").clone();
    for what in ["username", "groups"] {
        let said = at(&jwt, &format!("claimMappings/{what}/prefix"));
        assert_eq!(said.as_str(), Some(&**prefix), "{what}");
    }
    let certificates = at(&jwt, "issuer/certificateAuthority").as_str().unwrap_or_default();
    assert!(certificates.starts_with("-----BEGIN CERTIFICATE-----"), "{certificates}");
    assert_eq!(words(at(&jwt, "issuer/audiences")), ["workspaces"]);
    assert_eq!(items(at(&jwt, "claimValidationRules")).count(), 1);

    let plain = with("        usernameClaim: email\n        groupsClaim: groups\n", "");
    let jwt = items(at(&read(&plain), "jwt")).next().expect("an issuer").clone();
    assert_eq!(at(&jwt, "claimMappings/username/claim").as_str(), Some("sub"));
    assert!(at(&jwt, "claimMappings/groups").is_null());
    assert!(at(&jwt, "claimValidationRules").is_null());
}

/// Servers that join read the same file as the first.
#[test]
fn servers_that_join_get_the_issuer_s_file_too() {
    let groups = "nodes: [{name: main, role: server, count: 3, cpu: 8, memory: 16Gi}]";
    let compiled = with("node: {cpu: 4, memory: 8Gi}", groups);
    let page = String::from_utf8(compiled.tree()["out/README.md"].clone()).expect("a text");
    let line = "install -D -m 0600 bootstrap/k3s/authentication.yaml";
    assert_eq!(page.matches(line).count(), 1, "{page}");
}

/// What the API wrote and Git has now is Argo CD's to take away again, field by field.
#[test]
fn argo_cd_takes_over_what_the_api_wrote() {
    let writer = |spec: &str| {
        let mut texts = texts();
        texts.insert(SPEC.into(), spec.into());
        texts.insert("spec/workspaces/team-a.yaml".into(), WORKSPACE.into());
        let compiled = tree(&texts);
        let application: Value =
            serde_yaml::from_slice(&compiled.tree()["apps/workspaces.yaml"]).expect("YAML");
        let annotations = at(&application, "metadata/annotations").clone();
        annotations.get(TAKES_OVER).and_then(Value::as_str).map(str::to_owned)
    };
    let spec = texts()[SPEC].clone();
    assert_eq!(writer(&spec).as_deref(), Some(NAME));
    let (before, after) =
        (spec.find("    api:\n      enabled").expect("it is on"), "  components:");
    let without = format!("{}{}", &spec[..before], &spec[spec.find(after).expect("they are")..]);
    assert_eq!(writer(&without.replace("    api: api.example.com\n", "")), None);
}
