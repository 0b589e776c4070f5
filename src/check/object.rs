//! Objects as rules see them: built, or read from a file, and what else they may ask.

use std::{fmt, panic::Location, sync::Arc};

use serde_json::Value;

use crate::{
    builder::{component::BuiltComponent, object::Object, workload::Workload},
    diag::{
        diagnostic::{Diagnostic, Place},
        path::FieldPath,
    },
    plan::{Plan, copies::RequiredSecret, projects::Permits},
    platform::files::SECRETS,
    yaml::scalars,
};

/// What names an object among all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectKey<'a> {
    /// The API group; empty for the core group.
    pub group: &'a str,
    /// The kind.
    pub kind: &'a str,
    /// `metadata.namespace`; none for what belongs to the cluster.
    pub namespace: Option<&'a str>,
    /// `metadata.name`.
    pub name: &'a str,
}

impl fmt::Display for ObjectKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.namespace {
            Some(namespace) => write!(f, "{} `{namespace}/{}`", self.kind, self.name),
            None => write!(f, "{} `{}`", self.kind, self.name),
        }
    }
}

/// One object, wherever it comes from.
pub trait ObjectView {
    /// What names it.
    fn key(&self) -> ObjectKey<'_>;

    /// The scalars at a path of keys, in their order; `*` is any item of a list, or any key of a
    /// map.
    fn all(&self, path: &[&str]) -> Vec<Value>;

    /// The text at a path of keys.
    fn text(&self, path: &[&str]) -> Option<String> {
        self.texts(path).into_iter().next()
    }

    /// The texts at a path of keys.
    fn texts(&self, path: &[&str]) -> Vec<String> {
        let text = |value| match value {
            Value::String(text) => Some(text),
            _ => None,
        };
        self.all(path).into_iter().filter_map(text).collect()
    }

    /// The pods that it makes, if it makes any.
    fn workload(&self) -> Option<Workload<'_>>;

    /// Where a person can change it.
    fn place(&self) -> Place;

    /// A further part of the spec that it follows from, and what that says.
    fn related(&self) -> Option<(Place, &'static str)> {
        None
    }

    /// Where the program made it, if it did.
    fn made_at(&self) -> Option<&'static Location<'static>>;
}

/// What an object rule sees besides the object: the Application that holds it, and the platform.
pub struct ApplicationView<'a> {
    /// The platform.
    pub plan: &'a Plan,
    /// What the Application makes.
    pub component: &'a BuiltComponent,
    /// The Secrets that are sealed for it, or will be.
    pub secrets: &'a [RequiredSecret],
    /// Its project, and what that permits; none where a person applies the objects.
    pub project: Option<(&'a str, &'a Permits)>,
    /// The file of the workspace that it comes from; none for the platform's own.
    pub workspace: Option<&'a Arc<str>>,
}

impl ApplicationView<'_> {
    /// The part of the spec that it comes from: the component's section, or the workspace.
    pub fn place(&self) -> Place {
        let root = FieldPath::root().key("spec");
        if let Some(file) = self.workspace {
            return Place::Value { file: Arc::clone(file), path: root };
        }
        let file = Arc::clone(self.plan.file());
        let sections = self.plan.platform().spec.components.sections();
        let is_its = |application| application == &*self.component.name;
        let section = sections
            .iter()
            .find(|section| section.may_make().iter().any(|it| is_its(it.application)));
        match section {
            Some(section) => Place::Value { file, path: root.key("components").key(section.key()) },
            None => Place::File(file),
        }
    }
}

/// An object that was built, in its Application.
pub struct BuiltObject<'a> {
    /// The object.
    pub object: &'a Object,
    /// The Application that holds it.
    pub of: &'a ApplicationView<'a>,
}

impl ObjectView for BuiltObject<'_> {
    fn key(&self) -> ObjectKey<'_> {
        key(self.object)
    }

    fn all(&self, path: &[&str]) -> Vec<Value> {
        scalars::at(self.object.values(), path)
    }

    fn workload(&self) -> Option<Workload<'_>> {
        self.object.workload()
    }

    fn place(&self) -> Place {
        self.of.place()
    }

    /// The host of an Ingress, and the sealed values of a Secret.
    fn related(&self) -> Option<(Place, &'static str)> {
        let plan = self.of.plan;
        match self.object.kind {
            "Ingress" => {
                let host = self.text(&["spec", "rules", "*", "host"])?;
                let mut domains = plan.platform().spec.domains.own();
                let (field, _) = domains.find(|it| **it.1 == *host)?;
                let path = FieldPath::root().key("spec").key("domains").key(field);
                Some((Place::Value { file: plan.file().clone(), path }, "its host"))
            }
            "SealedSecret" => {
                let mut secrets = self.of.secrets.iter();
                let name = self.object.name();
                let secret = secrets.find(|it| **it.credential.secret() == *name)?;
                let file = format!("{SECRETS}{}.yaml", secret.credential.name());
                Some((Place::File(file.into()), "its values"))
            }
            _ => None,
        }
    }

    fn made_at(&self) -> Option<&'static Location<'static>> {
        Some(self.object.made_at)
    }
}

/// What names an object that was built.
pub fn key(object: &Object) -> ObjectKey<'_> {
    ObjectKey {
        group: object.group(),
        kind: object.kind,
        namespace: object.namespace(),
        name: object.name(),
    }
}

/// What to do about a finding that no spec can bring about.
pub const BUG: &str = "this is a bug in espalier, please report it, with the spec";

/// Completes a finding about an object that no spec can bring about: with the line of the program
/// that made it, which is what a report needs.
pub fn bug(finding: Diagnostic, object: &dyn ObjectView) -> Diagnostic {
    let mut finding = finding.help(BUG);
    if let Some((place, label)) = object.related() {
        finding = finding.related(place, label);
    }
    match object.made_at() {
        Some(at) => finding.note(format!("it was made at {}:{}", at.file(), at.line())),
        None => finding,
    }
}
