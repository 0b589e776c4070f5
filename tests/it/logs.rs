//! Logs: what components say of their lines against what Alloy is told, the way of a line to Loki,
//! what Loki's program would refuse, and that no line holds a secret.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_yaml::Value;

use crate::{
    invariants::Tree,
    platforms::platforms,
    policies::{expected::End, model::Cluster},
    support::{Compiled, Read, at, golden_cases, has_ending, items, texts_of, tree},
};

fn monitored() -> Compiled {
    let mut cases = golden_cases().into_iter();
    let (_, folder) = cases.find(|it| it.0 == "monitoring").expect("the case");
    tree(&texts_of(&folder))
}

/// The values that an Application gives its chart.
fn values<'a>(tree: &'a Tree, application: &str) -> Option<&'a Value> {
    let mut found = tree.of_kind("Application").filter(|it| it.name() == application);
    found.next().map(|it| it.at("spec/source/helm/valuesObject"))
}

fn alloy(tree: &Tree) -> Option<&str> {
    at(values(tree, "alloy")?, "alloy/configMap/content").as_str()
}

fn pods(namespace: &str, name: &str) -> End {
    let owned = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
    let labels = [("app.kubernetes.io/name", name), ("app.kubernetes.io/instance", name)];
    End::Pods { namespace: namespace.to_owned(), labels: labels.map(owned).into() }
}

/// Components of Alloy that something in its configuration calls by name, and those that are there.
fn references(text: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut called, mut there) = (BTreeSet::new(), BTreeSet::new());
    for line in text.lines() {
        if let Some((kind, rest)) = line.split_once(" \"")
            && !line.starts_with(' ')
        {
            let label = rest.split('"').next().unwrap_or_default();
            there.insert(format!("{kind}.{label}"));
        }
        let is_export = |word: &&str| {
            ["receiver", "targets", "output"].iter().any(|it| word.ends_with(&format!(".{it}")))
        };
        let words = line.split(['[', ']', ' ', ',', '"', '=']).filter(is_export);
        called.extend(words.filter_map(|it| it.rsplit_once('.')).map(|it| it.0.to_owned()));
    }
    (called, there)
}

/// What is wrong with the way of a line from its pod to Loki.
fn wrong(compiled: &Compiled, tree: &Tree) -> Vec<String> {
    let Some(text) = alloy(tree) else { return Vec::new() };
    let plan = compiled.plan.as_ref().expect("it compiles");
    let mut found = Vec::new();
    // All pods are read, in whatever namespace: a rule that keeps or drops would leave some out.
    for word in ["action", "namespaces", "ignore_older_than"] {
        if text.lines().any(|it| it.trim_start().starts_with(word)) {
            found.push(format!("`{word}` leaves pods out"));
        }
    }
    for logs in plan.contributions().logs() {
        let labels = logs.pods.selector().labels();
        let app = labels.get("app.kubernetes.io/name").cloned();
        let app = app.unwrap_or_else(|| logs.pods.name().to_string());
        let selector = format!("selector = \"{{app=\\\"{app}\\\"}}\"");
        let stage = text.split("stage.match").find(|it| it.contains(&selector)).unwrap_or_default();
        let stage = stage.split("\n  }").next().unwrap_or_default();
        if let Some(begins) = logs.begins {
            let wanted = format!("firstline = \"{}\"", begins.replace('\\', "\\\\"));
            if !stage.contains(&wanted) {
                found.push(format!("{app}: its entries begin with {begins}, and nobody is told"));
            }
        }
        for label in logs.labels {
            if stage.matches(&format!("\"{label}\" = \"\"")).count() != 2 {
                found.push(format!("{app}: {label} is no label"));
            }
        }
    }
    let (called, there) = references(text);
    found.extend(called.difference(&there).map(|it| format!("{it}: called, and not there")));
    // The sink alone calls nobody; the discovery and the sources are called by nobody.
    let idle = there.difference(&called).filter(|it| !it.contains("loki.source."));
    found.extend(idle.map(|it| format!("{it}: there, and not called")));

    let cluster = Cluster::of(tree);
    let (from, to) = (pods("node-agents", "alloy"), pods("monitoring", "loki"));
    if !cluster.lets_out(&from, &to, 3100, "TCP") || !cluster.lets_in(&from, &to, 3100, "TCP") {
        found.push("Alloy does not reach Loki".to_owned());
    }
    if !text.contains("\"http://loki.monitoring.svc.cluster.local.:3100/loki/api/v1/push\"") {
        found.push("lines are sent to somebody else".to_owned());
    }
    found.extend(positions(tree));
    found
}

/// How far files were read is kept in a folder of the node, which may be written to.
fn positions(tree: &Tree) -> Option<String> {
    let all = values(tree, "alloy")?;
    let path = at(all, "alloy/storagePath").as_str()?;
    let holds = |mount: &&Value| {
        let folder = at(mount, "mountPath").as_str().unwrap_or("/");
        path.starts_with(&format!("{folder}/"))
    };
    let mount = items(at(all, "alloy/mounts/extra")).find(holds);
    let volume = mount.and_then(|mount| {
        items(at(all, "controller/volumes/extra")).find(|it| at(it, "name") == at(mount, "name"))
    });
    let lasts = volume.is_some_and(|it| at(it, "hostPath/path").is_string());
    let is_writable = mount.is_some_and(|it| at(it, "readOnly").as_bool() != Some(true));
    (!(lasts && is_writable)).then(|| format!("{path}: is lost with the pod"))
}

#[test]
fn lines_of_golden_platforms_come_to_loki() {
    let mut with_logs = 0;
    for (name, folder) in golden_cases() {
        let compiled = tree(&texts_of(&folder));
        let tree = Tree::of(&compiled);
        with_logs += usize::from(alloy(&tree).is_some());
        let said = wrong(&compiled, &tree);
        assert!(said.is_empty(), "{name}:\n{}", said.join("\n"));
    }
    assert!(with_logs > 0, "no case has logs");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(16) })]

    #[test]
    fn lines_of_random_platforms_come_to_loki(texts in platforms()) {
        let compiled = tree(&texts);
        let tree = Tree::of(&compiled);
        let said = wrong(&compiled, &tree);
        prop_assert!(said.is_empty(), "{}", said.join("\n"));
        if let Some(loki) = values(&tree, "loki") {
            let said = refusals(at(loki, "loki"));
            prop_assert!(said.is_empty(), "{}", said.join("\n"));
        }
    }
}

/// Each fault of the way is found.
#[test]
fn a_way_that_is_cut_is_found() {
    let compiled = monitored();
    let change = |from: &str, to: &str| {
        let mut tree = Tree::of(&compiled);
        let is_alloy =
            |object: &&mut Read| object.kind() == "Application" && object.name() == "alloy";
        let object = tree.objects.iter_mut().find(is_alloy).expect("it is there");
        let values = &mut object.value["spec"]["source"]["helm"]["valuesObject"];
        let text = values["alloy"]["configMap"]["content"].as_str().expect("a text").to_owned();
        assert!(text.contains(from), "{from}");
        values["alloy"]["configMap"]["content"] = text.replace(from, to).into();
        wrong(&compiled, &tree).join("\n")
    };
    assert!(
        change("{app=\\\"postgresql\\\"}", "{app=\\\"database\\\"}").contains("nobody is told")
    );
    assert!(change("\\\\d{4}", "\\\\d{5}").contains("nobody is told"));
    assert!(change("regex ", "action = \"keep\"\n    regex ").contains("leaves pods out"));
    assert!(
        change("[loki.write.loki.receiver]", "[loki.write.log.receiver]").contains("not there")
    );
    assert!(change("[loki.process.audit.receiver]", "[]").contains("not called"));
    assert!(change("cluster.local.:3100", "cluster.local:3100").contains("somebody else"));

    let mut tree = Tree::of(&compiled);
    tree.objects.retain(|it| it.kind() != "NetworkPolicy" || it.name() != "allow-alloy");
    assert!(wrong(&compiled, &tree).join("\n").contains("does not reach"));
    let mut tree = Tree::of(&compiled);
    for object in &mut tree.objects {
        if object.kind() == "Application" && object.name() == "alloy" {
            object.value["spec"]["source"]["helm"]["valuesObject"]["alloy"]["storagePath"] =
                "/tmp/alloy".into();
        }
    }
    assert!(wrong(&compiled, &tree).join("\n").contains("is lost with the pod"));
}

/// Helm reads the configuration as a template, to know when it changes.
#[test]
fn helm_finds_nothing_to_do_in_the_configuration() {
    let compiled = monitored();
    let tree = Tree::of(&compiled);
    assert!(!alloy(&tree).expect("it is there").contains("{{"));
}

/// The fields of each block of Loki's configuration that are set here, with the type that Loki
/// reads them as (its reference, 3.7.6).
const FIELDS: [(&str, &[(&str, Type)]); 9] = {
    use Type::{Bool, Duration, Float, Int, Map, Size, Text};
    [
        ("analytics", &[("reporting_enabled", Bool)]),
        ("commonConfig", &[("replication_factor", Int), ("ring", Map)]),
        (
            "compactor",
            &[
                ("compaction_interval", Duration),
                ("delete_request_store", Text),
                ("retention_delete_delay", Duration),
                ("retention_delete_worker_count", Int),
                ("retention_enabled", Bool),
                ("working_directory", Text),
            ],
        ),
        (
            "ingester",
            &[
                ("chunk_encoding", Text),
                ("chunk_idle_period", Duration),
                ("max_chunk_age", Duration),
            ],
        ),
        (
            "limits_config",
            &[
                ("allow_structured_metadata", Bool),
                ("ingestion_burst_size_mb", Float),
                ("ingestion_rate_mb", Float),
                ("max_label_names_per_series", Int),
                ("max_line_size", Size),
                ("max_line_size_truncate", Bool),
                ("max_query_lookback", Duration),
                ("max_query_series", Int),
                ("reject_old_samples", Bool),
                ("reject_old_samples_max_age", Duration),
                ("retention_period", Duration),
                ("tsdb_max_query_parallelism", Int),
            ],
        ),
        ("querier", &[("max_concurrent", Int)]),
        ("schemaConfig", &[("configs", Map)]),
        ("server", &[("log_level", Text)]),
        ("storage", &[("type", Text)]),
    ]
};

/// What Loki reads a field as.
#[derive(Clone, Copy)]
enum Type {
    Bool,
    /// As Go writes it: hours are the largest unit.
    Duration,
    Float,
    Int,
    Map,
    /// Bytes, in units that Loki knows: `KB` is 1024 of them.
    Size,
    Text,
}

impl Type {
    fn takes(self, value: &Value) -> bool {
        let text = value.as_str().unwrap_or_default();
        let (digits, unit) =
            text.split_at(text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len());
        match self {
            Self::Bool => value.is_bool(),
            Self::Duration => !digits.is_empty() && ["h", "m", "s"].contains(&unit),
            Self::Float => value.is_number(),
            Self::Int => value.is_u64(),
            Self::Map => value.is_mapping() || value.is_sequence(),
            Self::Size => !digits.is_empty() && ["B", "KB", "MB", "GB"].contains(&unit),
            Self::Text => value.is_string(),
        }
    }
}

fn hours(value: &Value) -> u64 {
    value.as_str().and_then(|it| it.strip_suffix('h')?.parse().ok()).unwrap_or_default()
}

/// What Loki's program refuses, or does not do and does not tell: its own check, as seen on 3.7.6,
/// and what its documentation says of retention.
fn refusals(loki: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (block, fields) in FIELDS {
        let set = at(loki, block).as_mapping().cloned().unwrap_or_default();
        for (key, value) in &set {
            let key = key.as_str().unwrap_or_default();
            match fields.iter().find(|it| it.0 == key) {
                None => found.push(format!("{block}: no field {key}")),
                Some((_, wanted)) if !wanted.takes(value) => {
                    found.push(format!("{block}: {key} is no {value:?}"));
                }
                Some(_) => {}
            }
        }
    }
    let limits = |key: &str| at(loki, &format!("limits_config/{key}"));
    let keeps = hours(limits("retention_period"));
    if keeps < 24 {
        found.push("the retention is less than a day, which Loki refuses".to_owned());
    }
    if at(loki, "compactor/retention_enabled").as_bool() != Some(true) {
        found.push("nothing is deleted: retention is not enabled".to_owned());
    }
    let store = at(loki, "storage/type");
    if at(loki, "compactor/delete_request_store") != store {
        found.push("nothing is deleted: no store for what is to be deleted".to_owned());
    }
    for schema in items(at(loki, "schemaConfig/configs")) {
        let version: u32 = at(schema, "schema")
            .as_str()
            .and_then(|it| it.strip_prefix('v')?.parse().ok())
            .unwrap_or_default();
        if !(9..=13).contains(&version) {
            found.push(format!("no schema v{version}"));
        }
        if version < 13 && limits("allow_structured_metadata").as_bool() != Some(false) {
            found.push(format!("schema v{version} has no room beside a line"));
        }
        if hours(at(schema, "index/period")) != 24 {
            found.push("with retention, an index is of 24 hours".to_owned());
        }
        if !["boltdb-shipper", "tsdb"].contains(&at(schema, "store").as_str().unwrap_or_default()) {
            found.push("with retention, the index is tsdb or boltdb-shipper".to_owned());
        }
        if at(schema, "object_store") != store {
            found.push("chunks lie where nobody has made a store".to_owned());
        }
    }
    // A batch of Alloy's has a MiB.
    if limits("ingestion_burst_size_mb").as_f64().unwrap_or_default() < 1.0 {
        found.push("a batch does not fit into a burst".to_owned());
    }
    if limits("ingestion_rate_mb").as_f64().unwrap_or_default() <= 0.0 {
        found.push("nothing is taken in".to_owned());
    }
    if limits("reject_old_samples_max_age") != limits("retention_period") {
        found.push("what is taken in is deleted at once, or what is kept is refused".to_owned());
    }
    found
}

#[test]
fn loki_refuses_nothing_of_its_configuration() {
    let compiled = monitored();
    let tree = Tree::of(&compiled);
    let loki = at(values(&tree, "loki").expect("it is there"), "loki");
    assert_eq!(refusals(loki), Vec::<String>::new());
    // No block is left out of what is looked at.
    let blocks = loki.as_mapping().expect("a map").keys().filter_map(Value::as_str);
    let others = blocks.filter(|it| !FIELDS.iter().any(|field| field.0 == *it));
    assert_eq!(others.collect::<BTreeSet<_>>(), ["auth_enabled", "image"].into());

    let refused = |path: &[&str], value: Value| {
        let mut changed = loki.clone();
        let mut place = &mut changed;
        for key in path {
            place = match key.parse::<usize>() {
                Ok(number) => &mut place[number],
                Err(_) => &mut place[*key],
            };
        }
        *place = value;
        refusals(&changed).join("\n")
    };
    let schema = ["schemaConfig", "configs", "0"];
    let of_schema = |key: &'static str| [&schema[..], &[key]].concat();
    assert!(refused(&["limits_config", "retention"], "7d".into()).contains("no field retention"));
    assert!(refused(&["limits_config", "ingestion_rate_mb"], "4".into()).contains("is no"));
    assert!(refused(&["limits_config", "max_line_size"], "64Ki".into()).contains("is no"));
    assert!(refused(&["limits_config", "retention_period"], "7d".into()).contains("is no"));
    assert!(refused(&["compactor", "retention_enabled"], false.into()).contains("not enabled"));
    assert!(refused(&["compactor", "delete_request_store"], Value::Null).contains("no store"));
    assert!(refused(&of_schema("schema"), "v14".into()).contains("no schema v14"));
    assert!(refused(&of_schema("schema"), "v12".into()).contains("no room"));
    assert!(refused(&of_schema("store"), "boltdb".into()).contains("tsdb or"));
    assert!(refused(&of_schema("object_store"), "s3".into()).contains("nobody has made"));
    let period = [&schema[..], &["index", "period"]].concat();
    assert!(refused(&period, "168h".into()).contains("24 hours"));
}

/// Scripts of the tree, of containers and of the bootstrap, with the variables that hold secrets.
fn scripts(tree: &Tree) -> Vec<(String, String, Vec<String>)> {
    let mut all = Vec::new();
    for object in &tree.objects {
        let Some(template) = object.pod_template() else { continue };
        let spec = at(template, "spec");
        for container in items(at(spec, "containers")).chain(items(at(spec, "initContainers"))) {
            let secret = |variable: &&Value| !at(variable, "valueFrom/secretKeyRef").is_null();
            let names = items(at(container, "env")).filter(secret);
            let names = names.filter_map(|it| at(it, "name").as_str().map(str::to_owned)).collect();
            let words = items(at(container, "command")).chain(items(at(container, "args")));
            let text: Vec<&str> = words.filter_map(Value::as_str).collect();
            let name = at(container, "name").as_str().unwrap_or_default();
            all.push((format!("{} {name}", object.path), text.join("\n"), names));
        }
    }
    all
}

/// A line of a script that writes a secret, or every command with its arguments, to the log.
fn tells(script: &str, secrets: &[String]) -> Option<String> {
    script.lines().map(str::trim).find_map(|line| {
        let traces = ["set -x", "set -ex", "set -eux", "set -o xtrace", "sh -x", "bash -x"];
        let is_traced = traces.iter().any(|it| line.contains(it));
        let shows = |name: &String| {
            line.contains(&format!("${name}")) || line.contains(&format!("${{{name}"))
        };
        let says = line.starts_with("echo ") || line.starts_with("printf ") || line == "env";
        // What goes into a file or a program is no line of the log.
        let stays = line.contains('>') && !line.contains(">&2") || line.contains('|');
        (is_traced || says && !stays && (line == "env" || secrets.iter().any(shows)))
            .then(|| line.to_owned())
    })
}

#[test]
fn no_program_of_the_tree_writes_a_secret_to_its_log() {
    let mut read = 0;
    for (name, folder) in golden_cases() {
        let compiled = tree(&texts_of(&folder));
        let tree = Tree::of(&compiled);
        for (place, script, secrets) in scripts(&tree) {
            read += usize::from(!secrets.is_empty());
            let said = tells(&script, &secrets);
            assert!(said.is_none(), "{name}: {place}: {said:?}");
        }
        for object in &tree.objects {
            of_programs(&name, object);
        }
        for (path, bytes) in &compiled.files {
            if has_ending(path, "sh") {
                let said = tells(&String::from_utf8_lossy(bytes), &[]);
                assert!(said.is_none(), "{name}: {path}: {said:?}");
            }
        }
    }
    assert!(read > 5, "{read} containers with secrets");
}

/// The formats of what programs log: neither bodies nor headers.
fn of_programs(name: &str, object: &Read) {
    let place = format!("{name}: {}", object.path);
    if object.kind() == "HelmChartConfig" {
        let values: Value = serde_yaml::from_str(object.text("spec/valuesContent")).expect("YAML");
        let headers = at(&values, "logs/access/fields/headers/defaultmode").as_str();
        assert!(headers.is_none_or(|it| it == "drop"), "{place}: headers have cookies in them");
        assert_ne!(at(&values, "logs/general/level").as_str(), Some("DEBUG"), "{place}");
    }
    let Some(template) = object.pod_template() else { return };
    let containers = items(at(template, "spec/containers"));
    for variable in containers.flat_map(|it| items(at(it, "env"))) {
        let value = at(variable, "value").as_str().unwrap_or_default();
        match at(variable, "name").as_str().unwrap_or_default() {
            "AUDIT_LOG_LEVEL" => assert!(["METADATA", "NONE"].contains(&value), "{place}: bodies"),
            "GLOBAL_LOG_LEVEL" | "OLLAMA_DEBUG" => {
                assert!(!["DEBUG", "1", "2", "true"].contains(&value), "{place}: {value}");
            }
            _ => {}
        }
    }
    let words = |key: &str| {
        let all = items(at(template, "spec/containers")).flat_map(|it| items(at(it, key)));
        all.filter_map(Value::as_str).collect::<Vec<_>>()
    };
    for word in [words("command"), words("args")].concat() {
        let logs = ["log_statement=all", "log_statement=mod", "log_parameter_max_length"];
        assert!(!logs.iter().any(|it| word.contains(it)), "{place}: statements have passwords");
    }
}

#[test]
fn a_script_that_tells_is_found() {
    let secrets = ["PASSWORD".to_owned()];
    for script in ["set -x\ntrue", "echo \"$PASSWORD\"", "printf '%s' \"${PASSWORD}\" >&2", "env"] {
        assert!(tells(script, &secrets).is_some(), "{script}");
    }
    for script in ["echo \"$PASSWORD\" > file", "printf '%s' \"$PASSWORD\" | psql", "echo done"] {
        assert!(tells(script, &secrets).is_none(), "{script}");
    }
}
