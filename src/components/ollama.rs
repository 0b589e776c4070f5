//! Ollama: serves models, the platform's own and each tenant's.

pub mod gpu;
pub mod memory;
pub mod prompts;
pub mod section;

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{
        EnvVar, PersistentVolumeClaim, PodSpec, PodTemplateSpec, ResourceRequirements,
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::{gpu::Gpu, prompts::Prompt};
use super::{
    dashboards, disk,
    pod::{self, Patience, Replicas},
    workload_alerts::{self, STATEFUL_SET},
};
use crate::{
    builder::{
        contribution::{Contribution, Logs, Module},
        handle::PortRef,
        kinds,
        may_make::MayMake,
        meta::Part,
        scope::Scope,
        script::ScriptFact,
    },
    components::namespaces,
    facts::{
        kubernetes::GPU, models::figures::Figures, node::SMALL_FOLDER, requests::Allotment,
        versions,
    },
    names::ModelName,
    platform::{
        resources::{Resources, requirements},
        versions::Versions,
    },
    units::{Bytes, Seconds, count},
};

/// What its Application may ever make.
pub const APPLICATION: MayMake = MayMake::in_namespace(
    "ollama",
    &[namespaces::AI],
    &[kinds::SERVICE, kinds::SERVICE_ACCOUNT, kinds::STATEFUL_SET, kinds::POD_DISRUPTION_BUDGET],
);

/// The port of its API.
const PORT: u16 = 11434;
/// The image's own user, who is not root.
const USER: i64 = 1000;
/// Where a container leaves what its pod's status shows: Kubernetes' own default.
const TERMINATION_LOG: &str = "/dev/termination-log";
/// The volume of a replica: not derived from the models, since a claim template can never change
/// and models do.
const STORAGE: Bytes = Bytes::gib(20);

/// Ollama, and the models that it serves. It pulls them before its first start; a model that cannot
/// be pulled then is tried again later, while the others are served.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Ollama {
    /// Whether Ollama runs. With `false` the platform serves no models, so Open WebUI must be off
    /// too.
    #[schemars(example = false)]
    pub enabled: bool,
    /// Number of pods: `spec.replicas` of the StatefulSet. Each has its own volume with all models,
    /// and loads its own copy into memory.
    #[schemars(example = 2)]
    pub replicas: u32,
    /// Models by their full names, which an init container pulls (`/api/pull`) before Ollama
    /// serves. A model must be in the catalogue (`espalier show models` lists it) or have its
    /// figures in `catalogue`.
    #[schemars(extend("examples" = [["llama3.2:1b-instruct-q4_K_M", "nomic-embed-text"]]))]
    pub models: Vec<ModelName>,
    /// Context length, in tokens: `OLLAMA_CONTEXT_LENGTH`. It is what a model reads and writes for
    /// one request, unless the request asks for another number (`num_ctx`). Memory grows with it.
    #[schemars(example = 8192)]
    pub context: u64,
    /// Requests that one model answers at once: `OLLAMA_NUM_PARALLEL`. Each has its own key/value
    /// cache, so memory grows with it.
    #[schemars(example = 2)]
    pub parallel: u64,
    /// Most models in memory at once: `OLLAMA_MAX_LOADED_MODELS`. Absent: one, and one more for
    /// each embedding model.
    #[schemars(example = 2)]
    pub max_loaded_models: Option<u32>,
    /// How long an idle model stays in memory, with its unit: `OLLAMA_KEEP_ALIVE`. The next request
    /// has to load it again.
    #[schemars(example = &"30s", example = &"24h")]
    pub keep_alive: Seconds,
    /// Precision of the key/value cache: `OLLAMA_KV_CACHE_TYPE`. Anything but `f16` needs
    /// `flashAttention`.
    #[schemars(example = &"q8_0")]
    pub kv_cache: KvCache,
    /// Whether flash attention is used: `OLLAMA_FLASH_ATTENTION`. Without it a model needs more
    /// memory.
    #[schemars(example = false)]
    pub flash_attention: bool,
    /// Memory of the prompt cache of each loaded model, with its unit: `LLAMA_ARG_CACHE_RAM`, in
    /// whole MiB. Ollama's own default is 8 GiB, which few expect.
    #[schemars(example = &"512Mi")]
    pub prompt_cache: Bytes,
    /// Checkpoints of the context that are kept for each parallel request to a model with a sliding
    /// window: `LLAMA_ARG_CTX_CHECKPOINTS`. The default of llama-server itself is 32, which takes
    /// up to 3.7 GiB.
    #[schemars(example = 4)]
    pub context_checkpoints: u64,
    /// Whether models that are on the volume and not listed are removed when a pod starts
    /// (`/api/delete`), as soon as a listed one can answer. With `false` they stay, and what they
    /// take of the volume is counted nowhere.
    #[schemars(example = false)]
    pub prune: bool,
    /// NVIDIA GPUs of each replica. Absent: models run on the CPU. The memory that they need on a
    /// GPU is computed, but was not measured.
    pub gpu: Option<Gpu>,
    /// Figures of models that the built-in catalogue lacks, by the model's name.
    /// `espalier explain model-unknown` says where to read them. Absent: the built-in catalogue
    /// alone.
    #[schemars(extend("examples" = [{"acme/botanist:1b": {
        "blob": "1.3Gi", "layers": 16, "kvHeads": 8, "headDim": 64, "embedding": 2048, "heads": 32,
        "feedForward": 8192, "vocabulary": 128_256, "trainContext": 131_072
    }}]))]
    pub catalogue: BTreeMap<ModelName, Figures>,
    /// Requests and limits of Ollama: `resources` of its container. Absent: memory is computed from
    /// the models, and `espalier show budget` lists the terms.
    pub resources: Resources,
    /// Size of the volume of each replica, with its unit: `spec.resources.requests.storage` of its
    /// claim. Absent: 20Gi. It cannot change once the StatefulSet exists, since Kubernetes refuses
    /// it.
    #[schemars(example = &"50Gi")]
    pub storage: Option<Bytes>,
}

/// Precision of the key/value cache.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
pub enum KvCache {
    /// 16 bits a value.
    #[default]
    #[serde(rename = "f16")]
    F16,
    /// 8 bits a value: half the memory, with hardly any loss.
    #[serde(rename = "q8_0")]
    Q8,
    /// 4 bits a value: a quarter of the memory, with a noticeable loss.
    #[serde(rename = "q4_0")]
    Q4,
}

impl Default for Ollama {
    fn default() -> Self {
        Self {
            enabled: true,
            replicas: 1,
            models: Vec::new(),
            context: 4096,
            parallel: 1,
            max_loaded_models: None,
            keep_alive: Seconds::new(30),
            kv_cache: KvCache::F16,
            flash_attention: true,
            prompt_cache: Bytes::mib(0),
            context_checkpoints: 0,
            prune: true,
            gpu: None,
            catalogue: BTreeMap::new(),
            resources: Resources::default(),
            storage: None,
        }
    }
}

/// A model that writes text: its position among the models, its name, its figures.
pub type ChatModel<'a> = (usize, &'a ModelName, Figures);

/// What Ollama needs.
pub struct Needs<'a> {
    /// Of each of its models that writes text and each prompt it makes a model.
    pub prompts: &'a [Prompt],
    /// Versions.
    pub versions: &'a Versions,
}

/// What Ollama offers.
pub struct Offers {
    /// The API of each replica by itself.
    pub replicas: Vec<PortRef>,
    /// Tokens of the context that every model has.
    pub context: u64,
}

impl Ollama {
    /// Builds it.
    pub fn build(&self, scope: &mut Scope<'_>, needs: &Needs<'_>) -> Offers {
        let version = needs.versions.of(versions::OLLAMA);
        let part = scope.part("ollama", "model-server", Some(version));
        let me = scope.pods(&part);
        let api = scope.service(&part, "http", PORT);
        let chats: Vec<ChatModel<'_>> = self.chat_models().collect();
        if let Some((_, model, _)) = chats.first() {
            scope.script(ScriptFact::ChatModel((*model).clone()));
        }
        let headless = format!("{}-headless", part.name);
        let replicas = scope.headless_service(&part, &headless, "http", PORT, self.replicas);
        // The init container pulls from the model registry and its blob store, which are many
        // hosts: by port.
        let (way, https) = scope.cluster().internet.env();
        scope.calls_https(&me, &https);
        scope.resolves_names(&me);
        pod::account(scope, &part);

        let template = self.pod(scope, &part, needs, &chats, &way);
        let claim = PersistentVolumeClaim {
            metadata: ObjectMeta { name: Some("models".to_owned()), ..ObjectMeta::default() },
            spec: Some(pod::claim_spec(scope, self.volume())),
            ..PersistentVolumeClaim::default()
        };
        let replicas_of = Replicas { count: self.replicas, service: &headless };
        pod::stateful_set(scope, &part, replicas_of, template, Some(claim));
        pod::disruption_budget(scope, &part);
        scope.contribute(Contribution::Probe { target: api, module: Module::Http, path: "/" });
        scope.contribute(Logs::text(&me));
        scope.dashboard(dashboards::ollama::dashboard);
        scope.alert(|namespace| {
            let runbook = format!(
                "`kubectl -n {namespace} logs ollama-0 -c pull-models` shows a pull that goes on, \
                 or why it fails; `kubectl -n {namespace} logs ollama-0` what the server says. \
                 `kubectl -n {namespace} describe pod ollama-0` shows what else it waits for. \
                 OOMKilled: see ContainerOutOfMemory."
            );
            let summary = "No replica of Ollama is ready: no question is answered.";
            let workload = (namespace, &*part.name);
            workload_alerts::down("ModelsDown", &STATEFUL_SET, workload, summary, runbook)
        });
        Offers { replicas, context: self.shortest_of(&chats) }
    }

    fn pod(
        &self,
        scope: &mut Scope<'_>,
        part: &Part,
        needs: &Needs<'_>,
        chats: &[ChatModel<'_>],
        way: &[EnvVar],
    ) -> PodTemplateSpec {
        let (allotment, loaded) = (self.allotment(), self.loaded());
        let image = needs.versions.image(versions::OLLAMA);
        // Of what only makes embeddings nothing is made.
        let prompts = if chats.is_empty() { &[] } else { needs.prompts };
        let files = prompts::files(scope, part, prompts);
        let mounts = || {
            let own = [pod::mount("models", "/data"), pod::mount("tmp", "/tmp")];
            Some(own.into_iter().chain(prompts::mount(prompts)).collect())
        };
        let chat = chats.iter().map(|it| &**it.1).collect::<Vec<_>>().join(" ");
        let chat = (!chat.is_empty()).then(|| pod::env("CHAT_MODELS", chat));
        let mut server = pod::container("ollama", image.clone());
        server.command = Some(command(SERVE));
        let own = [pod::env("OLLAMA_HOST", format!("0.0.0.0:{PORT}"))];
        // What could not be pulled before the start is completed by the server's own container.
        let later = prompts::variable(prompts).into_iter();
        let later = later.chain(chat.clone().filter(|_| !prompts.is_empty()));
        server.env = self.env(loaded, own.into_iter().chain(later).chain(way.iter().cloned()));
        server.ports = pod::ports("http", PORT);
        server.resources = Some(self.server_resources(allotment));
        // Ready means that it serves what is there. A pod that is not Ready has no name, so a model
        // that could not be pulled must not be asked for here: it would take the others away.
        server.startup_probe =
            pod::http_probe("/api/version", PORT, Patience { period: 5, failures: 24 });
        server.readiness_probe =
            pod::http_probe("/api/version", PORT, Patience { period: 5, failures: 3 });
        server.liveness_probe = pod::http_probe("/", PORT, Patience { period: 10, failures: 6 });
        server.volume_mounts = mounts();

        let mut pull = pod::container("pull-models", image);
        pull.command = Some(command(PULL));
        let listed = self.models.iter().map(|it| &**it).collect::<Vec<_>>().join(" ");
        let mut more = vec![
            pod::env("OLLAMA_HOST", format!("127.0.0.1:{PORT}")),
            pod::env("MODELS", listed),
            pod::env("PRUNE", self.prune.to_string()),
            pod::env("TERMINATION_LOG", TERMINATION_LOG),
        ];
        more.extend(chat.into_iter().chain(prompts::variable(prompts)));
        pull.env = self.env(loaded, more.into_iter().chain(way.iter().cloned()));
        // Page cache of what it pulls counts too, so it gets the room that the server will have:
        // the scheduler takes the larger one.
        pull.resources = Some(requirements(allotment));
        // What could not be pulled, and why, is in the pod's status too.
        pull.termination_message_path = Some(TERMINATION_LOG.to_owned());
        pull.termination_message_policy = Some("FallbackToLogsOnError".to_owned());
        pull.volume_mounts = mounts();

        let spec = PodSpec {
            containers: vec![server],
            init_containers: (!self.models.is_empty()).then(|| vec![pull]),
            node_selector: self
                .gpu
                .as_ref()
                .filter(|it| !it.node_selector.is_empty())
                .map(Gpu::labels),
            runtime_class_name: self
                .gpu
                .as_ref()
                .and_then(|it| it.runtime_class.as_ref())
                .map(ToString::to_string),
            termination_grace_period_seconds: Some(60),
            tolerations: self
                .gpu
                .as_ref()
                .filter(|it| !it.tolerations.is_empty())
                .map(Gpu::tolerated),
            topology_spread_constraints: Some(vec![pod::spread(scope, part)]),
            volumes: Some([disk::scratch("tmp", SMALL_FOLDER)].into_iter().chain(files).collect()),
            ..PodSpec::default()
        };
        pod::template(scope, part, USER, spec)
    }

    /// What the server gets; the pull needs no GPU.
    fn server_resources(&self, allotment: Allotment) -> ResourceRequirements {
        let mut requirements = requirements(allotment);
        if let Some(gpu) = &self.gpu {
            // Of what cannot be shared, request and limit are the same, and the API server writes
            // both.
            for map in [&mut requirements.limits, &mut requirements.requests] {
                map.get_or_insert_default().insert(GPU.to_owned(), count(gpu.count));
            }
        }
        requirements
    }

    /// The environment that makes the memory formula true, and that a user without a home needs,
    /// with some more.
    fn env(&self, loaded: u32, more: impl Iterator<Item = EnvVar>) -> Option<Vec<EnvVar>> {
        let kv = match self.kv_cache {
            KvCache::F16 => "f16",
            KvCache::Q8 => "q8_0",
            KvCache::Q4 => "q4_0",
        };
        let mut env = vec![
            pod::env("HOME", "/data"),
            pod::env("LLAMA_ARG_CACHE_RAM", self.prompt_cache.get().div_ceil(1 << 20).to_string()),
            pod::env("LLAMA_ARG_CTX_CHECKPOINTS", self.context_checkpoints.to_string()),
            pod::env("OLLAMA_CONTEXT_LENGTH", self.context.to_string()),
            pod::env("OLLAMA_FLASH_ATTENTION", if self.flash_attention { "1" } else { "0" }),
            pod::env("OLLAMA_KEEP_ALIVE", format!("{}s", self.keep_alive.get())),
            pod::env("OLLAMA_KV_CACHE_TYPE", kv),
            pod::env("OLLAMA_MAX_LOADED_MODELS", loaded.to_string()),
            pod::env("OLLAMA_MODELS", "/data/models"),
            pod::env("OLLAMA_NO_CLOUD", "1"),
            pod::env("OLLAMA_NUM_PARALLEL", self.parallel.to_string()),
        ];
        env.extend(more);
        pod::environment(env)
    }
}

fn command(script: &str) -> Vec<String> {
    ["/bin/bash", "-euo", "pipefail", "-c", script].map(str::to_owned).into()
}

/// Makes the listed models present: of the init container.
const PULL: &str = concat!(include_str!("ollama/ask.sh"), include_str!("ollama/pull.sh"));
/// Serves, and goes on pulling what is absent: of the container itself.
const SERVE: &str = concat!(include_str!("ollama/ask.sh"), include_str!("ollama/serve.sh"));
