//! The page of each code: what `espalier explain CODE` prints.

macro_rules! pages {
    ($($code:literal),+ $(,)?) => {
        /// Code and page, by code.
        const PAGES: &[(&str, &str)] = &[$(($code, include_str!(concat!("pages/", $code, ".md")))),+];
    };
}

pages!(
    "alias",
    "answer-beyond-context",
    "backup-of-nothing",
    "backup-on-the-same-disk",
    "backup-without-tls",
    "checksum-unusable",
    "ciphertext-invalid",
    "component-needed",
    "context-beyond-training",
    "credential-not-sealed",
    "credential-not-sealed-for",
    "credential-not-used",
    "database-unreachable",
    "duplicate-key",
    "empty-file",
    "example-value",
    "figures-implausible",
    "figures-not-used",
    "file-changed",
    "file-missing",
    "file-name-differs",
    "file-not-read",
    "file-stray",
    "file-too-large",
    "foreign-file",
    "host-taken",
    "image-memory-unknown",
    "invalid-value",
    "key-not-a-string",
    "kv-cache-needs-flash-attention",
    "limit-below-request",
    "limit-below-tested",
    "limits-overcommitted",
    "max-loaded-models",
    "mem-total-differs",
    "merge-conflict",
    "merge-key",
    "missing-field",
    "model-listed-twice",
    "model-needs-memory",
    "model-needs-vram",
    "model-tag-unlisted",
    "model-unknown",
    "model-without-tools",
    "nested-too-deep",
    "no-models",
    "no-room-for-rollout",
    "node-cpu-exceeded",
    "node-gpus-exceeded",
    "node-group-twice",
    "node-memory-exceeded",
    "node-or-nodes",
    "node-pods-exceeded",
    "not-utf8",
    "only-embedding-models",
    "out-of-range",
    "path-occupied",
    "path-twice",
    "plain-secret",
    "pod-without-place",
    "postgresql-limit-too-low",
    "postgresql-major",
    "replicas-need-redis",
    "sealed-name",
    "sealed-scope",
    "sealed-with-another-certificate",
    "sealing-certificate-expires",
    "sealing-certificate-invalid",
    "sealing-certificate-missing",
    "server-nodes",
    "setting-without-effect",
    "several-documents",
    "source-outside",
    "spec-missing",
    "storage-too-small",
    "tab",
    "too-many-findings",
    "tools-need-context",
    "unknown-field",
    "unknown-version",
    "unsupported-pair",
    "untested-version",
    "uploads-need-shared-storage",
    "waves-wait-for-nothing",
    "workspace-host-too-long",
    "workspace-name",
    "workspace-without-administrator",
    "yaml-syntax",
);

/// The page of a code.
pub fn page(code: &str) -> Option<&'static str> {
    PAGES.iter().find(|it| it.0 == code).map(|it| it.1)
}

/// All codes.
pub fn codes() -> impl Iterator<Item = &'static str> {
    PAGES.iter().map(|it| it.0)
}
