//! The floor plan: the components of a platform, and who uses whom.

use std::sync::Arc;

use crate::{
    builder::{
        cluster::Cluster,
        component::BuiltComponent,
        contribution::Contributions,
        credential::CredentialStore,
        face::Transport,
        handle::{IssuerRef, NamespaceRef, PriorityRef},
        ingress::IngressRef,
        may_make::MayMake,
        platform::PlatformBuilder,
    },
    components::{
        argocd::{self, Admin},
        backup,
        cert_manager::{self, issuer},
        dashboards, grafana, kube_prometheus_stack, monitoring_config, namespaces, node_alerts,
        ollama,
        open_webui::{self, documents::Documents},
        postgresql, redis, secrets,
        spec::Spec,
        tika, traefik,
    },
    names::DnsLabel,
    platform::{
        sealed::{SealedStore, SealingCertificate},
        trust::Trust,
        versions::Versions,
        written::Written,
    },
};

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
        let metrics = self.metrics(&mut builder, &foundations.monitoring);
        if let Some(metrics) = &metrics {
            self.dashboards(&mut builder, &foundations, metrics);
        }
        self.chat(&mut builder, &foundations);
        // Nothing that contributes can be built below this line.
        let (mut builder, contributions) = builder.close();
        if let Some(metrics) = &metrics {
            let needs = monitoring_config::Needs {
                prometheus: &metrics.prometheus,
                monitors: metrics.definitions.monitors,
                rules: metrics.definitions.rules,
                has_dashboards: self.spec.components.grafana.enabled,
            };
            let (application, namespace) =
                (&monitoring_config::APPLICATION, &foundations.monitoring);
            builder.collect(application, namespace, &contributions, |scope, contributions| {
                monitoring_config::build(scope, contributions, &needs);
            });
        }
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
            dashboards::offer(scope);
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
            monitoring: spaces.monitoring,
            ingress,
            issuer,
            credentials,
        }
    }

    /// Who collects metrics, after the definitions of what tells it.
    fn metrics(
        &self,
        builder: &mut PlatformBuilder,
        namespace: &NamespaceRef,
    ) -> Option<kube_prometheus_stack::Offers> {
        let stack = &self.spec.components.kube_prometheus_stack;
        if !stack.enabled {
            return None;
        }
        let application = &kube_prometheus_stack::DEFINITIONS_APPLICATION;
        let definitions = builder.build(application, namespace, |scope| {
            kube_prometheus_stack::definitions(scope, &self.versions)
        });
        Some(builder.build(&kube_prometheus_stack::APPLICATION, namespace, |scope| {
            stack.build(scope, definitions, &self.versions)
        }))
    }

    /// Who shows the metrics. Without sealed values it was refused before (`component-needed`).
    fn dashboards(
        &self,
        builder: &mut PlatformBuilder,
        foundations: &Foundations,
        metrics: &kube_prometheus_stack::Offers,
    ) {
        let Foundations { monitoring, ingress, issuer, credentials, .. } = foundations;
        let (component, host) =
            (&self.spec.components.grafana, self.spec.domains.monitoring.as_ref());
        let (true, Some(credentials)) = (component.enabled, credentials) else { return };
        let sources =
            grafana::Sources { prometheus: &metrics.queries, loki: None, alertmanager: None };
        let password = builder.build(&grafana::CREDENTIALS_APPLICATION, monitoring, |scope| {
            grafana::credentials(scope, credentials)
        });
        let needs = grafana::Needs { sources, host, password: &password, versions: &self.versions };
        let offers = builder
            .build(&grafana::APPLICATION, monitoring, |scope| component.build(scope, &needs));
        if let (Some(issuer), Some(host)) = (issuer, host) {
            let host = builder.host(host);
            builder.build(&grafana::INGRESS_APPLICATION, monitoring, |scope| {
                grafana::ingress(scope, &offers, ingress, issuer, &host);
            });
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
        let Foundations { ai, database_priority, ingress, issuer, credentials, .. } = foundations;
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
    /// The namespace of monitoring, behind its policies.
    monitoring: NamespaceRef,
    /// The priority of the database's pods.
    database_priority: PriorityRef,
    /// Answers at public hosts.
    ingress: IngressRef,
    /// Certifies public hosts.
    issuer: Option<IssuerRef>,
    /// Hands out sealed credentials.
    credentials: Option<CredentialStore>,
}
