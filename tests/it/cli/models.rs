//! `show models`: the catalogue with the spec's settings, with a spec and without.

use serde_json::Value;

use super::workspace_dir::WorkspaceDir;

fn rows(dir: &WorkspaceDir, arguments: &[&str]) -> Vec<Value> {
    let done = dir.ok(&[&["show", "models", "--format", "json"], arguments].concat());
    serde_json::from_str::<Value>(&done.out).expect("JSON").as_array().expect("rows").clone()
}

fn memory(rows: &[Value], name: &str) -> u64 {
    let row =
        rows.iter().find(|it| it["name"] == name).unwrap_or_else(|| panic!("{name} is there"));
    row["memoryMi"].as_u64().expect("a number")
}

#[test]
fn all_models_fit_a_narrow_terminal() {
    let dir = WorkspaceDir::empty();
    let done = dir.ok(&["show", "models"]);
    let lines: Vec<&str> = done.out.lines().collect();
    assert!(lines.len() > 1000, "{}", lines.len());
    let widest = lines.iter().max_by_key(|it| it.chars().count()).expect("lines");
    assert!(widest.chars().count() <= 80, "{widest}");
    assert!(
        done.err.contains("there is no spec here") && done.err.contains("a context of 4096"),
        "{}",
        done.err
    );
    assert_eq!(memory(&rows(&dir, &[]), "llama3.2:1b"), 1697);
}

/// The figure is the budget's own, whatever the context.
#[test]
fn memory_is_at_the_spec_s_settings() {
    let dir = WorkspaceDir::starter();
    let (file, wrong) = ("spec/platform.yaml", "models: [\"no-such-model\"]");
    let text = dir.read(file);
    let four = memory(&rows(&dir, &["llama3.2"]), "llama3.2:1b-instruct-q4_K_M");
    assert_eq!(four, 1183);
    dir.write(file, text.replace("context: 4096", "context: 32768"));
    let long = memory(&rows(&dir, &["llama3.2"]), "llama3.2:1b-instruct-q4_K_M");
    let budget = dir.ok(&["show", "budget"]).out;
    assert!(long > four && budget.contains(&format!("{long}Mi")), "{long}: {budget}");
    // A user who asks for the models has often just been told that a name is unknown.
    let models =
        text.lines().find_map(|it| it.find("models: [").map(|at| &it[at..])).expect("models");
    dir.write(file, text.replace(models, wrong));
    assert_eq!(memory(&rows(&dir, &["llama3.2"]), "llama3.2:1b-instruct-q4_K_M"), 1183);
}

#[test]
fn patterns_choose() {
    let dir = WorkspaceDir::empty();
    let names = |asked: &[&str]| {
        rows(&dir, asked)
            .iter()
            .map(|it| it["name"].as_str().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&["phi4-mini:3.8b*q", "Q8"]), ["phi4-mini:3.8b-q8_0"]);
    assert_eq!(
        names(&["registry.ollama.ai/library/Phi4-mini:3.8B-Q4_k_m"]),
        ["phi4-mini:3.8b-q4_K_M"]
    );
    // In no list, but computed.
    assert_eq!(names(&["llama3.2:1b-instruct-q3_K_S"]), ["llama3.2:1b-instruct-q3_K_S"]);
    let none = dir.run(&["show", "models", "qwen33"]);
    assert_eq!((none.code, none.out.as_str()), (1, ""), "{none:?}");
    assert!(none.err.contains("did you mean `qwen3`?"), "{none:?}");
    let wrong = dir.run(&["show", "waves", "qwen3"]);
    assert_eq!(wrong.code, 2, "{wrong:?}");
}

/// A pattern without a match gets the reason, the nearest name or an entry for the spec; a list of
/// matches begins with the family itself.
#[test]
fn what_is_asked_for_is_answered() {
    let dir = WorkspaceDir::empty();
    let first =
        |asked: &[&str]| rows(&dir, asked)[0]["name"].as_str().unwrap_or_default().to_owned();
    assert!(first(&["llama3"]).starts_with("llama3:"), "{}", first(&["llama3"]));
    assert!(first(&["q8", "Llama3"]).starts_with("llama3:"), "{}", first(&["q8", "Llama3"]));
    assert!(first(&["llama"]).starts_with("llama2:"), "{}", first(&["llama"]));
    let none = |asked: &[&str]| {
        let done = dir.run(&[&["show", "models"], asked].concat());
        assert_eq!((done.code, done.out.as_str()), (1, ""), "{asked:?}: {done:?}");
        done.err
    };
    for (name, why) in [
        ("gemma3n", "share key/value caches"),
        ("llama4", "reads images"),
        ("qwen3-coder:480b-cloud", "Ollama's own machines"),
    ] {
        let said = none(&[name]);
        assert!(
            said.contains("cannot be computed: ")
                && said.contains(why)
                && !said.contains("did you mean"),
            "{name}: {said}"
        );
    }
    let said = none(&["hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M"]);
    assert!(
        said.contains("its name suggests that it derives from `llama3.2:1b-instruct-q4_K_M`")
            && said.contains("{blob: 807694464, layers: 16, "),
        "{said}"
    );
    assert!(none(&["acme/botanist"]).contains("`catalogue: {\"acme/botanist:latest\": {blob: …, "));
    assert!(none(&["gemma3", "qwen33"]).contains("did you mean `qwen3`?"));
    assert!(
        none(&["gemma3 smollm2 q9"]).contains("no model in the catalogue has `gemma3 smollm2 q9`")
    );
    // Two families, in one argument or in two.
    for asked in [&["qwen3 gemma3"][..], &["qwen3", "gemma3"]] {
        let done = dir.ok(&[&["show", "models"], asked].concat());
        let has = |name: &str| done.out.lines().any(|it| it.starts_with(name));
        assert!(has("qwen3:8b ") && has("gemma3:4b "), "{done:?}");
        assert!(done.err.contains("no model has all of `qwen3 gemma3` in its name"), "{done:?}");
    }
    let done = dir.ok(&["show", "models", "qwen3 q8"]);
    assert!(
        !done.err.contains("no model has all")
            && done.err.lines().all(|it| it.chars().count() <= 80),
        "{done:?}"
    );
}

/// A model that is listed twice is reported once.
#[test]
fn a_model_in_two_spellings_is_one() {
    let dir = WorkspaceDir::starter();
    let file = "spec/platform.yaml";
    let text = dir.read(file);
    let models =
        text.lines().find_map(|it| it.find("models: [").map(|at| &it[at..])).expect("models");
    dir.write(file, text.replace(models, "models: [gemma3:270m, \"library/Gemma3:270M\"]"));
    let said = dir.ok(&["show"]).out;
    assert_eq!(said.matches("gemma3:270m").count(), 1, "{said}");
}

/// Whether a model accepts tools, and how its size is known.
#[test]
fn a_row_says_what_is_known() {
    let dir = WorkspaceDir::empty();
    let all = rows(&dir, &[]);
    let row = |name: &str| {
        all.iter()
            .find(|it| it["name"] == name)
            .unwrap_or_else(|| panic!("{name} is there"))
            .clone()
    };
    for (name, tools, file, embedding) in [
        ("qwen3:8b", Value::Bool(true), "published", false),
        ("gemma3:4b", Value::Bool(false), "published", false),
        ("smollm2:360m", Value::Bool(false), "published", false),
        ("llama3.2:1b-text-q8_0", Value::Null, "computed", false),
        ("codegemma:2b", Value::Null, "computed", false),
        ("qwen2.5:14b", Value::Bool(true), "at most", false),
        ("qwen3-embedding:0.6b", Value::Bool(false), "published", true),
    ] {
        let row = row(name);
        assert_eq!(
            (&row["tools"], row["file"].as_str(), row["embedding"].as_bool()),
            (&tools, Some(file), Some(embedding)),
            "{name}"
        );
    }
}

/// With GPUs, the memory on the GPU is shown beside what stays on the host; a model of the spec's
/// own is listed.
#[test]
fn with_gpus_their_memory_is_shown() {
    let dir = WorkspaceDir::starter();
    let file = "spec/platform.yaml";
    let own = "{blob: 8.4Gi, layers: 16, kvHeads: 8, headDim: 64, embedding: 2048, heads: 32, \
               feedForward: 8192, vocabulary: 128256, trainContext: 131072}";
    let more = format!(
        "context: 4096\n      gpu: {{memory: 24Gi}}\n      catalogue: {{\"acme/botanist:1b\": {own}}}"
    );
    dir.write(file, dir.read(file).replace("context: 4096", &more));
    let all = rows(&dir, &["acme"]);
    assert_eq!(all.len(), 1, "{all:?}");
    assert!(all[0]["gpuMemoryMi"].as_u64() > Some(8601) && all[0]["file"] == "spec", "{all:?}");
    assert!(dir.ok(&["show", "models", "gemma3"]).out.contains("on GPUs"));
}
