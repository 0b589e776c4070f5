//! Open WebUI: the chat front end, the platform's own and each tenant's.

pub mod administrator;
pub mod database;
pub mod documents;
mod environment;
mod section;

use std::ops::RangeInclusive;

use k8s_openapi::api::{
    apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy},
    core::v1::{Container, EnvVar, PodSpec},
};
use schemars::JsonSchema;
use serde::Deserialize;

use administrator::Administrator;
use database::Database;
use documents::Documents;
use environment::DATA;

use super::{
    dashboards, disk, ollama, otel_collector,
    pod::{self, Deadline, Patience},
    postgresql::Postgresql,
    redis,
    tika::{self, Tika},
    workload_alerts::{self, DEPLOYMENT},
};
use crate::{
    builder::{
        contribution::{Contribution, Logs, Module},
        face::{Face, Transport},
        handle::{HostRef, Pods, VolumeRef},
        ingress::IngressRef,
        kinds,
        may_make::MayMake,
        meta::Part,
        scope::Scope,
        script::ScriptFact,
        traefik::{IngressRoute, Middleware},
    },
    components::namespaces,
    facts::{
        limits,
        open_webui::{SCRATCH, TOOLS_OF_ADMINISTRATOR, most_read},
        requests::Allotment,
        versions::Pin,
    },
    platform::{
        resources::{Resources, requirements},
        versions::Versions,
    },
    units::Bytes,
};

/// What its Application may ever make.
pub const APPLICATION: MayMake = MayMake::in_namespace(
    "openwebui",
    &[namespaces::AI],
    &[
        kinds::PERSISTENT_VOLUME_CLAIM,
        kinds::SERVICE,
        kinds::SERVICE_ACCOUNT,
        kinds::DEPLOYMENT,
        kinds::INGRESS,
        kinds::namespaced_custom::<IngressRoute>(),
        kinds::namespaced_custom::<Middleware>(),
        kinds::POD_DISRUPTION_BUDGET,
    ],
);

const PORT: u16 = 8080;
/// Any user but root; the environment says where it may write.
pub const USER: i64 = 1000;

/// Tokens of an answer: the longest context.
pub const ANSWER: RangeInclusive<u64> = 1..=1 << 20;

/// Open WebUI, the chat interface.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct OpenWebUi {
    /// Whether Open WebUI runs. With `false` the platform serves models without a chat interface.
    #[schemars(example = false)]
    pub enabled: bool,
    /// Number of pods: `spec.replicas` of the Deployment. More than one need `redis`, PostgreSQL
    /// and, on several nodes, `storage.shared`.
    #[schemars(example = 2)]
    pub replicas: u32,
    /// Which uploaded files people can ask about: `text` files, or documents (PDF, Word, …) as
    /// well, which Open WebUI's own loaders (`builtin`) or a pod of Apache `tika` read:
    /// `RAG_ALLOWED_FILE_EXTENSIONS` and `CONTENT_EXTRACTION_ENGINE`. A file of another type is
    /// refused as soon as it is uploaded. Workspaces always have `text`. Absent: `text`.
    #[schemars(example = &"tika")]
    pub documents: Documents,
    /// The server that reads documents with `documents: tika`. Absent: the tested figures.
    pub tika: Tika,
    /// Whether models may use Open WebUI's own tools (notes, memories, calendar, …): the capability
    /// `builtin_tools` in `DEFAULT_MODEL_METADATA`. Their list is sent with every question, about
    /// 5,800 tokens for an administrator: `ollama.context` must hold them, and each model must
    /// support tools. They are always off in workspaces, whose context is the default one.
    #[schemars(example = true)]
    pub tools: bool,
    /// Tokens after which an answer ends: `max_tokens` in `DEFAULT_MODEL_PARAMS`. It is a default,
    /// which a request through the API or an administrator may raise, and not a limit; it keeps an
    /// answer that would never end from occupying a model. Absent: half of the context (of what the
    /// tools leave of it).
    #[schemars(example = 1024)]
    pub max_tokens: Option<u64>,
    /// Connections to PostgreSQL. Absent: 5 and 5, or fewer where the database's memory does not
    /// hold those of all pods together.
    pub connection_pool: Option<ConnectionPool>,
    /// Requests and limits of the server: `resources` of its container. Absent: the tested figures,
    /// which `espalier show budget` lists.
    pub resources: Resources,
    /// Size of the volume for uploaded files, and for the whole database without PostgreSQL, with
    /// its unit: `spec.resources.requests.storage` of its claim.
    #[schemars(example = &"10Gi")]
    pub storage: Bytes,
}

/// Connections to PostgreSQL. Open WebUI has two engines, each with a pool of its own, in every
/// pod.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ConnectionPool {
    /// Connections kept open per engine: `DATABASE_POOL_SIZE`.
    #[schemars(example = 10)]
    pub size: u32,
    /// Extra connections per engine under load: `DATABASE_POOL_MAX_OVERFLOW`.
    #[schemars(example = 10)]
    pub overflow: u32,
}

impl ConnectionPool {
    /// Connections that a pod opens at most: two engines, each with its pool and its overflow.
    pub const fn connections(&self) -> u32 {
        self.size.saturating_add(self.overflow).saturating_mul(2)
    }
}

impl Default for ConnectionPool {
    fn default() -> Self {
        Self { size: 5, overflow: 5 }
    }
}

impl Default for OpenWebUi {
    fn default() -> Self {
        Self {
            enabled: true,
            replicas: 1,
            documents: Documents::default(),
            tika: Tika::default(),
            tools: false,
            max_tokens: None,
            connection_pool: None,
            resources: Resources::default(),
            storage: Bytes::gib(2),
        }
    }
}

/// What Open WebUI needs.
pub struct Needs<'a> {
    /// Models.
    pub models: &'a ollama::Offers,
    /// Absent: SQLite on its own volume.
    pub database: Option<Database>,
    /// How many connections to it are kept.
    pub pool: ConnectionPool,
    /// Reads documents; needed with [`Documents::Tika`].
    pub reader: Option<&'a tika::Offers>,
    /// What its pods share; needed when there is more than one.
    pub sessions: Option<&'a redis::Offers>,
    /// To whom it sends what it counts, if anybody wants it.
    pub telemetry: Option<&'a otel_collector::Offers>,
    /// The public name.
    pub host: &'a HostRef,
    /// Further public names.
    pub also: &'a [HostRef],
    /// Answers there.
    pub ingress: &'a IngressRef,
    /// How what is said there is kept from others.
    pub transport: Transport<'a>,
    /// Who the first administrator is, and where the key is.
    pub administrator: Administrator<'a>,
    /// Versions.
    pub versions: &'a Versions,
}

/// What Open WebUI offers.
pub struct Offers {
    /// The image that it runs.
    pub image: Pin,
    /// Uploaded files, and without PostgreSQL the database: a file `webui.db`.
    pub data: VolumeRef,
}

impl OpenWebUi {
    /// What is written; else the largest pool up to the default one with which a database of the
    /// tested size, or of the larger one that is written, holds the connections of all pods.
    pub fn pool(&self, database: &Postgresql) -> ConnectionPool {
        let most = ConnectionPool::default();
        let written = self.connection_pool.clone();
        if written.is_some() || !database.enabled || database.external.is_some() {
            return written.unwrap_or(most);
        }
        let tested = Postgresql::default();
        let tested = if database.limit() < tested.limit() { &tested } else { database };
        let pools = (1..=most.size)
            .rev()
            .map(|size| ConnectionPool { size, overflow: most.overflow.min(size) });
        let smallest = ConnectionPool { size: 1, overflow: 0 };
        let holds = |connection_pool: &ConnectionPool| {
            tested.worst_case(self.connections_of(connection_pool)).ceil_mib() <= tested.limit()
        };
        pools.into_iter().find(holds).unwrap_or(smallest)
    }

    /// Connections that all its pods open at most.
    pub fn connections(&self, database: &Postgresql) -> u32 {
        self.connections_of(&self.pool(database))
    }

    fn connections_of(&self, pool: &ConnectionPool) -> u32 {
        self.replicas.saturating_mul(pool.connections())
    }

    /// Tokens of a context that are there for questions and answers.
    pub fn beside_tools(&self, context: u64) -> u64 {
        context.saturating_sub(if self.tools { TOOLS_OF_ADMINISTRATOR } else { 0 })
    }

    /// Tokens after which an answer ends by default.
    pub fn answer(&self, context: u64) -> u64 {
        self.max_tokens.unwrap_or_else(|| (self.beside_tools(context) / 2).max(1))
    }

    /// What its container is promised, and that of the server that reads documents, if it has one.
    pub fn allotments(&self) -> (Allotment, Option<Allotment>) {
        let reader = (self.documents == Documents::Tika).then(|| self.tika.allotment());
        (self.resources.over(self.documents.allotment()), reader)
    }

    /// Builds it.
    pub fn build(&self, scope: &mut Scope<'_>, needs: &Needs<'_>) -> Offers {
        let image = self.documents.pin();
        let version = needs.versions.of(image);
        let part = scope.part("openwebui", "chat", Some(version));
        let me = scope.pods(&part);
        let ui = scope.service(&part, "http", PORT);
        scope.resolves_names(&me);
        pod::account(scope, &part);
        let data = self.claim(scope, &part, needs);

        let mut server = pod::container("openwebui", needs.versions.image(image));
        server.env = pod::environment(self.env(scope, needs, &me));
        server.ports = pod::ports("http", PORT);
        server.resources = Some(requirements(self.allotments().0));
        // The start takes 5–20 CPU seconds, and the tables are there before it; `/ready` asks the
        // database, `/health` does not: a lost database makes the pod unready, and must not restart
        // it.
        server.startup_probe =
            pod::http_probe("/ready", PORT, Patience { period: 5, failures: 60 });
        server.readiness_probe =
            pod::http_probe("/ready", PORT, Patience { period: 10, failures: 3 });
        server.liveness_probe =
            pod::http_probe("/health", PORT, Patience { period: 10, failures: 6 });
        server.volume_mounts = Some(vec![pod::mount("data", DATA), pod::mount("tmp", "/tmp")]);
        let several = self.replicas > 1;
        let spec = PodSpec {
            init_containers: Some(vec![migration(&mut server)]),
            containers: vec![server],
            termination_grace_period_seconds: Some(30),
            topology_spread_constraints: several.then(|| vec![pod::spread(scope, &part)]),
            volumes: Some(vec![
                pod::claimed("data", &scope.claim_of(&data)),
                disk::scratch("tmp", SCRATCH),
            ]),
            ..PodSpec::default()
        };
        // Migrations have no lock, and the volume has one writer: the old pod goes first. It also
        // needs no room for a second pod. Several pods go all at once: the new version's tables are
        // not for the old one.
        let strategy = DeploymentStrategy {
            type_: Some("Recreate".to_owned()),
            ..DeploymentStrategy::default()
        };
        let spec = DeploymentSpec {
            // Argo CD takes one that has made no progress for so long for failed, and stops.
            progress_deadline_seconds: Some(MIGRATES.seconds()),
            replicas: Some(self.replicas.cast_signed()),
            revision_history_limit: Some(3),
            selector: scope.selector(&part),
            strategy: Some(strategy),
            template: pod::template(scope, &part, USER, spec),
            ..DeploymentSpec::default()
        };
        let metadata = scope.meta(&part);
        scope.add(Deployment { metadata, spec: Some(spec), ..Deployment::default() });
        if several {
            pod::disruption_budget(scope, &part);
        }
        let Needs { host, also, ingress, transport, .. } = *needs;
        let callers = needs.administrator.callers();
        let face = Face { host, also, ingress, transport, limits: &limits::CHAT, callers };
        scope.public(&part, &face, &ui);
        scope.contribute(Contribution::Probe { target: ui, module: Module::Http, path: "/ready" });
        scope.contribute(Logs::json(&me));
        scope.dashboard(dashboards::open_webui::dashboard);
        scope.alert(|namespace| {
            let runbook = format!(
                "`kubectl -n {namespace} logs deploy/openwebui --all-containers` says what it \
                 does: while `migrate` changes the tables, wait. It is ready while the database \
                 answers: see DatabaseDown. `bash bootstrap/bootstrap.sh verify` asks it as a \
                 browser does."
            );
            let summary = "No pod of Open WebUI is ready: the chat does not answer.";
            let workload = (namespace, &*part.name);
            workload_alerts::down("ChatDown", &DEPLOYMENT, workload, summary, runbook)
        });
        scope.script(ScriptFact::Chat {
            host: needs.host.name().clone(),
            namespace: scope.namespace().clone(),
            replicas: self.replicas,
            prompt_tokens: most_read(self.tools),
        });
        if let Some(outside) = needs.database.as_ref().and_then(|it| it.provided_outside.as_ref()) {
            scope.provided_outside(outside.clone());
        }
        Offers { image, data }
    }

    /// The volume of uploaded files; where several nodes can mount it, another one, for a claim
    /// never changes its class. Without a database there is a SQLite file on it, which must not be
    /// on a network.
    fn claim(&self, scope: &mut Scope<'_>, part: &Part, needs: &Needs<'_>) -> VolumeRef {
        let shared = scope.cluster().shared_storage_class.as_ref();
        if let Some(class) = shared.filter(|_| needs.database.is_some()) {
            let name = format!("{}-shared", part.name);
            return pod::shared_claim(scope, part, &name, class, self.storage);
        }
        pod::claim(scope, part, self.storage)
    }

    fn env(&self, scope: &mut Scope<'_>, needs: &Needs<'_>, me: &Pods) -> Vec<EnvVar> {
        let url = format!("{}://{}", needs.transport.scheme(), needs.host.name());
        let answer = self.answer(needs.models.context);
        let mut env = environment::of(needs.transport, needs.sessions.is_some());
        env.extend(self.documents.environment().into_iter().map(|it| pod::env(it.0, it.1)));
        if let Some(reader) = needs.reader {
            // A chat needs no documents: it does not wait for their reader.
            let server = scope.connect_at_run_time(me, &reader.port).url("http");
            env.push(pod::env("CONTENT_EXTRACTION_ENGINE", "tika"));
            env.push(pod::env("TIKA_SERVER_URL", server));
            env.push(pod::env("TIKA_SERVER_VERSION", reader.interface.clone()));
        }
        let further = needs.also.iter().map(|it| it.name().to_string());
        let further = further.map(|it| format!("{}://{it}", needs.transport.scheme()));
        let origins: Vec<String> = std::iter::once(url.clone()).chain(further).collect();
        env.push(pod::env("CORS_ALLOW_ORIGIN", origins.join(";")));
        if !self.tools {
            // Added to each question from the browser (never to one through the API): more tokens
            // than a small context holds, and a model that takes no tools refuses the question.
            env.push(pod::env(
                "DEFAULT_MODEL_METADATA",
                r#"{"capabilities":{"builtin_tools":false}}"#,
            ));
        }
        env.push(pod::env("DEFAULT_MODEL_PARAMS", format!(r#"{{"max_tokens":{answer}}}"#)));
        env.push(pod::env("WEBUI_URL", url));
        // Each replica by name: a connection to the common Service would stick to one of them.
        let models: Vec<String> = needs
            .models
            .replicas
            .iter()
            .map(|it| scope.connect_at_run_time(me, it).url("http"))
            .collect();
        env.push(pod::env("OLLAMA_BASE_URLS", models.join(";")));
        if let Some(database) = &needs.database {
            env.push(database.url(scope, me));
            env.push(pod::env("DATABASE_POOL_SIZE", needs.pool.size.to_string()));
            env.push(pod::env("DATABASE_POOL_MAX_OVERFLOW", needs.pool.overflow.to_string()));
        }
        if let Some(telemetry) = needs.telemetry {
            env.push(pod::env("ENABLE_OTEL", "True"));
            env.push(pod::env("ENABLE_OTEL_METRICS", "True"));
            env.extend(telemetry.environment(scope, me));
        }
        if let Some(sessions) = needs.sessions {
            let template = scope.connect(me, &sessions.port).url_with_password("redis", "", "0");
            env.push(scope.env_derived("REDIS_URL", &sessions.password, "url", template));
            env.push(pod::env("WEBSOCKET_MANAGER", "redis"));
        }
        env.extend(needs.administrator.environment(scope));
        env
    }
}

/// Migrates before the server starts, where no probe ends what takes long and would start over; in
/// several pods one after the other: the first does the work if there is any, the others find it
/// done. The server itself then leaves the tables alone.
fn migration(server: &mut Container) -> Container {
    let mut container = pod::container("migrate", server.image.clone().unwrap_or_default());
    container.command = Some(["python3", "-c", MIGRATE].map(str::to_owned).into());
    container.env.clone_from(&server.env);
    container.resources.clone_from(&server.resources);
    // What is wrong is in the pod's status too.
    container.termination_message_policy = Some("FallbackToLogsOnError".to_owned());
    container.volume_mounts.clone_from(&server.volume_mounts);
    let mut env = server.env.take().unwrap_or_default();
    env.push(pod::env("ENABLE_DB_MIGRATIONS", "False"));
    server.env = pod::environment(env);
    container
}

/// A migration of a large database takes minutes, and what was stopped on the way starts over.
const MIGRATES: Deadline = Deadline::minutes(60);

/// Takes the database to the version that the image knows.
const MIGRATE: &str = include_str!("open_webui/migrate.py");
