//! The first administrator of a workspace: sealed in its own resource, or nobody whom the internet
//! could be quicker than.

use serde_yaml::Value;

use crate::support::{
    Read, Texts, administrator, at, compile, items, labels, sealed, tree, with_components,
};

/// A platform on a larger machine, with one workspace.
fn texts(workspace: &str) -> Texts {
    let mut texts = with_components("ollama: {models: [\"gemma3:270m\"]}");
    let spec = texts.get_mut("spec/platform.yaml").expect("it is there");
    *spec = spec.replace("{cpu: 4, memory: 8Gi}", "{cpu: 16, memory: 64Gi}");
    let head = "apiVersion: apps.aichatworkspaces.io/v1alpha1\nkind: AIChatWorkspace\nmetadata: \
                {name: team}\nspec:\n  workspaceName: team\n  models: [\"gemma3:270m\"]\n";
    texts.insert("spec/workspaces/team.yaml".to_owned(), format!("{head}{workspace}"));
    texts
}

fn of<'a>(objects: &'a [Read], kind: &str, name: &str) -> &'a Read {
    let found = objects
        .iter()
        .find(|it| it.kind() == kind && it.name() == name && it.application() == "ws-team");
    found.unwrap_or_else(|| panic!("there is no {kind} {name}"))
}

/// A variable of the server's container: its value, or the Secret and the key that it comes from.
fn variable(objects: &[Read], name: &str) -> Option<(String, String)> {
    let pod = at(of(objects, "Deployment", "team-openwebui").pod_template()?, "spec");
    let server = items(at(pod, "containers")).next()?;
    let variable = items(at(server, "env")).find(|it| at(it, "name") == name)?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let reference = at(variable, "valueFrom/secretKeyRef");
    let value = text(at(variable, "value"));
    Some(if reference.is_null() {
        (value, String::new())
    } else {
        (text(at(reference, "name")), text(at(reference, "key")))
    })
}

const SECRET: &str = "team-sign-in-x7k2p";

#[test]
fn the_sealed_administrator_reaches_open_webui() {
    let compiled = tree(&texts(&format!("  {}\n", administrator())));
    let objects = compiled.objects();
    let pair = |one: &str, two: &str| Some((one.to_owned(), two.to_owned()));
    assert_eq!(variable(&objects, "WEBUI_ADMIN_EMAIL"), pair("ada@garden.test", ""));
    assert_eq!(variable(&objects, "WEBUI_ADMIN_PASSWORD"), pair(SECRET, "password"));
    assert_eq!(variable(&objects, "ENABLE_SIGNUP"), pair("False", ""));
    // Without a sealed key it lies on the volume, which one pod has.
    let file = pair("/app/backend/data/.webui_secret_key", "");
    assert_eq!(variable(&objects, "WEBUI_SECRET_KEY_FILE"), file);
    assert_eq!(variable(&objects, "WEBUI_SECRET_KEY"), None);
    let secret = of(&objects, "SealedSecret", SECRET);
    assert_eq!(secret.namespace(), Some("team"));
    assert_eq!(secret.text("spec/encryptedData/password"), sealed());
    // The scope is strict: no annotation says another, on the object or on the Secret.
    assert!(secret.at("metadata/annotations").is_null());
    assert!(secret.at("spec/template/metadata/annotations").is_null());
    assert_eq!(secret.text("spec/template/metadata/name"), SECRET);
    assert_eq!(secret.text("spec/template/metadata/namespace"), "team");
    // Anybody may come.
    assert!(objects.iter().all(|it| !it.name().ends_with("-private")));
}

#[test]
fn a_sealed_key_takes_the_place_of_the_one_on_the_volume() {
    let own = format!(
        "  administrator:\n    email: ada@garden.test\n    sealed: {{suffix: x7k2p, password: {0}, \
         secretKey: {0}}}\n",
        sealed()
    );
    let objects = tree(&texts(&own)).objects();
    let key = variable(&objects, "WEBUI_SECRET_KEY");
    assert_eq!(key, Some((SECRET.to_owned(), "key".to_owned())));
    assert_eq!(variable(&objects, "WEBUI_SECRET_KEY_FILE"), None);
}

/// Nobody is the administrator yet, so nobody from the internet may come, on any way through the
/// controller, whatever name they ask for.
#[test]
fn without_one_only_private_addresses_may_come() {
    let objects = tree(&texts("  workspaceENV: dev\n")).objects();
    let list = of(&objects, "Middleware", "team-openwebui-private");
    let ranges: Vec<&str> =
        items(list.at("spec/ipAllowList/sourceRange")).filter_map(Value::as_str).collect();
    assert_eq!(
        ranges,
        ["127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"]
    );
    // Only the address of the connection counts: nothing that a request says of itself.
    assert_eq!(list.at("spec/ipAllowList").as_mapping().map(serde_yaml::Mapping::len), Some(1));
    let route = of(&objects, "IngressRoute", "team-openwebui");
    let routes: Vec<&Value> = items(route.at("spec/routes")).collect();
    assert!(!routes.is_empty());
    for route in routes {
        let named = items(at(route, "middlewares")).any(|it| at(it, "name") == list.name());
        assert!(named, "{route:?}");
    }
    let ingress = of(&objects, "Ingress", "team-openwebui");
    let annotations = labels(ingress.at("metadata/annotations"));
    let names = &annotations["traefik.ingress.kubernetes.io/router.middlewares"];
    assert!(names.contains("team-team-openwebui-private@kubernetescrd"), "{names}");
    // The platform's own chat is for everybody.
    assert_eq!(objects.iter().filter(|it| it.name().ends_with("-private")).count(), 1);
}

/// Where the controller does not see who asks, such a list would let everybody in.
#[test]
fn where_nobody_sees_who_asks_an_administrator_is_needed() {
    let nodes = "nodes: [{name: main, role: server, cpu: 16, memory: 64Gi}, {name: more, role: \
                 agent, cpu: 16, memory: 64Gi}]";
    let changes: [(&str, &str); 2] = [
        ("node: {cpu: 16, memory: 64Gi}", nodes),
        ("  components:\n", "  components:\n    traefik: {enabled: false}\n"),
    ];
    for (find, replace) in changes {
        let mut texts = texts("  workspaceENV: dev\n");
        let spec = texts.get_mut("spec/platform.yaml").expect("it is there");
        assert!(spec.contains(find), "{spec}");
        *spec = spec.replace(find, replace);
        let compiled = compile(&texts);
        let codes = compiled.errors();
        assert_eq!(codes, ["workspace-without-administrator"], "{}", compiled.said());
    }
    let compiled = compile(&texts(""));
    assert_eq!(compiled.errors(), ["workspace-without-administrator"], "{}", compiled.said());
}
