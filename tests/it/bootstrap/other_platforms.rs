//! The script where others have been: another platform's cluster and node, programs that somebody
//! else installed, names that somebody else chose.

use std::{fs, process::Command};

use super::{
    full,
    node::Node,
    runs::{files, node, up},
    text_of,
};
use espalier::emit::bootstrap::{self, Checksum};

const CHANGERS: [&[&str]; 3] = [&["up"], &["restore", "--yes"], &["teardown", "--yes"]];

/// A root without the fields that are looked for, or with several sources, still counts as a root.
#[test]
fn a_root_that_says_nothing_is_anothers() {
    for (set, said) in [
        (
            &[("ROOT_URL", ""), ("ROOT_PATH", ""), ("ROOT_PART", "")][..],
            "a platform without a name, of several sources, or of none",
        ),
        (&[("ROOT_PART", "")], "a platform without a name, `apps`"),
        (
            &[("ROOT_MORE", "https://git.example.com/another/platform.git")],
            "'starter', of several sources",
        ),
        (&[("ROOT_PATH", "")], "'starter', `` of"),
    ] {
        let mut node = up();
        node.write("clone/bootstrap/job-restore.yaml", "kind: Job\n");
        for (name, value) in set {
            node = node.with(name, value);
        }
        for words in CHANGERS {
            let done = node.run(words);
            assert!(
                done.code == Some(1) && done.err.contains(said) && done.err.contains("--adopt"),
                "{set:?} {words:?}: {done:?}"
            );
            assert_eq!(node.changes(), Vec::<String>::new(), "{set:?} {words:?}");
        }
        node.ok(&["teardown", "--yes", "--adopt"]);
    }
}

/// If a cluster does not answer, nobody knows whose it is: its node is changed only if an earlier
/// `up` noted that it is this platform's.
#[test]
fn a_node_whose_cluster_does_not_answer_is_only_repaired_where_it_is_ours() {
    let noted = "node/var/lib/espalier/platform";
    let config = "node/etc/rancher/k3s/config.yaml.d/espalier.yaml";
    for note in [None, Some("another\ngit.example.com/another/platform\napps\n")] {
        let node = up();
        assert_eq!(node.read(noted), "starter\ngithub.com/example/platform\napps\n");
        match note {
            Some(note) => node.write(noted, note),
            None => fs::remove_file(node.path(noted)).expect("removable"),
        }
        node.write(config, "# the other's\n");
        node.write("node/proc/sys/fs/inotify/max_user_instances", "128\n");
        fs::remove_file(node.path("fake/cluster/running")).expect("removable");
        let before = node.state();
        let done = node.run(&["up"]);
        assert!(
            done.code == Some(1)
                && done.err.contains("preflight: the cluster does not answer: no cluster"),
            "{done:?}"
        );
        assert!(
            done.err.contains("nothing on this node says that it is one of 'starter'")
                && done.err.contains("--adopt"),
            "{done:?}"
        );
        assert_eq!(node.changes(), Vec::<String>::new());
        assert!(node.state() == before, "{note:?}");
        let dry = node.ok(&["up", "--dry-run"]).out;
        assert!(dry.contains("# would stop here: preflight: the cluster does not answer"), "{dry}");
        // There is no kubeconfig, but another platform's note.
        if note.is_some() {
            fs::remove_file(node.path("node/etc/rancher/k3s/k3s.yaml")).expect("removable");
            let done = node.run(&["up"]);
            assert!(
                done.code == Some(1) && done.err.contains("the node of another platform"),
                "{done:?}"
            );
            assert_eq!(node.changes(), Vec::<String>::new());
        }
        node.ok(&["up", "--adopt"]);
        assert_eq!(node.read(noted), "starter\ngithub.com/example/platform\napps\n");
    }
    // The platform's own node is repaired.
    let node = up();
    fs::remove_file(node.path("fake/cluster/running")).expect("removable");
    node.ok(&["up"]);
    assert!(
        node.changes().iter().any(|it| it.contains("restart --no-block k3s")),
        "{:?}",
        node.changes()
    );
    // A failed answer does not count as "no root", also if the note says that the node is ours.
    let node = node.with("FLAKY", "1").with("ROOT_PART", "another");
    node.write("node/proc/sys/fs/inotify/max_user_instances", "128\n");
    let done = node.run(&["up"]);
    assert!(done.code == Some(1) && done.err.contains("that of 'another'"), "{done:?}");
    assert_eq!(node.changes(), Vec::<String>::new());
}

/// A process chooses its own name: one whose name only begins like k3s, or that listens beside it,
/// is not k3s.
#[test]
fn a_port_is_k3s_own_only_where_nobody_else_listens() {
    let socket = |users: &str| format!("LISTEN 0 511 *:6443 *:* users:({users})");
    let k3s = r#"("k3s-server",pid=7,fd=6)"#;
    let twice = format!("{k3s},{k3s}");
    let own = [k3s, r#"("k3s",pid=7,fd=16)"#, &twice].map(socket);
    for own in own.iter().cloned().chain([format!("{}\n{}  ", own[0], own[2])]) {
        node().with("SOCKETS", &own).ok(&["up"]);
    }
    for sockets in [
        socket(r#"("k3s-evil",pid=7,fd=6)"#),
        socket(r#"("k3sx",pid=7,fd=6)"#),
        socket(r#"("users:(("k3s",pid=7,fd=6)"#),
        socket(&format!(r#"{k3s},("nginx",pid=8,fd=6)"#)),
        format!("{}\n{}", own[0], socket(r#"("nginx",pid=8,fd=6)"#)),
        socket("(\"a\u{1b}[2J\u{202e}##[error]\",pid=7,fd=6)"),
        "LISTEN 0 511 *:6443 *:*".to_owned(),
    ] {
        let node = node().with("SOCKETS", &sockets);
        let done = node.run(&["up"]);
        assert!(
            done.code == Some(1) && done.err.contains("port 6443 is taken: "),
            "{sockets}: {done:?}"
        );
        assert!(
            !done.err.contains(['\u{1b}', '\u{202e}']) && !done.err.contains("##["),
            "{}",
            done.err
        );
        assert!(node.changes().is_empty(), "{sockets}");
    }
}

/// `status` and `up` show the fields of an Application without interpreting them, and no name of an
/// Application is taken for a flag.
#[test]
fn what_the_cluster_says_of_applications_is_not_obeyed() {
    let node = up();
    let evil = "1\u{1b}[2J|a\u{202e}##[error]|Out\u{9b}Sync|Degraded\u{7}|Failed|3\n2|--kubeconfig=/evil|OutOfSync|Degraded|Failed|1";
    let node = node.with("EVIL", evil).with("PATIENCE", "1000").with("ESPALIER_TIMEOUT", "0");
    for verb in ["status", "up"] {
        let done = node.run(&[verb]);
        let said = format!("{}{}", done.out, done.err);
        assert!(done.code == Some(1) && said.contains("a?#\\#[error]"), "{verb}: {said}");
        assert!(
            !said.contains(['\u{1b}', '\u{202e}', '\u{9b}', '\u{7}']) && !said.contains("##["),
            "{verb}: {said}"
        );
        let log = node.read("fake/log");
        assert!(
            !log.lines().any(|it| it.contains("patch") && it.contains("--kubeconfig=/evil")),
            "{log}"
        );
    }
}

/// A node whose script pins these checksums, of the publishers' files; a wrong one where the
/// argument says so.
fn pinned(names: &[&'static str]) -> Node {
    let sum = |file: &str| {
        let out = Command::new("sha256sum")
            .arg(node().path("fake/web").join(file))
            .output()
            .expect("sha256sum")
            .stdout;
        String::from_utf8_lossy(&out)[..64].to_owned()
    };
    let mut script = full();
    script.checksums = names
        .iter()
        .map(|&name| Checksum {
            name,
            sha256: sum(if name == "k3s-amd64" { "k3s" } else { "helm-v4.2.1-linux-amd64.tar.gz" }),
        })
        .collect();
    let mut files = files();
    files.insert(bootstrap::PLATFORM.to_owned(), text_of(&script));
    Node::new(&files).with("NEEDS_KEY", "1")
}

/// A helm that reports the right version proves nothing: with a checksum, the script uses its own.
#[test]
fn a_foreign_helm_is_not_run_where_a_checksum_is_known() {
    let node = pinned(&["helm-amd64"]);
    node.program("bin/helm", "#!/bin/sh\n: >\"$FAKE/evil\"\nprintf v4.2.1\n");
    node.ok(&["up"]);
    assert!(
        node.changes()
            .iter()
            .any(|it| it.contains("curl") && it.contains("helm-v4.2.1-linux-amd64.tar.gz")),
        "{:?}",
        node.changes()
    );
    assert!(!node.path("fake/evil").exists(), "the helm on the PATH was run");
}

/// A k3s of the right version is kept, and the script warns that it is not the release's file.
#[test]
fn a_foreign_k3s_is_compared_with_the_checksum() {
    let node = pinned(&["k3s-amd64"]);
    node.ok(&["up"]);
    assert!(!node.ok(&["up"]).out.contains("is not the one of the release"));
    let file = "node/usr/local/bin/k3s";
    let changed = format!("{}# other\n", node.read(file));
    node.program(file, &changed);
    let out = node.ok(&["up"]).out;
    assert!(
        out.contains(
            "says that it is v1.35.8+k3s1, and its checksum is not the one of the release"
        ),
        "{out}"
    );
    assert_eq!(node.read(file), changed);
}

/// Adopting a cluster and adopting another platform's backup are two different flags.
#[test]
fn a_backup_is_adopted_apart_from_the_root() {
    let node = up();
    node.write("clone/bootstrap/job-restore.yaml", "kind: Job\n");
    let dry = |words: &[&str]| node.ok(&[&["restore", "--dry-run"], words].concat()).out;
    assert!(!dry(&["--adopt"]).contains("--from-literal=adopt=yes"));
    assert!(dry(&["--adopt-backup"]).contains("create configmap restore --from-literal=adopt=yes"));
    for words in [
        &["up", "--adopt-backup"][..],
        &["teardown", "--adopt-backup"],
        &["status", "--adopt"],
        &["verify", "--adopt"],
    ] {
        let done = node.run(words);
        assert!(
            done.code == Some(2) && done.err.contains(&format!("takes no {}", words[1])),
            "{words:?}: {done:?}"
        );
    }
    let node = node.with("ROOT_PART", "another");
    let done = node.run(&["restore", "--yes", "--adopt-backup"]);
    assert!(done.code == Some(1) && done.err.contains("that of 'another'"), "{done:?}");
    assert_eq!(node.changes(), Vec::<String>::new());
}

/// A cluster with another platform's root is not changed, whatever differs about the root.
#[test]
fn another_platforms_cluster_is_left_alone() {
    for (name, value, said) in [
        (
            "ROOT_URL",
            "https://hush:hush@git.example.com/another/platform.git",
            "git.example.com/another/platform",
        ),
        ("ROOT_PATH", "other/apps", "`other/apps`"),
        ("ROOT_PART", "another\u{1b}[2J", "'another?[2J'"),
    ] {
        let node = up();
        node.write("clone/bootstrap/job-restore.yaml", "kind: Job\n");
        let node = node.with(name, value);
        for words in [&["up"][..], &["restore", "--yes"], &["teardown", "--yes"]] {
            let done = node.run(words);
            assert_eq!(done.code, Some(1), "{name} {words:?}: {}", done.out);
            assert!(
                done.err.contains(said) && done.err.contains("--adopt"),
                "{name} {words:?}: {}",
                done.err
            );
            assert!(!done.err.contains("hush") && !done.err.contains('\u{1b}'), "{}", done.err);
            assert_eq!(node.changes(), Vec::<String>::new(), "{name} {words:?}");
            let dry = node.ok(&[&["--dry-run"], words].concat());
            assert!(
                dry.out.contains("# would stop here: the cluster's root is that of"),
                "{}",
                dry.out
            );
        }
        node.ok(&["up", "--adopt"]);
        assert!(!node.ok(&["teardown", "--yes", "--adopt"]).out.is_empty());
    }
}

/// No variable of the caller decides which repository is asked, and no program of the clone is run.
#[test]
fn git_is_called_for_a_clone_that_is_another_users() {
    let node = node()
        .with("GIT_DIR", "/elsewhere")
        .with("GIT_CONFIG_COUNT", "1")
        .with("GIT_EXTERNAL_DIFF", "/bin/x");
    node.ok(&["up"]);
    let log = node.read("fake/log");
    let calls: Vec<&str> = log.lines().filter(|it| it.starts_with("git ")).collect();
    assert!(calls.len() > 3, "{log}");
    for call in calls {
        assert!(
            call.contains("safe.bareRepository=explicit") && !call.contains("safe.directory"),
            "{call}"
        );
        let is_here =
            ["core.fsmonitor=false", "core.hooksPath=/dev/null"].iter().all(|it| call.contains(it));
        assert!(is_here || call.contains(" ls-remote ") && call.contains(" -C / "), "{call}");
    }
    assert_eq!(node.read("fake/wrong"), "");
}

/// root runs Git as the clone's owner, with the owner's home; any other user runs it as themselves.
#[test]
fn git_reads_the_clone_as_its_owner() {
    for (id, owner, seen) in [
        ("0", "ada", "ada|/homes/of-ada"),
        ("0", "root", "nobody|/homes/of-root"),
        ("1000", "ada", "nobody|HOME"),
        ("1000", "root", "nobody|HOME"),
    ] {
        let node = node().with("ID", id).with("XDG_CONFIG_HOME", "/elsewhere");
        node.write("owner", owner);
        let real = fs::read_link(node.path("bin/stat")).expect("a link");
        fs::remove_file(node.path("bin/stat")).expect("removable");
        let real = real.display();
        node.program(
            "bin/stat",
            &format!(
                "#!/bin/sh\n[ \"$1 $2\" = '-c %U' ] || exec {real} \"$@\"\ncat \"$FAKE/../owner\"\n"
            ),
        );
        node.ok(&["up", "--dry-run"]);
        let seen = seen.replace("HOME", &node.path("home").display().to_string());
        let calls = node.read("fake/here");
        assert!(
            calls.lines().count() > 2 && calls.lines().all(|it| it == seen),
            "{id} {owner}: {calls}"
        );
    }
}
