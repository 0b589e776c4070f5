//! The floor plan: the components of a platform, and who uses whom.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    builder::{
        cluster::Cluster,
        component::BuiltComponent,
        contribution::Contributions,
        credential::CredentialStore,
        face::Transport,
        handle::{IssuerRef, NamespaceRef, PriorityRef},
        ingress::IngressRef,
        internet::{Internet, ProxyRef},
        may_make::MayMake,
        platform::PlatformBuilder,
    },
    components::{
        argocd::{self, Admin, ArgoCd},
        backup::{self, Backup},
        cert_manager::{self, CertManager, issuer},
        namespaces, node_alerts,
        ollama::{self, Ollama},
        open_webui::{self, OpenWebUi, documents::Documents},
        postgresql::{self, Postgresql},
        redis::{self, Redis},
        secrets::{self, SealedSecrets},
        section::Section,
        tika,
        traefik::{self, Traefik},
    },
    names::DnsLabel,
    platform::{
        certificates::{Certificates, Domains},
        ingress::Ingress,
        node::Node,
        node_group::{NodeGroup, Nodes},
        proxy::Proxy,
        repository::Repository,
        sealed::{ApiVersion, SealedStore, SealingCertificate},
        storage::Storage,
        trust::Trust,
        versions::Versions,
        written::Written,
    },
};

/// `spec/platform.yaml`: the description of one platform, from which all of its manifests are
/// generated.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlatformSpec {
    /// The version of this file's format. Always `espalier.dev/v1alpha1`.
    #[schemars(example = &"espalier.dev/v1alpha1")]
    #[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "reading it checks it"))]
    pub api_version: ApiVersion,
    /// The kind of this file. Always `Platform`.
    #[schemars(example = &"Platform")]
    #[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "reading it checks it"))]
    pub kind: PlatformKind,
    /// Identifies the platform: its name, which labels every object.
    pub metadata: PlatformMetadata,
    /// Desired state of the platform: repository, nodes, domains, certificates, storage and
    /// components.
    pub spec: Spec,
}

/// The kind of `spec/platform.yaml`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub enum PlatformKind {
    /// A platform; no other kind is read here.
    Platform,
}

/// Identifies the platform.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Metadata")]
pub struct PlatformMetadata {
    /// Name of the platform: a DNS label of at most 63 characters. Every object carries it as the
    /// label `app.kubernetes.io/part-of`, and it is the default folder of backups in S3.
    #[schemars(example = &"production")]
    pub name: DnsLabel,
}

/// Desired state of the platform.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// The Git repository that holds this file and the generated tree: `spec.source` of every Argo
    /// CD Application.
    pub repository: Repository,
    /// The cluster's only node. Mutually exclusive with `nodes`; exactly one of the two must be
    /// written. Absent: `nodes` describes the cluster. The memory and CPU of all pods are checked
    /// against it.
    pub node: Option<Node>,
    /// The cluster's nodes in groups of equal machines. Mutually exclusive with `node`. Absent: the
    /// cluster has the one node that `node` describes.
    #[serde(default)]
    #[schemars(extend("examples" = [[{"name": "main", "role": "server", "cpu": 8, "memory": "32Gi"}]]))]
    pub nodes: Vec<NodeGroup>,
    /// Public host names of the platform. Each becomes an Ingress with a certificate of its own.
    pub domains: Domains,
    /// The account at Let's Encrypt that issues the certificates of the public hosts: a
    /// cert-manager `ClusterIssuer`.
    pub certificates: Certificates,
    /// An ingress controller that is there already, in place of k3s' Traefik. With it,
    /// `components.traefik.enabled` must be `false`. Absent: k3s' Traefik serves the public hosts.
    pub ingress: Option<Ingress>,
    /// A proxy that HTTPS requests to the internet go through. Absent: they go straight.
    pub proxy: Option<Proxy>,
    /// The storage classes of the platform's volumes. Absent: all volumes are of the class
    /// `local-path`.
    #[serde(default)]
    pub storage: Storage,
    /// Settings of the components, each of which is an Argo CD Application. A component that is not
    /// written runs with its defaults.
    #[serde(default)]
    pub components: Components,
}

impl Spec {
    /// The namespaces that no workspace may take: the cluster's, the platform's and the ingress
    /// controller's.
    pub fn reserved(&self) -> impl Iterator<Item = &str> + Clone {
        namespaces::reserved().chain(self.ingress.iter().map(|it| it.namespace.as_str()))
    }

    /// The way to the internet: what belongs to this platform is never asked through a proxy.
    pub fn internet(&self) -> Internet {
        Internet::new(self.proxy.as_ref().map(|proxy| {
            let servers =
                [Some(self.repository.server()), self.certificates.issuer.server_of_ones_own()];
            let hosts = self.domains.all().map(|it| it.1);
            ProxyRef {
                outside: proxy.outside(),
                url: proxy.https.shared(),
                bypassed: proxy.bypassed(hosts, servers.into_iter().flatten()),
            }
        }))
    }

    /// The nodes, however they are written.
    pub fn all_nodes(&self) -> Nodes {
        Nodes::of(self.node.as_ref(), &self.nodes)
    }
}

/// Settings of the components. A component that is not written runs with its defaults.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Components {
    /// Argo CD, which applies the tree to the cluster: its Helm chart, in the namespace `argocd`.
    pub argocd: ArgoCd,
    /// Traefik, the ingress controller that k3s installs: a `HelmChartConfig` with its settings.
    pub traefik: Traefik,
    /// cert-manager, which obtains and renews certificates: its Helm chart, in the namespace
    /// `cert-manager`.
    pub cert_manager: CertManager,
    /// The sealed-secrets controller, which decrypts SealedSecrets into Secrets: its Helm chart, in
    /// `kube-system`.
    pub sealed_secrets: SealedSecrets,
    /// PostgreSQL, the database of Open WebUI: a StatefulSet of one pod, or a server outside the
    /// cluster.
    pub postgresql: Postgresql,
    /// Redis, through which several replicas of Open WebUI share WebSocket connections and
    /// sign-outs: a Deployment of one pod. Off by default.
    pub redis: Redis,
    /// Ollama, which serves the language models: a StatefulSet with one volume a replica.
    pub ollama: Ollama,
    /// Open WebUI, the chat interface: a Deployment with a volume for uploaded files.
    pub open_webui: OpenWebUi,
    /// Nightly backups of the database and of uploaded files: a CronJob, and a Job that restores.
    /// Absent: no backups are made. `backup: {}` keeps them on the node's own disk.
    pub backup: Option<Backup>,
}

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
    [&namespaces::APPLICATION, &namespaces::POLICIES_APPLICATION]
        .into_iter()
        .chain(components.sections().iter().flat_map(|it| it.may_make()))
        .collect()
}

/// The Application that makes the projects and the root; always the first. Its project is written
/// by hand, so it declares nothing.
const BOOTSTRAP: MayMake = MayMake::in_namespace("bootstrap", &["argocd"], &[]);

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
    /// What the files hold that the spec names.
    pub trust: Trust,
    /// Which fields of the spec are written, and not their defaults.
    pub written: Written,
}

/// The platform, built, and what its tenants may use.
pub struct Assembly {
    /// What it was built from.
    pub platform: Arc<Platform>,
    /// In build order, which is a topological order.
    pub components: Vec<BuiltComponent>,
    /// What monitoring will be told.
    pub contributions: Contributions,
    /// Answers at the tenants' hosts.
    pub ingress: IngressRef,
    /// Certifies the tenants' hosts.
    pub issuer: Option<IssuerRef>,
    /// What it stands on; its tenants do too.
    pub cluster: Arc<Cluster>,
}

impl Platform {
    /// The floor plan. Read it from top to bottom: whatever is used was built above.
    pub fn build(self: Arc<Self>) -> Assembly {
        let (spec, nodes) = (&self.spec, self.spec.all_nodes());
        let (ingress, internet) = (spec.ingress.as_ref(), spec.internet());
        let mut builder =
            PlatformBuilder::new(&self.name, &spec.storage, &nodes, ingress, internet);
        let cluster = builder.cluster();
        let foundations = self.foundations(&mut builder, &cluster);
        self.chat(&mut builder, &foundations);
        // Nothing that contributes can be built below this line.
        let (builder, contributions) = builder.close();
        let components = builder.finish();
        let Foundations { ingress, issuer, .. } = foundations;
        Assembly { components, contributions, ingress, issuer, cluster, platform: self }
    }

    /// What everything stands on: namespaces, Argo CD, the ingress, certificates, sealed values.
    fn foundations(&self, builder: &mut PlatformBuilder, cluster: &Cluster) -> Foundations {
        let components = &self.spec.components;
        let versions = &self.versions;
        // Declared early and filled late: projects, policies and sealed copies follow from the
        // handles that are used below.
        builder.build(&BOOTSTRAP, &cluster.argocd, |scope| {
            node_alerts::alerts(scope, &self.spec.all_nodes());
            if let Some(ingress) = &self.spec.ingress {
                scope.provided_outside(ingress.provided_outside());
            }
        });
        let open = builder.build_for_cluster(&namespaces::APPLICATION, namespaces::build);
        let spaces =
            builder.build(&namespaces::POLICIES_APPLICATION, &open.ai, |scope| open.guarded(scope));

        let argocd = components.argocd.enabled.then(|| {
            let needs = argocd::Needs {
                repository: &self.spec.repository,
                trust: &self.trust,
                host: self.spec.domains.argocd.as_ref(),
                versions,
            };
            builder.build(&argocd::APPLICATION, &spaces.argocd, |scope| {
                components.argocd.build(scope, &needs)
            })
        });
        // Off: the cluster's ingress controller as it is.
        let ingress = if components.traefik.enabled {
            builder.build(&traefik::APPLICATION, &cluster.kube_system, |scope| {
                components.traefik.build(scope)
            })
        } else {
            cluster.ingress.clone()
        };
        let certifier = components.cert_manager.enabled.then(|| {
            builder.build(&cert_manager::APPLICATION, &spaces.cert_manager, |scope| {
                components.cert_manager.build(scope, &ingress, &self.spec.certificates, versions)
            })
        });
        let sealing = components.sealed_secrets.enabled.then(|| {
            builder.build(&secrets::APPLICATION, &cluster.kube_system, |scope| {
                components.sealed_secrets.build(scope, versions)
            })
        });
        let credentials = sealing.and_then(|sealing| {
            builder.build(&secrets::COPIES_APPLICATION, &spaces.ai, |scope| {
                secrets::credential_store(scope, &sealing, &self.sealed)
            })
        });
        let issuer = certifier.and_then(|certifier| {
            self.issuer(builder, &spaces.cert_manager, &certifier, &ingress, credentials.as_ref())
        });
        if let (Some(argocd), Some(issuer), Some(host)) =
            (&argocd, &issuer, &self.spec.domains.argocd)
        {
            let host = builder.host(host);
            builder.build(&argocd::INGRESS_APPLICATION, &spaces.argocd, |scope| {
                argocd::ingress(scope, argocd, &ingress, issuer, &host);
            });
        }
        if let (Some(argocd), Some(credentials), Admin::Sealed) =
            (&argocd, &credentials, components.argocd.admin)
        {
            builder.build(&argocd::ADMINISTRATOR_APPLICATION, &spaces.argocd, |scope| {
                argocd::administrator(scope, argocd, credentials);
            });
        }
        Foundations {
            database_priority: open.database,
            ai: spaces.ai,
            ingress,
            issuer,
            credentials,
        }
    }

    /// Who certifies public hosts, after the sealed values that it proves itself with. None where
    /// there is nobody to open them, which was refused before (`component-needed`).
    fn issuer(
        &self,
        builder: &mut PlatformBuilder,
        namespace: &NamespaceRef,
        certifier: &cert_manager::Offers,
        ingress: &IngressRef,
        credentials: Option<&CredentialStore>,
    ) -> Option<IssuerRef> {
        let certificates = &self.spec.certificates;
        let credential = match (issuer::credential(certificates), credentials) {
            (Some(declared), Some(store)) => {
                Some(builder.build(&issuer::CREDENTIALS_APPLICATION, namespace, |scope| {
                    issuer::credentials(scope, store, declared, &self.trust)
                }))
            }
            (Some(_), None) => return None,
            (None, _) => None,
        };
        builder.build(&issuer::APPLICATION, namespace, |scope| {
            let needs = issuer::Needs {
                issuers: certifier.issuers,
                ingress,
                certificates,
                trust: &self.trust,
                credential,
            };
            issuer::build(scope, &needs)
        })
    }

    /// The chat and what it uses: the database, models, sessions; and their backup.
    fn chat(&self, builder: &mut PlatformBuilder, foundations: &Foundations) {
        let components = &self.spec.components;
        let versions = &self.versions;
        let Foundations { ai, database_priority, ingress, issuer, credentials } = foundations;
        let credentials = credentials.as_ref();

        let database = credentials.filter(|_| components.postgresql.enabled).map(|credentials| {
            let connections = components.open_webui.connections(&components.postgresql);
            if let Some(external) = &components.postgresql.external {
                return external.offers(credentials, connections);
            }
            let needs = postgresql::Needs {
                credentials,
                versions,
                priority: *database_priority,
                connections,
                has_backups: components.backup.as_ref().is_some_and(|it| it.enabled),
            };
            builder.build(&postgresql::APPLICATION, ai, |scope| {
                components.postgresql.build(scope, &needs)
            })
        });
        let models = components.ollama.enabled.then(|| {
            builder
                .build(&ollama::APPLICATION, ai, |scope| components.ollama.build(scope, versions))
        });
        let sessions = credentials.filter(|_| components.redis.enabled).map(|credentials| {
            builder.build(&redis::APPLICATION, ai, |scope| {
                components.redis.build(scope, credentials, versions)
            })
        });
        let reads_documents =
            components.open_webui.enabled && components.open_webui.documents == Documents::Tika;
        let reader = reads_documents.then(|| {
            builder.build(&tika::APPLICATION, ai, |scope| {
                components.open_webui.tika.build(scope, versions)
            })
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
                reader: reader.as_ref(),
                sessions: sessions.as_ref(),
                host: &host,
                ingress,
                transport: Transport::Tls(issuer),
                credentials: Some(credentials),
                versions,
            };
            chat = Some(builder.build(&open_webui::APPLICATION, ai, |scope| {
                components.open_webui.build(scope, &needs)
            }));
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
            builder.build(&backup::APPLICATION, ai, |scope| backup.build(scope, &needs));
        }
    }
}

/// What the foundations offer to what is built on them.
struct Foundations {
    /// The namespace of models and chat, behind its policies.
    ai: NamespaceRef,
    /// The priority of the database's pods.
    database_priority: PriorityRef,
    /// Answers at public hosts.
    ingress: IngressRef,
    /// Certifies public hosts.
    issuer: Option<IssuerRef>,
    /// Hands out sealed credentials.
    credentials: Option<CredentialStore>,
}
