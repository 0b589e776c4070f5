//! The script after a first good run, when things change or go wrong: new keys, slow hours, servers
//! that do not answer, foreign clusters.

use std::fs;

use super::{
    node::KEY,
    runs::{node, up},
    with,
};

#[test]
fn a_new_sealing_key_stands_beside_the_old_one() {
    let node = up();
    let old = node.keys();
    assert_eq!(old.len(), 1);
    node.write("clone/spec/sealing.pem", "CERTIFICATE two\n");
    node.write("new.pem", "KEY two\n");
    node.ok(&["up", "--sealing-key", "new.pem"]);
    let both = node.keys();
    assert!(both.len() == 2 && both.contains(&old[0]), "{both:?}");
    assert!(node.path("fake/cluster/restarted").exists(), "the controller has to read the new one");
    // The first 10 digits of the certificate's digest.
    assert!(
        both.iter().all(|name| name.rsplit('-').next().is_some_and(|it| it.len() == 10)),
        "{both:?}"
    );
    assert_eq!(node.read("fake/wrong"), "");
}

#[test]
fn what_has_given_up_is_set_going_once_the_root_last() {
    let node = node().with("STUCK", "openwebui");
    let done = node.ok(&["up"]);
    let patched = node.read("fake/patched");
    let patches: Vec<&str> = patched.lines().filter(|it| it.contains("bootstrap.sh")).collect();
    assert_eq!(patches.len(), 2, "{patched}\n{}", done.out);
    assert!(patches[0].contains(" openwebui ") && patches[1].contains(" root "), "{patched}");
    // With its own options and number of retries.
    let operation = patches[0].split_once("--patch ").expect("a patch").1.trim();
    let operation: serde_yaml::Value = serde_yaml::from_str(operation).expect("JSON");
    assert_eq!(operation["operation"]["sync"]["syncOptions"][0], "ServerSideApply=true");
    assert_eq!(operation["operation"]["retry"]["limit"], 5);
    assert!(done.out.contains("openwebui: had given up"), "{}", done.out);
}

/// Kubernetes lets nobody change how a StatefulSet waits for its pods: one of an earlier version is
/// made anew, without its pods, once, before what has failed on it is set going.
#[test]
fn a_stateful_set_of_an_earlier_version_is_made_anew() {
    let node = node().with("STUCK", "postgresql").with("ORDERED", "postgresql");
    let done = node.ok(&["up"]);
    let changes = node.read("fake/changes");
    let removes = " delete statefulsets.apps ";
    let removed: Vec<&str> = changes.lines().filter(|it| it.contains(removes)).collect();
    assert!(
        removed.len() == 1
            && removed[0]
                .contains("--namespace ai delete statefulsets.apps postgresql --cascade=orphan"),
        "{removed:?}"
    );
    let place = |what: &str| changes.find(what).unwrap_or_else(|| panic!("{what}: {changes}"));
    assert!(place("--cascade=orphan") < place("applications.argoproj.io postgresql "), "{changes}");
    assert!(done.out.contains("its pods run on"), "{}", done.out);
    // Nothing has failed: nothing is touched, but `status` says what is coming.
    let node = self::node().with("ORDERED", "postgresql");
    node.ok(&["up"]);
    assert!(!node.read("fake/changes").contains("statefulsets"));
    let said = node.run(&["status"]).out;
    assert!(said.contains("ai/postgresql: this StatefulSet is of an earlier version"), "{said}");
    assert!(said.contains("delete statefulset postgresql --cascade=orphan"), "{said}");
}

/// A chart's StatefulSet may wait for its broken pod for ever; one that starts, that goes or that
/// is of the newest revision is no such pod.
#[test]
fn status_names_a_pod_that_holds_its_stateful_set_up() {
    let pod = |name: &str, revision: &str, deleted: &str, ready: &str| {
        format!("argocd|{name}|argocd-application-controller|{revision}|{deleted}|{ready}")
    };
    let pods = [
        pod("broken-0", "old-1", "", "False"),
        pod("unscheduled-0", "old-1", "", ""),
        pod("newest-0", "new-1", "", "False"),
        pod("well-0", "old-1", "", "True"),
        pod("going-0", "old-1", "2026-11-29T00:00:00Z", "False"),
        "argocd|alien-0|parallel|old-1||False".to_owned(),
    ];
    let node = node().with("PODS", &pods.join("\n"));
    node.ok(&["up"]);
    let said = node.run(&["status"]).out;
    let named: Vec<&str> =
        said.lines().filter(|it| it.contains("its StatefulSet waits for it")).collect();
    assert_eq!(named.len(), 2, "{said}");
    assert!(named[0].contains("kubectl --namespace argocd delete pod broken-0"), "{said}");
    assert!(named[1].contains("argocd/unscheduled-0:"), "{said}");
}

#[test]
fn a_tag_that_is_not_there_is_released_first() {
    let node = with(|it| it.revision = "refs/tags/platform-0123".to_owned())
        .with("MISSING", "refs/tags/platform-0123");
    let done = node.run(&["up"]);
    assert!(
        done.code == Some(1)
            && done.err.contains("no tag `platform-0123`")
            && done.err.contains("`espalier release`"),
        "{done:?}"
    );
    assert!(node.changes().is_empty());
    node.with("MISSING", "").ok(&["up"]);
}

#[test]
fn a_credential_can_be_replaced() {
    let node = node().with("READABLE", "128").with("ESPALIER_REPOSITORY_TOKEN", "hush-one");
    node.ok(&["up"]);
    let one = node.read("fake/cluster/applied.espalier-repository");
    node.write("token", "hush-two\n");
    let file = node.path("token").display().to_string();
    let node =
        node.with("ESPALIER_REPOSITORY_TOKEN", "").with("ESPALIER_REPOSITORY_TOKEN_FILE", &file);
    node.ok(&["up"]);
    let two = node.read("fake/cluster/applied.espalier-repository");
    assert!(one != two && two.contains("aHVzaC10d28="), "{two}");
    // Without a new one, the existing one stays.
    let node = node.with("ESPALIER_REPOSITORY_TOKEN_FILE", "");
    assert!(node.ok(&["up"]).out.contains("its credential is in the cluster"));
    assert_eq!(node.read("fake/cluster/applied.espalier-repository"), two);
}

#[test]
fn a_sealed_administrator_has_no_first_password() {
    let node = with(|it| it.argocd_admin = "sealed");
    let done = node.ok(&["up"]);
    assert!(
        done.out.contains("the password that you have sealed")
            && !done.out.contains("argocd-initial-admin-secret"),
        "{}",
        done.out
    );
}

#[test]
fn a_job_that_hangs_does_not_hold_the_next_restore_up() {
    let node = up();
    node.write("clone/bootstrap/job-restore.yaml", "kind: Job\n");
    node.ok(&["restore", "--yes"]);
    let log = node.read("fake/log");
    let place = |what: &str| log.find(what).unwrap_or_else(|| panic!("{what}: {log}"));
    assert!(place("kubectl delete --filename") < place("get jobs --selector"), "{log}");
    assert_eq!(node.read("fake/wrong"), "");
}

/// Another cluster by `ESPALIER_KUBECONFIG`: nothing on this machine is looked at, and only helm is
/// installed.
#[test]
fn another_cluster_leaves_this_machine_alone() {
    let node = node().with("ID", "1000").with("TAKEN", "80").with("CORES", "1");
    node.write("node/proc/meminfo", "MemTotal: 1 kB\n");
    node.write("elsewhere.yaml", "");
    node.write("fake/cluster/running", "");
    let file = node.path("elsewhere.yaml").display().to_string();
    let node = node.with("ESPALIER_KUBECONFIG", &file);
    node.ok(&["up"]);
    let log = node.read("fake/log");
    assert!(!log.contains("systemctl") && !log.contains("sysctl"), "{log}");
    assert!(
        !node.path("node/usr/local/bin/k3s").exists()
            && !node.path("node/var/lib/espalier").exists()
    );
}

/// A file that was changed by hand on the node is restored.
#[test]
fn what_is_on_the_node_counts() {
    let node = up();
    for file in
        ["node/etc/rancher/k3s/config.yaml.d/espalier.yaml", "node/etc/systemd/system/k3s.service"]
    {
        let whole = node.read(file);
        node.write(file, format!("{whole}# by hand\n"));
        node.ok(&["up"]);
        assert_eq!(node.read(file), whole, "{file}");
        assert!(node.changes().iter().any(|it| it.contains("restart --no-block k3s")), "{file}");
        node.ok(&["up"]);
        assert!(node.changes().is_empty(), "{file}: {:?}", node.changes());
    }
    // The unit of another installer is left alone.
    node.write("node/etc/systemd/system/k3s.service", "[Service]\n");
    node.ok(&["up"]);
    assert!(node.changes().is_empty(), "{:?}", node.changes());
}

#[test]
fn no_answer_is_not_a_no() {
    let whole = node();
    whole.ok(&["up"]);
    let flaky = node().with("FLAKY", "1");
    flaky.ok(&["up"]);
    assert_eq!(flaky.read("fake/wrong"), "");
    assert_eq!(flaky.changes(), whole.changes());

    // Nothing is installed over an existing file.
    let broken = node().with("BROKEN", "get secrets --selector sealedsecrets");
    broken.run(&["up"]);
    let done = broken.run(&["up"]);
    assert!(
        done.code == Some(1)
            && done.err.contains("the cluster does not answer: etcdserver: leader changed"),
        "{done:?}"
    );
    assert!(broken.keys().is_empty());
}

#[test]
fn a_dry_run_does_not_contradict_itself() {
    let node = node();
    fs::remove_file(node.path("home/.config/espalier/starter/sealing-key.pem")).expect("removable");
    let done = node.ok(&["up", "--dry-run"]);
    assert!(
        done.out.contains("would stop here: the tree has sealed values")
            && !done.out.contains("no sealed values"),
        "{}",
        done.out
    );
    node.write("mine.pem", KEY);
    assert!(
        !node.ok(&["up", "--dry-run", "--sealing-key", "mine.pem"]).out.contains("would stop here")
    );
}

#[test]
fn who_has_to_join_is_said_before_it_waits() {
    let node = with(|platform| {
        platform.joining = vec!["2 of work (agent)".to_owned(), "1 of models (agent)".to_owned()];
    });
    let out = node.ok(&["up"]).out;
    let said = out
        .find("2 of work (agent), 1 of models (agent); out/README.md")
        .unwrap_or_else(|| panic!("{out}"));
    assert!(said < out.find("Applications: waiting").expect("it waits"), "{out}");
}

#[test]
fn what_sudo_drops_is_said() {
    let node = node();
    assert!(
        node.ok(&["--help"]).out.contains("sudo --preserve-env=ESPALIER_REPOSITORY_TOKEN_FILE")
    );
    assert!(node.with("ID", "1000").run(&["up"]).err.contains("--preserve-env"));
}

/// A workspace has its own host, which needs a DNS record like the platform's; the script finds it
/// in the workspace's Ingress.
#[test]
fn the_names_of_workspaces_have_to_lead_here_too() {
    let node = node().with("NOWHERE", "*.ws.example.org");
    let ingress = |name: &str| {
        let text = format!(
            "spec:\n  rules:\n  - host: {name}.ws.example.org\n  tls:\n  - hosts:\n    - {name}.ws.example.org\n"
        );
        node.write(
            &format!("clone/out/manifests/ws-{name}/{name}/ingress-{name}-openwebui.yaml"),
            text,
        );
    };
    let said = || {
        let done = node.ok(&["up", "--dry-run"]);
        done.out + &done.err
    };
    assert!(!said().contains("no address"));
    for name in ["a", "b", "c"] {
        ingress(name);
    }
    let each = said();
    for name in ["a", "b", "c"] {
        assert!(
            each.contains(&format!("{name}.ws.example.org has no address: no certificate")),
            "{each}"
        );
    }
    for name in ["d", "e"] {
        ingress(name);
    }
    let all = said();
    assert!(
        all.contains(
            "a.ws.example.org, b.ws.example.org, c.ws.example.org and 2 more have no address"
        ),
        "{all}"
    );
}
