//! Models and prompts of workspaces (A7 to A10, A12, A14), and bugs of the operator that they are
//! about (B1, B4, B5, B14, B16, B20).

use super::{platform, workspace};
use crate::support::{Compiled, Read, Texts, at, compile, is, items};

const TEXT: &str = "Explain \"\"\"code\"\"\" in {{words}}.\n\n# INPUT\n";
const OFFER: &str = "  workspaces: {patterns: {explain_code: spec/patterns/explain.md, \
                     summarize: spec/patterns/summarize.md}}\n";

/// A platform that offers two prompts, and a workspace with these further fields.
fn texts(more: &str) -> Texts {
    let mut texts = platform(OFFER);
    texts.insert("spec/patterns/explain.md".to_owned(), TEXT.to_owned());
    texts.insert("spec/patterns/summarize.md".to_owned(), "Say it in short.\n".to_owned());
    texts.insert("spec/workspaces/team-a.yaml".to_owned(), workspace("team-a", more));
    texts
}

fn made(more: &str) -> Compiled {
    let compiled = compile(&texts(more));
    assert!(compiled.errors().is_empty(), "{}", compiled.said());
    compiled
}

fn of_workspace(compiled: &Compiled) -> Vec<Read> {
    compiled.objects().into_iter().filter(|it| it.application() == "ws-team-a").collect()
}

fn find<'a>(all: &'a [Read], kind: &str, name: &str) -> &'a Read {
    all.iter().find(|it| it.kind() == kind && it.name() == name).expect("it is made")
}

/// The containers of Ollama's pod, as text.
fn pod(all: &[Read]) -> String {
    let pod = find(all, "StatefulSet", "team-a-ollama").pod_template().expect("it has pods");
    serde_yaml::to_string(pod).expect("a text")
}

/// A8 (B1, B4, B14, B20): one more prompt is one more object, which the pod lists, so that its
/// models are made at the next start; and the request has the content of the file that the platform
/// names, whatever quotes are in it, in the form that Ollama takes.
#[test]
fn a8_one_more_prompt_is_one_more_object_with_its_text() {
    let (before, after) = (made(""), made(", patterns: [explain_code]"));
    let paths = |compiled: &Compiled| -> Vec<String> {
        let all = compiled.files.keys().filter(|it| it.starts_with("out/manifests/"));
        all.cloned().collect()
    };
    let (old, new) = (paths(&before), paths(&after));
    let added: Vec<_> = new.iter().filter(|it| !old.contains(it)).collect();
    assert_eq!(added.len(), 1, "{added:?}");
    assert!(old.iter().all(|it| new.contains(it)), "something is gone");
    let all = of_workspace(&after);
    let map = all.iter().find(|it| it.kind() == "ConfigMap").expect("the prompt");
    let requests = map.at("data").as_mapping().expect("files").values();
    let texts: Vec<&str> = requests.filter_map(|it| it.as_str()).collect();
    let request: serde_json::Value = serde_json::from_str(texts[0]).expect("JSON");
    assert_eq!(request["system"], TEXT);
    assert!(request.get("modelfile").is_none(), "Ollama refuses that since 0.5.5: {request}");
    assert!(pod(&all).contains(map.name()), "a pod that is there would never make them");
    assert_ne!(pod(&of_workspace(&before)), pod(&all));
}

/// A9 (B1): a prompt that nobody offers is refused, with what may have been meant.
#[test]
fn a9_an_unknown_prompt_is_refused_with_a_hint() {
    let compiled = compile(&texts(", patterns: [explain_cod]"));
    assert_eq!(compiled.errors(), ["pattern-unknown"], "{}", compiled.said());
    assert!(compiled.said().contains("write `explain_code`"), "{}", compiled.said());
}

/// A10: a model that left the list is removed where the workspace wishes it, and else stays.
#[test]
fn a10_a_removed_model_goes_on_wish() {
    let wish = |compiled: &Compiled| {
        let all = of_workspace(compiled);
        let spec = find(&all, "StatefulSet", "team-a-ollama").pod_template().expect("pods").clone();
        let containers =
            items(at(&spec, "spec/initContainers")).chain(items(at(&spec, "spec/containers")));
        let variables: Vec<_> = containers.flat_map(|it| items(at(it, "env")).cloned()).collect();
        let all = variables.iter().filter(|it| at(it, "name") == "PRUNE");
        all.filter_map(|it| at(it, "value").as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    let (kept, removed) = (wish(&made("")), wish(&made(", pruneModels: true")));
    assert_ne!(kept, removed);
    assert!(!removed.is_empty(), "what removes them is tried in `pulls`");
}

/// A12 (B5): every object is in Git, so one that somebody deletes is made again; and the Service is
/// applied before the pods that answer behind it.
#[test]
fn a12_the_service_is_made_again_and_comes_first() {
    let compiled = made("");
    let all = of_workspace(&compiled);
    let service = find(&all, "Service", "team-a-ollama");
    let application = compiled.files.get("apps/ws-team-a.yaml").expect("it has one");
    let application: serde_yaml::Value = serde_yaml::from_slice(application).expect("YAML");
    assert!(is(at(&application, "spec/syncPolicy/automated/selfHeal"), true));
    let texts = texts("");
    let is_own = |path: &str| path.starts_with("spec/workspaces/");
    let files = texts.iter().map(|(path, text)| (&**path, &**text));
    let plan = espalier::Plan::load(files.filter(|it| !is_own(it.0))).0.expect("it compiles");
    let file = "spec/workspaces/team-a.yaml";
    let tenant = plan.tenant(file, &texts[file]).0.expect("it compiles");
    let order = |kind: &str, name: &str| {
        tenant.objects().position(|it| it.kind() == kind && it.name() == name).expect("applied")
    };
    assert!(order("Service", service.name()) < order("StatefulSet", "team-a-ollama"));
}

/// A14: the pod is Ready when its models are listed: an init container pulls them before the server
/// starts, and readiness asks for one.
#[test]
fn a14_ready_means_that_models_are_there() {
    let all = of_workspace(&made(""));
    let pod = find(&all, "StatefulSet", "team-a-ollama").pod_template().expect("pods");
    let init = items(at(pod, "spec/initContainers")).next().expect("it pulls");
    let text = serde_yaml::to_string(init).expect("a text");
    assert!(text.contains("gemma3:270m"), "{text}");
    let server = items(at(pod, "spec/containers")).next().expect("the server");
    assert!(!at(server, "readinessProbe").is_null());
}

/// B16: the environment has a default.
#[test]
fn b16_the_environment_may_be_absent() {
    assert!(made("").files.contains_key("apps/ws-team-a.yaml"));
}

/// B2: nothing of a workspace has an owner in another namespace, which Kubernetes would refuse, or
/// take for gone and delete.
#[test]
fn b2_nothing_has_an_owner() {
    for object in of_workspace(&made(", patterns: [explain_code]")) {
        assert!(object.at("metadata/ownerReferences").is_null(), "{}", object.path);
    }
}

/// B6: with an error nothing of a workspace is made, and it is told.
#[test]
fn b6_an_error_is_told_and_nothing_is_made() {
    let compiled = compile(&texts(", replicas: {ollama: 0}"));
    assert!(!compiled.errors().is_empty());
    assert!(!compiled.files.keys().any(|it| it.starts_with("out/manifests/ws-")));
}
