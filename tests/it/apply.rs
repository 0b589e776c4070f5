//! How a program applies a tenant: the URL of each object, and what comes before what.

use std::collections::{BTreeMap, BTreeSet};

use espalier::{Object, Plan, Tenant};
use proptest::{prelude::*, test_runner::Config};
use serde_yaml::Value;

use crate::{
    platforms::platforms,
    support::{Texts, golden_cases, texts_of},
};

const WORKSPACES: &str = "spec/workspaces/";

fn tenants(texts: &Texts) -> Vec<Tenant> {
    let is_tenant = |path: &str| path.starts_with(WORKSPACES);
    let own = texts.iter().filter(|(path, _)| !is_tenant(path));
    let (plan, found) = Plan::load(own.map(|(path, text)| (&**path, &**text)));
    let plan = plan.unwrap_or_else(|| panic!("{}", found.json()));
    let files = texts.iter().filter(|(path, _)| is_tenant(path));
    let tenant = |(path, text): (&String, &String)| {
        let (tenant, found) = plan.tenant(path, text);
        tenant.unwrap_or_else(|| panic!("{}", found.json()))
    };
    files.map(tenant).collect()
}

/// A kind and a name of the same namespace, as one object names another.
type Reference = (&'static str, String);

fn name(of: Option<&Value>, key: &str) -> Option<String> {
    of?.get(key)?.as_str().map(str::to_owned)
}

/// Fields whose value is a name, and fields whose value is a map with a name in it: field, key of
/// the name (empty: the value itself), kind.
const FIELDS: [(&str, &str, &str); 18] = [
    ("namespace", "", "Namespace"),
    ("serviceAccountName", "", "ServiceAccount"),
    ("serviceName", "", "Service"),
    ("claimName", "", "PersistentVolumeClaim"),
    ("priorityClassName", "", "PriorityClass"),
    ("configMap", "name", "ConfigMap"),
    ("configMapRef", "name", "ConfigMap"),
    ("configMapKeyRef", "name", "ConfigMap"),
    // A SealedSecret becomes the Secret of its name.
    ("secret", "name", "SealedSecret"),
    ("secret", "secretName", "SealedSecret"),
    ("secretRef", "name", "SealedSecret"),
    ("secretKeyRef", "name", "SealedSecret"),
    ("imagePullSecrets", "name", "SealedSecret"),
    ("service", "name", "Service"),
    ("services", "name", "Service"),
    ("middlewares", "name", "Middleware"),
    ("roleRef", "name", "Role"),
    ("subjects", "name", "ServiceAccount"),
];

/// What an object names, wherever it does.
fn references(value: &Value, found: &mut Vec<Reference>) {
    match value {
        Value::Mapping(fields) => {
            for (field, value) in fields {
                let field = field.as_str().unwrap_or_default();
                for (_, key, kind) in FIELDS.iter().filter(|it| it.0 == field) {
                    let items = value
                        .as_sequence()
                        .map_or_else(|| vec![value], |items| items.iter().collect());
                    found.extend(items.into_iter().filter_map(|item| {
                        let name = if key.is_empty() {
                            item.as_str().map(str::to_owned)
                        } else {
                            name(Some(item), key)
                        };
                        Some((*kind, name?))
                    }));
                }
                if field == "traefik.ingress.kubernetes.io/router.middlewares" {
                    found.extend(of_annotation(value));
                }
                references(value, found);
            }
        }
        Value::Sequence(items) => items.iter().for_each(|it| references(it, found)),
        _ => (),
    }
}

/// `a-team-bounds@kubernetescrd,…`: namespace and name with a dash between; the name is what
/// remains behind the namespace, so the caller compares ends.
fn of_annotation(value: &Value) -> Vec<Reference> {
    let all = value.as_str().unwrap_or_default().split(',');
    let of_cluster = all.filter_map(|it| it.trim().strip_suffix("@kubernetescrd"));
    of_cluster.map(|it| ("Middleware@", it.to_owned())).collect()
}

/// Each object, and which step it is in.
fn numbered<T>(steps: &[Vec<T>]) -> impl Iterator<Item = (usize, &T)> {
    let steps = steps.iter().enumerate();
    steps.flat_map(|(at, step)| step.iter().map(move |object| (at, object)))
}

/// Whether a step has an object of one of these kinds.
fn has(step: &[Object<'_>], kinds: &[&str]) -> bool {
    step.iter().any(|it| kinds.contains(&it.kind()))
}

/// What of a tenant does not keep to the order, and how many references there were of each kind.
fn broken(tenant: &Tenant, seen: &mut BTreeMap<&'static str, usize>) -> Vec<String> {
    let steps: Vec<Vec<Object<'_>>> = tenant.steps().map(Iterator::collect).collect();
    let step_of = |kind: &str, name: &str| {
        let is_it = |object: &Object<'_>| match kind.strip_suffix('@') {
            Some(kind) => {
                object.kind() == kind && format!("{}-{}", tenant.namespace(), object.name()) == name
            }
            None => object.kind() == kind && object.name() == name,
        };
        steps.iter().position(|step| step.iter().any(is_it))
    };
    let mut wrong = Vec::new();
    for (at, object) in numbered(&steps) {
        let whole: Value = serde_yaml::from_slice(&object.yaml()).expect("YAML");
        let mut named = Vec::new();
        references(&whole, &mut named);
        for (kind, name) in named {
            // What is not among them is made by others: a Secret by cert-manager.
            let Some(of) = step_of(kind, &name) else { continue };
            *seen.entry(kind).or_default() += 1;
            if of >= at {
                wrong.push(format!("{} is not before {}", name, object.url()));
            }
        }
    }
    let first = |kinds: &[&str]| steps.iter().position(|it| has(it, kinds));
    let last = |kinds: &[&str]| steps.iter().rposition(|it| has(it, kinds));
    let pods = first(&["CronJob", "DaemonSet", "Deployment", "Job", "StatefulSet"]);
    for kinds in [&["NetworkPolicy"][..], &["LimitRange"], &["ResourceQuota"]] {
        if let (Some(bound), Some(pods)) = (last(kinds), pods)
            && bound >= pods
        {
            wrong.push(format!("{kinds:?} are not before pods"));
        }
    }
    wrong
}

/// Whatever refers to another object comes in a later step than that, in every golden case.
#[test]
fn what_is_referred_to_comes_first() {
    let mut seen = BTreeMap::new();
    for (case, folder) in golden_cases() {
        for tenant in tenants(&texts_of(&folder)) {
            let wrong = broken(&tenant, &mut seen);
            assert!(wrong.is_empty(), "{case}: {wrong:#?}");
        }
    }
    let kinds: BTreeSet<&str> = seen.into_keys().collect();
    for kind in ["Namespace", "PersistentVolumeClaim", "Service", "ServiceAccount", "Middleware@"] {
        assert!(kinds.contains(kind), "no {kind} is referred to: {kinds:?}");
    }
}

/// Every kind that a tenant has is in the table of steps.
#[test]
fn every_kind_has_its_step() {
    use espalier::builder::step::STEPS;
    let listed: BTreeSet<(&str, &str)> = STEPS.iter().flat_map(|it| it.1).copied().collect();
    let count: usize = STEPS.iter().map(|it| it.1.len()).sum();
    assert_eq!(listed.len(), count, "a kind has one step");
    assert!(STEPS.is_sorted_by_key(|it| it.0));
    for (case, folder) in golden_cases() {
        for tenant in tenants(&texts_of(&folder)) {
            for object in tenant.objects() {
                let group = object.api_version().rsplit_once('/').map_or("", |it| it.0);
                let kind = (group, object.kind());
                assert!(listed.contains(&kind), "{case}: {kind:?} is in no step");
            }
        }
    }
}

/// An object's URL says what it is: group, version, namespace, plural, name.
#[test]
fn urls_are_those_of_the_api_server() {
    let (mut urls, mut scopes) = (BTreeMap::new(), BTreeSet::new());
    for (_, folder) in golden_cases() {
        let texts = texts_of(&folder);
        let own = texts.iter().filter(|(path, _)| !path.starts_with(WORKSPACES));
        let (plan, _) = Plan::load(own.map(|(path, text)| (&**path, &**text)));
        let plan = plan.expect("a golden case compiles");
        let tenants = tenants(&texts);
        let own = plan.applications().flat_map(|it| it.1);
        for object in own.chain(tenants.iter().flat_map(Tenant::objects)) {
            assert_eq!(object.is_namespaced(), object.namespace().is_some(), "{}", object.url());
            let url = object.url();
            assert!(url.ends_with(&format!("/{}/{}", object.plural(), object.name())), "{url}");
            scopes.insert(object.is_namespaced());
            urls.entry(object.kind()).or_insert(url);
        }
    }
    assert_eq!(scopes.len(), 2);
    for (kind, root) in [
        ("ConfigMap", "/api/v1/namespaces/"),
        ("Deployment", "/apis/apps/v1/namespaces/"),
        ("Ingress", "/apis/networking.k8s.io/v1/namespaces/"),
        ("Namespace", "/api/v1/namespaces/"),
        ("NetworkPolicy", "/apis/networking.k8s.io/v1/namespaces/"),
        ("ClusterIssuer", "/apis/cert-manager.io/v1/clusterissuers/"),
        ("SealedSecret", "/apis/bitnami.com/v1alpha1/namespaces/"),
        ("PrometheusRule", "/apis/monitoring.coreos.com/v1/namespaces/"),
    ] {
        assert!(urls[kind].starts_with(root), "{}", urls[kind]);
    }
    // One URL is one object's.
    let plurals: BTreeSet<&str> = urls.values().filter_map(|it| it.rsplit('/').nth(1)).collect();
    assert_eq!(plurals.len(), urls.len(), "{plurals:?}");
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, max_shrink_iters: 200, ..Config::with_cases(24) })]

    #[test]
    fn of_random_platforms_too(texts in platforms()) {
        for tenant in tenants(&texts) {
            let wrong = broken(&tenant, &mut BTreeMap::new());
            prop_assert!(wrong.is_empty(), "{wrong:#?}");
        }
    }
}
