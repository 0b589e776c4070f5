//! What hardens the node: the kernel's settings, the audit log, the pod security default, core dumps
//! and the environment of k3s.

use std::{collections::BTreeSet, fs};

use espalier::{
    emit::{authentication::AUTHENTICATION, bootstrap, hardening},
    facts::node::{AUDIT_LOG, KERNEL_DEFAULTS},
};
use serde_yaml::Value;

use super::runs::{node, up};
use crate::support::{golden_cases, has_ending, texts_of, tree};

const KERNEL_ON_NODE: &str = "node/etc/sysctl.d/90-espalier-kubelet.conf";

fn yaml(bytes: &[u8]) -> Value {
    serde_yaml::from_slice(bytes).expect("YAML")
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_sequence().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Every file that k3s is told to read is in the tree, and lies where it is told.
#[test]
fn k3s_is_told_of_files_that_the_script_puts_there() {
    for (name, folder) in golden_cases() {
        let compiled = tree(&texts_of(&folder)).tree();
        let configuration = yaml(&compiled[bootstrap::K3S]);
        assert_eq!(configuration["protect-kernel-defaults"], true, "{name}");
        // Added to what the node's owner says in another file, and not in its place.
        let told = texts(&configuration["kube-apiserver-arg+"]);
        for file in ["admission-control-config-file", "audit-policy-file"] {
            let path = told.iter().find_map(|it| it.strip_prefix(&format!("{file}=")));
            let path = path.unwrap_or_else(|| panic!("{name}: {file}: {told:?}"));
            let of_tree = path.replace("/etc/rancher/k3s/espalier-", "bootstrap/k3s/");
            assert!(compiled.contains_key(&of_tree), "{name}: {path}");
        }
        let path = "authentication-config=/etc/rancher/k3s/espalier-authentication.yaml";
        assert_eq!(told.contains(&path), compiled.contains_key(AUTHENTICATION), "{name}");
        assert!(told.contains(&&*format!("audit-log-maxsize={}", AUDIT_LOG.mebibytes)), "{told:?}");
        for (path, bytes) in &compiled {
            if !path.starts_with(bootstrap::K3S_NODES) {
                continue;
            }
            let joins = yaml(bytes);
            assert_eq!(joins["protect-kernel-defaults"], true, "{name}: {path}");
            let is_server = !joins["secrets-encryption"].is_null();
            assert_eq!(texts(&joins["kube-apiserver-arg+"]).is_empty(), !is_server, "{path}");
        }
    }
}

/// No request's body and no answer is written down, so neither a Secret nor a token is; and no rule
/// before it leaves out who reads one.
#[test]
fn the_audit_log_has_who_reads_a_secret_and_no_secret() {
    let (_, folder) = golden_cases().into_iter().next().expect("a case");
    let policy = yaml(&tree(&texts_of(&folder)).tree()[hardening::AUDIT]);
    let rules = policy["rules"].as_sequence().expect("rules");
    let levels: BTreeSet<&str> = rules.iter().filter_map(|it| it["level"].as_str()).collect();
    assert_eq!(levels, BTreeSet::from(["Metadata", "None"]));
    let of_secrets = texts(&rules[0]["resources"][0]["resources"]);
    assert_eq!(rules[0]["level"], "Metadata");
    assert!(of_secrets.contains(&"secrets") && of_secrets.contains(&"serviceaccounts/token"));
    let last = rules.last().and_then(Value::as_mapping).expect("a rule");
    assert!(last.len() == 1 && last["level"] == "Metadata", "all else is written down: {last:?}");
    for rule in rules.iter().filter(|it| it["level"] == "None") {
        let writes =
            texts(&rule["verbs"]).into_iter().any(|it| !["get", "list", "watch"].contains(&it));
        let harmless = texts(&rule["resources"][0]["resources"]);
        let all = rule["verbs"].is_null();
        assert!(
            !(writes || all) || harmless == ["leases"] || harmless == ["events"],
            "a change that nobody would see: {rule:?}"
        );
    }
}

/// Who names no level gets the strictest, which every namespace of the tree can do with that names
/// none itself: there is no such namespace.
#[test]
fn every_namespace_of_the_tree_names_its_level() {
    for (name, folder) in golden_cases() {
        let compiled = tree(&texts_of(&folder)).tree();
        let configuration = yaml(&compiled[hardening::ADMISSION]);
        let of_pods = &configuration["plugins"][0]["configuration"];
        for mode in ["enforce", "audit", "warn"] {
            assert_eq!(of_pods["defaults"][mode], "restricted", "{name}");
        }
        let exempt = texts(&of_pods["exemptions"]["namespaces"]);
        assert!(exempt.contains(&"kube-system"), "{name}: {exempt:?}");
        assert_eq!(exempt.len(), if name == "ingress" { 2 } else { 1 }, "{name}: {exempt:?}");
        for (path, bytes) in &compiled {
            if !has_ending(path, "yaml") {
                continue;
            }
            let object = yaml(bytes);
            if object["kind"] == "Namespace" {
                let labels = &object["metadata"]["labels"];
                assert!(labels["pod-security.kubernetes.io/enforce"].is_string(), "{name}: {path}");
                let its = object["metadata"]["name"].as_str().expect("a name");
                assert!(!exempt.contains(&its), "{name}: {its} would be held to nothing");
            }
        }
    }
}

#[test]
fn no_core_is_dumped_and_a_person_s_environment_is_read() {
    let (_, folder) = golden_cases().into_iter().next().expect("a case");
    let compiled = tree(&texts_of(&folder)).tree();
    let unit = String::from_utf8_lossy(&compiled[bootstrap::UNIT]).into_owned();
    let lines: Vec<&str> = unit.lines().collect();
    for line in [
        "LimitCORE=0",
        // Those that k3s' own installer reads, each of which may be missing.
        "EnvironmentFile=-/etc/default/%N",
        "EnvironmentFile=-/etc/sysconfig/%N",
        "EnvironmentFile=-/etc/systemd/system/k3s.service.env",
    ] {
        assert!(lines.contains(&line), "{line}: {unit}");
    }
    assert!(unit.contains("--load /etc/sysctl.d/90-espalier-kubelet.conf"), "{unit}");
}

/// The settings are there before k3s is, and come back when somebody changes one.
#[test]
fn the_kernel_is_set_before_k3s_starts() {
    let node = up();
    assert_eq!(node.read("fake/wrong"), "");
    let set = node.read(KERNEL_ON_NODE);
    for (key, value) in KERNEL_DEFAULTS {
        assert!(set.contains(&format!("\n{key} = {value}\n")), "{key}: {set}");
        let path = format!("node/proc/sys/{}", key.replace('.', "/"));
        assert_eq!(node.read(&path), format!("{value}\n"), "{key}");
    }
    // A setting that somebody changed is said and set again; k3s goes on meanwhile.
    node.write("node/proc/sys/vm/overcommit_memory", "2\n");
    let done = node.ok(&["up"]);
    assert!(done.out.contains("(vm.overcommit_memory is 2)"), "{}", done.out);
    assert!(node.changes().iter().all(|it| it.starts_with("sysctl ")), "{:?}", node.changes());
    // A file that is another is written again.
    node.write(KERNEL_ON_NODE, "kernel.panic = 10\n");
    node.ok(&["up"]);
    assert_eq!(node.read(KERNEL_ON_NODE), set);
}

/// In a container the host decides: better no k3s than one whose kubelet ends again and again.
#[test]
fn a_kernel_that_keeps_its_settings_is_said() {
    let node = node().with("READ_ONLY", "1");
    let done = node.run(&["up"]);
    assert!(
        done.code == Some(1) && done.err.contains("kernel.panic is 0") && done.err.contains("host"),
        "{done:?}"
    );
    assert!(!node.path("fake/cluster/running").exists());
}

/// Each file that k3s reads: one restart when it changed in the tree or on the node, none when it
/// did not, and root alone may read it.
#[test]
fn a_changed_file_is_one_restart() {
    use std::os::unix::fs::PermissionsExt as _;
    let node = up();
    let restarts =
        || node.changes().iter().filter(|it| it.starts_with("systemctl restart")).count();
    for (of_tree, on_node) in [
        (hardening::AUDIT, "node/etc/rancher/k3s/espalier-audit.yaml"),
        (hardening::ADMISSION, "node/etc/rancher/k3s/espalier-admission.yaml"),
        (bootstrap::K3S, "node/etc/rancher/k3s/config.yaml.d/espalier.yaml"),
    ] {
        let mode = fs::metadata(node.path(on_node)).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{on_node}");
        node.ok(&["up"]);
        assert_eq!(restarts(), 0, "{of_tree}");
        let path = format!("clone/{of_tree}");
        node.write(&path, format!("{}# more\n", node.read(&path)));
        node.ok(&["up"]);
        assert_eq!(restarts(), 1, "{of_tree}");
        assert_eq!(node.read(on_node), node.read(&path));
        // Whoever changes it on the node gets the tree's again.
        node.write(on_node, "apiVersion: another\n");
        node.ok(&["up"]);
        assert_eq!((restarts(), node.read(on_node)), (1, node.read(&path)), "{on_node}");
    }
}

/// Whose tokens the API server takes: the file is on the node as long as it is in the tree.
#[test]
fn a_file_that_not_every_tree_has_comes_and_goes() {
    let node = up();
    let restarts =
        || node.changes().iter().filter(|it| it.starts_with("systemctl restart")).count();
    let of_tree = format!("clone/{AUTHENTICATION}");
    let on_node = "node/etc/rancher/k3s/espalier-authentication.yaml";
    assert!(!node.path(on_node).exists());
    node.write(&of_tree, "kind: AuthenticationConfiguration\n");
    node.ok(&["up"]);
    assert_eq!((restarts(), node.read(on_node)), (1, node.read(&of_tree)));
    node.ok(&["up"]);
    assert!(node.changes().is_empty(), "{:?}", node.changes());
    // Whoever changes it on the node gets the tree's again.
    node.write(on_node, "kind: another\n");
    node.ok(&["up"]);
    assert_eq!((restarts(), node.read(on_node)), (1, node.read(&of_tree)));
    fs::remove_file(node.path(&of_tree)).expect("it is there");
    node.ok(&["up"]);
    assert_eq!((restarts(), node.path(on_node).exists()), (1, false));
    node.ok(&["up"]);
    assert!(node.changes().is_empty(), "{:?}", node.changes());
}

/// What a person wrote for k3s is not ours to touch.
#[test]
fn the_environment_of_k3s_stays() {
    let node = node();
    let files = ["etc/default/k3s", "etc/sysconfig/k3s", "etc/systemd/system/k3s.service.env"];
    for file in files {
        node.write(&format!("node/{file}"), "K3S_TOKEN=hush\n");
    }
    let done = node.ok(&["up"]);
    for file in files {
        assert_eq!(node.read(&format!("node/{file}")), "K3S_TOKEN=hush\n", "{file}");
    }
    assert!(!format!("{done:?}").contains("hush"));
}

/// A default that would keep pods of others from being made again is not given before their
/// namespace says what they need.
#[test]
fn pods_of_others_are_looked_at_before_the_default_is_theirs() {
    let node = node().with("UNLABELLED", "default kube-system longhorn-system");
    node.write("fake/cluster/running", "");
    node.write("node/etc/rancher/k3s/k3s.yaml", "");
    node.write("node/var/lib/espalier/platform", "");
    let node = node.with("VIOLATES", "longhorn-system");
    let done = node.run(&["up"]);
    assert!(
        done.code == Some(1)
            && done.err.contains(
                "kubectl label namespace longhorn-system \
                 pod-security.kubernetes.io/enforce=privileged"
            ),
        "{done:?}"
    );
    assert!(!node.path("node/etc/rancher/k3s/espalier-admission.yaml").exists());
    let log = node.read("fake/log");
    assert!(log.contains(" namespace default "), "{log}");
    assert!(!log.contains(" namespace kube-system "), "what k3s brings is exempt: {log}");
    // Once it is said, nothing is asked any more.
    let node = node.with("VIOLATES", "none");
    node.ok(&["up"]);
    let node = node.with("VIOLATES", "longhorn-system");
    node.ok(&["up"]);
    assert!(!node.read("fake/log").contains("label --dry-run=server"));
}
