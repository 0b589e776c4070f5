//! Redis, through which several Open WebUI pods share their WebSocket connections and sign-outs. It
//! writes down what it is told, within a second: with a Redis that forgets, a token that was signed
//! out would be good again after its restart, until it expires.

use k8s_openapi::api::core::v1::PodSpec;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    pod::{self, Patience},
    section::{Need, PodResources, Section, VolumeSize},
    workload_alerts::{self, DEPLOYMENT},
};
use crate::{
    builder::{
        contribution::{Contribution, Logs, Module},
        credential::{Credential, CredentialSpec, CredentialStore, Key, SecretLookup, Value},
        handle::PortRef,
        kinds,
        may_make::MayMake,
        scope::Scope,
    },
    components::namespaces,
    facts::{
        requests,
        versions::{self, Pin},
    },
    platform::{
        resources::{Resources, requirements},
        versions::Versions,
    },
    units::Bytes,
};

/// What its Application may ever make.
pub const APPLICATION: MayMake = MayMake::in_namespace(
    "redis",
    &[namespaces::AI],
    &[kinds::PERSISTENT_VOLUME_CLAIM, kinds::SERVICE, kinds::SERVICE_ACCOUNT, kinds::DEPLOYMENT],
);

/// A client that can write here can end sessions, or forge them.
const PASSWORD: CredentialSpec = CredentialSpec {
    name: "redis",
    keys: &[Key { name: "password", value: Value::Made(32) }],
    rotation: "sessions are kept, and WebSocket connections are made again",
    lookup: SecretLookup::ByReference,
};

const PORT: u16 = 6379;
/// The image's `redis` user.
const USER: i64 = 999;

/// Redis, which the replicas of Open WebUI share.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Redis {
    /// Whether Redis runs: `REDIS_URL` and `WEBSOCKET_MANAGER` of Open WebUI. Needed for more than
    /// one replica of Open WebUI; with one, it makes a sign-out and a new password end sessions
    /// everywhere, which therefore last 7 days and not 12 hours (`JWT_EXPIRES_IN`).
    #[schemars(example = true)]
    pub enabled: bool,
    /// Requests and limits of the server: `resources` of its container. Absent: the tested figures,
    /// which `espalier show budget` lists. Its data may fill half of the memory limit
    /// (`maxmemory`).
    pub resources: Resources,
    /// Size of the volume for what was signed out, with its unit: `spec.resources.requests.storage`
    /// of its claim. Its file is written anew before it is larger than a few times the data.
    #[schemars(example = &"2Gi")]
    pub storage: Bytes,
}

impl Default for Redis {
    fn default() -> Self {
        Self { enabled: false, resources: Resources::default(), storage: Bytes::gib(1) }
    }
}

/// What Redis offers.
pub struct Offers {
    /// The server.
    pub port: PortRef,
    /// Its password, under the key `password`.
    pub password: Credential,
}

impl Redis {
    /// Builds it.
    pub fn build(
        &self,
        scope: &mut Scope<'_>,
        credentials: &CredentialStore,
        versions: &Versions,
    ) -> Offers {
        // A client that can write here can end or forge sessions: a policy alone is not enough.
        let password = credentials.credential(&PASSWORD);
        let version = versions.of(versions::REDIS);
        let part = scope.part("redis", "sessions", Some(version));
        let port = scope.service(&part, "redis", PORT);
        pod::account(scope, &part);
        let data = pod::claim(scope, &part, self.storage);
        let allotment = self.resources.over(requests::REDIS);
        let mut server = pod::container("redis", versions.image(versions::REDIS));
        server.command = Some(["/bin/sh", "-euc", START].map(str::to_owned).into());
        server.env = pod::environment(vec![
            // The half that is left is for connections and for what allocation leaves unused.
            pod::env("MAX_MEMORY", (allotment.limit.get() / 2).to_string()),
            scope.env_secret("REDISCLI_AUTH", &password, "password"),
        ]);
        server.ports = pod::ports("redis", PORT);
        server.resources = Some(requirements(allotment));
        server.volume_mounts = Some(vec![pod::mount("data", "/data")]);
        // `-e`: an answer that is an error is a failure.
        let ready = ["redis-cli", "-e", "ping"];
        server.startup_probe = pod::exec_probe(&ready, Patience { period: 2, failures: 30 });
        server.readiness_probe = pod::exec_probe(&ready, Patience { period: 5, failures: 3 });
        server.liveness_probe = pod::exec_probe(&ready, Patience { period: 10, failures: 6 });
        let spec = PodSpec {
            containers: vec![server],
            termination_grace_period_seconds: Some(10),
            volumes: Some(vec![pod::claimed("data", &scope.claim_of(&data))]),
            ..PodSpec::default()
        };
        // Two instances at once would split the sessions between them, and write one file.
        let template = pod::template(scope, &part, USER, spec);
        pod::single(scope, &part, template);
        scope.contribute(Contribution::Probe {
            target: port.clone(),
            module: Module::Tcp,
            path: "",
        });
        let me = scope.pods(&part);
        scope.contribute(Logs::text(&me));
        scope.alert(|namespace| {
            let runbook = format!(
                "`kubectl -n {namespace} logs deploy/redis --previous` says why it ended, `kubectl \
                 -n {namespace} describe pod -l app.kubernetes.io/name=redis` what it waits for."
            );
            let summary = "Redis does not answer: nobody can sign in, and no answer is shown.";
            let workload = (namespace, &*part.name);
            workload_alerts::down("SessionsDown", &DEPLOYMENT, workload, summary, runbook)
        });
        Offers { port, password }
    }
}

/// The configuration comes by standard input, so that the password is in no list of processes;
/// quotes and backslashes in it are escaped.
const START: &str = r#"password=$(printf '%s' "$REDISCLI_AUTH" | sed 's/[\\"]/\\&/g')
exec redis-server - <<END
appendfsync everysec
appendonly yes
dir /data
maxmemory $MAX_MEMORY
maxmemory-policy noeviction
requirepass "$password"
save ""
END
"#;

impl Section for Redis {
    fn key(&self) -> &'static str {
        "redis"
    }

    fn is_enabled(&self) -> bool {
        self.enabled
    }

    fn resources(&self) -> Vec<PodResources<'_>> {
        vec![PodResources::of(&["resources"], &self.resources, requests::REDIS)]
    }

    fn volumes(&self) -> Vec<VolumeSize> {
        vec![VolumeSize { path: &["storage"], size: Some(self.storage) }]
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need { key: "sealedSecrets", why: "it unseals the password" }]
    }

    fn versions(&self) -> Vec<Pin> {
        vec![versions::REDIS]
    }

    fn may_make(&self) -> &'static [MayMake] {
        &[APPLICATION]
    }
}
