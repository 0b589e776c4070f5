//! Where the internet is behind a proxy, the script and k3s go through it, until the spec names
//! none any more.

use espalier::emit::bootstrap;

use super::{full, node::Node, runs::files, text_of};

const URL: &str = "http://10.0.0.3:3128";
const DROP_IN: &str = "node/etc/systemd/system/k3s.service.d/espalier-proxy.conf";

/// The platform's values, with a proxy or without.
fn values(url: &str) -> Vec<u8> {
    let mut script = full();
    url.clone_into(&mut script.proxy_url);
    "localhost,.svc".clone_into(&mut script.proxy_bypassed);
    text_of(&script)
}

#[test]
fn the_proxy_is_used_and_taken_away_again() {
    let mut tree = files();
    tree.insert(bootstrap::PLATFORM.to_owned(), values(URL));
    tree.insert(bootstrap::K3S_PROXY.to_owned(), b"[Service]\n".into());
    let node = Node::new(&tree).with("NEEDS_KEY", "1");
    node.ok(&["up"]);
    let ways = node.read("fake/ways");
    assert!(!ways.is_empty() && ways.lines().all(|it| it == URL), "{ways}");
    assert_eq!(node.read(DROP_IN), "[Service]\n");
    node.ok(&["up"]);
    assert!(node.changes().is_empty(), "{:?}", node.changes());

    // By hand on the node.
    node.write(DROP_IN, "[Service]\nEnvironment=A=b\n");
    node.ok(&["up"]);
    assert_eq!(node.read(DROP_IN), "[Service]\n");

    node.write(&format!("clone/{}", bootstrap::PLATFORM), values(""));
    let file = node.path(&format!("clone/{}", bootstrap::K3S_PROXY));
    std::fs::remove_file(file).expect("it is there");
    node.ok(&["up"]);
    assert!(!node.path(DROP_IN).exists());
    assert!(node.changes().iter().any(|it| it.contains("restart --no-block k3s")));
    node.ok(&["up"]);
    assert!(node.changes().is_empty(), "{:?}", node.changes());
}
