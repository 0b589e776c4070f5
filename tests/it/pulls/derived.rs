//! Models that are made of another one and a prompt: of which, with what text, and what becomes of
//! them when the prompt changes, goes, or cannot be had.

use std::{fs, path::Path};

use serde_json::json;
use serde_yaml::Value;

use super::{Done, Pod, Pull, kill};
use crate::support::{Read, Texts, at, items, with_components};

const BASE: &str = "gemma3:270m";
const EMBEDDER: &str = "nomic-embed-text:latest";
const EXPLAINS: &str = "gemma3:270m-explain_code";
const REVIEWS: &str = "gemma3:270m-reviewer";

/// What a shell, a Modelfile or a careless reader of JSON would take for something else.
const TEXT: &str = "Explain \"\"\"code\"\"\" to $USER, `date`: \\n {{ .System }} — für 你好 🦀.\n\n\
                    # INPUT\n";

/// Lays the files of the mounted requests out, and returns their folder.
pub(super) fn mounted(pod: &Value, objects: &[Read], root: &Path) -> String {
    let folder = root.join("prompts");
    fs::create_dir(&folder).expect("writable");
    let volumes: Vec<&Value> =
        items(at(pod, "volumes")).filter(|it| at(it, "name") == "prompts").collect();
    for container in ["initContainers", "containers"].into_iter().flat_map(|it| items(at(pod, it)))
    {
        let mounts: Vec<&Value> =
            items(at(container, "volumeMounts")).filter(|it| at(it, "name") == "prompts").collect();
        assert_eq!(mounts.len(), volumes.len(), "each container reads them");
        assert!(
            mounts
                .iter()
                .all(|it| at(it, "mountPath") == "/prompts" && *at(it, "readOnly") == true)
        );
    }
    for source in volumes.into_iter().flat_map(|it| items(at(it, "projected/sources"))) {
        let name = at(source, "configMap/name").as_str().expect("a name");
        let map = objects
            .iter()
            .find(|it| it.kind() == "ConfigMap" && it.name() == name)
            .unwrap_or_else(|| panic!("there is no {name}"));
        for (file, text) in map.at("data").as_mapping().expect("files") {
            let file = folder.join(file.as_str().expect("a name"));
            fs::write(file, text.as_str().expect("a text")).expect("writable");
        }
    }
    folder.to_str().expect("UTF-8").to_owned()
}

/// A platform that offers a pattern, and a workspace.
fn texts(workspace: &str) -> Texts {
    let mut texts = with_components("ollama: {models: [\"gemma3:270m\"]}");
    let spec = texts.get_mut("spec/platform.yaml").expect("it is there");
    *spec = spec.replace("{cpu: 4, memory: 8Gi}", "{cpu: 16, memory: 64Gi}").replace(
        "  components:\n",
        "  workspaces: {patterns: {explain_code: spec/patterns/explain.md}}\n  components:\n",
    );
    texts.insert("spec/patterns/explain.md".to_owned(), TEXT.to_owned());
    let head = "apiVersion: apps.aichatworkspaces.io/v1alpha1\nkind: AIChatWorkspace\nmetadata: \
                {name: team}\nspec:\n  workspaceName: team\n  workspaceENV: dev\n";
    texts.insert("spec/workspaces/team.yaml".to_owned(), format!("{head}{workspace}"));
    texts
}

fn pod(workspace: &str, present: &[&str]) -> Pod {
    Pod::in_tree(&texts(workspace), "team-ollama", present)
}

const BOTH: &str = "  models: [\"gemma3:270m\", nomic-embed-text]
  patterns: [explain_code]
  prompts:
  - name: reviewer
    system: You review.
    parameters: {temperature: 0.7, numPredict: 200}
";

fn ready(done: &Done) {
    assert_eq!(done.code, Some(0), "{}", done.said);
}

#[test]
fn each_model_that_writes_text_is_made_with_each_prompt() {
    let pod = pod(BOTH, &[]);
    ready(&pod.init());
    assert_eq!(pod.server.present(), [BASE, EXPLAINS, REVIEWS, EMBEDDER]);
    let of_pattern = json!({"temperature": 0.1, "top_p": 0.5, "top_k": 40, "seed": 1});
    assert_eq!(
        pod.server.made(EXPLAINS),
        Some(json!({
            "model": EXPLAINS, "from": BASE, "system": TEXT, "parameters": of_pattern,
            "stream": false,
        }))
    );
    assert_eq!(
        pod.server.made(REVIEWS),
        Some(json!({
            "model": REVIEWS, "from": BASE, "system": "You review.",
            "parameters": {"temperature": 0.7, "num_predict": 200}, "stream": false,
        }))
    );
}

/// An untagged name is the one that the server lists, so nothing is pulled twice.
#[test]
fn a_second_start_pulls_nothing_and_makes_the_same() {
    let pod = pod(BOTH, &[]);
    ready(&pod.init());
    let (before, pulls) = (pod.server.present(), pod.server.pulls());
    assert_eq!(pulls, 2);
    ready(&pod.init());
    assert_eq!((pod.server.present(), pod.server.pulls()), (before, pulls));
}

#[test]
fn a_prompt_that_left_is_removed_on_wish() {
    let left = [BASE, EXPLAINS, REVIEWS, "mistral:7b", "mistral:7b-explain_code"];
    let only =
        |prune: &str| format!("  models: [\"gemma3:270m\"]\n  patterns: [explain_code]\n{prune}");
    let pod_that_keeps = pod(&only(""), &left);
    ready(&pod_that_keeps.init());
    assert_eq!(pod_that_keeps.server.present(), left);
    let pod_that_prunes = pod(&only("  pruneModels: true\n"), &left);
    ready(&pod_that_prunes.init());
    assert_eq!(pod_that_prunes.server.present(), [BASE, EXPLAINS]);
}

/// It is said, nobody is kept from chatting, and the server goes on trying.
#[test]
fn a_model_that_cannot_be_made_keeps_nobody_away() {
    let pod = pod(BOTH, &[BASE, EMBEDDER]);
    pod.server.fails_to_make(true);
    let done = pod.init();
    ready(&done);
    let why = format!("Error: {EXPLAINS} cannot be made: no space left on device\n");
    assert!(done.said.contains(&why), "{}", done.said);
    let missing = format!("MISSING: a model made of {BASE}; the others are served");
    assert!(pod.status().starts_with(&missing), "{}", pod.status());
    let child = pod.start(&pod.serve, 0);
    pod.until("the next try is in 600 seconds");
    pod.server.fails_to_make(false);
    pod.until("all listed models are there");
    assert!(pod.server.made(EXPLAINS).is_some() && pod.server.made(REVIEWS).is_some());
    kill(child);
}

/// What the server pulls once it serves gets its prompts too; nothing is made of what is not there.
#[test]
fn a_model_that_comes_later_gets_its_prompts() {
    let two = "  models: [\"gemma3:270m\", \"qwen2.5:0.5b\"]\n  patterns: [explain_code]\n";
    let pod = pod(two, &[BASE]);
    pod.server.answers("qwen2.5:0.5b", Pull::Refused);
    ready(&pod.init());
    assert_eq!(pod.server.present(), [BASE, EXPLAINS]);
    let child = pod.start(&pod.serve, 0);
    pod.until("the next try is in 60 seconds");
    pod.server.answers("qwen2.5:0.5b", Pull::Served);
    pod.until("all listed models are there");
    assert!(pod.server.made("qwen2.5:0.5b-explain_code").is_some());
    kill(child);
}
