//! `out-of-range`, `mem-total-differs`, `storage-too-small`: numbers that are written but make no
//! sense.

use super::{rule::rules, view::SpecView};
use crate::{
    components::{
        ollama::section::MOST_MODELS, section::Number, spec::Components,
        workspace::resource as workspace,
    },
    diag::{
        diagnostic::Diagnostics,
        path::{FieldPath, Step},
    },
    facts::kubernetes::{HTTP_PORT, HTTPS_PORT},
    platform::{
        node::{MOST_GPUS, MOST_NODES, Node},
        workspace_api::API_REPLICAS,
        workspaces::OPERATOR_REPLICAS,
    },
    units::{Bytes, Millicores, Seconds},
};

rules! {
    /// A number is out of range.
    error OUT_OF_RANGE = "out-of-range":
    Spec(numbers);

    /// `memTotal` and `memory` cannot both be true.
    error MEM_TOTAL_DIFFERS = "mem-total-differs",
    /// A volume is smaller than what it must hold.
    error STORAGE_TOO_SMALL = "storage-too-small":
    Spec(sizes);
}

/// The most pods of a node: more than any kubelet is configured for.
const MOST_PODS: u64 = 1_000_000;
/// The fewest pods of a node: fewer than the cluster's own.
const LEAST_PODS: u64 = 10;

/// How many times what pods may use their limits may sum to.
const LEAST_OVERCOMMIT: u64 = 1;
const MOST_OVERCOMMIT: u64 = 100;

/// The most workspaces with a database of the platform's PostgreSQL: with a process for each of
/// their connections, more than one server should have.
const MOST_DATABASES: u32 = 100;
/// The most workspaces that restart at a time: more than any node runs.
const MOST_PARALLEL: u64 = 1_000;

/// Ports. What is above cannot be read as one.
const LEAST_PORT: u64 = 1;
const MOST_PORT: u64 = u16::MAX as u64;

/// A number of the spec that has bounds: where it stands (`[]` is any item of a list, `*` any entry
/// of a map), the least and the most.
pub type Bound = (Vec<&'static str>, u64, u64);

/// The numbers outside of the components.
const OTHERS: [(&[&str], u64, u64); 13] = [
    (&["ingress", "httpPort"], LEAST_PORT, MOST_PORT),
    (&["ingress", "httpsPort"], LEAST_PORT, MOST_PORT),
    (&["node", "gpus"], 0, MOST_GPUS as u64),
    (&["node", "maxPods"], LEAST_PODS, MOST_PODS),
    (&["node", "overcommit"], LEAST_OVERCOMMIT, MOST_OVERCOMMIT),
    (&["nodes", "[]", "count"], 1, MOST_NODES as u64),
    (&["nodes", "[]", "gpus"], 0, MOST_GPUS as u64),
    (&["nodes", "[]", "maxPods"], LEAST_PODS, MOST_PODS),
    (&["nodes", "[]", "overcommit"], LEAST_OVERCOMMIT, MOST_OVERCOMMIT),
    (&["workspaces", "api", "replicas"], API_REPLICAS.0, API_REPLICAS.1),
    (&["workspaces", "databases"], 0, MOST_DATABASES as u64),
    (&["workspaces", "operator", "replicas"], OPERATOR_REPLICAS.0, OPERATOR_REPLICAS.1),
    (&["workspaces", "rollout", "parallel"], 1, MOST_PARALLEL),
];

/// All of them: there is no number of the spec without. The rules hold them, the reader says them
/// of a number that it cannot take, and the schema tells them to editors.
pub fn all_bounds() -> Vec<Bound> {
    let others = OTHERS.iter().map(|(path, least, most)| (path.to_vec(), *least, *most));
    let components = Components::default();
    let of_components = components.sections().into_iter().flat_map(|section| {
        section.numbers().into_iter().map(move |number| {
            let path = [&["components", section.key()], number.path].concat();
            (path, number.least, number.most)
        })
    });
    others.chain(of_components).collect()
}

/// Amounts of which 0 is none, by their places, one of each kind: what a machine or a volume has,
/// and where a container is stopped. Only what makes the schemas asks for them.
#[cfg(feature = "internals")]
pub fn above_zero() -> Vec<Vec<&'static str>> {
    use crate::components::section::Keys;

    let components = Components::default();
    let volumes = components.sections().into_iter().flat_map(|section| {
        let below = |path: Keys| [&["components", section.key()], path].concat();
        section.volumes().into_iter().map(move |it| below(it.path)).collect::<Vec<_>>()
    });
    let of_nodes: [&[&str]; 7] = [
        &["node", "disk"],
        &["nodes", "[]", "disk"],
        &["node", "cpu"],
        &["node", "memory"],
        &["nodes", "[]", "cpu"],
        &["nodes", "[]", "memory"],
        &["components", "postgresql", "resources", "memory", "limit"],
    ];
    of_nodes.into_iter().map(<[_]>::to_vec).chain(volumes).collect()
}

/// The least and the most of the number at a path of the spec, where there is one.
pub fn bounds_at(path: &FieldPath) -> Option<(u64, u64)> {
    let steps = path.steps().get(1..)?;
    let is_it =
        |bound: &Bound| bound.0.len() == steps.len() && bound.0.iter().zip(steps).all(matches);
    all_bounds().into_iter().find(is_it).map(|it| (it.1, it.2))
}

/// The least and the most of the number at a path of a workspace, where there is one.
pub fn workspace_bounds_at(path: &FieldPath) -> Option<(u64, u64)> {
    let steps = path.steps().get(1..)?;
    let is_it = |path: &[&str]| path.len() == steps.len() && path.iter().zip(steps).all(matches);
    workspace::NUMBERS.into_iter().find(|it| is_it(it.0)).map(|it| (it.1, it.2))
}

/// Whether a step of a path is what a pattern says.
fn matches((pattern, step): (&&str, &Step)) -> bool {
    match step {
        Step::Key(key) => *pattern == "*" || *pattern == key,
        Step::Index(_) => *pattern == "[]",
    }
}

/// Every number of the spec against its bounds.
pub fn numbers(view: &SpecView<'_>, found: &mut Diagnostics) {
    counts(view, found);
    ports(view, found);
    operator(view, found);
    rollout(view, found);
    model_server(view, found);
    databases(view, found);
    for (path, machine) in view.machines() {
        self::machine(view, &path, &machine, found);
    }
}

/// Pods of the operator for workspaces, of which one works and one may wait, and of their API.
fn operator(view: &SpecView<'_>, found: &mut Diagnostics) {
    let workspaces = &view.platform.spec.workspaces;
    for (key, what, replicas, (least, most)) in [
        ("operator", "operator", workspaces.operator.replicas, OPERATOR_REPLICAS),
        ("api", "API of workspaces", workspaces.api.replicas, API_REPLICAS),
    ] {
        if (least..=most).contains(&replicas.into()) {
            continue;
        }
        let place = view.value(&["workspaces", key, "replicas"]);
        let message = format!("{replicas} pods of the {what}; there may be {least} to {most}");
        let nearest = u64::from(replicas).clamp(least, most);
        found.push(OUT_OF_RANGE.at(place, message).help(format!("write `replicas: {nearest}`")));
    }
}

/// How many workspaces restart at a time.
fn rollout(view: &SpecView<'_>, found: &mut Diagnostics) {
    let parallel = view.platform.spec.workspaces.rollout.parallel.into();
    if !(1..=MOST_PARALLEL).contains(&parallel) {
        let message = format!("`parallel` is {parallel}, but must be from 1 to {MOST_PARALLEL}");
        let help = if parallel < 1 {
            "write `parallel: 1` or more".to_owned()
        } else {
            format!("write `parallel: {MOST_PARALLEL}` or less")
        };
        let place = view.value(&["workspaces", "rollout", "parallel"]);
        found.push(OUT_OF_RANGE.at(place, message).help(help));
    }
}

/// The components' counts: those whose message and help follow from the bounds alone.
fn counts(view: &SpecView<'_>, found: &mut Diagnostics) {
    let sections = view.platform.spec.components.sections();
    let all = sections.iter().flat_map(|section| {
        section.numbers().into_iter().map(move |number| (section.key(), number))
    });
    for (key, Number { path, value, least, most }) in all {
        let Some(number) = value else { continue };
        let name = path.last().copied().unwrap_or_default();
        let help = if number < least {
            let off = if name == "replicas" { "; `enabled: false` disables it" } else { "" };
            format!("write `{name}: {least}` or more{off}")
        } else if number > most {
            format!("write `{name}: {most}` or less")
        } else {
            continue;
        };
        let message = format!("`{name}` is {number}, but must be from {least} to {most}");
        let place = view.component(&[&[key], path].concat());
        found.push(OUT_OF_RANGE.at(place, message).help(help));
    }
}

/// The ports of an ingress controller that is there already.
fn ports(view: &SpecView<'_>, found: &mut Diagnostics) {
    let Some(ingress) = &view.platform.spec.ingress else { return };
    for (name, port, usual) in
        [("httpPort", ingress.http_port, HTTP_PORT), ("httpsPort", ingress.https_port, HTTPS_PORT)]
    {
        if u64::from(port) < LEAST_PORT {
            let message =
                format!("`{name}` is {port}, but must be from {LEAST_PORT} to {MOST_PORT}");
            let help = format!("write `{name}: {usual}` or leave it out");
            found.push(OUT_OF_RANGE.at(view.value(&["ingress", name]), message).help(help));
        }
    }
}

/// How many workspaces may have a database.
fn databases(view: &SpecView<'_>, found: &mut Diagnostics) {
    let databases = view.platform.spec.workspaces.databases;
    if databases > MOST_DATABASES {
        let message = format!("`databases` is {databases}, but must be from 0 to {MOST_DATABASES}");
        let place = view.value(&["workspaces", "databases"]);
        found.push(OUT_OF_RANGE.at(place, message).help(format!(
            "write `databases: {MOST_DATABASES}` or less; other workspaces keep their own"
        )));
    }
}

/// Ollama's settings whose help says more than a bound.
fn model_server(view: &SpecView<'_>, found: &mut Diagnostics) {
    let ollama = &view.platform.spec.components.ollama;
    if let Some(loaded) = ollama
        .max_loaded_models
        .and_then(|it| usize::try_from(it).ok())
        .filter(|it| *it > MOST_MODELS)
    {
        let message = format!(
            "`maxLoadedModels` is {loaded}, but must be from 1 to {MOST_MODELS}: no more models can be \
             listed"
        );
        let finding = OUT_OF_RANGE.at(view.component(&["ollama", "maxLoadedModels"]), message);
        found.push(finding.help("leave it out: it then follows from the models"));
    }
    if ollama.keep_alive > Seconds::LONGEST {
        let longest = Seconds::LONGEST;
        let message =
            format!("`keepAlive` is {}, but must be at most {longest}, a year", ollama.keep_alive);
        let finding = OUT_OF_RANGE.at(view.component(&["ollama", "keepAlive"]), message);
        found.push(finding.help(format!("write `keepAlive: {longest}`: no pod lives longer")));
    }
    if let Some(gpu) = ollama.gpu.as_ref().filter(|it| !(1..=MOST_GPUS).contains(&it.count)) {
        let message = format!("`count` is {}, but must be from 1 to {MOST_GPUS}", gpu.count);
        let help = "write `count: 1`, or remove `gpu`: models then run on the CPU";
        found
            .push(OUT_OF_RANGE.at(view.component(&["ollama", "gpu", "count"]), message).help(help));
    }
}

/// One machine, at its path.
fn machine(view: &SpecView<'_>, path: &FieldPath, machine: &Node, found: &mut Diagnostics) {
    if let Some(pods) =
        machine.max_pods.filter(|it| !(LEAST_PODS..=MOST_PODS).contains(&u64::from(*it)))
    {
        let message = format!("`maxPods` is {pods}, but must be from {LEAST_PODS} to {MOST_PODS}");
        let help = "write `maxPods: 110`, the kubelet's default, or as many as the node's \
                    pod network has addresses";
        found.push(OUT_OF_RANGE.at(view.at(path.key("maxPods")), message).help(help));
    }
    if machine.gpus > MOST_GPUS {
        let message = format!("`gpus` is {}, but must be from 0 to {MOST_GPUS}", machine.gpus);
        let help = format!("write `gpus: {MOST_GPUS}` or less: it counts the GPUs of one machine");
        found.push(OUT_OF_RANGE.at(view.at(path.key("gpus")), message).help(help));
    }
    let nothing = [
        ("cpu", machine.cpu == Millicores::default(), "4"),
        ("memory", machine.memory == Bytes::default(), "8Gi"),
        ("disk", machine.disk == Some(Bytes::default()), "80Gi"),
    ];
    for (name, _, example) in nothing.into_iter().filter(|it| it.1) {
        let message = format!("`{name}` is 0, but every machine has some");
        let help = format!("write what the machine has, like `{name}: {example}`");
        found.push(OUT_OF_RANGE.at(view.at(path.key(name)), message).help(help));
    }
    let overcommit = machine.overcommit;
    if !(overcommit.is_finite() && (1.0..=100.0).contains(&overcommit)) {
        let message = format!("`overcommit` is {overcommit}, but must be from 1.0 to 100.0");
        found.push(OUT_OF_RANGE.at(view.at(path.key("overcommit")), message).help(
            "write `overcommit: 2.0`; with `overcommit: 1.0`, no pod can be OOM-killed because \
                 another exceeds its request",
        ));
    }
}

/// Sizes of volumes, and of the nodes' memory.
pub fn sizes(view: &SpecView<'_>, found: &mut Diagnostics) {
    let sections = view.platform.spec.components.sections();
    let volumes = sections.iter().flat_map(|section| {
        section.volumes().into_iter().map(move |volume| (section.key(), volume))
    });
    for (name, volume) in volumes {
        let Some(bytes) = volume.size else { continue };
        if bytes < Bytes::gib(1) {
            found.push(
                STORAGE_TOO_SMALL
                    .at(
                        view.component(&[&[name], volume.path].concat()),
                        format!("the volume of `{name}` is {bytes}, but must be at least 1Gi"),
                    )
                    .help("write `storage: 1Gi` or more"),
            );
        }
    }
    for (path, machine) in view.machines() {
        mem_total(view, &path, &machine, found);
    }
}

/// What the kernel sees against what was sold.
fn mem_total(view: &SpecView<'_>, path: &FieldPath, node: &Node, found: &mut Diagnostics) {
    let (sold, half) = (node.memory, Bytes::new(node.memory.get() / 2));
    if let Some(seen) = node.mem_total.filter(|it| *it > sold || *it < half) {
        let finding = MEM_TOTAL_DIFFERS
            .at(
                view.at(path.key("memTotal")),
                format!(
                    "`memTotal` is {seen}, but a machine sold with {sold} has at most that, and at \
                 least half of it"
                ),
            )
            .related(view.at(path.key("memory")), "as sold");
        let kib = [seen.get() / 1024, seen.get().saturating_mul(1024)]
            .map(|it| Bytes::new(it).with_unit())
            .into_iter()
            .find(|it| *it <= sold && *it >= half);
        found.push(match kib {
            Some(kib) => finding.help(format!(
                "write `memTotal: {kib}`: /proc/meminfo counts in KiB, which it calls kB"
            )),
            None => finding.help(
                "write what /proc/meminfo says on that machine, with `Ki` after the number, or \
                 leave it out",
            ),
        });
    }
}
