//! What every pod of ours has in common: the "restricted" security context, its own account,
//! probes, volumes.

use k8s_openapi::{
    api::{
        apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy, StatefulSet, StatefulSetSpec},
        core::v1::{
            Capabilities, Container, ContainerPort, EnvVar, ExecAction, HTTPGetAction,
            PersistentVolumeClaim, PersistentVolumeClaimSpec, PersistentVolumeClaimVolumeSource,
            PodDNSConfig, PodDNSConfigOption, PodSecurityContext, PodSpec, PodTemplateSpec, Probe,
            SeccompProfile, SecurityContext, ServiceAccount, TopologySpreadConstraint, Volume,
            VolumeMount, VolumeResourceRequirements,
        },
        policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec},
    },
    apimachinery::pkg::{apis::meta::v1::ObjectMeta, util::intstr::IntOrString},
};

use super::disk;
use crate::{
    builder::{
        handle::{StorageClassRef, VolumeRef},
        meta::Part,
        scope::Scope,
    },
    facts::kubernetes::NDOTS,
    units::Bytes,
};

/// A container's security context under the pod security standard "restricted", with a read-only
/// root besides.
pub fn restricted() -> SecurityContext {
    SecurityContext {
        allow_privilege_escalation: Some(false),
        capabilities: Some(Capabilities {
            drop: Some(vec!["ALL".to_owned()]),
            ..Capabilities::default()
        }),
        read_only_root_filesystem: Some(true),
        ..SecurityContext::default()
    }
}

/// A pod template with its own account, no token, and everything as one user who is not root.
///
/// Names are asked for as they are written first: handles give whole ones, and with the cluster's
/// own setting (five dots) a resolver would try each of them with four suffixes before, for IPv4
/// and IPv6: eight questions in vain. A shorter name of the spec's is still found, by the suffixes.
pub fn template(scope: &Scope<'_>, part: &Part, user: i64, spec: PodSpec) -> PodTemplateSpec {
    let metadata =
        ObjectMeta { labels: scope.selector(part).match_labels, ..ObjectMeta::default() };
    let security = PodSecurityContext {
        fs_group: Some(user),
        // Without it every start walks the whole volume to change its owner.
        fs_group_change_policy: Some("OnRootMismatch".to_owned()),
        run_as_group: Some(user),
        run_as_non_root: Some(true),
        run_as_user: Some(user),
        seccomp_profile: Some(SeccompProfile {
            type_: "RuntimeDefault".to_owned(),
            ..SeccompProfile::default()
        }),
        ..PodSecurityContext::default()
    };
    let (init_containers, containers) = (spec.init_containers, spec.containers);
    let volumes = spec.volumes.as_deref().unwrap_or_default();
    let bound = |it| disk::bounded(it, volumes);
    let spec = PodSpec {
        containers: containers.into_iter().map(bound).collect(),
        init_containers: init_containers.map(|them| them.into_iter().map(bound).collect()),
        automount_service_account_token: Some(false),
        dns_config: Some(PodDNSConfig {
            options: Some(vec![PodDNSConfigOption {
                name: Some(NDOTS.0.to_owned()),
                value: Some(NDOTS.1.to_owned()),
            }]),
            ..PodDNSConfig::default()
        }),
        // The Services of a namespace as environment variables (OLLAMA_PORT=tcp://…) have broken
        // programs that read such names.
        enable_service_links: Some(false),
        security_context: Some(security),
        service_account_name: Some((*part.name).to_owned()),
        ..spec
    };
    PodTemplateSpec { metadata: Some(metadata), spec: Some(spec) }
}

/// The part's own account; nothing mounts its token.
#[track_caller]
pub fn account(scope: &mut Scope<'_>, part: &Part) {
    let metadata = scope.meta(part);
    scope.add(ServiceAccount {
        metadata,
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    });
}

/// `NAME=value`.
pub fn env(name: &str, value: impl Into<String>) -> EnvVar {
    EnvVar { name: name.to_owned(), value: Some(value.into()), ..EnvVar::default() }
}

/// Sorts the environment and makes each name unique (the API server refuses a second one; the last
/// wins, as in a shell).
pub fn environment(mut vars: Vec<EnvVar>) -> Option<Vec<EnvVar>> {
    vars.sort_by(|a, b| a.name.cmp(&b.name)); // stable: of one name, the last stays the last
    vars.dedup_by(|later, kept| {
        let is_same = later.name == kept.name;
        if is_same {
            std::mem::swap(later, kept);
        }
        is_same
    });
    Some(vars)
}

/// How often and how long a probe asks.
#[derive(Clone, Copy)]
pub struct Patience {
    /// Seconds between two tries.
    pub period: i32,
    /// Tries that may fail in a row.
    pub failures: i32,
}

/// How long a start may take that recovers or migrates. Ended too early it starts over, without
/// end, so that nothing shorter than [`Deadline::SHORTEST`] can be written.
#[derive(Clone, Copy)]
pub struct Deadline(i32);

impl Deadline {
    /// Minutes that such work gets at least.
    pub const SHORTEST: i32 = 30;

    /// That many minutes.
    ///
    /// # Panics
    /// While it is compiled, for fewer than [`Self::SHORTEST`].
    pub const fn minutes(minutes: i32) -> Self {
        assert!(minutes >= Self::SHORTEST, "work that starts over needs more time");
        Self(minutes)
    }

    /// The same in seconds.
    pub const fn seconds(self) -> i32 {
        self.0 * 60
    }

    const fn patience(self) -> Patience {
        const PERIOD: i32 = 5;
        Patience { period: PERIOD, failures: self.seconds() / PERIOD }
    }
}

/// A startup probe by a command, of a container that may recover something.
pub fn exec_startup(command: &[&str], deadline: Deadline) -> Option<Probe> {
    exec_probe(command, deadline.patience())
}

/// Asks for a page; anything from 200 to 399 is well.
pub fn http_probe(path: &str, port: u16, patience: Patience) -> Option<Probe> {
    let get = HTTPGetAction {
        path: Some(path.to_owned()),
        port: IntOrString::Int(port.into()),
        ..HTTPGetAction::default()
    };
    Some(Probe { http_get: Some(get), ..patient(patience) })
}

/// Asks a small server that is up within a minute for the same page, whatever it is asked for.
pub fn probe_page(container: &mut Container, path: &str, port: u16) {
    let probe = |period, failures| http_probe(path, port, Patience { period, failures });
    container.startup_probe = probe(2, 30);
    container.readiness_probe = probe(10, 3);
    container.liveness_probe = probe(10, 6);
}

/// Runs a command; 0 is well.
pub fn exec_probe(command: &[&str], patience: Patience) -> Option<Probe> {
    let command = command.iter().map(|it| (*it).to_owned()).collect();
    Some(Probe { exec: Some(ExecAction { command: Some(command) }), ..patient(patience) })
}

fn patient(patience: Patience) -> Probe {
    Probe {
        period_seconds: Some(patience.period),
        timeout_seconds: Some(5),
        failure_threshold: Some(patience.failures),
        ..Probe::default()
    }
}

/// The volume behind a claim.
pub fn claimed(name: &str, claim: &str) -> Volume {
    let source = PersistentVolumeClaimVolumeSource {
        claim_name: claim.to_owned(),
        ..PersistentVolumeClaimVolumeSource::default()
    };
    Volume { name: name.to_owned(), persistent_volume_claim: Some(source), ..Volume::default() }
}

/// Mounts a volume.
pub fn mount(name: &str, path: &str) -> VolumeMount {
    VolumeMount { name: name.to_owned(), mount_path: path.to_owned(), ..VolumeMount::default() }
}

/// Mounts a volume to be read only.
pub fn mount_read_only(name: &str, path: &str) -> VolumeMount {
    VolumeMount { read_only: Some(true), ..mount(name, path) }
}

/// What a claim asks for: a volume of the platform's class, which one node mounts.
pub fn claim_spec(scope: &Scope<'_>, size: Bytes) -> PersistentVolumeClaimSpec {
    PersistentVolumeClaimSpec {
        access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
        resources: Some(VolumeResourceRequirements {
            requests: Some([("storage".to_owned(), size.quantity())].into()),
            ..VolumeResourceRequirements::default()
        }),
        storage_class_name: Some(scope.cluster().storage_class.name().to_string()),
        volume_mode: Some("Filesystem".to_owned()),
        ..PersistentVolumeClaimSpec::default()
    }
}

/// A claim of the part's own name, which Argo CD neither prunes nor deletes.
#[track_caller]
pub fn claim(scope: &mut Scope<'_>, part: &Part, size: Bytes) -> VolumeRef {
    let metadata = scope.meta(part);
    claim_as(scope, part, metadata, size)
}

/// The same, with metadata of one's own.
#[track_caller]
pub fn claim_as(
    scope: &mut Scope<'_>,
    part: &Part,
    mut metadata: ObjectMeta,
    size: Bytes,
) -> VolumeRef {
    scope.protect(&mut metadata);
    let spec = claim_spec(scope, size);
    scope.add(PersistentVolumeClaim {
        metadata,
        spec: Some(spec),
        ..PersistentVolumeClaim::default()
    });
    scope.volume(&part.name, size)
}

/// How many pods a `StatefulSet` has, and the Service that gives them their names.
#[derive(Clone, Copy)]
pub struct Replicas<'a> {
    /// Pods.
    pub count: u32,
    /// The name of the Service.
    pub service: &'a str,
}

/// The only way to a `StatefulSet`: its controller waits for no pod (`Parallel`). With
/// `OrderedReady`, the default, it would wait for a broken pod that it has made itself, for ever,
/// whatever is written since: to go back in Git would not bring the platform back. An update still
/// replaces one pod after the other, the next when the one before is Ready.
#[track_caller]
pub fn stateful_set(
    scope: &mut Scope<'_>,
    part: &Part,
    replicas: Replicas<'_>,
    template: PodTemplateSpec,
    claim: Option<PersistentVolumeClaim>,
) {
    let spec = StatefulSetSpec {
        pod_management_policy: Some("Parallel".to_owned()),
        replicas: Some(replicas.count.cast_signed()),
        selector: scope.selector(part),
        service_name: Some(replicas.service.to_owned()),
        template,
        volume_claim_templates: claim.map(|it| vec![it]),
        ..StatefulSetSpec::default()
    };
    let metadata = scope.meta(part);
    scope.add(StatefulSet { metadata, spec: Some(spec), ..StatefulSet::default() });
}

/// A `Deployment` of one pod that is replaced by going first: two at once would share what one
/// alone may write, or need room that a full node does not have.
#[track_caller]
pub fn single(scope: &mut Scope<'_>, part: &Part, template: PodTemplateSpec) {
    let spec = DeploymentSpec {
        replicas: Some(1),
        revision_history_limit: Some(3),
        selector: scope.selector(part),
        strategy: Some(DeploymentStrategy {
            type_: Some("Recreate".to_owned()),
            ..DeploymentStrategy::default()
        }),
        template,
        ..DeploymentSpec::default()
    };
    let metadata = scope.meta(part);
    scope.add(Deployment { metadata, spec: Some(spec), ..Deployment::default() });
}

/// The one port of a container, by the name of its Service's.
pub fn ports(name: &str, port: u16) -> Option<Vec<ContainerPort>> {
    Some(vec![ContainerPort {
        name: Some(name.to_owned()),
        container_port: port.into(),
        protocol: Some("TCP".to_owned()),
        ..ContainerPort::default()
    }])
}

/// A container with what all of ours have.
pub fn container(name: &str, image: String) -> Container {
    Container {
        name: name.to_owned(),
        image: Some(image),
        security_context: Some(restricted()),
        ..Container::default()
    }
}

/// A claim that pods on several nodes mount at once; it cannot bear the name of one that they
/// cannot.
#[track_caller]
pub fn shared_claim(
    scope: &mut Scope<'_>,
    part: &Part,
    name: &str,
    class: &StorageClassRef,
    size: Bytes,
) -> VolumeRef {
    let mut metadata = scope.meta_named(part, name);
    scope.protect(&mut metadata);
    let spec = PersistentVolumeClaimSpec {
        access_modes: Some(vec!["ReadWriteMany".to_owned()]),
        storage_class_name: Some(class.name().to_string()),
        ..claim_spec(scope, size)
    };
    scope.add(PersistentVolumeClaim {
        metadata,
        spec: Some(spec),
        ..PersistentVolumeClaim::default()
    });
    scope.volume(name, size)
}

/// Spreads the part's pods over the nodes, as far as it goes.
pub fn spread(scope: &Scope<'_>, part: &Part) -> TopologySpreadConstraint {
    TopologySpreadConstraint {
        label_selector: Some(scope.selector(part)),
        max_skew: 1,
        topology_key: "kubernetes.io/hostname".to_owned(),
        when_unsatisfiable: "ScheduleAnyway".to_owned(),
        ..TopologySpreadConstraint::default()
    }
}

/// A drain takes one of the part's pods at a time. With one replica too: a drain must be able to
/// end.
#[track_caller]
pub fn disruption_budget(scope: &mut Scope<'_>, part: &Part) {
    let spec = PodDisruptionBudgetSpec {
        max_unavailable: Some(IntOrString::Int(1)),
        selector: Some(scope.selector(part)),
        ..PodDisruptionBudgetSpec::default()
    };
    let metadata = scope.meta(part);
    scope.add(PodDisruptionBudget { metadata, spec: Some(spec), ..PodDisruptionBudget::default() });
}
