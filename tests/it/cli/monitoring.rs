//! `show monitoring`: what the tree asks and alerts to, and what it would with monitoring on.

use std::collections::BTreeSet;

use serde_json::Value;

use super::workspace_dir::WorkspaceDir;

fn shown(dir: &WorkspaceDir) -> Value {
    serde_json::from_str(&dir.ok(&["show", "monitoring", "--format", "json"]).out).expect("JSON")
}

/// The values of a field in all rows of a list.
fn all<'a>(shown: &'a Value, list: &str, field: &str) -> Vec<&'a Value> {
    shown[list].as_array().expect("rows").iter().map(|it| &it[field]).collect()
}

/// A platform with monitoring, on a machine that holds it.
fn monitored() -> WorkspaceDir {
    let dir = WorkspaceDir::starter();
    let text = dir.read("spec/platform.yaml");
    let on = "  components:\n    kubePrometheusStack: {enabled: true}\n";
    let changed = text.replacen("  components:\n", on, 1);
    assert_ne!(text, changed);
    dir.write("spec/platform.yaml", changed);
    dir.ok(&["render"]);
    dir
}

#[test]
fn what_is_shown_is_what_the_tree_has() {
    let dir = monitored();
    let shown = shown(&dir);
    assert_eq!(shown["enabled"], true);
    let (mut ports, mut alerts) = (Vec::new(), BTreeSet::new());
    for (path, bytes) in dir.tree() {
        if !path.starts_with("out/manifests/monitoring-config/") {
            continue;
        }
        let text = String::from_utf8(bytes).expect("YAML is UTF-8");
        let object: serde_yaml::Value = serde_yaml::from_str(&text).expect("YAML");
        for endpoint in object["spec"]["podMetricsEndpoints"].as_sequence().into_iter().flatten() {
            ports.push(endpoint["portNumber"].as_u64().expect("a port"));
        }
        for group in object["spec"]["groups"].as_sequence().into_iter().flatten() {
            for rule in group["rules"].as_sequence().expect("rules") {
                // Who offers an alert has an object of rules of that name.
                let by = object["metadata"]["name"].as_str().expect("a name");
                let alert = rule["alert"].as_str().expect("a name");
                alerts.insert((alert.to_owned(), by.to_owned()));
            }
        }
    }
    let mut scraped: Vec<u64> =
        all(&shown, "scrapes", "port").iter().filter_map(|it| it.as_u64()).collect();
    scraped.sort_unstable();
    ports.sort_unstable();
    assert!(scraped.len() > 5, "{scraped:?}");
    assert_eq!(scraped, ports);
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let (names, by) = (all(&shown, "alerts", "name"), all(&shown, "alerts", "by"));
    let offered: BTreeSet<_> = names.into_iter().map(text).zip(by.into_iter().map(text)).collect();
    assert_eq!(offered, alerts);
    let out = dir.ok(&["show", "monitoring"]).out;
    assert!(out.starts_with("monitoring is on; "), "{out}");
    // Prometheus alone asks no address and tells nobody.
    let unread: Vec<String> = all(&shown, "unread", "what").into_iter().map(text).collect();
    assert_eq!(unread, ["probes", "alerts", "logs", "dashboards"]);
    let said = "nobody reads the probes below: `blackboxExporter` in `components`";
    assert!(out.contains(said) && !out.contains("the scrapes below"), "{out}");
    for line in [
        "metrics of                            port  path      offered by",
        "argocd/argocd-server                  8083  /metrics  argocd",
        "ChatDown                  critical  10m    openwebui",
        "kube-system/traefik                   JSON           traefik",
    ] {
        // How wide a column is follows from all of its rows.
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert!(out.lines().any(|it| words(it) == words(line)), "{line}\n{out}");
    }
}

#[test]
fn without_monitoring_it_says_how_to_switch_it_on_and_what_would_be_asked() {
    let dir = WorkspaceDir::starter();
    let (off, on) = (shown(&dir), shown(&monitored()));
    assert_eq!(off["enabled"], false);
    let out = dir.ok(&["show", "monitoring"]).out;
    assert!(out.contains("`kubePrometheusStack: {enabled: true}` in `components`"), "{out}");
    // What components offer does not depend on who listens.
    for list in ["scrapes", "alerts", "probes"] {
        let offered = off[list].as_array().expect("rows");
        assert!(!offered.is_empty(), "{list}");
        for row in offered {
            assert!(on[list].as_array().expect("rows").contains(row), "{list}: {row}");
        }
    }
}
