//! The operator for workspaces: it may do what workspaces need and no more, and it reads the very
//! platform that the tree was made of.

use std::collections::{BTreeMap, BTreeSet};

use espalier::{
    compile,
    components::workspace_operator::rights::{self, Scopes},
    emit::{files::Files, tenant},
    load::Sources,
    plan::tenant::Tenant,
    yaml::source::Source,
};
use k8s_openapi::api::{
    apps::v1::{Deployment, StatefulSet},
    core::v1::{PodSpec, Service},
    rbac::v1::{PolicyRule, RoleBinding},
};

use crate::support::{Read, Texts, at, compile, golden_cases, items, texts_of, tree};

const NAMESPACE: &str = "aichat-workspace-operator-system";
const WORKSPACES: &str = "spec/workspaces/";

fn golden(name: &str) -> Texts {
    let found = golden_cases().into_iter().find(|it| it.0 == name);
    texts_of(&found.expect("it is there").1)
}

/// The tenants of every golden platform.
fn tenants() -> Vec<Tenant> {
    let mut all = Vec::new();
    for (_, folder) in golden_cases() {
        let texts = texts_of(&folder);
        let Some(plan) = compile(&texts).plan else { continue };
        for (path, text) in texts.iter().filter(|it| it.0.starts_with(WORKSPACES)) {
            let source = Source::parse(path.as_str(), text.as_str());
            let workspace = source.read().0.expect("a golden workspace is right");
            all.push(plan.tenant(&workspace).expect("it is built"));
        }
    }
    all
}

/// The kinds that rules name, group by group.
fn granted(rules: &[PolicyRule]) -> BTreeSet<(String, String)> {
    let pairs = |rule: &PolicyRule| {
        let groups = rule.api_groups.clone().unwrap_or_default();
        let resources = rule.resources.clone().unwrap_or_default();
        let pair = |group: &String| {
            resources.iter().map(|it| (group.clone(), it.clone())).collect::<Vec<_>>()
        };
        groups.iter().flat_map(pair).collect::<Vec<_>>()
    };
    rules.iter().flat_map(pairs).collect()
}

/// One table for both: a kind that a tenant gets and nobody is granted, or the other way round.
#[test]
fn roles_name_the_kinds_that_tenants_have() {
    let mut made = BTreeSet::new();
    for tenant in tenants() {
        for object in &tenant.component.objects {
            let scopes = if object.is_namespaced { Scopes::Namespaced } else { Scopes::Cluster };
            let known = rights::children(scopes);
            let its = known.get(object.group());
            assert!(its.is_some_and(|it| it.contains(object.plural)), "{}", object.url());
            made.insert((object.group().to_owned(), object.plural.to_owned()));
        }
    }
    let of_children = |rule: &&PolicyRule| rule.verbs.iter().any(|it| it == "create");
    let rules: Vec<_> = rights::of_cluster().iter().filter(of_children).cloned().collect();
    assert_eq!(granted(&rules), made);
}

/// Least privilege: what is not in here would be somebody else's.
#[test]
fn roles_have_no_wildcard_and_nothing_that_shows_secrets_or_nodes() {
    let (of_cluster, of_its_own) = (rights::of_cluster(), rights::of_its_namespace());
    let all = || of_cluster.iter().chain(&of_its_own);
    for rule in all() {
        let words = rule.api_groups.iter().chain(&rule.resources).flatten().chain(&rule.verbs);
        assert!(words.into_iter().all(|it| !it.contains('*')), "{rule:?}");
        assert!(rule.non_resource_urls.is_none(), "{rule:?}");
    }
    let named: BTreeSet<String> = granted(&of_cluster).into_iter().map(|it| it.1).collect();
    for never in ["secrets", "nodes", "pods/exec", "pods/log", "roles", "clusterrolebindings"] {
        assert!(!named.contains(never), "{never}");
    }
    let verbs = |resource: &str| -> BTreeSet<&str> {
        let names = |rule: &&PolicyRule| rule.resources.iter().flatten().any(|it| it == resource);
        all().filter(names).flat_map(|it| it.verbs.iter().map(String::as_str)).collect()
    };
    assert_eq!(verbs("pods"), ["list"].into());
    assert_eq!(verbs("clusterroles"), ["bind"].into());
    assert_eq!(verbs("aichatworkspaces"), ["list", "patch", "watch"].into());
    assert_eq!(verbs("aichatworkspaces/status"), ["patch"].into());
    assert_eq!(verbs("leases"), ["create", "get", "update"].into());
    assert_eq!(verbs("deployments"), ["create", "delete", "list", "patch", "watch"].into());
}

/// What the policies ask of a workspace's objects, every workspace keeps.
#[test]
fn tenants_are_what_the_policies_permit() {
    let keeps = |tenant: &Tenant, pod: &PodSpec| {
        let accounts = ["ollama", "openwebui"].map(|it| format!("{}-{it}", tenant.name));
        let account = pod.service_account_name.as_ref();
        assert!(account.is_some_and(|it| accounts.contains(it)), "{}: {account:?}", tenant.name);
        assert_eq!(pod.automount_service_account_token, Some(false));
        let volumes = pod.volumes.iter().flatten();
        assert!(volumes.into_iter().all(|it| it.host_path.is_none()));
        assert!([pod.host_ipc, pod.host_network, pod.host_pid].iter().all(Option::is_none));
    };
    let mut pods = 0;
    for tenant in tenants() {
        for object in &tenant.component.objects {
            let template = object
                .get::<Deployment>()
                .and_then(|deployment| deployment.spec.as_ref().map(|it| &it.template))
                .or_else(|| Some(&object.get::<StatefulSet>()?.spec.as_ref()?.template));
            if let Some(pod) = template.and_then(|it| it.spec.as_ref()) {
                keeps(&tenant, pod);
                pods += 1;
            }
            if let Some(service) = object.get::<Service>() {
                let spec = service.spec.as_ref().expect("a spec");
                assert!(spec.type_.is_none() && spec.external_ips.is_none(), "{}", object.url());
            }
            if let Some(binding) = object.get::<RoleBinding>() {
                assert_eq!(binding.role_ref.name, rights::MEMBERS_ROLE);
            }
        }
    }
    assert!(pods > 4, "{pods}");
}

/// The texts that the operator's pod finds in its folder.
fn mounted(objects: &[Read]) -> Texts {
    let is =
        |object: &&Read, kind: &str| object.kind() == kind && object.namespace() == Some(NAMESPACE);
    let deployment = objects.iter().find(|it| is(it, "Deployment")).expect("a Deployment");
    let pod = at(deployment.pod_template().expect("pods"), "spec").clone();
    let source = items(at(&pod, "volumes")).next().expect("a volume");
    let name = at(source, "configMap/name").as_str().expect("a ConfigMap");
    let map = objects.iter().find(|it| is(it, "ConfigMap") && it.name() == name);
    let map = map.expect("it is there");
    assert_eq!(map.at("immutable").as_bool(), Some(true));
    let text = |value: &serde_yaml::Value| value.as_str().expect("a text").to_owned();
    let file =
        |item: &serde_yaml::Value| (text(at(item, "path")), text(&map.at("data")[at(item, "key")]));
    items(at(source, "configMap/items")).map(file).collect()
}

/// Compiler and operator give the same bytes: a platform that is compiled from what is mounted
/// makes the objects of another platform's tree, which differs from it by the operator alone.
#[test]
fn what_is_mounted_makes_the_objects_of_the_tree() {
    let mounted = mounted(&tree(&golden("operator")).objects());
    assert!(mounted.keys().all(|it| !it.starts_with("spec/secrets/")), "{:?}", mounted.keys());
    let (operators, compilers) = (golden("operator"), tree(&golden("tenants")));
    for (path, text) in &mounted {
        assert_eq!(Some(text), operators.get(path), "{path}");
    }
    let texts = mounted.iter();
    let texts = texts.map(|(path, text)| (path.as_str().into(), Source::parse(&**path, &**text)));
    let loaded = compile::platform(&Sources { texts: texts.collect() });
    assert!(!loaded.diagnostics.has_errors(), "{:?}", loaded.diagnostics);
    let plan = loaded.plan.expect("a platform");
    let mut made = BTreeMap::new();
    for (path, text) in operators.iter().filter(|it| it.0.starts_with(WORKSPACES)) {
        let (planned, found) = compile::planned(&plan, &Source::parse(&**path, &**text));
        assert!(!found.has_errors(), "{path}: {found:?}");
        let mut files = Files::default();
        tenant::write(&plan, &planned.expect("it is planned"), &mut files);
        made.extend(files.iter().map(|(path, bytes)| (path.to_owned(), bytes.to_owned())));
    }
    let is_object = |path: &str| path.starts_with("out/manifests/ws-");
    let expected: BTreeMap<_, _> =
        compilers.files.into_iter().filter(|it| is_object(&it.0)).collect();
    made.retain(|path, _| is_object(path));
    assert!(made.len() > 30 && made == expected);
}

/// The name of the ConfigMap is its content: a new spec is a new pod, a new sealed value is not.
#[test]
fn a_new_spec_is_a_new_name_and_a_new_sealed_value_is_none() {
    let name = |texts: &Texts| {
        let objects = tree(texts).objects();
        let mut maps = objects.iter().filter(|it| it.kind() == "ConfigMap");
        let map = maps.find(|it| it.namespace() == Some(NAMESPACE));
        map.expect("it is there").name().to_owned()
    };
    let texts = golden("operator");
    let mut sealed = texts.clone();
    let secrets = golden("sealed").into_iter().filter(|it| it.0.starts_with("spec/secrets/"));
    sealed.extend(secrets);
    assert!(sealed.len() > texts.len());
    assert_eq!(name(&sealed), name(&texts));
    let mut changed = texts.clone();
    changed.get_mut("spec/platform.yaml").expect("it is there").push_str("# More.\n");
    assert_ne!(name(&changed), name(&texts));
}

/// A new pod comes before the old one goes, and so there is always room for it.
#[test]
fn the_budget_keeps_room_for_a_pod_more() {
    let compiled = tree(&golden("operator"));
    let plan = compiled.plan.as_ref().expect("it compiles");
    let rows = plan.budget(&compiled.summaries).rows;
    let row = rows.iter().find(|it| &*it.name == "aichat-workspace-operator");
    assert_eq!(row.map(|it| (it.replicas, it.surge)), Some((2, 1)));
}

/// Parts of a core are numbers in a file, and texts at the API server.
#[test]
fn a_resource_says_amounts_as_the_api_server_takes_them() {
    let mut texts = golden("operator");
    let file = "spec/workspaces/zero-0.yaml";
    let more = "  resources: {ollama: {cpu: {request: 0.5}}}\n  quota: {pods: 9}\n";
    texts.get_mut(file).expect("it is there").push_str(more);
    let objects = tree(&texts).objects();
    let resource =
        objects.iter().find(|it| it.kind() == "AIChatWorkspace" && it.name() == "zero-0");
    let resource = resource.expect("it is there");
    assert_eq!(resource.at("spec/resources/ollama/cpu/request").as_str(), Some("0.5"));
    assert_eq!(resource.at("spec/quota/pods").as_u64(), Some(9));
    let prompt = items(resource.at("spec/prompts")).next().expect("a prompt");
    assert_eq!(at(prompt, "parameters/temperature").as_f64(), Some(0.2));
}
