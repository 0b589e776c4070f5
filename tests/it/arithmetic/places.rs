//! What the search for places is given of a whole platform: volumes that any node mounts, and the
//! pods of tenants.

use crate::support::{Texts, administrator, compile, with_components};

/// A spec with these groups of nodes.
fn on(nodes: &str, components: &str) -> Texts {
    let mut texts = with_components(components);
    let spec = texts.get_mut("spec/platform.yaml").expect("it is there");
    assert!(spec.contains("  node: {cpu: 4, memory: 8Gi}\n"), "{spec}");
    *spec = spec.replace("  node: {cpu: 4, memory: 8Gi}\n", nodes);
    texts
}

#[test]
fn a_volume_that_any_node_mounts_ties_no_pods_together() {
    let nodes = "  nodes:\n    - {name: control, role: server, cpu: 4, memory: 8Gi}\n    - {name: \
                 work, count: 2, role: agent, cpu: 4, memory: 8Gi}\n  storage: {shared: nfs}\n";
    let pods = |request: &str| {
        format!(
            "ollama: {{models: [\"gemma3:270m\"]}}\nredis: {{enabled: true}}\nopenWebui: \
             {{replicas: 2, resources: {{memory: {{request: {request}, limit: {request}}}}}}}"
        )
    };
    // Two of them have no room on any one node.
    let spread = compile(&on(nodes, &pods("4Gi")));
    assert!(!spread.codes().contains(&"pod-without-place"), "{}", spread.said());
    let larger = compile(&on(nodes, &pods("7Gi")));
    assert!(larger.codes().contains(&"pod-without-place"), "{}", larger.said());
}

#[test]
fn a_tenant_s_pods_need_a_node_each() {
    let nodes = |memory: &str| {
        format!(
            "  nodes:\n    - {{name: control, role: server, cpu: 4, memory: 8Gi}}\n    - {{name: \
             work, count: 4, role: agent, cpu: 4, memory: {memory}}}\n"
        )
    };
    let with_tenant = |memory: &str| {
        let mut texts = on(&nodes(memory), "ollama: {models: [\"gemma3:270m\"]}");
        let tenant = format!(
            "apiVersion: apps.aichatworkspaces.io/v1alpha1\nkind: AIChatWorkspace\nmetadata: {{name: \
             team-a}}\nspec: {{workspaceName: team-a, models: [\"llama3.1:8b\"], {}}}\n",
            administrator()
        );
        texts.insert("spec/workspaces/team-a.yaml".to_owned(), tenant);
        compile(&texts)
    };
    // The nodes have room for the sum in both cases, but in one of them none has for the model.
    let small = with_tenant("4Gi");
    assert_eq!(small.errors(), ["pod-without-place"], "{}", small.said());
    let large = with_tenant("12Gi");
    assert!(large.errors().is_empty(), "{}", large.said());
}
