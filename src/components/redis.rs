//! Redis, through which several Open WebUI pods share their WebSocket connections and sign-outs. It
//! keeps nothing: browsers connect again by themselves, but after a restart of Redis a token that
//! was signed out is good again until it expires.

use k8s_openapi::api::{
    apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy},
    core::v1::{ContainerPort, PodSpec},
};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    pod::{self, Patience},
    section::{Need, PodResources, Section},
};
use crate::{
    builder::{
        credential::{Credential, CredentialSpec, CredentialStore, Key, SecretLookup, Value},
        handle::{Contribution, PortRef},
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
};

/// What its Application may ever make.
pub const APPLICATION: MayMake = MayMake::in_namespace(
    "redis",
    &[namespaces::AI],
    &[kinds::SERVICE, kinds::SERVICE_ACCOUNT, kinds::DEPLOYMENT],
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
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Redis {
    /// Whether Redis runs: `REDIS_URL` and `WEBSOCKET_MANAGER` of Open WebUI. Needed for more than
    /// one replica of Open WebUI; with one, it makes a sign-out end the session everywhere, not
    /// only in this browser.
    #[schemars(example = true)]
    pub enabled: bool,
    /// Requests and limits of the server: `resources` of its container. Absent: the tested figures,
    /// which `espalier show budget` lists. Its data may fill half of the memory limit
    /// (`maxmemory`).
    pub resources: Resources,
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
        let part = scope.part("redis", "sessions", Some(&version));
        let port = scope.service(&part, "redis", PORT);
        pod::account(scope, &part);
        let allotment = self.resources.over(requests::REDIS);
        let mut server = pod::container("redis", versions.image(versions::REDIS));
        server.command = Some(["/bin/sh", "-euc", START].map(str::to_owned).into());
        server.env = pod::environment(vec![
            // The half that is left is for connections and for what allocation leaves unused.
            pod::env("MAX_MEMORY", (allotment.limit.get() / 2).to_string()),
            scope.env_secret("REDISCLI_AUTH", &password, "password"),
        ]);
        server.ports = Some(vec![ContainerPort {
            name: Some("redis".to_owned()),
            container_port: PORT.into(),
            protocol: Some("TCP".to_owned()),
            ..ContainerPort::default()
        }]);
        server.resources = Some(requirements(allotment));
        // `-e`: an answer that is an error is a failure.
        let ready = ["redis-cli", "-e", "ping"];
        server.startup_probe = pod::exec_probe(&ready, Patience { period: 2, failures: 30 });
        server.readiness_probe = pod::exec_probe(&ready, Patience { period: 5, failures: 3 });
        server.liveness_probe = pod::exec_probe(&ready, Patience { period: 10, failures: 6 });
        let spec = PodSpec {
            containers: vec![server],
            termination_grace_period_seconds: Some(10),
            ..PodSpec::default()
        };
        let spec = DeploymentSpec {
            replicas: Some(1),
            revision_history_limit: Some(3),
            selector: scope.selector(&part),
            // Recreate: two instances at once would split the sessions between them.
            strategy: Some(DeploymentStrategy {
                type_: Some("Recreate".to_owned()),
                ..DeploymentStrategy::default()
            }),
            template: pod::template(scope, &part, USER, spec),
            ..DeploymentSpec::default()
        };
        let metadata = scope.meta(&part);
        scope.add(Deployment { metadata, spec: Some(spec), ..Deployment::default() });
        scope.contribute(Contribution::Probe { target: port.clone(), module: "tcp", path: "" });
        Offers { port, password }
    }
}

/// The configuration comes by standard input, so that the password is in no list of processes;
/// quotes and backslashes in it are escaped.
const START: &str = r#"password=$(printf '%s' "$REDISCLI_AUTH" | sed 's/[\\"]/\\&/g')
exec redis-server - <<END
appendonly no
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
        vec![PodResources {
            path: &["resources"],
            resources: &self.resources,
            tested: Some(requests::REDIS),
        }]
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need { key: "sealedSecrets", why: "it unseals the password" }]
    }

    fn version(&self) -> Option<Pin> {
        Some(versions::REDIS)
    }

    fn may_make(&self) -> &'static [MayMake] {
        &[APPLICATION]
    }
}
