//! The script, run on a simulated node: to its end, again, as a dry run, and with every fault that it
//! looks for.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use espalier::emit::bootstrap;

use super::{
    downloads::without_checksums,
    full,
    node::{CERTIFICATE, KEY, Node, Saved},
    text_of,
};
use crate::support::{repository, texts_of, tree};

/// The tree of the case `sealed`, with a script that has everything; compiled once.
pub fn files() -> BTreeMap<String, Vec<u8>> {
    static FILES: LazyLock<BTreeMap<String, Vec<u8>>> = LazyLock::new(|| {
        let mut files = tree(&texts_of(&repository().join("tests/golden/sealed"))).tree();
        files.insert(bootstrap::PLATFORM.to_owned(), text_of(&full()));
        files
            .entry(format!("{}/argocd.yaml", bootstrap::VALUES))
            .or_insert_with(|| b"a: 1\n".to_vec());
        files.insert("spec/sealing.pem".to_owned(), CERTIFICATE.into());
        files
    });
    FILES.clone()
}

/// A node with that tree.
pub fn node() -> Node {
    Node::new(&files()).with("NEEDS_KEY", "1")
}

#[test]
fn up_ends_in_a_chat_and_a_second_time_changes_nothing() {
    let node = node();
    let done = node.ok(&["up"]);
    assert_eq!(node.read("fake/wrong"), "");
    let changes = node.changes();
    let order = [
        "curl",
        "systemctl restart --no-block k3s",
        "namespaces",
        "filename -",
        "sealed-secrets.yaml",
        "argocd.yaml",
        "appproject-bootstrap",
        "application-root",
    ];
    let mut rest = changes.iter();
    for step in order {
        assert!(
            rest.any(|it| it.contains(step)),
            "{step} is missing or out of order:\n{}",
            changes.join("\n")
        );
    }
    for said in [
        "wave 10: ",
        "all are Synced and Healthy",
        "argocd-initial-admin-secret",
        "port-forward service/argocd-server",
        "has a checksum for it",
    ] {
        assert!(done.out.contains(said), "{said}:\n{}", done.out);
    }
    let key = node.read(&node.keys()[0]);
    assert!(key.contains("sealedsecrets.bitnami.com/sealed-secrets-key=active"), "{key}");

    let before = node.state();
    let done = node.ok(&["up"]);
    assert_eq!(node.changes(), Vec::<String>::new(), "{}", done.out);
    assert!(node.state() == before);
}

/// The script that the compiler makes, on a cluster that has what its charts need.
#[test]
fn up_of_a_compiled_platform() {
    let mut files = files();
    files.extend(tree(&texts_of(&repository().join("tests/golden/sealed"))).tree());
    without_checksums(&mut files);
    let node = Node::new(&files).with("NEEDS_KEY", "1");
    if !files.contains_key("apps/argocd.yaml") {
        // Somebody else manages Argo CD there; if it is missing, the script says so.
        let done = node.run(&["up"]);
        assert!(done.err.contains("Argo CD is not in this cluster"), "{}\n{}", done.out, done.err);
        node.write("fake/cluster/crd.applications.argoproj.io", "");
    }
    let done = node.ok(&["up"]);
    assert!(done.out.contains("all are Synced and Healthy"), "{}", done.out);
    assert_eq!(node.read("fake/wrong"), "");
}

/// A node on which `up` has run. It runs once, for all tests that begin where it ends.
pub fn up() -> Node {
    static UP: LazyLock<Saved> = LazyLock::new(|| {
        let node = node();
        node.ok(&["up"]);
        assert_eq!(node.read("fake/wrong"), "");
        node.saved()
    });
    Node::like(&UP).with("NEEDS_KEY", "1")
}

/// That two nodes ended alike.
pub fn differences(one: &BTreeMap<String, Vec<u8>>, two: &BTreeMap<String, Vec<u8>>, what: &str) {
    let names: BTreeSet<&String> =
        one.keys().chain(two.keys()).filter(|it| one.get(*it) != two.get(*it)).collect();
    // A controller that ran before its key came is told to read it; an uninterrupted run does not
    // need that.
    let names: Vec<_> = names.into_iter().filter(|it| !it.ends_with("/restarted")).collect();
    assert!(names.is_empty(), "{what}: {names:?}");
}

/// A dry run changes nothing, and the lines that it prints do what a run does.
#[test]
fn a_dry_run_prints_the_run() {
    let dry = node();
    let before = dry.state();
    let done = dry.ok(&["up", "--dry-run"]);
    assert_eq!(dry.changes(), Vec::<String>::new());
    assert!(dry.state() == before);
    dry.write("printed.sh", &done.out);
    let ran = dry.bash("exec bash -euo pipefail printed.sh", &[]);
    assert_eq!(ran.code, Some(0), "{}\n{}", done.out, ran.err);
    let printed = dry.changes();

    let real = node();
    real.ok(&["up"]);
    assert_eq!(printed, real.changes());
    differences(&dry.state(), &real.state(), "printed");

    for verb in ["verify", "restore", "teardown", "status"] {
        let before = real.state();
        real.run(&[verb, "--dry-run"]);
        assert_eq!(real.changes(), Vec::<String>::new(), "{verb}");
        assert!(real.state() == before, "{verb}");
    }
}

/// What stops the script before it changes anything, and what it only warns about.
#[test]
fn preflight_says_what_is_wrong() {
    let cases: [(&str, &str, &str, &str); 13] = [
        ("ID", "1000", "", "not root"),
        ("TAKEN", "80", "", "port 80 is taken: ((\"nginx\""),
        (
            "node/proc/meminfo",
            "MemTotal:        4028440 kB\n",
            "",
            "this node has MemTotal 3934Mi, and the platform is planned for 7680Mi",
        ),
        (
            "node/etc/os-release",
            "ID=debian\nVERSION_ID=13\n",
            "warning",
            "this is debian 13, not Ubuntu 24.04",
        ),
        ("node/proc/swaps", "Filename\n/swapfile file 1 0 -2\n", "warning", "swap is on"),
        ("ADDRESS", "198.51.100.9", "warning", "chat.example.org leads to 198.51.100.9"),
        (
            "ORIGIN",
            "https://hush:hush@github.com/example/other.git",
            "warning",
            "no remote of this clone is https://github.com/example/platform.git",
        ),
        ("PUSHED", "9999", "warning", "the last commit here (0123) is not on `main`"),
        (
            "UNFETCHED",
            "1",
            "warning",
            "`main` of the repository has commits that this clone does not know: run `git pull`",
        ),
        ("READABLE", "2", "", "has no branch `main`"),
        ("CORES", "2", "", "this node has 2 cores, and the platform is planned for 4000m"),
        ("FREE", "9000", "warning", "/"),
        ("UFW", "active", "warning", "ufw is active"),
    ];
    for (name, value, kind, said) in cases {
        let mut node = node();
        if name == "UNFETCHED" {
            node = node.with("PUSHED", "9999");
        }
        if name.contains('/') {
            node.write(name, value);
        } else {
            node = node.with(name, value);
        }
        let done = node.run(&["up"]);
        if kind == "warning" {
            assert_eq!(done.code, Some(0), "{name}: {}", done.err);
            assert!(done.out.contains(&format!("warning: {said}")), "{name}: {}", done.out);
        } else {
            assert_eq!(done.code, Some(1), "{name}");
            assert!(done.err.contains(said), "{name}: {}", done.err);
            assert!(node.changes().is_empty(), "{name}: {:?}", node.changes());
        }
        assert!(!format!("{done:?}").contains("hush"), "{name}");
        // A dry run continues, to show everything.
        assert_eq!(node.run(&["up", "--dry-run"]).code, Some(0), "{name}");
    }
}

/// One repository, however its URL is written.
#[test]
fn one_repository_has_many_urls() {
    for url in [
        "https://github.com/example/platform",
        "https://GitHub.com/example/platform.git/",
        "git@github.com:example/platform.git",
        "ssh://git@github.com:22/example/platform.git",
        "https://user:hush@github.com/example/platform.git",
        "https://github.com:443/example/platform",
        "http://github.com:80/example/platform.git",
    ] {
        let done = node().with("ORIGIN", url).run(&["up", "--dry-run"]);
        assert!(!done.out.contains("no remote"), "{url}: {}", done.out);
    }
    // A port may be left out if it is the scheme's default, and only then.
    for url in [
        "http://github.com:443/example/platform",
        "https://github.com:22/example/platform",
        "https://github.com:8443/example/platform",
    ] {
        let done = node().with("ORIGIN", url).run(&["up", "--dry-run"]);
        assert!(done.out.contains("no remote"), "{url}: {}", done.out);
    }
}

#[test]
fn the_sealing_key_has_to_be_the_right_one() {
    let home = "home/.config/espalier/starter/sealing-key.pem";
    let other = node();
    other.write("other.pem", "KEY two\n");
    let done = other.run(&["up", "--sealing-key", "other.pem"]);
    assert!(done.err.contains("do not belong together"), "{}", done.err);

    std::fs::remove_file(other.path(home)).expect("removable");
    let done = other.run(&["up"]);
    assert!(done.err.contains("no key to open them"), "{}", done.err);
    other.write("mine.pem", KEY);
    assert_eq!(other.ok(&["up", "--sealing-key=mine.pem"]).code, Some(0));
    // The key is in the cluster now, so it need not be passed again.
    std::fs::remove_file(other.path("mine.pem")).expect("removable");
    other.ok(&["up"]);

    let none = node();
    std::fs::remove_file(none.path("clone/spec/sealing.pem")).expect("removable");
    assert!(
        none.run(&["up"]).err.contains("there is no key to open them"),
        "no certificate, no key"
    );
    assert!(none.run(&["up", "--sealing-key", home]).err.contains("there is no spec/sealing.pem"));
    // Without sealed values, the controller makes its own.
    let mut script = full();
    script.sealed_values = 0;
    none.write("clone/bootstrap/platform.sh", text_of(&script));
    let none = none.with("NEEDS_KEY", "");
    assert!(none.ok(&["up"]).out.contains("the controller will make a key of its own"));
}

/// A key that arrives after the controller is read all the same.
#[test]
fn a_controller_that_runs_already_reads_a_new_key() {
    let node = up();
    std::fs::remove_file(node.path(&node.keys()[0])).expect("removable");
    node.ok(&["up"]);
    assert!(node.path("fake/cluster/restarted").exists());
}

#[test]
fn a_private_repository_gets_its_credential_and_nobody_sees_it() {
    let node = node().with("READABLE", "128");
    let done = node.run(&["up"]);
    assert!(done.err.contains("a token that may read it is needed"), "{}", done.err);

    let node = node.with("ESPALIER_REPOSITORY_TOKEN", "hush-token");
    let done = node.ok(&["up"]);
    let secret: serde_yaml::Value =
        serde_yaml::from_str(&node.read("fake/cluster/applied.espalier-repository")).expect("YAML");
    assert_eq!(secret["metadata"]["labels"]["argocd.argoproj.io/secret-type"], "repository");
    // base64 of hush-token
    assert_eq!(secret["data"]["password"], "aHVzaC10b2tlbg==");
    for shown in [done.out, done.err, node.read("fake/log")] {
        assert!(!shown.contains("hush") && !shown.contains("aHVzaC10b2tlbg"), "{shown}");
    }
    let node = node.with("ESPALIER_REPOSITORY_TOKEN", "");
    assert!(node.ok(&["up"]).out.contains("its credential is in the cluster"));
}

#[test]
fn status_names_the_first_that_is_red() {
    let node = node();
    assert!(node.run(&["status"]).out.contains("there are no Applications"));
    node.ok(&["up"]);
    assert_eq!(node.run(&["status"]).code, Some(0));
    let node = node.with("PATIENCE", "1000").with("RED", "openwebui").with("ESPALIER_TIMEOUT", "0");
    let done = node.run(&["status"]);
    assert_eq!(done.code, Some(1));
    assert!(done.out.contains("openwebui: SyncError: one? object is wrong\n"), "{}", done.out);
    assert!(done.out.contains("waiting for openwebui (OutOfSync, Degraded)"), "{}", done.out);
    assert!(done.out.contains("openwebui: Argo CD has given up"), "{}", done.out);
    let done = node.run(&["up"]);
    assert!(done.err.contains("not all Applications are healthy after 0 s"), "{}", done.err);
}

/// An Application that failed and is retried is not yet degraded for Argo CD, but the user wants to
/// know why it failed.
#[test]
fn status_names_who_tries_again() {
    let node = up();
    let node = node.with("PATIENCE", "1000").with("AGAIN", "openwebui");
    let done = node.run(&["status"]);
    assert_eq!(done.code, Some(1));
    assert!(done.out.contains("openwebui: SyncError: one? object is wrong\n"), "{}", done.out);
    assert!(!done.out.contains("given up"), "{}", done.out);
}

#[test]
fn restore_stops_the_front_end_and_sets_it_going_again() {
    let node = up();
    let done = node.run(&["restore", "--yes"]);
    assert!(done.code == Some(1) && done.out.contains("backups are off"), "{done:?}");
    node.write("clone/bootstrap/job-restore.yaml", "kind: Job\n");
    assert!(node.run(&["restore"]).err.contains("nobody to ask"));
    let done = node.ok(&["restore", "--yes"]);
    assert!(done.out.contains("restore: done"), "{}", done.out);
    let patched = node.read("fake/patched");
    assert!(
        patched.find("--replicas=0") < patched.find("--replicas=2")
            && patched.contains("--replicas=0"),
        "{patched}"
    );
    assert!(!node.path("fake/cluster/paused").exists());
    // Backups are suspended meanwhile, and resumed afterwards.
    assert!(
        patched.find("\"suspend\":true") < patched.find("\"suspend\":false")
            && patched.contains("\"suspend\":true"),
        "{patched}"
    );
    assert!(!node.path("fake/cluster/wishes").exists(), "nothing was wished");
    let dry = node.ok(&["restore", "--dry-run", "--backup", "2026-11-24T03-17-00Z", "--force"]).out;
    assert!(
        dry.contains(
            "create configmap restore --from-literal=backup=2026-11-24T03-17-00Z \
             --from-literal=force=yes"
        ),
        "{dry}"
    );

    // If the restore fails, the front end starts all the same. If it is killed, `status` says so.
    let node = node.with("JOB", "Failed");
    let done = node.run(&["restore", "--yes"]);
    assert!(done.code == Some(1) && done.err.contains("the last words of the Job"), "{done:?}");
    assert!(!node.path("fake/cluster/paused").exists());
    node.write("fake/cluster/paused", "");
    assert!(node.run(&["status"]).out.contains("a restore has paused Argo CD"));
}

#[test]
fn teardown_is_meant_and_says_what_stays() {
    let node = up();
    assert!(node.run(&["teardown"]).err.contains("nobody to ask"));
    assert!(node.changes().is_empty());
    let done = node.ok(&["teardown", "--yes"]);
    assert!(
        done.out.contains("what stays") && done.out.contains("the sealing key"),
        "{}",
        done.out
    );
    let patched = node.read("fake/patched");
    for one in [
        "bootstrap --type merge --patch {\"metadata\":{\"finalizers\":null}}",
        "root --type merge --patch {\"metadata\":{\"finalizers\":[\"resources-finalizer",
    ] {
        assert!(patched.contains(one), "{one}: {patched}");
    }
    assert!(node.ok(&["teardown", "--yes"]).out.contains("nothing to do"));
}

/// Unknown arguments end with 2, as in the program, and nothing is done.
#[test]
fn arguments_that_it_does_not_know() {
    let node = node();
    for help in ["--help", "-h", "help"] {
        assert!(node.ok(&[help]).out.contains("--sealing-key FILE"), "{help}");
    }
    for (words, said) in [
        (&[][..], "usage: bash bootstrap/bootstrap.sh VERB"),
        (&["--dry-run"], "usage: "),
        (&["--yes"], "usage: "),
        (&["upp"], "unknown: upp"),
        (&["up", "--frob"], "unknown: --frob"),
        (&["up", "status"], "two verbs"),
        (&["--sealing-key"], "needs a file"),
        (&["restore", "--backup"], "needs the name"),
        (&["status", "--sealing-key", "key.pem"], "`status` takes no --sealing-key"),
        (&["up", "--backup=2026-11-24T03-17-00Z"], "`up` takes no --backup"),
        (&["up", "--force"], "`up` takes no --force"),
        (&["down", "--insecure"], "`teardown` takes no --insecure"),
        (&["status", "--firewall"], "`status` takes no --firewall"),
        (&["up", "--allow", "192.0.2.8"], "--allow needs --firewall"),
        (&["up", "--firewall", "--allow"], "--allow needs an address"),
        (&["up", "--firewall", "--allow=home"], "no address and no range: home"),
    ] {
        let done = node.run(words);
        assert!(
            done.code == Some(2) && done.err.contains(said) && done.out.is_empty(),
            "{words:?}: {done:?}"
        );
        assert_eq!(node.changes(), Vec::<String>::new(), "{words:?}");
    }
    node.ok(&["up"]);
    assert!(node.ok(&["down", "--yes"]).out.contains("teardown: what stays"));
}

/// The lines that a dry run prints for a private repository's credential can be pasted: they read
/// the secret from its file and show none.
#[test]
fn a_dry_run_of_a_private_repository_can_be_pasted() {
    let way = |name: &str, value: &str| {
        let node = node().with("READABLE", "128").with(name, value);
        node.write("it's a token", "hush-token\n");
        node
    };
    for (name, value) in [
        ("ESPALIER_REPOSITORY_TOKEN", "hush-token"),
        ("ESPALIER_REPOSITORY_TOKEN_FILE", "it's a token"),
    ] {
        let dry = way(name, value);
        let done = dry.ok(&["up", "--dry-run"]);
        assert!(!done.out.contains("hush") && !done.out.contains("<<<"), "{}", done.out);
        dry.write("printed.sh", &done.out);
        let ran = dry.bash("exec bash -euo pipefail printed.sh", &[]);
        assert_eq!(ran.code, Some(0), "{}\n{}", done.out, ran.err);
        let real = way(name, value);
        real.ok(&["up"]);
        assert!(
            real.read("fake/cluster/applied.espalier-repository")
                .contains("password: aHVzaC10b2tlbg==")
        );
        differences(&dry.state(), &real.state(), name);
    }
    // If there is nothing to read, the line does nothing and says so.
    let none = way("READABLE", "128");
    let done = none.ok(&["up", "--dry-run"]);
    let line =
        done.out.lines().find(|it| it.contains("ESPALIER_REPOSITORY_TOKEN")).expect("the line");
    let ran = none.bash(line, &[]);
    assert!(
        ran.code != Some(0) && ran.err.contains("holds no token") && none.changes().is_empty(),
        "{ran:?}"
    );
}
