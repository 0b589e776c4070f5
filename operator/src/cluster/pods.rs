//! Why a pod does not start, from one list of a namespace's pods.

use serde::Deserialize;

use super::{Cluster, Items, Refusal};

/// What keeps pods from being ready, the gravest first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trouble {
    /// One word.
    pub reason: &'static str,
    /// The pod, and what the cluster says.
    pub message: String,
}

#[derive(Deserialize)]
struct Pod {
    metadata: Name,
    #[serde(default)]
    status: PodStatus,
}

#[derive(Deserialize)]
struct Name {
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PodStatus {
    phase: String,
    conditions: Vec<Condition>,
    init_container_statuses: Vec<Container>,
    container_statuses: Vec<Container>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Condition {
    #[serde(rename = "type")]
    type_: String,
    status: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Container {
    name: String,
    #[serde(default)]
    state: State,
    #[serde(default)]
    last_state: State,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct State {
    waiting: Option<Said>,
    running: Option<Empty>,
    terminated: Option<Said>,
}

#[derive(Deserialize)]
struct Empty {}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Said {
    reason: String,
    message: String,
}

impl Cluster {
    /// The gravest trouble of a namespace's pods.
    ///
    /// # Errors
    /// Whatever the server refuses.
    pub async fn trouble(&self, namespace: &str) -> Result<Option<Trouble>, Refusal> {
        let path = format!("/api/v1/namespaces/{namespace}/pods");
        let list: Items<Pod> = self.read(&path, "application/json").await?;
        Ok(gravest(&list.items.unwrap_or_default()))
    }
}

/// Reasons, the gravest first.
const REASONS: [&str; 6] =
    ["Unschedulable", "ImagePull", "OutOfMemory", "CrashLoop", "PullingModels", "Pending"];

fn gravest(pods: &[Pod]) -> Option<Trouble> {
    let rank = |trouble: &Trouble| REASONS.iter().position(|reason| *reason == trouble.reason);
    pods.iter().filter_map(trouble).min_by_key(rank)
}

fn trouble(pod: &Pod) -> Option<Trouble> {
    let (name, status) = (&pod.metadata.name, &pod.status);
    let say = |reason, said: &str| {
        let message = [&format!("pod `{name}`"), said].join(": ");
        Some(Trouble { reason, message })
    };
    let condition = |type_: &str| status.conditions.iter().find(|it| it.type_ == type_);
    if condition("Ready").is_some_and(|it| it.status == "True") || status.phase == "Succeeded" {
        return None;
    }
    if let Some(scheduled) =
        condition("PodScheduled").filter(|scheduled| scheduled.status == "False")
    {
        return say(
            "Unschedulable",
            [&*scheduled.reason, &*scheduled.message].join(": ").trim_matches([':', ' ']),
        );
    }
    let containers = status.init_container_statuses.iter().chain(&status.container_statuses);
    for container in containers {
        let waiting = container.state.waiting.as_ref();
        let reason = waiting.map_or("", |it| &*it.reason);
        let message = waiting.map_or("", |it| &*it.message);
        let told = format!("container `{}` waits: {reason} {message}", container.name);
        let ended = [&container.state.terminated, &container.last_state.terminated];
        if ended.into_iter().flatten().any(|it| it.reason == "OOMKilled") {
            return say("OutOfMemory", &format!("container `{}` was OOMKilled", container.name));
        }
        match reason {
            "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" | "ErrImageNeverPull" => {
                return say("ImagePull", told.trim());
            }
            "CrashLoopBackOff" => return say("CrashLoop", told.trim()),
            _ => {}
        }
    }
    if let Some(container) =
        status.init_container_statuses.iter().find(|container| container.state.running.is_some())
    {
        return say("PullingModels", &format!("init container `{}` runs", container.name));
    }
    say("Pending", &format!("its phase is {}", status.phase))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(status: &serde_json::Value) -> Option<&'static str> {
        let pod = json!({"metadata": {"name": "a-0"}, "status": status});
        gravest(&[serde_json::from_value(pod).expect("a pod")]).map(|it| it.reason)
    }

    #[test]
    fn each_reason_is_told() {
        let waits = |reason: &str| {
            json!({"phase": "Pending", "containerStatuses": [
                {"name": "a", "state": {"waiting": {"reason": reason}}}]})
        };
        let scheduled = json!({"phase": "Pending", "conditions": [{"type": "PodScheduled",
            "status": "False", "reason": "Unschedulable", "message": "0/1 nodes"}]});
        assert_eq!(told(&scheduled), Some("Unschedulable"));
        assert_eq!(told(&waits("ImagePullBackOff")), Some("ImagePull"));
        assert_eq!(told(&waits("CrashLoopBackOff")), Some("CrashLoop"));
        assert_eq!(told(&waits("ContainerCreating")), Some("Pending"));
        let killed = json!({"phase": "Running", "containerStatuses": [{"name": "a", "state":
            {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"reason": "OOMKilled"}}}]});
        assert_eq!(told(&killed), Some("OutOfMemory"));
        let pulls = json!({"phase": "Pending", "initContainerStatuses": [{"name": "pull", "state":
            {"running": {"startedAt": "2026-12-01T00:00:00Z"}}}]});
        assert_eq!(told(&pulls), Some("PullingModels"));
        let ready =
            json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]});
        assert_eq!(told(&ready), None);
    }
}
