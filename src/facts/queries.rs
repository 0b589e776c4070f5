//! Queries of Prometheus that more than one thing asks: a dashboard, and whoever compares the
//! budget with what is measured.

/// Memory of each container, in bytes: what it uses, what it was promised, and its limit. Each
/// query has one selector, of which the labels are in braces.
pub const MEASURED: [(&str, &str); 3] = [
    (
        "Used",
        "max by (namespace, pod, container) (container_memory_working_set_bytes{container!=\"\"})",
    ),
    (
        "Promised",
        "max by (namespace, pod, container) \
         (kube_pod_container_resource_requests{resource=\"memory\"})",
    ),
    (
        "Limit",
        "max by (namespace, pod, container) \
        (kube_pod_container_resource_limits{resource=\"memory\"})",
    ),
];

/// The requests of all pods that run, as a part of what the nodes can give. A pod that has ended
/// keeps its requests in the API, and takes nothing.
pub const PROMISED_SHARE: &str = "sum(kube_pod_container_resource_requests{resource=\"memory\"} * \
                                  on (namespace, pod) group_left () max by (namespace, pod) \
                                  (kube_pod_status_phase{phase=\"Running\"})) / \
                                  sum(kube_node_status_allocatable{resource=\"memory\"})";

/// What all containers use, as a part of what the nodes can give.
pub const USED_SHARE: &str = "sum(container_memory_working_set_bytes{container!=\"\"}) / \
                              sum(kube_node_status_allocatable{resource=\"memory\"})";
