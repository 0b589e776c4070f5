//! Prompts: of each model that writes text and each prompt, Ollama makes one more model.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{
    ConfigMap, ConfigMapProjection, EnvVar, ProjectedVolumeSource, Volume, VolumeMount,
    VolumeProjection,
};
use serde::Serialize;

use crate::{
    builder::{meta::Part, scope::Scope},
    components::{config_files, pod},
    names::workspace::PromptName,
};

/// The volume of the requests, and where the scripts look for them.
const VOLUME: &str = "prompts";
const FOLDER: &str = "/prompts";

/// The longest beginning of a name that still leaves room for what follows from the content.
const LONGEST_STEM: usize = 52;

/// The most that a `ConfigMap` may hold: its limit in the API server. Beside that, an annotation of
/// 262,144 bytes would bound what is applied by the client; Argo CD applies at the server.
pub const LARGEST: usize = 1 << 20;

/// What Ollama's `/api/create` is asked for, without the names of the two models: the script has
/// those, since one request serves each model.
#[derive(Serialize)]
pub struct Request<'a, P> {
    /// What the model is told before each chat.
    pub system: &'a str,
    /// Its parameters, by Ollama's names; what is absent is the model's.
    pub parameters: &'a P,
    /// Whether progress is told on the way. The script waits for the end.
    pub stream: bool,
}

/// A prompt in use.
#[derive(Clone, Debug)]
pub struct Prompt {
    /// What the names of the models end in that are made with it.
    pub name: PromptName,
    /// The request, as JSON.
    pub request: Arc<str>,
    /// Bytes of its text.
    pub length: usize,
}

impl Prompt {
    /// Writes the request.
    ///
    /// # Panics
    /// Never: a request consists of texts and numbers.
    pub fn new(name: PromptName, system: &str, parameters: &impl Serialize) -> Self {
        let request = Request { system, parameters, stream: false };
        let request = serde_json::to_string(&request).expect("it is texts and numbers");
        Self { name, request: request.into(), length: system.len() }
    }
}

/// The files of the requests: one `ConfigMap` each, so that a new prompt changes no other's.
#[track_caller]
pub(super) fn files(scope: &mut Scope<'_>, part: &Part, prompts: &[Prompt]) -> Option<Volume> {
    let sources: Vec<VolumeProjection> = prompts
        .iter()
        .map(|prompt| {
            let file = format!("{}.json", prompt.name);
            let data = [(file, prompt.request.to_string())].into();
            let stem = format!("{}-{}", part.name, label(&prompt.name));
            let stem: String = stem.chars().take(LONGEST_STEM).collect();
            let name = config_files::named(stem.trim_end_matches('-'), &data);
            let metadata = scope.meta_named(part, &name);
            scope.add(ConfigMap { metadata, data: Some(data), ..ConfigMap::default() });
            let source = ConfigMapProjection { name, ..ConfigMapProjection::default() };
            VolumeProjection { config_map: Some(source), ..VolumeProjection::default() }
        })
        .collect();
    let source = ProjectedVolumeSource {
        sources: Some(sources).filter(|it| !it.is_empty()),
        ..ProjectedVolumeSource::default()
    };
    source.sources.is_some().then(|| Volume {
        name: VOLUME.to_owned(),
        projected: Some(source),
        ..Volume::default()
    })
}

/// A prompt's name as part of an object's: what may not stand there is a hyphen. Two that become
/// the same differ in their content, which has the name.
fn label(name: &str) -> String {
    let of = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    name.chars().map(of).collect()
}

/// Where both containers read them.
pub(super) fn mount(prompts: &[Prompt]) -> Option<VolumeMount> {
    (!prompts.is_empty()).then(|| pod::mount_read_only(VOLUME, FOLDER))
}

/// Which there are.
pub(super) fn variable(prompts: &[Prompt]) -> Option<EnvVar> {
    let names: Vec<&str> = prompts.iter().map(|it| &*it.name).collect();
    (!names.is_empty()).then(|| pod::env("PROMPTS", names.join(" ")))
}
