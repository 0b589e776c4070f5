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

use crate::{
    builder::{may_make::MayMake, meta::Naming},
    crds::argocd::{
        AppProject, AppProjectSpec, ClusterKind, Destination, GroupKind, IN_CLUSTER, SignatureKey,
    },
    facts::charts::Kind,
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
/// The tenants' Applications.
pub const TENANTS: &str = "tenants";

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
    tenants: Permits,
}

impl Projects {
    /// From what each of the platform's Applications may touch, and any tenant.
    ///
    /// What touches `ai`, the namespace of models and chat, and nothing else is a group of its own:
    /// whoever changes a model or the chat front end reaches neither certificates nor Argo CD.
    /// Where commits have to be signed, what comes as a chart is one, too: Argo CD asks for a
    /// signature on whatever a project holds, and Git is no source of that one.
    pub fn of(
        applications: BTreeMap<&'static str, Permits>,
        ai: &str,
        repository: &Repository,
        tenants: Permits,
    ) -> Self {
        let mut projects = Self { tenants, ..Self::default() };
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

    /// The project of one of the platform's Applications.
    pub fn of_application(&self, name: &str) -> &'static str {
        if name == BOOTSTRAP {
            BOOTSTRAP
        } else {
            self.members.get(name).copied().unwrap_or(PLATFORM)
        }
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
                Kind::Cluster(group, kind, name) => {
                    permits.cluster.insert((group, kind, Some(name.into())));
                }
                Kind::Namespaced(group, kind) => {
                    permits.namespaced.insert((group, kind));
                }
            }
        }
        permits.repositories.insert(may_make.chart.map_or(repository, |it| it.repository).into());
        permits
    }

    /// Permits what any tenant makes, whatever it is called: everywhere but in the namespaces of
    /// the cluster and of the platform.
    ///
    /// Enumerated namespaces would be narrower, and narrow in the very commit that takes a tenant
    /// out: Argo CD then leaves its objects running, since the project no longer lets it delete
    /// them. A tenant brings its own Namespace, which is of the cluster: those of the cluster and
    /// of the platform are denied by name, lest it label them for privileged pods.
    pub fn of_tenants(
        may_make: &MayMake,
        reserved: impl Iterator<Item = &'static str> + Clone,
        repository: &str,
    ) -> Self {
        let mut permits = Self::of(may_make, repository);
        permits.cluster =
            permits.cluster.into_iter().map(|(group, kind, _)| (group, kind, None)).collect();
        permits.denied = reserved.clone().map(|it| ("", "Namespace", Some(it.into()))).collect();
        permits.namespaces =
            reserved.map(|it| format!("!{it}").into()).chain(["*".into()]).collect();
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

fn cluster_kinds(of: &BTreeSet<OfCluster>) -> Vec<ClusterKind> {
    of.iter().map(|(group, kind, name)| ClusterKind { group, kind, name: name.clone() }).collect()
}

fn destination(namespace: &Arc<str>) -> Destination {
    Destination { namespace: namespace.clone(), server: IN_CLUSTER }
}

/// All projects. Argo CD's own `default` permits everything, and its lists stay where ours says
/// nothing: blacklists lock it.
pub fn all(repository: &Repository, projects: &Projects, name: &str) -> Vec<AppProject> {
    let none = Permits::default();
    let signed_by = signature_keys(repository);
    let permits = |group: &str| projects.permits.get(group).unwrap_or(&none);
    let bootstrap = AppProjectSpec {
        description: "Makes Applications and projects, nothing else".to_owned(),
        destinations: vec![destination(&"argocd".into())],
        namespace_resource_whitelist: ["AppProject", "Application"]
            .map(|kind| GroupKind { group: "argoproj.io", kind })
            .into(),
        signature_keys: signed_by.clone(),
        source_repos: vec![repository.url.to_string()],
        ..AppProjectSpec::default()
    };
    let locked = AppProjectSpec {
        cluster_resource_blacklist: vec![ClusterKind { group: "*", kind: "*", name: None }],
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
    let tenants = "The tenants' Applications: what they make, outside of the cluster's and the \
                   platform's namespaces";
    let all = [
        (
            AI,
            permits(AI).spec(
                "Models and chat: what they make, in their own namespace, no more",
                &signed_by,
            ),
        ),
        (BOOTSTRAP, bootstrap),
        ("default", locked),
        (
            PLATFORM,
            permits(PLATFORM).spec(
                "The platform's other Applications: what they make, where they make it, no more",
                &signed_by,
            ),
        ),
        (TENANTS, projects.tenants.spec(tenants, &signed_by)),
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
