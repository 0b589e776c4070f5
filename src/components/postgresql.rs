//! PostgreSQL on a volume of its own, for Open WebUI.

pub mod databases;
pub mod external;
pub mod offers;

use k8s_openapi::api::core::v1::{Container, ExecAction, Lifecycle, LifecycleHandler, PodSpec};
use schemars::JsonSchema;
use serde::Deserialize;

use self::{
    external::External,
    offers::{NAME, Offers, PORT, Reader, USER},
};
use super::{
    dashboards, disk,
    pod::{self, Deadline, Patience, Replicas},
    section::{Need, Number, PodResources, Section, VolumeSize},
    workload_alerts::{self, STATEFUL_SET},
};
use crate::{
    builder::{
        contribution::{Contribution, Logs, Module},
        credential::{Credential, CredentialSpec, CredentialStore, Key, SecretLookup, Value},
        handle::PriorityRef,
        kinds,
        may_make::MayMake,
        meta::SHARES_DATABASE,
        scope::Scope,
    },
    components::namespaces,
    facts::{
        node::SMALL_FOLDER,
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
    "postgresql",
    &[namespaces::AI],
    &[kinds::PERSISTENT_VOLUME_CLAIM, kinds::SERVICE, kinds::SERVICE_ACCOUNT, kinds::STATEFUL_SET],
);

/// The role that may read all of it and change nothing: a backup's.
const BACKUP: &str = "backup";
/// The role that may read the server's statistics, and no table: an exporter's.
const EXPORTER: &str = "exporter";
/// The role that may ask whether it answers, from the pod itself: the probes'.
const PROBE: &str = "probe";
/// Where the files are that say who may come from where: of the pod, not of the data.
const ACCESS: &str = "/var/run/postgresql";
/// The owner's password.
const PASSWORD: CredentialSpec = CredentialSpec {
    name: "postgresql",
    keys: &[Key { name: "password", value: Value::Made(32) }],
    rotation: "PostgreSQL sets it at its next start; until then its clients wait",
    lookup: SecretLookup::ByReference,
};
/// The password of the role that reads.
const BACKUP_PASSWORD: CredentialSpec = CredentialSpec {
    name: "postgresql-backup",
    keys: &[Key { name: "password", value: Value::Made(32) }],
    rotation: "PostgreSQL sets it at its next start; until then a backup waits",
    lookup: SecretLookup::ByReference,
};
/// The password of the role that may read statistics.
const EXPORTER_PASSWORD: CredentialSpec = CredentialSpec {
    name: "postgresql-exporter",
    keys: &[Key { name: "password", value: Value::Made(32) }],
    rotation: "PostgreSQL sets it at its next start; until then its statistics are not read",
    lookup: SecretLookup::ByReference,
};
/// What a backend takes beside its `work_mem`.
const BACKEND: Bytes = Bytes::mib(6);
/// PostgreSQL's own number of autovacuum workers.
const AUTOVACUUM_WORKERS: u64 = 3;
/// The connection that only a superuser gets: a person's.
const SUPERUSER_CONNECTIONS: u32 = 1;
/// Two probes may ask at once.
const PROBE_CONNECTIONS: u32 = 2;
/// The backup's connection.
const BACKUP_CONNECTIONS: u32 = 1;
/// An hour. What a new pod has to make or to recover is done before the server starts, where no
/// probe asks; this is for a container that was started again in its pod. It recovers up to a GiB
/// of changes (PostgreSQL's `max_wal_size`) or more, on a disk that may take a MiB a second.
const STARTS: Deadline = Deadline::minutes(60);

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
    /// Whether somebody makes backups of it.
    pub has_backups: bool,
    /// Whether somebody reads its statistics.
    pub has_exporter: bool,
    /// Whether workspaces may have databases in it.
    pub serves_workspaces: bool,
}

/// What runs before the server, and who may sign in then.
struct Prepared {
    container: Container,
    reader: Option<Reader>,
    monitor: Option<Reader>,
    administrator: Option<Credential>,
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

    /// `max_connections`: the clients', the backup's, the probes' and the superuser's.
    pub fn max_connections(clients: u32) -> u32 {
        clients.saturating_add(BACKUP_CONNECTIONS + PROBE_CONNECTIONS + SUPERUSER_CONNECTIONS)
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
        let part = scope.part("postgresql", "database", Some(version));
        let port = scope.service(&part, "postgresql", PORT);
        pod::account(scope, &part);
        pod::claim(scope, &part, self.storage);

        let image = needs.versions.image(versions::POSTGRESQL);
        let mut server = pod::container("postgresql", image.clone());
        // Not the image's own script, which would make a database in place where there is none.
        server.command = Some(vec!["postgres".to_owned()]);
        server.args = Some(self.arguments(needs.connections));
        server.env = pod::environment(vec![pod::env("PGDATA", DATA)]);
        server.ports = pod::ports("postgresql", PORT);
        server.resources = Some(requirements(self.resources.over(requests::POSTGRESQL)));
        // A server that rejects (1) recovers or stops; ended now, it would have to recover all of
        // it again.
        let alive = format!("pg_isready -q -h 127.0.0.1 -U {PROBE} -d {NAME} || [ $? -eq 1 ]");
        let alive = ["/bin/sh", "-c", &alive];
        server.startup_probe = pod::exec_startup(&alive, STARTS);
        server.liveness_probe = pod::exec_probe(&alive, Patience { period: 10, failures: 6 });
        // By TCP, as clients come. `pg_isready` says yes without a database too.
        let asked = ["psql", "-X", "-h", "127.0.0.1", "-U", PROBE, "-d", NAME, "-Atqc", "select 1"];
        server.readiness_probe = pod::exec_probe(&asked, Patience { period: 5, failures: 3 });
        server.lifecycle = Some(fast_shutdown());
        server.volume_mounts = Some(vec![
            pod::mount("data", VOLUME),
            pod::mount("run", ACCESS),
            pod::mount("shm", "/dev/shm"),
            pod::mount("tmp", "/tmp"),
        ]);
        if needs.serves_workspaces {
            scope.serves_workspaces(&port, SHARES_DATABASE);
        }
        let Prepared { container: prepare, reader, monitor, administrator } =
            Self::prepare(scope, needs, &server, &password);
        let spec = PodSpec {
            init_containers: Some(vec![prepare]),
            containers: vec![server],
            priority_class_name: Some(scope.priority(needs.priority)),
            // A checkpoint may take its time.
            termination_grace_period_seconds: Some(60),
            volumes: Some(vec![
                pod::claimed("data", &part.name),
                disk::scratch("run", SMALL_FOLDER),
                disk::memory("shm", Bytes::mib(64)),
                disk::scratch("tmp", SMALL_FOLDER),
            ]),
            ..PodSpec::default()
        };
        let template = pod::template(scope, &part, USER, spec);
        pod::stateful_set(scope, &part, Replicas { count: 1, service: &part.name }, template, None);
        scope.contribute(Contribution::Probe {
            target: port.clone(),
            module: Module::Tcp,
            path: "",
        });
        let me = scope.pods(&part);
        // A statement has as many lines as somebody wrote; those behind the first are indented.
        scope.contribute(Logs::text(&me).beginning(r"^\d{4}-\d{2}-\d{2} "));
        scope.dashboard(dashboards::postgresql::dashboard);
        scope.alert(|namespace| {
            let runbook = format!(
                "`kubectl -n {namespace} logs postgresql-0 --all-containers` says what it does: \
                 while `prepare` recovers, wait. `kubectl -n {namespace} describe pod \
                 postgresql-0` shows what else it waits for. A volume that is lost: `bash \
                 bootstrap/bootstrap.sh restore` puts the last backup back."
            );
            let summary = "The database does not answer: nobody can sign in or chat.";
            let workload = (namespace, &*part.name);
            workload_alerts::down("DatabaseDown", &STATEFUL_SET, workload, summary, runbook)
        });
        Offers {
            port,
            password,
            role: NAME.into(),
            reader,
            monitor,
            administrator,
            database: NAME.into(),
            parameters: "",
            storage: Some(self.storage),
            provided_outside: None,
        }
    }

    /// Makes, recovers and changes what the server then only serves, in a container that no probe
    /// ends: its work may take long, and would start over. The server itself knows no password.
    fn prepare(
        scope: &mut Scope<'_>,
        needs: &Needs<'_>,
        server: &Container,
        password: &Credential,
    ) -> Prepared {
        let mut container = pod::container("prepare", needs.versions.image(versions::POSTGRESQL));
        container.command = Some(
            ["/bin/bash", "-euo", "pipefail", "-c", PREPARE, "prepare"].map(str::to_owned).into(),
        );
        container.args.clone_from(&server.args);
        let mut env = vec![
            pod::env("ACCESS", ACCESS),
            pod::env("BACKUP_USER", BACKUP),
            pod::env("EXPORTER_USER", EXPORTER),
            pod::env("PGDATA", DATA),
            pod::env("POSTGRES_DB", NAME),
            pod::env("POSTGRES_USER", NAME),
            pod::env("PROBE_USER", PROBE),
            scope.env_secret("POSTGRES_PASSWORD", password, "password"),
        ];
        let administrator = needs.serves_workspaces.then(|| {
            let password = needs.credentials.credential(&databases::PASSWORD);
            env.push(pod::env("WORKSPACES_GROUP", databases::GROUP));
            env.push(pod::env("WORKSPACES_USER", databases::ADMINISTRATOR));
            env.push(scope.env_secret("WORKSPACES_PASSWORD", &password, "password"));
            password
        });
        // A role is there without anybody who signs in as it, and has no password then.
        let [reader, monitor] = [
            (needs.has_backups, BACKUP, &BACKUP_PASSWORD, "BACKUP_PASSWORD"),
            (needs.has_exporter, EXPORTER, &EXPORTER_PASSWORD, "EXPORTER_PASSWORD"),
        ]
        .map(|(is_wanted, role, password, variable)| {
            let password = is_wanted.then(|| needs.credentials.credential(password))?;
            env.push(scope.env_secret(variable, &password, "password"));
            Some(Reader { role: role.into(), password })
        });
        container.env = pod::environment(env);
        // The scheduler takes the larger of the two: it costs no memory.
        container.resources.clone_from(&server.resources);
        // What is wrong is in the pod's status too.
        container.termination_message_policy = Some("FallbackToLogsOnError".to_owned());
        container.volume_mounts.clone_from(&server.volume_mounts);
        Prepared { container, reader, monitor, administrator }
    }

    fn arguments(&self, clients: u32) -> Vec<String> {
        let tuning = self.tuning();
        let megabytes = |bytes: Bytes| format!("{}MB", bytes.get() >> 20);
        let settings = [
            ("effective_cache_size", megabytes(tuning.effective_cache_size)),
            ("hba_file", format!("{ACCESS}/pg_hba.conf")),
            ("ident_file", format!("{ACCESS}/pg_ident.conf")),
            ("jit", "off".to_owned()),
            ("listen_addresses", "*".to_owned()),
            ("maintenance_work_mem", megabytes(tuning.maintenance_work_mem)),
            ("max_connections", Self::max_connections(clients).to_string()),
            ("max_parallel_workers", "0".to_owned()),
            ("shared_buffers", megabytes(tuning.shared_buffers)),
            ("superuser_reserved_connections", SUPERUSER_CONNECTIONS.to_string()),
            ("work_mem", megabytes(tuning.work_mem)),
        ];
        settings
            .into_iter()
            .flat_map(|(key, value)| ["-c".to_owned(), format!("{key}={value}")])
            .collect()
    }
}

/// PostgreSQL ends on SIGINT; on SIGTERM it waits until its clients are gone, which they are not.
/// Which of the two the runtime sends is the image's to say, and lost in many a mirror.
///
/// The hook leaves the order to a process behind it: a server that ends while its hook still runs
/// takes the hook along, and the kubelet tells of a hook that failed. Process 1 adopts what is left
/// behind, and takes an end with another code than 0 or 1 for the crash of a backend: `pg_ctl` has
/// these two only. The grace period counts on.
fn fast_shutdown() -> Lifecycle {
    let later = "(sleep 1; exec pg_ctl stop --mode=fast --no-wait) >/dev/null 2>&1 &";
    let command = ["sh", "-c", later].map(str::to_owned).into();
    let handler = LifecycleHandler {
        exec: Some(ExecAction { command: Some(command) }),
        ..LifecycleHandler::default()
    };
    Lifecycle { pre_stop: Some(handler), ..Lifecycle::default() }
}

/// What runs before the server.
const PREPARE: &str = include_str!("postgresql/prepare.sh");
/// The volume, and the folder on it that is the server's.
const VOLUME: &str = "/var/lib/postgresql/data";
const DATA: &str = "/var/lib/postgresql/data/pgdata";

impl Section for Postgresql {
    fn key(&self) -> &'static str {
        "postgresql"
    }

    fn is_enabled(&self) -> bool {
        self.enabled
    }

    fn outside(&self) -> Option<&'static str> {
        self.external.as_ref().map(|_| "external")
    }

    fn resources(&self) -> Vec<PodResources<'_>> {
        vec![PodResources::of(&["resources"], &self.resources, requests::POSTGRESQL)]
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

    fn versions(&self) -> Vec<Pin> {
        vec![versions::POSTGRESQL]
    }

    fn may_make(&self) -> &'static [MayMake] {
        &[APPLICATION, databases::APPLICATION]
    }
}
