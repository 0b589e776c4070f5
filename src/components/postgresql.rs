//! PostgreSQL on a volume of its own, for Open WebUI.

use std::sync::Arc;

use k8s_openapi::api::{
    apps::v1::{StatefulSet, StatefulSetSpec},
    core::v1::{ContainerPort, ExecAction, Lifecycle, LifecycleHandler, PodSpec},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    pod::{self, Patience},
    section::{Need, Number, PodResources, Section, VolumeSize},
};
use crate::{
    builder::{
        credential::{Credential, CredentialSpec, CredentialStore, Key, SecretLookup, Value},
        handle::{Contribution, PortRef, PriorityRef},
        kinds,
        may_make::MayMake,
        scope::Scope,
    },
    components::namespaces,
    facts::{
        requests,
        versions::{self, Pin},
    },
    names::{Address, Cidr, SqlName},
    platform::{
        resources::{Resources, requirements},
        versions::Versions,
    },
    units::Bytes,
};

/// What its Application may ever make.
pub const APPLICATION: MayMake = MayMake::in_namespace(
    "postgresql",
    &[namespaces::AI],
    &[kinds::PERSISTENT_VOLUME_CLAIM, kinds::SERVICE, kinds::SERVICE_ACCOUNT, kinds::STATEFUL_SET],
);

const PORT: u16 = 5432;
/// The image's `postgres` user.
const USER: i64 = 999;
/// The role and the database.
const NAME: &str = "openwebui";
/// Its role's password.
const PASSWORD: CredentialSpec = CredentialSpec {
    name: "postgresql",
    keys: &[Key { name: "password", value: Value::Made(32) }],
    rotation: "PostgreSQL sets it at its next start; until then its clients wait",
    lookup: SecretLookup::ByReference,
};
/// The same for a server outside the cluster: a generated password would not be valid there.
const PASSWORD_ELSEWHERE: CredentialSpec = CredentialSpec {
    name: "postgresql",
    keys: &[Key {
        name: "password",
        value: Value::Known("the password of the role at the database server"),
    }],
    rotation: "change it at the server too, or Open WebUI cannot sign in there",
    lookup: SecretLookup::ByReference,
};
/// What a backend takes beside its `work_mem`.
const BACKEND: Bytes = Bytes::mib(6);
/// PostgreSQL's own number of autovacuum workers.
const AUTOVACUUM_WORKERS: u64 = 3;
/// Connections that only a superuser gets (PostgreSQL's default): the probes' among them.
const RESERVED_CONNECTIONS: u32 = 3;
/// The backup's connection.
const BACKUP_CONNECTIONS: u32 = 1;
/// Half an hour: the volume may be new, or hold a GiB of changes (PostgreSQL's `max_wal_size`) that
/// a crash left to recover, on a disk that takes a MiB a second. A start that is ended too early
/// begins again, without end.
const STARTS: Patience = Patience { period: 5, failures: 360 };

/// The PostgreSQL server.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Postgresql {
    /// Whether Open WebUI uses PostgreSQL. With `false` it keeps its data in a SQLite file on its
    /// own volume.
    #[schemars(example = false)]
    pub enabled: bool,
    /// Requests and limits of the server: `resources` of its container. Absent: the tested figures,
    /// which `espalier show budget` lists. `shared_buffers`, `work_mem` and the like are derived
    /// from the memory limit.
    pub resources: Resources,
    /// Size of the database's volume, with its unit: `spec.resources.requests.storage` of its
    /// claim.
    #[schemars(example = &"20Gi")]
    pub storage: Bytes,
    /// A PostgreSQL server outside the cluster, to which `DATABASE_URL` of Open WebUI points.
    /// Absent: the platform runs one itself.
    pub external: Option<External>,
}

/// A PostgreSQL server outside the cluster. The password of the role is sealed as for the
/// platform's own server (credential `postgresql`, key `password`).
///
/// The server must hold the database, which the role owns (Open WebUI creates its tables itself),
/// and must let the role open as many connections as Open WebUI does; `out/README.md` says how
/// many.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct External {
    /// Host name or IPv4 address of the server: the host in `DATABASE_URL` of Open WebUI.
    #[schemars(example = &"db.example.org", example = &"10.0.0.5")]
    pub host: Address,
    /// TCP port of the server: the port in `DATABASE_URL`, which the NetworkPolicy opens.
    #[serde(default = "port")]
    #[schemars(example = 6432)]
    pub port: u16,
    /// Name of the database: the path in `DATABASE_URL`.
    #[serde(default = "name")]
    #[schemars(example = &"openwebui")]
    pub database: SqlName,
    /// Role that Open WebUI signs in as, and that owns the database: the user in `DATABASE_URL`.
    #[serde(default = "name")]
    #[schemars(example = &"openwebui")]
    pub role: SqlName,
    /// How the connection is protected: `sslmode` in `DATABASE_URL`.
    #[serde(default)]
    #[schemars(example = &"disable")]
    pub ssl_mode: SslMode,
    /// Network of the server, where it has a private address (a network of your own, a peered cloud
    /// network): the NetworkPolicy opens the port to this network and to nothing else. Absent: the
    /// server is on the internet, and the port is opened to all public addresses.
    #[schemars(example = &"10.0.0.0/24")]
    pub cidr: Option<Cidr>,
}

/// How a connection is protected, by libpq's names. `verify-full` is not offered: it needs the
/// authority's certificate as a file.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub enum SslMode {
    /// Encrypted, or there is no connection. The server's certificate is not verified.
    #[default]
    Require,
    /// Not encrypted: anyone on the network between can read and change what is sent.
    Disable,
}

fn port() -> u16 {
    PORT
}

fn name() -> SqlName {
    NAME.parse().unwrap_or_else(|_| unreachable!("it is a name"))
}

impl External {
    /// What our own would offer. Nothing is built, so nothing is waited for but the sealed
    /// password.
    pub fn offers(&self, credentials: &CredentialStore, connections: u32) -> Offers {
        let provided_outside = format!(
            "PostgreSQL at `{}:{}`: the database `{}`, owned by the role `{}`, which must be \
             allowed to open {connections} connections (`max_connections` is the server's, and others use it \
             too). Open WebUI makes its tables itself; backups are the server's.",
            self.host, self.port, self.database, self.role
        );
        Offers {
            provided_outside: Some(provided_outside),
            port: PortRef::outside(&self.host, self.port, self.cidr.as_ref()),
            password: credentials.credential(&PASSWORD_ELSEWHERE),
            role: self.role.shared(),
            database: self.database.shared(),
            storage: None,
            parameters: match self.ssl_mode {
                SslMode::Require => "?sslmode=require",
                SslMode::Disable => "?sslmode=disable",
            },
        }
    }
}

impl Default for Postgresql {
    fn default() -> Self {
        Self {
            enabled: true,
            resources: Resources::default(),
            storage: Bytes::gib(5),
            external: None,
        }
    }
}

/// What PostgreSQL needs.
pub struct Needs<'a> {
    /// Holds the password.
    pub credentials: &'a CredentialStore,
    /// Versions.
    pub versions: &'a Versions,
    /// Among the pods of a node that is short of memory.
    pub priority: PriorityRef,
    /// Connections that its clients open at most.
    pub connections: u32,
}

/// What PostgreSQL offers.
pub struct Offers {
    /// SQL.
    pub port: PortRef,
    /// The role's password, under the key `password`.
    pub password: Credential,
    /// The role.
    pub role: Arc<str>,
    /// The database.
    pub database: Arc<str>,
    /// What a client's URL ends with.
    pub parameters: &'static str,
    /// The volume's size: a dump, which is packed, is smaller than what is on it. None where
    /// the server is outside the cluster.
    pub storage: Option<Bytes>,
    /// What somebody else must provide for it.
    pub provided_outside: Option<String>,
}

/// How its memory is divided.
struct Tuning {
    shared_buffers: Bytes,
    work_mem: Bytes,
    maintenance_work_mem: Bytes,
    effective_cache_size: Bytes,
}

impl Postgresql {
    fn tuning(&self) -> Tuning {
        let limit = self.resources.over(requests::POSTGRESQL).limit.get();
        let mib = |part: u64, least: u64| Bytes::mib((limit / part / (1 << 20)).max(least));
        Tuning {
            shared_buffers: mib(8, 16),
            work_mem: mib(128, 1),
            maintenance_work_mem: mib(16, 8),
            effective_cache_size: mib(8, 16) + mib(4, 16),
        }
    }

    /// `max_connections`: the clients', the backup's and those that PostgreSQL keeps for its
    /// superuser.
    pub fn max_connections(clients: u32) -> u32 {
        clients.saturating_add(BACKUP_CONNECTIONS + RESERVED_CONNECTIONS)
    }

    /// Where its memory ends.
    pub fn limit(&self) -> Bytes {
        self.resources.over(requests::POSTGRESQL).limit
    }

    /// Memory that it may use at worst: every connection sorts, every autovacuum worker works.
    pub fn worst_case(&self, clients: u32) -> Bytes {
        let tuning = self.tuning();
        tuning.shared_buffers
            + (tuning.work_mem + BACKEND) * u64::from(Self::max_connections(clients))
            + tuning.maintenance_work_mem * AUTOVACUUM_WORKERS
    }

    /// Builds it.
    pub fn build(&self, scope: &mut Scope<'_>, needs: &Needs<'_>) -> Offers {
        let password = needs.credentials.credential(&PASSWORD);
        let version = needs.versions.of(versions::POSTGRESQL);
        let part = scope.part("postgresql", "database", Some(&version));
        let port = scope.service(&part, "postgresql", PORT);
        pod::account(scope, &part);
        pod::claim(scope, &part, self.storage);

        let mut server = pod::container("postgresql", needs.versions.image(versions::POSTGRESQL));
        server.command = Some(
            ["/bin/bash", "-euo", "pipefail", "-c", START, "postgresql"].map(str::to_owned).into(),
        );
        server.args = Some(self.arguments(needs.connections));
        server.env = pod::environment(vec![
            pod::env("PGDATA", "/var/lib/postgresql/data/pgdata"),
            pod::env("POSTGRES_DB", NAME),
            pod::env("POSTGRES_USER", NAME),
            scope.env_secret("POSTGRES_PASSWORD", &password, "password"),
        ]);
        server.ports = Some(vec![ContainerPort {
            name: Some("postgresql".to_owned()),
            container_port: PORT.into(),
            protocol: Some("TCP".to_owned()),
            ..ContainerPort::default()
        }]);
        server.resources = Some(requirements(self.resources.over(requests::POSTGRESQL)));
        // By TCP: a server that is not ready for anybody listens on the socket at most.
        // `pg_isready` says yes without a database too.
        let asked = ["psql", "-X", "-h", "127.0.0.1", "-U", NAME, "-d", NAME, "-Atqc", "select 1"];
        server.startup_probe = pod::exec_probe(&asked, STARTS);
        server.readiness_probe = pod::exec_probe(&asked, Patience { period: 5, failures: 3 });
        // A server that rejects (1) recovers or stops; ended now, it would have to recover all of
        // it again.
        let alive = format!("pg_isready -q -h 127.0.0.1 -U {NAME} -d {NAME} || [ $? -eq 1 ]");
        server.liveness_probe =
            pod::exec_probe(&["/bin/sh", "-c", &alive], Patience { period: 10, failures: 6 });
        server.lifecycle = Some(fast_shutdown());
        server.volume_mounts = Some(vec![
            pod::mount("data", "/var/lib/postgresql/data"),
            pod::mount("run", "/var/run/postgresql"),
            pod::mount("shm", "/dev/shm"),
            pod::mount("tmp", "/tmp"),
        ]);
        let spec = PodSpec {
            containers: vec![server],
            priority_class_name: Some(scope.priority(needs.priority)),
            // A checkpoint may take its time.
            termination_grace_period_seconds: Some(60),
            volumes: Some(vec![
                pod::claimed("data", &part.name),
                pod::scratch("run"),
                pod::memory("shm", Bytes::mib(64)),
                pod::scratch("tmp"),
            ]),
            ..PodSpec::default()
        };
        let spec = StatefulSetSpec {
            replicas: Some(1),
            selector: scope.selector(&part),
            service_name: Some(part.name.to_string()),
            template: pod::template(scope, &part, USER, spec),
            ..StatefulSetSpec::default()
        };
        let metadata = scope.meta(&part);
        scope.add(StatefulSet { metadata, spec: Some(spec), ..StatefulSet::default() });
        scope.contribute(Contribution::Probe { target: port.clone(), module: "tcp", path: "" });
        Offers {
            port,
            password,
            role: NAME.into(),
            database: NAME.into(),
            parameters: "",
            storage: Some(self.storage),
            provided_outside: None,
        }
    }

    fn arguments(&self, clients: u32) -> Vec<String> {
        let tuning = self.tuning();
        let megabytes = |bytes: Bytes| format!("{}MB", bytes.get() >> 20);
        let settings = [
            ("effective_cache_size", megabytes(tuning.effective_cache_size)),
            ("jit", "off".to_owned()),
            ("maintenance_work_mem", megabytes(tuning.maintenance_work_mem)),
            ("max_connections", Self::max_connections(clients).to_string()),
            ("max_parallel_workers", "0".to_owned()),
            ("shared_buffers", megabytes(tuning.shared_buffers)),
            ("work_mem", megabytes(tuning.work_mem)),
        ];
        std::iter::once("postgres".to_owned())
            .chain(
                settings
                    .into_iter()
                    .flat_map(|(key, value)| ["-c".to_owned(), format!("{key}={value}")]),
            )
            .collect()
    }
}

/// PostgreSQL ends on SIGINT; on SIGTERM it waits until its clients are gone, which
/// they are not. Which of the two the runtime sends is the image's to say, and lost in many a
/// mirror. `--no-wait`: the end of the server ends what waits in its container, and the kubelet
/// would tell of a hook that failed; the grace period counts on.
fn fast_shutdown() -> Lifecycle {
    let command = ["pg_ctl", "stop", "--mode=fast", "--no-wait"].map(str::to_owned).into();
    let handler = LifecycleHandler {
        exec: Some(ExecAction { command: Some(command) }),
        ..LifecycleHandler::default()
    };
    Lifecycle { pre_stop: Some(handler), ..Lifecycle::default() }
}

/// What the container runs.
const START: &str = include_str!("postgresql/start.sh");

impl Section for Postgresql {
    fn key(&self) -> &'static str {
        "postgresql"
    }

    fn is_enabled(&self) -> bool {
        self.enabled
    }

    fn resources(&self) -> Vec<PodResources<'_>> {
        vec![PodResources {
            path: &["resources"],
            resources: &self.resources,
            tested: Some(requests::POSTGRESQL),
        }]
    }

    fn volumes(&self) -> Vec<VolumeSize> {
        vec![VolumeSize { path: &["storage"], size: Some(self.storage) }]
    }

    fn numbers(&self) -> Vec<Number> {
        // What is no port cannot be read.
        vec![Number::new(&["external", "port"], None, 1, u16::MAX.into())]
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need { key: "sealedSecrets", why: "it unseals the password" }]
    }

    fn version(&self) -> Option<Pin> {
        Some(versions::POSTGRESQL)
    }

    fn may_make(&self) -> &'static [MayMake] {
        &[APPLICATION]
    }
}
