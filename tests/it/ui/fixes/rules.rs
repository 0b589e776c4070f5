//! Fixes of what can be read and breaks a rule.

use super::{Fix, PLATFORM, VERSIONS};

/// A model of the catalogue that was not tried with tools, with all its figures.
const CODEGEMMA: &str = "context: 8192\n      catalogue: {\"codegemma:2b\": {blob: 1703419001, layers: 18, kvHeads: 1, headDim: 256, embedding: 2048, \
                         heads: 8, feedForward: 16384, vocabulary: 256000, trainContext: 8192, tools: true}}\n";

pub const RULES: &[Fix] = &[
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
        "out-of-range--one-finding",
        PLATFORM,
        &[
            ("gpus: 17", "gpus: 16"),
            ("maxTokens: 9999999999", "maxTokens: 1048576"),
            ("context: 9999999999", "context: 1048576"),
            ("      maxLoadedModels: 65\n", ""),
        ],
    ),
    ("out-of-range--keep-alive", PLATFORM, &[("300000h", "8760h")]),
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
    ("unsupported-pair", VERSIONS, &[("v1.36.4+k3s1", "v1.35.8+k3s1")]),
    (
        "untested-version",
        VERSIONS,
        &[
            ("ollama: 0.33.0", "ollama: 0.32.15"),
            ("cert-manager: v1.22.0", "cert-manager: v1.21.2"),
            ("postgresql: 17.10.0", "postgresql: 17.9-bookworm"),
        ],
    ),
];
