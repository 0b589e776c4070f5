//! Objects of the kinds that are built into Kubernetes have no field that Kubernetes does not know.

use k8s_openapi::{
    api::{
        admissionregistration::v1::{ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding},
        apps::v1::{Deployment, StatefulSet},
        batch::v1::{CronJob, Job},
        core::v1::{
            ConfigMap, LimitRange, Namespace, PersistentVolumeClaim, ResourceQuota, Service,
            ServiceAccount,
        },
        networking::v1::{Ingress, NetworkPolicy},
        policy::v1::PodDisruptionBudget,
        rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding},
        scheduling::v1::PriorityClass,
    },
    serde::{Serialize, de::DeserializeOwned},
};

use crate::support::{Read, golden_cases, texts_of, tree};

/// Reads an object as its type and writes it again: a field that the type does not know is lost on
/// the way, which shows.
fn known<K: DeserializeOwned + Serialize>(object: &Read) -> Option<String> {
    let typed: K = match serde_yaml::from_value(object.value.clone()) {
        Ok(typed) => typed,
        Err(why) => return Some(format!("{}: {why}", object.path)),
    };
    let again = serde_yaml::to_value(&typed).expect("a value");
    (again != object.value).then(|| format!("{}: as its type it is {again:?}", object.path))
}

/// Custom resources. Their schemas come with their CRDs: the real judges check these objects.
const CUSTOM: [&str; 15] = [
    "AIChatWorkspace",
    "AppProject",
    "Application",
    "Certificate",
    "ClusterIssuer",
    "CustomResourceDefinition",
    "HelmChartConfig",
    "IngressRoute",
    "Middleware",
    "PodMonitor",
    "Probe",
    "PrometheusRule",
    "SealedSecret",
    "TLSOption",
    "TLSStore",
];

#[test]
fn built_in_objects_have_no_unknown_field() {
    for (name, folder) in golden_cases() {
        for object in tree(&texts_of(&folder)).objects() {
            let wrong = match object.kind() {
                "ClusterRole" => known::<ClusterRole>(&object),
                "ClusterRoleBinding" => known::<ClusterRoleBinding>(&object),
                "ConfigMap" => known::<ConfigMap>(&object),
                "CronJob" => known::<CronJob>(&object),
                "Job" => known::<Job>(&object),
                "Deployment" => known::<Deployment>(&object),
                "Ingress" => known::<Ingress>(&object),
                "LimitRange" => known::<LimitRange>(&object),
                "Namespace" => known::<Namespace>(&object),
                "NetworkPolicy" => known::<NetworkPolicy>(&object),
                "PersistentVolumeClaim" => known::<PersistentVolumeClaim>(&object),
                "PodDisruptionBudget" => known::<PodDisruptionBudget>(&object),
                "PriorityClass" => known::<PriorityClass>(&object),
                "ResourceQuota" => known::<ResourceQuota>(&object),
                "Role" => known::<Role>(&object),
                "RoleBinding" => known::<RoleBinding>(&object),
                "Service" => known::<Service>(&object),
                "ServiceAccount" => known::<ServiceAccount>(&object),
                "StatefulSet" => known::<StatefulSet>(&object),
                "ValidatingAdmissionPolicy" => known::<ValidatingAdmissionPolicy>(&object),
                "ValidatingAdmissionPolicyBinding" => {
                    known::<ValidatingAdmissionPolicyBinding>(&object)
                }
                custom if CUSTOM.contains(&custom) => None,
                other => Some(format!("{}: no type for {other}: add it here", object.path)),
            };
            assert_eq!(wrong, None, "{name}");
        }
    }
}
