//! What a program is told of a proxy, and what the policies of its pods let through, are one thing.

use crate::{
    invariants::Tree,
    support::{at, items, tree, with_components},
};

/// Ranges and ports that the repo-server is let out to, with this repository, these domains and
/// this proxy.
fn let_out(repository: &str, domains: &str, proxy: &str) -> Vec<(String, Vec<u64>)> {
    let mut texts = with_components("ollama: {models: [\"gemma3:270m\"]}");
    let spec = texts.get_mut("spec/platform.yaml").expect("it is there");
    let lines = spec.lines().map(|line| match line.trim_start().split(':').next() {
        Some("repository") => format!("  repository: {repository}\n  proxy: {proxy}"),
        Some("domains") => format!("  domains: {domains}"),
        _ => line.to_owned(),
    });
    *spec = lines.collect::<Vec<_>>().join("\n");
    let made = tree(&texts);
    let all = Tree::of(&made);
    let policy =
        all.find("NetworkPolicy", Some("argocd"), "allow-argocd-repo-server").expect("a policy");
    let blocks = items(policy.at("spec/egress")).filter_map(|rule| {
        let block = items(at(rule, "to")).find_map(|it| at(it, "ipBlock/cidr").as_str())?;
        let ports = items(at(rule, "ports")).filter_map(|it| at(it, "port").as_u64());
        Some((block.to_owned(), ports.collect()))
    });
    blocks.collect()
}

#[test]
fn a_server_is_let_through_the_way_that_its_program_takes() {
    const GIT: &str = "{url: https://git.example.com/team/platform.git}";
    const CHAT: &str = "{chat: chat.example.net}";
    let proxy = ("10.0.0.3/32".to_owned(), vec![3128]);
    let straight = ("0.0.0.0/0".to_owned(), vec![443]);
    let url = "https: \"http://10.0.0.3:3128\"";
    let through = |repository: &str, domains: &str, more: &str| {
        let_out(repository, domains, &format!("{{{url}{more}}}"))
    };
    let alone = std::slice::from_ref(&proxy);
    assert_eq!(through(GIT, CHAT, ""), alone);
    // What is named, below what is named, and below a host of the platform's own.
    for (domains, more) in [
        (CHAT, ", noProxy: [git.example.com]"),
        (CHAT, ", noProxy: [.example.com]"),
        (CHAT, ", noProxy: [example.com]"),
        ("{chat: chat.example.net, workspaces: example.com}", ""),
    ] {
        assert_eq!(through(GIT, domains, more), [straight.clone(), proxy.clone()], "{more}");
    }
    assert_eq!(through(GIT, CHAT, ", noProxy: [com.example]"), alone);
    // In a network of its own.
    let own = "{url: https://git.example.com/team/platform.git, cidr: 10.1.2.0/24}";
    assert_eq!(through(own, CHAT, ""), [proxy.clone(), ("10.1.2.0/24".to_owned(), vec![443])]);
    // No proxy is asked for SSH.
    let ssh = "{url: \"ssh://git@github.com/team/platform.git\"}";
    assert_eq!(through(ssh, CHAT, ""), [("0.0.0.0/0".to_owned(), vec![22]), proxy]);
}
