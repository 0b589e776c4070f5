//! What the pods of `espalier-operator` have in common, whichever of its verbs they run: the
//! platform's own texts, a token of their account, probes, and roles of the account's name.

use std::{collections::BTreeMap, sync::Arc};

use k8s_openapi::{
    api::{
        apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment},
        core::v1::{Container, PodSpec},
        rbac::v1::{
            ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject,
        },
    },
    apimachinery::pkg::util::intstr::IntOrString,
};

use super::{config_files, namespaces::WORKSPACE_OPERATOR, pod};
use crate::{
    builder::{meta::Part, scope::Scope},
    facts::requests::Allotment,
    platform::resources::requirements,
};

/// Where it says whether it lives and is ready.
pub const PROBES: u16 = 8081;
/// The group of the API of roles.
pub const ROLES: &str = "rbac.authorization.k8s.io";
/// The user of its image.
const USER: i64 = 65532;
/// Where it finds the platform's texts, each at its path of the repository.
const FOLDER: &str = "/platform";
/// The volume that has them.
const TEXTS: &str = "platform";

/// A container that runs one of its verbs.
pub struct Verb<'a> {
    /// The container's name, and its image.
    pub container: (&'a str, String),
    /// The verb.
    pub name: &'a str,
    /// What it is told besides where the texts are, and in which namespace the resources.
    pub arguments: Vec<String>,
    /// Its ports, by their names.
    pub ports: &'a [(&'a str, u16)],
    /// What it is promised.
    pub allotment: Allotment,
}

/// Its container.
pub fn container(verb: Verb<'_>) -> Container {
    let (name, image) = verb.container;
    let mut container = pod::container(name, image);
    let first = [verb.name, "--platform", FOLDER, "--namespace", WORKSPACE_OPERATOR];
    container.args = Some(first.into_iter().map(str::to_owned).chain(verb.arguments).collect());
    container.ports =
        Some(verb.ports.iter().filter_map(|it| pod::ports(it.0, it.1)).flatten().collect());
    container.resources = Some(requirements(verb.allotment));
    container.volume_mounts = Some(vec![pod::mount_read_only(TEXTS, FOLDER)]);
    let probe =
        |path, period, failures| pod::http_probe(path, PROBES, pod::Patience { period, failures });
    container.startup_probe = probe("/livez", 2, 30);
    container.liveness_probe = probe("/livez", 10, 6);
    container.readiness_probe = probe("/readyz", 5, 3);
    container
}

/// How it is run.
pub struct Run<'a> {
    /// Its container.
    pub container: Container,
    /// What the platform was read from, without sealed values, by paths of the repository.
    pub texts: &'a BTreeMap<Arc<str>, Arc<str>>,
    /// Pods, while it is not handed over.
    pub replicas: u32,
    /// Whether who makes workspaces lets go of them: then nobody works.
    pub handover: bool,
    /// Seconds in which a pod has to end.
    pub grace: i64,
}

/// Its Deployment, and what several pods of it need.
pub fn deployment(scope: &mut Scope<'_>, part: &Part, run: Run<'_>) {
    let volume = config_files::mounted_folder(scope, part, TEXTS, run.texts);
    let several = run.replicas > 1;
    let spec = PodSpec {
        containers: vec![run.container],
        termination_grace_period_seconds: Some(run.grace),
        topology_spread_constraints: several.then(|| vec![pod::spread(scope, part)]),
        volumes: Some(vec![volume]),
        ..PodSpec::default()
    };
    let mut template = pod::template(scope, part, USER, spec);
    if let Some(spec) = &mut template.spec {
        // It is the one program of ours that speaks to the API server.
        spec.automount_service_account_token = Some(true);
    }
    // A pod whose platform has errors never becomes ready: the one before works on.
    let rolling = RollingUpdateDeployment {
        max_surge: Some(IntOrString::Int(1)),
        max_unavailable: Some(IntOrString::Int(0)),
    };
    let spec = DeploymentSpec {
        replicas: Some(if run.handover { 0 } else { run.replicas.cast_signed() }),
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

/// A right to all objects of some resources.
pub fn rule<I: AsRef<str>>(
    group: &str,
    resources: impl IntoIterator<Item = I>,
    verbs: &[&str],
) -> PolicyRule {
    PolicyRule {
        api_groups: Some(vec![group.to_owned()]),
        resources: Some(resources.into_iter().map(|it| it.as_ref().to_owned()).collect()),
        verbs: verbs.iter().map(|it| (*it).to_owned()).collect(),
        ..PolicyRule::default()
    }
}

/// Gives rights to the account of a part: in the cluster, and in its own namespace.
pub fn grant(
    scope: &mut Scope<'_>,
    part: &Part,
    of_cluster: Vec<PolicyRule>,
    of_namespace: Vec<PolicyRule>,
) {
    let subject = || {
        Some(vec![Subject {
            api_group: None,
            kind: "ServiceAccount".to_owned(),
            name: part.name.to_string(),
            namespace: Some(WORKSPACE_OPERATOR.to_owned()),
        }])
    };
    let role = |kind: &str| RoleRef {
        api_group: ROLES.to_owned(),
        kind: kind.to_owned(),
        name: part.name.to_string(),
    };
    let (of_all, metadata) = (scope.meta_cluster(part, &part.name), scope.meta(part));
    scope.add(ClusterRole {
        aggregation_rule: None,
        metadata: of_all.clone(),
        rules: Some(of_cluster),
    });
    scope.add(ClusterRoleBinding {
        metadata: of_all,
        role_ref: role("ClusterRole"),
        subjects: subject(),
    });
    scope.add(Role { metadata: metadata.clone(), rules: Some(of_namespace) });
    scope.add(RoleBinding { metadata, role_ref: role("Role"), subjects: subject() });
}
