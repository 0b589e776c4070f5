//! The HTTP API of workspaces: a process of the operator's image with an account of its own, which
//! writes resources and nothing else. The operator does the rest.
//!
//! It reads the platform's own texts, so that it finds in a workspace what the compiler finds.

mod alerts;
pub mod rights;

use std::{collections::BTreeMap, sync::Arc};

use k8s_openapi::api::{
    core::v1::{Container, Lifecycle, LifecycleHandler, SleepAction},
    rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding},
};

use self::rights::NAME;
use super::{
    dashboards, namespaces,
    operator_program::{self, PROBES, Run, Verb},
    pod,
};
use crate::{
    builder::{
        contribution::{Contribution, Logs, Module, Scrape},
        face::{Callers, Face, Transport},
        handle::{CrdRef, HostRef, IssuerRef, PortRef},
        ingress::IngressRef,
        kinds,
        may_make::MayMake,
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
/// Where it serves metrics.
const METRICS: u16 = 8082;
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
    operator_program::grant(scope, &part, rights::of_cluster(), rights::of_its_namespace());
    rights::roles(scope, &part);
    scope.resolves_names(&me);
    scope.calls_api_server(&me);
    let Needs { host, ingress, issuer, .. } = *needs;
    let container =
        container(&needs.workspaces.api, needs.versions.image(versions::WORKSPACE_OPERATOR));
    let (replicas, handover) = (needs.workspaces.api.replicas, needs.workspaces.handover);
    let run = Run { container, texts: needs.texts, replicas, handover, grace: GRACE };
    operator_program::deployment(scope, &part, run);
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

/// Its container.
fn container(api: &WorkspaceApi, image: String) -> Container {
    let [http, metrics, probes] = [PORT, METRICS, PROBES].map(|it| format!(":{it}"));
    let mut arguments = vec![
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
    let mut container = operator_program::container(Verb {
        container: ("api", image),
        name: "serve",
        arguments: arguments.into_iter().map(str::to_owned).collect(),
        ports: &[("http", PORT), ("metrics", METRICS), ("probes", PROBES)],
        allotment: api.allotment(),
    });
    let sleep = LifecycleHandler {
        sleep: Some(SleepAction { seconds: LEAVES }),
        ..LifecycleHandler::default()
    };
    container.lifecycle = Some(Lifecycle { pre_stop: Some(sleep), ..Lifecycle::default() });
    container
}
