//! AppProjects with the least privilege: their kinds and namespaces are those that the platform may
//! make.
//!
//! Not from what it makes today: a project that narrowed in the commit that switches a component
//! off would keep Argo CD from deleting it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::applications;
use crate::{
    builder::{may_make::MayMake, meta::Naming},
    crds::argocd::{
        AppProject, AppProjectSpec, ClusterResourceRestrictionItem, Destination, GroupKind,
        IN_CLUSTER, SignatureKey, WHILE_NAMED,
    },
    facts::charts::ObjectKind,
    names::openpgp::SigningKey,
    platform::repository::Repository,
};

/// Makes Applications and projects, nothing else.
pub const BOOTSTRAP: &str = "bootstrap";
/// The Applications that live in the namespace of models and chat, and touch nothing else.
pub const AI: &str = "ai";
/// The platform's other Applications.
pub const PLATFORM: &str = "platform";
/// The charts, where commits have to be signed: a chart has none that could be.
pub const CHARTS: &str = "charts";
/// Group, kind, and a glob over names; absent: any.
type OfCluster = (&'static str, &'static str, Option<Arc<str>>);

/// What Applications may touch: the union over those that were added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permits {
    cluster: BTreeSet<OfCluster>,
    denied: BTreeSet<OfCluster>,
    namespaced: BTreeSet<(&'static str, &'static str)>,
    namespaces: BTreeSet<Arc<str>>,
    repositories: BTreeSet<String>,
}

/// Which project each Application belongs to, and what each project permits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Projects {
    permits: BTreeMap<&'static str, Permits>,
    members: BTreeMap<&'static str, &'static str>,
}

impl Projects {
    /// From what each of the platform's Applications may touch.
    ///
    /// What touches `ai`, the namespace of models and chat, and nothing else is a group of its own:
    /// whoever changes a model or the chat front end reaches neither certificates nor Argo CD.
    /// Where commits have to be signed, what comes as a chart is one, too: Argo CD asks for a
    /// signature on whatever a project holds, and Git is no source of that one.
    pub fn of(
        applications: impl IntoIterator<Item = (&'static str, Permits)>,
        ai: &str,
        repository: &Repository,
    ) -> Self {
        let mut projects = Self::default();
        projects.permits.insert(BOOTSTRAP, Permits::of_bootstrap(&repository.url));
        for (name, permits) in applications {
            let is_signed = permits.repositories.contains(repository.url.as_str());
            let group = match is_signed || repository.signed_by.is_empty() {
                true if permits.is_within(ai) => AI,
                true => PLATFORM,
                false => CHARTS,
            };
            projects.permits.entry(group).or_default().extend(permits);
            projects.members.insert(name, group);
        }
        projects
    }

    /// What a project permits.
    pub fn permits(&self, project: &str) -> &Permits {
        self.permits.get(project).unwrap_or(&NOTHING)
    }

    /// The project of one of the platform's Applications.
    pub fn of_application(&self, name: &str) -> &'static str {
        if name == BOOTSTRAP {
            BOOTSTRAP
        } else {
            self.members.get(name).copied().unwrap_or(PLATFORM)
        }
    }
}

/// What a project permits that is not there.
static NOTHING: Permits = Permits {
    cluster: BTreeSet::new(),
    denied: BTreeSet::new(),
    namespaced: BTreeSet::new(),
    namespaces: BTreeSet::new(),
    repositories: BTreeSet::new(),
};

/// What Argo CD lets an Application do.
impl Permits {
    /// Whether such an object may be made.
    pub fn object(&self, group: &str, kind: &str, namespace: Option<&str>, name: &str) -> bool {
        let is_in = |all: &BTreeSet<OfCluster>| {
            all.iter().any(|(its, of, glob)| {
                *its == group && *of == kind && glob.as_ref().is_none_or(|it| is_like(it, name))
            })
        };
        match namespace {
            Some(namespace) => {
                self.namespace(namespace) && self.namespaced.iter().any(|it| *it == (group, kind))
            }
            None => is_in(&self.cluster) && !is_in(&self.denied),
        }
    }

    /// Whether objects may be made in a namespace.
    pub fn namespace(&self, namespace: &str) -> bool {
        let mut denied = self.namespaces.iter().filter_map(|it| it.strip_prefix('!'));
        self.namespaces.iter().any(|it| is_like(it, namespace))
            && !denied.any(|it| is_like(it, namespace))
    }

    /// Whether it may be made from a repository.
    pub fn repository(&self, url: &str) -> bool {
        self.repositories.contains(url)
    }
}

/// Whether a name is what a glob says; ours have a `*` at their end, if anywhere.
fn is_like(glob: &str, name: &str) -> bool {
    match glob.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => glob == name,
    }
}

impl Permits {
    /// Permits what another permits, too.
    pub fn extend(&mut self, other: Self) {
        self.cluster.extend(other.cluster);
        self.denied.extend(other.denied);
        self.namespaced.extend(other.namespaced);
        self.namespaces.extend(other.namespaces);
        self.repositories.extend(other.repositories);
    }

    /// Whether nothing outside of a namespace is touched.
    fn is_within(&self, namespace: &str) -> bool {
        self.cluster.is_empty() && self.namespaces.iter().all(|it| **it == *namespace)
    }

    /// Permits what an Application may ever make, and no more.
    pub fn of(may_make: &MayMake, repository: &str) -> Self {
        let mut permits = Self {
            namespaces: may_make.namespaces.iter().map(|it| Arc::from(*it)).collect(),
            ..Self::default()
        };
        let of_chart = may_make.chart.map_or(&[][..], |it| it.kinds);
        for kind in may_make.kinds.iter().chain(of_chart) {
            match *kind {
                ObjectKind::Cluster(group, kind, name) => {
                    permits.cluster.insert((group, kind, Some(name.into())));
                }
                ObjectKind::Namespaced(group, kind) => {
                    permits.namespaced.insert((group, kind));
                }
            }
        }
        permits.repositories.insert(may_make.chart.map_or(repository, |it| it.repository).into());
        permits
    }

    /// Permits to make Applications and projects.
    fn of_bootstrap(repository: &str) -> Self {
        Self {
            namespaced: ["AppProject", "Application"].map(|it| ("argoproj.io", it)).into(),
            namespaces: [Arc::from("argocd")].into(),
            repositories: [repository.to_owned()].into(),
            ..Self::default()
        }
    }

    /// Permits what a tenant makes, in its own namespace, and that Namespace itself.
    pub fn of_tenant(may_make: &MayMake, tenant: &str, repository: &str) -> Self {
        let mut permits = Self::of(may_make, repository);
        let its = |(group, kind, _)| (group, kind, Some(Arc::from(tenant)));
        permits.cluster = permits.cluster.into_iter().map(its).collect();
        permits.namespaces = [Arc::from(tenant)].into();
        permits
    }

    fn spec(&self, description: &str, signed_by: &[SignatureKey]) -> AppProjectSpec {
        AppProjectSpec {
            cluster_resource_blacklist: cluster_kinds(&self.denied),
            cluster_resource_whitelist: cluster_kinds(&self.cluster),
            description: description.to_owned(),
            destinations: self.namespaces.iter().map(destination).collect(),
            namespace_resource_blacklist: none_if(self.namespaced.is_empty()),
            namespace_resource_whitelist: self
                .namespaced
                .iter()
                .map(|(group, kind)| GroupKind { group, kind })
                .collect(),
            signature_keys: signed_by.to_vec(),
            source_repos: self.repositories.iter().cloned().collect(),
        }
    }
}

/// The keys by which Argo CD knows a signature, each once.
fn signature_keys(repository: &Repository) -> Vec<SignatureKey> {
    let ids: BTreeSet<&Arc<str>> = repository.signed_by.iter().flat_map(SigningKey::ids).collect();
    ids.into_iter().map(|it| SignatureKey { key_id: it.clone() }).collect()
}

/// An empty whitelist would be lost on the way and permit all, so that "none" is said by a
/// blacklist.
fn none_if(empty: bool) -> Vec<GroupKind> {
    if empty { vec![GroupKind { group: "*", kind: "*" }] } else { Vec::new() }
}

fn cluster_kinds(of: &BTreeSet<OfCluster>) -> Vec<ClusterResourceRestrictionItem> {
    of.iter()
        .map(|(group, kind, name)| ClusterResourceRestrictionItem {
            group,
            kind,
            name: name.clone(),
        })
        .collect()
}

fn destination(namespace: &Arc<str>) -> Destination {
    Destination { namespace: namespace.clone(), server: IN_CLUSTER }
}

/// All projects. Argo CD's own `default` permits everything, and its lists stay where ours says
/// nothing: blacklists lock it.
pub fn all(repository: &Repository, projects: &Projects, name: &str) -> Vec<AppProject> {
    let signed_by = signature_keys(repository);
    let permits = |project: &str| projects.permits(project);
    let locked = AppProjectSpec {
        cluster_resource_blacklist: vec![ClusterResourceRestrictionItem {
            group: "*",
            kind: "*",
            name: None,
        }],
        description: "Locked: every Application names a project of its own".to_owned(),
        namespace_resource_blacklist: none_if(true),
        ..AppProjectSpec::default()
    };
    let charts = projects.permits.get(CHARTS).map(|permits| {
        (
            CHARTS,
            permits.spec("The charts: what they make, where they make it, never from Git", &[]),
        )
    });
    let all = [
        (
            AI,
            permits(AI).spec(
                "Models and chat: what they make, in their own namespace, no more",
                &signed_by,
            ),
        ),
        (
            BOOTSTRAP,
            permits(BOOTSTRAP).spec("Makes Applications and projects, nothing else", &signed_by),
        ),
        ("default", locked),
        (
            PLATFORM,
            permits(PLATFORM).spec(
                "The platform's other Applications: what they make, where they make it, no more",
                &signed_by,
            ),
        ),
    ];
    let naming = Naming::Platform(name.into());
    let project = |(project, spec): (&str, AppProjectSpec)| {
        let labels = naming.labels(project, BOOTSTRAP, "project", None);
        let metadata = ObjectMeta {
            name: Some(project.to_owned()),
            namespace: Some("argocd".to_owned()),
            labels: Some(labels),
            ..ObjectMeta::default()
        };
        AppProject { metadata, spec }
    };
    all.into_iter().chain(charts).map(project).collect()
}

/// The project of one tenant. It is made before the tenant's Application, and stays until that has
/// gone: it lies beside it, and not with the others, so that it leaves with it.
pub fn of_tenant(
    repository: &Repository,
    permits: &Permits,
    tenant: &Arc<str>,
    (platform, wave): (&str, u32),
) -> AppProject {
    let name = applications::tenant_name(tenant);
    let description =
        format!("The workspace {tenant}: what it makes, in its own namespace, no more");
    beside(repository, (&name, &description), permits, (platform, wave))
}

/// A project that lies beside its one Application.
pub fn beside(
    repository: &Repository,
    (name, description): (&str, &str),
    permits: &Permits,
    (platform, wave): (&str, u32),
) -> AppProject {
    let labels = Naming::Platform(platform.into()).labels(name, name, "project", None);
    // In a sync, waves are made from the first to the last, and removed from the last to the first.
    let before = wave.saturating_sub(1).to_string();
    let metadata = ObjectMeta {
        name: Some(name.to_string()),
        namespace: Some("argocd".to_owned()),
        annotations: Some([("argocd.argoproj.io/sync-wave".to_owned(), before)].into()),
        finalizers: Some(vec![WHILE_NAMED.to_owned()]),
        labels: Some(labels),
        ..ObjectMeta::default()
    };
    let spec = permits.spec(description, &signature_keys(repository));
    AppProject { metadata, spec }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::components::workspace;

    const URL: &str = "https://git.example.org/platform.git";
    const MADE: MayMake = MayMake::in_namespace(
        "chat",
        &["ai"],
        &[ObjectKind::Namespaced("apps", "Deployment"), ObjectKind::Cluster("", "Namespace", "ai")],
    );

    fn repository() -> Repository {
        serde_yaml::from_str(&format!("url: {URL}")).expect("a repository")
    }

    fn permits(namespaces: &[&str], cluster: &[OfCluster]) -> Permits {
        Permits {
            namespaces: namespaces.iter().map(|it| Arc::from(*it)).collect(),
            cluster: cluster.iter().cloned().collect(),
            ..Permits::default()
        }
    }

    #[test]
    fn who_touches_models_and_chat_alone_is_apart_from_the_rest() {
        let role = ("rbac.authorization.k8s.io", "ClusterRole", None);
        let applications = [
            ("ollama", permits(&["ai"], &[])),
            ("ingress", permits(&["ai", "kube-system"], &[])),
            ("reader", permits(&["ai"], &[role])),
        ];
        let projects = Projects::of(applications, "ai", &repository());
        assert_eq!(
            ["ollama", "ingress", "reader"].map(|it| projects.of_application(it)),
            [AI, PLATFORM, PLATFORM]
        );
        assert_eq!(projects.of_application(BOOTSTRAP), BOOTSTRAP);
        assert_eq!(projects.permits[PLATFORM].namespaces.len(), 2, "the union of both");
    }

    #[test]
    fn an_application_may_touch_what_it_declares_and_no_more() {
        let found = Permits::of(&MADE, URL);
        assert_eq!(found.namespaced, [("apps", "Deployment")].into());
        assert_eq!(found.cluster, [("", "Namespace", Some("ai".into()))].into());
        assert_eq!(found.repositories, [URL.to_owned()].into());
        assert!(found.denied.is_empty());
        assert!(!found.is_within("ai"), "its Namespace is of the cluster");
    }

    #[test]
    fn a_tenant_s_project_names_its_namespace_alone() {
        let found = Permits::of_tenant(&MADE, "team-a", URL);
        assert_eq!(found.namespaces, ["team-a"].map(Arc::from).into());
        assert_eq!(found.cluster, [("", "Namespace", Some("team-a".into()))].into());
        assert!(found.denied.is_empty());
    }

    /// Argo CD takes a whitelist that is empty for one that is not there, which permits all.
    #[test]
    fn a_project_without_kinds_in_namespaces_says_so_by_a_blacklist() {
        let none = Permits::default().spec("", &[]);
        assert!(none.namespace_resource_whitelist.is_empty());
        assert_eq!(none.namespace_resource_blacklist.len(), 1);
        let some = Permits::of(&MADE, URL).spec("", &[]);
        assert_eq!(some.namespace_resource_whitelist.len(), 1);
        assert!(some.namespace_resource_blacklist.is_empty());
    }

    #[test]
    fn a_tenant_makes_what_tenants_make_in_its_own_namespace() {
        let url = "https://git.example.com/team/platform.git";
        let permits = Permits::of_tenant(&workspace::may_make::MAY_MAKE, "team-a", url);
        let is_permitted = |group: &str, kind: &str, namespace: Option<&str>, name: &str| {
            permits.object(group, kind, namespace, name)
        };
        assert!(is_permitted("apps", "StatefulSet", Some("team-a"), "ollama"));
        assert!(is_permitted("", "Namespace", None, "team-a"));
        for (group, kind, namespace, name) in [
            ("apps", "StatefulSet", Some("kube-system"), "ollama"),
            ("apps", "StatefulSet", Some("ai"), "ollama"),
            ("apps", "StatefulSet", Some("team-b"), "ollama"),
            ("", "Namespace", None, "team-b"),
            ("", "StatefulSet", Some("team-a"), "ollama"),
            ("", "Namespace", None, "kube-system"),
            ("", "Namespace", None, "ai"),
            ("rbac.authorization.k8s.io", "ClusterRole", None, "team-a"),
        ] {
            assert!(!is_permitted(group, kind, namespace, name), "{kind} {namespace:?} {name}");
        }
        assert!(
            permits.repository(url) && !permits.repository("https://git.example.com/other.git")
        );
    }
}
