//! What Ollama's memory is made of, term by term: the sum that its request is.

use std::{cmp::Reverse, sync::Arc};

use serde::{Serialize, Serializer};

use super::{Plan, summary::Summary};
use crate::{components::ollama::Ollama, facts, units::Bytes};

/// One term of the sum.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Term {
    /// What it is for.
    pub term: &'static str,
    /// The model that takes it; none for what serves all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// How much.
    #[serde(serialize_with = "number")]
    pub bytes: Bytes,
}

/// The memory of one pod of Ollama.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelMemory {
    /// Equal pods.
    pub replicas: u32,
    /// The terms of the models that may be in memory at once, and of the server.
    pub terms: Vec<Term>,
    /// Their sum, which the formula asks for.
    #[serde(serialize_with = "number")]
    pub computed: Bytes,
    /// What a pod requests: the sum, unless the spec says otherwise.
    #[serde(serialize_with = "number")]
    pub request: Bytes,
    /// Models that have to wait until another one has gone.
    pub waiting: Vec<String>,
}

/// The memory of a workspace's own Ollama.
#[derive(Debug, Serialize)]
pub struct WorkspaceMemory {
    /// Whose.
    pub workspace: Arc<str>,
    /// The sum.
    #[serde(flatten)]
    pub memory: ModelMemory,
}

/// Bytes as a number, for tools.
fn number<S: Serializer>(bytes: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(bytes.get())
}

/// Of the platform's own Ollama, if it has one.
pub fn of_models(plan: &Plan) -> Option<ModelMemory> {
    Some(&plan.assembly.platform.spec.components.ollama).filter(|it| it.enabled).map(of)
}

/// Of each workspace's own, in the order of their files' names.
pub fn of_workspaces(summaries: &[Summary]) -> Vec<WorkspaceMemory> {
    let its = |summary: &Summary| {
        let ollama = Ollama {
            replicas: summary.replicas,
            models: summary.models.to_vec(),
            resources: (*summary.resources).clone(),
            ..Ollama::default()
        };
        let workspace = summary.name.clone().filter(|_| summary.replicas > 0)?;
        Some(WorkspaceMemory { workspace, memory: of(&ollama) })
    };
    summaries.iter().filter_map(its).collect()
}

/// Of an Ollama, by its models that are known.
fn of(ollama: &Ollama) -> ModelMemory {
    let (set, has_gpu) = (ollama.settings(), ollama.gpu.is_some());
    let known = ollama.models.iter().filter_map(|model| Some((model, ollama.figures(model)?)));
    let mut models: Vec<_> = known
        .map(|(model, figures)| (model.to_string(), facts::ollama::terms(&figures, &set, has_gpu)))
        .collect();
    models.sort_by_key(|(_, terms)| Reverse(terms.iter().map(|it| it.1).sum::<Bytes>()));
    let loaded = models.len().min(usize::try_from(ollama.loaded()).unwrap_or(usize::MAX));
    let waiting = models.split_off(loaded).into_iter().map(|it| it.0).collect();
    let sizes: Vec<Bytes> =
        models.iter().map(|model| model.1.iter().map(|it| it.1).sum()).collect();
    let computed = facts::ollama::container(sizes.into_iter(), loaded);
    let of_model = |(model, terms): (String, Vec<(&'static str, Bytes)>)| {
        terms.into_iter().map(move |(term, bytes)| Term { term, model: Some(model.clone()), bytes })
    };
    let mut terms: Vec<Term> = models.into_iter().flat_map(of_model).collect();
    let mut more = |term, bytes| terms.push(Term { term, model: None, bytes });
    more("server and tokenizer", facts::ollama::BASE);
    if loaded > 1 {
        more("further processes", facts::ollama::FURTHER_MODEL * (loaded as u64 - 1));
    }
    let sum: Bytes = terms.iter().map(|it| it.bytes).sum();
    terms.push(Term {
        term: "reserve of 5 %, rounded up",
        model: None,
        bytes: computed.saturating_sub(sum),
    });
    ModelMemory {
        replicas: ollama.replicas,
        terms,
        computed,
        request: ollama.allotment().request,
        waiting,
    }
}
