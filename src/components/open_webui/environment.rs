//! What Open WebUI is told whoever uses it: production, its hardening page, and what browsers hear.

use k8s_openapi::api::core::v1::EnvVar;

use crate::{
    builder::face::Transport,
    components::pod,
    facts::{
        browser,
        limits::{MESSAGE, MESSAGES, UPLOAD_MIB, UPLOADS},
        open_webui::SHORTEST_PASSWORD,
    },
};

/// Where it keeps files.
pub(super) const DATA: &str = "/app/backend/data";

/// The environment of any Open WebUI. `revocable`: what was signed out is remembered, in Redis.
pub(super) fn of(transport: Transport<'_>, revocable: bool) -> Vec<EnvVar> {
    let is_tls = transport.is_tls();
    let secure = if is_tls { "True" } else { "False" };
    // Without Redis nothing takes a token back: neither a sign-out nor a new password.
    let session = if revocable { "7d" } else { "12h" };
    let told = [
        ("JWT_EXPIRES_IN", session.to_owned()),
        (
            "PASSWORD_VALIDATION_HINT",
            format!("Passwords have at least {SHORTEST_PASSWORD} characters."),
        ),
        ("PASSWORD_VALIDATION_REGEX_PATTERN", format!("^.{{{SHORTEST_PASSWORD},}}$")),
        ("RAG_FILE_MAX_COUNT", UPLOADS.to_string()),
        ("RAG_FILE_MAX_SIZE", UPLOAD_MIB.to_string()),
        ("UVICORN_WS_MAX_QUEUE", MESSAGES.to_string()),
        ("UVICORN_WS_MAX_SIZE", MESSAGE.get().to_string()),
        ("WEBUI_AUTH_COOKIE_SECURE", secure.to_owned()),
        ("WEBUI_SESSION_COOKIE_SECURE", secure.to_owned()),
    ];
    let hsts = is_tls.then(|| ("HSTS", format!("max-age={}", browser::HSTS_SECONDS)));
    let fixed = PRODUCTION.iter().chain(&HEADERS).map(|(name, value)| pod::env(name, *value));
    fixed.chain(told.into_iter().chain(hsts).map(|(name, value)| pod::env(name, value))).collect()
}

/// Headers of its answers. An ingress controller that is not ours sets none.
const HEADERS: [(&str, &str); 7] = [
    ("CONTENT_SECURITY_POLICY", browser::CONTENT),
    ("CROSS_ORIGIN_OPENER_POLICY", browser::ORIGIN),
    ("CROSS_ORIGIN_RESOURCE_POLICY", browser::ORIGIN),
    ("PERMISSIONS_POLICY", browser::PERMISSIONS),
    ("REFERRER_POLICY", browser::REFERRER),
    ("XCONTENT_TYPE", "nosniff"),
    ("XFRAME_OPTIONS", browser::FRAMES),
];

/// What differs from Open WebUI's defaults in production. Git is the only place to configure it:
/// what is changed in the interface is gone after a restart (`ENABLE_PERSISTENT_CONFIG`).
const PRODUCTION: [(&str, &str); 42] = [
    // Seconds that an address is remembered; by default 300. A pod that was replaced has a new one.
    ("AIOHTTP_POOL_DNS_TTL", "10"),
    // Who signed in, and who changed what, from which address: no bodies, which have passwords and
    // chats in them.
    ("AUDIT_LOG_LEVEL", "METADATA"),
    // Of those who are no administrators; seconds between two runs.
    ("AUTOMATION_MAX_COUNT", "10"),
    ("AUTOMATION_MIN_INTERVAL", "3600"),
    // Every signed-in user may use every model; otherwise grants live in the database, not in Git.
    ("BYPASS_MODEL_ACCESS_CONTROL", "True"),
    // No embeddings until a vector store is a choice: documents go into the context whole.
    ("BYPASS_EMBEDDING_AND_RETRIEVAL", "True"),
    ("DATA_DIR", DATA),
    ("DEFAULT_USER_ROLE", "pending"),
    // Chats are their users': an administrator neither reads nor takes them along.
    ("ENABLE_ADMIN_CHAT_ACCESS", "False"),
    ("ENABLE_ADMIN_EXPORT", "False"),
    // Its file is turned over and never removed: the node's log of the pod is bounded.
    ("ENABLE_AUDIT_LOGS_FILE", "False"),
    ("ENABLE_AUDIT_STDOUT", "True"),
    // Code of an answer, in the browser of whoever reads it.
    ("ENABLE_CODE_EXECUTION", "False"),
    ("ENABLE_CODE_INTERPRETER", "False"),
    ("ENABLE_COMMUNITY_SHARING", "False"),
    ("ENABLE_DIRECT_CONNECTIONS", "False"),
    // Each would ask the model once more for every chat.
    ("ENABLE_FOLLOW_UP_GENERATION", "False"),
    ("ENABLE_LOGIN_FORM", "True"),
    ("ENABLE_OLLAMA_API", "True"),
    ("ENABLE_OPENAI_API", "False"),
    ("ENABLE_PASSWORD_VALIDATION", "True"),
    ("ENABLE_PERSISTENT_CONFIG", "False"),
    // Tools and functions are code that runs in this pod.
    ("ENABLE_PIP_INSTALL_FRONTMATTER_REQUIREMENTS", "False"),
    ("ENABLE_PLUGINS", "False"),
    // A user's picture could be a page of somebody who wants to know who looks at it.
    ("ENABLE_PROFILE_IMAGE_URL_FORWARDING", "False"),
    // What to look for in a file is the model's to say, in an answer that nothing bounds; nothing is
    // looked for, since files go into the context whole.
    ("ENABLE_RETRIEVAL_QUERY_GENERATION", "False"),
    ("ENABLE_SEARCH_QUERY_GENERATION", "False"),
    ("ENABLE_SIGNUP", "False"),
    ("ENABLE_TAGS_GENERATION", "False"),
    ("ENABLE_TITLE_GENERATION", "False"),
    ("ENABLE_VERSION_UPDATE_CHECK", "False"),
    ("ENV", "prod"),
    ("HOME", "/tmp"),
    ("LOG_FORMAT", "json"),
    ("OFFLINE_MODE", "True"),
    ("PORT", "8080"),
    // The image rewrites these files at every start.
    ("STATIC_DIR", "/tmp/static"),
    ("USER_PERMISSIONS_CHAT_CONTROLS", "False"),
    ("USER_PERMISSIONS_CHAT_PARAMS", "False"),
    ("UVICORN_WORKERS", "1"),
    ("WEBUI_AUTH", "True"),
    ("WEBUI_SESSION_COOKIE_SAME_SITE", "lax"),
];
