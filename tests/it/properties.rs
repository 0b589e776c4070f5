//! Properties of every platform: random ones by proptest, and the golden ones.

use proptest::{prelude::*, test_runner::Config};

use espalier::{
    budget::demand::{BudgetRow, Origin},
    units::Bytes,
};

use crate::{
    invariants::Tree,
    platforms::{permuted, platforms, repository_files},
    policies::expected::asks_by_http,
    support::{Compiled, Read, Texts, at, compile_in_order, golden_cases, items, texts_of, tree},
};

/// Few enough that the whole binary runs within a minute without optimisation. Nothing is stored
/// between runs: a failure prints its spec.
fn few(cases: u32) -> Config {
    Config { failure_persistence: None, max_shrink_iters: 200, ..Config::with_cases(cases) }
}

/// The memory that the pods of an object request, counted from its YAML.
fn requested(object: &Read) -> u64 {
    let template = object.pod_template().expect("it has pods");
    let containers = |list: &str| -> Vec<u64> {
        items(at(template, list))
            .map(|it| at(it, "resources/requests/memory").as_str().expect("a request"))
            .map(|it| it.parse::<Bytes>().expect("an amount").get())
            .collect()
    };
    let running: u64 = containers("spec/containers").iter().sum();
    let starting = containers("spec/initContainers").into_iter().max().unwrap_or(0);
    let replicas = match object.kind() {
        "CronJob" => 1,
        _ => object.at("spec/replicas").as_u64().expect("replicas"),
    };
    running.max(starting) * replicas
}

fn differences(a: &Compiled, b: &Compiled) -> Vec<String> {
    let all = a.files.keys().chain(b.files.keys());
    let mut differ: Vec<String> =
        all.filter(|it| a.files.get(*it) != b.files.get(*it)).cloned().collect();
    differ.dedup();
    differ
}

proptest! {
    #![proptest_config(few(24))]

    #[test]
    fn random_platforms_keep_every_invariant(texts in platforms()) {
        let compiled = tree(&texts);
        prop_assert_eq!(&compiled.twice, &Vec::<String>::new(), "written twice");
        let broken = Tree::of(&compiled).broken();
        prop_assert!(broken.is_empty(), "{}", broken);
    }

    #[test]
    fn the_same_spec_makes_the_same_bytes(texts in platforms(), seed in any::<u64>()) {
        let compiled = tree(&texts);
        let none = Vec::<String>::new();
        prop_assert_eq!(&differences(&compiled, &tree(&texts)), &none, "a second time");

        let permute = |(path, text): (&String, &String)| {
            // Lines of keys and certificates are no map.
            let is_map = !repository_files().iter().any(|it| it.0 == *path);
            (path.clone(), if is_map { permuted(text, seed) } else { text.clone() })
        };
        let other: Texts = texts.iter().map(permute).collect();
        prop_assert_eq!(&differences(&compiled, &tree(&other)), &none, "keys permuted");

        let mut tenants: Vec<&String> =
            texts.keys().filter(|it| it.starts_with("spec/workspaces/")).collect();
        tenants.reverse();
        let backwards = compile_in_order(&texts, &tenants);
        prop_assert_eq!(&differences(&compiled, &backwards), &none, "tenants backwards");
    }

    /// The rows of the plan agree with the tree: an Application is later than all that it waits
    /// for.
    #[test]
    fn waves_are_later_than_what_they_wait_for(texts in platforms()) {
        let compiled = tree(&texts);
        let plan = compiled.plan.as_ref().expect("it compiles");
        let rows = espalier::plan::tables::waves(plan, &compiled.summaries);
        for row in &rows {
            for other in &row.after {
                let other = rows.iter().find(|it| it.application == *other).expect("it is a row");
                prop_assert!(
                    row.wave > other.wave,
                    "{} is not later than {}", row.application, other.application
                );
            }
            prop_assert!(
                row.after.is_empty() == (row.wave == 0),
                "{} waits for nothing", row.application
            );
        }
        let is_project = |path: &str| path.ends_with(".project.yaml");
        let emitted =
            compiled.files.keys().filter(|it| it.starts_with("apps/") && !is_project(it)).count();
        prop_assert_eq!(rows.len(), emitted);
    }

    /// The budget sums what the tree requests: counted a second time from the YAML, with nothing
    /// left out.
    #[test]
    fn the_budget_counts_the_pods_of_the_tree(texts in platforms()) {
        let compiled = tree(&texts);
        let plan = compiled.plan.as_ref().expect("it compiles");
        let report = plan.budget(&compiled.summaries);
        let all = Tree::of(&compiled);
        // A Job that people run does not normally exist; while it runs, the pods that it replaces
        // are stopped.
        let is_running = |object: &&Read| object.pod_template().is_some() && object.kind() != "Job";
        let requests: u64 = all.objects.iter().filter(is_running).map(requested).sum();
        let not_ours = |row: &&BudgetRow| {
            row.kind != "CronJob" && !matches!(row.source, Origin::Object | Origin::Tenant)
        };
        let of_row = |row: &BudgetRow| row.pod.request.get() * u64::from(row.replicas);
        let others: u64 = report.rows.iter().filter(not_ours).map(of_row).sum();
        let is_asked = all.of_kind("ClusterIssuer").any(asks_by_http);
        let tenants = if is_asked { compiled.summaries.len() as u64 } else { 0 };
        let solvers = 16 * (1 << 20) * tenants;
        prop_assert_eq!(report.requests.get(), requests + others + solvers);
        let by_row: u64 = report.rows.iter().map(of_row).sum();
        prop_assert_eq!(report.requests.get(), by_row);
    }
}

#[test]
fn golden_trees_keep_every_invariant() {
    for (name, folder) in golden_cases() {
        let compiled = tree(&texts_of(&folder));
        assert_eq!(compiled.twice, Vec::<String>::new(), "{name}");
        let broken = Tree::of(&compiled).broken();
        assert!(broken.is_empty(), "{name}:\n{broken}");
    }
}

/// What a project permits is made by some golden tree or by a chart: it is the same for every
/// switch, and there is nothing more.
#[test]
fn no_permission_is_for_nobody() {
    use espalier::facts::charts::{
        alloy::ALLOY,
        argo_cd::ARGO_CD,
        blackbox_exporter::BLACKBOX_EXPORTER,
        cert_manager::CERT_MANAGER,
        grafana::GRAFANA,
        kube_prometheus_stack::{KUBE_PROMETHEUS_STACK, PROMETHEUS_OPERATOR_CRDS},
        loki::LOKI,
        node_exporter::NODE_EXPORTER,
        sealed_secrets::SEALED_SECRETS,
    };

    let trees: Vec<Tree> =
        golden_cases().iter().map(|(_, folder)| Tree::of(&tree(&texts_of(folder)))).collect();
    let charts = [
        ALLOY,
        ARGO_CD,
        BLACKBOX_EXPORTER,
        CERT_MANAGER,
        GRAFANA,
        KUBE_PROMETHEUS_STACK,
        LOKI,
        NODE_EXPORTER,
        PROMETHEUS_OPERATOR_CRDS,
        SEALED_SECRETS,
    ];
    let made_by_chart = |group: &str, kind: &str| {
        use espalier::facts::charts::ObjectKind;
        charts.iter().flat_map(|it| it.kinds).any(|kinds| match kinds {
            ObjectKind::Cluster(g, k, _) | ObjectKind::Namespaced(g, k) => {
                (*g, *k) == (group, kind)
            }
        })
    };
    for project in trees[0].of_kind("AppProject") {
        for list in ["spec/namespaceResourceWhitelist", "spec/clusterResourceWhitelist"] {
            for permit in crate::support::items(project.at(list)) {
                let text = |key| crate::support::at(permit, key).as_str().unwrap_or_default();
                let (group, kind) = (text("group"), text("kind"));
                let is_made = trees
                    .iter()
                    .flat_map(|it| &it.objects)
                    .any(|it| it.group() == group && it.kind() == kind);
                assert!(
                    is_made || made_by_chart(group, kind),
                    "{}: permits {group}/{kind}, which nothing makes",
                    project.path
                );
            }
        }
    }
}

/// Paths of objects, also for kinds and names that no component makes: one path for each object,
/// also if case is ignored.
mod paths {
    use super::*;

    fn keys() -> impl Strategy<Value = (&'static str, &'static str, Option<String>, String)> {
        let kinds = proptest::sample::select(vec![
            ("", "Service"),
            ("", "ServiceAccount"),
            ("serving.example.org", "Service"),
            ("apps", "Deployment"),
            ("networking.k8s.io", "Ingress"),
            ("ingress.example.org", "Ingress"),
            ("rbac.authorization.k8s.io", "ClusterRole"),
            ("policy", "PodDisruptionBudget"),
        ]);
        let namespace = proptest::option::of("[a-c](-[a-c])?");
        // Few characters, so that names often nearly collide: `a_b`, `a_5fb`, `A`, `a.b`, `a+b`.
        (kinds, namespace, "[aA_:.+5f-]{1,6}")
            .prop_map(|((group, kind), namespace, name)| (group, kind, namespace, name))
    }

    fn path(key: &(&str, &str, Option<String>, String)) -> String {
        let mut into = String::new();
        espalier::builder::object::path(&mut into, key.0, key.1, key.2.as_deref(), &key.3);
        into
    }

    proptest! {
        #![proptest_config(few(4000))]

        #[test]
        fn are_injective(one in keys(), two in keys()) {
            prop_assert_eq!(one == two, path(&one).to_lowercase() == path(&two).to_lowercase());
        }

        #[test]
        fn are_plain(one in keys()) {
            let path = path(&one);
            let is_plain = |byte: u8| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._+/".contains(&byte)
            };
            prop_assert!(path.bytes().all(is_plain), "{}", path);
            prop_assert_eq!(path.matches('/').count(), 1);
        }
    }
}
