//! The bootstrap script: what it prints, what it runs on a simulated node, and that it can be
//! killed at any point.

#[cfg(target_os = "linux")]
pub mod downloads;
#[cfg(target_os = "linux")]
mod firewall;
#[cfg(target_os = "linux")]
mod halves;
#[cfg(target_os = "linux")]
mod hardening;
#[cfg(target_os = "linux")]
pub mod node;
#[cfg(target_os = "linux")]
mod other_platforms;
#[cfg(target_os = "linux")]
mod outside;
mod proxied;
#[cfg(target_os = "linux")]
mod runs;
#[cfg(target_os = "linux")]
mod stopped;
#[cfg(target_os = "linux")]
mod trouble;
#[cfg(target_os = "linux")]
mod trust;
#[cfg(target_os = "linux")]
mod verify;

use std::{
    collections::BTreeSet,
    io::Write as _,
    process::{Command, Stdio},
};

use espalier::{
    emit::{
        bootstrap::{self, ChartStep, Checksum, Script},
        files::Files,
    },
    facts::kubernetes::NOT_OUTSIDE,
};
use proptest::prelude::*;

use crate::support::{compile, golden_cases, repository, texts_of, tree};

/// A script with every optional part: both charts, a checksum, every host.
fn full() -> Script {
    let chart =
        |application: &str, name, namespace: &str, workloads: &str, crds: &str, jobs: &str| {
            ChartStep {
                application: application.to_owned(),
                name,
                repository: "https://charts.example.org",
                version: "1.2.3".to_owned(),
                namespace: namespace.to_owned(),
                workloads: workloads.to_owned(),
                crds: crds.to_owned(),
                jobs: jobs.to_owned(),
            }
        };
    Script {
        proxy_url: String::new(),
        proxy_bypassed: String::new(),
        asked_by_http: 1,
        name: "starter".to_owned(),
        repository: "https://github.com/example/platform.git".to_owned(),
        branch: "main".to_owned(),
        root_path: "apps".to_owned(),
        revision: "refs/heads/main".to_owned(),
        host_keys: "spec/known_hosts".to_owned(),
        repository_ca: "spec/git-ca.pem".to_owned(),
        hosts: vec!["chat.example.org".to_owned(), "argocd.example.org".to_owned()],
        outside: vec![
            "git.example.org - repository.cidr Argo CD".to_owned(),
            "db.example.org 10.0.0.0/24 components.postgresql.external.cidr Open WebUI".to_owned(),
            "192.0.2.80 192.0.2.80/32 components.backup.s3.cidr the backup".to_owned(),
        ],
        private_ranges: &NOT_OUTSIDE,
        ingress_class: "traefik".to_owned(),
        ingress_packaged: 1,
        chat_host: "chat.example.org".to_owned(),
        chat_namespace: "ai".to_owned(),
        chat_model: "llama3.2:1b".to_owned(),
        chat_prompt_tokens: 200,
        chat_replicas: 2,
        argocd_host: String::new(),
        argocd_admin: "initial",
        issuer: "staging",
        memory: "7680Mi".to_owned(),
        memory_kib: 7_864_320,
        cpu: 4000,
        disk_mib: 20480,
        ports: &[80, 443, 6443],
        sealed_values: 1,
        k3s: "v1.35.8+k3s1".to_owned(),
        helm: "v4.2.1".to_owned(),
        checksums: Vec::<Checksum>::new(),
        charts: vec![
            chart(
                "sealed-secrets",
                "sealed-secrets",
                "kube-system",
                "deployment/sealed-secrets-controller",
                "sealedsecrets.bitnami.com",
                "",
            ),
            chart(
                "argocd",
                "argo-cd",
                "argocd",
                "statefulset/argocd-application-controller deployment/argocd-repo-server",
                "applications.argoproj.io appprojects.argoproj.io",
                "argocd-redis-secret-init",
            ),
        ],
        joining: Vec::new(),
        projects: vec![
            "bootstrap/argocd/appproject-bootstrap.yaml".to_owned(),
            "bootstrap/argocd/appproject-platform.yaml".to_owned(),
        ],
    }
}

/// A simulated node whose platform tells the script something else.
#[cfg(target_os = "linux")]
fn with(change: impl FnOnce(&mut Script)) -> node::Node {
    let mut script = full();
    change(&mut script);
    let mut files = runs::files();
    files.insert(bootstrap::PLATFORM.to_owned(), text_of(&script));
    node::Node::new(&files).with("NEEDS_KEY", "1")
}

/// The file that tells the script about a platform.
fn text_of(script: &Script) -> Vec<u8> {
    let mut files = Files::default();
    bootstrap::script(&mut files, script);
    let file = files.iter().find(|it| it.0 == bootstrap::PLATFORM);
    file.expect("what it is told").1.to_vec()
}

/// The complaints of `bash -n` about a script.
fn syntax(script: &[u8]) -> String {
    let mut bash = Command::new("bash")
        .arg("-n")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("bash");
    bash.stdin.take().expect("piped").write_all(script).expect("it reads");
    String::from_utf8_lossy(&bash.wait_with_output().expect("it ends").stderr).into_owned()
}

#[test]
fn every_platform_s_script_is_bash() {
    for (name, folder) in golden_cases() {
        let compiled = tree(&texts_of(&folder)).tree();
        let script = &compiled[bootstrap::SCRIPT];
        assert_eq!(syntax(script), "", "{name}");
        assert_eq!(syntax(&compiled[bootstrap::PLATFORM]), "", "{name}");
        assert!(script.starts_with(b"#!/usr/bin/env bash\n"), "{name}");
        for path in [bootstrap::SCRIPT, bootstrap::PLATFORM, bootstrap::UNIT] {
            let head = &compiled[path][..200];
            assert!(espalier::emit::files::is_ours(path, head), "{name}: {path} says whose it is");
        }
    }
}

/// A person reads what differs, and knows the rest from the last platform.
#[test]
fn the_script_is_the_same_for_every_platform_and_reads_all_that_it_is_told() {
    let compiled = |folder: &std::path::Path| tree(&texts_of(folder)).tree();
    let one = compiled(repository())[bootstrap::SCRIPT].clone();
    let script = String::from_utf8_lossy(&one).into_owned();
    let code = script.lines().filter(|it| !it.trim_start().starts_with('#'));
    let words: BTreeSet<&str> =
        code.flat_map(|it| it.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')).collect();
    for (name, folder) in golden_cases() {
        let compiled = compiled(&folder);
        assert!(compiled[bootstrap::SCRIPT] == one, "{name}");
        let told = String::from_utf8_lossy(&compiled[bootstrap::PLATFORM]).into_owned();
        let sets = told.lines().filter_map(|line| {
            let set = line.strip_prefix("readonly ").or_else(|| line.strip_prefix("declare -rA "));
            Some(set?.split_once('=')?.0)
        });
        let sets: Vec<&str> = sets.collect();
        assert!(sets.len() > 25, "{name}: {sets:?}");
        for variable in sets {
            assert!(words.contains(variable), "{name}: nothing reads `{variable}`");
        }
        assert!(told.lines().count() < 100, "{name}: nobody reads that before `sudo`");
    }
}

/// The syntax check itself finds an error.
#[test]
fn what_is_no_bash_is_seen() {
    assert!(syntax(b"if true; then\n").contains("syntax error"));
}

/// Bootstrap and steady state cannot diverge.
#[test]
fn values_are_those_of_the_applications() {
    let mut seen = 0;
    for (name, folder) in golden_cases() {
        let compiled = tree(&texts_of(&folder)).tree();
        let read = |path: &str| {
            compiled
                .get(path)
                .map(|it| serde_yaml::from_slice::<serde_yaml::Value>(it).expect("YAML"))
        };
        for application in ["sealed-secrets", "argocd"] {
            let own = read(&format!("{}/{application}.yaml", bootstrap::VALUES));
            let its = read(&format!("apps/{application}.yaml"))
                .map(|it| it["spec"]["source"]["helm"]["valuesObject"].clone());
            assert_eq!(own, its, "{name}: {application}");
            seen += usize::from(own.is_some());
        }
    }
    assert!(seen > 3, "the golden trees have such charts");
}

/// k3s is started with the kubelet arguments that the budget counts on, and the page shows the same
/// ones.
#[test]
fn k3s_gets_what_the_budget_counts_on() {
    for (name, folder) in golden_cases() {
        let compiled = compile(&texts_of(&folder));
        let plan = compiled.plan.as_ref().expect("it compiles");
        let configuration: serde_yaml::Value =
            serde_yaml::from_slice(&compiled.files[bootstrap::K3S]).expect("YAML");
        let told: Vec<&str> = configuration["kubelet-arg"]
            .as_sequence()
            .expect("a list")
            .iter()
            .filter_map(|it| it.as_str())
            .collect();
        let page = String::from_utf8_lossy(&compiled.files["out/README.md"]).into_owned();
        assert!(told.len() >= 3, "{name}");
        assert!(told.iter().all(|it| page.contains(*it)), "{name}: {told:?}");
        assert_eq!(
            configuration["write-kubeconfig-mode"].as_str(),
            Some("0600"),
            "{}",
            plan.name()
        );
    }
}

/// Several servers begin with etcd; a node that joins is given the file of its group, and the page
/// says which one and how.
#[test]
fn a_node_that_joins_gets_its_commands() {
    let compiled = compile(&texts_of(&repository().join("tests/golden/replicas"))).files;
    let read =
        |path: &str| serde_yaml::from_slice::<serde_yaml::Value>(&compiled[path]).expect("YAML");
    let (first, other) = (read(bootstrap::K3S), read("bootstrap/k3s/nodes/all.yaml"));
    assert_eq!(
        (first["cluster-init"].as_bool(), other["cluster-init"].as_bool()),
        (Some(true), None)
    );
    assert_eq!(
        (first["secrets-encryption"].as_bool(), other["secrets-encryption"].as_bool()),
        (Some(true), Some(true))
    );
    assert_eq!(first["kubelet-arg"], other["kubelet-arg"]);

    let compiled = compile(&texts_of(&repository().join("tests/golden/nodes"))).files;
    let read =
        |path: &str| serde_yaml::from_slice::<serde_yaml::Value>(&compiled[path]).expect("YAML");
    let text = |path: &str| String::from_utf8_lossy(&compiled[path]).into_owned();
    assert!(read(bootstrap::K3S)["cluster-init"].is_null(), "one server has SQLite");
    let page = text("out/README.md");
    for group in ["work", "models"] {
        let file = format!("{}/{group}.yaml", bootstrap::K3S_NODES);
        assert!(read(&file)["secrets-encryption"].is_null(), "an agent has no datastore");
        assert!(
            page.contains(&format!(
                "install -D -m 0600 {file} /etc/rancher/k3s/config.yaml.d/espalier.yaml"
            )),
            "{page}"
        );
    }
    for word in ["/var/lib/rancher/k3s/server/node-token", "token-file: ", "k3s agent"] {
        assert!(page.contains(word), "{word}: {page}");
    }
    // Both come from the same source.
    let taints = read(bootstrap::K3S)["node-taint"].clone();
    assert!(
        page.contains(&format!("\"{}\"", taints[0].as_str().expect("a taint"))),
        "{taints:?} {page}"
    );
    assert!(
        text(bootstrap::PLATFORM)
            .contains("readonly joining=('2 of work (agent)' '1 of models (agent)')")
    );
}

/// The script is executable in Git.
#[cfg(unix)]
#[test]
fn the_script_is_a_program() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = crate::cli::workspace_dir::WorkspaceDir::rendered();
    let mode = |name: &str| {
        std::fs::metadata(dir.path(name)).expect("it is there").permissions().mode() & 0o111
    };
    assert_ne!(mode(bootstrap::SCRIPT) & 0o100, 0);
    assert_eq!(mode(bootstrap::PLATFORM), 0, "by itself it does nothing");
    assert_eq!(mode(bootstrap::K3S), 0);
    assert_ne!(
        std::fs::metadata(repository().join(bootstrap::SCRIPT))
            .expect("it is committed")
            .permissions()
            .mode()
            & 0o100,
        0
    );
}

/// The words that bash makes of a line.
fn as_bash_reads(script: &[u8]) -> Vec<Vec<u8>> {
    let mut bash = Command::new("bash")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("bash");
    bash.stdin.take().expect("piped").write_all(script).expect("it reads");
    let output = bash.wait_with_output().expect("it ends");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout.split(|it| *it == 0).map(<[u8]>::to_vec).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever a value holds, bash sees one word with exactly that text.
    #[test]
    fn no_value_breaks_out_of_its_quotes(texts in prop::collection::vec(hostile(), 1..20)) {
        let mut script = b"printf '%s\\0'".to_vec();
        for text in &texts {
            script.push(b' ');
            script.extend(bootstrap::quoted(text).into_bytes());
        }
        let mut read = as_bash_reads(&script);
        prop_assert_eq!(read.pop(), Some(Vec::new()));
        let wanted: Vec<Vec<u8>> =
            texts.iter().map(|it| it.replace('\0', "").into_bytes()).collect();
        prop_assert_eq!(read, wanted);
    }

    /// The same through the template: each value arrives in bash unchanged.
    #[test]
    fn no_value_breaks_out_of_the_script(texts in prop::collection::vec(hostile(), 8)) {
        let texts: Vec<String> = texts.into_iter().map(|it| it.replace('\0', "")).collect();
        let mut script = full();
        [&mut script.name, &mut script.repository, &mut script.branch, &mut script.chat_host, &mut script.chat_model]
            .into_iter()
            .zip(&texts)
            .for_each(|(field, text)| field.clone_from(text));
        script.hosts.clone_from(&vec![texts[5].clone(), texts[6].clone()]);
        script.charts[0].version.clone_from(&texts[7]);
        let mut head = text_of(&script);
        head.extend(
            b"\nprintf '%s\\0' \"$platform\" \"$repository\" \"$branch\" \"$chat_host\" \"$chat_model\" \"${hosts[@]}\" \"${chart_version[sealed-secrets]}\"\n",
        );
        let mut read = as_bash_reads(&head);
        prop_assert_eq!(read.pop(), Some(Vec::new()));
        prop_assert_eq!(read, texts.into_iter().map(String::into_bytes).collect::<Vec<_>>());
    }
}

/// Texts that could break out of quotes.
fn hostile() -> impl Strategy<Value = String> {
    let evil = prop::sample::select(vec![
        "'", "\"", "`id`", "$(id)", "${x}", "\\", "\n", ";", "|", "&", ">", "#", "!", "*", "'\\''",
        "{{", "}}", "é", " ",
    ]);
    prop_oneof![any::<String>(), prop::collection::vec(evil, 0..12).prop_map(|it| it.concat())]
}
