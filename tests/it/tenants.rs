//! Tenants: zero to three minimal workspaces, each built by itself, and none dropped silently.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    invariants::Tree,
    support::{Texts, administrator, compile, tree, with_components},
};

const NAMES: [&str; 3] = ["team-a", "zero-0", "on"];

fn platform() -> Texts {
    let mut texts = with_components("ollama: {models: [\"gemma3:270m\"]}");
    let spec = texts.get_mut("spec/platform.yaml").expect("it is there");
    *spec = spec.replace("{cpu: 4, memory: 8Gi}", "{cpu: 16, memory: 64Gi}");
    texts
}

fn with(mut texts: Texts, names: &[&str]) -> Texts {
    for name in names {
        let text = format!(
            "apiVersion: apps.aichatworkspaces.io/v1alpha1\nkind: AIChatWorkspace\nmetadata: \
             {{name: \"{name}\"}}\nspec: {{workspaceName: \"{name}\", models: \
             [\"gemma3:270m\"], {}}}\n",
            administrator()
        );
        texts.insert(format!("spec/workspaces/{name}.yaml"), text);
    }
    texts
}

#[test]
fn zero_to_three_keep_every_invariant() {
    for n in 0..=NAMES.len() {
        let compiled = tree(&with(platform(), &NAMES[..n]));
        assert_eq!(compiled.summaries.len(), n);
        let broken = Tree::of(&compiled).broken();
        assert!(broken.is_empty(), "{n}: {broken}");
    }
}

/// Argo CD deletes only what the project still permits: a project that became narrower in the
/// commit that removes something would leave it running.
#[test]
fn projects_do_not_change_with_what_is_switched_off_or_taken_out() {
    let projects = |texts: &Texts| {
        let compiled = tree(texts);
        let all: Vec<_> = compiled
            .files
            .into_iter()
            .filter(|(path, _)| path.starts_with("bootstrap/argocd/appproject-"))
            .collect();
        assert_eq!(all.len(), 4, "ai, bootstrap, default, platform");
        all
    };
    let full = projects(&with(platform(), &NAMES));
    for n in 0..NAMES.len() {
        assert_eq!(projects(&with(platform(), &NAMES[..n])), full, "{n} workspaces");
    }
    let off = ["argocd", "traefik", "openWebui", "openWebui: {enabled: false}\npostgresql"];
    for component in off {
        let texts = with_components(&format!(
            "ollama: {{models: [\"gemma3:270m\"]}}\n{component}: {{enabled: false}}"
        ));
        assert_eq!(projects(&texts), full, "without {component}");
    }
    let mut production = platform();
    let spec = production.get_mut("spec/platform.yaml").expect("it is there");
    assert!(spec.contains("certificates: {"), "{spec}");
    *spec = spec.replace("certificates: {", "certificates: {issuer: production, ");
    assert_eq!(projects(&production), full, "another issuer");
    let mut console = platform();
    let spec = console.get_mut("spec/platform.yaml").expect("it is there");
    assert!(spec.contains("domains: {"), "{spec}");
    *spec = spec.replace("domains: {", "domains: {argocd: argocd.example.com, ");
    assert!(tree(&console).files.contains_key("apps/argocd-ingress.yaml"));
    assert_eq!(projects(&console), full, "a host for Argo CD");
}

/// A new tenant adds its own files, and changes no other tenant's files and none of the platform's,
/// except those that describe everything.
#[test]
fn a_new_tenant_changes_nobody_else_s_files() {
    let of_all = ["out/README.md"];
    for n in 0..NAMES.len() {
        let (before, after) = (
            tree(&with(platform(), &NAMES[..n])).files,
            tree(&with(platform(), &NAMES[..=n])).files,
        );
        let own = |path: &str| {
            path == format!("apps/ws-{}.yaml", NAMES[n])
                || path == format!("apps/ws-{}.project.yaml", NAMES[n])
                || path.starts_with(&format!("out/manifests/ws-{}/", NAMES[n]))
        };
        let changed: BTreeSet<&str> = after
            .iter()
            .filter(|(path, bytes)| before.get(*path) != Some(bytes))
            .map(|it| it.0.as_str())
            .collect();
        let others: Vec<&&str> =
            changed.iter().filter(|it| !own(it) && !of_all.contains(it)).collect();
        assert!(others.is_empty(), "{others:?}");
        assert!(before.keys().all(|it| after.contains_key(it)), "a file is gone");
        assert_eq!(changed.iter().filter(|it| own(it)).count(), 33, "{changed:?}");
    }
}

/// What the bootstrap script applies besides the projects and the root does not change: a new
/// component, host or tenant needs no second run, since `bootstrap` reconciles the folder with the
/// projects that the new Applications need.
#[test]
fn nothing_new_needs_a_second_run_of_the_script() {
    let small = "ollama: {models: [\"gemma3:270m\"]}";
    let before = tree(&with_components(&format!(
        "{small}\nopenWebui: {{enabled: false}}\npostgresql: {{enabled: false}}\ntraefik: \
         {{enabled: false}}\ncertManager: {{enabled: false}}"
    )));
    let after = tree(&with(platform(), &NAMES));
    // Applied by the script and not reconciled by `bootstrap`: namespaces, and the two charts that
    // must be there before Argo CD reads Git.
    let values = |files: &BTreeMap<String, Vec<u8>>, application: &str| {
        let text = &files[&format!("apps/{application}.yaml")];
        let manifest: serde_yaml::Value = serde_yaml::from_slice(text).expect("YAML");
        let source = manifest["spec"]["source"].clone();
        assert!(!source["helm"]["valuesObject"].is_null(), "{application}");
        source
    };
    for application in ["argocd", "sealed-secrets"] {
        assert_eq!(
            values(&before.files, application),
            values(&after.files, application),
            "{application}"
        );
    }
    let applied = |files: &BTreeMap<String, Vec<u8>>| {
        let is_applied = |path: &str| {
            path.starts_with("out/manifests/namespaces/")
                || path.starts_with("bootstrap/") && !path.starts_with("bootstrap/argocd/")
        };
        // What the script only looks at (names, the tag, the size of the machine, the chat that
        // `verify` asks) is not part of what it applies.
        let looks = [
            "platform=",
            "revision=",
            "hosts=",
            "chat_",
            "argocd_host=",
            "node_",
            "sealed_values=",
        ]
        .map(|it| format!("readonly {it}"));
        let text = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            text.lines()
                .filter(|it| looks.iter().all(|look| !it.starts_with(look.as_str())))
                .flat_map(|it| [it, "\n"])
                .collect::<String>()
        };
        files
            .iter()
            .filter(|it| is_applied(it.0))
            .map(|(path, bytes)| (path.clone(), text(bytes)))
            .collect::<Vec<_>>()
    };
    assert!(applied(&before.files).len() >= 5);
    assert_eq!(applied(&before.files), applied(&after.files));
    assert_eq!(before.files["apps/bootstrap.yaml"], after.files["apps/bootstrap.yaml"]);
    let bootstrap: serde_yaml::Value =
        serde_yaml::from_slice(&after.files["apps/bootstrap.yaml"]).expect("YAML");
    assert_eq!(bootstrap["spec"]["source"]["path"], "bootstrap/argocd");
    for (path, text) in after.files.iter().filter(|it| it.0.starts_with("apps/")) {
        let application: serde_yaml::Value = serde_yaml::from_slice(text).expect("YAML");
        if application["kind"] == "AppProject" {
            continue;
        }
        let project = application["spec"]["project"].as_str().expect("a project");
        let places = [
            format!("bootstrap/argocd/appproject-{project}.yaml"),
            format!("apps/{project}.project.yaml"),
        ];
        assert!(places.iter().any(|it| after.files.contains_key(it)), "{path}: {project}");
    }
}

#[test]
fn the_longest_name_keeps_every_invariant() {
    let name = "a".repeat(45);
    let compiled = tree(&with(platform(), &[&name]));
    let broken = Tree::of(&compiled).broken();
    assert!(broken.is_empty(), "{broken}");
}

#[test]
fn names_that_cannot_be_are_refused() {
    let too_long = "a".repeat(46);
    for name in [
        "ai",
        "argocd",
        "monitoring",
        "node-agents",
        "cert-manager",
        "kube-system",
        "kube-anything",
        "default",
        "0zero",
        &too_long,
    ] {
        let compiled = compile(&with(platform(), &[name]));
        assert_eq!(compiled.errors(), ["workspace-name"], "{name}: {}", compiled.said());
    }
}

/// A workspace that cannot be built is an error, whatever the reason: it must not be missing from
/// the tree silently.
#[test]
fn none_is_dropped_silently() {
    let replaced = |find: &str, replace: &str| {
        let mut texts = with(platform(), &["team-a"]);
        for text in texts.values_mut() {
            *text = text.replace(find, replace);
        }
        texts
    };
    let long = format!(
        "chat.{}.example.com",
        ["b".repeat(63), "c".repeat(63), "d".repeat(63), "e".repeat(41)].join(".")
    );
    for texts in [
        replaced("chat.example.com", &long),
        replaced(
            "  components:\n",
            "  components:\n    certManager: {enabled: false}\n    openWebui: {enabled: false}\n",
        ),
        replaced("kind: AIChatWorkspace", "kind: AIChat"),
        replaced("models: [\"gemma3:270m\"]}\n", "models: [\"gemma3:2700m\"]}\n"),
    ] {
        let compiled = compile(&texts);
        assert!(
            compiled.findings.has_errors() && !compiled.files.contains_key("apps/ws-team-a.yaml"),
            "{}",
            compiled.said()
        );
    }
}

/// No object of a tenant is outside of its own namespace or refers to anything outside.
#[test]
fn a_tenant_stays_in_its_namespace() {
    let compiled = tree(&with(platform(), &NAMES));
    for object in compiled.objects().iter().filter(|it| it.application().starts_with("ws-")) {
        let name = object.application().trim_start_matches("ws-");
        let is_own = object
            .namespace()
            .map_or(object.kind() == "Namespace" && object.name() == name, |it| it == name);
        assert!(is_own, "{}", object.path);
        let text = serde_yaml::to_string(&object.value).expect("YAML");
        let strangers: Vec<&&str> = NAMES
            .iter()
            .filter(|it| **it != name && text.contains(&format!(".{it}.svc")))
            .collect();
        assert!(
            strangers.is_empty() && !text.contains(".ai.svc"),
            "{}: {strangers:?}",
            object.path
        );
    }
}
