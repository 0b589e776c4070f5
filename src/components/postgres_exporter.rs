//! The exporter of PostgreSQL's own statistics. It signs in as a role that may read these, and
//! neither chats nor users.

use k8s_openapi::api::core::v1::PodSpec;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    namespaces, pod,
    postgresql::offers,
    section::{Need, PodResources, Section},
};
use crate::{
    builder::{
        contribution::{Alert, AlertSeverity, Logs, Scrape},
        example::{Examples, Series},
        handle::Running,
        kinds,
        may_make::MayMake,
        scope::Scope,
    },
    facts::{
        alerts::{CONNECTIONS_AFTER, CONNECTIONS_PERCENT, EXPORTER_AFTER},
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
    "postgres-exporter",
    &[namespaces::AI],
    &[kinds::SERVICE, kinds::SERVICE_ACCOUNT, kinds::DEPLOYMENT],
);

const PORT: u16 = 9187;
/// The image's `nobody`.
const USER: i64 = 65534;
/// Connections that it keeps or opens at once: one for each of its two sets of collectors, each of
/// which asks one question after the other.
const CONNECTIONS: u32 = 2;

/// Each setting of the server as a metric of its own is some 300 series, all of them written in the
/// tree.
const ARGUMENTS: [&str; 1] = ["--no-collector.settings"];

/// The exporter of PostgreSQL's statistics.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PostgresExporter {
    /// Whether PostgreSQL's own statistics (connections, transactions, sizes, locks) become
    /// metrics: a Deployment of `postgres_exporter`, which signs in as the role `exporter`, a
    /// member of `pg_monitor` alone. Needs `kubePrometheusStack` and the platform's own
    /// PostgreSQL.
    #[schemars(example = true)]
    pub enabled: bool,
    /// Requests and limits of the exporter: `resources` of its container. Absent: the tested
    /// figures, which `espalier show budget` lists.
    pub resources: Resources,
}

/// What it needs.
pub struct Needs<'a> {
    /// Where the database is.
    pub database: &'a offers::Offers,
    /// Who may read its statistics.
    pub monitor: &'a offers::Reader,
    /// All connections that the server takes.
    pub max_connections: u32,
    /// Versions.
    pub versions: &'a Versions,
}

impl PostgresExporter {
    /// Connections that it opens at most.
    pub fn connections(&self) -> u32 {
        if self.enabled { CONNECTIONS } else { 0 }
    }

    /// Builds it, beside the database: its password is sealed for one namespace alone.
    pub fn build(&self, scope: &mut Scope<'_>, needs: &Needs<'_>) -> Running {
        let version = needs.versions.of(versions::POSTGRES_EXPORTER);
        let part = scope.part("postgres-exporter", "exporter", Some(version));
        let me = scope.pods(&part);
        let port = scope.service(&part, "http", PORT);
        pod::account(scope, &part);
        scope.resolves_names(&me);
        let server = scope.connect_at_run_time(&me, &needs.database.port);
        let mut exporter =
            pod::container("postgres-exporter", needs.versions.image(versions::POSTGRES_EXPORTER));
        exporter.args = Some(ARGUMENTS.map(str::to_owned).into());
        exporter.env = pod::environment(vec![
            pod::env(
                "DATA_SOURCE_NAME",
                // The server has no certificate: what is between them is a policy.
                format!("{}/{}?sslmode=disable", server.url("postgresql"), needs.database.database),
            ),
            // Its own variables become part of that address, of which it then understands no
            // password with a quote in it; these are its client's (PostgreSQL's, by convention).
            scope.env_secret("PGPASSWORD", &needs.monitor.password, "password"),
            pod::env("PGUSER", &*needs.monitor.role),
        ]);
        exporter.ports = pod::ports("http", PORT);
        exporter.resources = Some(requirements(self.resources.over(requests::POSTGRES_EXPORTER)));
        // Its page, which asks no database: one that is away makes a metric 0, and no restart.
        pod::probe_page(&mut exporter, "/", PORT);
        let spec = PodSpec {
            containers: vec![exporter],
            termination_grace_period_seconds: Some(10),
            ..PodSpec::default()
        };
        let template = pod::template(scope, &part, USER, spec);
        pod::single(scope, &part, template);
        scope.contribute(Scrape::of(port));
        scope.contribute(Logs::text(&me));
        scope.alert(not_answering);
        scope.alert(|namespace| connections_near_limit(namespace, needs.max_connections));
        scope.running()
    }
}

/// Not the same as `DatabaseDown`, which looks at pods: here the server runs, and refuses.
fn not_answering(namespace: &str) -> Alert {
    let up = |value| vec![Series::of("pg_up", value)];
    Alert {
        name: "DatabaseNotObserved",
        expression: "max(pg_up) == 0 or absent(pg_up)".to_owned(),
        after: EXPORTER_AFTER.value,
        severity: AlertSeverity::Warning,
        figures: vec![EXPORTER_AFTER.figure()],
        summary: "The database does not answer to its exporter, or nobody asks it: its \
                  connections and sizes are not known."
            .to_owned(),
        runbook: format!(
            "`kubectl -n {namespace} logs deploy/postgres-exporter` says why: a password that was \
             sealed anew is set when PostgreSQL starts (`kubectl -n {namespace} rollout restart \
             statefulset/postgresql`), and a server without a free connection refuses it too. If \
             there is no such pod, `kubectl -n {namespace} describe deploy postgres-exporter` says \
             what it waits for."
        ),
        examples: Examples {
            fires_on: up(0),
            labels: Vec::new(),
            quiet_on: up(1),
            ..Examples::default()
        },
    }
}

/// Against the figure that the tree gives the server: nobody can change it but with this alert.
fn connections_near_limit(namespace: &str, max_connections: u32) -> Alert {
    let most = u64::from(max_connections) * u64::from(CONNECTIONS_PERCENT.value) / 100;
    let opened = |count: u64| {
        let of = |database: &str, count| {
            Series::of(
                format!("pg_stat_database_numbackends{{datname=\"{database}\",datid=\"16385\"}}"),
                Series::amount(count),
            )
        };
        vec![of("openwebui", count), of("postgres", 0)]
    };
    Alert {
        name: "DatabaseConnectionsNearLimit",
        expression: format!("sum(pg_stat_database_numbackends) > {most}"),
        after: CONNECTIONS_AFTER.value,
        severity: AlertSeverity::Warning,
        figures: vec![CONNECTIONS_PERCENT.written(most), CONNECTIONS_AFTER.figure()],
        summary: format!(
            "More than {most} of the {max_connections} connections of PostgreSQL are open: when \
             none is left, sign-ins and backups fail."
        ),
        runbook: format!(
            "`kubectl -n {namespace} exec postgresql-0 -- psql -U postgres -c 'select usename, \
             state, count(*) from pg_stat_activity group by 1, 2'` shows whose they are. Open \
             WebUI's are bounded by `openWebui.connectionPool`; a person's or a job's are not. \
             `kubectl -n {namespace} rollout restart deploy/openwebui` gives its own back."
        ),
        examples: Examples {
            fires_on: opened(most + 1),
            labels: Vec::new(),
            quiet_on: opened(most),
            ..Examples::default()
        },
    }
}

impl Section for PostgresExporter {
    fn key(&self) -> &'static str {
        "postgresExporter"
    }

    fn is_enabled(&self) -> bool {
        self.enabled
    }

    fn resources(&self) -> Vec<PodResources<'_>> {
        vec![PodResources::of(&["resources"], &self.resources, requests::POSTGRES_EXPORTER)]
    }

    fn needs(&self) -> Vec<Need> {
        vec![
            Need { key: "kubePrometheusStack", why: "nothing else reads what it exports" },
            Need { key: "postgresql", why: "it exports the statistics of that server" },
            Need { key: "sealedSecrets", why: "it unseals the password" },
        ]
    }

    fn versions(&self) -> Vec<Pin> {
        vec![versions::POSTGRES_EXPORTER]
    }

    fn may_make(&self) -> &'static [MayMake] {
        &[APPLICATION]
    }
}
