//! The library's API: what a program that depends on the package sees.

use std::collections::BTreeMap;

use espalier::{Object, Plan, Tenant, check::examples::EXAMPLE_VALUE};
use serde_json::{Value, json};

use crate::support::{self, Texts, golden_cases, sealed, texts_of, with_components};

const PLATFORM: &str = "spec/platform.yaml";
const WORKSPACES: &str = "spec/workspaces/";

fn own(texts: &Texts) -> impl Iterator<Item = (&str, &str)> {
    let own = texts.iter().filter(|(path, _)| !path.starts_with(WORKSPACES));
    own.map(|(path, text)| (&**path, &**text))
}

fn load(texts: &Texts) -> Plan {
    let (plan, findings) = Plan::load(own(texts));
    assert!(!findings.has_errors(), "{}", findings.json());
    plan.expect("a platform without errors")
}

fn tenants(plan: &Plan, texts: &Texts) -> Vec<Tenant> {
    let files = texts.iter().filter(|(path, _)| path.starts_with(WORKSPACES));
    files.map(|(path, text)| plan.tenant(path, text).0.expect("a tenant")).collect()
}

fn workspace(name: &str) -> Value {
    json!({
        "apiVersion": "apps.aichatworkspaces.io/v1alpha1",
        "kind": "AIChatWorkspace",
        "metadata": {"name": name},
        "spec": {
            "workspaceName": name,
            "models": ["llama3.2:1b-instruct-q4_K_M"],
            "administrator": {
                "email": "ada@garden.test",
                "sealed": {"suffix": "x7k2p", "password": sealed()},
            },
        },
    })
}

/// The same bytes as the program writes, and the same findings, for every golden case; whatever
/// the order of the tenants.
#[test]
fn the_tree_is_the_program_s() {
    for (name, folder) in golden_cases() {
        let texts = texts_of(&folder);
        let plan = load(&texts);
        let mut tenants = tenants(&plan, &texts);
        tenants.reverse();
        let (tree, findings) = plan.tree(tenants);
        let compiled = support::compile(&texts);
        assert!(tree.as_ref() == Some(&compiled.files), "{name}: the trees differ");
        let whole: Vec<String> = findings.list().iter().map(|it| it.message.to_owned()).collect();
        let before = Plan::load(own(&texts)).1.list().len();
        let mut all = compiled.codes();
        all.retain(|it| *it != EXAMPLE_VALUE.name());
        let examples = findings.list().iter().filter(|it| it.code == EXAMPLE_VALUE.name()).count();
        assert_eq!(whole.len() - examples + before, all.len(), "{name}: {whole:?} {all:?}");
    }
}

/// What does not fit is no tree, and neither is a name that two tenants have.
#[test]
fn a_tree_with_errors_is_none() {
    let plan = load(&with_components("openWebui: {replicas: 1}"));
    let many = (0..40).map(|it| workspace(&format!("team-{it}")));
    let tenants = many.map(|it| plan.tenant_of("body", &it).0.expect("a tenant")).collect();
    let (tree, found) = plan.tree(tenants);
    let codes: Vec<_> = found.list().iter().map(|it| it.code.to_owned()).collect();
    assert!(tree.is_none() && codes.contains(&"node-memory-exceeded".to_owned()), "{codes:?}");
    let one = || plan.tenant_of("body", &workspace("a")).0.expect("a tenant");
    let (tree, found) = plan.tree(vec![one(), one()]);
    let list = found.list();
    let twice = list.iter().find(|it| it.message == "another workspace has this name");
    assert!(
        tree.is_none() && twice.is_some_and(|it| it.code == "workspace-name" && it.help.len() == 1)
    );
}

/// A platform without certificates has no tenants, and says so.
#[test]
fn a_tenant_that_cannot_be_built_is_a_finding() {
    let texts = with_components("openWebui: {enabled: false}\ncertManager: {enabled: false}");
    let plan = load(&texts);
    let (tenant, found) = plan.tenant_of("body", &workspace("a"));
    let list = found.list();
    let codes: Vec<_> = list.iter().map(|it| it.code).collect();
    assert!(tenant.is_none());
    assert_eq!(codes, ["component-needed"]);
    assert_eq!(list[0].help, ["write `enabled: true`"]);
}

/// A resource as the API server returns it makes the tenant that its file makes.
#[test]
fn a_tenant_of_a_value_is_that_of_its_file() {
    let plan = load(&with_components("openWebui: {replicas: 1}"));
    let resource = workspace("a-team");
    let file = serde_yaml::to_string(&resource).expect("YAML");
    let mut live = resource;
    live["metadata"] = json!({
        "name": "a-team",
        "uid": "3c9c8f1e-6b1c-4d46-9a3e-0a2f3c8f7d11",
        "generation": 3,
        "managedFields": [{"manager": "kubectl", "operation": "Apply"}],
    });
    live["status"] = json!({"isCreated": true});
    let (of_text, found) = plan.tenant("spec/workspaces/a-team.yaml", &file);
    assert!(found.is_empty(), "{}", found.json());
    let (of_value, found) = plan.tenant_of("a-team", &live);
    assert!(found.is_empty(), "{}", found.json());
    let bytes = |tenant: &Option<Tenant>| -> Vec<Vec<u8>> {
        tenant.as_ref().expect("a tenant").objects().map(Object::yaml).collect()
    };
    assert!(bytes(&of_text).len() > 8);
    assert_eq!(bytes(&of_text), bytes(&of_value));
    let tenant = of_value.expect("a tenant");
    assert_eq!((tenant.namespace(), tenant.host()), ("a-team", Some("a-team.chat.example.com")));
}

/// Who an object is, as it says itself; and its JSON is its YAML.
#[test]
fn an_object_is_the_same_in_both_forms() {
    let texts = with_components("openWebui: {replicas: 1}");
    let plan = load(&texts);
    let (tenant, _) = plan.tenant_of("a-team", &workspace("a-team"));
    let tenant = tenant.expect("a tenant");
    let own: Vec<_> = plan.applications().flat_map(|it| it.1).collect();
    assert!(
        own.len() > 30
            && own.iter().any(|it| it.kind() == "SealedSecret" || it.kind() == "ClusterIssuer")
    );
    for object in own.into_iter().chain(tenant.objects()) {
        let of_json: Value = serde_json::from_slice(&object.json()).expect("JSON");
        let of_yaml: Value = serde_yaml::from_slice(&object.yaml()).expect("YAML");
        assert_eq!(of_json, of_yaml);
        let identity = BTreeMap::from([
            ("/apiVersion", Some(object.api_version())),
            ("/kind", Some(object.kind())),
            ("/metadata/namespace", object.namespace()),
            ("/metadata/name", Some(object.name())),
        ]);
        for (pointer, expected) in identity {
            assert_eq!(of_json.pointer(pointer).and_then(Value::as_str), expected, "{of_json}");
        }
    }
}

/// Each finding leads to the value that it is about, in the reader's own resource.
#[test]
fn findings_have_pointers_into_the_value() {
    let plan = load(&with_components("openWebui: {replicas: 1}"));
    let mut wrong = workspace("a-team");
    let model = "llama3.2:1b-instruct-q4_K_M";
    let spec = json!({"workspaceName": "a-team", "workspaceENV": "dev", "a/b": 1});
    wrong["spec"] = spec;
    wrong["spec"]["models"] = json!([model, "A b"]);
    let (tenant, found) = plan.tenant_of("a-team", &wrong);
    assert!(tenant.is_none() && found.has_errors());
    let pointers: Vec<String> = found.list().into_iter().filter_map(|it| it.at.pointer).collect();
    assert_eq!(pointers, ["/spec/models/1", "/spec/a~1b"]);
    for pointer in &pointers {
        assert!(wrong.pointer(pointer).is_some(), "{pointer}");
    }
    let (_, found) = plan.tenant_of("kube-system", &workspace("kube-system"));
    let list = found.list();
    let found: Vec<_> = list.iter().map(|it| (it.code, it.at.pointer.as_deref())).collect();
    assert_eq!(found, [("workspace-name", Some("/spec/workspaceName"))]);
}

/// Programs read the same as from `check --format json`.
#[test]
fn a_platform_with_errors_is_none() {
    let mut texts = with_components("openWebui: {replicas: 1}");
    let spec = texts.get_mut(PLATFORM).expect("a spec");
    *spec = spec.replace("memory: 8Gi", "memory: 8G b");
    let (plan, findings) = Plan::load(texts.iter().map(|(path, text)| (&**path, &**text)));
    assert!(plan.is_none());
    let json: Value = serde_json::from_str(&findings.json()).expect("JSON");
    let at = |pointer: &str| json[0].pointer(pointer).cloned().unwrap_or_default();
    assert_eq!(
        (at("/file"), at("/pointer"), at("/code")),
        (json!(PLATFORM), json!("/spec/node/memory"), json!("invalid-value"))
    );
}
