//! Helps that can be pasted, pasted: the finding is gone, and no other has come.

use std::collections::BTreeSet;

use super::{
    code, expected, place, recipes, tells, with_domains_of_ones_own, with_example_domains,
};
use crate::cli::workspace_dir::WorkspaceDir;

const PLATFORM: &str = "spec/platform.yaml";
const VERSIONS: &str = "spec/versions.yaml";
const ADMIN: &str = "spec/secrets/openwebui-admin.yaml";

/// A model of the catalogue that nobody has asked, with all its figures.
const CODEGEMMA: &str = "context: 8192\n      catalogue: {\"codegemma:2b\": {blob: 1703419001, layers: 18, kvHeads: 1, headDim: 256, embedding: 2048, \
                         heads: 8, feedForward: 16384, vocabulary: 256000, trainContext: 8192, tools: true}}\n";

/// The spec that a platform without one is told to write, and what it runs on.
const MISSING_SPEC: &str = "{name: garden}\nspec: {repository: {url: https://github.com/owner/name.git}, domains: {chat: \
     chat.example.org}, certificates: {email: ops@example.org}, node: {cpu: 4, memory: 8Gi}}\n";

/// Case, file, and pairs of what is written there and what the help says to write in its place.
type Fix = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const FIXES: &[Fix] = &[
    (
        "checksum-unusable",
        VERSIONS,
        &[
            ("helm-amd64: v4.2.0@sha256:", "helm-amd64: v4.2.1@sha256:"),
            ("k3s-amd64: v1.35.8+k3s1\n", ""),
        ],
    ),
    (
        "backup-without-tls",
        PLATFORM,
        &[("\"http://s3.example.org:8080\"", "https://s3.example.org:8080")],
    ),
    (
        "out-of-range--backup",
        PLATFORM,
        &[("keep: 0", "keep: 1"), ("storage: 100Mi", "storage: 1Gi")],
    ),
    ("answer-beyond-context", PLATFORM, &[("maxTokens: 4096", "maxTokens: 2048")]),
    ("answer-beyond-context--tools", PLATFORM, &[("maxTokens: 4096", "maxTokens: 1191")]),
    ("answer-beyond-context--training", PLATFORM, &[("maxTokens: 2048", "maxTokens: 1024")]),
    ("component-needed", PLATFORM, &[("enabled: false", "enabled: true")]),
    (
        "component-needed--argocd-admin",
        PLATFORM,
        &[("sealedSecrets: {enabled: false}", "sealedSecrets: {enabled: true}")],
    ),
    ("component-needed--argocd", PLATFORM, &[("enabled: false", "enabled: true")]),
    ("component-needed--workspaces", PLATFORM, &[("enabled: false", "enabled: true")]),
    ("context-beyond-training", PLATFORM, &[("context: 4096", "context: 2048")]),
    (
        "database-unreachable",
        PLATFORM,
        &[("host: 192.168.7.20", "host: 192.168.7.20, cidr: 192.168.7.20/32")],
    ),
    ("database-unreachable--range", PLATFORM, &[("cidr: 10.0.0.0/8", "cidr: 192.168.7.20/32")]),
    (
        "setting-without-effect",
        PLATFORM,
        &[("storage: 20Gi, ", ""), ("resources: {cpu: {request: 100m}}, ", "")],
    ),
    (
        "file-name-differs--both",
        "spec/workspaces/team-a.yaml",
        &[("team-b", "team-a"), ("team-c", "team-a")],
    ),
    (
        "host-taken",
        PLATFORM,
        &[("monitoring: chat.example.com", "monitoring: monitoring.example.com")],
    ),
    (
        "host-taken--workspace",
        PLATFORM,
        &[("workspaces: example.com", "workspaces: ws.example.com")],
    ),
    (
        "invalid-value",
        PLATFORM,
        &[
            ("four", "2"),
            ("8GB", "8Gi"),
            ("https://chat.example.com/", "chat.example.com"),
            ("llama3.2", "[llama3.2]"),
            ("30", "30s"),
            ("q5_0", "q4_0"),
            ("ops", "ops@example.org"),
            ("replicas: many, ", ""),
        ],
    ),
    (
        "invalid-value--no-unit",
        PLATFORM,
        &[
            ("15990000", "15990000Ki"),
            (" 16,", " 16Gi,"),
            (" 5}", " 5Gi}"),
            (" 256,", " 256Mi,"),
            (" 1}", " 1Gi}"),
        ],
    ),
    (
        "invalid-value--amount-in-quotes",
        PLATFORM,
        &[
            ("1G", "1"),
            ("\"16\"", "16Gi"),
            ("\"15990000\"", "15990000Ki"),
            ("\"5\"", "5Gi"),
            ("\"30\"", "30s"),
            ("4 cores", "4"),
            ("17179869185", "16777217Ki"),
        ],
    ),
    (
        "invalid-value--empty-map",
        PLATFORM,
        &[
            ("metadata:", "metadata: {name: my-team}"),
            ("repository:", "repository: {url: https://github.com/owner/name.git}"),
            ("domains:", "domains: {chat: chat.example.org}"),
            ("certificates:", "certificates: {email: ops@example.org}"),
            ("  nodes:\n  -\n", "  node: {cpu: 4, memory: 8Gi}\n"),
            ("openWebui:", "openWebui: {}"),
            (", catalogue: {\"botanist:1b\": }", ""),
        ],
    ),
    ("invalid-value--space-after-dash", PLATFORM, &[("-llama3.2:1b-", "- llama3.2:1b-")]),
    ("yaml-syntax--space-before-colon", PLATFORM, &[("replicas :1", "replicas: 1")]),
    ("out-of-range--nothing", PLATFORM, &[("cpu: 0", "cpu: 4"), ("memory: 0", "memory: 8Gi")]),
    (
        "no-models--no-section",
        PLATFORM,
        &[(
            "garden}\nspec:",
            "garden}\nspec:\n  components: {ollama: {models: [\"llama3.2:1b-instruct-q4_K_M\"]}}",
        )],
    ),
    (
        "invalid-value--number-out-of-bounds",
        PLATFORM,
        &[
            ("gpus: -1", "gpus: 0"),
            ("maxPods: 4294967296", "maxPods: 1000000"),
            ("two", "2"),
            ("7.5", "7"),
            ("1.5", "1"),
            ("size: ten}", "size: 10}"),
            ("port: 65536", "port: 65535"),
            ("context: -5", "context: 256"),
            ("parallel: 1e3", "parallel: 64"),
            ("replicas: 99999999999999999999999", "replicas: 100"),
            ("maxLoadedModels: 4_096", "maxLoadedModels: 64"),
            ("contextCheckpoints: \"64\"", "contextCheckpoints: 32"),
            ("layers: -16", "layers: 1"),
            ("64.0", "64"),
        ],
    ),
    (
        "out-of-range--one-finding",
        PLATFORM,
        &[
            ("gpus: 17", "gpus: 16"),
            ("maxTokens: 9999999999", "maxTokens: 1048576"),
            ("context: 9999999999", "context: 1048576"),
            ("      maxLoadedModels: 65\n", ""),
        ],
    ),
    (
        "invalid-value--versions-as-a-resource",
        VERSIONS,
        &[
            (
                "apiVersion: espalier.dev/v1alpha1\nkind: Versions\nmetadata: {name: \
                 garden}\nspec:\n",
                "",
            ),
            ("  ollama: 0.32.15", "ollama: \"0.32.15\""),
            ("  postgresql: \"17.9-bookworm\"", "postgresql: \"17.9-bookworm\""),
        ],
    ),
    (
        "missing-field--workspace-without-head",
        "spec/workspaces/team-a.yaml",
        &[
            ("name: team-a", "apiVersion: apps.aichatworkspaces.io/v1alpha1"),
            (
                "models: [\"llama3.2:1b-instruct-q4_K_M\"]",
                "kind: AIChatWorkspace\nmetadata: {name: team-a}\nspec: {workspaceName: team-a, \
                 models: [\"llama3.2:1b-instruct-q4_K_M\"]}",
            ),
        ],
    ),
    (
        "missing-field--no-head",
        PLATFORM,
        &[
            ("\ndomains: {chat: chat.example.com}", "\n  domains: {chat: chat.example.com}"),
            (
                "\ncertificates: {email: ops@example.com}",
                "\n  certificates: {email: ops@example.com}",
            ),
            ("\nnode: {cpu: 4, memory: 8Gi}", "\n  node: {cpu: 4, memory: 8Gi}"),
            (
                "\ncomponents:\n  ollama: {models: [\"llama3.2:1b-instruct-q4_K_M\"]}",
                "\n  components:\n    ollama: {models: [\"llama3.2:1b-instruct-q4_K_M\"]}",
            ),
            (
                "repository: {url: https://git.example.com/team/platform.git}",
                "apiVersion: espalier.dev/v1alpha1\nkind: Platform\nmetadata: {name: my-team}\nspec:\n  repository: {url: \
                 https://git.example.com/team/platform.git}",
            ),
        ],
    ),
    ("invalid-value--number-in-words", PLATFORM, &[("8k", "8192"), ("\"2\"", "2"), ("1.0", "1")]),
    ("invalid-value--version-as-a-number", VERSIONS, &[("17.10", "\"17.10\"")]),
    (
        "invalid-value--whole-reference",
        VERSIONS,
        &[
            ("ollama/ollama:", ""),
            ("ghcr.io/open-webui/open-webui:", ""),
            ("rancher/k3s:v1.35.8-k3s1", "v1.35.8+k3s1"),
        ],
    ),
    (
        "invalid-value--one-node-as-a-list",
        PLATFORM,
        &[("[{cpu: 8, memory: 16Gi}]", "{cpu: 8, memory: 16Gi}")],
    ),
    (
        "invalid-value--several-nodes-as-a-map",
        PLATFORM,
        &[(
            "{name: work, count: 1, role: server, cpu: 8, memory: 16Gi}",
            "[{name: work, count: 1, role: server, cpu: 8, memory: 16Gi}]",
        )],
    ),
    ("invalid-value--keep-alive", PLATFORM, &[("-1", "8760h")]),
    ("out-of-range--keep-alive", PLATFORM, &[("300000h", "8760h")]),
    ("invalid-value--space-after-colon", PLATFORM, &[("replicas:1", "replicas: 1")]),
    ("unknown-field--space-after-colon", PLATFORM, &[("replicas:1", "replicas: 1")]),
    ("yaml-syntax--space-after-colon", PLATFORM, &[("replicas:1", "replicas: 1")]),
    ("yaml-syntax--no-break-space", PLATFORM, &[("\u{a0} models", "  models")]),
    ("yaml-syntax--no-break-space-in-a-value", PLATFORM, &[("\u{a0}", " "), ("\u{202f}", " ")]),
    (
        "yaml-syntax--typographic-quotes",
        PLATFORM,
        &[("“", "\""), ("”", "\""), ("‘", "'"), ("’", "'")],
    ),
    (
        "missing-field",
        PLATFORM,
        &[
            ("{cpu: 4}", "{cpu: 4, memory: 8Gi}"),
            ("{issuer: staging}", "{issuer: staging, email: ops@example.org}"),
        ],
    ),
    (
        "missing-field--only-one",
        PLATFORM,
        &[
            ("# version", "apiVersion: espalier.dev/v1alpha1"),
            ("# kind", "kind: Platform"),
            ("# name", "metadata: {name: my-team}"),
        ],
    ),
    ("missing-field--deep", PLATFORM, &[("{name: garden}\n", MISSING_SPEC)]),
    (
        "missing-field--workspace",
        "spec/workspaces/team-a.yaml",
        &[("workspaceName: team-a}", "workspaceName: team-a, models: [llama3.2:1b]}")],
    ),
    ("node-cpu-exceeded", PLATFORM, &[("cpu: 1", "cpu: 2")]),
    ("node-cpu-exceeded--replicas", PLATFORM, &[("replicas: 4", "replicas: 1")]),
    (
        "node-cpu-exceeded--replicas",
        PLATFORM,
        &[("replicas: 4", "replicas: 4, resources: {cpu: {request: 210m}}")],
    ),
    ("node-cpu-exceeded--replicas", PLATFORM, &[("cpu: 2", "cpu: 4")]),
    ("node-memory-exceeded--cpu-too", PLATFORM, &[("replicas: 4", "replicas: 1")]),
    ("node-memory-exceeded--cpu-too", PLATFORM, &[("cpu: 2, memory: 8Gi", "cpu: 4, memory: 9Gi")]),
    (
        "node-memory-exceeded--cpu-too-and-one-model",
        PLATFORM,
        &[("cpu: 1, memory: 4Gi", "cpu: 2, memory: 6Gi")],
    ),
    ("unknown-field--certificate", PLATFORM, &[("certificate:", "certificates:")]),
    ("unknown-field--both", PLATFORM, &[("model: [phi3], ", "")]),
    ("key-not-a-string", PLATFORM, &[("8080", "\"8080\"")]),
    (
        "kv-cache-needs-flash-attention",
        PLATFORM,
        &[("flashAttention: false", "flashAttention: true")],
    ),
    ("kv-cache-needs-flash-attention", PLATFORM, &[("kvCache: q8_0", "kvCache: f16")]),
    ("limit-below-request", PLATFORM, &[("limit: 512Mi", "limit: 768Mi")]),
    ("limit-below-tested", PLATFORM, &[("limit: 256Mi", "limit: 768Mi")]),
    (
        "limits-overcommitted",
        PLATFORM,
        &[("memory: 8Gi", "memory: 8Gi, "), ("memory: 8Gi, ", "memory: 8Gi, overcommit: 2.9")],
    ),
    ("max-loaded-models", PLATFORM, &[("maxLoadedModels: 1", "maxLoadedModels: 2")]),
    ("max-loaded-models--too-many", PLATFORM, &[("maxLoadedModels: 3", "maxLoadedModels: 1")]),
    ("max-loaded-models--zero", PLATFORM, &[("maxLoadedModels: 0", "maxLoadedModels: 1")]),
    ("mem-total-differs", PLATFORM, &[("memTotal: 7864320Mi", "memTotal: 7680Mi")]),
    ("model-needs-memory", PLATFORM, &[("limit: 1Gi", "limit: 1183Mi")]),
    ("model-needs-memory--request", PLATFORM, &[("request: 512Mi", "request: 1183Mi")]),
    ("model-needs-vram", PLATFORM, &[("gpu: {", "gpu: {count: 2, ")]),
    ("node-gpus-exceeded", PLATFORM, &[("replicas: 2", "replicas: 1")]),
    ("node-gpus-exceeded--none", PLATFORM, &[("32Gi}", "32Gi, gpus: 1}")]),
    ("node-memory-exceeded--nodes", PLATFORM, &[("count: 1", "count: 2")]),
    (
        "node-or-nodes--neither",
        PLATFORM,
        &[("platform.git}", "platform.git}\n  node: {cpu: 4, memory: 8Gi}")],
    ),
    (
        "out-of-range--nodes",
        PLATFORM,
        &[
            ("count: 0", "count: 1"),
            ("overcommit: 0.5", "overcommit: 2.0"),
            ("maxPods: 1", "maxPods: 110"),
        ],
    ),
    ("server-nodes--none", PLATFORM, &[("role: agent", "role: server")]),
    ("out-of-range--gpu", PLATFORM, &[("count: 0", "count: 1")]),
    ("model-unknown--figures-given", PLATFORM, &[("botanist:1c", "botanist:1b")]),
    ("model-tag-unlisted", PLATFORM, &[("instuct", "instruct")]),
    (
        "model-unknown--foreign",
        PLATFORM,
        &[("hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M", "llama3.2:1b")],
    ),
    (
        "figures-implausible--decoder",
        PLATFORM,
        &[("decoder: true, imageMemory: 100Gi", "imageMemory: 0")],
    ),
    ("invalid-value--blob", PLATFORM, &[("8.4", "8.4Gi"), ("1.3GB", "1.3Gi"), ("-1", "8Gi")]),
    ("model-without-tools", PLATFORM, &[("tools: true", "tools: false")]),
    (
        "model-without-tools--unknown",
        PLATFORM,
        &[("trainContext: 131072}", "trainContext: 131072, tools: true}")],
    ),
    ("model-without-tools--catalogue", PLATFORM, &[("context: 8192\n", CODEGEMMA)]),
    ("tools-need-context", PLATFORM, &[("context: 4096", "context: 8192")]),
    (
        "tools-need-context--training",
        PLATFORM,
        &[("openWebui: {tools: true}", "openWebui: {tools: false}")],
    ),
    ("no-models", PLATFORM, &[("replicas: 1", "models: [\"llama3.2:1b-instruct-q4_K_M\"]")]),
    (
        "no-models--workspace",
        "spec/workspaces/team-a.yaml",
        &[("models: []", "models: [\"llama3.2:1b-instruct-q4_K_M\"]")],
    ),
    ("node-memory-exceeded", PLATFORM, &[("replicas: 3", "replicas: 2")]),
    (
        "node-memory-exceeded",
        PLATFORM,
        &[("models: [\"llama3.2:1b\"]", "models: [\"llama3.2:1b-instruct-q4_K_M\"]")],
    ),
    ("node-memory-exceeded", PLATFORM, &[("memory: 8Gi", "memory: 10Gi")]),
    ("node-memory-exceeded--nothing-fits", PLATFORM, &[("memory: 2Gi", "memory: 6Gi")]),
    ("node-memory-exceeded--one-line-a-field", PLATFORM, &[("- qwen2.5:7b", "- qwen2.5:3b")]),
    ("sealed-scope--namespace", "spec/secrets/postgresql.yaml", &[("ai:", "\"*\":")]),
    ("node-memory-exceeded--one-line-a-field", PLATFORM, &[("memory: 8Gi", "memory: 11Gi")]),
    ("node-memory-exceeded--workspaces", PLATFORM, &[("memory: 8Gi", "memory: 11Gi")]),
    (
        "repository-without-tls",
        PLATFORM,
        &[("http://git.home.lan:3000/", "https://git.home.lan:3000/")],
    ),
    ("postgresql-major", VERSIONS, &[("\"18.3\"", "17.9-bookworm")]),
    (
        "out-of-range",
        PLATFORM,
        &[
            ("replicas: 0", "replicas: 1"),
            ("context: 100", "context: 256"),
            ("overcommit: 0.5", "overcommit: 2.0"),
        ],
    ),
    (
        "out-of-range--too-large",
        PLATFORM,
        &[
            ("replicas: 4000000000", "replicas: 100"),
            ("parallel: 100", "parallel: 64"),
            ("size: 0", "size: 1"),
            ("overflow: 1000", "overflow: 100"),
            ("maxTokens: 2097152", "maxTokens: 1048576"),
        ],
    ),
    (
        "postgresql-limit-too-low",
        PLATFORM,
        &[("connectionPool: {size: 20, overflow: 20}", "connectionPool: {size: 7, overflow: 7}")],
    ),
    ("postgresql-limit-too-low--limit", PLATFORM, &[("limit: 256Mi", "limit: 320Mi")]),
    ("component-needed--replicas", PLATFORM, &[("enabled: false", "enabled: true")]),
    ("uploads-need-shared-storage", PLATFORM, &[("8Gi}]", "8Gi}]\n  storage: {shared: nfs}")]),
    ("replicas-need-redis", PLATFORM, &[("replicas: 2", "replicas: 1")]),
    (
        "storage-too-small",
        PLATFORM,
        &[("storage: 2Gi", "storage: 3Gi"), ("storage: 100Mi", "storage: 1Gi")],
    ),
    ("tab", PLATFORM, &[("\t", "      ")]),
    ("unknown-field", PLATFORM, &[("modles", "models"), (", colour: green", "")]),
    ("unsupported-pair", VERSIONS, &[("v1.36.4+k3s1", "v1.35.8+k3s1")]),
    ("unknown-version", VERSIONS, &[("postgres:", "postgresql:"), ("loki: 18.11.0", "")]),
    (
        "untested-version",
        VERSIONS,
        &[
            ("ollama: 0.33.0", "ollama: 0.32.15"),
            ("cert-manager: v1.22.0", "cert-manager: v1.21.2"),
            ("postgresql: 17.10.0", "postgresql: 17.9-bookworm"),
        ],
    ),
    ("yaml-syntax", PLATFORM, &[("[\"llama3.2:1b\"]", "[\"llama3.2:1b\"]}")]),
];

/// Cases whose help names the file's right name.
const RENAMED: [(&str, &str, &str); 2] = [
    ("file-name-differs", "spec/secrets/database.yaml", "postgresql.yaml"),
    ("file-name-differs--no-name", "spec/workspaces/Team A.yaml", "team-a.yaml"),
];

/// Cases whose help says `write` and needs a word of the user's own, or is pasted by another test.
const BY_HAND: [&str; 5] = [
    "all-at-once",
    "all-at-once--rules",
    "invalid-value--signer",
    "repository-branch",
    "repository-path",
];

/// The codes that a text tells of, errors and warnings.
fn codes(text: &str) -> BTreeSet<String> {
    let starts = text.lines().filter(|it| it.starts_with("error[") || it.starts_with("warning["));
    starts.filter_map(|it| Some(it.split_once('[')?.1.split_once(']')?.0.to_owned())).collect()
}

fn render(place: &WorkspaceDir) -> String {
    let done = place.run(&["render", "--color", "never"]);
    assert!(done.code == 0 || done.code == 1, "{done:?}");
    done.err
}

#[test]
fn what_a_help_says_helps() {
    for (case, file, pairs) in FIXES {
        let place = place(case);
        let before = codes(&render(&place));
        let said = expected(case);
        let mut text = with_example_domains(&place.read(file));
        for (from, to) in *pairs {
            assert!(text.contains(from), "{case}: `{from}` is not in {file}:\n{text}");
            let word = to.trim_start_matches("- ").trim_end_matches([':', ',']);
            let word = word.strip_prefix("memory: 8Gi, ").unwrap_or(word);
            let word = word.strip_prefix("context: 8192\n").unwrap_or(word).trim();
            let word = word.strip_prefix("garden}\nspec:\n").unwrap_or(word).trim();
            // What is pasted into more of the same line is not said as a whole.
            let is_said = word.starts_with("catalogue: ") || !word.ends_with('}');
            assert!(
                word.is_empty() || !is_said || said.contains(word),
                "{case}: no help says `{word}`:\n{said}"
            );
            text = text.replace(from, to);
        }
        place.write(file, with_domains_of_ones_own(case, &text));
        let after = render(&place);
        assert!(!tells(&after, code(case)), "{case}: the help does not help:\n{after}");
        // Of every workspace that is built it is told that it has no administrator yet.
        let of_course = |text: &&String| *text == "workspace-without-administrator";
        let new: Vec<String> =
            codes(&after).difference(&before).filter(|it| !of_course(it)).cloned().collect();
        // What is right as YAML can be wrong as a spec: that is told then.
        let deeper = [
            "invalid-value",
            "invalid-value--version-as-a-number",
            "missing-field--deep",
            "invalid-value--amount-in-quotes",
            "invalid-value--empty-map",
            "key-not-a-string",
            "yaml-syntax",
            "out-of-range--too-large",
            "out-of-range--one-finding",
            "invalid-value--number-out-of-bounds",
        ]
        .contains(case);
        assert!(new.is_empty() || deeper, "{case}: {new:?} has come:\n{after}");
    }
}

#[test]
fn a_file_that_is_renamed_is_right() {
    for (case, file, name) in RENAMED {
        let place = place(case);
        assert!(expected(case).contains(&format!("rename the file to `{name}`")), "{case}");
        let to = place.path(file).with_file_name(name);
        std::fs::rename(place.path(file), to).expect("it can be renamed");
        let after = render(&place);
        assert!(!tells(&after, code(case)), "{case}:\n{after}");
    }
}

#[test]
fn every_help_that_can_be_pasted_is() {
    let missing: Vec<String> = super::cases()
        .into_iter()
        .filter(|it| expected(it).contains("= help: write `") && !BY_HAND.contains(&&**it))
        .filter(|case| FIXES.iter().all(|it| it.0 != *case))
        .collect();
    assert!(missing.is_empty(), "no test pastes the help of {missing:?}");
}

/// The page of `credential-not-sealed` shows a whole file: with real ciphertext in it, the finding
/// is gone.
#[test]
fn the_page_shows_the_form_of_a_sealed_file() {
    let place = place("credential-not-sealed");
    let page = place.ok(&["explain", "credential-not-sealed"]).out;
    let from = page.find("    apiVersion: espalier.dev/v1alpha1").expect("the file");
    let lines = page[from..].lines().take_while(|it| it.starts_with("    ")).map(|it| &it[4..]);
    let file: String = lines.flat_map(|it| [it, "\n"]).collect();
    assert!(file.contains("AgB…"), "{file}");
    place.write(ADMIN, file.replace("AgB…", &recipes::ciphertext()));
    let said = render(&place);
    assert!(!said.contains("`openwebui-admin`"), "{said}");
    assert!(said.contains("`openwebui-secret-key`"), "the others are still not sealed: {said}");
}
