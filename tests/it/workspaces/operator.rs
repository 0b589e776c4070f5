//! The end-to-end cases CS-0 to CS-8 of the AIChat Workspace Operator, and its samples.

use super::{FIRST, platform, with};
use crate::support::{Compiled, Read, at, compile, items};

const NAME: &str = "aichat-e2e";

/// The operator's own case: a name, `dev`, two models of which one is `:latest`.
fn made() -> Compiled {
    let mut texts = platform("");
    let text = super::workspace(NAME, ", workspaceENV: dev")
        .replace("\"gemma3:270m\"", "\"gemma2:2b\", \"gemma3:latest\"")
        .replace("{name: \"aichat-e2e\"}", "{name: e2e, namespace: chainsaw, labels: {a: b}}");
    texts.insert("spec/workspaces/workspace.yaml".to_owned(), text);
    compile(&texts)
}

fn find(compiled: &Compiled, kind: &str, name: &str) -> Read {
    let all = compiled.objects().into_iter();
    let mut its = all.filter(|it| it.kind() == kind && it.name() == name);
    its.next().unwrap_or_else(|| panic!("there is no {kind} {name}"))
}

/// The six labels, with the operator's value for the component, and a version that is stable.
fn six(object: &Read, component: &str, name: &str) {
    let label = |key: &str| {
        object
            .at("metadata/labels")
            .get(key)
            .and_then(|it| it.as_str())
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(label("aichatworkspace"), NAME);
    assert_eq!(label("app.kubernetes.io/component"), component, "{}", object.path);
    assert_eq!(label("app.kubernetes.io/managed-by"), "aichat-workspace-operator");
    assert_eq!(label("app.kubernetes.io/name"), name, "{}", object.path);
    assert_eq!(label("app.kubernetes.io/part-of"), format!("aichat-workspace-{NAME}"));
    assert_eq!(label("app.kubernetes.io/version"), "v1alpha1");
    assert_eq!(label("app.kubernetes.io/instance"), NAME);
}

/// CS-0, CS-1: the resource is taken, with labels of its own, and nothing is wrong with it.
#[test]
fn cs_0_1_the_resource_is_taken() {
    let compiled = made();
    assert!(compiled.errors().is_empty(), "{}", compiled.said());
}

/// CS-2.
#[test]
fn cs_2_the_namespace_has_six_labels() {
    six(&find(&made(), "Namespace", NAME), "aichatworkspace", NAME);
}

/// CS-3, CS-4: the API server's default is written out.
#[test]
fn cs_3_4_workloads_say_their_replicas() {
    let compiled = made();
    for (kind, name) in
        [("Deployment", "aichat-e2e-openwebui"), ("StatefulSet", "aichat-e2e-ollama")]
    {
        let workload = find(&compiled, kind, name);
        assert_eq!(workload.namespace(), Some(NAME));
        assert_eq!(*workload.at("spec/replicas"), 1, "{name}");
    }
}

/// CS-5 to CS-8, and the volume and the bounds, of which the operator asserts nothing.
#[test]
fn cs_5_8_accounts_and_services_have_six_labels() {
    let compiled = made();
    for (kind, name, component) in [
        ("ServiceAccount", "aichat-e2e-ollama", "sa"),
        ("ServiceAccount", "aichat-e2e-openwebui", "sa"),
        ("Service", "aichat-e2e-openwebui", "svc"),
        ("Service", "aichat-e2e-ollama", "svc"),
        ("PersistentVolumeClaim", "aichat-e2e-openwebui", "pvc"),
    ] {
        let object = find(&compiled, kind, name);
        assert_eq!(object.namespace(), Some(NAME));
        six(&object, component, name);
    }
    six(&find(&compiled, "ResourceQuota", "aichat-e2e-rquota"), "resourceQuota", NAME);
    six(&find(&compiled, "LimitRange", "aichat-e2e-limits"), "limitRange", NAME);
}

/// Every object of a workspace has all of them, of whatever kind.
#[test]
fn every_object_of_a_workspace_has_the_labels() {
    let compiled = made();
    let mut kinds = std::collections::BTreeSet::new();
    for object in compiled.objects().iter().filter(|it| it.application() == "ws-aichat-e2e") {
        let component = object.at("metadata/labels").get("app.kubernetes.io/component");
        let component = component.and_then(|it| it.as_str()).expect("it has a role").to_owned();
        let name = object.at("metadata/labels").get("app.kubernetes.io/name");
        let name = name.and_then(|it| it.as_str()).expect("it has a name").to_owned();
        six(object, &component, &name);
        kinds.insert(object.kind().to_owned());
    }
    assert!(kinds.len() > 10, "{kinds:?}");
}

/// A resource as the operator's own repository has it, under its own file's name: nothing is found
/// but what its content earns.
#[test]
fn a_sample_renders_as_it_is() {
    let mut texts = platform("");
    let file = "spec/workspaces/apps_v1alpha1_aichatworkspace.yaml";
    texts.insert(file.to_owned(), FIRST.to_owned());
    let compiled = compile(&texts);
    assert!(compiled.errors().is_empty(), "{}", compiled.said());
    let earned = ["credential-not-sealed", "model-without-tools"];
    let others: Vec<&str> =
        compiled.codes().into_iter().filter(|it| !earned.contains(it)).collect();
    assert!(others.is_empty(), "{}", compiled.said());
    assert!(compiled.files.contains_key("apps/ws-chat-first.yaml"));
}

/// The hosts of an Ingress.
fn answers_at(ingress: &Read) -> Vec<String> {
    let host = |rule| at(rule, "host").as_str().unwrap_or_default().to_owned();
    items(ingress.at("spec/rules")).map(host).collect()
}

/// A workspace under development answers at the operator's default domain, in plain HTTP; one for
/// users below the platform's, with a certificate.
#[test]
fn what_it_is_for_says_where_it_answers() {
    let compiled = with("", &[("dev-team", ", workspaceENV: dev"), ("team", "")]);
    assert!(compiled.errors().is_empty(), "{}", compiled.said());
    for (name, host, has_tls) in
        [("dev-team", "dev-team.localtest.me", false), ("team", "team.chat.example.com", true)]
    {
        let ingress = find(&compiled, "Ingress", &format!("{name}-openwebui"));
        assert_eq!(answers_at(&ingress), [host]);
        assert_eq!(!ingress.at("spec/tls").is_null(), has_tls);
    }
    let ingresses = compiled.objects().into_iter().filter(|it| it.kind() == "Ingress");
    let hosts: Vec<String> = ingresses.flat_map(|it| answers_at(&it)).collect();
    assert!(!hosts.iter().any(|it| it.contains("-api.")), "Ollama is public: {hosts:?}");
    let services = compiled.objects();
    assert!(!services.iter().any(|it| it.text("spec/type") == "ExternalName"));
}
