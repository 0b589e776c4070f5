//! Databases of workspaces: a Job makes a role and a database for each, in the running server.

use std::collections::BTreeMap;

use k8s_openapi::api::{
    batch::v1::{Job, JobSpec},
    core::v1::{ConfigMap, PodSpec},
};

use super::offers::{self, USER};
use crate::{
    builder::{
        contribution::Logs,
        credential::{Credential, CredentialSpec, Key, SecretLookup, Value},
        handle::{PortRef, Running},
        kinds,
        may_make::MayMake,
        object::Object,
        scope::Scope,
    },
    components::{config_files, disk, namespaces, pod},
    facts::{node::SMALL_FOLDER, requests, versions},
    platform::{resources::requirements, versions::Versions},
    units::Seconds,
};

/// What its Application may ever make.
pub const APPLICATION: MayMake = MayMake::in_namespace(
    "workspace-databases",
    &[namespaces::AI],
    &[kinds::CONFIG_MAP, kinds::SERVICE_ACCOUNT, kinds::JOB],
);

/// The role that makes the others and their databases; it is no superuser.
pub const ADMINISTRATOR: &str = "workspace_databases";
/// The group of all that it makes: who is in it may come to the database of its own name.
pub const GROUP: &str = "workspaces";
/// The administrator's password, which no workspace gets.
pub const PASSWORD: CredentialSpec = CredentialSpec {
    name: "postgresql-workspaces",
    keys: &[Key { name: "password", value: Value::Made(32) }],
    rotation: "PostgreSQL sets it at its next start; until then no new workspace gets a database",
    lookup: SecretLookup::ByReference,
};
/// What the names of these roles and databases begin with; none of the platform's does.
const PREFIX: &str = "ws-";
/// Connections that one workspace may open: `CONNECTION LIMIT` of its role.
pub const CONNECTIONS_EACH: u32 = 4;
/// The Job's own connection, and that of the one that it takes the place of.
const CONNECTIONS_OF_JOB: u32 = 2;
/// A new pod's connections are refused until all policies know its address.
const PATIENCE: Seconds = Seconds::new(300);
/// Far longer than three attempts are patient: it is seconds of work, and none is lost.
const LONGEST: Seconds = Seconds::new(3600);
/// The file of the roles that are wanted, and the folder that it is in.
const LIST: &str = "databases";
const FOLDER: &str = "/etc/workspace-databases";
/// The volume of the list.
const VOLUME: &str = "databases";
/// What the Job runs.
const MAKE: &str = include_str!("databases.sh");

/// Connections that must be free for the databases of so many workspaces.
pub fn connections(databases: u32) -> u32 {
    if databases == 0 {
        return 0;
    }
    databases.saturating_mul(CONNECTIONS_EACH).saturating_add(CONNECTIONS_OF_JOB)
}

/// The name of a workspace's role, and of its database.
pub fn name_of(workspace: &str) -> String {
    format!("{PREFIX}{workspace}")
}

/// What it needs.
pub struct Needs<'a> {
    /// The server.
    pub database: &'a offers::Offers,
    /// The administrator's password, under the key `password`.
    pub administrator: &'a Credential,
    /// Versions.
    pub versions: &'a Versions,
}

/// What workspaces with a database use.
pub struct Offers {
    /// SQL.
    pub port: PortRef,
    /// That the roles and databases are there.
    pub made: Running,
}

/// Builds it, for no workspace yet: [`filled`] says later for which ones.
pub fn build(scope: &mut Scope<'_>, needs: &Needs<'_>) -> Offers {
    let version = needs.versions.of(versions::POSTGRESQL);
    let part = scope.part("workspace-databases", "database", Some(version));
    let me = scope.pods(&part);
    scope.resolves_names(&me);
    pod::account(scope, &part);
    let server = scope.connect(&me, &needs.database.port);
    let list = config_files::mounted(scope, &part, VOLUME, [(LIST, String::new())]);
    let mut container = pod::container("make", needs.versions.image(versions::POSTGRESQL));
    container.command =
        Some(["/bin/bash", "-euo", "pipefail", "-c", MAKE, "make"].map(str::to_owned).into());
    container.env = pod::environment(vec![
        pod::env("CONNECTIONS", CONNECTIONS_EACH.to_string()),
        pod::env("WORKSPACES_GROUP", GROUP),
        // No user of the image: it has no home.
        pod::env("HOME", "/tmp"),
        pod::env("LIST", format!("{FOLDER}/{LIST}")),
        pod::env("PATIENCE", PATIENCE.get().to_string()),
        pod::env("PGCONNECT_TIMEOUT", "5"),
        pod::env("PGDATABASE", "postgres"),
        pod::env("PGHOST", server.host()),
        pod::env("PGPORT", server.port().to_string()),
        pod::env("PGUSER", ADMINISTRATOR),
        pod::env("PREFIX", PREFIX),
        scope.env_secret("PGPASSWORD", needs.administrator, "password"),
    ]);
    container.resources = Some(requirements(requests::WORKSPACE_DATABASES));
    // What is wrong is in the pod's status too.
    container.termination_message_policy = Some("FallbackToLogsOnError".to_owned());
    container.volume_mounts =
        Some(vec![pod::mount_read_only(VOLUME, FOLDER), pod::mount("tmp", "/tmp")]);
    let spec = PodSpec {
        containers: vec![container],
        restart_policy: Some("Never".to_owned()),
        volumes: Some(vec![list, disk::scratch("tmp", SMALL_FOLDER)]),
        ..PodSpec::default()
    };
    let spec = JobSpec {
        active_deadline_seconds: Some(LONGEST.get().cast_signed()),
        // A pod that failed stays, with what it said.
        backoff_limit: Some(2),
        template: pod::template(scope, &part, USER, spec),
        ..JobSpec::default()
    };
    let metadata = scope.meta(&part);
    scope.add(named(Job { metadata, spec: Some(spec), ..Job::default() }, &part.name));
    scope.contribute(Logs::text(&me));
    let namespace = scope.namespace();
    scope.provided_outside(format!(
        "Backups of the workspaces' databases in PostgreSQL: `backup` holds the platform's alone. \
         `kubectl --namespace {namespace} exec postgresql-0 -- pg_dump -U postgres --format custom \
         {PREFIX}<workspace>` writes one."
    ));
    Offers { port: needs.database.port.clone(), made: scope.running() }
}

/// A Job never changes: another one has another name, and takes its place.
fn named(mut job: Job, stem: &str) -> Job {
    let spec = serde_json::to_string(&job.spec).expect("it is made of maps, lists and scalars");
    let content = BTreeMap::from([("spec".to_owned(), spec)]);
    job.metadata.name = Some(config_files::named(stem, &content));
    job
}

/// The same objects for these workspaces: by their names, what PostgreSQL keeps of each password.
pub fn filled(objects: Vec<Object>, workspaces: &BTreeMap<&str, &str>) -> Vec<Object> {
    let line = |(name, verifier): (&&str, &&str)| format!("{} {verifier}\n", name_of(name));
    let data = BTreeMap::from([(LIST.to_owned(), workspaces.iter().map(line).collect())]);
    let stem = APPLICATION.application;
    let list = config_files::named(stem, &data);
    let with_list = |object: Object| {
        if let Some(files) = object.get::<ConfigMap>() {
            let mut files = files.clone();
            files.metadata.name = Some(list.clone());
            files.data = Some(data.clone());
            return Object::from_plan(files);
        }
        let Some(job) = object.get::<Job>() else { return object };
        let mut job = job.clone();
        let pod = job.spec.as_mut().and_then(|it| it.template.spec.as_mut());
        let mut volumes = pod.into_iter().flat_map(|it| it.volumes.iter_mut().flatten());
        if let Some(volume) = volumes.find(|it| it.name == VOLUME) {
            let source = volume.config_map.as_mut().expect("the list is in a ConfigMap");
            source.name.clone_from(&list);
        }
        Object::from_plan(named(job, stem))
    };
    objects.into_iter().map(with_list).collect()
}
