//! One certificate for all workspaces, where a DNS record proves their domain.

use crate::support::{Texts, administrator, compile, only};

/// More workspaces than Let's Encrypt certifies in a week.
const MANY: usize = 46;

fn platform(domains: &str, certificates: &str) -> Texts {
    let mut texts = only(&format!(
        "apiVersion: espalier.dev/v1alpha1\nkind: Platform\nmetadata: {{name: test}}\nspec:\n  \
         repository: {{url: https://git.example.com/team/platform.git}}\n  \
         node: {{cpu: 200, memory: 1Ti, maxPods: 500}}\n  \
         domains: {{chat: chat.example.com{domains}}}\n  \
         certificates: {{email: ops@example.com, issuer: production{certificates}}}\n  \
         workspaces: {{hosts: [example.com]}}\n"
    ));
    for number in 0..MANY {
        let name = format!("team-{number}");
        texts.insert(format!("spec/workspaces/{name}.yaml"), workspace(&name, ""));
    }
    texts
}

fn workspace(name: &str, more: &str) -> String {
    format!(
        "apiVersion: apps.aichatworkspaces.io/v1alpha1\nkind: AIChatWorkspace\n\
         metadata: {{name: {name}}}\nspec:\n  workspaceName: {name}\n  \
         models: [\"gemma3:270m\"]\n  {}\n{more}",
        administrator()
    )
}

fn is_limited(texts: &Texts) -> bool {
    compile(texts).codes().contains(&"certificates-rate-limited")
}

/// One for all counts once; without a DNS record, or without a domain of theirs, each counts.
#[test]
fn one_certificate_counts_once() {
    let (domain, dns) = (", workspaces: ws.example.com", ", dns01: cloudflare");
    assert!(!is_limited(&platform(domain, dns)));
    assert!(is_limited(&platform(domain, "")));
    assert!(is_limited(&platform("", dns)));
}

/// A workspace has its own as soon as one of its hosts lies elsewhere, or deeper below the domain.
#[test]
fn who_has_one_of_its_own() {
    let (domain, dns) = (", workspaces: ws.example.com", ", dns01: cloudflare");
    for (hosts, own) in [
        ("a.ws.example.com", false),
        ("a.ws.example.com, b.ws.example.com", false),
        ("a.ws.example.com, a.example.com", true),
        ("a.b.ws.example.com", true),
        ("ws.example.com", true),
    ] {
        let mut texts = platform(domain, dns);
        let text = workspace("team-0", &format!("  hosts: [{hosts}]\n"));
        texts.insert("spec/workspaces/team-0.yaml".to_owned(), text);
        let compiled = compile(&texts);
        let path = "out/manifests/ws-team-0/team-0/ingress-team-0-openwebui.yaml";
        let ingress = String::from_utf8_lossy(&compiled.files[path]).into_owned();
        assert_eq!(ingress.contains("secretName: team-0-openwebui-tls"), own, "{hosts}");
        assert_eq!(ingress.contains("cert-manager.io/cluster-issuer"), own, "{hosts}");
    }
}
