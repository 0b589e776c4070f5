//! Argo CD itself, which reads this tree and is part of it.

mod alerts;
mod pods;
mod values;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    dashboards,
    section::{PodResources, Section},
};
use crate::{
    builder::{
        chart::{
            Chart,
            values::{Lookup, Strategy, Switch},
        },
        credential::{CredentialSpec, CredentialStore, Key, SecretLookup, Value},
        face::{Callers, Face, Transport},
        handle::{HostRef, IssuerRef, PortRef, Running},
        ingress::IngressRef,
        kinds,
        may_make::MayMake,
        scope::Scope,
        script::ScriptFact,
        traefik::{IngressRoute, Middleware},
    },
    crds::sealed_secrets::SealedSecret,
    facts::{
        charts::argo_cd::{ARGO_CD, NOT_WATCHED, port},
        limits,
        requests::{self, Allotment},
        versions::{self, ARGO_CD_IMAGE, Pin},
    },
    names::Host,
    platform::{
        images::{self, Tagged},
        repository::Repository,
        resources::Resources,
        trust::Trust,
        versions::Versions,
    },
    yaml::emit,
};
use values::{
    Annotated, Cache, Certified, Configs, Crds, Exclusion, Global, HostsKnown, Keyring,
    NetworkPolicy, Parameters, Patchable, PodValues, RepoServer, Settings, Unused, Values,
    Variable,
};

/// What the chart's Application may ever make.
pub const APPLICATION: MayMake = MayMake::chart("argocd", &["argocd"], &ARGO_CD);
/// What the Application of the sealed administrator may ever make.
pub const ADMINISTRATOR_APPLICATION: MayMake = MayMake::in_namespace(
    "argocd-admin",
    &["argocd"],
    &[kinds::namespaced_custom::<SealedSecret>()],
);
/// What the Application of the public host may ever make.
pub const INGRESS_APPLICATION: MayMake = MayMake::in_namespace(
    "argocd-ingress",
    &["argocd"],
    &[
        kinds::INGRESS,
        kinds::namespaced_custom::<IngressRoute>(),
        kinds::namespaced_custom::<Middleware>(),
    ],
);

/// The health of an Application. Without it a sync wave waits for nothing: Argo CD has none, and
/// none counts as success.
pub const HEALTH: &str = include_str!("health.lua");

/// The health of a workspace's resource, from what its operator tells of it.
pub const HEALTH_OF_WORKSPACE: &str = include_str!("workspace.lua");

/// Argo CD, which applies the tree to the cluster.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ArgoCd {
    /// Whether the tree installs Argo CD. With `false` it must be installed by other means, and its
    /// settings are not in the tree.
    #[schemars(example = false)]
    pub enabled: bool,
    /// Where the password of Argo CD's local user `admin` comes from: `admin.password` in the
    /// Secret `argocd-secret`.
    #[schemars(example = &"sealed")]
    pub admin: Admin,
    /// Requests and limits of Argo CD's four pods: `resources` of each in the values of its chart.
    /// Absent: the tested figures, which `espalier show budget` lists.
    pub resources: ArgoCdPods,
}

/// Where the password of Argo CD's local administrator comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Admin {
    /// Argo CD generates it at its first start, in the Secret `argocd-initial-admin-secret`;
    /// `bootstrap.sh status` says how to read it.
    #[default]
    Initial,
    /// You choose it and seal it with `espalier seal argocd-secret`.
    Sealed,
}

/// Argo CD's own Secret, to which the administrator's password is added.
const ADMINISTRATOR: CredentialSpec = CredentialSpec {
    name: "argocd-secret",
    keys: &[Key { name: "admin.password", value: Value::Hashed("Argo CD's password for `admin`") }],
    rotation: "whoever is signed in to Argo CD stays signed in until the session ends",
    lookup: SecretLookup::Patched,
};

/// Requests and limits of Argo CD's pods.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ArgoCdPods {
    /// Requests and limits of the application controller, which compares the cluster with Git and
    /// syncs it: `controller.resources` in the chart's values. Its memory grows with the number of
    /// objects in the cluster. Absent: the tested figures.
    pub controller: Resources,
    /// Requests and limits of the repo-server, which fetches Git and renders charts:
    /// `repoServer.resources` in the chart's values. Absent: the tested figures.
    pub repo_server: Resources,
    /// Requests and limits of the API server with the web interface: `server.resources` in the
    /// chart's values. Absent: the tested figures.
    pub server: Resources,
    /// Requests and limits of the cache of Argo CD, a Redis of its own: `redis.resources` in the
    /// chart's values. Absent: the tested figures.
    pub redis: Resources,
}

impl Default for ArgoCd {
    fn default() -> Self {
        Self { enabled: true, admin: Admin::default(), resources: ArgoCdPods::default() }
    }
}

/// What Argo CD needs.
pub struct Needs<'a> {
    /// What it reads.
    pub repository: &'a Repository,
    /// Whom it believes beside those that everybody believes.
    pub trust: &'a Trust,
    /// Where its UI answers; absent: at a port-forward.
    pub host: Option<&'a Host>,
    /// Whether it applies resources of workspaces.
    pub has_workspaces: bool,
    /// Versions.
    pub versions: &'a Versions,
}

/// What Argo CD offers.
pub struct Offers {
    /// That it is there, with its Secret.
    pub running: Running,
    /// The UI, in plain HTTP: TLS ends at the ingress controller.
    pub ui: PortRef,
}

/// Go collects its garbage at four fifths of the container's limit, before the kernel stops it.
fn go_memory(allotment: Allotment) -> Vec<Variable> {
    let mib = (allotment.limit.get() / 5 * 4) >> 20;
    vec![Variable { name: "GOMEMLIMIT".to_owned(), value: format!("{}MiB", mib.max(1)) }]
}

fn exclusions() -> String {
    let all: Vec<Exclusion> = NOT_WATCHED
        .iter()
        .map(|(api_groups, kinds)| Exclusion { api_groups, clusters: ["*"], kinds })
        .collect();
    emit::text(&all)
}

impl ArgoCd {
    /// Allotments of its pods: controller, repo-server, server, redis.
    fn allotments(&self) -> [Allotment; 4] {
        let resources = &self.resources;
        [
            resources.controller.over(requests::ARGO_CONTROLLER),
            resources.repo_server.over(requests::ARGO_REPO_SERVER),
            resources.server.over(requests::ARGO_SERVER),
            resources.redis.over(requests::ARGO_REDIS),
        ]
    }

    /// Builds it.
    pub fn build(&self, scope: &mut Scope<'_>, needs: &Needs<'_>) -> Offers {
        let [controller, repo_server, server, redis] = self.allotments();
        let pod = |allotment: Allotment| PodValues {
            lookup: Lookup::AS_WRITTEN,
            env: go_memory(allotment),
            metrics: Switch::ON,
            resources: allotment.into(),
        };
        let image = |it| needs.versions.chart_image(ARGO_CD.pin, it).map(Tagged::from);
        let (way, https) = scope.cluster().internet.env();
        let mut variables = go_memory(repo_server);
        variables.extend(
            way.into_iter().filter_map(|it| Some(Variable { name: it.name, value: it.value? })),
        );
        let values = Values {
            application_set: Unused {
                replicas: 0,
                resources: requests::ARGO_APPLICATION_SET.into(),
            },
            configs: Configs {
                cm: settings(needs.has_workspaces),
                gpg: Keyring::of(needs.repository),
                params: parameters(),
                secret: (self.admin == Admin::Sealed)
                    .then_some(Annotated { annotations: Patchable { patch: "true" } }),
                ssh: needs.trust.host_keys.as_ref().map(HostsKnown::of),
                tls: needs.trust.repository.as_ref().map(|it| Certified::of(needs.repository, it)),
            },
            controller: pod(controller),
            crds: Crds { install: true, keep: true },
            dex: Switch::OFF,
            global: Global {
                deployment_strategy: Strategy::OLD_POD_FIRST,
                domain: needs.host.map_or_else(|| "localhost".to_owned(), ToString::to_string),
                image: image(ARGO_CD_IMAGE),
                network_policy: NetworkPolicy { create: false },
            },
            notifications: Switch::OFF,
            redis: Cache {
                automount_service_account_token: false,
                image: images::redis().and_then(image),
                resources: redis.into(),
            },
            redis_secret_init: requests::ARGO_REDIS_INIT.into(),
            repo_server: RepoServer {
                automount_service_account_token: false,
                copyutil: requests::ARGO_COPYUTIL.into(),
                pod: PodValues { env: variables, ..pod(repo_server) },
            },
            server: pod(server),
        };
        let strategy = values.global.deployment_strategy;
        let version = needs.versions.of(ARGO_CD.pin);
        let made = pods::declared(self.allotments(), strategy);
        let made = scope.chart(Chart::new(&ARGO_CD, version, values), made);
        scope.script(ScriptFact::ArgoCd);
        if self.admin == Admin::Sealed {
            scope.script(ScriptFact::SealedAdministrator);
        }
        pods::flows(scope, &made, needs.repository, &https);
        alerts::alerts(scope);
        scope.contribute(dashboards::argocd::dashboard());
        let [_, _, server, ..] = &made;
        Offers {
            running: scope.running(),
            ui: scope.chart_port(server, "argocd-server", port::SERVER_SERVICE, port::SERVER),
        }
    }
}

fn settings(has_workspaces: bool) -> Settings {
    Settings {
        health_of_workspaces: has_workspaces.then_some(HEALTH_OF_WORKSPACE),
        admin: true,
        tracking: "annotation",
        jsonnet: "false",
        kustomize: "false",
        health: HEALTH,
        exclusions: exclusions(),
        reconciliation: "300s",
    }
}

fn parameters() -> Parameters {
    Parameters {
        server_side_diff: "true",
        kubectl: "4",
        operations: "3",
        comparisons: "5",
        sync_timeout: "14400",
        submodules: "false",
        renderings: "2",
        plain_http: true,
    }
}

/// The administrator's password, sealed, after Argo CD: the controller gives up on a Secret that
/// has no annotation yet. In an Application of its own, because the other sealed values are no
/// business of Argo CD's namespace.
pub fn administrator(scope: &mut Scope<'_>, argocd: &Offers, credentials: &CredentialStore) {
    scope.wait_until(argocd.running);
    scope.uses_secret(&credentials.credential(&ADMINISTRATOR));
}

/// The UI's public host, in an Application of its own: the chart itself needs no issuer, so Argo CD
/// is never later than cert-manager, and what is installed before there is an issuer are the same
/// values.
pub fn ingress(
    scope: &mut Scope<'_>,
    argocd: &Offers,
    ingress: &IngressRef,
    issuer: &IssuerRef,
    host: &HostRef,
) {
    let part = scope.part("argocd", "ui", None);
    let transport = Transport::Tls(issuer);
    let (limits, callers) = (&limits::CONSOLE, Callers::Anybody);
    let face = Face { host, also: &[], ingress, transport, limits, callers };
    scope.public(&part, &face, &argocd.ui);
    scope.script(ScriptFact::ArgoCdHost(host.name().clone()));
}

impl Section for ArgoCd {
    fn key(&self) -> &'static str {
        "argocd"
    }

    fn is_enabled(&self) -> bool {
        self.enabled
    }

    fn resources(&self) -> Vec<PodResources<'_>> {
        vec![
            PodResources::of(
                &["resources", "controller"],
                &self.resources.controller,
                requests::ARGO_CONTROLLER,
            ),
            PodResources::of(
                &["resources", "repoServer"],
                &self.resources.repo_server,
                requests::ARGO_REPO_SERVER,
            ),
            PodResources::of(
                &["resources", "server"],
                &self.resources.server,
                requests::ARGO_SERVER,
            ),
            PodResources::of(&["resources", "redis"], &self.resources.redis, requests::ARGO_REDIS),
        ]
    }

    fn versions(&self) -> Vec<Pin> {
        vec![versions::ARGO_CD]
    }

    fn may_make(&self) -> &'static [MayMake] {
        &[APPLICATION, ADMINISTRATOR_APPLICATION, INGRESS_APPLICATION]
    }
}
