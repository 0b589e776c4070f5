//! Faults of the chat front end's deployment.

use std::collections::BTreeSet;

use serde_yaml::Value;

use super::{GOLDEN, each_of, env, found, nowhere};
use crate::support::{Read, at};

/// Asserts that every chat container of every golden tree, the platform's and the tenants', has
/// this variable.
#[track_caller]
fn always(name: &str, value: &str) {
    for (object, container) in each_of("Deployment", "openwebui") {
        assert_eq!(env(container, name), Some(&Value::from(value)), "{}", object.path);
    }
}

/// Only the platform's own; tenants have no credentials yet.
fn chats_of_platforms() -> impl Iterator<Item = (&'static Read, &'static Value)> {
    each_of("Deployment", "openwebui").filter(|it| it.0.name() == "openwebui")
}

#[track_caller]
fn from_secret(variable: &str, secret: &str, key: &str) {
    for (chat, container) in chats_of_platforms() {
        let reference =
            env(container, variable).unwrap_or_else(|| panic!("{}: no {variable}", chat.path));
        assert!(
            is_of(at(reference, "name"), secret) && *at(reference, "key") == key,
            "{}: {reference:?}",
            chat.path
        );
    }
}

/// Whether a Secret's name is that of a credential: with the suffix that was drawn when it was
/// sealed, or without.
fn is_of(name: &Value, credential: &str) -> bool {
    let end = name.as_str().and_then(|it| it.strip_prefix(credential));
    end.is_some_and(|it| it.is_empty() || (it.len() == 6 && it.starts_with('-')))
}

#[test]
fn anybody_may_sign_up() {
    for (chat, container) in chats_of_platforms() {
        assert_eq!(env(container, "ENABLE_SIGNUP"), Some(&"False".into()), "{}", chat.path);
    }
}

#[test]
fn whoever_signs_up_is_an_administrator() {
    always("DEFAULT_USER_ROLE", "pending");
    always("WEBUI_AUTH", "True");
}

#[test]
fn no_first_administrator() {
    from_secret("WEBUI_ADMIN_EMAIL", "openwebui-admin", "email");
    from_secret("WEBUI_ADMIN_PASSWORD", "openwebui-admin", "password");
}

#[test]
fn no_secret_key_so_that_a_restart_signs_all_out() {
    from_secret("WEBUI_SECRET_KEY", "openwebui-secret-key", "key");
    for (object, container) in each_of("Deployment", "openwebui") {
        let file =
            env(container, "WEBUI_SECRET_KEY_FILE").and_then(Value::as_str).unwrap_or_default();
        let lasts =
            env(container, "WEBUI_SECRET_KEY").is_some() || file.starts_with("/app/backend/data/");
        assert!(lasts, "{}", object.path);
    }
}

/// The slim image takes a PDF or a Word file, and then cannot read it. What is listed is read, and
/// anything else is refused as it comes.
#[test]
fn uploads_that_are_taken_and_then_fail() {
    let mut readers = BTreeSet::new();
    for (object, container) in each_of("Deployment", "openwebui") {
        let list = env(container, "RAG_ALLOWED_FILE_EXTENSIONS").and_then(Value::as_str);
        let list: BTreeSet<&str> = list.unwrap_or_default().split(',').collect();
        assert!(list.contains("txt") && !list.contains(""), "{}", object.path);
        let image = container["image"].as_str().unwrap_or_default();
        let asks_tika = env(container, "CONTENT_EXTRACTION_ENGINE") == Some(&"tika".into());
        let reader = match (image.contains("-slim"), asks_tika) {
            (true, true) => "tika",
            (false, false) => "builtin",
            _ => "none",
        };
        assert_eq!(list.contains("pdf"), reader != "none", "{}", object.path);
        assert_eq!(list.contains("odt"), reader == "tika", "{}", object.path);
        readers.insert(reader);
    }
    assert_eq!(readers, ["builtin", "none", "tika"].into());
}

#[test]
fn settings_in_git_that_the_database_overrides() {
    always("ENABLE_PERSISTENT_CONFIG", "False");
}

#[test]
fn requests_from_any_origin() {
    for (object, container) in each_of("Deployment", "openwebui") {
        let scheme = if is_under_development(object) { "http://" } else { "https://" };
        let text = |name| env(container, name).and_then(Value::as_str).unwrap_or_default();
        let (origins, url) = (text("CORS_ALLOW_ORIGIN"), text("WEBUI_URL"));
        // Of several hosts of a workspace, each is one; the first is what links say.
        let mut each = origins.split(';').peekable();
        assert_eq!(each.peek(), Some(&url), "{}", object.path);
        assert!(each.all(|it| it.starts_with(scheme)), "{}: {origins}", object.path);
    }
}

#[test]
fn cookies_that_go_over_plain_http() {
    for (object, container) in each_of("Deployment", "openwebui") {
        let secure = if is_under_development(object) { "False" } else { "True" };
        for name in ["WEBUI_SESSION_COOKIE_SECURE", "WEBUI_AUTH_COOKIE_SECURE"] {
            let value = env(container, name).and_then(Value::as_str);
            assert_eq!(value, Some(secure), "{}", object.path);
        }
        // A browser is told to insist on TLS where there is some.
        assert_eq!(env(container, "HSTS").is_some(), secure == "True", "{}", object.path);
    }
}

/// The golden workspace with `workspaceENV: dev`: plain HTTP is what it asks for.
fn is_under_development(object: &Read) -> bool {
    object.namespace() == Some("zero-0")
}

#[test]
fn what_strangers_and_administrators_can_make_of_it() {
    always("ENABLE_ADMIN_CHAT_ACCESS", "False");
    always("ENABLE_ADMIN_EXPORT", "False");
    always("ENABLE_CODE_EXECUTION", "False");
    always("ENABLE_CODE_INTERPRETER", "False");
    always("ENABLE_PASSWORD_VALIDATION", "True");
    always("AUDIT_LOG_LEVEL", "METADATA");
    always("ENABLE_AUDIT_LOGS_FILE", "False");
    always("XFRAME_OPTIONS", "SAMEORIGIN");
}

#[test]
fn sessions_that_nothing_ends() {
    for (object, container) in each_of("Deployment", "openwebui") {
        let lasts = env(container, "JWT_EXPIRES_IN").and_then(Value::as_str);
        let is_revocable = env(container, "WEBSOCKET_MANAGER").is_some();
        assert_eq!(lasts, Some(if is_revocable { "7d" } else { "12h" }), "{}", object.path);
    }
}

#[test]
fn the_development_mode() {
    always("ENV", "prod");
}

#[test]
fn calls_to_the_internet_that_are_denied() {
    always("OFFLINE_MODE", "True");
    always("ENABLE_VERSION_UPDATE_CHECK", "False");
    always("ENABLE_OPENAI_API", "False");
}

#[test]
fn code_of_users_in_the_pod() {
    always("ENABLE_PLUGINS", "False");
    always("ENABLE_PIP_INSTALL_FRONTMATTER_REQUIREMENTS", "False");
}

#[test]
fn users_who_see_no_model() {
    always("BYPASS_MODEL_ACCESS_CONTROL", "True");
}

#[test]
fn background_tasks_that_ask_the_model_again() {
    for name in [
        "ENABLE_FOLLOW_UP_GENERATION",
        // Before a file is read; small models were seen to answer this one without an end.
        "ENABLE_RETRIEVAL_QUERY_GENERATION",
        "ENABLE_SEARCH_QUERY_GENERATION",
        "ENABLE_TAGS_GENERATION",
        "ENABLE_TITLE_GENERATION",
    ] {
        always(name, "False");
    }
}

/// The value of a variable that holds JSON.
fn json(container: &Value, name: &str) -> serde_json::Value {
    let text = env(container, name).and_then(Value::as_str).unwrap_or("null");
    serde_json::from_str(text).unwrap_or_else(|it| panic!("{name}: {it}: {text}"))
}

#[test]
fn tools_that_no_context_holds_and_small_models_refuse() {
    // Everywhere that Open WebUI runs: the platform's pods, the migration, the workspaces.
    for (object, _) in each_of("Deployment", "openwebui") {
        for container in super::containers(object) {
            assert_eq!(
                json(container, "DEFAULT_MODEL_METADATA")["capabilities"]["builtin_tools"],
                false,
                "{}",
                object.path
            );
        }
    }
    found("ollama: {models: [\"llama3.2:1b\"]}\nopenWebui: {tools: true}", "tools-need-context");
    // Whatever the length of an answer, no context is requested that `context` does not allow.
    found(
        "ollama: {models: [\"llama3.2:1b\"], context: 8192}\nopenWebui: {tools: true, maxTokens: \
         1048576}",
        "answer-beyond-context",
    );
    found(
        "ollama: {models: [\"gemma2:2b\"], context: 8192}\nopenWebui: {tools: true}",
        "model-without-tools",
    );
    // Where the tools fit they are on, and the answer gets half of what they leave.
    let mut texts = crate::support::with_components(
        "ollama: {models: [\"llama3.2:1b-instruct-q4_K_M\"], context: 8192}\nopenWebui: {tools: \
         true}\nargocd: {enabled: false}",
    );
    let platform = texts.values_mut().next().expect("the platform");
    *platform = platform.replace("memory: 8Gi", "memory: 16Gi");
    let workspace = "apiVersion: apps.aichatworkspaces.io/v1alpha1\nkind: \
                     AIChatWorkspace\nmetadata: {name: any}\nspec: {workspaceName: any, workspaceENV: dev, \
                     models: [\"gemma2:2b\"]}\n";
    texts.insert("spec/workspaces/any.yaml".to_owned(), workspace.to_owned());
    let compiled = crate::support::tree(&texts);
    assert!(compiled.codes().iter().all(|it| !it.contains("tools")), "{}", compiled.said());
    let objects = compiled.objects();
    let chat = |name: &str| {
        let object = objects
            .iter()
            .find(|it| it.kind() == "Deployment" && it.name() == name)
            .unwrap_or_else(|| panic!("{name}"));
        let container = super::containers(object)[0].clone();
        (
            json(&container, "DEFAULT_MODEL_METADATA"),
            json(&container, "DEFAULT_MODEL_PARAMS")["max_tokens"].clone(),
        )
    };
    assert_eq!(chat("openwebui"), (serde_json::Value::Null, ((8192 - 5809) / 2).into()));
    // A workspace has the default context, which does not hold the tools, and its model supports
    // none.
    assert_eq!(
        chat("any-openwebui"),
        (serde_json::json!({"capabilities": {"builtin_tools": false}}), 2048.into())
    );
}

#[test]
fn an_answer_that_never_ends() {
    for (object, container) in each_of("Deployment", "openwebui") {
        let answer = json(container, "DEFAULT_MODEL_PARAMS")["max_tokens"]
            .as_u64()
            .unwrap_or_else(|| panic!("{}", object.path));
        let objects = GOLDEN
            .iter()
            .map(|it| &it.1.objects)
            .find(|tree| tree.iter().any(|other| std::ptr::eq(other, object)))
            .expect("its tree");
        let server = objects.iter().find(|other| {
            other.kind() == "StatefulSet"
                && other.namespace() == object.namespace()
                && super::is_part(other, "ollama")
        });
        // A workspace that shares the platform's has no server of its own.
        let shared = || {
            let all = objects.iter().filter(|other| other.kind() == "StatefulSet");
            all.into_iter().find(|it| it.namespace() == Some("ai") && it.name() == "ollama")
        };
        let server = server.or_else(shared).expect("its models");
        let server = *super::containers(server).last().expect("a container");
        let context: u64 = env(server, "OLLAMA_CONTEXT_LENGTH")
            .and_then(Value::as_str)
            .and_then(|it| it.parse().ok())
            .expect("a number");
        assert!(answer > 0 && answer <= context / 2, "{}: {answer} of {context}", object.path);
    }
    // For a model that was trained for less than the context, half of what it was trained for.
    for (components, answer) in [
        ("ollama: {models: [\"tinyllama:1.1b\", \"nomic-embed-text\", \"smollm2:135m\"]}", 1024),
        ("ollama: {models: [\"llama3.2:1b\"], context: 6000}", 3000),
        ("ollama: {models: [\"llama3.2:1b\"]}\nopenWebui: {maxTokens: 700}", 700),
    ] {
        let objects = crate::support::tree(&crate::support::with_components(components)).objects();
        let object = objects
            .iter()
            .find(|it| it.kind() == "Deployment" && it.name() == "openwebui")
            .expect("it is there");
        assert_eq!(
            json(super::containers(object)[0], "DEFAULT_MODEL_PARAMS")["max_tokens"],
            answer,
            "{components}"
        );
    }
    found(
        "ollama: {models: [\"tinyllama:1.1b\"]}\nopenWebui: {maxTokens: 2048}",
        "answer-beyond-context",
    );
    found("ollama: {models: [\"llama3.2:1b\"]}\nopenWebui: {maxTokens: 0}", "out-of-range");
}

#[test]
fn an_address_that_is_remembered_longer_than_its_pod_lives() {
    // The default is five minutes: for that long, an Ollama pod that was replaced is not reached.
    always("AIOHTTP_POOL_DNS_TTL", "10");
}

#[test]
fn probes_on_a_static_page() {
    for (object, container) in each_of("Deployment", "openwebui") {
        let path = |probe: &str| {
            at(container, &format!("{probe}/httpGet/path")).as_str().unwrap_or_default()
        };
        assert_eq!(
            (path("startupProbe"), path("readinessProbe"), path("livenessProbe")),
            ("/ready", "/ready", "/health"),
            "{}",
            object.path
        );
    }
}

#[test]
fn a_start_that_the_liveness_probe_kills() {
    for (object, container) in each_of("Deployment", "openwebui") {
        let number =
            |key: &str| at(container, &format!("startupProbe/{key}")).as_u64().unwrap_or(1);
        // The start takes up to 20 CPU seconds, and 124 seconds were measured on a loaded machine.
        assert!(number("periodSeconds") * number("failureThreshold") >= 300, "{}", object.path);
    }
}

#[test]
fn uploads_that_a_restart_loses() {
    always("DATA_DIR", "/app/backend/data");
    for (object, container) in each_of("Deployment", "openwebui") {
        let mounts = crate::support::items(at(container, "volumeMounts"));
        let name = mounts
            .into_iter()
            .find(|it| at(it, "mountPath") == "/app/backend/data")
            .map(|it| at(it, "name"));
        let volumes =
            crate::support::items(at(object.pod_template().expect("pods"), "spec/volumes"));
        let claimed = volumes
            .into_iter()
            .any(|it| Some(at(it, "name")) == name && !at(it, "persistentVolumeClaim").is_null());
        assert!(claimed, "{}", object.path);
    }
}

#[test]
fn two_pods_that_migrate_one_empty_database() {
    found("openWebui: {replicas: 2}", "replicas-need-redis");
    for (object, container) in each_of("Deployment", "openwebui") {
        // The old version stops completely before any pod of the new one touches the tables.
        assert_eq!(object.text("spec/strategy/type"), "Recreate", "{}", object.path);
        // Pods take turns before they serve, and the servers do not touch the tables. One pod has
        // no less to do: a probe must not end it half way.
        assert_eq!(
            env(container, "ENABLE_DB_MIGRATIONS").and_then(Value::as_str),
            Some("False"),
            "{}",
            object.path
        );
        let init: Vec<&Value> =
            crate::support::items(at(object.pod_template().expect("pods"), "spec/initContainers"))
                .collect();
        let [migrate] = init[..] else { panic!("{}: {init:?}", object.path) };
        let script = crate::support::items(at(migrate, "command"))
            .filter_map(Value::as_str)
            .collect::<String>();
        // The script locks and compares, and only if it is necessary does it import the app, which
        // takes as long as a whole start.
        let steps = [
            "pg_advisory_lock",
            "get_current_heads",
            "if present and present == newest:",
            "else:",
            "    import open_webui.config",
        ];
        let steps = steps.map(|step| {
            script.rfind(step).unwrap_or_else(|| panic!("{}: no {step}: {script}", object.path))
        });
        assert!(steps.is_sorted(), "{}: {steps:?}", object.path);
        assert_eq!(
            script.matches("import open_webui").count() + script.matches("from open_webui").count(),
            1,
            "{}",
            object.path
        );
        assert_eq!(
            at(migrate, "terminationMessagePolicy"),
            "FallbackToLogsOnError",
            "{}",
            object.path
        );
        assert_eq!(
            (env(migrate, "ENABLE_DB_MIGRATIONS"), env(migrate, "DATABASE_URL")),
            (None, env(container, "DATABASE_URL")),
            "{}",
            object.path
        );
        assert_eq!(at(migrate, "image"), at(container, "image"), "{}", object.path);
        // A workspace at rest has none.
        if object.at("spec/replicas") == 1 || object.at("spec/replicas") == 0 {
            continue;
        }
        assert!(
            env(container, "REDIS_URL").is_some()
                && env(container, "WEBSOCKET_MANAGER") == Some(&"redis".into()),
            "{}",
            object.path
        );
    }
}

#[test]
fn a_password_in_a_url_unescaped() {
    for (chat, container) in chats_of_platforms() {
        // Without PostgreSQL there is no URL; with it, the whole URL comes from the Secret.
        if let Some(reference) = env(container, "DATABASE_URL") {
            let name = at(reference, "name");
            let is_database = is_of(name, "postgresql") || is_of(name, "postgresql-external");
            assert!(is_database && *at(reference, "key") == "url", "{}", chat.path);
        }
    }
    let (_, tree) = GOLDEN.iter().find(|it| it.0 == "sealed").expect("the case");
    let sealed = tree
        .of_kind("SealedSecret")
        .find(|it| is_of(it.at("metadata/name"), "postgresql"))
        .expect("it is sealed");
    let url = sealed.text("spec/template/data/url");
    assert!(
        url.contains("{{ .password | urlquery | replace \"+\" \"%20\" }}@postgresql.ai."),
        "{url}"
    );
}

#[test]
fn a_password_in_plain_sight() {
    nowhere("worth nothing");
    for (object, container) in
        each_of("Deployment", "openwebui").chain(each_of("StatefulSet", "postgresql"))
    {
        for variable in crate::support::items(at(container, "env")) {
            let name = at(variable, "name").as_str().unwrap_or_default();
            let is_secret = ["PASSWORD", "SECRET_KEY", "DATABASE_URL", "TOKEN"]
                .iter()
                .any(|it| name.ends_with(it));
            assert!(!is_secret || at(variable, "value").is_null(), "{}: {name}", object.path);
        }
    }
}

#[test]
fn replicas_of_ollama_behind_one_sticky_connection() {
    let (_, tree) = GOLDEN.iter().find(|it| it.0 == "darien").expect("the case");
    let chat = tree.find("Deployment", Some("ai"), "openwebui").expect("it is there");
    let urls = env(super::containers(chat)[0], "OLLAMA_BASE_URLS")
        .and_then(Value::as_str)
        .expect("addresses");
    assert_eq!(urls.split(';').count(), 2);
    assert!(
        urls.split(';').enumerate().all(|(number, url)| url
            == format!("http://ollama-{number}.ollama-headless.ai.svc.cluster.local:11434")),
        "{urls}"
    );
}

#[test]
fn variables_that_services_inject() {
    // `OLLAMA_PORT=tcp://…` and its like have broken programs.
    for (object, _) in each_of("Deployment", "openwebui").chain(each_of("StatefulSet", "ollama")) {
        assert_eq!(
            at(object.pod_template().expect("pods"), "spec/enableServiceLinks").as_bool(),
            Some(false),
            "{}",
            object.path
        );
    }
}
