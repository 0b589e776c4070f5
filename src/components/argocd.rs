//! Argo CD itself, which reads this tree and is part of it.

use std::{collections::BTreeMap, sync::Arc};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ingress;
use crate::{
    builder::{
        chart::{Chart, ChartPod},
        credential::{CredentialSpec, CredentialStore, Key, SecretLookup, Value},
        handle::{Contribution, HostRef, IssuerRef, Peer, Pods, PortRef, Running},
        scope::Scope,
    },
    facts::{
        charts::argo_cd::{ARGO_CD, NOT_WATCHED, port},
        kubernetes::API_SERVER_PORT,
        requests::{self, Allotment},
        versions::ARGO_CD_IMAGE,
    },
    names::Host,
    platform::{
        images::{self, Tagged},
        repository::Repository,
        resources::{ChartResources, Resources},
        rollout::{Strategy, old_pod_first, surge},
        versions::Versions,
    },
    yaml::emit,
};

/// The health of an Application. Without it a sync wave waits for nothing: Argo CD has none, and
/// none counts as success.
pub const HEALTH: &str = include_str!("argocd/health.lua");

/// Argo CD.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ArgoCd {
    /// Off: Argo CD is installed by other means, and its settings are not of this tree.
    pub enabled: bool,
    /// Who is administrator.
    pub admin: Admin,
    /// Of its four pods.
    pub resources: PodResources,
}

/// The local administrator of Argo CD.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Admin {
    /// Argo CD makes a password at its first start, in the Secret `argocd-initial-admin-secret`:
    /// `bootstrap.sh status` says how to read it.
    #[default]
    Initial,
    /// A password of yours, sealed: `espalier seal argocd-secret`.
    Sealed,
}

/// Argo CD's own Secret, to which the administrator's password is added.
const ADMINISTRATOR: CredentialSpec = CredentialSpec {
    name: "argocd-secret",
    keys: &[Key { name: "admin.password", value: Value::Hashed("Argo CD's password for `admin`") }],
    rotation: "whoever is signed in to Argo CD stays signed in until the session ends",
    lookup: SecretLookup::Patched,
};

/// Resources of Argo CD's pods.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PodResources {
    /// Compares and syncs; it grows with the objects of the cluster.
    pub controller: Resources,
    /// Fetches Git and renders charts.
    pub repo_server: Resources,
    /// The API and the UI.
    pub server: Resources,
    /// The cache.
    pub redis: Resources,
}

impl Default for ArgoCd {
    fn default() -> Self {
        Self { enabled: true, admin: Admin::default(), resources: PodResources::default() }
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

/// The chart's values, only what differs from its defaults, and what must not change with them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Values {
    application_set: Unused,
    configs: Configs,
    controller: PodValues,
    crds: Crds,
    dex: Switch,
    global: Global,
    notifications: Switch,
    redis: Cache,
    redis_secret_init: Sized,
    repo_server: RepoServer,
    server: PodValues,
}

/// The chart has no switch for `ApplicationSet`s: none of this tree is one. Whoever scales the
/// controller up finds its pod with a limit like all others.
#[derive(Serialize)]
struct Unused {
    replicas: u32,
    resources: ChartResources,
}

/// Nothing but the password's hook speaks to the API server for it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Cache {
    automount_service_account_token: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<Tagged>,
    resources: ChartResources,
}

#[derive(Serialize)]
struct Configs {
    cm: Settings,
    #[serde(skip_serializing_if = "Option::is_none")]
    gpg: Option<Keyring>,
    params: Parameters,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<Annotated>,
}

/// `argocd-gpg-keys-cm`: whose signatures Argo CD can read. Which of them a project asks for stands
/// in the project.
#[derive(Serialize)]
struct Keyring {
    keys: BTreeMap<Arc<str>, String>,
}

impl Keyring {
    fn of(repository: &Repository) -> Option<Self> {
        let keys: BTreeMap<_, _> =
            repository.signed_by.iter().map(|it| (it.id().clone(), it.text().to_owned())).collect();
        (!keys.is_empty()).then_some(Self { keys })
    }
}

/// `argocd-secret`, which Argo CD fills with keys of its own. `patch` lets the controller add ours;
/// with `managed` too it would own the whole Secret, and take it along when the SealedSecret goes.
#[derive(Serialize)]
struct Annotated {
    annotations: Patchable,
}

#[derive(Serialize)]
struct Patchable {
    #[serde(rename = "sealedsecrets.bitnami.com/patch")]
    patch: &'static str,
}

/// `argocd-cm`.
#[derive(Serialize)]
struct Settings {
    /// A UI without accounts locks everybody out.
    #[serde(rename = "admin.enabled")]
    admin: bool,
    #[serde(rename = "application.resourceTrackingMethod")]
    tracking: &'static str,
    /// Charts are Helm sources; nothing of the tree is Kustomize or Jsonnet, and a tool that is off
    /// cannot be misled into.
    #[serde(rename = "jsonnet.enable")]
    jsonnet: &'static str,
    #[serde(rename = "kustomize.enable")]
    kustomize: &'static str,
    #[serde(rename = "resource.customizations.health.argoproj.io_Application")]
    health: &'static str,
    #[serde(rename = "resource.exclusions")]
    exclusions: String,
    #[serde(rename = "timeout.reconciliation")]
    reconciliation: &'static str,
}

/// `argocd-cmd-params-cm`, for one small node.
#[derive(Serialize)]
struct Parameters {
    #[serde(rename = "controller.diff.server.side")]
    server_side_diff: &'static str,
    #[serde(rename = "controller.kubectl.parallelism.limit")]
    kubectl: &'static str,
    #[serde(rename = "controller.operation.processors")]
    operations: &'static str,
    #[serde(rename = "controller.status.processors")]
    comparisons: &'static str,
    /// In seconds. A wave that never gets healthy would hold its sync for ever; a slow line takes
    /// hours for images and models, and a sync that was ended is not tried again for the same
    /// commit.
    #[serde(rename = "controller.sync.timeout.seconds")]
    sync_timeout: &'static str,
    /// Nothing of the tree is another repository, and one that a commit names would be fetched from
    /// wherever it says.
    #[serde(rename = "reposerver.enable.git.submodule")]
    submodules: &'static str,
    /// How many charts are rendered at once: this is what the repo-server's memory follows from.
    #[serde(rename = "reposerver.parallelism.limit")]
    renderings: &'static str,
    /// TLS ends at the ingress controller; a server that redirects to TLS behind it never answers.
    #[serde(rename = "server.insecure")]
    plain_http: bool,
}

#[derive(Serialize)]
struct PodValues {
    env: [Variable; 1],
    metrics: Switch,
    resources: ChartResources,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RepoServer {
    /// It reads Git and renders: its Role has no rule.
    automount_service_account_token: bool,
    copyutil: Sized,
    #[serde(flatten)]
    pod: PodValues,
}

#[derive(Serialize)]
struct Sized {
    resources: ChartResources,
}

#[derive(Serialize)]
struct Variable {
    name: &'static str,
    value: String,
}

#[derive(Serialize)]
struct Crds {
    install: bool,
    keep: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Global {
    deployment_strategy: Strategy,
    domain: String,
    /// Of all pods but the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<Tagged>,
    network_policy: NetworkPolicy,
}

/// Policies only add up, and the chart's let everybody in: ours are derived from the flows below.
#[derive(Serialize)]
struct NetworkPolicy {
    create: bool,
}

#[derive(Serialize)]
struct Switch {
    enabled: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Exclusion {
    api_groups: &'static [&'static str],
    clusters: [&'static str; 1],
    kinds: &'static [&'static str],
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
        let told = Some(&values.global.deployment_strategy);
        let pods = vec![
            declared("StatefulSet", "argocd-application-controller", controller, None),
            declared(
                "Deployment",
                "argocd-repo-server",
                larger(repo_server, requests::ARGO_COPYUTIL),
                told,
            ),
            declared("Deployment", "argocd-server", server, told),
            declared("Deployment", "argocd-redis", redis, None),
            // Its Deployment is there with no pods.
            ChartPod {
                replicas: 0,
                ..declared(
                    "Deployment",
                    "argocd-applicationset-controller",
                    requests::ARGO_APPLICATION_SET,
                    told,
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

/// A pod of the chart, replaced as the chart is told.
fn declared(
    kind: &'static str,
    name: &str,
    allotment: Allotment,
    told: Option<&Strategy>,
) -> ChartPod {
    ChartPod {
        kind,
        name: name.into(),
        replicas: 1,
        request: allotment.request,
        limit: allotment.limit,
        cpu: allotment.cpu,
        surge: surge(kind, 1, told),
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
    scope.spend(&credentials.credential(&ADMINISTRATOR));
}

/// The UI's public host, in an Application of its own: the chart itself needs no issuer, so Argo CD
/// is never later than cert-manager, and what is installed before there is an issuer are the same
/// values.
pub fn ingress(scope: &mut Scope<'_>, argocd: &Offers, host: &HostRef, issuer: &IssuerRef) {
    let part = scope.part("argocd", "ui", None);
    scope.flow(&Pods::traefik(), &argocd.ui);
    let ingress = ingress::public(scope, &part, host, issuer, &argocd.ui);
    scope.add(ingress);
}
