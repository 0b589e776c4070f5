//! The values of Argo CD's chart, as far as the platform sets them.

use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;

use crate::{
    builder::chart::values::{ChartResources, Lookup, Sized, Strategy, Switch},
    platform::{
        images::Tagged,
        repository::Repository,
        trust::{Authorities, HostKeys},
    },
};

/// The chart's values, only what differs from its defaults, and what must not change with them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Values {
    pub(super) application_set: Unused,
    pub(super) configs: Configs,
    pub(super) controller: PodValues,
    pub(super) crds: Crds,
    pub(super) dex: Switch,
    pub(super) global: Global,
    pub(super) notifications: Switch,
    pub(super) redis: Cache,
    pub(super) redis_secret_init: Sized,
    pub(super) repo_server: RepoServer,
    pub(super) server: PodValues,
}

/// The chart has no switch for `ApplicationSet`s: none of this tree is one. Anyone who scales the
/// controller up finds its pod with a limit like all others.
#[derive(Serialize)]
pub(super) struct Unused {
    pub(super) replicas: u32,
    pub(super) resources: ChartResources,
}

/// Nothing but the password's hook speaks to the API server for it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Cache {
    pub(super) automount_service_account_token: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) image: Option<Tagged>,
    pub(super) resources: ChartResources,
}

#[derive(Serialize)]
pub(super) struct Configs {
    pub(super) cm: Settings,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) gpg: Option<Keyring>,
    pub(super) params: Parameters,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) secret: Option<Annotated>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ssh: Option<HostsKnown>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tls: Option<Certified>,
}

/// `argocd-ssh-known-hosts-cm`, behind the lines of the chart itself.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HostsKnown {
    pub(super) extra_hosts: String,
}

impl HostsKnown {
    pub(super) fn of(keys: &HostKeys) -> Self {
        Self { extra_hosts: keys.text() }
    }
}

/// `argocd-tls-certs-cm`: by host, the authorities that certify it, and no others then.
#[derive(Serialize)]
pub(super) struct Certified {
    pub(super) certificates: BTreeMap<String, Arc<str>>,
}

impl Certified {
    pub(super) fn of(repository: &Repository, authorities: &Authorities) -> Self {
        let host = repository.url.host().to_owned();
        Self { certificates: BTreeMap::from([(host, Arc::clone(&authorities.text))]) }
    }
}

/// `argocd-gpg-keys-cm`: whose signatures Argo CD can read. Which of them a project asks for stands
/// in the project.
#[derive(Serialize)]
pub(super) struct Keyring {
    pub(super) keys: BTreeMap<Arc<str>, String>,
}

impl Keyring {
    pub(super) fn of(repository: &Repository) -> Option<Self> {
        let keys: BTreeMap<_, _> =
            repository.signed_by.iter().map(|it| (it.id().clone(), it.text().to_owned())).collect();
        (!keys.is_empty()).then_some(Self { keys })
    }
}

/// `argocd-secret`, which Argo CD fills with keys of its own. `patch` lets the controller add ours;
/// with `managed` too it would own the whole Secret, and take it along when the SealedSecret goes.
#[derive(Serialize)]
pub(super) struct Annotated {
    pub(super) annotations: Patchable,
}

#[derive(Serialize)]
pub(super) struct Patchable {
    #[serde(rename = "sealedsecrets.bitnami.com/patch")]
    pub(super) patch: &'static str,
}

/// `argocd-cm`.
#[derive(Serialize)]
pub(super) struct Settings {
    /// A UI without accounts locks everyone out.
    #[serde(rename = "admin.enabled")]
    pub(super) admin: bool,
    #[serde(rename = "application.resourceTrackingMethod")]
    pub(super) tracking: &'static str,
    /// Charts are Helm sources; nothing of the tree is Kustomize or Jsonnet, and a tool that is off
    /// cannot be misled into.
    #[serde(rename = "jsonnet.enable")]
    pub(super) jsonnet: &'static str,
    #[serde(rename = "kustomize.enable")]
    pub(super) kustomize: &'static str,
    #[serde(rename = "resource.customizations.health.argoproj.io_Application")]
    pub(super) health: &'static str,
    #[serde(
        rename = "resource.customizations.health.apps.aichatworkspaces.io_AIChatWorkspace",
        skip_serializing_if = "Option::is_none"
    )]
    pub(super) health_of_workspaces: Option<&'static str>,
    #[serde(rename = "resource.exclusions")]
    pub(super) exclusions: String,
    #[serde(rename = "timeout.reconciliation")]
    pub(super) reconciliation: &'static str,
}

/// `argocd-cmd-params-cm`, for one small node.
#[derive(Serialize)]
pub(super) struct Parameters {
    #[serde(rename = "controller.diff.server.side")]
    pub(super) server_side_diff: &'static str,
    #[serde(rename = "controller.kubectl.parallelism.limit")]
    pub(super) kubectl: &'static str,
    #[serde(rename = "controller.operation.processors")]
    pub(super) operations: &'static str,
    #[serde(rename = "controller.status.processors")]
    pub(super) comparisons: &'static str,
    /// In seconds. A wave that never gets healthy would hold its sync without end; a slow line
    /// takes hours for images and models, and a sync that was ended is not tried again for the same
    /// commit.
    #[serde(rename = "controller.sync.timeout.seconds")]
    pub(super) sync_timeout: &'static str,
    /// Nothing of the tree is another repository, and one that a commit names would be fetched from
    /// wherever it says.
    #[serde(rename = "reposerver.enable.git.submodule")]
    pub(super) submodules: &'static str,
    /// How many charts are rendered at once: this is what the repo-server's memory follows from.
    #[serde(rename = "reposerver.parallelism.limit")]
    pub(super) renderings: &'static str,
    /// TLS ends at the ingress controller; a server that redirects to TLS behind it never answers.
    #[serde(rename = "server.insecure")]
    pub(super) plain_http: bool,
}

#[derive(Serialize)]
pub(super) struct PodValues {
    #[serde(rename = "dnsConfig")]
    pub(super) lookup: Lookup,
    pub(super) env: Vec<Variable>,
    pub(super) metrics: Switch,
    pub(super) resources: ChartResources,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RepoServer {
    /// It reads Git and renders: its Role has no rule.
    pub(super) automount_service_account_token: bool,
    pub(super) copyutil: Sized,
    #[serde(flatten)]
    pub(super) pod: PodValues,
}

#[derive(Serialize)]
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) value: String,
}

#[derive(Serialize)]
pub(super) struct Crds {
    pub(super) install: bool,
    pub(super) keep: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Global {
    pub(super) deployment_strategy: Strategy,
    pub(super) domain: String,
    /// Of all pods but the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) image: Option<Tagged>,
    pub(super) network_policy: NetworkPolicy,
}

/// Policies only add up, and the chart's allow every client: ours are derived from the flows below.
#[derive(Serialize)]
pub(super) struct NetworkPolicy {
    pub(super) create: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Exclusion {
    pub(super) api_groups: &'static [&'static str],
    pub(super) clusters: [&'static str; 1],
    pub(super) kinds: &'static [&'static str],
}
