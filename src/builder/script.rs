//! What a component tells the bootstrap script of itself.

use std::sync::Arc;

use crate::names::{Host, ModelName};

/// One thing that the bootstrap script has to know of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScriptFact {
    /// Argo CD cannot work without its chart, so the script installs that first.
    BeforeArgoCd,
    /// It is Argo CD: the script installs its chart, and then the root that reads the tree.
    ArgoCd,
    /// People chat here: the acceptance test asks a question.
    Chat {
        /// The public host.
        host: Host,
        /// The namespace of its pods.
        namespace: Arc<str>,
        /// Pods of it.
        replicas: u32,
        /// The most tokens that a model reads for a question of a few words.
        prompt_tokens: u64,
    },
    /// A model that answers, for the acceptance test.
    ChatModel(ModelName),
    /// Argo CD's administrator has a sealed password.
    SealedAdministrator,
    /// Argo CD's UI answers at a public host.
    ArgoCdHost(Host),
}
