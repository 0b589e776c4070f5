//! What is left of a tenant once its files have been handed on: ten thousand of these are held, and
//! nothing else of them.

use std::sync::Arc;

use crate::{
    budget::demand::{Demand, Total},
    builder::scope::Flow,
    compile::pin::Content,
    diag::diagnostic::Diagnostics,
    names::{Host, ModelName},
};

/// What the whole needs to know of one tenant.
pub struct Summary {
    /// Its namespace; none where its file cannot be read.
    pub name: Option<Arc<str>>,
    /// Its file.
    pub file: Arc<str>,
    /// What is wrong with it.
    pub diagnostics: Diagnostics,
    pub(in crate::compile) host: Option<Host>,
    /// What its own Ollama serves.
    pub(in crate::compile) models: Box<[ModelName]>,
    pub(in crate::compile) sum: Total,
    /// Its pods one by one, where there are several nodes to place them on.
    pub(in crate::compile) pods: Vec<(u32, Demand)>,
    pub(in crate::compile) wave: u32,
    /// Who speaks to whom in it, and to it; whoever reads a tenant by itself takes them out.
    pub flows: Box<[Flow]>,
    /// What its objects come to, under `pin: tag`; else zeros.
    pub(in crate::compile) content: Content,
}
