//! Grafana: where its pages answer, and who may see and change what.

use serde_yaml::Value;

use crate::{
    invariants::Tree,
    support::{Compiled, at, golden_cases, items, texts_of, tree},
};

/// Changes of the case after which nothing keeps logs.
const WITHOUT_LOGS: [(&str, &str); 2] =
    [("    loki: {enabled: true}\n", ""), ("    alloy: {enabled: true}\n", "")];

fn monitoring(changes: &[(&str, &str)]) -> Compiled {
    let (_, folder) = golden_cases().into_iter().find(|it| it.0 == "monitoring").expect("the case");
    let mut texts = texts_of(&folder);
    let spec = texts.get_mut("spec/platform.yaml").expect("the spec");
    for (from, to) in changes {
        assert!(spec.contains(from), "{from}");
        *spec = spec.replace(from, to);
    }
    tree(&texts)
}

fn values(compiled: &Compiled) -> Value {
    let tree = Tree::of(compiled);
    let mut applications = tree.of_kind("Application");
    let grafana = applications.find(|it| it.name() == "grafana").expect("it is on");
    grafana.at("spec/source/helm/valuesObject").clone()
}

fn page(compiled: &Compiled) -> String {
    String::from_utf8_lossy(&compiled.files["out/README.md"]).into_owned()
}

const FORWARD: &str = "`kubectl --namespace monitoring port-forward service/grafana 3000:80`, then \
                       <http://localhost:3000>";

#[test]
fn its_pages_answer_at_the_public_host() {
    let compiled = monitoring(&[]);
    assert!(!compiled.codes().contains(&"host-not-served"), "{}", compiled.said());
    assert!(!page(&compiled).contains("port-forward service/grafana"));
    let values = values(&compiled);
    let ini = at(&values, "grafana.ini");
    assert_eq!(at(ini, "server/root_url"), "https://monitoring.example.com/");
    assert_eq!(at(ini, "security/cookie_secure").as_bool(), Some(true));
    let tree = Tree::of(&compiled);
    let ingress = tree.find("Ingress", Some("monitoring"), "grafana").expect("it is public");
    let mut rules = items(ingress.at("spec/rules"));
    assert_eq!(at(rules.next().expect("a rule"), "host"), "monitoring.example.com");
}

/// A browser keeps a cookie for HTTPS to itself, so nobody could sign in at a port-forward.
#[test]
fn without_a_host_a_port_forward_leads_to_its_pages() {
    let compiled = monitoring(&[(", monitoring: monitoring.example.com", "")]);
    assert!(page(&compiled).contains(FORWARD), "{}", page(&compiled));
    assert!(!compiled.tree().keys().any(|it| it.contains("grafana-ingress")));
    let values = values(&compiled);
    let ini = at(&values, "grafana.ini");
    assert!(at(ini, "server/root_url").is_null());
    assert_eq!(at(ini, "security/cookie_secure").as_bool(), Some(false));
}

#[test]
fn visitors_see_and_change_nothing() {
    let values = values(&monitoring(&WITHOUT_LOGS));
    let ini = at(&values, "grafana.ini");
    let anonymous = ini.get("auth.anonymous").expect("it is said");
    assert_eq!(
        (at(anonymous, "enabled"), at(anonymous, "org_role")),
        (&true.into(), &"Viewer".into())
    );
    assert_eq!(at(ini.get("auth.basic").expect("it is said"), "enabled").as_bool(), Some(false));
    let providers = at(&values, "dashboardProviders").get("dashboardproviders.yaml");
    let provider = &providers.expect("a file")["providers"][0];
    assert_eq!(
        (at(provider, "allowUiUpdates"), at(provider, "disableDeletion")),
        (&false.into(), &true.into())
    );
    let sources = at(&values, "datasources").get("datasources.yaml").expect("a file");
    assert!(
        items(at(sources, "datasources")).all(|it| at(it, "editable").as_bool() == Some(false))
    );
}

/// Whoever may ask Loki may read every line, so visitors may only where somebody wrote that.
#[test]
fn without_visitors_everybody_signs_in() {
    let [loki, alloy] = WITHOUT_LOGS;
    let off = ("grafana: {enabled: true}", "grafana: {enabled: true, anonymous: false}");
    let on = ("grafana: {enabled: true}", "grafana: {enabled: true, anonymous: true}");
    for (changes, wanted) in [
        (vec![], false),
        (vec![loki, alloy], true),
        (vec![loki, alloy, off], false),
        (vec![on], true),
    ] {
        let values = values(&monitoring(&changes));
        let anonymous = at(&values, "grafana.ini").get("auth.anonymous").expect("it is said");
        assert_eq!(at(anonymous, "enabled").as_bool(), Some(wanted), "{changes:?}");
    }
}

/// A password that the chart makes up would be another one at each render.
#[test]
fn its_password_is_the_sealed_one() {
    let compiled = monitoring(&[]);
    let tree = Tree::of(&compiled);
    let values = values(&compiled);
    let secret = at(&values, "admin/existingSecret").as_str().expect("a name");
    let sealed = tree.find("SealedSecret", Some("monitoring"), secret).expect("it is sealed");
    let key = at(&values, "admin/passwordKey").as_str().expect("a key");
    assert!(!at(sealed.at("spec/encryptedData"), key).is_null());
}
