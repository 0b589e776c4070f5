//! The result of a tenant that is kept after its files are written; small, because ten thousand are
//! held at once.

use std::sync::Arc;

use crate::{
    budget::demand::{Demand, Total},
    builder::component::Flow,
    diag::diagnostic::Diagnostics,
    names::{Host, ModelName},
    platform::resources::Resources,
};

/// The SHA-256 of files, in their order.
pub type Content = [u8; 32];

/// What the whole needs to know of one tenant.
pub struct Summary {
    /// Its namespace; none where its file cannot be read.
    pub name: Option<Arc<str>>,
    /// Its file.
    pub file: Arc<str>,
    /// The name of its resource, where an operator makes its objects.
    pub resource: Option<Arc<str>>,
    /// What is wrong with it.
    pub diagnostics: Diagnostics,
    /// Its public hosts.
    pub hosts: Box<[Host]>,
    /// Whether the spec names them; else they follow from its name.
    pub has_own_hosts: bool,
    /// Whether it answers there in plain HTTP.
    pub is_plain: bool,
    /// Whether it is under development.
    pub is_dev: bool,
    /// What its own Ollama serves.
    pub models: Arc<[ModelName]>,
    /// What its own Ollama is promised, as far as the spec says it.
    pub resources: Arc<Resources>,
    /// Pods of its own Ollama; none while it is at rest.
    pub replicas: u32,
    /// What its pods request.
    pub sum: Arc<Total>,
    /// Its pods one by one, where there are several nodes to place them on.
    pub pods: Box<[(u32, Demand)]>,
    /// What PostgreSQL keeps of the password of its role; none where its database is its own.
    pub database: Option<Arc<str>>,
    /// Its sync wave.
    pub wave: u32,
    /// Who speaks to whom in it, and to it; whoever reads a tenant by itself takes them out.
    pub flows: Box<[Flow]>,
    /// What its objects come to, under `pin: tag`; else none.
    pub content: Option<Box<Content>>,
}

impl Summary {
    /// Holds in common with another what is the same: most tenants differ in their names alone.
    pub fn share_with(&mut self, other: &Self) {
        if self.sum == other.sum {
            self.sum = Arc::clone(&other.sum);
        }
        if self.models == other.models {
            self.models = Arc::clone(&other.models);
        }
        if self.resources == other.resources {
            self.resources = Arc::clone(&other.resources);
        }
    }

    /// Of a file that makes no tenant.
    pub fn unread(file: Arc<str>) -> Self {
        Self {
            name: None,
            file,
            resource: None,
            diagnostics: Diagnostics::new(),
            hosts: Box::default(),
            has_own_hosts: false,
            is_plain: false,
            is_dev: false,
            models: Arc::default(),
            resources: Arc::default(),
            replicas: 0,
            sum: Arc::default(),
            pods: Box::default(),
            database: None,
            wave: 0,
            flows: Box::default(),
            content: None,
        }
    }
}
