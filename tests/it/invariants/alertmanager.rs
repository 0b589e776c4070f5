//! What Alertmanager's configuration names is there: files of mounted Secrets, texts of messages.

use serde_yaml::Value;

use super::{Tree, credentials::credential};
use crate::support::{at, golden_cases, items, texts_of, tree};

/// What Alertmanager's configuration names as a file is a key of a Secret that its pods mount, and
/// every Secret that they mount is sealed, or nothing is.
pub fn mounted(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for application in tree.of_kind("Application") {
        let values = application.at("spec/source/helm/valuesObject/alertmanager");
        let mounted: Vec<&str> =
            items(at(values, "alertmanagerSpec/secrets")).filter_map(Value::as_str).collect();
        let is_sealed = tree.of_kind("SealedSecret").any(|it| it.namespace() == Some("monitoring"));
        for secret in &mounted {
            let known = credential(secret).is_some();
            let sealed = tree.find("SealedSecret", Some("monitoring"), secret).is_some();
            if !known || (is_sealed && !sealed) {
                found.push(format!("{}: mounts {secret}, which nothing makes", application.path));
            }
        }
        let mut texts = Vec::new();
        each_text(at(values, "config"), &mut |_, text| {
            texts.extend(text.split("template \"").skip(1).filter_map(|it| it.split('"').next()));
        });
        let messages = tree.find("ConfigMap", Some("monitoring"), "alertmanager-messages");
        let messages = messages.map_or("", |it| it.text("data/messages.tmpl"));
        for text in texts {
            if !messages.contains(&format!("define \"{text}\"")) {
                found.push(format!("{}: no message is called {text}", application.path));
            }
        }
        let mut texts = Vec::new();
        each_text(at(values, "config"), &mut |key, text| {
            texts.extend(key.ends_with("_file").then_some(text));
        });
        for file in texts {
            let rest = file.strip_prefix("/etc/alertmanager/secrets/");
            let parts = rest.and_then(|it| it.split_once('/'));
            let is_there = parts.is_some_and(|(secret, key)| {
                let known = credential(secret);
                let has = known.is_some_and(|it| it.1.contains(&key) || it.2.contains(&key));
                mounted.contains(&secret) && has
            });
            if !is_there {
                found.push(format!("{}: reads {file}, which is not mounted", application.path));
            }
        }
    }
    found
}

/// Every text of a value, with its key.
fn each_text<'v>(value: &'v Value, found: &mut impl FnMut(&'v str, &'v str)) {
    match value {
        Value::Mapping(map) => {
            for (key, value) in map {
                match (key.as_str(), value.as_str()) {
                    (Some(key), Some(text)) => found(key, text),
                    _ => each_text(value, found),
                }
            }
        }
        Value::Sequence(list) => list.iter().for_each(|it| each_text(it, found)),
        _ => {}
    }
}

/// Each fault is found.
#[test]
fn what_is_named_and_not_there_is_found() {
    let folder = golden_cases().into_iter().find(|it| it.0 == "monitoring").expect("the case").1;
    let sound = || Tree::of(&tree(&texts_of(&folder)));
    assert!(mounted(&sound()).is_empty(), "{:?}", mounted(&sound()));
    let found = |change: &dyn Fn(&mut Value), text: &str| {
        let mut tree = sound();
        for object in &mut tree.objects {
            if object.path == "apps/kube-prometheus-stack.yaml" {
                change(&mut object.value["spec"]["source"]["helm"]["valuesObject"]["alertmanager"]);
            }
        }
        let said = mounted(&tree).join("\n");
        assert!(said.contains(text), "{text}: {said}");
    };
    found(&|it| it["alertmanagerSpec"]["secrets"] = Value::Sequence(Vec::new()), "is not mounted");
    found(&|it| it["alertmanagerSpec"]["secrets"][0] = "nobody".into(), "which nothing makes");
    let mail = |values: &mut Value, key: &str, text: &str| {
        values["config"]["receivers"][0]["email_configs"][0][key] = text.into();
    };
    found(&|it| mail(it, "auth_password_file", "/etc/passwd"), "is not mounted");
    found(&|it| mail(it, "html", "{{ template \"nothing\" . }}"), "no message is called nothing");
}
