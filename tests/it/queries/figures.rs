//! Each figure of an alert has its reason: what its query compares with and looks back over, and how
//! long the alert waits. And what is read of the kubelet's port is kept of it.

use std::collections::BTreeSet;

use espalier::{
    builder::contribution::Alert,
    facts::{charts::kube_prometheus_stack::OF_KUBELET, metrics::Catalogue},
};

use super::{
    alerts::{PLATFORMS, alerts, plan},
    panels::queries_of,
};

/// What is no figure: there or not, and a part of one as a part of a hundred.
const STATES: [&str; 3] = ["0", "1", "100"];

/// A query without the texts of its matchers.
fn bare(query: &str) -> String {
    query.split('"').step_by(2).collect::<Vec<_>>().join(" ")
}

/// The words of a query, as it writes them.
fn words(query: &str) -> Vec<String> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "_:.".contains(letter);
    bare(query).split(|letter| !is_part(letter)).map(str::to_owned).collect()
}

/// The numbers and the durations of a query.
fn numbers(query: &str) -> BTreeSet<String> {
    let is_number = |word: &String| word.starts_with(|first: char| first.is_ascii_digit());
    words(query).into_iter().filter(is_number).collect()
}

/// Whether somebody can read why.
fn is_reason(why: &str) -> bool {
    let begins = |first: char| first.is_uppercase() || first.is_numeric() || "`c".contains(first);
    let is_one_line = !why.contains("  ") && !why.contains('\n');
    is_one_line && why.len() > 30 && why.ends_with('.') && why.starts_with(begins)
}

/// What is wrong with the reasons of an alert.
fn wrong(alert: &Alert) -> Vec<String> {
    let mut shown = numbers(&alert.expression);
    if alert.after.get() > 0 {
        shown.insert(alert.after.to_string());
    }
    let given: BTreeSet<String> = alert.figures.iter().map(|it| it.shown.clone()).collect();
    let without = shown.difference(&given).filter(|it| !STATES.contains(&it.as_str()));
    let mut found: Vec<String> = without.map(|it| format!("{it}: nobody says why")).collect();
    found.extend(given.difference(&shown).map(|it| format!("{it}: is no figure of it")));
    for figure in &alert.figures {
        if !is_reason(&figure.why) {
            found.push(format!("{}: {:?} is no reason", figure.shown, figure.why));
        }
    }
    let reasons: BTreeSet<_> = alert.figures.iter().map(|it| &it.why).collect();
    if reasons.len() != alert.figures.len() {
        found.push("two figures with one reason".to_owned());
    }
    found
}

#[test]
fn each_figure_of_an_alert_has_its_reason() {
    for (name, compiled) in &*PLATFORMS {
        for alert in alerts(plan(compiled)) {
            let said = wrong(alert);
            assert!(said.is_empty(), "{name}: {}:\n{}", alert.name, said.join("\n"));
        }
    }
}

/// Another figure in the query, another wait, a reason too many: each is seen.
#[test]
fn a_figure_without_a_reason_is_found() {
    let (_, compiled) = PLATFORMS.last().expect("a platform");
    let found = |change: fn(&mut Alert)| {
        let mut all = alerts(plan(compiled));
        let mut alert = all.find(|it| it.name == "LogsLimited").expect("it is there").clone();
        change(&mut alert);
        wrong(&alert).join("; ")
    };
    assert_eq!(found(|_| ()), "");
    assert!(found(|it| it.expression += " > 7").contains("7: nobody says why"));
    assert!(found(|it| it.expression = it.expression.replace("[15m]", "[16m]")).contains("16m"));
    assert!(found(|it| it.after = espalier::units::Seconds::new(600)).contains("10m"));
    assert!(found(|it| drop(it.figures.pop())).contains("nobody says why"));
    assert!(found(|it| it.expression = "a > 0".to_owned()).contains("is no figure of it"));
    assert!(found(|it| it.figures[0].why = "Because.".to_owned()).contains("is no reason"));
}

/// Whether a name is kept of what the kubelet's port serves: the alternatives of the list, of which
/// each is a name with one group of endings at most.
fn is_kept(name: &str) -> bool {
    let list = OF_KUBELET.strip_prefix('(').and_then(|it| it.strip_suffix(')')).expect("a list");
    let (mut depth, mut parts) = (0, vec![String::new()]);
    for letter in list.chars() {
        depth += i32::from(letter == '(') - i32::from(letter == ')');
        if letter == '|' && depth == 0 {
            parts.push(String::new());
        } else {
            parts.last_mut().expect("one").push(letter);
        }
    }
    parts.iter().any(|part| match part.split_once('(') {
        Some((begins, rest)) => {
            let endings = rest.strip_suffix(')').expect("its end");
            name.strip_prefix(begins).is_some_and(|it| endings.split('|').any(|end| end == it))
        }
        None => match part.strip_suffix(".*") {
            Some(begins) => name.starts_with(begins),
            None => name == part,
        },
    })
}

/// A query of a metric that relabelling drops would parse, and be empty for ever.
#[test]
fn what_is_read_of_the_kubelet_s_port_is_kept() {
    let catalogue = Catalogue::read();
    let mut read = BTreeSet::new();
    for (_, compiled) in &*PLATFORMS {
        let queries = alerts(plan(compiled)).map(|it| it.expression.clone());
        for query in queries.chain(queries_of(compiled)) {
            read.extend(words(&query));
        }
    }
    let mut of_kubelet = 0;
    for name in &read {
        let exporters = catalogue.exporters().filter(|it| it.series.contains_key(name));
        if exporters.map(|it| it.name).eq(["kubelet"]) {
            of_kubelet += 1;
            assert!(is_kept(name), "{name} is dropped of what the kubelet's port serves");
        }
    }
    assert!(of_kubelet >= 4, "{of_kubelet} metrics of the kubelet's port are read");
    assert!(is_kept("apiserver_request_total") && is_kept("kubelet_anything"));
    assert!(
        !is_kept("apiserver_request_duration_seconds_bucket") && !is_kept("etcd_requests_total")
    );
}
