//! All components as sections: the one list of them.

use super::{floor_plan::Components, namespaces, section::Section};
use crate::builder::may_make::MayMake;

impl Components {
    /// Every component, in the order of the floor plan. A test walks the JSON Schema and fails on a
    /// section that is missing here, and on a field that its description lacks.
    pub fn sections(&self) -> [&dyn Section; 9] {
        [
            &self.argocd,
            &self.traefik,
            &self.cert_manager,
            &self.sealed_secrets,
            &self.postgresql,
            &self.ollama,
            &self.redis,
            &self.open_webui,
            &self.backup,
        ]
    }

    /// Whether the component of that key runs.
    pub fn is_enabled(&self, key: &str) -> bool {
        self.sections().iter().any(|it| it.key() == key && it.is_enabled())
    }
}

/// What each Application may ever make: the AppProjects are made of this.
pub fn may_make() -> Vec<&'static MayMake> {
    let components = Components::default();
    namespaces::MAY_MAKE
        .iter()
        .chain(components.sections().iter().flat_map(|it| it.may_make()))
        .collect()
}
