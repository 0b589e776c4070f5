//! What would fit: the helps of `node-memory-exceeded`, each tried by the same arithmetic.

use std::cmp::Reverse;

use super::{nodes::MOST_NODES, rules::WholeView};
use crate::{
    components::ollama::Ollama,
    facts::models::{Figures, families::FAMILIES, family::Tools},
    platform::node::Role,
    units::Bytes,
};

/// More than anybody weighs.
const MOST: usize = 5;

/// One change each that would make it fit, the smallest loss first, each with what it frees.
pub fn fits(view: &WholeView<'_>, over: Bytes) -> Vec<String> {
    let ollama = &view.spec.platform.spec.components.ollama;
    let mut helps = Vec::new();
    if ollama.enabled {
        helps.extend(replicas(ollama, over));
        helps.extend((0..ollama.models.len()).filter_map(|at| smaller(ollama, at, over)));
    }
    let alone = helps.is_empty();
    helps.truncate(MOST - 1);
    helps.extend(node(view, over, alone));
    if alone && !view.tenants.is_empty() {
        helps.push("fewer workspaces, or a node each for some of them".to_owned());
    }
    helps
}

/// What a change frees, if that is enough.
fn freed(now: &Ollama, changed: &Ollama, over: Bytes) -> Option<Bytes> {
    let all = |it: &Ollama| it.allotment().request * u64::from(it.replicas);
    Some(all(now).saturating_sub(all(changed))).filter(|it| *it >= over)
}

/// As many replicas as fit.
fn replicas(ollama: &Ollama, over: Bytes) -> Option<String> {
    (1..ollama.replicas).rev().find_map(|replicas| {
        let freed = freed(ollama, &Ollama { replicas, ..ollama.clone() }, over)?;
        Some(format!("`replicas: {replicas}` frees {} and fits", freed.in_mib()))
    })
}

/// In place of one model: the same in fewer bits, a smaller one of its family, a smaller one of a family that takes tools; of these the
/// largest that fits.
fn smaller(ollama: &Ollama, at: usize, over: Bytes) -> Option<String> {
    let model = &ollama.models[at];
    let own = ollama.figures(model)?;
    let size = model.split('-').next().unwrap_or(model);
    let kinship = |name: &str| (name.split('-').next() != Some(size), name.split(':').next() != Some(model.model()));
    let mut smaller: Vec<(String, Figures)> = FAMILIES
        .iter()
        .filter(|it| it.name == model.model() || own.embedding_model || it.tools == Tools::Yes)
        .flat_map(|family| family.offers().filter_map(|tag| Some((format!("{}:{tag}", family.name), family.find(&tag)?.figures))))
        .filter(|(_, it)| it.embedding_model == own.embedding_model && it.blob < own.blob && !it.images_not_measured)
        .collect();
    smaller.sort_by_key(|(name, it)| (kinship(name), Reverse(it.blob)));
    smaller.into_iter().find_map(|(name, _)| {
        let mut changed = ollama.clone();
        changed.models[at] = name.parse().ok().filter(|it| !ollama.models.contains(it))?;
        let freed = freed(ollama, &changed, over)?;
        let list = changed.models.iter().map(|it| format!("\"{it}\"")).collect::<Vec<_>>().join(", ");
        let with = if ollama.replicas > 1 { format!(" with {} replicas", ollama.replicas) } else { String::new() };
        Some(format!("`models: [{list}]` frees {} and fits{with}", freed.in_mib()))
    })
}

/// A node that is large enough: the kernel must have so much, at 15/16 of what is sold, in whole GiB.
fn node(view: &WholeView<'_>, over: Bytes, alone: bool) -> Option<String> {
    let Some(node) = &view.spec.platform.spec.node else { return more_nodes(view, over, alone) };
    // Not what is missing on top of what is there: of a node that keeps more than it has, nothing is there.
    let needed = view.budget.requests + node.kept();
    let sold = needed.get().div_ceil(15).saturating_mul(16).div_ceil(1 << 30);
    let help = format!("a larger node fits: `memory: {sold}Gi`");
    let help = if alone { format!("no single change of Ollama is enough; {help}") } else { help };
    // A measured node is what it is.
    node.mem_total.is_none().then_some(help)
}

/// More nodes of the group that gives pods the most.
fn more_nodes(view: &WholeView<'_>, over: Bytes, alone: bool) -> Option<String> {
    let largest = view.budget.nodes.groups().iter().max_by_key(|it| (it.node.role == Role::Agent, it.node.allocatable()))?;
    let each = largest.node.allocatable().get();
    let count = over.get().div_ceil(each.max(1)).saturating_add(largest.count.into());
    let help = format!("`count: {count}` of the nodes `{}` fits", largest.name.as_deref().unwrap_or_default());
    let help = if alone { format!("no single change of Ollama is enough; {help}") } else { help };
    (each > 0 && count <= MOST_NODES.into()).then_some(help)
}
