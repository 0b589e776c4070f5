//! The library, for programs that depend on it: the plan of a platform from its files, a tenant
//! from a text or from a value, the objects that they become, and findings.

pub(crate) mod models;
pub(crate) mod operated;
pub(crate) mod room;
#[cfg(feature = "seal")]
pub(crate) mod sealer;
pub(crate) mod text;

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use serde_json::{Map, Value, json};

use crate::{
    builder::object,
    check::{components, view::SpecView, workspace_database, workspaces},
    compile,
    diag::diagnostic::Diagnostics,
    emit::files::Files,
    load::Sources,
    plan::{self, tenant},
    report::{
        self,
        machine::{self, Finding},
    },
    yaml::source::Source,
};

/// The plan of a platform whose spec has no error, ready for tenants.
pub struct Plan(plan::Plan);

/// A tenant whose resource has no error, planned against a platform: its namespace, everything in
/// it, its network policies.
pub struct Tenant {
    planned: tenant::Tenant,
    source: Source,
    several_nodes: bool,
}

/// One Kubernetes object.
#[derive(Clone, Copy)]
pub struct Object<'a>(&'a object::Object);

/// What is wrong with what was read, and where.
pub struct Findings {
    all: Diagnostics,
    sources: BTreeMap<Arc<str>, Source>,
}

/// A tree: paths below the root of the repository, with `/`, and the bytes of each file.
pub type Tree = BTreeMap<String, Vec<u8>>;

impl Plan {
    /// Reads a platform, runs every rule on its spec, builds and plans it.
    ///
    /// The files are named by their paths from the root of the repository: `spec/platform.yaml`,
    /// and as far as they are there `spec/versions.yaml`, `spec/sealing.pem`,
    /// `spec/secrets/<name>.yaml` and the files that the spec names itself (`spec/known_hosts`).
    /// There is no plan where one of the findings is an error.
    pub fn load<'a>(
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> (Option<Self>, Findings) {
        let texts = files.into_iter().map(|(file, text)| (file.into(), Source::parse(file, text)));
        let sources = Sources { texts: texts.collect() };
        let compile::Loaded { plan, diagnostics } = compile::platform(&sources);
        (plan.map(Self), Findings { all: diagnostics.capped(), sources: sources.texts })
    }

    /// Reads a tenant from the text of its file, `spec/workspaces/<name>.yaml`, and plans it.
    pub fn tenant(&self, file: &str, text: &str) -> (Option<Tenant>, Findings) {
        self.planned(Source::parse(file, text))
    }

    /// Reads a tenant from its resource, and plans it. `file` is what findings call it.
    ///
    /// Only `apiVersion`, `kind`, `metadata.name` and `spec` are read: the rest of a resource that
    /// the API server returned is the server's own. `database: shared` is an error: the Job that
    /// makes databases knows the workspaces of the tree, and nobody makes one for a resource.
    pub fn tenant_of(&self, file: &str, resource: &Value) -> (Option<Tenant>, Findings) {
        let written = ["apiVersion", "kind", "spec"]
            .into_iter()
            .filter_map(|key| Some((key.to_owned(), resource.get(key)?.clone())));
        let mut read: Map<String, Value> = written.collect();
        if let Some(metadata) = resource.get("metadata") {
            let name = metadata.get("name").map_or_else(|| json!({}), |it| json!({ "name": it }));
            read.insert("metadata".to_owned(), name);
        }
        // JSON is YAML: one reader for both, so one set of findings. Its lines are nobody's.
        let (tenant, found) = self.planned(Source::parse(file, Value::Object(read).to_string()));
        let (tenant, found) = refused(tenant, found, file);
        (tenant, Findings { sources: BTreeMap::new(), ..found })
    }

    fn planned(&self, source: Source) -> (Option<Tenant>, Findings) {
        let (planned, mut found) = compile::planned(&self.0, &source);
        let file = source.file.clone();
        if planned.is_none() && !found.has_errors() {
            let spec = SpecView { platform: self.0.platform(), file: self.0.file() };
            found.push(components::without_issuer(&spec, &file, "the workspace"));
        }
        let sources = BTreeMap::from([(file, source.clone())]);
        let several_nodes = self.0.has_several_nodes();
        let tenant = planned.map(|planned| Tenant { planned, source, several_nodes });
        (tenant, Findings { all: found.capped(), sources })
    }

    /// Its Applications, each with the objects that it makes, in the order in which they are built.
    pub fn applications(&self) -> impl Iterator<Item = (&str, impl Iterator<Item = Object<'_>>)> {
        self.0
            .applications()
            .map(|planned| (&*planned.component.name, planned.component.objects.iter().map(Object)))
    }

    /// The whole tree, and what every rule finds that needs all of it: whether it fits the nodes,
    /// whether a tenant wants a host of the platform. No tree where one of the findings is an
    /// error. Such a finding names a file, but no line: it was not given again.
    ///
    /// The order of `tenants` makes no difference. Of several of one name, the first is taken, and
    /// the others are findings.
    pub fn tree(&self, tenants: Vec<Tenant>) -> (Option<Tree>, Findings) {
        let (mut tree, mut files) = (Tree::new(), Files::default());
        let mut keep = |files: &mut Files| {
            tree.extend(files.iter().map(|(path, bytes)| (path.to_owned(), bytes.to_vec())));
            files.clear();
        };
        // In the order of their files' names, as the program takes them.
        let mut by_file = BTreeMap::new();
        let mut twice = Diagnostics::new();
        for tenant in tenants {
            match by_file.entry(format!("{}.yaml", tenant.namespace())) {
                Entry::Vacant(place) => {
                    place.insert(tenant);
                }
                Entry::Occupied(_) => twice.push(workspaces::twice(&tenant.source.file)),
            }
        }
        let mut summaries = Vec::with_capacity(by_file.len());
        for Tenant { planned, source, .. } in by_file.into_values() {
            summaries.push(compile::emitted(&self.0, planned, &source, &mut files));
            keep(&mut files);
        }
        let mut found = compile::whole(&self.0, &summaries, &mut files).found;
        keep(&mut files);
        found.extend(twice);
        let tree = (!found.has_errors()).then_some(tree);
        (tree, Findings { all: found.capped(), sources: BTreeMap::new() })
    }
}

impl Tenant {
    /// Its namespace.
    pub fn namespace(&self) -> &str {
        &self.planned.name
    }

    /// Its public host, the first one where it has several.
    pub fn host(&self) -> Option<&str> {
        self.planned.hosts.first().map(|it| &**it)
    }

    /// All that it consists of. An object that others refer to comes before them.
    pub fn objects(&self) -> impl Iterator<Item = Object<'_>> {
        self.planned.component.objects.iter().map(Object)
    }

    /// The same in steps: the objects of one step can be applied at once, when those of the step
    /// before are there.
    pub fn steps(&self) -> impl Iterator<Item = impl Iterator<Item = Object<'_>>> {
        let steps = self.planned.component.objects.chunk_by(|a, b| a.step() == b.step());
        steps.map(|step| step.iter().map(Object))
    }
}

impl<'a> Object<'a> {
    /// What [`Object::yaml`] is to the API server: `PATCH` it to [`Object::url`] with a
    /// `fieldManager` (server-side apply), as it is.
    pub const MEDIA_TYPE: &'static str = "application/apply-patch+yaml";

    /// `v1` or `group/version`.
    pub fn api_version(self) -> &'static str {
        self.0.api_version
    }

    /// The kind.
    pub fn kind(self) -> &'static str {
        self.0.kind
    }

    /// Its namespace; none for what belongs to the cluster.
    pub fn namespace(self) -> Option<&'a str> {
        self.0.namespace()
    }

    /// Its name.
    pub fn name(self) -> &'a str {
        self.0.name()
    }

    /// The kind in the API server's URLs: `deployments`.
    pub fn plural(self) -> &'static str {
        self.0.plural
    }

    /// Whether objects of its kind belong to a namespace.
    pub fn is_namespaced(self) -> bool {
        self.0.is_namespaced
    }

    /// Its path at the API server: `/apis/apps/v1/namespaces/a-team/deployments/chat`.
    pub fn url(self) -> String {
        self.0.url()
    }

    /// The YAML document, as it stands in the tree below the line that says who generated it.
    pub fn yaml(self) -> Vec<u8> {
        let mut out = Vec::new();
        self.0.emit(&mut out);
        out
    }

    /// The same as JSON in one line.
    pub fn json(self) -> Vec<u8> {
        let mut out = Vec::new();
        self.0.json(&mut out);
        out
    }
}

/// What was planned, without a tenant for whose resource nobody makes a database.
fn refused(tenant: Option<Tenant>, mut found: Findings, file: &str) -> (Option<Tenant>, Findings) {
    match tenant {
        Some(tenant) if tenant.planned.database.is_some() => {
            found.all.push(workspace_database::of_resource(file));
            (None, found)
        }
        tenant => (tenant, found),
    }
}

impl Findings {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether one of them is an error: then nothing was made.
    pub fn has_errors(&self) -> bool {
        self.all.has_errors()
    }

    /// The same without lines and columns: of a text that nobody has.
    #[must_use]
    pub fn without_lines(self) -> Self {
        Self { all: self.all, sources: BTreeMap::new() }
    }

    /// The findings, in the order of their places.
    pub fn list(&self) -> Vec<Finding<'_>> {
        machine::findings(&self.all, &self.sources)
    }

    /// A JSON array of them, as `espalier check --format json` prints it.
    pub fn json(&self) -> String {
        report::json(&self.all, &self.sources)
    }
}
