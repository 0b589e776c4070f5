//! Changes that would fit: the helps of `node-memory-exceeded` and `node-cpu-exceeded`, each tried
//! with the same arithmetic.

use std::cmp::Reverse;

use super::view::CapacityView;
use crate::{
    components::{
        ollama::Ollama,
        open_webui::{OpenWebUi, documents::Documents},
    },
    facts::models::{families::FAMILIES, family::Tools, figures::Figures},
    platform::node::{MOST_NODES, Node, Role},
    units::{Bytes, Millicores},
};

/// The most suggestions that are shown.
const MOST: usize = 5;
/// The smallest CPU request of a model server: with less, it stalls as soon as other pods are busy.
const LEAST_CPU: Millicores = Millicores::new(50);

/// What is requested beyond what there is; a change is a help only if it frees all of it.
#[derive(Clone, Copy, Default)]
pub struct Amounts {
    memory: Bytes,
    cpu: Millicores,
}

impl Amounts {
    /// What the requests of a whole are too much.
    pub fn over(view: &CapacityView<'_>) -> Self {
        let budget = view.budget;
        Self {
            memory: budget.requests.saturating_sub(budget.allocatable),
            cpu: budget.cpu.saturating_sub(budget.allocatable_cpu),
        }
    }

    /// Whether there is too little of both.
    pub fn is_both(self) -> bool {
        self.memory > Bytes::default() && self.cpu > Millicores::default()
    }

    fn covers(self, other: Self) -> bool {
        self.memory >= other.memory && self.cpu >= other.cpu
    }

    /// What is freed of what there is too little of.
    fn describe(self, over: Self) -> String {
        let memory = (over.memory > Bytes::default()).then(|| self.memory.in_mib().to_string());
        let cpu = (over.cpu > Millicores::default()).then(|| format!("{} of CPU", self.cpu));
        memory.into_iter().chain(cpu).collect::<Vec<_>>().join(" and ")
    }
}

/// One change each that would make it fit, the smallest loss first, each with what it frees.
pub fn fixes_for(view: &CapacityView<'_>) -> Vec<String> {
    let over = Amounts::over(view);
    let ollama = &view.spec.platform.spec.components.ollama;
    let mut helps = Vec::new();
    if ollama.enabled {
        helps.extend(share(ollama, over));
        helps.extend(replicas(ollama, over));
        helps.extend((0..ollama.models.len()).filter_map(|at| smaller(ollama, at, over)));
    }
    helps.extend(documents(&view.spec.platform.spec.components.open_webui, over));
    let alone = helps.is_empty();
    helps.truncate(MOST - 1);
    helps.extend(node(view, over, alone));
    if alone && view.tenants > 0 {
        helps.push("use fewer workspaces, or more nodes".to_owned());
    }
    helps
}

/// What a change frees, if that is enough.
fn freed(now: &Ollama, changed: &Ollama, over: Amounts) -> Option<Amounts> {
    let all = |ollama: &Ollama| {
        let (one, replicas) = (ollama.allotment(), u64::from(ollama.replicas));
        (one.request * replicas, one.cpu * replicas)
    };
    let ((memory, cpu), (less, less_cpu)) = (all(now), all(changed));
    let freed = Amounts { memory: memory.saturating_sub(less), cpu: cpu.saturating_sub(less_cpu) };
    freed.covers(over).then_some(freed)
}

/// Documents that nobody reads: text files are read without anything more.
fn documents(chat: &OpenWebUi, over: Amounts) -> Option<String> {
    if !chat.enabled || chat.documents == Documents::Text {
        return None;
    }
    let of = |chat: &OpenWebUi| {
        let (server, reader) = chat.allotments();
        let reader = reader.map_or_else(Default::default, |it| (it.request, it.cpu));
        let pods = u64::from(chat.replicas);
        (server.request * pods + reader.0, server.cpu * pods + reader.1)
    };
    let ((memory, cpu), (less, less_cpu)) =
        (of(chat), of(&OpenWebUi { documents: Documents::Text, ..chat.clone() }));
    let freed = Amounts { memory: memory.saturating_sub(less), cpu: cpu.saturating_sub(less_cpu) };
    freed.covers(over).then(|| {
        let freed = freed.describe(over);
        format!("`documents: text` frees {freed} and fits: PDF and Word are then refused")
    })
}

/// A smaller share of the CPU, where that is all that is missing: whole steps of 10m.
fn share(ollama: &Ollama, over: Amounts) -> Option<String> {
    if over.memory > Bytes::default() {
        return None;
    }
    let each = over.cpu.get().div_ceil(u64::from(ollama.replicas.max(1)));
    let left = Millicores::new(
        ollama.allotment().cpu.saturating_sub(Millicores::new(each)).get() / 10 * 10,
    );
    let mut changed = ollama.clone();
    changed.resources.cpu.request = Some(left);
    let freed = freed(ollama, &changed, over).filter(|_| left >= LEAST_CPU)?;
    let why = "CPU requests are shares, and any pod may use an idle CPU";
    Some(format!(
        "for Ollama, `resources: {{cpu: {{request: {left}}}}}` frees {} and fits: {why}",
        freed.describe(over)
    ))
}

/// As many replicas as fit.
fn replicas(ollama: &Ollama, over: Amounts) -> Option<String> {
    (1..ollama.replicas).rev().find_map(|replicas| {
        let freed = freed(ollama, &Ollama { replicas, ..ollama.clone() }, over)?;
        Some(format!("`replicas: {replicas}` frees {} and fits", freed.describe(over)))
    })
}

/// In place of one model: the same in fewer bits, a smaller one of its family, a smaller one of a
/// family that takes tools; of these the largest that fits.
fn smaller(ollama: &Ollama, at: usize, over: Amounts) -> Option<String> {
    if over.cpu > Millicores::default() {
        // Each model has the same share of the CPU.
        return None;
    }
    let model = &ollama.models[at];
    let own = ollama.figures(model)?;
    let size = model.split('-').next().unwrap_or(model);
    let distance = |name: &str| {
        (name.split('-').next() != Some(size), name.split(':').next() != Some(model.model()))
    };
    let mut smaller: Vec<(String, Figures)> = FAMILIES
        .iter()
        .filter(|it| it.name == model.model() || own.embedding_model || it.tools == Tools::Yes)
        .flat_map(|family| {
            family.offers().filter_map(|tag| {
                Some((format!("{}:{tag}", family.name), family.find(&tag)?.figures))
            })
        })
        .filter(|(_, figures)| {
            figures.embedding_model == own.embedding_model
                && figures.blob < own.blob
                && !figures.images_not_measured
        })
        .collect();
    smaller.sort_by_key(|(name, figures)| (distance(name), Reverse(figures.blob)));
    smaller.into_iter().find_map(|(name, _)| {
        let mut changed = ollama.clone();
        changed.models[at] = name.parse().ok().filter(|it| !ollama.models.contains(it))?;
        let freed = freed(ollama, &changed, over)?;
        let list =
            changed.models.iter().map(|it| format!("\"{it}\"")).collect::<Vec<_>>().join(", ");
        let with = if ollama.replicas > 1 {
            format!(" with {} replicas", ollama.replicas)
        } else {
            String::new()
        };
        Some(format!("`models: [{list}]` frees {} and fits{with}", freed.describe(over)))
    })
}

fn as_help(help: String, alone: bool) -> String {
    if alone { format!("no single change to Ollama is enough; {help}") } else { help }
}

/// A node that is large enough: the kernel must have so much, at 15/16 of what is sold, in whole
/// GiB and cores.
fn node(view: &CapacityView<'_>, over: Amounts, alone: bool) -> Option<String> {
    let Some(node) = &view.spec.platform.spec.node else { return more_nodes(view, over, alone) };
    let mut fields = Vec::new();
    if over.cpu > Millicores::default() {
        fields.push(format!("cpu: {}", (view.budget.cpu + node.kept_cpu()).get().div_ceil(1000)));
    }
    if over.memory > Bytes::default() {
        // A measured node is what it is.
        if node.mem_total.is_some() {
            return None;
        }
        // Not what is missing on top of what is there: of a node that keeps more than it has,
        // nothing is there.
        let needed = view.budget.requests + node.kept();
        fields.push(format!(
            "memory: {}Gi",
            needed.get().div_ceil(15).saturating_mul(16).div_ceil(1 << 30)
        ));
    }
    Some(as_help(format!("a larger node fits: `{}`", fields.join(", ")), alone))
}

/// More nodes of the group that gives pods the most of what is missing.
fn more_nodes(view: &CapacityView<'_>, over: Amounts, alone: bool) -> Option<String> {
    let gives = |node: &Node| {
        if over.memory > Bytes::default() {
            node.allocatable().get()
        } else {
            node.allocatable_cpu().get()
        }
    };
    let groups = view.budget.nodes.groups().iter();
    let largest = groups.max_by_key(|it| (it.node.role == Role::Agent, gives(&it.node)))?;
    let more = |over: u64, each: u64| {
        if over == 0 { Some(0) } else { over.checked_div(each).map(|_| over.div_ceil(each)) }
    };
    let (memory, cpu) = (largest.node.allocatable().get(), largest.node.allocatable_cpu().get());
    let more = more(over.memory.get(), memory)?.max(more(over.cpu.get(), cpu)?);
    let count = more.saturating_add(largest.count.into());
    let help = format!(
        "`count: {count}` for the nodes `{}` fits",
        largest.name.as_deref().unwrap_or_default()
    );
    (count <= MOST_NODES.into()).then(|| as_help(help, alone))
}
