//! Backups: a nightly dump of the database and an archive of uploaded files, and the job that puts
//! one back.

mod s3;
mod section;

use k8s_openapi::api::{
    batch::v1::{CronJob, CronJobSpec, Job, JobSpec, JobTemplateSpec},
    core::v1::{
        ConfigMapKeySelector, Container, EnvVar, EnvVarSource, PodSpec, PodTemplateSpec, Volume,
    },
};
use schemars::JsonSchema;
use serde::Deserialize;

use self::s3::S3Storage;
use super::{dashboards, disk, open_webui, pod, postgresql};
use crate::{
    builder::{
        contribution::{Alert, AlertSeverity, Logs},
        credential::{Credential, CredentialSpec, CredentialStore, Key, SecretLookup, Value},
        example::{Examples, Series},
        handle::Pods,
        kinds,
        may_make::MayMake,
        meta::{Part, ignore_health},
        scope::Scope,
    },
    components::namespaces,
    facts::{
        alerts::{BACKUP_AFTER, Figure},
        node::SMALL_FOLDER,
        requests, versions,
    },
    names::schedule::Schedule,
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
/// Where the volume with the stored backups lies in a container, where there is no S3.
const STORED: &str = "/stored";
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
    /// claim. Where `s3` is written there is no such volume. It also bounds the temporary dump of
    /// an external database.
    #[schemars(example = &"20Gi")]
    pub storage: Bytes,
}

impl Default for Backup {
    fn default() -> Self {
        let schedule = "17 3 * * *".parse().expect("`17 3 * * *` is a schedule");
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

/// What backups are encrypted with, and told from what anybody else has written.
const ENCRYPTION: CredentialSpec = CredentialSpec {
    name: "backup-encryption",
    keys: &[Key { name: "key", value: Value::Made(48) }],
    rotation: "backups that were made until then open with the old key only: to restore one, go \
               back to the commit before first",
    lookup: SecretLookup::ByReference,
};

/// What backups need.
pub struct Needs<'a> {
    /// The database. Absent: Open WebUI's SQLite file is saved.
    pub database: Option<&'a postgresql::offers::Offers>,
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
    /// Of what reads the data.
    reader: Vec<EnvVar>,
    /// Of what replaces it.
    owner: Vec<EnvVar>,
    /// Of what encrypts and stores, or fetches and decrypts.
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
            || self.s3.as_ref().is_some_and(|it| it.server().address().is_none())
        {
            scope.resolves_names(&me);
        }
        pod::account(scope, &part);
        let [reader, owner] = Self::data_environments(scope, needs, &me);
        let parts = Parts {
            reader,
            owner,
            storage: self.storage_environment(scope, needs, &me),
            volumes: self.volumes(scope, &part, needs),
        };
        let cron_job = self.cron_job(scope, &part, needs, &parts);
        scope.add(cron_job);
        let restore = self.restore_job(scope, &part, needs, &parts);
        scope.add_by_hand(restore);
        scope.contribute(Logs::text(&me));
        scope.contribute(self.alert(scope, &part));
        let too_old = self.schedule.longest_gap() + LONGEST;
        scope.dashboard(|namespace| dashboards::backup::dashboard(namespace, &part.name, too_old));
    }

    fn volumes(&self, scope: &mut Scope<'_>, part: &Part, needs: &Needs<'_>) -> Vec<Volume> {
        let files = needs.chat.map(|it| it.data.size()).unwrap_or_default();
        let dump = needs.database.map(|it| it.storage.unwrap_or(self.storage)).unwrap_or_default();
        // Not encrypted yet. Both volumes full is the largest backup that can be.
        let backups = disk::scratch("backups", files + dump);
        let stored = self.s3.is_none().then(|| {
            let mut metadata = scope.meta(part);
            // It is bound when the first backup runs: until that night Argo CD would call the
            // platform unfinished.
            ignore_health(&mut metadata);
            pod::claim_as(scope, part, metadata, self.storage);
            pod::claimed("stored", &part.name)
        });
        // A volume with one writer may be mounted by more pods of the same node; the scheduler goes
        // where the volume is by itself.
        let data = needs.chat.map(|it| pod::claimed("data", &scope.claim_of(&it.data)));
        [Some(backups), data, stored, Some(disk::scratch("tmp", SMALL_FOLDER))]
            .into_iter()
            .flatten()
            .collect()
    }

    /// Of what reads the data, and of what replaces it: in the database these are two roles.
    fn data_environments(scope: &mut Scope<'_>, needs: &Needs<'_>, me: &Pods) -> [Vec<EnvVar>; 2] {
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
        let Some(database) = needs.database else { return [env.clone(), env] };
        let server = scope.connect(me, &database.port);
        env.push(pod::env("PGCONNECT_TIMEOUT", "5"));
        env.push(pod::env("PGDATABASE", &*database.database));
        env.push(pod::env("PGHOST", server.host()));
        env.push(pod::env("PGPORT", server.port().to_string()));
        env.extend(
            database.parameters.strip_prefix("?sslmode=").map(|it| pod::env("PGSSLMODE", it)),
        );
        let mut with = |role: &str, password: &Credential| {
            let own = vec![
                scope.env_secret("PGPASSWORD", password, "password"),
                pod::env("PGUSER", role),
            ];
            [env.clone(), own].concat()
        };
        let reader = database.reader.as_ref().expect("the database knows that it is backed up");
        [with(&reader.role, &reader.password), with(&database.role, &database.password)]
    }

    /// Of the containers with rclone, which reads all of it by itself.
    fn storage_environment(
        &self,
        scope: &mut Scope<'_>,
        needs: &Needs<'_>,
        me: &Pods,
    ) -> Vec<EnvVar> {
        let (at, mut env) = match &self.s3 {
            Some(s3) => (s3.place(needs.platform), s3.environment(scope, needs.credentials, me)),
            None => (STORED.to_owned(), Vec::new()),
        };
        let key = needs.credentials.credential(&ENCRYPTION);
        env.extend([
            pod::env("AT", at.clone()),
            pod::env("BACKUPS", BACKUPS),
            scope.env_secret("ENCRYPTION_KEY", &key, "key"),
            pod::env("GOMEMLIMIT", GO_LIMIT),
            pod::env("HOME", "/tmp"),
            pod::env("PATIENCE", PATIENCE.get().to_string()),
            // In memory: there is nothing to read and nothing to write.
            pod::env("RCLONE_CONFIG", "/dev/null"),
            // The names of backups are no secret; a suffix tells which are encrypted.
            pod::env("RCLONE_CONFIG_ENCRYPTED_DIRECTORY_NAME_ENCRYPTION", "false"),
            pod::env("RCLONE_CONFIG_ENCRYPTED_FILENAME_ENCRYPTION", "off"),
            pod::env("RCLONE_CONFIG_ENCRYPTED_REMOTE", at),
            pod::env("RCLONE_CONFIG_ENCRYPTED_TYPE", "crypt"),
            // One file at a time in few pieces, so that memory is known.
            pod::env("RCLONE_BUFFER_SIZE", "0"),
            pod::env("RCLONE_CHECKERS", "1"),
            pod::env("RCLONE_RETRIES", "5"),
            pod::env("RCLONE_RETRIES_SLEEP", "10s"),
            pod::env("RCLONE_TRANSFERS", "1"),
        ]);
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
        let mut dump = self.bash("dump", script, needs, parts.reader.clone());
        if needs.chat.is_some() {
            dump.volume_mounts.get_or_insert_default().push(pod::mount_read_only("data", DATA));
        }
        let mut more = vec![pod::env("KEEP", self.keep.to_string())];
        if self.s3.is_none() {
            more.push(pod::env("LIMIT", self.storage.get().to_string()));
        }
        let env = [parts.storage.clone(), more].concat();
        let upload = self.shell("upload", UPLOAD, needs, env);
        // A pod that failed stays, with what it said.
        let mut spec = Self::job(scope, part, vec![dump, upload], &parts.volumes);
        spec.backoff_limit = Some(2);
        let mut metadata = scope.meta(part);
        // A night that failed is the alert's to tell: it must not hold back a commit.
        ignore_health(&mut metadata);
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
            self.bash("restore", script, needs, [parts.owner.clone(), options()].concat());
        if needs.chat.is_some() {
            restore.volume_mounts.get_or_insert_default().push(pod::mount("data", DATA));
        }
        let env = [parts.storage.clone(), options()].concat();
        let fetch = self.shell("fetch", FETCH, needs, env);
        let mut spec = Self::job(scope, part, vec![fetch, restore], &parts.volumes);
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
        let chat = needs.chat.map_or(versions::OPEN_WEBUI, |it| it.image);
        let image = if needs.database.is_some() { versions::POSTGRESQL } else { chat };
        let command = ["/bin/bash", "-euo", "pipefail", "-c", script, name];
        self.container(name, needs.versions.image(image), &command, env)
    }

    /// A container with rclone and a small shell: the only one that sees what is stored.
    fn shell(&self, name: &str, script: &str, needs: &Needs<'_>, env: Vec<EnvVar>) -> Container {
        let image = needs.versions.image(versions::RCLONE);
        let mut container = self.container(name, image, &["/bin/sh", "-euc", script, name], env);
        if self.s3.is_none() {
            let mounts = container.volume_mounts.get_or_insert_default();
            mounts.push(pod::mount("stored", STORED));
        }
        container
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
        let late = -oldest.get().cast_signed();
        let examples = Examples {
            fires_on: vec![Series::of(last.clone(), late), Series::of(since.clone(), 3 * late)],
            labels: vec![("namespace", namespace.to_string()), ("cronjob", name.to_string())],
            quiet_on: vec![Series::of(last.clone(), 0), Series::of(since.clone(), 3 * late)],
            ..Examples::default()
        };
        Alert {
            name: "BackupTooOld",
            expression: format!(
                "time() - max by (namespace, cronjob) ({last} or {since}) > {}",
                oldest.get()
            ),
            after: BACKUP_AFTER.value,
            severity: AlertSeverity::Critical,
            figures: vec![
                Figure::of(
                    oldest.get(),
                    format!(
                        "{oldest}: the longest time between two runs by `backup.schedule`, and the \
                         {LONGEST} that a run may take."
                    ),
                ),
                BACKUP_AFTER.figure(),
            ],
            summary: format!("The last backup that was finished is older than {oldest}."),
            runbook: format!(
                "`kubectl -n {namespace} logs -l app.kubernetes.io/name={name} --all-containers \
                 --prefix --tail=-1` tells why; `kubectl -n {namespace} create job \
                 --from=cronjob/{name} {name}-by-hand` tries again."
            ),
            examples,
        }
    }
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
const UPLOAD: &str = script!("storage", "upload");
const FETCH: &str = script!("storage", "fetch");
const RESTORE_POSTGRESQL: &str = script!("restore_begin", "restore_postgresql", "restore_finish");
const RESTORE_SQLITE: &str = script!("restore_begin", "restore_sqlite", "restore_finish");
