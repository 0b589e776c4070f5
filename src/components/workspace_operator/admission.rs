//! What RBAC cannot say of the operator for workspaces: that its rights end where workspaces do.
//!
//! Two policies of admission look at its requests alone, so that nobody else waits for them. They
//! hold when the operator itself is taken over: it writes in namespaces only that were made as
//! a workspace's, it makes no other namespace one, and its pods get no host and no account of
//! others.

use k8s_openapi::{
    api::admissionregistration::v1::{
        MatchCondition, MatchResources, NamedRuleWithOperations, ValidatingAdmissionPolicy,
        ValidatingAdmissionPolicyBinding, ValidatingAdmissionPolicyBindingSpec,
        ValidatingAdmissionPolicySpec, Validation,
    },
    apimachinery::pkg::apis::meta::v1::LabelSelector,
};

use super::rights::{MEMBERS_ROLE, NAME, Scopes, children};
use crate::{
    builder::{
        meta::{OPERATED, Part},
        scope::Scope,
    },
    components::namespaces::WORKSPACE_OPERATOR,
};

/// The policy about what lies in namespaces.
pub(super) const OBJECTS: &str = "aichat-workspace-operator-objects";
/// The policy about namespaces.
pub(super) const NAMESPACES: &str = "aichat-workspace-operator-namespaces";

/// The workloads of a workspace, each with an account of its own name.
const WORKLOADS: [&str; 2] = ["ollama", "openwebui"];

/// Makes both, and binds them.
pub(super) fn bind(scope: &mut Scope<'_>, part: &Part) {
    for (name, scopes, validations) in [
        (OBJECTS, Scopes::Namespaced, of_objects()),
        (NAMESPACES, Scopes::Cluster, of_namespaces()),
    ] {
        let metadata = scope.meta_cluster(part, name);
        let spec = ValidatingAdmissionPolicySpec {
            failure_policy: Some("Fail".to_owned()),
            match_conditions: Some(vec![its_requests()]),
            match_constraints: Some(constraints(scopes)),
            validations: Some(validations),
            ..ValidatingAdmissionPolicySpec::default()
        };
        scope.add(ValidatingAdmissionPolicy {
            metadata: metadata.clone(),
            spec: Some(spec),
            ..ValidatingAdmissionPolicy::default()
        });
        let spec = ValidatingAdmissionPolicyBindingSpec {
            policy_name: Some(name.to_owned()),
            validation_actions: Some(vec!["Deny".to_owned()]),
            ..ValidatingAdmissionPolicyBindingSpec::default()
        };
        scope.add(ValidatingAdmissionPolicyBinding { metadata, spec: Some(spec) });
    }
}

/// Nobody else's.
fn its_requests() -> MatchCondition {
    let user = format!("system:serviceaccount:{WORKSPACE_OPERATOR}:{NAME}");
    MatchCondition {
        expression: format!("request.userInfo.username == '{user}'"),
        name: "operator".to_owned(),
    }
}

/// Every kind that it may write.
fn constraints(scopes: Scopes) -> MatchResources {
    let every = || Some(vec!["*".to_owned()]);
    let rules = children(scopes).into_iter().map(|(group, resources)| NamedRuleWithOperations {
        api_groups: Some(vec![group.to_owned()]),
        api_versions: every(),
        operations: Some(["CREATE", "UPDATE", "DELETE"].map(str::to_owned).into()),
        resource_names: None,
        resources: Some(resources.into_iter().map(str::to_owned).collect()),
        scope: Some(match scopes {
            Scopes::Namespaced => "Namespaced".to_owned(),
            Scopes::Cluster => "Cluster".to_owned(),
        }),
    });
    MatchResources {
        match_policy: Some("Equivalent".to_owned()),
        namespace_selector: Some(LabelSelector::default()),
        object_selector: Some(LabelSelector::default()),
        resource_rules: Some(rules.collect()),
        ..MatchResources::default()
    }
}

fn validation(expression: String, message: &str) -> Validation {
    Validation { expression, message: Some(message.to_owned()), ..Validation::default() }
}

/// That an object bears a label with its name.
fn bears_label(object: &str, name: &str) -> String {
    format!(
        "has({object}.metadata.labels) && '{OPERATED}' in {object}.metadata.labels && \
         {object}.metadata.labels['{OPERATED}'] == {name}"
    )
}

/// What holds of an object of some kinds; whatever else it is, and when it is deleted, it need not.
/// Neither has it where an update leaves the object as it is: the operator takes over the fields
/// that somebody else has written, before it takes them back.
fn of_kinds(resources: &[&str], holds: &str) -> String {
    let names: Vec<String> = resources.iter().map(|it| format!("'{it}'")).collect();
    format!(
        "request.operation == 'DELETE' || !(request.resource.resource in [{}]) || \
         (request.operation == 'UPDATE' && has(dyn(object).spec) && dyn(object).spec == \
         dyn(oldObject).spec) || ({holds})",
        names.join(", ")
    )
}

/// Of what lies in namespaces. `dyn`: kinds differ, and each expression asks for its own.
fn of_objects() -> Vec<Validation> {
    const PODS: [&str; 2] = ["deployments", "statefulsets"];
    let pod = "dyn(object).spec.template.spec";
    let accounts = WORKLOADS.map(|it| format!("request.namespace + '-{it}'")).join(", ");
    let no = |field: &str| format!("(!has({pod}.{field}) || !{pod}.{field})");
    let binding = "dyn(object).roleRef";
    vec![
        validation(
            bears_label("namespaceObject", "request.namespace"),
            "the operator for workspaces writes in namespaces of workspaces only",
        ),
        validation(
            of_kinds(
                &PODS,
                &format!(
                    "has({pod}.serviceAccountName) && {pod}.serviceAccountName in [{accounts}] && \
                     has({pod}.automountServiceAccountToken) && \
                     !{pod}.automountServiceAccountToken"
                ),
            ),
            "pods of a workspace have the accounts of the workspace, and no token",
        ),
        validation(
            of_kinds(&PODS, &["hostNetwork", "hostPID", "hostIPC"].map(no).join(" && ")),
            "pods of a workspace share no namespace of their host",
        ),
        validation(
            of_kinds(
                &PODS,
                &format!("!has({pod}.volumes) || {pod}.volumes.all(it, !has(it.hostPath))"),
            ),
            "pods of a workspace mount no path of their host",
        ),
        validation(
            of_kinds(
                &["rolebindings"],
                &format!("{binding}.kind == 'ClusterRole' && {binding}.name == '{MEMBERS_ROLE}'"),
            ),
            "members of a workspace may look at it, and no more",
        ),
        validation(
            of_kinds(
                &["services"],
                "dyn(object).spec.type == 'ClusterIP' && !has(dyn(object).spec.externalIPs)",
            ),
            "Services of a workspace are within the cluster",
        ),
    ]
}

/// Of namespaces: what is a workspace's was made as one, and stays one.
fn of_namespaces() -> Vec<Validation> {
    const LEVEL: &str = "pod-security.kubernetes.io/enforce";
    vec![
        validation(
            format!(
                "request.operation == 'CREATE' || ({})",
                bears_label("oldObject", "oldObject.metadata.name")
            ),
            "the operator for workspaces touches namespaces of workspaces only",
        ),
        validation(
            format!(
                "request.operation == 'DELETE' || ({})",
                bears_label("object", "object.metadata.name")
            ),
            "the operator for workspaces makes namespaces of workspaces only, and they stay that",
        ),
        validation(
            format!(
                "request.operation == 'DELETE' || (has(object.metadata.labels) && '{LEVEL}' in \
                 object.metadata.labels && object.metadata.labels['{LEVEL}'] == 'restricted')"
            ),
            "the namespace of a workspace keeps the pod security level `restricted`",
        ),
    ]
}
