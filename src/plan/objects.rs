//! What Argo CD itself reads, as objects: the projects, the root, the Applications.

use super::{
    Plan, Planned, applications,
    projects::{self, BOOTSTRAP},
};
use crate::{builder::object::Object, crds::argocd::Application};

impl Plan {
    /// The AppProjects.
    pub fn project_objects(&self) -> Vec<Object> {
        let all = projects::all(self.repository(), self.projects(), self.name());
        all.into_iter().map(|it| Object::from_plan_custom(it)).collect()
    }

    /// The root, which makes the Applications.
    pub fn root(&self) -> Object {
        let root = applications::root(self.repository(), self.name(), BOOTSTRAP);
        Object::from_plan_custom(root)
    }

    /// The Applications of the platform at a revision, in build order, each with what it is of.
    pub fn application_objects<'a>(
        &'a self,
        revision: &'a str,
    ) -> impl Iterator<Item = (Planned<'a>, Application)> {
        let follows = self.follows(revision);
        self.applications().map(move |planned| {
            let Planned { component, wave, project, folder } = &planned;
            let its = applications::of_component(component, *wave, project, folder, &follows);
            (planned, its)
        })
    }
}
