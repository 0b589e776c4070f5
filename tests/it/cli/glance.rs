//! An overview of the platform: `show` on a terminal of 80 columns and for programs, and what
//! `render` names.

use std::fmt::Write as _;

use serde_json::Value;

#[cfg(target_os = "linux")]
use super::pty::talk;
use super::workspace_dir::WorkspaceDir;

fn json(dir: &WorkspaceDir, words: &[&str]) -> Value {
    serde_json::from_str(&dir.ok(&[words, &["--format", "json"]].concat()).out).expect("JSON")
}

#[cfg(target_os = "linux")]
#[test]
fn every_side_fits_a_terminal_of_80_columns() {
    let dir = WorkspaceDir::starter();
    dir.tenant("a-team-with-a-rather-long-name-for-a-namespace");
    for side in [
        &["show"][..],
        &["show", "budget"],
        &["show", "flows"],
        &["show", "waves"],
        &["show", "secrets"],
        &["show", "monitoring"],
    ] {
        let done = talk(dir.command(side), 80, &mut |_| panic!("nobody asks"));
        assert_eq!(done.code, 0, "{done:?}");
        let wide: Vec<&str> = done.said.lines().filter(|it| it.chars().count() > 80).collect();
        assert!(wide.is_empty(), "{side:?}:\n{wide:#?}");
    }
    // A pipe has no width: a row stays one line.
    let (piped, rows) = (dir.ok(&["show", "flows"]).out, json(&dir, &["show", "flows"]));
    assert_eq!(piped.lines().count(), 1 + rows.as_array().expect("rows").len(), "{piped}");
}

/// Hosts first, with the workspaces', and what they need; then models, versions and budget.
#[test]
fn a_platform_is_shown_in_the_order_of_the_questions() {
    let dir = WorkspaceDir::starter();
    for name in ["team-a", "team-b"] {
        dir.tenant(name);
    }
    let first_time = dir.ok(&["render"]).err;
    let page = dir.read("out/README.md");
    let shown = dir.ok(&["show"]).out;
    let needles = [
        "chat.example.com",
        "team-a.chat.example.com",
        "team-b.chat.example.com",
        "*.chat.example.com",
        "`issuer: production`",
    ];
    for text in [&page, &shown, &first_time] {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut from = 0;
        for needle in needles.iter().chain(&["llama3.2:1b-instruct-q4_K_M", "argo-cd 10.", "CPU"]) {
            let at = text[from..]
                .find(needle)
                .unwrap_or_else(|| panic!("{needle} is missing or out of order:\n{text}"));
            from += at;
        }
    }
    let production =
        dir.read("spec/platform.yaml").replace("issuer: staging", "issuer: production");
    dir.write("spec/platform.yaml", production);
    assert!(!dir.ok(&["show"]).out.contains("browsers warn"));
}

/// Every version of an image or a chart in the tree is listed, and no other.
#[test]
fn the_versions_are_those_of_the_tree() {
    let dir = WorkspaceDir::rendered();
    let shown = json(&dir, &["show"]);
    let versions = shown["versions"].as_array().expect("versions");
    let versions: Vec<&str> = versions.iter().filter_map(|it| it["version"].as_str()).collect();
    let mut all = String::new();
    for (_, bytes) in dir
        .tree()
        .iter()
        .filter(|(name, _)| name.starts_with("apps/") || name.starts_with("out/manifests/"))
    {
        for line in String::from_utf8_lossy(bytes).lines().map(str::trim) {
            if let Some(image) =
                line.strip_prefix("image: ").or_else(|| line.strip_prefix("- image: "))
            {
                let split = image.split('@').next().unwrap_or(image);
                let tag = split.trim_matches('"').rsplit(':').next().expect("a tag").to_owned();
                assert!(versions.contains(&&*tag), "{split}: {versions:?}");
                let _ = write!(all, " {tag}");
            }
            if let Some(version) =
                line.strip_prefix("targetRevision: ").filter(|it| !it.contains("refs/"))
            {
                assert!(versions.contains(&version.trim_matches('"')), "{version}: {versions:?}");
                let _ = write!(all, " {}", version.trim_matches('"'));
            }
        }
    }
    let unused: Vec<&&str> =
        versions.iter().filter(|it| !all.contains(**it) && !it.contains("k3s")).collect();
    assert!(unused.is_empty(), "{unused:?}: {all}");
}

/// One spelling of keys, and figures instead of sentences.
#[test]
fn programs_read_camel_case_and_figures() {
    fn keys(at: &str, value: &Value, said: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                for (key, field) in fields {
                    // Keys of labels are defined by Kubernetes.
                    if key != "labels" {
                        let is_camel = key
                            .starts_with(|character: char| character.is_ascii_lowercase())
                            && key.chars().all(|it| it.is_ascii_alphanumeric());
                        if !is_camel {
                            said.push(format!("{at}/{key}"));
                        }
                        keys(&format!("{at}/{key}"), field, said);
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|it| keys(at, it, said)),
            _ => {}
        }
    }
    let dir = WorkspaceDir::rendered();
    let mut said = Vec::new();
    for side in [
        &["show"][..],
        &["show", "waves"],
        &["show", "flows"],
        &["show", "secrets"],
        &["show", "budget"],
        &["show", "monitoring"],
    ] {
        keys(&side.join(" "), &json(&dir, side), &mut said);
    }
    assert!(said.is_empty(), "{said:?}");
    let budget = &json(&dir, &["show"])["budget"];
    for figure in ["requests", "allocatable", "limits", "cpuMillicores"] {
        assert!(budget[figure].is_u64(), "{figure}: {budget}");
    }
    assert!(json(&dir, &["show", "secrets"])[0]["usedBy"].is_array());
}

/// Ollama's request is a sum of terms, exact to the MiB.
#[test]
fn the_terms_of_a_model_sum_up() {
    let dir = WorkspaceDir::rendered();
    let spec = dir.read("spec/platform.yaml").replace("replicas: 1", "replicas: 2");
    let models = "[\"llama3.2:1b-instruct-q4_K_M\", \"nomic-embed-text\", \"qwen2.5:0.5b\"]";
    dir.write("spec/platform.yaml", spec.replace("[\"llama3.2:1b-instruct-q4_K_M\"]", models));
    let text = dir.ok(&["show", "budget"]).out;
    let mib = |line: &str| -> u64 {
        let figure =
            line.split_whitespace().find_map(|it| it.strip_suffix("Mi")).expect("a figure");
        figure.parse().expect("a number")
    };
    let from = text.lines().skip_while(|it| !it.starts_with("ollama/ollama, each pod")).skip(1);
    let (terms, rest): (Vec<&str>, Vec<&str>) =
        from.partition(|it| !it.starts_with('=') && it.contains("Mi"));
    let needed = rest.first().expect("the sum");
    assert_eq!(terms.iter().map(|it| mib(it)).sum::<u64>(), mib(needed), "{text}");
    assert!(needed.contains(&format!("× 2 = {}Mi", 2 * mib(needed))), "{text}");
    for term in [
        "weights",
        "+ KV cache",
        "+ compute buffers",
        "+ server and tokenizer",
        "+ further processes",
        "+ reserve",
    ] {
        assert!(terms.iter().any(|it| it.starts_with(term)), "{term}:\n{text}");
    }
    assert!(text.contains("loaded only after one of these is unloaded: qwen2.5:0.5b"), "{text}");
    let ollama = &json(&dir, &["show", "budget"])["ollama"];
    let terms: u64 = ollama["terms"]
        .as_array()
        .expect("terms")
        .iter()
        .filter_map(|it| it["bytes"].as_u64())
        .sum();
    assert_eq!(Some(terms), ollama["computed"].as_u64(), "{ollama}");
    assert_eq!(ollama["computed"], ollama["request"]);
}

/// A workspace's models are listed with the platform's, marked with the workspace, and its Ollama
/// is explained as the platform's is.
#[test]
fn the_models_of_workspaces_are_listed_and_explained() {
    let dir = WorkspaceDir::starter();
    for (name, models) in [
        ("team-a", "\"qwen2.5:0.5b\""),
        ("team-b", "\"qwen2.5:0.5b\""),
        ("team-c", "\"all-minilm\", \"gemma2:2b\""),
    ] {
        dir.tenant(name);
        let file = format!("spec/workspaces/{name}.yaml");
        let text = dir.read(&file);
        let own = "models: [\"llama3.2:1b\"]";
        assert!(text.contains(own), "{text}");
        dir.write(&file, text.replace(own, &format!("models: [{models}]")));
    }
    let spec = dir
        .read("spec/platform.yaml")
        .replace("memory: 8Gi", "memory: 32Gi")
        .replace("cpu: 4", "cpu: 16");
    dir.write("spec/platform.yaml", spec);
    let rendered = dir.ok(&["render"]).err;
    let shown = dir.ok(&["show"]).out;
    for text in [&rendered, &shown] {
        let own = text
            .find("models        llama3.2:1b-instruct-q4_K_M (context 4096)\n")
            .expect("the platform's own, first");
        let of_a = text
            .find("              qwen2.5:0.5b (context 4096, workspace team-a)\n")
            .expect("team-a's");
        let of_c = text
            .find("              gemma2:2b (context 4096, workspace team-c)\n")
            .expect("team-c's");
        assert!(
            own < of_a
                && of_a < of_c
                && text.contains("all-minilm:latest (context 512, workspace team-c)"),
            "{text}"
        );
    }
    let page = dir.read("out/README.md");
    let row = "| team-c | `all-minilm:latest` (context 512), `gemma2:2b` (context 4096) |\n";
    assert!(
        page.contains(row) && page.contains("| team-b | `qwen2.5:0.5b` (context 4096) |\n"),
        "{page}"
    );
    let all = &json(&dir, &["show"]);
    assert_eq!(
        (all["modelCount"].as_u64(), all["models"][0].get("workspace")),
        (Some(5), None),
        "{all}"
    );
    assert_eq!(all["models"][1]["workspace"], "team-a", "{all}");

    let budget = dir.ok(&["show", "budget"]).out;
    let head = |name: &str| budget.find(&format!("\n{name}/ollama, each pod\n"));
    assert!(
        head("ollama") < head("ws-team-a")
            && head("ws-team-a") < head("ws-team-c")
            && head("ws-team-b").is_none(),
        "{budget}"
    );
    assert!(
        head("ollama").is_some() && budget.contains("\nthe same in 1 more workspace: team-b\n"),
        "{budget}"
    );
    // Each sum is what the StatefulSet of its Ollama requests, to the MiB.
    let all = json(&dir, &["show", "budget"]);
    let all = all["workspaces"].as_array().expect("workspaces");
    assert_eq!(all.len(), 3);
    for memory in all {
        let terms: u64 = memory["terms"]
            .as_array()
            .expect("terms")
            .iter()
            .filter_map(|it| it["bytes"].as_u64())
            .sum();
        assert_eq!(Some(terms), memory["computed"].as_u64(), "{memory}");
        let name = memory["workspace"].as_str().expect("whose");
        let object =
            dir.read(&format!("out/manifests/ws-{name}/{name}/statefulset-{name}-ollama.yaml"));
        let request = format!("memory: {}Mi\n", terms >> 20);
        assert_eq!(
            (memory["request"].as_u64(), object.contains(&request)),
            (Some(terms), true),
            "{object}"
        );
    }
}

/// Of very many, the first are shown and all are counted.
#[test]
fn very_many_models_of_workspaces_are_counted() {
    let dir = WorkspaceDir::starter();
    for at in 0..30 {
        dir.tenant(&format!("team-{at:02}"));
    }
    let shown = dir.ok(&["show"]).out;
    assert_eq!(shown.lines().filter(|it| it.contains(", workspace team-")).count(), 23, "{shown}");
    let models = shown
        .split("\nmodels ")
        .nth(1)
        .expect("models")
        .split("\nversions")
        .next()
        .expect("before the versions");
    assert!(models.ends_with("… and 7 more"), "{shown}");
    assert_eq!(json(&dir, &["show"])["models"].as_array().map(Vec::len), Some(31));
}

/// Up to a dozen names, then a count; files that were edited by hand are listed apart from those
/// that the spec changed.
#[test]
fn render_names_what_it_changed() {
    let dir = WorkspaceDir::starter();
    let first = dir.ok(&["render"]).err;
    assert!(
        !first.contains("new      ") && first.contains("rendered "),
        "the first time there is nothing to compare with: {first}"
    );
    let edited = dir.manifest();
    dir.append(&edited, "\nedited\n");
    dir.remove("apps/ollama.yaml");
    let said = dir.ok(&["render"]).err;
    assert!(
        said.contains(&format!("restored {edited}: it differed from what the spec makes\n")),
        "{said}"
    );
    assert!(said.contains("restored apps/ollama.yaml: it was missing\n"), "{said}");
    assert!(!dir.ok(&["render"]).err.contains("restored"));

    dir.tenant("team-a");
    let said = dir.ok(&["render"]).err;
    assert!(!said.contains("restored"), "{said}");
    let named = said
        .lines()
        .filter(|line| {
            ["changed  ", "new      ", "removed  "].iter().any(|word| line.starts_with(word))
        })
        .count();
    assert_eq!(named, 12, "{said}");
    let more: usize = said
        .lines()
        .find_map(|it| it.strip_prefix("… and ")?.strip_suffix(" more")?.parse().ok())
        .expect("a count");
    let counts = said.lines().find_map(|it| it.strip_prefix("rendered ")).expect("the total");
    let count = |what: &str| {
        let words: Vec<&str> = counts.split([' ', ',']).filter(|it| !it.is_empty()).collect();
        words
            .iter()
            .position(|it| *it == what)
            .map_or(0, |at| words[at - 1].parse::<usize>().expect("a number"))
    };
    assert_eq!(count("new") + count("changed"), named + more, "{said}");

    dir.remove("spec/workspaces/team-a.yaml");
    assert!(dir.ok(&["render"]).err.contains("removed  apps/ws-team-a.yaml\n"));
}

/// How many more workspaces there is room for: of the size that is asked for, else like the
/// smallest that there is, else with a model of the platform.
#[test]
fn the_budget_says_how_many_more_fit() {
    let dir = WorkspaceDir::rendered();
    let spec = dir.read("spec/platform.yaml");
    let larger = spec.replace("memory: 64Ti", "memory: 16Gi").replace("cpu: 4000", "cpu: 16");
    dir.write("spec/platform.yaml", larger);
    let line = |arguments: &[&str]| {
        let text = dir.ok(arguments).out;
        text.lines().find(|it| it.starts_with("room for ")).unwrap_or_default().to_owned()
    };
    let first = line(&["show", "budget"]);
    assert!(
        first.contains("more workspaces with `llama3.2:1b-instruct-q4_K_M`; the next"),
        "{first}"
    );
    let of = |arguments: &[&str]| {
        let more = json(&dir, arguments)["more"].clone();
        (more["count"].as_u64().expect("a number"), more)
    };
    let (before, more) = of(&["show", "budget"]);
    assert!(before > 1 && more["missing"] == "memory" && more["request"].as_u64() > Some(1 << 30));
    dir.tenant("team-a");
    let like = line(&["show", "budget"]);
    assert!(like.contains(" like `team-a`; the next one finds too little "), "{like}");
    let (small, _) = of(&["show", "budget", "--workspace-models", "gemma3:270m"]);
    let (large, _) = of(&["show", "budget", "--workspace-models", "gemma3:270m,llama3.2:1b"]);
    assert!(small > large, "{small} {large}");
    // What no workspace can have has no size.
    let done = dir.run(&["show", "budget", "--workspace-models", "no-such-model:1b"]);
    assert!(done.code == 1 && done.err.contains("model-unknown"), "{done:?}");
    let done = dir.run(&["show", "waves", "--workspace-models", "gemma3:270m"]);
    assert!(done.code == 2 && done.err.contains("only `espalier show budget`"), "{done:?}");
}
