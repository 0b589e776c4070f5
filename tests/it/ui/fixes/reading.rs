//! Fixes of what cannot be read: syntax, names of fields, values of the wrong form.

use super::{Fix, PLATFORM, VERSIONS};

/// What the help for a missing `spec` says to write, and the node.
const MISSING_SPEC: &str = "{name: garden}\nspec: {repository: {url: https://github.com/owner/name.git}, domains: {chat: \
     chat.example.org}, certificates: {email: ops@example.org}, node: {cpu: 4, memory: 8Gi}}\n";

pub const READING: &[Fix] = &[
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
        "invalid-value--issuer-parts",
        PLATFORM,
        &[
            (
                "issuer: {acme: {server: \"https://10.0.0.8/directory\"}, ca: {certificate: ca.pem}}",
                "email: ops@example.org",
            ),
            ("route54", "route53"),
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
                 workspaceENV: dev, models: [\"llama3.2:1b-instruct-q4_K_M\"]}",
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
        "invalid-value--version-in-a-map",
        VERSIONS,
        &[
            ("ollama: {tag: 0.32.15}", "ollama: \"0.32.15\""),
            ("postgresql: {version: 17.9-bookworm}", "postgresql: \"17.9-bookworm\""),
        ],
    ),
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
    ("invalid-value--space-after-colon", PLATFORM, &[("replicas:1", "replicas: 1")]),
    ("unknown-field--space-after-colon", PLATFORM, &[("replicas:1", "replicas: 1")]),
    ("yaml-syntax--space-after-colon", PLATFORM, &[("replicas:1", "replicas: 1")]),
    ("yaml-syntax--invisible-character", PLATFORM, &[("\u{200b}", "")]),
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
    ("missing-field--ingress", PLATFORM, &[("# class", "\n    class: nginx")]),
    ("missing-field--deep", PLATFORM, &[("{name: garden}\n", MISSING_SPEC)]),
    (
        "missing-field--workspace",
        "spec/workspaces/team-a.yaml",
        &[(
            "workspaceName: team-a}",
            "workspaceName: team-a, workspaceENV: dev, models: [llama3.2:1b]}",
        )],
    ),
    ("unknown-field--certificate", PLATFORM, &[("certificate:", "certificates:")]),
    ("unknown-field--both", PLATFORM, &[("model: [phi3], ", "")]),
    ("key-not-a-string", PLATFORM, &[("8080", "\"8080\"")]),
    ("invalid-value--blob", PLATFORM, &[("8.4", "8.4Gi"), ("1.3GB", "1.3Gi"), ("-1", "8Gi")]),
    ("tab", PLATFORM, &[("\t", "      ")]),
    ("unknown-field", PLATFORM, &[("modles", "models"), (", colour: green", "")]),
    ("unknown-version", VERSIONS, &[("postgres:", "postgresql:"), ("jaeger: 2.10.0", "")]),
    ("yaml-syntax", PLATFORM, &[("[\"llama3.2:1b\"]", "[\"llama3.2:1b\"]}")]),
];
