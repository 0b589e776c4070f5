//! What an object asks of the scheduler: the only way from typed workloads to the budget and the
//! pod rules.

use k8s_openapi::{
    api::{
        apps::v1::{DaemonSet, Deployment, StatefulSet},
        batch::v1::{CronJob, Job},
        core::v1::PodSpec,
    },
    apimachinery::pkg::util::intstr::IntOrString,
};

use super::object::Object;

/// A set of equal pods.
pub struct Workload<'a> {
    /// The kind that makes the pods.
    pub kind: &'static str,
    /// Pods of it in rest; a `CronJob` counts as one, since it may run at any time.
    pub replicas: u32,
    /// Pods that a rolling update adds while it runs.
    pub surge: u32,
    /// Whether each pod is gone again after a while (`Job`, `CronJob`).
    pub transient: bool,
    /// The pods.
    pub spec: &'a PodSpec,
}

impl Object {
    /// The pods that this object makes, if it makes any.
    pub fn workload(&self) -> Option<Workload<'_>> {
        if let Some(spec) = self.get::<Deployment>().and_then(|it| it.spec.as_ref()) {
            let replicas = count(spec.replicas);
            let rolling =
                spec.strategy.as_ref().is_none_or(|it| it.type_.as_deref() != Some("Recreate"));
            let asked = spec
                .strategy
                .as_ref()
                .and_then(|it| it.rolling_update.as_ref())
                .and_then(|it| it.max_surge.as_ref());
            let surge = if rolling && replicas > 0 { max_surge(asked, replicas) } else { 0 };
            return of("Deployment", replicas, surge, false, &spec.template);
        }
        if let Some(spec) = self.get::<StatefulSet>().and_then(|it| it.spec.as_ref()) {
            return of("StatefulSet", count(spec.replicas), 0, false, &spec.template);
        }
        if let Some(spec) = self.get::<DaemonSet>().and_then(|it| it.spec.as_ref()) {
            return of("DaemonSet", 1, 0, false, &spec.template);
        }
        if let Some(spec) = self.get::<Job>().and_then(|it| it.spec.as_ref()) {
            return of("Job", count(spec.parallelism), 0, true, &spec.template);
        }
        let spec = self.get::<CronJob>()?.spec.as_ref()?;
        let job = spec.job_template.spec.as_ref()?;
        // `Allow` lets a slow run overlap with the next one: two at once is what is counted.
        let overlap = if matches!(spec.concurrency_policy.as_deref(), Some("Forbid" | "Replace")) {
            1
        } else {
            2
        };
        of("CronJob", count(job.parallelism) * overlap, 0, true, &job.template)
    }
}

fn of<'a>(
    kind: &'static str,
    replicas: u32,
    surge: u32,
    transient: bool,
    template: &'a k8s_openapi::api::core::v1::PodTemplateSpec,
) -> Option<Workload<'a>> {
    Some(Workload { kind, replicas, surge, transient, spec: template.spec.as_ref()? })
}

fn count(replicas: Option<i32>) -> u32 {
    replicas.map_or(1, |it| u32::try_from(it).unwrap_or(0))
}

/// Kubernetes rounds a percentage up; without a word it is a quarter.
fn max_surge(asked: Option<&IntOrString>, replicas: u32) -> u32 {
    let percent = |number: u32| (replicas * number).div_ceil(100);
    match asked {
        None => percent(25),
        Some(IntOrString::Int(number)) => u32::try_from(*number).unwrap_or(0),
        Some(IntOrString::String(text)) => {
            text.strip_suffix('%').and_then(|it| it.parse().ok()).map_or(0, percent)
        }
    }
}
