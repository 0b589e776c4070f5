//! The scripts of Ollama's pod, as the tree has them, run against a simulated server and registry:
//! what is pulled, what is logged, and what a pod serves if some models cannot be pulled.

mod derived;
mod server;

use std::{
    fs,
    os::unix::{
        fs::{PermissionsExt as _, symlink},
        process::CommandExt as _,
    },
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_yaml::Value;
use tempfile::TempDir;

use self::server::{Pull, Server};
use crate::support::{Texts, at, items, tree, with_components};

/// Listed in the spec, in this order.
const OLD: &str = "llama3.2:1b";
const NEW: &str = "qwen2.5:0.5b";

/// A model with figures in the spec, for embeddings.
const OTHER: &str = "all-minilm:latest";
const EMBEDS: &str = "{blob: 45960996, layers: 6, kvHeads: 12, headDim: 32, embedding: 384, heads: \
                      12, feedForward: 1536, vocabulary: 30522, trainContext: 512, embeddingModel: \
                      true}";

/// A pod of Ollama: its scripts, its folder, and the server that answers in it.
struct Pod {
    folder: TempDir,
    server: Server,
    pull: String,
    serve: String,
    models: String,
    chat: Option<String>,
    prune: String,
    prompts: Option<String>,
}

/// The result of a container.
struct Done {
    code: Option<i32>,
    said: String,
}

impl Pod {
    /// With these models on its volume.
    fn with(present: &[&str]) -> Self {
        Self::of(&[OLD, NEW], present)
    }

    /// The pod for these models, with some of them on its volume.
    fn of(models: &[&str], present: &[&str]) -> Self {
        Self::pruning(true, models, present)
    }

    /// The same, with or without the removal of what is not listed.
    fn pruning(prune: bool, models: &[&str], present: &[&str]) -> Self {
        let spec = format!(
            "ollama: {{models: {models:?}, prune: {prune}, catalogue: {{{OTHER}: {EMBEDS}}}}}"
        );
        Self::in_tree(&with_components(&spec), "ollama", present)
    }

    /// The pods of that name in a tree, each with its volume.
    fn in_tree(texts: &Texts, name: &str, present: &[&str]) -> Self {
        let objects = tree(texts).objects();
        let object = objects
            .iter()
            .find(|it| it.kind() == "StatefulSet" && it.name() == name)
            .expect("it is there");
        let pod = at(object.pod_template().expect("pods"), "spec");
        let script = |key: &str| {
            let words: Vec<&str> = items(at(pod, key))
                .flat_map(|it| items(at(it, "command")))
                .filter_map(Value::as_str)
                .collect();
            assert_eq!(words[..4], ["/bin/bash", "-euo", "pipefail", "-c"]);
            words[4].to_owned()
        };
        let folder = tempfile::tempdir().expect("a folder");
        let prompts = derived::mounted(pod, &objects, folder.path());
        let here = |text: String| text.replace("/prompts/", &format!("{prompts}/"));
        let (pull, serve) = (here(script("initContainers")), here(script("containers")));
        // The other programs of the image are not available here: a script may only start one of
        // these.
        let program = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, format!("#!/bin/bash\n{text}\n")).expect("writable");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("mine");
        };
        program("ollama", "[ \"$*\" = serve ] || exit 9\necho serving\nexec /bin/sleep 600");
        program("sleep", "echo \"slept $1\" >>\"$TMPDIR/slept\"\nexec /bin/sleep 0.02");
        symlink("/bin/cat", folder.path().join("cat")).expect("a link");
        let env = |name: &str| {
            let one = items(at(pod, "initContainers"))
                .flat_map(|it| items(at(it, "env")))
                .find(|it| at(it, "name") == name)?;
            Some(at(one, "value").as_str().expect("a text").to_owned())
        };
        // Where the kubelet looks.
        assert_eq!(
            env("TERMINATION_LOG").as_deref(),
            items(at(pod, "initContainers"))
                .find_map(|it| at(it, "terminationMessagePath").as_str())
        );
        let (models, chat) = (env("MODELS").expect("the list"), env("CHAT_MODELS"));
        let (prune, prompts) = (env("PRUNE").expect("it is said"), env("PROMPTS"));
        Self { folder, server: Server::with(present), pull, serve, models, chat, prune, prompts }
    }

    /// Starts a container's script, as if its shell had started this many seconds ago.
    fn start(&self, script: &str, age: u32) -> Child {
        let (out, err) = (self.log(), self.log());
        Command::new("/bin/bash")
            .args(["-euo", "pipefail", "-c", script])
            .env_clear()
            .env("PATH", self.folder.path())
            .env("TMPDIR", self.folder.path())
            .env("OLLAMA_HOST", format!("127.0.0.1:{}", self.server.port))
            .env("MODELS", &self.models)
            .env("PRUNE", &self.prune)
            .envs(self.chat.iter().map(|it| ("CHAT_MODELS", it)))
            .envs(self.prompts.iter().map(|it| ("PROMPTS", it)))
            .env("TERMINATION_LOG", self.folder.path().join("termination-log"))
            .env("SECONDS", age.to_string())
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .process_group(0)
            .spawn()
            .expect("bash runs")
    }

    fn log(&self) -> fs::File {
        fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder.path().join("log"))
            .expect("writable")
    }

    fn said(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Runs the init container to its end.
    fn init(&self) -> Done {
        self.init_at(0)
    }

    fn init_at(&self, age: u32) -> Done {
        let code = self.start(&self.pull, age).wait().expect("it ends").code();
        let done = Done { code, said: self.said() };
        assert!(!done.said.contains('\u{1b}') && !done.said.contains('\r'), "{:?}", done.said);
        done
    }

    /// Waits until the log has this text.
    #[track_caller]
    fn until(&self, what: &str) {
        let begun = Instant::now();
        while !self.said().contains(what) {
            assert!(
                begun.elapsed() < Duration::from_secs(30),
                "nobody said `{what}`:\n{}",
                self.said()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// What the pod's status shows about the init container.
    fn status(&self) -> String {
        fs::read_to_string(self.folder.path().join("termination-log")).unwrap_or_default()
    }

    fn has_left(&self) -> String {
        fs::read_to_string(self.folder.path().join("missing-models")).unwrap_or_default()
    }
}

/// Ends all processes of a container at once, as the kubelet does in the end.
fn kill(mut child: Child) {
    let group = format!("-{}", child.id());
    assert!(
        Command::new("kill").args(["-KILL", "--", &group]).status().expect("kill runs").success()
    );
    child.wait().expect("it ends");
}

#[test]
fn an_empty_volume_is_filled() {
    let pod = Pod::with(&[]);
    let done = pod.init();
    assert_eq!(done.code, Some(0), "{}", done.said);
    assert_eq!(pod.server.present(), [OLD, NEW]);
    assert_eq!(pod.has_left(), "");
    // A readable log: a line when a pull begins, one when it ends.
    for model in [OLD, NEW] {
        let lines: Vec<&str> = done.said.lines().filter(|it| it.contains(model)).collect();
        assert_eq!(
            lines,
            [format!("pulling {model}"), format!("{model} is there")],
            "{}",
            done.said
        );
    }
}

#[test]
fn what_is_there_costs_nothing_and_needs_no_registry() {
    let pod = Pod::with(&[OLD, NEW]);
    pod.server.answers(OLD, Pull::Refused);
    pod.server.answers(NEW, Pull::Refused);
    let done = pod.init();
    assert_eq!((done.code, pod.server.pulls()), (Some(0), 0), "{}", done.said);
    // The server then runs alone: it pulls nothing, and starts nothing beside it.
    let child = pod.start(&pod.serve, 0);
    pod.until("serving\nserving");
    assert_eq!(children(&child), "");
    assert_eq!(pod.server.pulls(), 0);
    kill(child);
}

/// The processes that a container's first one has started.
fn children(child: &Child) -> String {
    let id = child.id();
    let all = fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
    all.expect("the kernel tells the children of a process").trim().to_owned()
}

#[test]
fn with_no_model_at_all_the_pod_does_not_start() {
    let pod = Pod::with(&[]);
    pod.server.answers(OLD, Pull::Refused);
    pod.server.answers(NEW, Pull::Refused);
    let done = pod.init();
    assert_eq!(done.code, Some(1), "{}", done.said);
    // Each is tried for half a minute at least: the first connections of a new pod are refused.
    assert_eq!(pod.server.pulls(), 12);
    let slept = fs::read_to_string(pod.folder.path().join("slept")).expect("it slept");
    assert!(slept.matches("slept 10").count() >= 10, "{slept}");
    // The reason, in the registry's own words; the kubelet takes the last lines into the pod's
    // status.
    assert!(
        done.said.contains("Error: pull model manifest: 503: \\\"out of order\\\"\n"),
        "{}",
        done.said
    );
    assert!(done.said.ends_with(&format!("{NEW} is missing\n")), "{}", done.said);
}

#[test]
fn a_new_model_that_cannot_be_pulled_takes_no_other_away() {
    for (present, new) in [(vec![OLD], NEW), (vec![NEW], OLD), (vec![], NEW)] {
        let pod = Pod::with(&present);
        pod.server.answers(new, Pull::Refused);
        let done = pod.init();
        assert_eq!(done.code, Some(0), "{}", done.said);
        assert_eq!(pod.has_left(), format!("{new}\n"));
        assert!(done.said.contains(&format!("MISSING: {new};")), "{}", done.said);
        assert_eq!(
            pod.status(),
            format!("MISSING: {new}; the others are served, and the server goes on trying\n")
        );
        // The server is up, and the script beside it keeps trying, and says so.
        let child = pod.start(&pod.serve, 0);
        pod.until(&format!("MISSING: {new}; the next try is in 600 seconds"));
        pod.server.answers(new, Pull::Served);
        pod.until("all listed models are there");
        assert!(pod.server.present().contains(&new.to_owned()));
        assert_eq!(pod.has_left(), "");
        kill(child);
    }
}

#[test]
fn a_model_that_only_makes_embeddings_is_nothing_to_serve() {
    let pod = Pod::of(&[OLD, "nomic-embed-text:latest"], &[]);
    pod.server.answers(OLD, Pull::Refused);
    let done = pod.init();
    assert_eq!((done.code, pod.has_left().as_str()), (Some(1), ""), "{}", done.said);
    // The other way round, people can chat.
    let pod = Pod::of(&[OLD, "nomic-embed-text:latest"], &[]);
    pod.server.answers("nomic-embed-text:latest", Pull::Refused);
    let done = pod.init();
    assert_eq!(
        (done.code, pod.has_left().as_str()),
        (Some(0), "nomic-embed-text:latest\n"),
        "{}",
        done.said
    );
}

/// If no model is for chatting, any model is enough to serve.
#[test]
fn of_embedders_alone_any_is_enough() {
    const EMBEDDER: &str = "nomic-embed-text:latest";
    let pod = Pod::of(&[EMBEDDER, OTHER], &[]);
    let done = pod.init();
    assert_eq!(
        (done.code, pod.has_left().as_str(), pod.status().as_str()),
        (Some(0), "", ""),
        "{}",
        done.said
    );
    let pod = Pod::of(&[EMBEDDER, OTHER], &[]);
    pod.server.answers(OTHER, Pull::Refused);
    let done = pod.init();
    assert_eq!((done.code, pod.has_left()), (Some(0), format!("{OTHER}\n")), "{}", done.said);
    let pod = Pod::of(&[EMBEDDER, OTHER], &[]);
    pod.server.answers(OTHER, Pull::Refused);
    pod.server.answers(EMBEDDER, Pull::Refused);
    assert_eq!(pod.init().code, Some(1));
}

/// A signal ends the script during a pull that takes hours.
#[test]
fn a_pod_that_goes_during_a_pull_does_not_wait() {
    let pod = Pod::with(&[OLD]);
    pod.server.answers(NEW, Pull::Hangs);
    let mut child = pod.start(&pod.pull, 0);
    pod.until(&format!("pulling {NEW}"));
    let (told, id) = (Instant::now(), child.id().to_string());
    assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill runs").success());
    assert_eq!(child.wait().expect("it ends").code(), Some(143), "{}", pod.said());
    assert!(told.elapsed() < Duration::from_secs(20));
    // As the end of process 1 ends all others.
    let _ = Command::new("kill").args(["-KILL", "--", &format!("-{id}")]).status();
}

#[test]
fn a_slow_pull_does_not_keep_the_old_models_away() {
    let pod = Pod::with(&[OLD]);
    pod.server.answers(NEW, Pull::Hangs);
    // Two minutes are nearly over: the pull, which has not failed, ends, and the available models
    // are served.
    let done = pod.init_at(118);
    assert_eq!((done.code, pod.server.pulls()), (Some(0), 1), "{}", done.said);
    assert!(done.said.contains("Error: no answer within "), "{}", done.said);
    assert_eq!(pod.has_left(), format!("{NEW}\n"));
    // On an empty volume there is nothing to serve, so the pull may take as long as it needs.
    let pod = Pod::with(&[]);
    pod.server.answers(NEW, Pull::Hangs);
    let child = pod.start(&pod.pull, 1000);
    pod.until(&format!("pulling {NEW}"));
    std::thread::sleep(Duration::from_millis(1500));
    assert!(!pod.said().contains("Error"), "{}", pod.said());
    kill(child);
}

#[test]
fn a_pull_that_is_killed_half_way_is_made_again() {
    let pod = Pod::with(&[]);
    pod.server.answers(NEW, Pull::Hangs);
    let child = pod.start(&pod.pull, 0);
    pod.until(&format!("pulling {NEW}"));
    kill(child);
    pod.server.answers(NEW, Pull::Served);
    let done = pod.init();
    assert_eq!((done.code, pod.has_left().as_str()), (Some(0), ""), "{}", done.said);
    assert_eq!(pod.server.present(), [OLD, NEW]);
}

#[test]
fn a_pull_that_only_says_that_it_has_succeeded() {
    let pod = Pod::with(&[OLD]);
    pod.server.answers(NEW, Pull::Lies);
    let done = pod.init();
    assert_eq!((done.code, pod.has_left()), (Some(0), format!("{NEW}\n")), "{}", done.said);
}

/// A volume holds what is listed, and so what was counted; what a person asked to keep stays.
#[test]
fn models_that_left_the_list_are_removed() {
    let pod = Pod::with(&["mistral:7b", OLD, "hf.co/acme/left:Q4"]);
    let done = pod.init();
    assert_eq!(done.code, Some(0), "{}", done.said);
    assert_eq!(pod.server.present(), [OLD, NEW]);
    assert!(done.said.contains("mistral:7b is not listed, and was removed\n"), "{}", done.said);
    let pod = Pod::pruning(false, &[OLD, NEW], &["mistral:7b", OLD]);
    assert_eq!(pod.init().code, Some(0));
    assert_eq!(pod.server.present(), ["mistral:7b", OLD, NEW]);
}

/// What the server lists under another form of its name is the same model.
#[test]
fn a_listed_model_is_not_removed_under_another_name() {
    let pod = Pod::of(&["Llama3.2:1B", "nomic-embed-text"], &[]);
    let shown = [OLD, "nomic-embed-text:latest", "Llama3.2:1B", "nomic-embed-text"];
    let pod = Pod { server: Server::with(&shown), ..pod };
    let done = pod.init();
    assert_eq!((done.code, pod.server.present()), (Some(0), shown.map(str::to_owned).to_vec()));
}

/// Room is made before the new model is pulled, but never while nothing else can answer.
#[test]
fn old_models_go_first_where_a_listed_one_can_answer() {
    let pod = Pod::with(&["mistral:7b", OLD]);
    pod.server.answers(NEW, Pull::Refused);
    assert_eq!(pod.init().code, Some(0));
    assert_eq!(pod.server.present(), [OLD]);
    let pod = Pod::of(&[NEW], &["mistral:7b"]);
    pod.server.answers(NEW, Pull::Refused);
    assert_eq!(pod.init().code, Some(1));
    assert_eq!(pod.server.present(), ["mistral:7b"]);
    pod.server.answers(NEW, Pull::Served);
    assert_eq!(pod.init().code, Some(0));
    assert_eq!(pod.server.present(), [NEW]);
}

/// It is said, and keeps nobody from chatting.
#[test]
fn a_model_that_cannot_be_removed_ends_nothing() {
    let pod = Pod::with(&["mistral:7b", OLD]);
    pod.server.keeps("mistral:7b");
    let done = pod.init();
    assert_eq!((done.code, pod.server.present().len()), (Some(0), 3), "{}", done.said);
    let said = "mistral:7b is not listed, and could not be removed\n";
    assert!(done.said.contains(said), "{}", done.said);
}
