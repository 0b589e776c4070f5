//! The plan as rows: what `show`, `out/README.md` and tools read.

use std::sync::Arc;

use serde::Serialize;

/// One Application and its wave.
#[derive(Debug, Serialize)]
pub struct WaveRow {
    /// Its name.
    pub application: Arc<str>,
    /// Its wave: it is created when all of the earlier waves are healthy.
    pub wave: u32,
    /// What it directly waits for.
    pub after: Vec<Arc<str>>,
    /// Its destination.
    pub namespace: Arc<str>,
}

/// One permitted connection.
#[derive(Debug, Serialize, PartialEq, Eq, PartialOrd, Ord)]
pub struct FlowRow {
    /// Who speaks: `namespace/pods`.
    pub from: String,
    /// Who is spoken to.
    pub to: String,
    /// The pods' port.
    pub port: u16,
    /// `TCP` or `UDP`.
    pub protocol: &'static str,
    /// Who declared it.
    pub why: String,
}

/// One credential.
#[derive(Debug, Serialize)]
pub struct SecretRow {
    /// Its name.
    pub credential: &'static str,
    /// What must be sealed.
    pub keys: Vec<&'static str>,
    /// Namespaces that need a copy.
    pub namespaces: Vec<Arc<str>>,
    /// Whether every copy is sealed.
    pub sealed: bool,
    /// Applications that spend it.
    pub used_by: Vec<Arc<str>>,
}
