//! The result of a tenant that is kept after its files are written; small, because ten thousand are
//! held at once.

use std::sync::Arc;

use crate::{
    budget::demand::{Demand, Total},
    builder::component::Flow,
    diag::diagnostic::Diagnostics,
    names::{Host, ModelName},
};

/// The SHA-256 of files, in their order.
pub type Content = [u8; 32];

/// What the whole needs to know of one tenant.
pub struct Summary {
    /// Its namespace; none where its file cannot be read.
    pub name: Option<Arc<str>>,
    /// Its file.
    pub file: Arc<str>,
    /// What is wrong with it.
    pub diagnostics: Diagnostics,
    /// Its public host.
    pub host: Option<Host>,
    /// Whether it answers there in plain HTTP.
    pub is_plain: bool,
    /// What its own Ollama serves.
    pub models: Box<[ModelName]>,
    /// What its pods request.
    pub sum: Total,
    /// Its pods one by one, where there are several nodes to place them on.
    pub pods: Vec<(u32, Demand)>,
    /// Its sync wave.
    pub wave: u32,
    /// Who speaks to whom in it, and to it; whoever reads a tenant by itself takes them out.
    pub flows: Box<[Flow]>,
    /// What its objects come to, under `pin: tag`; else zeros.
    pub content: Content,
}

impl Summary {
    /// Of a file that makes no tenant.
    pub fn unread(file: Arc<str>) -> Self {
        Self {
            name: None,
            file,
            diagnostics: Diagnostics::new(),
            host: None,
            is_plain: false,
            models: Box::default(),
            sum: Total::default(),
            pods: Vec::new(),
            wave: 0,
            flows: Box::default(),
            content: Content::default(),
        }
    }
}
