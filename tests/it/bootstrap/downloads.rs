//! What the script downloads, checked against the checksums that the tree pins, and what it does
//! not need to download.

use std::{collections::BTreeMap, fs, process::Command};

use espalier::emit::bootstrap;

use super::{
    full,
    node::Node,
    runs::{files, node},
    text_of,
};

/// The downloads here are stand-ins, which do not have the tested versions' checksums.
pub fn without_checksums(files: &mut BTreeMap<String, Vec<u8>>) {
    let told = String::from_utf8(files[bootstrap::PLATFORM].clone()).expect("UTF-8");
    let begin = told.find("declare -rA checksums=(").expect("the checksums");
    let end = begin + told[begin..].find("\n)\n").expect("their end");
    assert!(told[begin..end].contains("['k3s-amd64']="), "{told}");
    let told = told.replace(&told[begin..end], "declare -rA checksums=(");
    files.insert(bootstrap::PLATFORM.to_owned(), told.into_bytes());
}

/// A download with another checksum is never run.
#[test]
fn a_wrong_checksum_stops_it() {
    let mut script = full();
    script.checksums = vec![bootstrap::Checksum { name: "k3s-amd64", sha256: "0".repeat(64) }];
    let mut files = files();
    files.insert(bootstrap::PLATFORM.to_owned(), text_of(&script));
    let node = Node::new(&files);
    let done = node.run(&["up"]);
    assert!(done.err.contains("the download is not what its checksum says"), "{}", done.err);
    assert!(!node.path("node/usr/local/bin/k3s").exists());
    assert!(!done.out.contains("k3s-amd64: neither"), "{}", done.out);
}

/// A pinned checksum is compared with a file that an earlier run or somebody else left, also if a
/// checksum was left beside it.
#[test]
fn what_lies_in_the_cache_is_held_against_the_pinned_checksum() {
    let sum = |node: &Node, name: &str| {
        let out =
            Command::new("sha256sum").arg(node.path(name)).output().expect("sha256sum").stdout;
        String::from_utf8_lossy(&out)[..64].to_owned()
    };
    let plain = node();
    let mut script = full();
    script.checksums =
        vec![bootstrap::Checksum { name: "k3s-amd64", sha256: sum(&plain, "fake/web/k3s") }];
    let mut files = files();
    files.insert(bootstrap::PLATFORM.to_owned(), text_of(&script));
    let node = Node::new(&files);
    let there = "node/var/lib/espalier/downloads/k3s-v1.35.8+k3s1";
    node.write(&format!("{there}/k3s"), "#!/bin/sh\necho 'k3s version v1.35.8+k3s1 (evil)'\n");
    let evil = sum(&node, &format!("{there}/k3s"));
    node.write(&format!("{there}/sha256sum"), format!("{evil}  k3s\n"));
    node.ok(&["up"]);
    assert_eq!(node.read("node/usr/local/bin/k3s"), node.read("fake/web/k3s"));
    assert_eq!(
        node.changes().iter().filter(|it| it.contains("curl") && it.contains("/k3s ")).count(),
        1,
        "{:?}",
        node.changes()
    );
}

/// A node without a network has its programs already.
#[test]
fn what_is_there_is_not_fetched() {
    let node = node();
    node.program("bin/k3s", &node.read("fake/web/k3s"));
    fs::copy(node.path("bin/helm-fake"), node.path("bin/helm")).expect("copied");
    node.write("charts/sealed-secrets-1.2.3.tgz", "x");
    let charts = node.path("charts").display().to_string();
    let node = node.with("ESPALIER_CHARTS", &charts);
    node.ok(&["up"]);
    let changes = node.changes();
    assert!(!changes.iter().any(|it| it.starts_with("curl")), "{changes:?}");
    assert!(
        changes.iter().any(|it| it
            .contains("helm template sealed-secrets /charts/sealed-secrets-1.2.3.tgz --namespace")),
        "{changes:?}"
    );
}
