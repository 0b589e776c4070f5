//! The script believes the Git server by the keys and the authorities that the spec names, as Argo
//! CD does, and says so when it is not the server that they are of.

use std::path::Path;

use super::{node::Node, with};

const URL: &str = "https://git.home.lan/team/platform.git";

/// A node whose platform names a file of keys and one of authorities, or none.
fn believing(host_keys: &str, repository_ca: &str) -> Node {
    with(|script| {
        URL.clone_into(&mut script.repository);
        host_keys.clone_into(&mut script.host_keys);
        repository_ca.clone_into(&mut script.repository_ca);
    })
}

/// What Git was told whenever it spoke to the server: the file of authorities, and how ssh runs.
fn believed(node: &Node) -> Vec<(String, String)> {
    let told = node.read("fake/believes");
    let pairs = told.lines().filter_map(|it| it.split_once('|'));
    pairs.map(|it| (it.0.to_owned(), it.1.to_owned())).collect()
}

#[test]
fn git_asks_the_files_that_the_spec_names_and_no_others() {
    let node = believing("spec/known_hosts", "spec/git-ca.pem");
    let _ = node.ok(&["up", "--dry-run"]);
    let all = believed(&node);
    assert!(all.len() > 2, "{all:?}");
    for (authorities, ssh) in &all {
        assert!(
            authorities.ends_with("/spec/git-ca.pem") && Path::new(authorities).is_absolute(),
            "{all:?}"
        );
        // Where anybody may read the repository is asked without any key.
        let is_strict = ssh.contains("StrictHostKeyChecking=yes")
            && ssh.contains("GlobalKnownHostsFile=/dev/null")
            && ssh.contains("/spec/known_hosts");
        assert!(is_strict || ssh == "/bin/false", "{all:?}");
    }
    assert!(all.iter().any(|it| it.1 != "/bin/false"), "{all:?}");

    let node = believing("", "");
    let _ = node.ok(&["up", "--dry-run"]);
    for (authorities, ssh) in believed(&node) {
        assert!(authorities.is_empty() && !ssh.contains("KnownHosts"), "{ssh}");
    }
}

/// Without it, the script took the repository for a private one, and asked for a token.
#[test]
fn a_server_that_is_not_believed_is_said_before_anything_is_changed() {
    const GNUTLS: &str = "fatal: unable to access 'https://git.home.lan/team/platform.git/': \
                          server certificate verification failed. CAfile: none CRLfile: none";
    const OPENSSL: &str = "fatal: unable to access 'https://git.home.lan/team/platform.git/': \
                           SSL certificate problem: unable to get local issuer certificate";
    const SSH: &str =
        "Host key verification failed.\nfatal: Could not read from remote repository.";
    let ca = "spec/git-ca.pem";
    for (host_keys, repository_ca, complaint, words) in [
        (
            "",
            "",
            GNUTLS,
            ["nobody whom this machine believes", "name that file in `repository.ca`"],
        ),
        ("", "", OPENSSL, ["nobody whom this machine believes", "render, and push"]),
        ("", ca, GNUTLS, ["none of the authorities in spec/git-ca.pem", "`repository.ca`"]),
        ("", ca, OPENSSL, ["none of the authorities in spec/git-ca.pem", "render, and push"]),
        ("spec/k", "", SSH, ["another host key than spec/k says", "`repository.hostKeys`"]),
    ] {
        let node = believing(host_keys, repository_ca).with("COMPLAINT", complaint);
        let done = node.run(&["up"]);
        assert!(
            done.code == Some(1) && words.iter().all(|it| done.err.contains(it)),
            "{words:?}: {done:?}"
        );
        assert!(node.changes().is_empty(), "{:?}", node.changes());
    }
}

/// A server that does not answer is no matter of belief.
#[test]
fn other_complaints_of_git_are_none_of_these() {
    for complaint in
        ["fatal: Could not resolve host: git.home.lan", "Host key verification failed."]
    {
        let node = believing("", "spec/git-ca.pem").with("COMPLAINT", complaint);
        let done = node.run(&["up", "--dry-run"]);
        let said = format!("{}{}", done.out, done.err);
        assert!(!said.contains("authorities") && !said.contains("host key"), "{said}");
    }
}
