//! Random platforms: specs that compile, with every switch, amount and tenant of the spec.

mod alertmanager;
mod certificates;
mod ingress;
mod monitoring;
mod nodes;
mod parts;
mod repository;
mod secrets;

use proptest::{prelude::*, sample};
use serde_yaml::Value;

use crate::support::Texts;
use monitoring::monitoring;
use parts::{map, resources, some};

/// Models of the catalogue, chat and embedding.
const MODELS: [&str; 7] = [
    "llama3.2:1b",
    "llama3.2:1b-instruct-q4_K_M",
    "gemma3:270m",
    "gemma3:1b",
    "qwen2.5:0.5b",
    "nomic-embed-text",
    "own/model_x:7b-Q4_K_M.v2",
];
/// The last one is not in the catalogue: its figures are in the spec.
const OWN: &str = MODELS[6];

#[expect(clippy::struct_excessive_bools, reason = "they are the switches of a spec")]
#[derive(Clone, Copy, Debug)]
struct Switches {
    argocd: bool,
    traefik: bool,
    cert_manager: bool,
    sealed_secrets: bool,
    postgresql: bool,
    ollama: bool,
    open_webui: bool,
}

/// Switches in combinations that leave no dependency out.
fn switches() -> impl Strategy<Value = Switches> {
    proptest::array::uniform7(proptest::bool::weighted(0.8)).prop_map(
        |[argocd, traefik, cert, sealed, sql, ollama, webui]| Switches {
            argocd,
            traefik,
            cert_manager: cert || webui,
            sealed_secrets: sealed || webui || sql,
            postgresql: sql,
            ollama: ollama || webui,
            open_webui: webui,
        },
    )
}

fn ollama(enabled: bool) -> impl Strategy<Value = Value> {
    let models = sample::subsequence(MODELS.to_vec(), 1..=3).prop_shuffle();
    let kept = sample::select(vec!["f16", "q8_0", "q4_0"]);
    let numbers = (
        1_u64..5,
        sample::select(vec![256_u64, 2048, 4096, 5000, 131_072]),
        1_u64..4,
        proptest::option::of(1_u64..4),
    );
    let rest = (
        kept,
        any::<bool>(),
        0_u64..1024,
        0_u64..32,
        any::<bool>(),
        sample::select(vec!["30s", "5m", "1h30m", "0s"]),
    );
    let selector = proptest::option::of(sample::select(vec!["nvidia.com/gpu.present", "yes"]));
    let gpu = (1_u64..3, selector, any::<bool>(), any::<bool>()).prop_map(
        |(count, label, tolerates, class)| {
            map([
                ("count", some(count)),
                ("memory", some("1Ti")),
                ("nodeSelector", label.map(|it| map([(it, some("true"))]))),
                (
                    "tolerations",
                    tolerates.then(|| {
                        vec![map([("key", some("nvidia.com/gpu")), ("effect", some("NoSchedule"))])]
                            .into()
                    }),
                ),
                ("runtimeClass", class.then(|| "nvidia".into())),
            ])
        },
    );
    (models, numbers, rest, proptest::option::weighted(0.2, gpu)).prop_map(
        move |(
            models,
            (replicas, context, parallel, loaded),
            (kv, flash, cache, checkpoints, storage, alive),
            gpu,
        )| {
            let figures = [
                ("blob", 4_000_000_000_u64),
                ("layers", 28),
                ("kvHeads", 4),
                ("headDim", 128),
                ("embedding", 3584),
                ("heads", 28),
                ("feedForward", 18944),
                ("vocabulary", 152_064),
                ("trainContext", 32768),
            ];
            let own = Value::Mapping(
                [(OWN.into(), map(figures.map(|(key, value)| (key, some(value)))))]
                    .into_iter()
                    .collect(),
            );
            map([
                ("enabled", (!enabled).then(|| false.into())),
                ("replicas", some(replicas)),
                ("gpu", gpu),
                ("catalogue", models.contains(&OWN).then_some(own)),
                ("models", some(models)),
                ("context", some(context)),
                ("parallel", some(parallel)),
                ("maxLoadedModels", loaded.map(Into::into)),
                ("keepAlive", some(alive)),
                ("kvCache", some(kv)),
                ("flashAttention", some(flash || kv != "f16")),
                ("promptCache", some(format!("{cache}Mi"))),
                ("contextCheckpoints", some(checkpoints)),
                ("storage", storage.then(|| "200Gi".into())),
            ])
        },
    )
}

/// An external database: anywhere.
fn external() -> impl Strategy<Value = Option<Value>> {
    let at = "192.168.7.20";
    let range = Some("192.168.7.20/32");
    let places = vec![("db.example.net", None), ("203.0.113.9", None), (at, None), (at, range)];
    let mode = proptest::option::of(sample::select(vec!["require", "disable"]));
    let external = (sample::select(places), proptest::option::of(1_u64..65536), mode).prop_map(
        |((host, cidr), port, mode)| {
            map([
                ("host", some(host)),
                ("cidr", cidr.map(Into::into)),
                ("port", port.map(Into::into)),
                ("sslMode", mode.map(Into::into)),
            ])
        },
    );
    proptest::option::weighted(0.3, external)
}

/// Backups on the node's disk, to an outside storage, to one by its address; and none.
fn backup() -> impl Strategy<Value = Option<Value>> {
    let schedule = sample::select(vec!["17 3 * * *", "*/5 0-4,22 1,15 * 1-5", "0 4 29 feb *"]);
    let endpoint = sample::select(vec![
        "https://s3.example.org",
        "https://10.0.0.7:9000",
        "http://s3.example.org:8080",
    ]);
    let prefix = proptest::option::of(sample::select(vec![".", "on", "a/b c"]));
    let s3 = (endpoint, prefix).prop_map(|(endpoint, prefix)| {
        map([
            ("endpoint", some(endpoint)),
            ("bucket", some("backups.1")),
            ("prefix", prefix.map(Into::into)),
        ])
    });
    let all = (any::<bool>(), schedule, 1_u64..400, resources(64), proptest::option::of(s3))
        .prop_map(|(on, schedule, keep, memory, s3)| {
            map([
                ("enabled", (!on).then(|| false.into())),
                ("keep", some(keep)),
                ("resources", memory),
                ("schedule", some(schedule)),
                ("s3", s3),
            ])
        });
    proptest::option::of(all)
}

fn components() -> BoxedStrategy<(Switches, Value)> {
    let all = switches().prop_flat_map(|on| {
        let small = (resources(64), resources(64), resources(64), resources(64), resources(64));
        let argo = (resources(128), resources(64), resources(64), resources(64));
        let database = (resources(2048), 1_u64..40, external());
        let documents = sample::select(vec!["text", "tika"]);
        let webui = (resources(384), 1_u64..8, 0_u64..8, 1_u64..50, proptest::bool::weighted(0.3));
        let webui = (webui, documents);
        let around = (backup(), monitoring().boxed(), alertmanager::alertmanager().boxed());
        (small, argo, database, webui, ollama(on.ollama), around).prop_map(
            move |(
                (traefik, controller, webhook, injector, sealed),
                argo,
                (sql, disk, elsewhere),
                ((chat, size, overflow, files, many), documents),
                ollama,
                (backup, monitoring, alertmanager),
            )| {
                let is_monitored = monitoring::is_on(&monitoring);
                // A backup of nothing is refused.
                let backup = backup.filter(|_| on.postgresql || on.open_webui);
                let off = |is_on: bool| (!is_on).then(|| false.into());
                let certs = map([
                    ("controller", controller),
                    ("webhook", webhook),
                    ("cainjector", injector),
                ]);
                let argo = map([
                    ("controller", argo.0),
                    ("repoServer", argo.1),
                    ("server", argo.2),
                    ("redis", argo.3),
                ]);
                // Several front ends need a database, and room for all their connections.
                let many = many && on.postgresql && on.open_webui;
                let (size, overflow) =
                    if many { (size.min(3), overflow.min(2)) } else { (size, overflow) };
                let pool = map([("size", some(size)), ("overflow", some(overflow))]);
                let sql =
                    sql.or_else(|| Some(map([("memory", Some(map([("limit", some("1Gi"))])))])));
                let own_database = on.postgresql && elsewhere.is_none();
                // An exporter of what does not run is refused, and a password that nobody opens.
                let runs = |key: &str| match key {
                    "grafana" => on.sealed_secrets,
                    "jsonExporter" => on.ollama,
                    "otelCollector" => on.open_webui,
                    "postgresExporter" => own_database && on.sealed_secrets,
                    _ => true,
                };
                let monitoring = monitoring.into_iter().filter(|it| runs(it.0));
                let others = [
                    ("argocd", Some(map([("enabled", off(on.argocd)), ("resources", Some(argo))]))),
                    ("traefik", Some(map([("enabled", off(on.traefik)), ("resources", traefik)]))),
                    (
                        "certManager",
                        Some(map([("enabled", off(on.cert_manager)), ("resources", Some(certs))])),
                    ),
                    (
                        "sealedSecrets",
                        Some(map([("enabled", off(on.sealed_secrets)), ("resources", sealed)])),
                    ),
                    (
                        "alertmanager",
                        alertmanager
                            .filter(|_| is_monitored)
                            .map(|(sealed, open)| if on.sealed_secrets { sealed } else { open }),
                    ),
                    (
                        "postgresql",
                        Some(match elsewhere {
                            Some(elsewhere) => map([
                                ("enabled", off(on.postgresql)),
                                ("external", Some(elsewhere)),
                            ]),
                            None => map([
                                ("enabled", off(on.postgresql)),
                                ("resources", sql),
                                ("storage", some(format!("{disk}Gi"))),
                            ]),
                        }),
                    ),
                    ("redis", many.then(|| map([("enabled", some(true))]))),
                    ("ollama", Some(ollama)),
                    ("backup", backup),
                    (
                        "openWebui",
                        Some(map([
                            ("enabled", off(on.open_webui)),
                            ("replicas", many.then(|| 3.into())),
                            ("documents", Some(documents.into())),
                            ("resources", chat),
                            ("storage", some(format!("{files}Gi"))),
                            ("connectionPool", Some(pool)),
                        ])),
                    ),
                ];
                (on, map(others.into_iter().chain(monitoring)))
            },
        )
    });
    // Strategies are values, and this one is larger than a thread's stack.
    all.boxed()
}

fn label() -> impl Strategy<Value = String> {
    // Names that YAML 1.1 or a careless reader takes for something else occur often.
    prop_oneof![
        3 => "[a-z]([a-z0-9-]{0,18}[a-z0-9])?",
        1 => sample::select(vec!["yes", "no", "on", "off", "null", "true", "y", "n", "e1"]).prop_map(str::to_owned),
    ]
}

fn host() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9-]{0,10}[a-z0-9]\\.(example\\.com|on\\.example\\.org|no\\.example)"
}

fn text(value: &Value) -> String {
    serde_yaml::to_string(value).unwrap_or_default()
}

fn workspace(name: &str, models: &[&'static str]) -> String {
    text(&map([
        ("apiVersion", some("apps.aichatworkspaces.io/v1alpha1")),
        ("kind", some("AIChatWorkspace")),
        ("metadata", Some(map([("name", some(name))]))),
        (
            "spec",
            Some(map([
                ("workspaceName", some(name)),
                ("models", some(models.to_vec())),
                ("administrator", Some(administrator())),
            ])),
        ),
    ]))
}

fn administrator() -> Value {
    let sealed = [("suffix", some("x7k2p")), ("password", some(crate::support::sealed()))];
    map([("email", some("ada@garden.test")), ("sealed", Some(map(sealed)))])
}

/// A proxy before the internet.
fn proxy() -> Value {
    map([("https", some("http://10.0.0.3:3128")), ("noProxy", some(vec![".example.net"]))])
}

/// The files that a repository of such a spec may name.
pub fn repository_files() -> [(String, String); 2] {
    repository::files()
}

/// Specs that compile, tenants among them.
pub fn platforms() -> impl Strategy<Value = Texts> {
    let tenants =
        proptest::collection::btree_set(label().prop_filter("reserved", |it| it != "ai"), 0..=3);
    let hosts = (host(), proptest::option::of(host()), any::<bool>());
    let class =
        proptest::option::of(sample::select(vec!["local-path", "nfs.csi.example.com", "on"]));
    let is_proxied = proptest::bool::weighted(0.3);
    let class = (class, proptest::bool::weighted(0.3), ingress::ingress(), is_proxied);
    let rest = (
        label(),
        0..certificates::WAYS,
        any::<bool>(),
        sample::select(vec!["llama3.2:1b", "gemma3:270m"]),
        class,
    );
    (repository::repository(), tenants, hosts, components(), rest).prop_map(
        |(
            repository,
            tenants,
            (chat, workspaces, console),
            (on, components),
            (name, which, sealed, model, (class, several, ingress, is_proxied)),
        )| {
            let spec = map([
                ("repository", Some(repository)),
                // There is room for everything: what does not fit is tested elsewhere.
                (
                    "node",
                    (!several).then(|| {
                        map([
                            ("cpu", some(256)),
                            ("memory", some("4Ti")),
                            ("overcommit", some(10.0)),
                            ("gpus", some(8)),
                        ])
                    }),
                ),
                ("nodes", several.then(nodes::nodes)),
                ("proxy", is_proxied.then(proxy)),
                (
                    "domains",
                    Some(map([
                        // No other host is below `.argo`; a host there needs a certificate.
                        (
                            "argocd",
                            (console && on.argocd && on.cert_manager)
                                .then(|| "console.example.argo".into()),
                        ),
                        ("chat", some(chat)),
                        ("workspaces", workspaces.map(Into::into)),
                    ])),
                ),
                ("certificates", Some(certificates::certificates(which, on.sealed_secrets))),
                (
                    "storage",
                    Some(map([
                        ("class", class.map(Into::into)),
                        ("shared", several.then(|| "nfs".into())),
                    ])),
                ),
                ("ingress", ingress.filter(|_| !on.traefik)),
                ("components", Some(components)),
            ]);
            let platform = map([
                ("apiVersion", some("espalier.dev/v1alpha1")),
                ("kind", some("Platform")),
                ("metadata", Some(map([("name", some(name))]))),
                ("spec", Some(spec)),
            ]);
            let mut texts: Texts = [("spec/platform.yaml".to_owned(), text(&platform))].into();
            texts.extend(repository_files());
            // A workspace needs the platform's issuer, and whoever opens its administrator's values.
            for tenant in tenants.iter().filter(|_| on.cert_manager && on.sealed_secrets) {
                texts.insert(format!("spec/workspaces/{tenant}.yaml"), workspace(tenant, &[model]));
            }
            // The address of an external database is only in its sealed URL.
            let elsewhere = texts["spec/platform.yaml"].contains("external:");
            if sealed || elsewhere {
                texts.extend(secrets::secrets());
            }
            texts
        },
    )
}

/// The same document with the keys of every map in another order.
pub fn permuted(text: &str, seed: u64) -> String {
    let value: Value = serde_yaml::from_str(text).unwrap_or_default();
    let mut state = seed | 1;
    let mut next = move || {
        // A linear congruential generator: any order will do, as long as it is the same every time.
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    serde_yaml::to_string(&shuffled(value, &mut next)).unwrap_or_default()
}

fn shuffled(value: Value, next: &mut dyn FnMut() -> u64) -> Value {
    match value {
        Value::Mapping(map) => {
            let mut pairs: Vec<(u64, Value, Value)> =
                map.into_iter().map(|(key, value)| (next(), key, shuffled(value, next))).collect();
            pairs.sort_by_key(|it| it.0);
            Value::Mapping(pairs.into_iter().map(|(_, key, value)| (key, value)).collect())
        }
        Value::Sequence(list) => {
            Value::Sequence(list.into_iter().map(|it| shuffled(it, next)).collect())
        }
        other => other,
    }
}
