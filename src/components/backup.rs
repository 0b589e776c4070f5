//! Backups: a nightly dump of the database and an archive of uploaded files, and the job that puts
//! one back.

mod section;

use k8s_openapi::api::{
    batch::v1::{CronJob, CronJobSpec, Job, JobSpec, JobTemplateSpec},
    core::v1::{
        ConfigMapKeySelector, Container, EnvVar, EnvVarSource, PodSpec, PodTemplateSpec, Volume,
    },
};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{open_webui, pod, postgresql};
use crate::{
    builder::{
        credential::{CredentialSpec, CredentialStore, Key, SecretLookup, Value},
        handle::{Alert, AlertSeverity, Contribution, Peer, Pods},
        kinds,
        may_make::MayMake,
        meta::Part,
        scope::Scope,
    },
    components::namespaces,
    facts::{requests, versions},
    names::{Bucket, Cidr, DnsLabel, Endpoint, RelativePath, schedule::Schedule},
    platform::{
        resources::{Resources, requirements},
        versions::Versions,
    },
    units::{Bytes, Seconds},
};

/// What its Application may ever make.
pub const APPLICATION: MayMake = MayMake::in_namespace(
    "backup",
    &[namespaces::AI],
    &[kinds::PERSISTENT_VOLUME_CLAIM, kinds::SERVICE_ACCOUNT, kinds::CRON_JOB],
);

/// The user of Open WebUI's volume: another group on the same volume would be fought over at every
/// start. No image needs its own.
const USER: i64 = open_webui::USER;
/// Where backups lie in a container.
const BACKUPS: &str = "/backups";
/// Where Open WebUI's volume lies in a container.
const DATA: &str = "/data";
/// How long a script waits for what does not answer yet: a new pod's connections are refused until
/// all policies know its address.
const PATIENCE: Seconds = Seconds::new(300);
/// How long a backup may take, and a restore.
const LONGEST: Seconds = Seconds::new(2 * 3600);
/// A run that was missed (the node was down) is made up for when no more than this has passed.
const LATEST: Seconds = Seconds::new(6 * 3600);
/// Go's garbage collector works harder near this, three quarters of the tested limit; the peak was
/// measured below it.
const GO_LIMIT: &str = "96MiB";
/// Optional ConfigMap that the restore Job reads: which backup to restore, and whether existing
/// data may be overwritten.
const RESTORE_CONFIG_MAP: &str = "restore";

/// Backups of the database and of uploaded files.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Backup {
    /// Whether backups are made. With `false` the node's disk holds the only copy of all chats.
    #[schemars(example = false)]
    pub enabled: bool,
    /// Number of backups that are kept. Older ones are removed after a new one has succeeded.
    #[schemars(example = 14)]
    pub keep: u32,
    /// Requests and limits of each container of a backup or restore. Absent: the tested figures,
    /// which `espalier show budget` lists.
    pub resources: Resources,
    /// When a backup starts, in UTC: `spec.schedule` of the CronJob, with minute, hour, day of the
    /// month, month and day of the week.
    #[schemars(example = &"17 3 * * *", example = &"0 2 * * 1-5")]
    pub schedule: Schedule,
    /// S3-compatible storage that backups are copied to. Absent: they are on a volume, on the very
    /// disk against whose loss they should protect.
    pub s3: Option<S3Storage>,
    /// Size of the volume for backups, with its unit: `spec.resources.requests.storage` of its
    /// claim. Where `s3` is written there is no such volume; it then bounds only the temporary dump
    /// of an external database.
    #[schemars(example = &"20Gi")]
    pub storage: Bytes,
}

impl Default for Backup {
    fn default() -> Self {
        let schedule =
            "17 3 * * *".parse().unwrap_or_else(|_| unreachable!("`17 3 * * *` is a schedule"));
        Self {
            enabled: true,
            keep: 7,
            resources: Resources::default(),
            schedule,
            s3: None,
            storage: Bytes::gib(5),
        }
    }
}

/// An S3-compatible storage. Its keys are the sealed credential `backup-s3`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct S3Storage {
    /// Address of the storage, with its scheme and without a path: rclone's
    /// `RCLONE_CONFIG_S3_ENDPOINT`.
    #[schemars(example = &"https://s3.example.org", example = &"https://10.0.0.7:9000")]
    pub endpoint: Endpoint,
    /// Name of the bucket, which must exist.
    #[schemars(example = &"platform-backups")]
    pub bucket: Bucket,
    /// Region that requests are signed for: rclone's `RCLONE_CONFIG_S3_REGION`. Absent:
    /// `us-east-1`, which most self-hosted storages accept.
    #[schemars(example = &"eu-central-1")]
    pub region: Option<DnsLabel>,
    /// Folder in the bucket; `.` is the bucket's root. Absent: the platform's name, so that two
    /// platforms in one bucket do not remove each other's backups.
    #[schemars(example = &"backups/chat")]
    pub prefix: Option<RelativePath>,
    /// Network of the storage, where the endpoint's name resolves to private addresses: the
    /// NetworkPolicy opens the port to this network. Absent: the storage is on the internet, or has
    /// the address that the endpoint names.
    #[schemars(example = &"10.0.0.0/24")]
    pub range: Option<Cidr>,
}

/// What the storage is asked with.
const KEYS: CredentialSpec = CredentialSpec {
    name: "backup-s3",
    keys: &[
        Key {
            name: "access-key-id",
            value: Value::Shown("the access key's id, as the storage shows it"),
        },
        Key {
            name: "secret-access-key",
            value: Value::Known("the secret access key that belongs to it"),
        },
    ],
    rotation: "",
    lookup: SecretLookup::ByReference,
};

/// What backups need.
pub struct Needs<'a> {
    /// The database. Absent: Open WebUI's SQLite file is saved.
    pub database: Option<&'a postgresql::Offers>,
    /// The uploaded files.
    pub chat: Option<&'a open_webui::Offers>,
    /// The platform's name.
    pub platform: &'a str,
    /// Holds the storage's keys.
    pub credentials: &'a CredentialStore,
    /// Versions.
    pub versions: &'a Versions,
}

/// What its pods are made of: environments whose credentials are recorded once, and the volumes.
struct Parts {
    /// Of what reads and writes the data.
    data: Vec<EnvVar>,
    /// Of what speaks S3.
    storage: Vec<EnvVar>,
    volumes: Vec<Volume>,
}

impl Backup {
    /// Builds it; nothing where there is nothing to save, which was refused before.
    pub fn build(&self, scope: &mut Scope<'_>, needs: &Needs<'_>) {
        if needs.database.is_none() && needs.chat.is_none() {
            return;
        }
        let part = scope.part("backup", "backup", None);
        let me = scope.pods(&part);
        if needs.database.is_some()
            || self.s3.as_ref().is_some_and(|it| it.endpoint.address().is_none())
        {
            scope.resolves_names(&me);
        }
        pod::account(scope, &part);
        let parts = Parts {
            data: Self::data_environment(scope, needs, &me),
            storage: self
                .s3
                .as_ref()
                .map(|it| it.environment(scope, needs, &me))
                .unwrap_or_default(),
            volumes: self.volumes(scope, &part, needs),
        };
        let cron_job = self.cron_job(scope, &part, needs, &parts);
        scope.add(cron_job);
        let restore = self.restore_job(scope, &part, needs, &parts);
        scope.add_by_hand(restore);
        scope.contribute(Contribution::Alert(self.alert(scope, &part)));
    }

    fn volumes(&self, scope: &mut Scope<'_>, part: &Part, needs: &Needs<'_>) -> Vec<Volume> {
        let files = needs.chat.map(|it| it.data.size()).unwrap_or_default();
        let dump = needs.database.map(|it| it.storage.unwrap_or(self.storage)).unwrap_or_default();
        let backups = if self.s3.is_some() {
            // Both volumes full is the largest backup that can be.
            pod::scratch_of("backups", files + dump)
        } else {
            let mut metadata = scope.meta(part);
            // It is bound when the first backup runs: until that night Argo CD would call the
            // platform unfinished.
            metadata.annotations.get_or_insert_default().extend([ignore_healthcheck()]);
            pod::claim_as(scope, part, metadata, self.storage);
            pod::claimed("backups", &part.name)
        };
        // A volume with one writer may be mounted by more pods of the same node; the scheduler goes
        // where the volume is by itself.
        let data = needs.chat.map(|it| pod::claimed("data", &scope.claim_of(&it.data)));
        [Some(backups), data, Some(pod::scratch("tmp"))].into_iter().flatten().collect()
    }

    fn data_environment(scope: &mut Scope<'_>, needs: &Needs<'_>, me: &Pods) -> Vec<EnvVar> {
        let mut env = vec![
            pod::env("BACKUPS", BACKUPS),
            // No user of the image: it has no home.
            pod::env("HOME", "/tmp"),
            pod::env("PATIENCE", PATIENCE.get().to_string()),
            pod::env("PLATFORM", needs.platform),
        ];
        if needs.chat.is_some() {
            env.push(pod::env("DATA", DATA));
        }
        if let Some(database) = needs.database {
            let url = scope.url(me, "postgresql", &database.port);
            let (host, port) =
                url.trim_start_matches("postgresql://").rsplit_once(':').unwrap_or_default();
            env.push(pod::env("PGCONNECT_TIMEOUT", "5"));
            env.push(pod::env("PGDATABASE", &*database.database));
            env.push(pod::env("PGHOST", host));
            env.push(scope.env_secret("PGPASSWORD", &database.password, "password"));
            env.push(pod::env("PGPORT", port));
            env.extend(
                database.parameters.strip_prefix("?sslmode=").map(|it| pod::env("PGSSLMODE", it)),
            );
            env.push(pod::env("PGUSER", &*database.role));
        }
        env
    }

    fn cron_job(
        &self,
        scope: &Scope<'_>,
        part: &Part,
        needs: &Needs<'_>,
        parts: &Parts,
    ) -> CronJob {
        let script = if needs.database.is_some() { DUMP_POSTGRESQL } else { DUMP_SQLITE };
        let mut dump = self.bash("dump", script, needs, parts.data.clone());
        if needs.chat.is_some() {
            dump.volume_mounts.get_or_insert_default().push(pod::mount_read_only("data", DATA));
        }
        let keep = pod::env("KEEP", self.keep.to_string());
        let mut containers = vec![dump];
        if self.s3.is_some() {
            containers.push(self.shell(
                "upload",
                UPLOAD,
                needs,
                [parts.storage.clone(), vec![keep]].concat(),
            ));
        } else {
            let limit = pod::env("LIMIT", self.storage.get().to_string());
            containers[0].env = pod::environment([parts.data.clone(), vec![keep, limit]].concat());
        }
        // A pod that failed stays, with what it said.
        let mut spec = Self::job(scope, part, containers, &parts.volumes);
        spec.backoff_limit = Some(2);
        let mut metadata = scope.meta(part);
        // A night that failed is the alert's to tell: it must not hold back a commit.
        metadata.annotations.get_or_insert_default().extend([ignore_healthcheck()]);
        let spec = CronJobSpec {
            concurrency_policy: Some("Forbid".to_owned()),
            failed_jobs_history_limit: Some(3),
            job_template: JobTemplateSpec { metadata: None, spec: Some(spec) },
            schedule: self.schedule.to_string(),
            starting_deadline_seconds: Some(LATEST.get().cast_signed()),
            successful_jobs_history_limit: Some(1),
            // Without it, the zone of the control plane's own machine.
            time_zone: Some("Etc/UTC".to_owned()),
            ..CronJobSpec::default()
        };
        CronJob { metadata, spec: Some(spec), ..CronJob::default() }
    }

    /// Run by hand, while Open WebUI is stopped. Its pod bears the backup's labels, so the same
    /// policy lets it through.
    fn restore_job(&self, scope: &Scope<'_>, part: &Part, needs: &Needs<'_>, parts: &Parts) -> Job {
        let options = || {
            vec![
                restore_option("BACKUP", "backup"),
                restore_option("RESTORE_ADOPT", "adopt"),
                restore_option("RESTORE_FORCE", "force"),
            ]
        };
        let script = if needs.database.is_some() { RESTORE_POSTGRESQL } else { RESTORE_SQLITE };
        let mut restore =
            self.bash("restore", script, needs, [parts.data.clone(), options()].concat());
        if needs.chat.is_some() {
            restore.volume_mounts.get_or_insert_default().push(pod::mount("data", DATA));
        }
        let fetch = self.s3.is_some().then(|| {
            let env = [parts.storage.clone(), vec![restore_option("BACKUP", "backup")]].concat();
            self.shell("fetch", FETCH, needs, env)
        });
        let mut spec =
            Self::job(scope, part, fetch.into_iter().chain([restore]).collect(), &parts.volumes);
        // What was refused once is refused again; and a second restore needs a person who has
        // looked at the first.
        spec.backoff_limit = Some(0);
        let metadata = scope.meta_named(part, RESTORE_CONFIG_MAP);
        Job { metadata, spec: Some(spec), ..Job::default() }
    }

    /// A job whose containers run one after the other.
    fn job(
        scope: &Scope<'_>,
        part: &Part,
        mut containers: Vec<Container>,
        volumes: &[Volume],
    ) -> JobSpec {
        let last = containers.split_off(containers.len() - 1);
        let spec = PodSpec {
            containers: last,
            init_containers: (!containers.is_empty()).then_some(containers),
            restart_policy: Some("Never".to_owned()),
            volumes: Some(volumes.to_vec()),
            ..PodSpec::default()
        };
        let template: PodTemplateSpec = pod::template(scope, part, USER, spec);
        JobSpec {
            active_deadline_seconds: Some(LONGEST.get().cast_signed()),
            template,
            ..JobSpec::default()
        }
    }

    /// A container with the programs of the data's own image, so that a dump is of the very version
    /// that reads it.
    fn bash(&self, name: &str, script: &str, needs: &Needs<'_>, env: Vec<EnvVar>) -> Container {
        let image =
            if needs.database.is_some() { versions::POSTGRESQL } else { versions::OPEN_WEBUI };
        let command = ["/bin/bash", "-euo", "pipefail", "-c", script, name];
        self.container(name, needs.versions.image(image), &command, env)
    }

    /// A container with rclone and a small shell.
    fn shell(&self, name: &str, script: &str, needs: &Needs<'_>, env: Vec<EnvVar>) -> Container {
        self.container(
            name,
            needs.versions.image(versions::RCLONE),
            &["/bin/sh", "-euc", script, name],
            env,
        )
    }

    fn container(
        &self,
        name: &str,
        image: String,
        command: &[&str],
        env: Vec<EnvVar>,
    ) -> Container {
        let mut container = pod::container(name, image);
        container.command = Some(command.iter().map(|it| (*it).to_owned()).collect());
        container.env = pod::environment(env);
        container.resources = Some(requirements(self.resources.over(requests::BACKUP)));
        container.volume_mounts =
            Some(vec![pod::mount("backups", BACKUPS), pod::mount("tmp", "/tmp")]);
        container
    }

    fn alert(&self, scope: &Scope<'_>, part: &Part) -> Alert {
        let (namespace, name) = (scope.namespace(), &part.name);
        let oldest = self.schedule.longest_gap() + LONGEST;
        let of = |metric: &str| format!("{metric}{{namespace=\"{namespace}\",cronjob=\"{name}\"}}");
        let last = of("kube_cronjob_status_last_successful_time");
        // Before the first success there is no such time: then it is counted from the beginning.
        let since = of("kube_cronjob_created");
        Alert {
            name: "BackupTooOld",
            expression: format!(
                "time() - max by (namespace, cronjob) ({last} or {since}) > {}",
                oldest.get()
            ),
            after: Seconds::new(300),
            severity: AlertSeverity::Critical,
            summary: format!("The last backup that was finished is older than {oldest}."),
            runbook: format!(
                "`kubectl -n {namespace} logs -l app.kubernetes.io/name={name} --all-containers \
                 --prefix --tail=-1` tells why; `kubectl -n {namespace} create job \
                 --from=cronjob/{name} {name}-by-hand` tries again."
            ),
        }
    }
}

impl S3Storage {
    fn environment(&self, scope: &mut Scope<'_>, needs: &Needs<'_>, me: &Pods) -> Vec<EnvVar> {
        let peer = self
            .range
            .clone()
            .or_else(|| self.endpoint.address())
            .map_or(Peer::Outside, Peer::Network);
        scope.flow_to(me, peer, self.endpoint.port());
        let keys = needs.credentials.credential(&KEYS);
        let folder = self.prefix.as_deref().unwrap_or(needs.platform);
        let at = if folder == "." {
            format!("s3:{}", self.bucket)
        } else {
            format!("s3:{}/{folder}", self.bucket)
        };
        vec![
            pod::env("AT", at),
            pod::env("BACKUPS", BACKUPS),
            pod::env("GOMEMLIMIT", GO_LIMIT),
            pod::env("HOME", "/tmp"),
            pod::env("PATIENCE", PATIENCE.get().to_string()),
            // In memory: there is nothing to read and nothing to write.
            pod::env("RCLONE_CONFIG", "/dev/null"),
            scope.env_secret("RCLONE_CONFIG_S3_ACCESS_KEY_ID", &keys, "access-key-id"),
            pod::env("RCLONE_CONFIG_S3_ENDPOINT", self.endpoint.to_string()),
            pod::env("RCLONE_CONFIG_S3_PROVIDER", "Other"),
            pod::env("RCLONE_CONFIG_S3_REGION", self.region.as_deref().unwrap_or("us-east-1")),
            scope.env_secret("RCLONE_CONFIG_S3_SECRET_ACCESS_KEY", &keys, "secret-access-key"),
            pod::env("RCLONE_CONFIG_S3_TYPE", "s3"),
            // One file at a time in few pieces, so that memory is known; each piece is read again,
            // not kept, when it is sent again.
            pod::env("RCLONE_BUFFER_SIZE", "0"),
            pod::env("RCLONE_CHECKERS", "1"),
            pod::env("RCLONE_RETRIES", "5"),
            pod::env("RCLONE_RETRIES_SLEEP", "10s"),
            pod::env("RCLONE_S3_CHUNK_SIZE", "8Mi"),
            // A key for this one bucket may not ask for others, nor make one.
            pod::env("RCLONE_S3_NO_CHECK_BUCKET", "true"),
            pod::env("RCLONE_S3_UPLOAD_CONCURRENCY", "1"),
            pod::env("RCLONE_TRANSFERS", "1"),
        ]
    }
}

/// Argo CD leaves the object out of the Application's health.
fn ignore_healthcheck() -> (String, String) {
    ("argocd.argoproj.io/ignore-healthcheck".to_owned(), "true".to_owned())
}

/// A variable from the optional ConfigMap [`RESTORE_CONFIG_MAP`].
fn restore_option(name: &str, key: &str) -> EnvVar {
    let key = ConfigMapKeySelector {
        name: RESTORE_CONFIG_MAP.to_owned(),
        key: key.to_owned(),
        optional: Some(true),
    };
    let value_from = EnvVarSource { config_map_key_ref: Some(key), ..EnvVarSource::default() };
    EnvVar { name: name.to_owned(), value_from: Some(value_from), ..EnvVar::default() }
}

/// The text of a script, put together from its parts.
macro_rules! script {
    ($($part:literal),+) => { concat!($(include_str!(concat!("backup/", $part, ".sh"))),+) };
}

const DUMP_POSTGRESQL: &str = script!("begin", "dump_postgresql", "finish");
const DUMP_SQLITE: &str = script!("begin", "dump_sqlite", "finish");
const UPLOAD: &str = script!("s3", "upload");
const FETCH: &str = script!("s3", "fetch");
const RESTORE_POSTGRESQL: &str = script!("restore_begin", "restore_postgresql", "restore_finish");
const RESTORE_SQLITE: &str = script!("restore_begin", "restore_sqlite", "restore_finish");
