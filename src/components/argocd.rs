//! Argo CD itself, which reads this tree and is part of it.

mod values;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    ingress,
    section::{PodResources, Section},
};
use crate::{
    builder::{
        chart::{Chart, ChartPod},
        credential::{CredentialSpec, CredentialStore, Key, SecretLookup, Value},
        handle::{Contribution, HostRef, IssuerRef, Peer, Pods, PortRef, Running},
        kinds,
        may_make::MayMake,
        scope::Scope,
        script::ScriptFact,
    },
    crds::sealed_secrets::SealedSecret,
    facts::{
        charts::argo_cd::{ARGO_CD, NOT_WATCHED, port},
        kubernetes::API_SERVER_PORT,
        requests::{self, Allotment},
        versions::{self, ARGO_CD_IMAGE, Pin},
    },
    names::Host,
    platform::{
        images::{self, Tagged},
        repository::Repository,
        resources::Resources,
        rollout::{Strategy, old_pod_first, surge},
        versions::Versions,
    },
    yaml::emit,
};
use values::{
    Annotated, Cache, Configs, Crds, Exclusion, Global, Keyring, NetworkPolicy, Parameters,
    Patchable, PodValues, RepoServer, Settings, Sized, Switch, Unused, Values, Variable,
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
pub const INGRESS_APPLICATION: MayMake =
    MayMake::in_namespace("argocd-ingress", &["argocd"], &[kinds::INGRESS]);

/// The health of an Application. Without it a sync wave waits for nothing: Argo CD has none, and
/// none counts as success.
pub const HEALTH: &str = include_str!("argocd/health.lua");

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
    /// The application controller (`controller.resources` in the chart's values), which compares
    /// the cluster with Git and syncs it. Its memory grows with the number of objects in the
    /// cluster.
    pub controller: Resources,
    /// The repo-server (`repoServer.resources` in the chart's values), which fetches Git and
    /// renders charts.
    pub repo_server: Resources,
    /// The API server with the web interface (`server.resources` in the chart's values).
    pub server: Resources,
    /// The cache of Argo CD, a Redis of its own (`redis.resources` in the chart's values).
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
    /// Where its UI answers; absent: at a port-forward.
    pub host: Option<&'a Host>,
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
fn go_memory(allotment: Allotment) -> [Variable; 1] {
    let mib = (allotment.limit.get() / 5 * 4) >> 20;
    [Variable { name: "GOMEMLIMIT", value: format!("{}MiB", mib.max(1)) }]
}

fn exclusions() -> String {
    let all: Vec<Exclusion> = NOT_WATCHED
        .iter()
        .map(|(api_groups, kinds)| Exclusion { api_groups, clusters: ["*"], kinds })
        .collect();
    let mut text = Vec::new();
    emit::document(&mut text, &all);
    String::from_utf8(text).unwrap_or_default()
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
        let on = || Switch { enabled: true };
        let pod = |allotment: Allotment| PodValues {
            env: go_memory(allotment),
            metrics: on(),
            resources: allotment.into(),
        };
        let image = |it| needs.versions.chart_image(ARGO_CD.pin, it).map(Tagged::from);
        let values = Values {
            application_set: Unused {
                replicas: 0,
                resources: requests::ARGO_APPLICATION_SET.into(),
            },
            configs: Configs {
                cm: settings(),
                gpg: Keyring::of(needs.repository),
                params: parameters(),
                secret: (self.admin == Admin::Sealed)
                    .then_some(Annotated { annotations: Patchable { patch: "true" } }),
            },
            controller: pod(controller),
            crds: Crds { install: true, keep: true },
            dex: Switch { enabled: false },
            global: Global {
                deployment_strategy: old_pod_first(),
                domain: needs.host.map_or_else(|| "localhost".to_owned(), ToString::to_string),
                image: image(ARGO_CD_IMAGE),
                network_policy: NetworkPolicy { create: false },
            },
            notifications: Switch { enabled: false },
            redis: Cache {
                automount_service_account_token: false,
                image: images::redis().and_then(image),
                resources: redis.into(),
            },
            redis_secret_init: Sized { resources: requests::ARGO_REDIS_INIT.into() },
            repo_server: RepoServer {
                automount_service_account_token: false,
                copyutil: Sized { resources: requests::ARGO_COPYUTIL.into() },
                pod: pod(repo_server),
            },
            server: pod(server),
        };
        // The chart's strategy reaches neither its redis nor what is no Deployment.
        let strategy = Some(&values.global.deployment_strategy);
        let pods = vec![
            declared("StatefulSet", "argocd-application-controller", controller, None),
            declared(
                "Deployment",
                "argocd-repo-server",
                larger(repo_server, requests::ARGO_COPYUTIL),
                strategy,
            ),
            declared("Deployment", "argocd-server", server, strategy),
            declared("Deployment", "argocd-redis", redis, None),
            // Its Deployment is there with no pods.
            ChartPod {
                replicas: 0,
                ..declared(
                    "Deployment",
                    "argocd-applicationset-controller",
                    requests::ARGO_APPLICATION_SET,
                    strategy,
                )
            },
            declared("Job", "argocd-redis-secret-init", requests::ARGO_REDIS_INIT, None),
        ];
        scope.chart(Chart {
            facts: &ARGO_CD,
            version: needs.versions.of(ARGO_CD.pin),
            values: Arc::new(values),
            pods,
        });
        scope.script(ScriptFact::ArgoCd);
        if self.admin == Admin::Sealed {
            scope.script(ScriptFact::SealedAdministrator);
        }
        flows(scope, needs.repository)
    }
}

fn settings() -> Settings {
    Settings {
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

/// A pod of the chart, with the update strategy that its values set.
fn declared(
    kind: &'static str,
    name: &str,
    allotment: Allotment,
    strategy: Option<&Strategy>,
) -> ChartPod {
    ChartPod {
        kind,
        name: name.into(),
        replicas: 1,
        request: allotment.request,
        limit: allotment.limit,
        cpu: allotment.cpu,
        surge: surge(kind, 1, strategy),
    }
}

/// A container, or the init container before it, whichever asks for more.
fn larger(a: Allotment, b: Allotment) -> Allotment {
    Allotment {
        request: a.request.max(b.request),
        limit: a.limit.max(b.limit),
        cpu: a.cpu.max(b.cpu),
    }
}

/// What its pods speak to. With the default deny of their namespace, what is missing here cuts Argo
/// CD off from its own cure.
fn flows(scope: &mut Scope<'_>, repository: &Repository) -> Offers {
    let names = [
        "argocd-application-controller",
        "argocd-repo-server",
        "argocd-server",
        "argocd-redis",
        "argocd-redis-secret-init",
    ];
    let [controller, repo_server, server, redis, redis_init] =
        names.map(|name| scope.chart_pods(name));
    for pods in [&controller, &server, &redis_init] {
        scope.flow_to(pods, Peer::ApiServer, API_SERVER_PORT);
    }
    for pods in [&controller, &repo_server, &server, &redis_init] {
        scope.resolves_names(pods);
    }
    for pods in [&controller, &server] {
        scope.flow_to(pods, Peer::Pods(repo_server.clone()), port::REPO_SERVER);
    }
    for pods in [&controller, &repo_server, &server] {
        scope.flow_to(pods, Peer::Pods(redis.clone()), port::REDIS);
    }
    // Charts come by HTTPS from anywhere, Git by whatever its URL says from wherever its server is.
    scope.flow_to(&repo_server, Peer::Outside, 443);
    let git = repository.cidr.clone().map_or(Peer::Outside, Peer::Network);
    scope.flow_to(&repo_server, git, repository.url.port());
    let metrics = [
        (&controller, "argocd-application-controller-metrics", port::CONTROLLER_METRICS),
        (&repo_server, "argocd-repo-server-metrics", port::REPO_SERVER_METRICS),
        (&server, "argocd-server-metrics", port::SERVER_METRICS),
    ];
    for (pods, service, number) in metrics {
        let port = scope.chart_port(pods, service, number, number);
        scope.contribute(Contribution::Scrape { port, path: "/metrics" });
    }
    Offers {
        running: scope.running(),
        ui: scope.chart_port(&server, "argocd-server", 80, port::SERVER),
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
pub fn ingress(scope: &mut Scope<'_>, argocd: &Offers, host: &HostRef, issuer: &IssuerRef) {
    let part = scope.part("argocd", "ui", None);
    scope.flow(&Pods::traefik(), &argocd.ui);
    let ingress = ingress::public(scope, &part, host, issuer, &argocd.ui);
    scope.add(ingress);
    scope.script(ScriptFact::Console(host.name().clone()));
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
            PodResources {
                path: &["resources", "controller"],
                resources: &self.resources.controller,
                tested: Some(requests::ARGO_CONTROLLER),
            },
            PodResources {
                path: &["resources", "repoServer"],
                resources: &self.resources.repo_server,
                tested: Some(requests::ARGO_REPO_SERVER),
            },
            PodResources {
                path: &["resources", "server"],
                resources: &self.resources.server,
                tested: Some(requests::ARGO_SERVER),
            },
            PodResources {
                path: &["resources", "redis"],
                resources: &self.resources.redis,
                tested: Some(requests::ARGO_REDIS),
            },
        ]
    }

    fn version(&self) -> Option<Pin> {
        Some(versions::ARGO_CD)
    }

    fn may_make(&self) -> &'static [MayMake] {
        &[APPLICATION, ADMINISTRATOR_APPLICATION, INGRESS_APPLICATION]
    }
}
