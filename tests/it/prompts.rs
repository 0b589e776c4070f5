//! Prompts of workspaces as the tree has them: what one more changes, and which become objects.

use std::collections::BTreeSet;

use serde_yaml::Value;

use crate::support::{Compiled, Read, Texts, at, tree, with_components};

const TEXT: &str = "Explain \"\"\"code\"\"\".\n\n# INPUT\n";

/// A platform that offers three prompts, with a workspace that uses some.
fn texts(patterns: &str) -> Texts {
    let mut texts = with_components("ollama: {models: [\"gemma3:270m\"]}");
    let spec = texts.get_mut("spec/platform.yaml").expect("it is there");
    let offered = ["create_summary", "explain_code", "translate"];
    let offer = |name: &str| format!("{name}: spec/patterns/{name}.md");
    let offers = offered.map(offer).join(", ");
    *spec = spec.replace("{cpu: 4, memory: 8Gi}", "{cpu: 16, memory: 64Gi}").replace(
        "  components:\n",
        &format!("  workspaces: {{patterns: {{{offers}}}}}\n  components:\n"),
    );
    for name in offered {
        texts.insert(format!("spec/patterns/{name}.md"), format!("# {name}\n{TEXT}"));
    }
    let head = "apiVersion: apps.aichatworkspaces.io/v1alpha1\nkind: AIChatWorkspace\nmetadata: \
                {name: team}\nspec:\n  workspaceName: team\n  workspaceENV: dev\n";
    let text = format!("{head}  models: [\"gemma3:270m\", \"qwen2.5:0.5b\"]\n{patterns}");
    texts.insert("spec/workspaces/team.yaml".to_owned(), text);
    texts
}

/// The files that the two trees do not have in common, without the name that a content has.
fn changed(before: &Compiled, after: &Compiled) -> BTreeSet<String> {
    let differs = |one: &Compiled, other: &Compiled| -> Vec<String> {
        let files = one.files.iter().filter(|(path, text)| other.files.get(*path) != Some(text));
        files.map(|it| it.0.clone()).collect()
    };
    differs(before, after).into_iter().chain(differs(after, before)).collect()
}

const POD: &str = "out/manifests/ws-team/team/statefulset-team-ollama.yaml";
const MAP: &str = "out/manifests/ws-team/team/configmap-team-ollama-";

/// One object is new, and the pod that lists it changes: nothing else.
#[test]
fn one_more_prompt_is_one_more_object() {
    let one = tree(&texts("  patterns: [explain_code]\n"));
    let two = tree(&texts("  patterns: [explain_code, create_summary]\n"));
    let changed: Vec<String> = changed(&one, &two).into_iter().collect();
    assert_eq!(changed.len(), 2, "{changed:?}");
    assert!(changed[0].starts_with(&format!("{MAP}create-summary-")), "{changed:?}");
    assert_eq!(changed[1], POD);
}

/// The text of a prompt is the file's, to the byte; what nobody uses is no object.
#[test]
fn prompts_in_use_become_objects_with_the_text_of_their_files() {
    let compiled = tree(&texts("  patterns: [explain_code]\n"));
    let maps: Vec<_> = compiled
        .objects()
        .into_iter()
        .filter(|it| it.kind() == "ConfigMap" && it.application() == "ws-team")
        .collect();
    let [map] = &maps[..] else { panic!("{} prompts", maps.len()) };
    let request = map.text("data/explain_code.json");
    let request: serde_json::Value = serde_json::from_str(request).expect("JSON");
    assert_eq!(request["system"], format!("# explain_code\n{TEXT}"));
    // The script knows the models; the request serves each of them.
    assert!(request.get("model").is_none() && request.get("from").is_none());
    assert_eq!(tree(&texts("")).objects().iter().filter(|it| it.kind() == "ConfigMap").count(), 0);
}

/// Another text is an object of another name, so the pod is replaced, which makes the models again.
#[test]
fn another_text_replaces_the_pod() {
    let before = texts("  patterns: [explain_code]\n");
    let mut after = before.clone();
    let text = after.get_mut("spec/patterns/explain_code.md").expect("it is there");
    text.push_str("Be brief.\n");
    let changed: Vec<String> = changed(&tree(&before), &tree(&after)).into_iter().collect();
    assert_eq!(changed.len(), 3, "{changed:?}");
    assert!(changed[..2].iter().all(|it| it.starts_with(&format!("{MAP}explain-code-"))));
    assert_eq!(changed[2], POD);
}

/// A ConfigMap's name has no underscore: two prompts that would have one name have two.
#[test]
fn names_that_become_the_same_stay_apart() {
    let own = "  prompts:\n  - {name: a-b, system: one}\n  - {name: a_b, system: one}\n";
    let objects = tree(&texts(own)).objects();
    let names: BTreeSet<&str> =
        objects.iter().filter(|it| it.kind() == "ConfigMap").map(Read::name).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    let server = objects.iter().find(|it| it.name() == "team-ollama" && it.kind() == "StatefulSet");
    let pod = at(server.and_then(|it| it.pod_template()).expect("pods"), "spec");
    let text = serde_yaml::to_string(pod).expect("YAML");
    assert!(names.iter().all(|it| text.contains(it)), "{text}");
    assert!(!matches!(at(pod, "volumes"), Value::Null));
}
