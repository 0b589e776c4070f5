//! Grafana, which shows what Prometheus knows: its pages, and the public host at which they answer.

mod values;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    namespaces,
    section::{Need, PodResources, Section},
};
use crate::{
    builder::{
        chart::{
            Chart,
            pods::ChartPod,
            values::{Lookup, Strategy, Switch},
        },
        contribution::{Contribution, Logs, Module, Scrape},
        credential::{Credential, CredentialSpec, CredentialStore, Key, SecretLookup, Value},
        face::{Callers, Face, Transport},
        handle::{HostRef, IssuerRef, Pods, PortRef, Running},
        ingress::IngressRef,
        kinds,
        may_make::MayMake,
        scope::Scope,
        traefik::{IngressRoute, Middleware},
    },
    crds::sealed_secrets::SealedSecret,
    facts::{
        charts::grafana::{FOLDER, GRAFANA, GRAFANA_PORT, SERVICE, source},
        limits,
        requests::{self, Allotment},
        versions::{self, GRAFANA_IMAGE, Pin},
    },
    names::Host,
    platform::{images::Hash, resources::Resources, versions::Versions},
};
use values::{
    Admin, Analytics, Anonymous, Dashboards, Datasource, Datasources, DatasourcesFile, Details,
    Ini, Live, Mount, News, Plugins, Providers, Roles, Security, Server, Service, Snapshots, Users,
    Values, Variables,
};

/// What the chart's Application may ever make.
pub const APPLICATION: MayMake = MayMake::chart("grafana", &[namespaces::MONITORING], &GRAFANA);
/// What the Application of its sealed password may ever make.
pub const CREDENTIALS_APPLICATION: MayMake = MayMake::in_namespace(
    "grafana-credentials",
    &[namespaces::MONITORING],
    &[kinds::namespaced_custom::<SealedSecret>()],
);
/// What the Application of the public host may ever make.
pub const INGRESS_APPLICATION: MayMake = MayMake::in_namespace(
    "grafana-ingress",
    &[namespaces::MONITORING],
    &[
        kinds::INGRESS,
        kinds::namespaced_custom::<IngressRoute>(),
        kinds::namespaced_custom::<Middleware>(),
    ],
);

/// The password of Grafana's administrator. A new one makes a new pod, which knows no other.
const PASSWORD: CredentialSpec = CredentialSpec {
    name: "grafana-admin",
    keys: &[Key { name: "password", value: Value::Known("Grafana's password for `admin`") }],
    rotation: "whoever is signed in to Grafana has to sign in again",
    lookup: SecretLookup::ByReference,
};

/// Grafana, which shows the metrics on dashboards.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Grafana {
    /// Whether Grafana runs: its chart, with a dashboard for each component that has metrics. It
    /// answers at `domains.monitoring`, or else at a `kubectl port-forward`.
    #[schemars(example = true)]
    pub enabled: bool,
    /// Whether whoever opens its page sees the dashboards without signing in, as `Viewer`:
    /// `auth.anonymous.enabled` in Grafana's settings. A viewer changes nothing, but can ask
    /// Prometheus for any metric, and Loki for any line that it keeps. With `false`, everybody
    /// signs in. Absent: `true` as long as `loki` is off.
    #[schemars(example = false)]
    pub anonymous: Option<bool>,
    /// Requests and limits of Grafana: `resources` in the values of the chart. Absent: the tested
    /// figures, which `espalier show budget` lists.
    pub resources: Resources,
}

/// What panels of dashboards read.
pub struct Sources<'a> {
    /// Metrics.
    pub prometheus: &'a PortRef,
    /// Logs, where they are stored.
    pub loki: Option<&'a PortRef>,
    /// Alerts and silences, where there is who sends them.
    pub alertmanager: Option<&'a PortRef>,
}

/// What Grafana needs.
pub struct Needs<'a> {
    /// What it asks.
    pub sources: Sources<'a>,
    /// Where its pages answer; absent: at a port-forward.
    pub host: Option<&'a Host>,
    /// The administrator's password.
    pub password: &'a Password,
    /// Versions.
    pub versions: &'a Versions,
}

/// The administrator's password, and the Application that has it.
pub struct Password {
    credential: Credential,
    running: Running,
}

/// The administrator's password, sealed, in an Application of its own: a chart's has no objects
/// beside the chart's, and the other sealed values are no business of this namespace.
pub fn credentials(scope: &mut Scope<'_>, store: &CredentialStore) -> Password {
    let credential = store.credential(&PASSWORD);
    scope.uses_secret(&credential);
    Password { credential, running: scope.running() }
}

/// What Grafana offers.
pub struct Offers {
    /// Its pages, in plain HTTP: TLS ends at the ingress controller.
    pub ui: PortRef,
}

impl Grafana {
    fn allotment(&self) -> Allotment {
        self.resources.over(requests::GRAFANA)
    }

    /// Builds it.
    pub fn build(&self, scope: &mut Scope<'_>, needs: &Needs<'_>) -> Offers {
        scope.wait_until(needs.password.running);
        let values = Values {
            admin: Admin {
                existing_secret: needs.password.credential.secret().to_string(),
                password_key: PASSWORD.keys[0].name,
            },
            automount_service_account_token: false,
            dashboard_providers: Providers::default(),
            datasources: Datasources {
                file: DatasourcesFile {
                    api_version: 1,
                    datasources: needs.sources.all().map(|it| it.0).collect(),
                },
            },
            deployment_strategy: Strategy::OLD_POD_FIRST,
            lookup: Lookup::AS_WRITTEN,
            enable_service_links: false,
            env: Variables::default(),
            extra_configmap_mounts: [Mount::default()],
            ini: self.ini(needs),
            image: needs.versions.chart_image(GRAFANA.pin, GRAFANA_IMAGE).map(Hash::from),
            rbac: Roles { create: false },
            resources: self.allotment().into(),
            service: Service { port_name: "http" },
        };
        let made =
            [ChartPod::deployment("grafana", self.allotment())
                .replaced(values.deployment_strategy)];
        let version = needs.versions.of(GRAFANA.pin);
        let [me] = scope.chart(Chart::new(&GRAFANA, version, values), made);
        let ui = scope.chart_port(&me, "grafana", SERVICE, GRAFANA_PORT);
        flows(scope, &me, &needs.sources);
        tell(scope, &me, &ui);
        if needs.host.is_none() {
            scope.reached_by_port_forward(&ui);
        }
        Offers { ui }
    }

    /// Grafana's own settings.
    fn ini(&self, needs: &Needs<'_>) -> Ini {
        let host = needs.host;
        Ini {
            analytics: Analytics::default(),
            anonymous: Anonymous {
                // Logs are not for everybody: addresses of people are in them.
                enabled: self.anonymous.unwrap_or(needs.sources.loki.is_none()),
                hide_version: true,
                org_role: "Viewer",
            },
            // With it, a password could be tried at each address; its form is enough.
            basic: Switch::OFF,
            dashboards: Dashboards {
                default_home_dashboard_path: format!("{FOLDER}/home.json"),
                min_refresh_interval: "30s",
            },
            live: Live { max_connections: 0 },
            news: News { news_feed_enabled: false },
            plugins: Plugins {
                plugin_admin_enabled: false,
                preinstall_auto_update: false,
                preinstall_disabled: true,
            },
            // A browser sends such a cookie by HTTPS alone: at a port-forward nobody could sign in.
            security: Security { cookie_secure: host.is_some(), disable_gravatar: true },
            server: Server {
                enable_gzip: false,
                root_url: host.map(|it| format!("https://{it}/")),
            },
            snapshots: Snapshots { enabled: false, external_enabled: false },
            users: Users { allow_sign_up: false },
        }
    }
}

impl Sources<'_> {
    /// What there is, each with its port.
    fn all(&self) -> impl Iterator<Item = (Datasource, &PortRef)> {
        let prometheus = Details::Prometheus { http_method: "POST", time_interval: "30s" };
        let all = [
            ("Prometheus", "prometheus", source::PROMETHEUS, prometheus, Some(self.prometheus)),
            ("Loki", "loki", source::LOKI, Details::Loki { max_lines: 1000 }, self.loki),
            (
                "Alertmanager",
                "alertmanager",
                source::ALERTMANAGER,
                Details::Alertmanager { implementation: "prometheus" },
                self.alertmanager,
            ),
        ];
        all.into_iter().filter_map(|(name, kind, uid, json_data, port)| {
            let port = port?;
            let datasource = Datasource {
                access: "proxy",
                editable: false,
                is_default: uid == source::PROMETHEUS,
                json_data,
                name,
                r#type: kind,
                uid,
                url: port.endpoint().url("http"),
            };
            Some((datasource, port))
        })
    }
}

/// What its pod speaks to: what panels read, and nothing else.
fn flows(scope: &mut Scope<'_>, me: &Pods, sources: &Sources<'_>) {
    scope.resolves_names(me);
    for (_, port) in sources.all() {
        scope.connect_at_run_time(me, port);
    }
}

/// What monitoring should know of it.
fn tell(scope: &mut Scope<'_>, me: &Pods, ui: &PortRef) {
    scope.contribute(Scrape::of(ui.clone()));
    let path = "/api/health";
    scope.contribute(Contribution::Probe { target: ui.clone(), module: Module::Http, path });
    scope.contribute(Logs::text(me));
}

/// The public host, in an Application of its own: Grafana itself needs no issuer.
pub fn ingress(
    scope: &mut Scope<'_>,
    grafana: &Offers,
    ingress: &IngressRef,
    issuer: &IssuerRef,
    host: &HostRef,
) {
    let part = scope.part("grafana", "ui", None);
    let transport = Transport::Tls(issuer);
    let (limits, callers) = (&limits::DASHBOARDS, Callers::Anybody);
    let face = Face { host, also: &[], ingress, transport, limits, callers };
    scope.public(&part, &face, &grafana.ui);
}

impl Section for Grafana {
    fn key(&self) -> &'static str {
        "grafana"
    }

    fn is_enabled(&self) -> bool {
        self.enabled
    }

    fn resources(&self) -> Vec<PodResources<'_>> {
        vec![PodResources::of(&["resources"], &self.resources, requests::GRAFANA)]
    }

    fn needs(&self) -> Vec<Need> {
        vec![
            Need { key: "kubePrometheusStack", why: "it has what the dashboards show" },
            Need { key: "sealedSecrets", why: "it unseals the password" },
        ]
    }

    fn versions(&self) -> Vec<Pin> {
        vec![versions::GRAFANA]
    }

    fn may_make(&self) -> &'static [MayMake] {
        &[APPLICATION, CREDENTIALS_APPLICATION, INGRESS_APPLICATION]
    }
}
