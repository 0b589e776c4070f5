//! The HTTP API of workspaces: a process of the operator's image with an account of its own, which
//! writes resources and nothing else. The operator does the rest.
//!
//! It reads the platform's own texts, so that it finds in a workspace what the compiler finds.

mod alerts;
pub mod rights;

use std::{collections::BTreeMap, sync::Arc};

use k8s_openapi::{
    api::{
        apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment},
        core::v1::{Container, Lifecycle, LifecycleHandler, PodSpec, SleepAction},
        rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding},
    },
    apimachinery::pkg::util::intstr::IntOrString,
};

use self::rights::NAME;
use super::{config_files, dashboards, namespaces, pod};
use crate::{
    builder::{
        contribution::{Contribution, Logs, Module, Scrape},
        face::{Callers, Face, Transport},
        handle::{CrdRef, HostRef, IssuerRef, PortRef},
        ingress::IngressRef,
        kinds,
        may_make::MayMake,
        meta::Part,
        scope::Scope,
        traefik::{IngressRoute, Middleware},
    },
    crds::workspaces::WorkspaceResource,
    facts::{
        kubernetes::POD_RANGE,
        limits,
        requests::{self, Allotment},
        versions::{self, WORKSPACE_OPERATOR},
    },
    platform::{
        resources::requirements,
        versions::Versions,
        workspace_api::{OIDC_PREFIX, WorkspaceApi},
        workspaces::Workspaces,
    },
};

/// What its Application may ever make.
pub const APPLICATION: MayMake = MayMake::in_namespace(
    "workspace-api",
    &[namespaces::WORKSPACE_OPERATOR],
    &[
        kinds::of_cluster::<ClusterRole>(NAME),
        kinds::of_cluster::<ClusterRoleBinding>(NAME),
        kinds::namespaced::<Role>(),
        kinds::namespaced::<RoleBinding>(),
        kinds::CONFIG_MAP,
        kinds::SERVICE,
        kinds::SERVICE_ACCOUNT,
        kinds::DEPLOYMENT,
        kinds::INGRESS,
        kinds::namespaced_custom::<IngressRoute>(),
        kinds::namespaced_custom::<Middleware>(),
        kinds::POD_DISRUPTION_BUDGET,
    ],
);

/// The audience of tokens that are made for it: they are worth nothing at the API server.
pub const AUDIENCE: &str = "aichat-workspace-api";

/// Where it answers, in plain HTTP: TLS ends at the ingress controller.
const PORT: u16 = 8080;
/// Where it says whether it lives and is ready.
const PROBES: u16 = 8081;
/// Where it serves metrics.
const METRICS: u16 = 8082;
/// The user of its image.
const USER: i64 = 65532;
/// Where it finds the platform's texts, each at its path of the repository.
const FOLDER: &str = "/platform";
/// Seconds for which a pod that is to end still takes connections: until then, everybody who
/// forwards them has heard that it goes.
const LEAVES: i64 = 5;
/// The same, the 20 s that it gives to requests that run, and some more.
const GRACE: i64 = LEAVES + 25;

/// What it needs.
pub struct Needs<'a> {
    /// The kind of workspaces.
    pub definition: &'a CrdRef<WorkspaceResource>,
    /// What is said of workspaces.
    pub workspaces: &'a Workspaces,
    /// What the platform was read from, without sealed values, by paths of the repository.
    pub texts: &'a BTreeMap<Arc<str>, Arc<str>>,
    /// The public name.
    pub host: &'a HostRef,
    /// Answers there.
    pub ingress: &'a IngressRef,
    /// Certifies it.
    pub issuer: &'a IssuerRef,
    /// Versions.
    pub versions: &'a Versions,
}

impl WorkspaceApi {
    /// What its container is promised.
    pub fn allotment(&self) -> Allotment {
        self.resources.over(requests::WORKSPACE_API)
    }
}

/// Builds it.
pub fn build(scope: &mut Scope<'_>, needs: &Needs<'_>) {
    scope.wait_for(needs.definition);
    let part = scope.part(NAME, "workspace-api", Some(needs.versions.of(WORKSPACE_OPERATOR)));
    let me = scope.pods(&part);
    let http = scope.service(&part, "http", PORT);
    let metrics = scope.pod_port(&me, METRICS);
    pod::account(scope, &part);
    rights::grant(scope, &part);
    rights::roles(scope, &part);
    scope.resolves_names(&me);
    scope.calls_api_server(&me);
    deployment(scope, &part, needs);
    let Needs { host, ingress, issuer, .. } = *needs;
    let (transport, callers) = (Transport::Tls(issuer), Callers::Anybody);
    let face = Face { host, also: &[], ingress, transport, limits: &limits::API, callers };
    scope.public(&part, &face, &http);
    scope.contribute(Scrape::of(metrics));
    scope.contribute(Logs { labels: &["level"], ..Logs::json(&me) });
    if !needs.workspaces.handover {
        tell(scope, http);
    }
    scope.dashboard(dashboards::workspace_api::dashboard);
}

/// What monitoring should know of an API that runs.
fn tell(scope: &mut Scope<'_>, target: PortRef) {
    scope.contribute(Contribution::Probe { target, module: Module::Http, path: "/readyz" });
    alerts::alerts(scope);
}

fn deployment(scope: &mut Scope<'_>, part: &Part, needs: &Needs<'_>) {
    let api = &needs.workspaces.api;
    let volume = config_files::mounted_folder(scope, part, "platform", needs.texts);
    let image = needs.versions.image(versions::WORKSPACE_OPERATOR);
    let several = api.replicas > 1;
    let spec = PodSpec {
        containers: vec![container(api, image)],
        termination_grace_period_seconds: Some(GRACE),
        topology_spread_constraints: several.then(|| vec![pod::spread(scope, part)]),
        volumes: Some(vec![volume]),
        ..PodSpec::default()
    };
    let mut template = pod::template(scope, part, USER, spec);
    if let Some(spec) = &mut template.spec {
        // It asks the API server who somebody is, and writes resources there.
        spec.automount_service_account_token = Some(true);
    }
    // A pod whose platform has errors never becomes ready: the one before goes on answering.
    let rolling = RollingUpdateDeployment {
        max_surge: Some(IntOrString::Int(1)),
        max_unavailable: Some(IntOrString::Int(0)),
    };
    let replicas = api.replicas.cast_signed();
    let spec = DeploymentSpec {
        // Nobody would make what is asked for while the operator lets go of workspaces.
        replicas: Some(if needs.workspaces.handover { 0 } else { replicas }),
        revision_history_limit: Some(3),
        selector: scope.selector(part),
        strategy: Some(DeploymentStrategy {
            rolling_update: Some(rolling),
            type_: Some("RollingUpdate".to_owned()),
        }),
        template,
        ..DeploymentSpec::default()
    };
    let metadata = scope.meta(part);
    scope.add(Deployment { metadata, spec: Some(spec), ..Deployment::default() });
    if several {
        pod::disruption_budget(scope, part);
    }
}

/// Its container.
fn container(api: &WorkspaceApi, image: String) -> Container {
    let mut container = pod::container("api", image);
    let [http, metrics, probes] = [PORT, METRICS, PROBES].map(|it| format!(":{it}"));
    let mut arguments = vec![
        "serve",
        "--platform",
        FOLDER,
        "--namespace",
        namespaces::WORKSPACE_OPERATOR,
        "--bind-address",
        &http,
        "--metrics-bind-address",
        &metrics,
        "--health-probe-bind-address",
        &probes,
        "--audience",
        AUDIENCE,
        // No policy lets anybody in from there but the ingress controller, and who probes.
        "--trusted-proxy",
        POD_RANGE,
    ];
    if api.oidc.is_some() {
        arguments.extend(["--oidc-prefix", OIDC_PREFIX]);
    }
    container.args = Some(arguments.into_iter().map(str::to_owned).collect());
    let ports = [("http", PORT), ("metrics", METRICS), ("probes", PROBES)];
    container.ports =
        Some(ports.into_iter().filter_map(|it| pod::ports(it.0, it.1)).flatten().collect());
    container.resources = Some(requirements(api.allotment()));
    let sleep = LifecycleHandler {
        sleep: Some(SleepAction { seconds: LEAVES }),
        ..LifecycleHandler::default()
    };
    container.lifecycle = Some(Lifecycle { pre_stop: Some(sleep), ..Lifecycle::default() });
    container.volume_mounts = Some(vec![pod::mount_read_only("platform", FOLDER)]);
    let probe =
        |path, period, failures| pod::http_probe(path, PROBES, pod::Patience { period, failures });
    container.startup_probe = probe("/livez", 2, 30);
    container.liveness_probe = probe("/livez", 10, 6);
    container.readiness_probe = probe("/readyz", 5, 3);
    container
}
