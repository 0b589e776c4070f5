//! Argo CD Applications: what a component becomes.

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::{
    builder::{component::BuiltComponent, meta::Naming},
    components::{argocd, workspace::may_make::PREFIX},
    crds::argocd::{
        Application, ApplicationSpec, Automated, Backoff, CASCADE, Destination, Directory, Helm,
        IN_CLUSTER, IgnoreDifference, Retry, Source, SyncPolicy, ValuesObject,
    },
    platform::repository::Repository,
};

/// The folder of the projects and the root.
pub const BOOTSTRAP_FOLDER: &str = "bootstrap/argocd";

/// The folder of what people apply by hand, beside that of the projects: no Application reads it.
pub const MANUAL_FOLDER: &str = "bootstrap";

/// The folder of the folders of the Applications' objects.
pub const MANIFESTS: &str = "out/manifests";

/// The folder of an Application's objects.
pub fn folder(application: &str) -> String {
    format!("{MANIFESTS}/{application}")
}

/// The file of an Application.
pub fn file(application: &str) -> String {
    format!("apps/{application}.yaml")
}

/// A component's Application.
///
/// It tries again for a short while only: `refresh` clears the revision of a branch, and the root,
/// which follows the branch, is the one that must have patience. `PruneLast` removes what is gone
/// after all else is healthy.
pub fn of_component(
    built: &BuiltComponent,
    wave: u32,
    project: &'static str,
    folder: &str,
    to: &Follows<'_>,
) -> Application {
    let source = match &built.chart {
        Some(chart) => Source {
            chart: Some(chart.facts.name),
            directory: None,
            helm: Some(Helm {
                release_name: built.name.to_string(),
                values_object: ValuesObject(Arc::clone(&chart.values)),
            }),
            path: None,
            repo_url: chart.facts.repository.to_owned(),
            target_revision: chart.version.to_string(),
        },
        None => from_folder(to.repository, folder, to.revision),
    };
    let mut application =
        application(&built.name, &built.namespace, wave, project.into(), source, to.platform);
    if folder == BOOTSTRAP_FOLDER {
        // The root is an Application as well: compared while Argo CD asks it for something, it
        // would differ, and be synced for nothing.
        application.spec.ignore_differences = ignored_operation_fields();
        application.spec.sync_policy.sync_options = vec![
            "FailOnSharedResource=true",
            "PruneLast=true",
            "RespectIgnoreDifferences=true",
            "ServerSideApply=true",
        ];
    }
    application
}

/// What Argo CD itself writes into an Application to have something done.
fn ignored_operation_fields() -> Vec<IgnoreDifference> {
    vec![IgnoreDifference {
        group: "argoproj.io",
        json_pointers: vec!["/operation", "/metadata/annotations/argocd.argoproj.io~1refresh"],
        kind: "Application",
    }]
}

/// A tenant's Application: its objects lie in a folder of their own.
pub fn of_tenant(tenant: &Arc<str>, wave: u32, to: &Follows<'_>) -> Application {
    let name = tenant_name(tenant);
    application(
        &name,
        tenant,
        wave,
        name.clone(),
        from_folder(to.repository, &folder(&name), to.revision),
        to.platform,
    )
}

/// The Application of all resources of workspaces, where an operator makes their objects.
pub const WORKSPACES: &str = "workspaces";

/// Builds it.
pub fn of_workspaces(namespace: &Arc<str>, wave: u32, to: &Follows<'_>) -> Application {
    let source = from_folder(to.repository, &folder(WORKSPACES), to.revision);
    application(&WORKSPACES.into(), namespace, wave, WORKSPACES.into(), source, to.platform)
}

/// The file of its project.
pub const PROJECT_OF_WORKSPACES: &str = "apps/workspaces.project.yaml";

/// The file of a tenant's project. No workspace has a dot in its name, so no Application has it.
pub fn project_file(tenant: &str) -> String {
    format!("apps/{PREFIX}{tenant}.project.yaml")
}

/// The name of a tenant's Application, and of its project.
pub fn tenant_name(tenant: &str) -> Arc<str> {
    format!("{PREFIX}{tenant}").into()
}

/// The name itself, if it is that of a tenant's Application: it has no dot.
pub fn tenant(name: &str) -> Option<&str> {
    (name.starts_with(PREFIX) && !name.contains('.')).then_some(name)
}

/// What Applications follow.
pub struct Follows<'a> {
    /// The repository.
    pub repository: &'a Repository,
    /// The branch, or the tag of this very content, fully qualified.
    pub revision: &'a str,
    /// The platform's name.
    pub platform: &'a str,
}

fn application(
    name: &Arc<str>,
    namespace: &Arc<str>,
    wave: u32,
    project: Arc<str>,
    source: Source,
    platform: &str,
) -> Application {
    let mut annotations = vec![("argocd.argoproj.io/sync-wave".to_owned(), wave.to_string())];
    if source.path.is_some() {
        // A commit elsewhere in the repository leaves this Application's cache alone.
        annotations.push(("argocd.argoproj.io/manifest-generate-paths".to_owned(), ".".to_owned()));
    }
    let mut metadata = metadata(name, platform);
    metadata.annotations = Some(annotations.into_iter().collect());
    // An Argo CD that deletes itself never ends: switched off, it is handed over, and goes on.
    metadata.finalizers =
        (**name != *argocd::APPLICATION.application).then(|| vec![CASCADE.to_owned()]);
    let spec = ApplicationSpec {
        destination: Destination { namespace: namespace.clone(), server: IN_CLUSTER },
        ignore_differences: Vec::new(),
        project,
        revision_history_limit: 3,
        source,
        sync_policy: SyncPolicy {
            automated: Automated { prune: true, self_heal: true },
            // Pinned by a tag, a child tries the tag that it was given to the end, and the fix
            // waits for that. Argo CD doubles before the first wait already: these are 10, 20 and
            // 30 s, then the root's 20 s, so that a fix goes through in two minutes.
            retry: Retry {
                backoff: Backoff { duration: "5s", factor: 2, max_duration: "30s" },
                limit: 3,
                refresh: true,
            },
            sync_options: vec![
                "FailOnSharedResource=true",
                "PruneLast=true",
                "ServerSideApply=true",
            ],
        },
    };
    Application { metadata, spec }
}

/// The root: the Applications themselves. It has no finalizer, since deleting it must not delete
/// the platform, and `bootstrap`, which manages it, leaves it out of its health: it would wait for
/// the root's running sync, which waits for `bootstrap`.
pub fn root(repository: &Repository, platform: &str, project: &'static str) -> Application {
    let mut metadata = metadata("root", platform);
    metadata.annotations =
        Some([("argocd.argoproj.io/ignore-healthcheck".to_owned(), "true".to_owned())].into());
    let spec = ApplicationSpec {
        destination: Destination { namespace: "argocd".into(), server: IN_CLUSTER },
        ignore_differences: ignored_operation_fields(),
        project: project.into(),
        revision_history_limit: 5,
        source: from_folder(repository, "apps", &repository.revision()),
        sync_policy: SyncPolicy {
            automated: Automated { prune: true, self_heal: true },
            retry: Retry {
                backoff: Backoff { duration: "10s", factor: 2, max_duration: "3m" },
                limit: 20,
                refresh: true,
            },
            sync_options: vec![
                "FailOnSharedResource=true",
                "RespectIgnoreDifferences=true",
                "ServerSideApply=true",
            ],
        },
    };
    Application { metadata, spec }
}

fn from_folder(repository: &Repository, folder: &str, revision: &str) -> Source {
    Source {
        chart: None,
        directory: Some(Directory { include: "*.yaml", recurse: true }),
        helm: None,
        path: Some(repository.path(folder)),
        repo_url: repository.url.to_string(),
        target_revision: revision.to_owned(),
    }
}

fn metadata(name: &str, platform: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.to_owned()),
        namespace: Some("argocd".to_owned()),
        labels: Some(Naming::Platform(platform.into()).labels(name, name, "application", None)),
        ..ObjectMeta::default()
    }
}
