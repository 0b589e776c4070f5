//! `out-of-range`, `mem-total-differs`, `storage-too-small`: numbers that are written but make no
//! sense.

use std::ops::RangeInclusive;

use super::{
    code,
    models::{MOST, MOST_GPUS},
    node_groups::MOST_NODES,
    view::SpecView,
};
use crate::{
    diag::{
        diagnostic::{Diagnostic, Diagnostics},
        path::{FieldPath, Step},
    },
    platform::node::Node,
    units::{Bytes, Millicores, Seconds},
};

/// More than any kubelet was ever told.
const MOST_PODS: u64 = 1_000_000;
/// Fewer than the cluster's own.
const LEAST_PODS: u64 = 10;

/// How many times what pods may use their limits may sum to.
const LEAST_OVERCOMMIT: u64 = 1;
const MOST_OVERCOMMIT: u64 = 100;

/// Tokens of an answer: the longest context.
pub const ANSWER: RangeInclusive<u64> = 1..=1 << 20;

/// A number of the spec that has bounds: where it stands (`[]` is any item of a list, `*` any entry
/// of a map), the least and the most.
pub type Bound = (&'static [&'static str], u64, u64);

/// All of them: there is no number of the spec without. The rules hold them, the reader says them
/// of a number that it cannot take, and the schema tells them to editors. Of a model's figures they
/// are what any model has or will have for a while.
pub const BOUNDS: [Bound; 31] = [
    (&["node", "gpus"], 0, MOST_GPUS as u64),
    (&["node", "maxPods"], LEAST_PODS, MOST_PODS),
    (&["node", "overcommit"], LEAST_OVERCOMMIT, MOST_OVERCOMMIT),
    (&["nodes", "[]", "count"], 1, MOST_NODES as u64),
    (&["nodes", "[]", "gpus"], 0, MOST_GPUS as u64),
    (&["nodes", "[]", "maxPods"], LEAST_PODS, MOST_PODS),
    (&["nodes", "[]", "overcommit"], LEAST_OVERCOMMIT, MOST_OVERCOMMIT),
    (&["components", "backup", "keep"], 1, 10_000),
    (&["components", "ollama", "catalogue", "*", "blob"], 10_000_000, 4_000_000_000_000),
    (&["components", "ollama", "catalogue", "*", "embedding"], 64, 131_072),
    (&["components", "ollama", "catalogue", "*", "feedForward"], 64, 1 << 20),
    (&["components", "ollama", "catalogue", "*", "headDim"], 8, 4_096),
    (&["components", "ollama", "catalogue", "*", "heads"], 1, 1_024),
    (&["components", "ollama", "catalogue", "*", "imageMemory"], 0, 1 << 36),
    (&["components", "ollama", "catalogue", "*", "kvHeads"], 1, 1_024),
    (&["components", "ollama", "catalogue", "*", "layers"], 1, 1_000),
    (&["components", "ollama", "catalogue", "*", "trainContext"], 256, 1 << 24),
    (&["components", "ollama", "catalogue", "*", "vocabulary"], 256, 1 << 22),
    (&["components", "ollama", "catalogue", "*", "window"], 0, 1 << 24),
    (&["components", "ollama", "catalogue", "*", "windowLayers"], 0, 1_000),
    (&["components", "ollama", "context"], 256, 1 << 20),
    (&["components", "ollama", "contextCheckpoints"], 0, 32),
    (&["components", "ollama", "gpu", "count"], 1, MOST_GPUS as u64),
    (&["components", "ollama", "maxLoadedModels"], 1, MOST as u64),
    (&["components", "ollama", "parallel"], 1, 64),
    (&["components", "ollama", "replicas"], 1, 100),
    (&["components", "openWebui", "connectionPool", "overflow"], 0, 100),
    (&["components", "openWebui", "connectionPool", "size"], 1, 100),
    (&["components", "openWebui", "maxTokens"], *ANSWER.start(), *ANSWER.end()),
    (&["components", "openWebui", "replicas"], 1, 100),
    (&["components", "postgresql", "external", "port"], 1, u16::MAX as u64),
];

/// Amounts of which 0 is none, by their places, one of each kind: what a machine or a volume has,
/// and where a container is stopped.
pub const ABOVE_NOTHING: [&[&str]; 9] = [
    &["node", "cpu"],
    &["node", "memory"],
    &["nodes", "[]", "cpu"],
    &["nodes", "[]", "memory"],
    &["components", "backup", "storage"],
    &["components", "ollama", "storage"],
    &["components", "openWebui", "storage"],
    &["components", "postgresql", "storage"],
    &["components", "postgresql", "resources", "memory", "limit"],
];

/// The least and the most of the number at a path of the spec, where there is one.
pub fn bounds_at(path: &FieldPath) -> Option<(u64, u64)> {
    let steps = path.steps().get(1..)?;
    let is_it = |(pattern, step): (&&str, &Step)| match step {
        Step::Key(key) => *pattern == "*" || *pattern == key,
        Step::Index(_) => *pattern == "[]",
    };
    let bound =
        BOUNDS.iter().find(|it| it.0.len() == steps.len() && it.0.iter().zip(steps).all(is_it));
    bound.map(|it| (it.1, it.2))
}

/// The bounds of a component's number, by its path below `components`.
pub(super) fn bounds(path: &[&str]) -> (u64, u64) {
    let bound = BOUNDS.iter().find(|it| it.0[0] == "components" && it.0[1..] == *path);
    bound.map_or((0, u64::MAX), |it| (it.1, it.2))
}

/// Counts, and the one length of time.
pub fn numbers(view: &SpecView<'_>, found: &mut Diagnostics) {
    let components = &view.platform.spec.components;
    let ollama = &components.ollama;
    let numbers: [(&[&str], u64); 5] = [
        (&["ollama", "replicas"], ollama.replicas.into()),
        (&["ollama", "context"], ollama.context),
        (&["ollama", "parallel"], ollama.parallel),
        (&["ollama", "contextCheckpoints"], ollama.context_checkpoints),
        (&["openWebui", "replicas"], components.open_webui.replicas.into()),
    ];
    let pool = components.open_webui.connection_pool.iter().flat_map(|connection_pool| {
        let fields: [(&[&str], u64); 2] = [
            (&["openWebui", "connectionPool", "size"], connection_pool.size.into()),
            (&["openWebui", "connectionPool", "overflow"], connection_pool.overflow.into()),
        ];
        fields
    });
    let backup =
        components.backup.iter().map(|it| (["backup", "keep"].as_slice(), u64::from(it.keep)));
    let answer = components
        .open_webui
        .max_tokens
        .iter()
        .map(|it| (["openWebui", "maxTokens"].as_slice(), *it));
    for (path, number) in numbers.into_iter().chain(pool).chain(backup).chain(answer) {
        let (least, most) = bounds(path);
        let name = path.last().copied().unwrap_or_default();
        let help = if number < least {
            let off = if name == "replicas" { "; `enabled: false` switches it off" } else { "" };
            format!("write `{name}: {least}` or more{off}")
        } else if number > most {
            format!("write `{name}: {most}` or less")
        } else {
            continue;
        };
        let message = format!("`{name}` is {number}, and must be from {least} to {most}");
        found.push(Diagnostic::error(code::OUT_OF_RANGE, view.component(path), message).help(help));
    }
    if let Some(loaded) =
        ollama.max_loaded_models.and_then(|it| usize::try_from(it).ok()).filter(|it| *it > MOST)
    {
        let message = format!(
            "`maxLoadedModels` is {loaded}, and must be from 1 to {MOST}: no more can be listed"
        );
        let finding = Diagnostic::error(
            code::OUT_OF_RANGE,
            view.component(&["ollama", "maxLoadedModels"]),
            message,
        );
        found.push(finding.help("leave it out: it then follows from the models"));
    }
    if ollama.keep_alive > Seconds::LONGEST {
        let longest = Seconds::LONGEST;
        let message =
            format!("`keepAlive` is {}, and must be at most {longest}, a year", ollama.keep_alive);
        let finding = Diagnostic::error(
            code::OUT_OF_RANGE,
            view.component(&["ollama", "keepAlive"]),
            message,
        );
        found.push(finding.help(format!("write `keepAlive: {longest}`: no pod lives longer")));
    }
    if let Some(gpu) = ollama.gpu.as_ref().filter(|it| !(1..=MOST_GPUS).contains(&it.count)) {
        let message = format!("`count` is {}, and must be from 1 to {MOST_GPUS}", gpu.count);
        let help = "write `count: 1`, or take `gpu` out: models then run on the CPU";
        found.push(
            Diagnostic::error(
                code::OUT_OF_RANGE,
                view.component(&["ollama", "gpu", "count"]),
                message,
            )
            .help(help),
        );
    }
    for (path, machine) in view.machines() {
        if let Some(pods) =
            machine.max_pods.filter(|it| !(LEAST_PODS..=MOST_PODS).contains(&u64::from(*it)))
        {
            let message =
                format!("`maxPods` is {pods}, and must be from {LEAST_PODS} to {MOST_PODS}");
            let help = "write `maxPods: 110`, the kubelet's own number, or as many as the node's \
                        pod network has addresses";
            found.push(
                Diagnostic::error(code::OUT_OF_RANGE, view.at(path.key("maxPods")), message)
                    .help(help),
            );
        }
        if machine.gpus > MOST_GPUS {
            let message = format!("`gpus` is {}, and must be from 0 to {MOST_GPUS}", machine.gpus);
            let help = format!("write `gpus: {MOST_GPUS}` or less: it is how many one machine has");
            found.push(
                Diagnostic::error(code::OUT_OF_RANGE, view.at(path.key("gpus")), message)
                    .help(help),
            );
        }
        let nothing = [
            ("cpu", machine.cpu == Millicores::default(), "4"),
            ("memory", machine.memory == Bytes::default(), "8Gi"),
        ];
        for (name, _, example) in nothing.into_iter().filter(|it| it.1) {
            let message = format!("`{name}` is 0, and no machine is sold without");
            let help = format!("write what the machine has, like `{name}: {example}`");
            found.push(
                Diagnostic::error(code::OUT_OF_RANGE, view.at(path.key(name)), message).help(help),
            );
        }
        let overcommit = machine.overcommit;
        if !(overcommit.is_finite() && (1.0..=100.0).contains(&overcommit)) {
            let message = format!("`overcommit` is {overcommit}, and must be from 1.0 to 100.0");
            found.push(
                Diagnostic::error(code::OUT_OF_RANGE, view.at(path.key("overcommit")), message)
                    .help(
                        "write `overcommit: 2.0`; with `overcommit: 1.0` no pod can die of another \
                         pod's appetite",
                    ),
            );
        }
    }
}

/// Sizes.
pub fn sizes(view: &SpecView<'_>, found: &mut Diagnostics) {
    let components = &view.platform.spec.components;
    let backup = components.backup.iter().map(|it| ("backup", it.storage));
    for (name, bytes) in [
        ("postgresql", components.postgresql.storage),
        ("openWebui", components.open_webui.storage),
    ]
    .into_iter()
    .chain(backup)
    {
        if bytes < Bytes::gib(1) {
            found.push(
                Diagnostic::error(
                    code::STORAGE_TOO_SMALL,
                    view.component(&[name, "storage"]),
                    format!("the volume of `{name}` is {bytes}, and cannot do its work below 1Gi"),
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
        let finding = Diagnostic::error(
            code::MEM_TOTAL_DIFFERS,
            view.at(path.key("memTotal")),
            format!(
                "`memTotal` is {seen}, and a machine sold with {sold} has at most that, and at \
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
                "write what /proc/meminfo says on that very machine, with `Ki` after the number; \
                 or leave it out",
            ),
        });
    }
}
