//! Queries that look right: the law of queries refuses each, and takes what they mean.

use espalier::facts::metrics::Catalogue;

use super::law::{self, Names};

fn names() -> Names {
    [("namespace", ["ai", "argocd"].map(str::to_owned).into())].into()
}

fn faults(query: &str) -> Vec<String> {
    law::read(&Catalogue::read(), &names(), query).err().unwrap_or_default()
}

/// Refused, for this reason and no other.
#[track_caller]
fn refused(query: &str, why: &str) {
    let found = faults(query);
    assert!(found.len() == 1 && found[0].contains(why), "{query}\n{found:?}");
}

#[track_caller]
fn labels(query: &str) -> Vec<String> {
    let found = law::read(&Catalogue::read(), &names(), query);
    found.unwrap_or_else(|it| panic!("{query}\n{it:?}")).into_iter().collect()
}

#[test]
fn an_unknown_metric_is_refused() {
    refused("container_memory_rs == 0", "no exporter serves `container_memory_rs`");
    // The stack drops it before it is stored.
    refused("container_spec_memory_limit_bytes > 0", "no exporter serves");
    // Served where a collector is on that is off by default.
    refused("node_systemd_unit_state == 0", "no exporter serves");
    refused("rate(", "does not parse");
}

#[test]
fn an_unknown_label_is_refused() {
    refused("kube_cronjob_created{cron_job=\"a\"} > 0", "has no label `cron_job`");
    // A probe has its address as `instance`, and no name.
    refused("absent(probe_success{target=\"ollama\"})", "has no label `target`");
    // The pod of kube-state-metrics, not one of the node's.
    refused("kube_node_status_condition{pod=\"a\"} == 0", "has no label `pod`");
    refused("max by (app) (kube_cronjob_created)", "names the label `app`");
    refused("sum without (app) (kube_cronjob_created)", "names the label `app`");
    refused("sum(up) by (job, nod) == 0", "names the label `nod`");
}

#[test]
fn a_typo_in_a_value_is_refused() {
    refused("kube_cronjob_created{namespace=\"ais\"} > 0", "matches none of ai, argocd");
    refused("kube_cronjob_created{namespace=~\"ai|monitor\"} > 0", "matches none of");
    refused("kube_cronjob_created{namespace=~\"x.*\"} > 0", "matches none of");
    let reason = "kube_pod_container_status_last_terminated_reason{reason=\"OOMKiled\"} == 1";
    refused(reason, "matches none of");
    refused("argocd_app_info{health_status=~\"Degraded|Lost\"} == 1", "matches none of");
    assert!(!labels("kube_cronjob_created{namespace=~\"a.*\"} > 0").is_empty());
    assert!(!labels("argocd_app_info{operation=\"\"} == 1").is_empty());
}

#[test]
fn functions_of_counters_take_counters_and_those_of_gauges_gauges() {
    refused("rate(container_memory_rss[5m]) > 0", "`rate` is of counters");
    refused("increase(kube_cronjob_status_active[5m]) > 0", "`increase` is of counters");
    // The rate of a sum does not see when one of them begins anew.
    let nested = "rate(sum(kube_pod_container_status_restarts_total)[1h:]) > 0";
    refused(nested, "`rate` is of counters");
    refused("deriv(kube_pod_container_status_restarts_total[5m]) > 0", "`deriv` is of gauges");
    refused("max_over_time(argocd_app_sync_total[5m]) > 0", "`max_over_time` is of gauges");
    refused("kube_pod_container_status_restarts_total > 5", "compared as it is");
    refused("sum(kube_pod_container_status_restarts_total) > 5", "compared as it is");
}

#[test]
fn a_histogram_is_read_by_its_buckets() {
    let name = "traefik_entrypoint_request_duration_seconds";
    refused(&format!("{name} > 1"), "is a histogram");
    refused(&format!("rate({name}_total[5m]) > 1"), "no exporter serves");
    let quantile = |of: &str| format!("histogram_quantile(0.9, {of}) > 1");
    let by = |by: &str, ending: &str| quantile(&format!("sum{by} (rate({name}{ending}[5m]))"));
    refused(&by("", "_bucket"), "is of buckets by `le`");
    refused(&by(" by (entrypoint)", "_bucket"), "is of buckets by `le`");
    refused(&by(" by (entrypoint)", "_count"), "is of buckets by `le`");
    assert_eq!(labels(&by(" by (le, entrypoint)", "_bucket")), ["entrypoint"]);
    refused("kube_cronjob_created_bucket > 1", "no exporter serves");
}

#[test]
fn a_label_that_an_aggregation_drops_is_missed() {
    let used = "max by (pod) (container_memory_rss)";
    let limit = "max by (namespace, pod) (kube_pod_container_resource_limits{resource=\"memory\"})";
    refused(&format!("{used} / on (namespace, pod) {limit} > 1"), "a side has no such label");
    refused(&format!("{used} / {limit} > 1"), "one side alone has the labels");
    let used = "max by (namespace, pod, container) (container_memory_rss)";
    let limit = "max by (namespace, pod, container) (kube_pod_container_resource_limits)";
    refused(&format!("{used} / on (namespace, pod) {limit} > 1"), "drops the label `container`");
}

#[test]
fn sides_of_an_operation_find_each_other() {
    // Two resources a node: Prometheus would refuse to say which.
    let per_node = |of: &str, more: &str| format!("kube_node_status_{of}{{{more}}}");
    let all =
        format!("{} - on (node) {} > 0", per_node("capacity", ""), per_node("allocatable", ""));
    assert!(faults(&all).iter().all(|it| it.contains("tells series of a side apart")), "{all}");
    assert_eq!(faults(&all).len(), 2);
    let memory = "resource=\"memory\",unit=\"byte\"";
    let (capacity, ready) = (
        per_node("capacity", memory),
        "kube_node_status_condition{condition=\"Ready\",status=\"true\"}",
    );
    let right = format!("{capacity} - on (node) {} > 0", per_node("allocatable", memory));
    assert_eq!(labels(&right), ["node"]);
    assert!(
        labels(&format!("{capacity} * on (node) group_left (status) {ready} > 0"))
            .contains(&"status".to_owned())
    );
    let taken = format!("{capacity} * on (node) group_left (phase) {ready} > 0");
    refused(&taken, "takes `phase`");
    refused("kube_node_info unless ignoring (nothing) kube_node_created", "neither side has it");
}

#[test]
fn labels_of_a_result_are_known() {
    assert_eq!(labels("sum(up) < 1"), [""; 0]);
    assert_eq!(labels("max by (name) (argocd_app_info) == 1"), ["name"]);
    assert_eq!(labels("absent(up{job=\"a\",pod=~\"b\"})"), ["job"]);
    assert_eq!(labels("vector(1) - time() < 5"), [""; 0]);
    let either = "max by (namespace, cronjob) (kube_cronjob_created) or \
                  max by (namespace) (kube_cronjob_created)";
    assert_eq!(labels(either), ["namespace"]);
    let made =
        "label_replace(max by (node) (kube_node_created), \"of\", \"$1\", \"node\", \"(.*)\")";
    assert_eq!(labels(made), ["node", "of"]);
    refused(&made.replace("\"node\", \"(", "\"name\", \"("), "reads the label `name`");
}
