//! The operator for workspaces: the compiler behind a controller, which makes in the cluster what
//! `espalier render` makes in the tree.
//!
//! It reads the platform's own texts, so that both make the same objects; it needs no sealed value
//! for that, and gets none.

mod admission;
mod alerts;
pub mod rights;

use std::{collections::BTreeMap, sync::Arc};

use k8s_openapi::{
    api::{
        admissionregistration::v1::{ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding},
        apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment},
        core::v1::{Container, EnvVar, EnvVarSource, ObjectFieldSelector, PodSpec},
        rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding},
    },
    apimachinery::pkg::util::intstr::IntOrString,
};

use self::rights::NAME;
use super::{config_files, dashboards, namespaces, pod};
use crate::{
    builder::{
        contribution::{Logs, Scrape},
        handle::CrdRef,
        kinds,
        may_make::MayMake,
        scope::Scope,
    },
    crds::workspaces::WorkspaceResource,
    facts::{
        requests,
        versions::{self, WORKSPACE_OPERATOR},
    },
    platform::{
        resources::{Resources, requirements},
        versions::Versions,
        workspaces::Workspaces,
    },
};

/// What its Application may ever make.
pub const APPLICATION: MayMake = MayMake::in_namespace(
    "workspace-operator",
    &[namespaces::WORKSPACE_OPERATOR],
    &[
        kinds::of_cluster::<ClusterRole>(NAME),
        kinds::of_cluster::<ClusterRoleBinding>(NAME),
        kinds::of_cluster::<ValidatingAdmissionPolicy>(admission::OBJECTS),
        kinds::of_cluster::<ValidatingAdmissionPolicy>(admission::NAMESPACES),
        kinds::of_cluster::<ValidatingAdmissionPolicyBinding>(admission::OBJECTS),
        kinds::of_cluster::<ValidatingAdmissionPolicyBinding>(admission::NAMESPACES),
        kinds::namespaced::<Role>(),
        kinds::namespaced::<RoleBinding>(),
        kinds::CONFIG_MAP,
        kinds::SERVICE,
        kinds::SERVICE_ACCOUNT,
        kinds::DEPLOYMENT,
        kinds::POD_DISRUPTION_BUDGET,
    ],
);

/// Where it serves metrics.
const METRICS: u16 = 8080;
/// Where it says whether it lives and is ready.
const PROBES: u16 = 8081;
/// The user of its image.
const USER: i64 = 65532;
/// Where it finds the platform's texts, each at its path of the repository.
const FOLDER: &str = "/platform";
/// It ends the work that it has begun within 20 s, and then lets its Lease go.
const GRACE: i64 = 30;

/// What it needs.
pub struct Needs<'a> {
    /// The kind of workspaces.
    pub definition: &'a CrdRef<WorkspaceResource>,
    /// What is said of workspaces.
    pub workspaces: &'a Workspaces,
    /// What the platform was read from, without sealed values, by paths of the repository.
    pub texts: &'a BTreeMap<Arc<str>, Arc<str>>,
    /// Versions.
    pub versions: &'a Versions,
}

/// Builds it.
pub fn build(scope: &mut Scope<'_>, needs: &Needs<'_>) {
    scope.wait_for(needs.definition);
    let version = needs.versions.of(WORKSPACE_OPERATOR);
    let part = scope.part(NAME, "workspace-operator", Some(version));
    let me = scope.pods(&part);
    let metrics = scope.service(&part, "metrics", METRICS);
    pod::account(scope, &part);
    rights::grant(scope, &part);
    admission::bind(scope, &part);
    scope.resolves_names(&me);
    scope.calls_api_server(&me);

    let volume = config_files::mounted_folder(scope, &part, "platform", needs.texts);
    let mut operator = container(needs.versions.image(versions::WORKSPACE_OPERATOR));
    operator.volume_mounts = Some(vec![pod::mount_read_only("platform", FOLDER)]);
    let replicas = needs.workspaces.operator.replicas;
    let several = replicas > 1;
    let spec = PodSpec {
        containers: vec![operator],
        termination_grace_period_seconds: Some(GRACE),
        topology_spread_constraints: several.then(|| vec![pod::spread(scope, &part)]),
        volumes: Some(vec![volume]),
        ..PodSpec::default()
    };
    let mut template = pod::template(scope, &part, USER, spec);
    if let Some(spec) = &mut template.spec {
        // It is the one program of ours that speaks to the API server.
        spec.automount_service_account_token = Some(true);
    }
    // A pod whose platform has errors never becomes ready: the one before works on. With the Lease,
    // two of them do no harm.
    let rolling = RollingUpdateDeployment {
        max_surge: Some(IntOrString::Int(1)),
        max_unavailable: Some(IntOrString::Int(0)),
    };
    let spec = DeploymentSpec {
        // Who lets go of workspaces writes nothing any more.
        replicas: Some(if needs.workspaces.handover { 0 } else { replicas.cast_signed() }),
        revision_history_limit: Some(3),
        selector: scope.selector(&part),
        strategy: Some(DeploymentStrategy {
            rolling_update: Some(rolling),
            type_: Some("RollingUpdate".to_owned()),
        }),
        template,
        ..DeploymentSpec::default()
    };
    let metadata = scope.meta(&part);
    scope.add(Deployment { metadata, spec: Some(spec), ..Deployment::default() });
    if several {
        pod::disruption_budget(scope, &part);
    }
    scope.contribute(Scrape::of(metrics));
    scope.contribute(Logs { labels: &["level"], ..Logs::json(&me) });
    if !needs.workspaces.handover {
        alerts::alerts(scope);
    }
    scope.dashboard(dashboards::workspace_operator::dashboard);
}

/// Its container. The command line is that of the AIChat Workspace Operator, as far as that has
/// one.
fn container(image: String) -> Container {
    let mut container = pod::container("operator", image);
    let (metrics, probes) = (format!(":{METRICS}"), format!(":{PROBES}"));
    let arguments = [
        "run",
        "--platform",
        FOLDER,
        "--namespace",
        namespaces::WORKSPACE_OPERATOR,
        "--leader-elect",
        "--metrics-bind-address",
        &metrics,
        "--health-probe-bind-address",
        &probes,
    ];
    container.args = Some(arguments.map(str::to_owned).into());
    // Whose the Lease is.
    let field_ref = ObjectFieldSelector {
        api_version: Some("v1".to_owned()),
        field_path: "metadata.name".to_owned(),
    };
    let value_from = EnvVarSource { field_ref: Some(field_ref), ..EnvVarSource::default() };
    container.env = Some(vec![EnvVar {
        name: "POD_NAME".to_owned(),
        value_from: Some(value_from),
        ..EnvVar::default()
    }]);
    let ports = [("metrics", METRICS), ("probes", PROBES)];
    container.ports =
        Some(ports.into_iter().filter_map(|it| pod::ports(it.0, it.1)).flatten().collect());
    let allotment = Resources::default().over(requests::WORKSPACE_OPERATOR);
    container.resources = Some(requirements(allotment));
    let probe =
        |path, period, failures| pod::http_probe(path, PROBES, pod::Patience { period, failures });
    container.startup_probe = probe("/livez", 2, 30);
    container.liveness_probe = probe("/livez", 10, 6);
    container.readiness_probe = probe("/readyz", 5, 3);
    container
}
