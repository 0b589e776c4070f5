//! A prompt of a workspace's own, and the parameters of the model that is made with it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{components::ollama::prompts, names::workspace::PromptName};

/// A prompt of a workspace's own.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Prompt {
    /// Name of the prompt: the end of the names of the models that are made with it.
    #[schemars(example = &"reviewer")]
    pub name: PromptName,
    /// Text that the model is told before each chat: `system` of Ollama's `/api/create`.
    #[schemars(example = &"You review code. Answer in short sentences.")]
    pub system: String,
    /// Parameters of the models that are made with it: `parameters` of Ollama's `/api/create`.
    /// Absent: those of the model.
    #[serde(default)]
    pub parameters: Parameters,
}

/// Parameters of a model; what is absent is as the model has it. All models of an Ollama have its
/// own context, which its memory is computed with: there is no parameter for that.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(
    rename_all(deserialize = "camelCase", serialize = "snake_case"),
    deny_unknown_fields,
    default
)]
pub struct Parameters {
    /// How freely words are chosen, from 0 (always the likeliest) to 2: `temperature`. Absent: as
    /// the model has it.
    #[schemars(example = 0.1)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Share of the likeliest words that are chosen from, from 0 to 1: `top_p`. Absent: as the
    /// model has it.
    #[schemars(example = 0.5)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// Number of the likeliest words that are chosen from: `top_k`. Absent: as the model has it.
    #[schemars(example = 40)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_k: Option<u32>,
    /// Beginning of the random numbers, so that an answer can be repeated: `seed`. Absent: another
    /// one each time.
    #[schemars(example = 1)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u32>,
    /// Tokens after which an answer ends: `num_predict`. Absent: as the model has it.
    #[schemars(example = 512)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_predict: Option<u64>,
    /// How strongly repetitions are avoided, from 0 to 10: `repeat_penalty`. Absent: as the model
    /// has it.
    #[schemars(example = 1.1)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeat_penalty: Option<f64>,
}

impl Parameters {
    /// Those of the platform's patterns: nearly the same answer each time, as the AIChat Workspace
    /// Operator has them.
    pub fn of_pattern() -> Self {
        Self {
            temperature: Some(0.1),
            top_p: Some(0.5),
            top_k: Some(40),
            seed: Some(1),
            ..Self::default()
        }
    }
}

impl Prompt {
    /// The same as Ollama is asked for it.
    pub fn in_use(&self) -> prompts::Prompt {
        prompts::Prompt::new(self.name.clone(), &self.system, &self.parameters)
    }
}
