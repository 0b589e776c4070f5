//! A slow reference of the scheduler's sums, which plays the start of a pod second by second with
//! amounts as fractions; the budget is compared with it.

use std::collections::BTreeMap;

use espalier::{
    budget::demand,
    builder::{component::BuiltComponent, may_make::MayMake},
    units::{Bytes, Millicores},
};
use k8s_openapi::{
    api::{
        apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment},
        batch::v1::{CronJob, CronJobSpec, JobSpec, JobTemplateSpec},
        core::v1::{Container, PodSpec, PodTemplateSpec},
    },
    apimachinery::pkg::util::intstr::IntOrString,
};
use proptest::{option, prelude::*};

use crate::support::empty_platform;

/// A container of a pod: memory request and limit, CPU request.
#[derive(Clone, Debug)]
struct Demand {
    request: Option<String>,
    limit: Option<String>,
    cpu: Option<String>,
}

#[derive(Clone, Debug)]
enum Init {
    Once(Demand),
    Sidecar(Demand),
}

/// An amount as Kubernetes writes it, in thousandths; exact.
fn thousandths(text: &str) -> u128 {
    let at = text.find(|c: char| c.is_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let scale: u128 = match unit {
        "m" => 1,
        "" => 1000,
        "k" => 1_000_000,
        "M" => 1_000_000_000,
        "G" => 1_000_000_000_000,
        "Ki" => 1000 << 10,
        "Mi" => 1000 << 20,
        "Gi" => 1000 << 30,
        other => panic!("{other}"),
    };
    let digits: u128 = format!("{whole}{fraction}").parse().expect("digits");
    digits * scale / 10_u128.pow(u32::try_from(fraction.len()).expect("few digits"))
}

/// What a pod requests while it starts and runs: at each moment, the containers that run then. The
/// scheduler reserves the largest of these sums.
fn played(inits: &[Init], containers: &[Demand]) -> (u128, u128, u128) {
    let mut moments: Vec<Vec<&Demand>> = Vec::new();
    let mut sidecars: Vec<&Demand> = Vec::new();
    for init in inits {
        match init {
            Init::Once(once) => moments.push(sidecars.iter().copied().chain([once]).collect()),
            Init::Sidecar(sidecar) => {
                sidecars.push(sidecar);
                moments.push(sidecars.clone());
            }
        }
    }
    moments.push(sidecars.iter().copied().chain(containers).collect());
    let worst = |amount: &dyn Fn(&Demand) -> u128| {
        moments
            .iter()
            .map(|moment| moment.iter().map(|it| amount(it)).sum::<u128>())
            .max()
            .unwrap_or(0)
    };
    let of = |text: &Option<String>| text.as_deref().map_or(0, thousandths);
    let request =
        |demand: &Demand| demand.request.as_deref().map_or_else(|| of(&demand.limit), thousandths);
    (worst(&request), worst(&|it| of(&it.limit)), worst(&|it| of(&it.cpu)))
}

fn amount() -> impl Strategy<Value = String> {
    prop_oneof![
        (1_u64..4000).prop_map(|it| format!("{it}Mi")),
        (1_u64..4_000_000).prop_map(|it| format!("{it}Ki")),
        (1_u64..9).prop_map(|it| format!("{it}.5Gi")),
        (1_u64..4000).prop_map(|it| format!("{it}M")),
        (1_u64..4_000_000_000).prop_map(|it| it.to_string()),
    ]
}

fn cpu() -> impl Strategy<Value = String> {
    prop_oneof![
        (1_u64..4000).prop_map(|it| format!("{it}m")),
        (0_u64..4, 1_u64..999).prop_map(|(a, b)| format!("{a}.{b:03}")),
        Just("2".to_owned())
    ]
}

fn container() -> impl Strategy<Value = Demand> {
    (option::of(amount()), option::of(amount()), option::of(cpu()))
        .prop_map(|(request, limit, cpu)| Demand { request, limit, cpu })
}

fn init() -> impl Strategy<Value = Init> {
    (container(), any::<bool>()).prop_map(|(container, once)| {
        if once { Init::Once(container) } else { Init::Sidecar(container) }
    })
}

fn typed(demand: &Demand) -> Container {
    let text = format!(
        "name: x\nresources:\n  requests: {{{}{}}}\n  limits: {{{}}}\n",
        demand.request.as_ref().map_or_else(String::new, |it| format!("memory: '{it}', ")),
        demand.cpu.as_ref().map_or_else(String::new, |it| format!("cpu: '{it}'")),
        demand.limit.as_ref().map_or_else(String::new, |it| format!("memory: '{it}'"))
    );
    serde_yaml::from_str(&text).expect("a container")
}

fn pod(inits: &[Init], containers: &[Demand]) -> PodSpec {
    let init = |init: &Init| match init {
        Init::Once(once) => typed(once),
        Init::Sidecar(sidecar) => {
            Container { restart_policy: Some("Always".to_owned()), ..typed(sidecar) }
        }
    };
    PodSpec {
        init_containers: Some(inits.iter().map(init).collect()),
        containers: containers.iter().map(typed).collect(),
        ..PodSpec::default()
    }
}

/// A component of one object.
fn built<K>(object: K) -> BuiltComponent
where
    K: k8s_openapi::Resource
        + k8s_openapi::Metadata<Ty = k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta>
        + serde::Serialize
        + Send
        + Sync
        + 'static,
{
    let mut builder = empty_platform("test");
    let application = MayMake::in_namespace("component", &["default"], &[]);
    let cluster = builder.cluster();
    builder.build(&application, &cluster.argocd, |scope| scope.add(object));
    let (builder, _) = builder.close();
    builder.finish().pop().expect("one component")
}

fn deployment(replicas: Option<i32>, strategy: Option<DeploymentStrategy>) -> Deployment {
    let ask = Demand {
        request: Some("100Mi".to_owned()),
        limit: Some("200Mi".to_owned()),
        cpu: Some("10m".to_owned()),
    };
    let template = PodTemplateSpec { spec: Some(pod(&[], &[ask])), ..PodTemplateSpec::default() };
    Deployment {
        spec: Some(DeploymentSpec { replicas, strategy, template, ..DeploymentSpec::default() }),
        ..Deployment::default()
    }
}

fn rolling(max_surge: Option<IntOrString>) -> Option<DeploymentStrategy> {
    let rolling_update =
        Some(RollingUpdateDeployment { max_surge, ..RollingUpdateDeployment::default() });
    Some(DeploymentStrategy { type_: Some("RollingUpdate".to_owned()), rolling_update })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    /// Requests, limits and CPU of any pod: init containers one after the other, sidecars from
    /// their start on.
    #[test]
    fn a_pod_is_counted_as_the_scheduler_counts(
        inits in proptest::collection::vec(init(), 0..5),
        containers in proptest::collection::vec(container(), 1..4),
    ) {
        let ask = demand::of_pod(&pod(&inits, &containers));
        let (request, limit, cpu) = played(&inits, &containers);
        prop_assert_eq!(u128::from(ask.request.get()) * 1000, request);
        prop_assert_eq!(u128::from(ask.limit.get()) * 1000, limit);
        prop_assert_eq!(u128::from(ask.cpu.get()), cpu);
    }

    /// Pods that a rolling update adds: a percentage is rounded up, the default is a quarter, and
    /// `Recreate` adds none.
    #[test]
    fn surge_is_counted_as_the_controller_counts(
        replicas in option::of(0_i32..50),
        number in 0_i32..10,
        percent in 0_u32..200,
        which in 0..4,
    ) {
        let (strategy, expected) = {
            let n = u64::try_from(replicas.unwrap_or(1)).expect("no fewer than none");
            let of = |percent: u64| if n == 0 { 0 } else { (n * percent).div_ceil(100) };
            match which {
                0 => (None, of(25)),
                1 => {
                    let surge = u64::try_from(number).expect("no fewer than none");
                    (rolling(Some(IntOrString::Int(number))), if n == 0 { 0 } else { surge })
                }
                2 => {
                    let surge = IntOrString::String(format!("{percent}%"));
                    (rolling(Some(surge)), of(percent.into()))
                }
                _ => {
                    let type_ = Some("Recreate".to_owned());
                    (Some(DeploymentStrategy { type_, rolling_update: None }), 0)
                }
            }
        };
        let built = built(deployment(replicas, strategy));
        let row = demand::rows(&built).next().expect("a row");
        prop_assert_eq!(u64::from(row.surge), expected);
        let sum: demand::Total = [row].iter().collect();
        prop_assert_eq!(sum.demand.request, Bytes::mib(100) * u64::from(sum.pods));
        prop_assert_eq!(sum.surge.request, Bytes::mib(100) * expected);
    }
}

/// Only the largest surge pod counts, since rollouts queue.
#[test]
fn the_largest_surge_counts_once() {
    let one = demand::rows(&built(deployment(Some(1), rolling(Some(IntOrString::Int(1))))))
        .next()
        .expect("a row");
    let mut large = one.clone();
    large.pod.request = Bytes::gib(1);
    let sum: demand::Total = [one, large].iter().collect();
    assert_eq!(sum.surge.request, Bytes::gib(1));
    assert_eq!(sum.demand.request, Bytes::gib(1) + Bytes::mib(100));
}

/// A job whose runs may overlap counts twice.
#[test]
fn jobs_that_overlap_count_twice() {
    let ask = Demand {
        request: Some("64Mi".to_owned()),
        limit: Some("128Mi".to_owned()),
        cpu: Some("10m".to_owned()),
    };
    for (policy, pods) in [(None, 2), (Some("Allow"), 2), (Some("Forbid"), 1), (Some("Replace"), 1)]
    {
        let template = PodTemplateSpec {
            spec: Some(pod(&[], std::slice::from_ref(&ask))),
            ..PodTemplateSpec::default()
        };
        let job = JobSpec { template, ..JobSpec::default() };
        let spec = CronJobSpec {
            concurrency_policy: policy.map(str::to_owned),
            job_template: JobTemplateSpec { spec: Some(job), ..JobTemplateSpec::default() },
            ..CronJobSpec::default()
        };
        let built = built(CronJob { spec: Some(spec), ..CronJob::default() });
        let row = demand::rows(&built).next().expect("a row");
        assert_eq!((row.replicas, row.source), (pods, demand::Origin::Transient), "{policy:?}");
    }
}

/// Sums that no machine has do not wrap around to a sum that fits.
#[test]
fn sums_saturate() {
    let huge = demand::Demand {
        request: Bytes::new(u64::MAX),
        limit: Bytes::new(u64::MAX),
        cpu: Millicores::new(u64::MAX),
        gpus: u64::MAX,
        disk_request: Bytes::new(u64::MAX),
        disk_limit: Bytes::new(u64::MAX),
    };
    let times = huge.times(7);
    assert_eq!((times.request.get(), times.cpu.get()), (u64::MAX, u64::MAX));
    let row = |replicas| demand::BudgetRow {
        application: "x".into(),
        kind: "Pod",
        namespace: "x".into(),
        name: "x".into(),
        replicas,
        surge: 0,
        pod: huge,
        source: demand::Origin::Object,
        priority: 0,
        wants: demand::Wants::default(),
        claims: Vec::new(),
        volumes: Bytes::default(),
    };
    let sum: demand::Total = [row(u32::MAX), row(u32::MAX)].iter().collect();
    assert_eq!((sum.pods, sum.demand.request.get()), (u32::MAX, u64::MAX));
}

/// The reference reads amounts as the tests of the units do: this checks the check.
#[test]
fn the_reference_reads_amounts() {
    let cases: BTreeMap<&str, u128> = [
        ("1", 1000),
        ("1.5Gi", 1536 * (1000 << 20)),
        ("250m", 250),
        ("0.1", 100),
        ("2k", 2_000_000),
    ]
    .into();
    for (text, expected) in cases {
        assert_eq!(thousandths(text), expected, "{text}");
    }
}
