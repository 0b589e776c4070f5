//! The operator for workspaces: the compiler behind a controller, which makes in the cluster what
//! `espalier render` makes in the tree.
//!
//! It reads the platform's own texts, so that both make the same objects; it needs no sealed value
//! for that, and gets none.

mod admission;
mod alerts;
pub mod rights;

use std::{collections::BTreeMap, sync::Arc};

use k8s_openapi::api::{
    admissionregistration::v1::{ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding},
    core::v1::{Container, EnvVar, EnvVarSource, ObjectFieldSelector},
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
    platform::{resources::Resources, versions::Versions, workspaces::Workspaces},
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
    operator_program::grant(scope, &part, rights::of_cluster(), rights::of_its_namespace());
    admission::bind(scope, &part);
    scope.resolves_names(&me);
    scope.calls_api_server(&me);

    let container = container(needs.versions.image(versions::WORKSPACE_OPERATOR));
    let Workspaces { operator, handover, .. } = needs.workspaces;
    let (replicas, handover) = (operator.replicas, *handover);
    let run = Run { container, texts: needs.texts, replicas, handover, grace: GRACE };
    operator_program::deployment(scope, &part, run);
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
    let (metrics, probes) = (format!(":{METRICS}"), format!(":{PROBES}"));
    let arguments = [
        "--leader-elect",
        "--metrics-bind-address",
        &metrics,
        "--health-probe-bind-address",
        &probes,
    ];
    let mut container = operator_program::container(Verb {
        container: ("operator", image),
        name: "run",
        arguments: arguments.map(str::to_owned).into(),
        ports: &[("metrics", METRICS), ("probes", PROBES)],
        allotment: Resources::default().over(requests::WORKSPACE_OPERATOR),
    });
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
    container
}
