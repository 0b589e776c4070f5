//! Panels of dashboards against what exporters serve, and the JSON that Grafana reads: nothing is
//! asked that nobody serves, shown in a unit that it is not in, or laid over something else.

use std::collections::{BTreeMap, BTreeSet};

use espalier::{
    builder::{
        contribution::Contribution,
        dashboard::{
            Dashboard, Variable,
            json::{self, HOME, SCHEMA_VERSION},
            panel::{Expression, Kind, WIDTH},
        },
    },
    components::dashboards,
    facts::{
        charts::grafana::{DASHBOARDS, source},
        metrics::Catalogue,
        queries::MEASURED,
    },
};
use serde_json::Value;

use super::{
    alerts::{PLATFORMS, names, plan},
    dimension,
    law::{self, Labels, Names},
};
use crate::{
    invariants::Tree,
    support::{Compiled, golden_cases, texts_of, tree},
};

/// How much a ConfigMap may hold.
const CONFIG_MAP: usize = 1 << 20;

/// Every dashboard that components offer, whoever serves what it reads; and the home page.
fn offered(compiled: &Compiled) -> Vec<Dashboard> {
    let all = plan(compiled).contributions().iter();
    let offered = all.filter_map(|contribution| match contribution {
        Contribution::Dashboard(dashboard) => Some(dashboard.clone()),
        _ => None,
    });
    offered.chain([dashboards::home()]).collect()
}

/// A query as Prometheus gets it, or what it names that nobody chooses.
fn asked(variables: &[Variable], text: &str) -> Result<String, String> {
    let mut text = text.replace("$__rate_interval", "5m");
    for variable in variables {
        text = text.replace(&format!("${}", variable.name()), ".+");
    }
    if text.contains('$') { Err(format!("a variable of nobody: {text}")) } else { Ok(text) }
}

/// What Prometheus is asked by the dashboards.
pub fn queries_of(compiled: &Compiled) -> Vec<String> {
    let all = offered(compiled);
    let queries = all.iter().flat_map(Dashboard::panels).flat_map(|it| &it.queries);
    let metrics = queries.filter_map(|query| match &query.expression {
        Expression::Metrics(text) => Some(text.clone()),
        Expression::Logs(_) => None,
    });
    metrics.collect()
}

/// The labels that a legend shows.
fn shown(legend: &str) -> Labels {
    let parts = legend.split("{{").skip(1);
    parts.map(|it| it.split("}}").next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn every_panel_reads_what_some_exporter_serves_in_its_own_unit() {
    let catalogue = Catalogue::read();
    let mut count = 0;
    for (name, compiled) in &*PLATFORMS {
        let names = names(compiled);
        for dashboard in offered(compiled) {
            for panel in dashboard.panels() {
                let place = format!("{name}: {}: {}", dashboard.name, panel.title);
                for query in &panel.queries {
                    let Expression::Metrics(text) = &query.expression else { continue };
                    let text = asked(&dashboard.variables, text);
                    let text = text.unwrap_or_else(|it| panic!("{place}: {it}"));
                    let labels = law::read(&catalogue, &names, &text);
                    let labels =
                        labels.unwrap_or_else(|it| panic!("{place}: {text}\n{}", it.join("\n")));
                    let missing: Vec<_> =
                        shown(query.legend).difference(&labels).cloned().collect();
                    assert!(missing.is_empty(), "{place}: {text} has no {missing:?}");
                    let is_told_apart = labels.is_empty() || !shown(query.legend).is_empty();
                    assert!(panel.kind != Kind::Series || is_told_apart, "{place}: {text}");
                    let dimension = dimension::of(&text);
                    let dimension = dimension.unwrap_or_else(|it| panic!("{place}: {text}: {it}"));
                    let dimension = dimension.expect("it is in something");
                    let fits = dimension::fits(panel.unit, dimension);
                    assert!(fits, "{place}: {:?} does not show {text}: {dimension:?}", panel.unit);
                    count += 1;
                }
            }
        }
    }
    assert!(count > 500, "{count}");
}

#[test]
fn queries_of_a_variable_that_nobody_chooses_are_refused() {
    assert!(asked(&[], "up{namespace=~\"$namespace\"}").is_err());
    assert!(asked(&[Variable::Namespace], "up{namespace=~\"$workspace\"}").is_err());
    let text =
        asked(&[Variable::Namespace], "rate(a{namespace=~\"$namespace\"}[$__rate_interval])");
    assert_eq!(text.as_deref(), Ok("rate(a{namespace=~\".+\"}[5m])"));
}

#[test]
fn what_is_chosen_from_is_served() {
    let catalogue = Catalogue::read();
    for variable in Variable::ALL {
        let labels = law::read(&catalogue, &Names::new(), variable.series());
        assert!(labels.is_ok_and(|it| it.contains("namespace")), "{variable:?}");
    }
    for (name, query) in MEASURED {
        let labels = law::read(&catalogue, &Names::new(), query);
        let expected = ["container", "namespace", "pod"].map(str::to_owned).into();
        assert_eq!(labels, Ok(expected), "{name}");
        assert_eq!(query.matches('{').count(), 1, "{name}");
    }
}

#[test]
fn dashboards_and_panels_say_what_they_are_for() {
    for (name, compiled) in &*PLATFORMS {
        let all = offered(compiled);
        let unique: BTreeSet<&str> = all.iter().map(|it| it.name).collect();
        assert_eq!(unique.len(), all.len(), "{name}: names of dashboards");
        let titles: BTreeSet<&str> = all.iter().map(|it| it.title).collect();
        assert_eq!(titles.len(), all.len(), "{name}: titles of dashboards");
        for dashboard in all {
            let place = format!("{name}: {}", dashboard.name);
            assert!(dashboard.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{place}");
            assert!(dashboard.description.ends_with('?'), "{place}: it answers a question");
            assert!(!dashboard.rows.is_empty(), "{place}");
            let rows: BTreeSet<&str> = dashboard.rows.iter().map(|it| it.title).collect();
            assert_eq!(rows.len(), dashboard.rows.len(), "{place}: titles of rows");
            for panel in dashboard.panels() {
                let place = format!("{place}: {}", panel.title);
                let description = panel.description;
                assert!(description.len() > 20 && description.ends_with('.'), "{place}");
                assert!(!description.contains("  ") && !description.contains('\n'), "{place}");
                assert_eq!(panel.queries.is_empty(), panel.kind == Kind::Text, "{place}");
                assert!(panel.queries.len() <= 26 && panel.width <= WIDTH, "{place}");
            }
        }
    }
}

#[test]
fn rows_are_over_pods_that_somebody_asks() {
    let (mut over, mut asked) = (BTreeSet::new(), BTreeSet::new());
    for (_, compiled) in &*PLATFORMS {
        let rows = offered(compiled).into_iter().flat_map(|it| it.rows);
        over.extend(rows.filter_map(|it| it.over));
        let scrapes = plan(compiled).contributions().scrapes();
        asked.extend(scrapes.filter_map(|it| Some(it.port.pods()?.name().to_string())));
    }
    for pods in &over {
        assert!(asked.contains(*pods), "{pods}: nobody asks them");
    }
}

/// Panels of a file: those that are no heading.
fn panels(file: &Value) -> Vec<&Value> {
    file["panels"].as_array().expect("panels").iter().collect()
}

/// What is wrong with the places and the names in a file.
fn faults(file: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let (mut ids, mut titles) = (BTreeSet::new(), BTreeSet::new());
    let mut taken: BTreeMap<(u64, u64), &str> = BTreeMap::new();
    for panel in panels(file) {
        let title = panel["title"].as_str().unwrap_or_default();
        if !ids.insert(panel["id"].as_u64()) {
            found.push(format!("{title}: its id is another's"));
        }
        if !titles.insert((panel["type"] == "row", title)) {
            found.push(format!("{title}: twice"));
        }
        let [x, y, w, h] =
            ["x", "y", "w", "h"].map(|it| panel["gridPos"][it].as_u64().unwrap_or(u64::MAX));
        if w == 0 || h == 0 || x + w > u64::from(WIDTH) {
            found.push(format!("{title}: off the page"));
            continue;
        }
        for place in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
            if let Some(other) = taken.insert(place, title) {
                found.push(format!("{title}: lies over {other}"));
                break;
            }
        }
        for target in panel["targets"].as_array().into_iter().flatten() {
            let uid = target["datasource"]["uid"].as_str().unwrap_or_default();
            if ![source::PROMETHEUS, source::LOKI].contains(&uid) {
                found.push(format!("{title}: asks `{uid}`"));
            }
        }
    }
    found
}

#[test]
fn files_are_what_grafana_reads() {
    let mut files = 0;
    for (name, compiled) in &*PLATFORMS {
        let served = dashboards::served(plan(compiled).contributions());
        let home = json::home(&dashboards::home(), &served);
        let texts = served.iter().map(|it| (it.name, json::file(it))).chain([(HOME, home)]);
        // With everything that could be served too: those rows come with the next component.
        let whole = offered(compiled);
        let texts = texts.chain(whole.iter().map(|it| (it.name, json::file(it))));
        for (dashboard, text) in texts {
            let place = format!("{name}: {dashboard}");
            let file: Value = serde_json::from_str(&text).expect("JSON");
            assert_eq!(faults(&file), Vec::<String>::new(), "{place}");
            assert_eq!(file["uid"], dashboard, "{place}");
            assert_eq!(file["editable"], false, "{place}");
            assert_eq!(file["schemaVersion"], SCHEMA_VERSION, "{place}");
            files += 1;
        }
    }
    assert!(files > 100, "{files}");
}

#[test]
fn what_lies_over_something_else_is_a_fault() {
    let panel = |id: u64, title: &str, x: u64| {
        serde_json::json!({"id": id, "title": title, "type": "stat",
            "gridPos": {"x": x, "y": 0, "w": 6, "h": 4}})
    };
    let faults = |panels: Vec<Value>| faults(&serde_json::json!({"panels": panels})).join("; ");
    assert_eq!(faults(vec![panel(1, "a", 0), panel(2, "b", 6)]), "");
    assert_eq!(faults(vec![panel(1, "a", 0), panel(2, "b", 5)]), "b: lies over a");
    assert_eq!(faults(vec![panel(1, "a", 0), panel(1, "b", 6)]), "b: its id is another's");
    assert_eq!(faults(vec![panel(1, "a", 0), panel(2, "a", 6)]), "a: twice");
    assert_eq!(faults(vec![panel(1, "a", 20)]), "a: off the page");
}

fn files_of(compiled: &Compiled) -> BTreeMap<String, Value> {
    let tree = Tree::of(compiled);
    let Some(map) = tree.of_kind("ConfigMap").find(|it| it.name() == DASHBOARDS) else {
        return BTreeMap::new();
    };
    let data = map.at("data").as_mapping().expect("files");
    let size: usize = data.values().filter_map(|it| it.as_str()).map(str::len).sum();
    assert!(size < CONFIG_MAP / 2, "{size} bytes");
    let text = |value: &serde_yaml::Value| value.as_str().unwrap_or_default().to_owned();
    let files = data.iter().map(|(name, file)| {
        (text(name), serde_json::from_str(&text(file)).expect("a file of JSON"))
    });
    files.collect()
}

fn monitoring(more: &[(&str, &str)]) -> Compiled {
    let (_, folder) = golden_cases().into_iter().find(|it| it.0 == "monitoring").expect("the case");
    let mut texts = texts_of(&folder);
    let spec = texts.get_mut("spec/platform.yaml").expect("the spec");
    for (from, to) in more {
        assert!(spec.contains(from), "{from}");
        *spec = spec.replace(from, to);
    }
    tree(&texts)
}

#[test]
fn there_is_a_dashboard_for_what_runs_and_for_nothing_else() {
    let files = files_of(&monitoring(&[]));
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "certificates.json",
            "chat.json",
            "database.json",
            "gitops.json",
            "home.json",
            "ingress.json",
            "logs.json",
            "models.json",
            "monitoring.json",
            "nodes.json",
            "workspaces.json"
        ]
    );
    // The home page says something of all but workspaces, and leads to each.
    let home = &files["home.json"];
    let headings = panels(home).into_iter().filter(|it| it["type"] == "row").count();
    assert_eq!(headings, 2 + 8);
    assert_eq!(home["links"].as_array().map(Vec::len), Some(10));
    // Without Argo CD and Traefik of ours nobody asks what they would serve.
    let without = monitoring(&[(
        "    grafana: {enabled: true}\n",
        "    grafana: {enabled: true}\n    argocd: {enabled: false}\n    traefik: {enabled: \
         false}\n",
    )]);
    let files = files_of(&without);
    assert!(!files.contains_key("gitops.json") && !files.contains_key("ingress.json"));
    let titles: Vec<&str> =
        panels(&files["home.json"]).into_iter().filter_map(|it| it["title"].as_str()).collect();
    assert!(titles.contains(&"Chat") && !titles.contains(&"GitOps"), "{titles:?}");
    let off = monitoring(&[("grafana: {enabled: true}", "grafana: {enabled: false}")]);
    assert!(files_of(&off).is_empty());
}
