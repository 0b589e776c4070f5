//! What the AIChat Workspace Operator gets wrong or lets through (A1 to A16 of the facts about it),
//! as far as a compiler makes it.

use std::collections::BTreeSet;

use super::{platform, with, workspace};
use crate::support::{Compiled, compile, items};

fn errors(more: &str, workspaces: &[(&str, &str)]) -> Vec<&'static str> {
    with(more, workspaces).errors()
}

/// A1: two workspaces have no object, file or host in common.
#[test]
fn a1_two_workspaces_share_nothing() {
    let compiled = with("", &[("team-a", ""), ("team-b", "")]);
    assert!(compiled.errors().is_empty() && compiled.twice.is_empty(), "{}", compiled.said());
    let of = |application: &str| -> BTreeSet<(String, String, Option<String>)> {
        let all = compiled.objects().into_iter().filter(|it| it.application() == application);
        all.map(|it| (it.kind().to_owned(), it.name().to_owned(), it.namespace().map(Into::into)))
            .collect()
    };
    let (a, b) = (of("ws-team-a"), of("ws-team-b"));
    assert!(a.len() > 15 && a.len() == b.len() && a.is_disjoint(&b), "{a:?} {b:?}");
    let namespaces = |all: &BTreeSet<(String, String, Option<String>)>| -> BTreeSet<String> {
        all.iter().filter_map(|it| it.2.clone()).collect()
    };
    assert_eq!(namespaces(&a), ["team-a".to_owned()].into());
    assert_eq!(namespaces(&b), ["team-b".to_owned()].into());
}

/// A2 (B10): a name is one workspace's, whatever their files are called.
#[test]
fn a2_a_name_twice_is_refused() {
    let mut texts = platform("");
    for file in ["one", "two", "three"] {
        texts.insert(format!("spec/workspaces/{file}.yaml"), workspace("team-a", ""));
    }
    let compiled = compile(&texts);
    assert_eq!(compiled.errors(), ["workspace-name"; 2], "{}", compiled.said());
}

/// A3 (B9): nobody takes a namespace of the cluster or of the platform.
#[test]
fn a3_reserved_namespaces_are_refused() {
    for name in [
        "kube-system",
        "kube-flannel",
        "default",
        "argocd",
        "ai",
        "monitoring",
        "node-agents",
        "cert-manager",
        "cattle-system",
        "cattle-fleet",
        "rook-system",
        "cnpg-system",
    ] {
        assert_eq!(errors("", &[(name, "")]), ["workspace-name"], "{name}");
    }
    for name in ["kubernetes", "system", "my-systems", "cattle"] {
        assert!(errors("", &[(name, "")]).is_empty(), "{name}");
    }
}

/// A4 (B12): a host is one workspace's, and that of another's API is nobody's.
#[test]
fn a4_hosts_do_not_collide() {
    assert_eq!(errors("", &[("foo", ""), ("foo-api", "")]), ["host-taken"]);
    let dev = ", workspaceENV: dev";
    assert_eq!(errors("", &[("foo", dev), ("foo-api", dev)]), ["host-taken"]);
    // Another domain is another name.
    assert!(errors("", &[("foo", dev), ("foo-api", "")]).is_empty());
    let own = "  workspaces: {hosts: [teams.example.com, chat.example.com]}\n";
    let host = ", hosts: [a.teams.example.com]";
    assert_eq!(errors(own, &[("foo", host), ("bar", host)]), ["host-taken"]);
    let takes = ", hosts: [foo.chat.example.com]";
    assert_eq!(errors(own, &[("bar", takes), ("foo", "")]), ["host-taken"]);
    let api = ", hosts: [foo-api.chat.example.com]";
    assert_eq!(errors(own, &[("bar", api), ("foo", "")]), ["host-taken"]);
    for refused in ["a.others.example.com", "teams.example.com", "xteams.example.com"] {
        let host = format!(", hosts: [{refused}]");
        assert_eq!(errors(own, &[("foo", &host)]), ["workspace-host-not-allowed"], "{refused}");
    }
}

/// A5 (W4): names that other names cannot be made of.
#[test]
fn a5_names_have_a_form() {
    for name in [&"a".repeat(46), "Team", "team_a", "0team", "-a", ""] {
        assert!(!errors("", &[(name, "")]).is_empty(), "{name}");
    }
    assert!(errors("", &[(&"a".repeat(45), "")]).is_empty());
}

/// A6 (B11): a resource without its spec is none.
#[test]
fn a6_an_empty_spec_is_refused() {
    for spec in ["spec: {}\n", "spec:\n", ""] {
        let mut texts = platform("");
        let text = workspace("team-a", "");
        let head = text.split("spec:").next().expect("it has a head");
        texts.insert("spec/workspaces/team-a.yaml".to_owned(), format!("{head}{spec}"));
        assert!(!compile(&texts).errors().is_empty(), "{spec}");
    }
}

/// A7 (B3): a name without a tag is `:latest`, so that it is found again.
#[test]
fn a7_a_model_without_a_tag_is_the_latest() {
    let mut texts = platform("");
    let text = workspace("team-a", "").replace("gemma3:270m", "smollm2");
    texts.insert("spec/workspaces/team-a.yaml".to_owned(), text);
    let compiled = compile(&texts);
    assert!(compiled.errors().is_empty(), "{}", compiled.said());
    let ollama = String::from_utf8_lossy(
        &compiled.files["out/manifests/ws-team-a/team-a/statefulset-team-a-ollama.yaml"],
    )
    .into_owned();
    assert!(ollama.contains("smollm2:latest"), "{ollama}");
}

/// A13: what Git no longer has is removed, but for the namespace and the volumes.
#[test]
fn a13_data_stays() {
    let compiled = with("", &[("team-a", "")]);
    let protected: BTreeSet<String> = compiled
        .objects()
        .into_iter()
        .filter(|it| it.application() == "ws-team-a")
        .filter(|object| {
            let notes = object.at("metadata/annotations");
            let options = notes.get("argocd.argoproj.io/sync-options");
            options.and_then(|it| it.as_str()) == Some("Prune=false,Delete=false")
        })
        .map(|it| it.kind().to_owned())
        .collect();
    assert_eq!(protected, ["Namespace", "PersistentVolumeClaim"].map(Into::into).into());
}

/// A16: the same bytes, whatever the order of the files.
#[test]
fn a16_the_same_spec_gives_the_same_bytes() {
    let made = |order: &[(&str, &str)]| with("", order).files;
    assert_eq!(made(&[("a", ""), ("b", "")]), made(&[("b", ""), ("a", "")]));
}

/// W8: isolation is there, in both directions, in every workspace.
#[test]
fn w8_policies_and_the_level_of_pods_are_there() {
    let compiled = with("", &[("team-a", "")]);
    let its = |kind: &'static str| {
        let all = compiled.objects().into_iter();
        all.filter(move |it| it.application() == "ws-team-a" && it.kind() == kind)
    };
    let names: Vec<String> = its("NetworkPolicy").map(|it| it.name().to_owned()).collect();
    assert!(names.contains(&"default-deny".to_owned()), "{names:?}");
    let namespace = its("Namespace").next().expect("it has one");
    let level = namespace.at("metadata/labels").get("pod-security.kubernetes.io/enforce");
    assert_eq!(level.and_then(|it| it.as_str()), Some("restricted"));
}

/// A workspace with an Ollama of its own cannot reach that of the platform; one that shares it has
/// none of its own, and both policies say so.
#[test]
fn a_shared_ollama_lets_in_who_shares_it() {
    let shared = ", ollama: shared";
    let compiled =
        with("  workspaces: {sharedOllama: true}\n", &[("team-a", shared), ("team-b", "")]);
    assert!(compiled.errors().is_empty(), "{}", compiled.said());
    let objects = compiled.objects();
    let label = |name: &str| {
        let namespace = objects.iter().find(|it| it.kind() == "Namespace" && it.name() == name);
        let labels = namespace.expect("it is there").at("metadata/labels").clone();
        labels.get("espalier.dev/ollama").and_then(|it| it.as_str()).map(str::to_owned)
    };
    assert_eq!((label("team-a").as_deref(), label("team-b")), (Some("shared"), None));
    let of = |name: &str, kind: &str| {
        objects.iter().any(|it| it.namespace() == Some(name) && it.kind() == kind)
    };
    assert!(!of("team-a", "StatefulSet") && of("team-b", "StatefulSet"));
    let policy = |namespace: &str, name: &str| {
        let mut all = objects.iter().filter(|it| it.kind() == "NetworkPolicy");
        let its = all.find(|it| it.namespace() == Some(namespace) && it.name() == name);
        serde_yaml::to_string(&its.expect("it is there").value).expect("YAML")
    };
    assert!(policy("ai", "allow-ollama").contains("espalier.dev/ollama: shared"));
    let way = "kubernetes.io/metadata.name: ai";
    assert!(policy("team-a", "allow-team-a-openwebui").contains(way));
    assert!(!policy("team-b", "allow-team-b-openwebui").contains(way));
    // What is not offered is not shared.
    assert_eq!(errors("", &[("team-a", shared)]), ["ollama-not-shared"]);
}

/// Members may look at a workspace, and no Secret is shown to them.
#[test]
fn members_may_look() {
    let members = ", members: [{kind: Group, name: team-a}, {kind: User, name: ada@example.com}]";
    let compiled = with("", &[("team-a", members), ("team-b", "")]);
    let bindings: Vec<_> =
        compiled.objects().into_iter().filter(|it| it.kind() == "RoleBinding").collect();
    let its: Vec<_> = bindings.iter().filter(|it| it.application().starts_with("ws-")).collect();
    let [binding] = &its[..] else { panic!("{its:?}") };
    assert_eq!(binding.namespace(), Some("team-a"));
    assert_eq!(binding.text("roleRef/name"), "view");
    assert_eq!(items(binding.at("subjects")).count(), 2);
}

/// The platform's memory as it is promised, in all.
fn requests(compiled: &Compiled) -> u64 {
    let plan = compiled.plan.as_ref().expect("it compiles");
    plan.budget(&compiled.summaries).requests.get()
}

/// A workspace at rest needs no room, and keeps what it is made of.
#[test]
fn at_rest_it_needs_no_room() {
    let (none, runs, rests) =
        (with("", &[]), with("", &[("team-a", "")]), with("", &[("team-a", ", suspend: true")]));
    assert!(requests(&runs) > requests(&none));
    assert_eq!(requests(&rests), requests(&none), "{}", rests.said());
    assert_eq!(
        runs.files.keys().collect::<Vec<_>>(),
        rests.files.keys().collect::<Vec<_>>(),
        "an object is missing"
    );
    for object in rests.objects().iter().filter(|it| it.application() == "ws-team-a") {
        if object.pod_template().is_some() {
            assert_eq!(*object.at("spec/replicas"), 0, "{}", object.path);
        }
        // Its volume is made for its first pod, which it may never have had.
        let ignored =
            object.at("metadata/annotations").get("argocd.argoproj.io/ignore-healthcheck");
        assert_eq!(ignored.is_some(), object.kind() == "PersistentVolumeClaim", "{}", object.path);
    }
    let quota = |compiled: &Compiled| {
        compiled.files["out/manifests/ws-team-a/team-a/resourcequota-team-a-rquota.yaml"].clone()
    };
    assert_eq!(quota(&runs), quota(&rests), "it could not be woken up");
}
