//! One line for each request that would change something: who, what, and what became of it.

use std::sync::{Arc, Mutex, MutexGuard};

use crate::cluster::reviews::User;

/// What is known of a request so far.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// Who asked; nobody is told of before they are known.
    pub user: Option<Arc<User>>,
    /// The verb of the right that it wants.
    pub verb: &'static str,
    /// The name of the workspace.
    pub name: String,
    /// Whether nothing is written.
    pub is_dry: bool,
    /// The version before.
    pub before: Option<String>,
    /// The version after; none where nothing was written.
    pub after: Option<String>,
}

/// The entry of a request, while it is answered.
#[derive(Clone, Debug, Default)]
pub struct Trail(Arc<Mutex<Entry>>);

impl Trail {
    /// The entry.
    pub fn entry(&self) -> MutexGuard<'_, Entry> {
        self.0.lock().expect("nobody panics while holding it")
    }

    /// Writes the line, if the request would have changed something for somebody who is known.
    pub fn write(&self, request: &str, status: u16, outcome: &str) {
        let entry = self.entry().clone();
        let Some(user) = entry.user.filter(|_| !entry.verb.is_empty()) else { return };
        tracing::info!(
            target: "audit",
            request,
            user = user.name,
            groups = user.groups.join(","),
            verb = entry.verb,
            name = entry.name,
            dry_run = entry.is_dry,
            status,
            outcome,
            before = entry.before,
            after = entry.after,
            "{} {}", entry.verb, entry.name,
        );
    }
}
