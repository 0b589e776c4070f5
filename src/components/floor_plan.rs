//! The floor plan: the components of a platform, and who feeds whom.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    builder::{
        cluster::ClusterFacts,
        credential::CredentialStore,
        handle::{Contributions, IssuerRef, NamespaceRef, PriorityRef},
        platform::PlatformBuilder,
        scope::BuiltComponent,
    },
    components::{
        argocd::{self, Admin, ArgoCd},
        backup::{self, Backup},
        cert_manager::{self, CertManager},
        namespaces, node_alerts,
        ollama::Ollama,
        open_webui::{self, OpenWebUi},
        postgresql::{self, Postgresql},
        redis::Redis,
        secrets::{self, SealedSecrets},
        traefik::Traefik,
    },
    names::{DnsLabel, ObjectName},
    platform::{
        certificates::{Certificates, Domains, Issuer},
        node::Node,
        node_group::{NodeGroup, Nodes},
        repository::Repository,
        sealed::{ApiVersion, SealedStore, SealingCertificate},
        storage::Storage,
        versions::Versions,
    },
};

/// `spec/platform.yaml`: everything that differs from one platform to the next.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlatformSpec {
    /// `espalier.dev/v1alpha1`.
    pub api_version: ApiVersion,
    /// `Platform`.
    pub kind: PlatformKind,
    /// Its name.
    pub metadata: Metadata,
    /// The rest.
    pub spec: Spec,
}

/// The kind of `spec/platform.yaml`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub enum PlatformKind {
    /// The only one.
    Platform,
}

/// What the platform is called.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Metadata {
    /// A label value on every object (`app.kubernetes.io/part-of`).
    pub name: DnsLabel,
}

/// The platform.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// Where the tree is committed.
    pub repository: Repository,
    /// What it runs on, when that is one machine.
    pub node: Option<Node>,
    /// What it runs on, when there are several: groups of equal nodes, in place of `node`.
    #[serde(default)]
    pub nodes: Vec<NodeGroup>,
    /// Its public hosts.
    pub domains: Domains,
    /// Who certifies them.
    pub certificates: Certificates,
    /// Where its volumes are.
    #[serde(default)]
    pub storage: Storage,
    /// What it consists of.
    #[serde(default)]
    pub components: Components,
}

impl Spec {
    /// The nodes, however they are written.
    pub fn all_nodes(&self) -> Nodes {
        Nodes::of(self.node.as_ref(), &self.nodes)
    }
}

/// The components; what is not written has its defaults.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Components {
    /// Argo CD itself.
    pub argocd: ArgoCd,
    /// k3s' packaged ingress controller.
    pub traefik: Traefik,
    /// Certificates.
    pub cert_manager: CertManager,
    /// Opens sealed values.
    pub sealed_secrets: SealedSecrets,
    /// The database.
    pub postgresql: Postgresql,
    /// What several chat front ends share.
    pub redis: Redis,
    /// Models.
    pub ollama: Ollama,
    /// The chat front end.
    pub open_webui: OpenWebUi,
    /// Copies of the database and of uploaded files. Absent: none are made; `backup: {}` makes them
    /// every night on the node's own disk.
    pub backup: Option<Backup>,
}

/// Key in the spec → Application: the one table of the two spellings. An Application that is not in
/// it is derived.
pub const APPLICATIONS: [(&str, &str); 9] = [
    ("argocd", ARGOCD),
    ("backup", "backup"),
    ("certManager", "cert-manager"),
    ("ollama", "ollama"),
    ("openWebui", "openwebui"),
    ("postgresql", "postgresql"),
    ("redis", "redis"),
    ("sealedSecrets", "sealed-secrets"),
    ("traefik", "traefik"),
];

/// The Application that makes the projects and the root; always the first.
pub const BOOTSTRAP: &str = "bootstrap";
/// Argo CD's own Application.
pub const ARGOCD: &str = "argocd";
/// The Application that holds the policies of the platform's namespaces.
pub const NETWORK_POLICIES: &str = "network-policies";
/// The Application that holds the sealed copies.
pub const APP_SECRETS: &str = "app-secrets";

/// The spec, resolved: with the versions and the sealed values that lie beside it.
#[derive(Clone)]
pub struct Platform {
    /// Its name.
    pub name: DnsLabel,
    /// What was written.
    pub spec: Spec,
    /// `spec/versions.yaml` over the tested set.
    pub versions: Versions,
    /// `spec/secrets/`.
    pub sealed: SealedStore,
    /// `spec/sealing.pem`.
    pub sealing: Option<SealingCertificate>,
}

/// The platform, built, and what its tenants may use.
pub struct Assembly {
    /// What it was built from.
    pub platform: Arc<Platform>,
    /// In build order, which is a topological order.
    pub components: Vec<BuiltComponent>,
    /// What monitoring will be told.
    pub contributions: Contributions,
    /// Certifies the tenants' hosts.
    pub issuer: Option<IssuerRef>,
    /// What it stands on; its tenants do too.
    pub cluster: ClusterFacts,
}

impl Platform {
    /// The same platform with every component on: what it may ever make.
    #[must_use]
    pub fn with_everything(&self, issuer: Issuer) -> Self {
        let mut all = self.clone();
        all.spec.certificates.issuer = issuer;
        // Which host it is changes nothing of what may be made.
        all.spec.domains.argocd.get_or_insert_with(|| self.spec.domains.chat.clone());
        let components = &mut all.spec.components;
        components.argocd.admin = Admin::Sealed;
        for switch in [
            &mut components.argocd.enabled,
            &mut components.traefik.enabled,
            &mut components.cert_manager.enabled,
            &mut components.sealed_secrets.enabled,
            &mut components.postgresql.enabled,
            &mut components.redis.enabled,
            &mut components.ollama.enabled,
            &mut components.open_webui.enabled,
            &mut components.backup.get_or_insert_default().enabled,
        ] {
            *switch = true;
        }
        components.postgresql.external = None;
        // Several front ends have a disruption budget.
        components.open_webui.replicas = components.open_webui.replicas.max(2);
        all
    }

    /// The floor plan. Read it from top to bottom: whatever is used was built above.
    pub fn build(self: Arc<Self>) -> Assembly {
        let cluster = ClusterFacts {
            storage_class: self.spec.storage.class.shared(),
            shared_storage_class: self.spec.storage.shared.as_ref().map(ObjectName::shared),
            several_nodes: self.spec.all_nodes().are_several(),
        };
        let mut builder = PlatformBuilder::new(&self.name, cluster.clone());
        let foundations = self.foundations(&mut builder);
        self.chat(&mut builder, &foundations);
        // Nothing that contributes can be built below this line.
        let (builder, contributions) = builder.close();
        let components = builder.finish();
        Assembly { components, contributions, issuer: foundations.issuer, cluster, platform: self }
    }

    /// What everything stands on: namespaces, Argo CD, the ingress, certificates, sealed values.
    fn foundations(&self, builder: &mut PlatformBuilder) -> Foundations {
        let components = &self.spec.components;
        let versions = &self.versions;
        let kube_system = NamespaceRef::kube_system();
        let traefik_settings = builder.crd_of_cluster();

        // Placed early, filled late: projects, policies and sealed copies follow from what is spent
        // below.
        builder.build(BOOTSTRAP, &NamespaceRef::argocd(), |scope| {
            node_alerts::alerts(scope, &self.spec.all_nodes());
        });
        let first = NamespaceRef::destination(namespaces::NAMES[0]);
        let spaces = builder.build("namespaces", &first, namespaces::build);
        let [ai, argocd, cert_manager] = builder.build(NETWORK_POLICIES, &spaces.ai, |scope| {
            [&spaces.ai, &spaces.argocd, &spaces.cert_manager].map(|it| scope.guarded(it))
        });

        let console = components.argocd.enabled.then(|| {
            let needs = argocd::Needs {
                repository: &self.spec.repository,
                host: self.spec.domains.argocd.as_ref(),
                versions,
            };
            builder.build(ARGOCD, &argocd, |scope| components.argocd.build(scope, &needs))
        });
        if components.traefik.enabled {
            builder.build("traefik", &kube_system, |scope| {
                components.traefik.build(scope, traefik_settings);
            });
        }
        let certifier = components.cert_manager.enabled.then(|| {
            builder.build("cert-manager", &cert_manager, |scope| {
                components.cert_manager.build(scope, versions)
            })
        });
        let issuer = certifier.and_then(|certifier| {
            builder.build("cluster-issuer", &cert_manager, |scope| {
                cert_manager::issuer(scope, &certifier, &self.spec.certificates)
            })
        });
        if let (Some(console), Some(issuer), Some(host)) =
            (&console, &issuer, &self.spec.domains.argocd)
        {
            let host = builder.host(host);
            builder.build("argocd-ingress", &argocd, |scope| {
                argocd::ingress(scope, console, &host, issuer);
            });
        }
        let sealing = components.sealed_secrets.enabled.then(|| {
            builder.build("sealed-secrets", &kube_system, |scope| {
                components.sealed_secrets.build(scope, versions)
            })
        });
        let credentials = sealing.and_then(|sealing| {
            builder.build(APP_SECRETS, &ai, |scope| {
                secrets::credential_store(scope, &sealing, &self.sealed)
            })
        });
        if let (Some(console), Some(credentials), Admin::Sealed) =
            (&console, &credentials, components.argocd.admin)
        {
            builder.build("argocd-admin", &argocd, |scope| {
                argocd::administrator(scope, console, credentials);
            });
        }
        Foundations { ai, database_priority: spaces.database, issuer, credentials }
    }

    /// The chat and what it uses: the database, models, sessions; and their backup.
    fn chat(&self, builder: &mut PlatformBuilder, foundations: &Foundations) {
        let components = &self.spec.components;
        let versions = &self.versions;
        let Foundations { ai, database_priority, issuer, credentials } = foundations;
        let credentials = credentials.as_ref();

        let database = credentials.filter(|_| components.postgresql.enabled).map(|credentials| {
            if let Some(external) = &components.postgresql.external {
                return external.offers(credentials);
            }
            let needs = postgresql::Needs {
                credentials,
                versions,
                priority: *database_priority,
                connections: components.open_webui.connections(&components.postgresql),
            };
            builder.build("postgresql", ai, |scope| components.postgresql.build(scope, &needs))
        });
        let models = components
            .ollama
            .enabled
            .then(|| builder.build("ollama", ai, |scope| components.ollama.build(scope, versions)));
        let sessions = credentials.filter(|_| components.redis.enabled).map(|credentials| {
            builder.build("redis", ai, |scope| components.redis.build(scope, credentials, versions))
        });
        // What is missing here although Open WebUI is wanted was refused before
        // (`component-needed`).
        let mut chat = None;
        if let (true, Some(models), Some(issuer), Some(credentials)) =
            (components.open_webui.enabled, &models, issuer, credentials)
        {
            let host = builder.host(&self.spec.domains.chat);
            let needs = open_webui::Needs {
                models,
                database: database.as_ref(),
                pool: components.open_webui.pool(&components.postgresql),
                sessions: sessions.as_ref(),
                host: &host,
                issuer,
                credentials: Some(credentials),
                versions,
            };
            chat = Some(
                builder.build("openwebui", ai, |scope| components.open_webui.build(scope, &needs)),
            );
        }
        if let (Some(backup), Some(credentials)) =
            (components.backup.as_ref().filter(|it| it.enabled), credentials)
        {
            let needs = backup::Needs {
                database: database.as_ref(),
                chat: chat.as_ref(),
                platform: &self.name,
                credentials,
                versions,
            };
            builder.build("backup", ai, |scope| backup.build(scope, &needs));
        }
    }
}

/// What the foundations offer to what is built on them.
struct Foundations {
    /// The namespace of models and chat, behind its policies.
    ai: NamespaceRef,
    /// The priority of the database's pods.
    database_priority: PriorityRef,
    /// Certifies public hosts.
    issuer: Option<IssuerRef>,
    /// Hands out sealed credentials.
    credentials: Option<CredentialStore>,
}
