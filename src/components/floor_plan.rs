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
        alertmanager, alloy,
        argocd::{self, Admin},
        backup, blackbox_exporter,
        cert_manager::{self, issuer},
        dashboards, grafana, json_exporter, kube_prometheus_stack, loki, monitoring_config,
        namespaces, node_alerts, node_exporter, ollama,
        open_webui::{self, documents::Documents},
        otel_collector, postgres_exporter,
        postgresql::{self, Postgresql},
        redis, secrets,
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
        let metrics = self.metrics(&mut builder, &foundations);
        let (loki, reader) = self.logs(&mut builder, &foundations);
        if let Some(metrics) = &metrics {
            self.dashboards(&mut builder, &foundations, metrics, loki.as_ref());
        }
        self.chat(&mut builder, &foundations, metrics.as_ref());
        // Nothing that contributes can be built below this line.
        let (mut builder, contributions) = builder.close();
        if let Some(reader) = &reader {
            let alloy = &self.spec.components.alloy;
            let (running, values) = alloy.finish(reader, &contributions, &self.versions);
            builder.complete(running, values);
        }
        if let Some(metrics) = &metrics {
            let needs = monitoring_config::Needs {
                prometheus: &metrics.stack.prometheus,
                monitors: metrics.stack.definitions.monitors,
                probes: metrics.stack.definitions.probes,
                rules: metrics.stack.definitions.rules,
                prober: metrics.prober.as_ref(),
                ingress: &foundations.ingress,
                repository: &self.spec.repository,
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
                components.sealed_secrets.build(scope, versions, self.sealing.as_ref())
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
            node_agents: spaces.node_agents,
            ingress,
            issuer,
            credentials,
        }
    }

    /// Who collects metrics, after the definitions of what tells it, and after what its
    /// Alertmanager mounts; and who asks for it.
    fn metrics(&self, builder: &mut PlatformBuilder, foundations: &Foundations) -> Option<Metrics> {
        let Foundations { monitoring: namespace, credentials, .. } = foundations;
        let components = &self.spec.components;
        let stack = &components.kube_prometheus_stack;
        if !stack.enabled {
            return None;
        }
        let application = &kube_prometheus_stack::DEFINITIONS_APPLICATION;
        let definitions = builder.build(application, namespace, |scope| {
            kube_prometheus_stack::definitions(scope, &self.versions)
        });
        let told = components.alertmanager.enabled.then(|| {
            builder.build(&alertmanager::APPLICATION, namespace, |scope| {
                components.alertmanager.build(scope, credentials.as_ref())
            })
        });
        let stack = builder.build(&kube_prometheus_stack::APPLICATION, namespace, |scope| {
            let needs =
                kube_prometheus_stack::Needs { definitions, told, versions: &self.versions };
            stack.build(scope, needs)
        });
        let prober = components.blackbox_exporter.enabled.then(|| {
            let needs = blackbox_exporter::Needs {
                issuer: &self.spec.certificates.issuer,
                trust: &self.trust,
                versions: &self.versions,
            };
            builder.build(&blackbox_exporter::APPLICATION, namespace, |scope| {
                components.blackbox_exporter.build(scope, &needs)
            })
        });
        let telemetry = components.otel_collector.enabled.then(|| {
            builder.build(&otel_collector::APPLICATION, namespace, |scope| {
                components.otel_collector.build(scope, &self.versions)
            })
        });
        Some(Metrics { stack, prober, telemetry })
    }

    /// What keeps logs, and what reads the nodes themselves: their logs, and how much of them is
    /// used. Without Loki logs are not read, which was refused before (`component-needed`).
    fn logs(
        &self,
        builder: &mut PlatformBuilder,
        foundations: &Foundations,
    ) -> (Option<loki::Offers>, Option<alloy::Unfinished>) {
        let Foundations { monitoring, node_agents, .. } = foundations;
        let components = &self.spec.components;
        let versions = &self.versions;
        if components.node_exporter.enabled {
            builder.build(&node_exporter::APPLICATION, node_agents, |scope| {
                components.node_exporter.build(scope, versions);
            });
        }
        let loki = components.loki.enabled.then(|| {
            builder.build(&loki::APPLICATION, monitoring, |scope| {
                components.loki.build(scope, versions)
            })
        });
        let reader = loki.as_ref().filter(|_| components.alloy.enabled).map(|loki| {
            let needs = alloy::Needs { loki, versions };
            builder.build(&alloy::APPLICATION, node_agents, |scope| {
                components.alloy.build(scope, &needs)
            })
        });
        (loki, reader)
    }

    /// Who shows the metrics. Without sealed values it was refused before (`component-needed`).
    fn dashboards(
        &self,
        builder: &mut PlatformBuilder,
        foundations: &Foundations,
        metrics: &Metrics,
        loki: Option<&loki::Offers>,
    ) {
        let Foundations { monitoring, ingress, issuer, credentials, .. } = foundations;
        let (component, host) =
            (&self.spec.components.grafana, self.spec.domains.monitoring.as_ref());
        let (true, Some(credentials)) = (component.enabled, credentials) else { return };
        let sources = grafana::Sources {
            prometheus: &metrics.stack.queries,
            loki: loki.map(|it| &it.http),
            alertmanager: metrics.stack.alertmanager.as_ref(),
        };
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
    fn chat(
        &self,
        builder: &mut PlatformBuilder,
        foundations: &Foundations,
        metrics: Option<&Metrics>,
    ) {
        let components = &self.spec.components;
        let versions = &self.versions;
        let Foundations { ai, database_priority, ingress, issuer, credentials, .. } = foundations;
        let credentials = credentials.as_ref();

        let database = credentials.filter(|_| components.postgresql.enabled).map(|credentials| {
            let connections = components.connections();
            if let Some(external) = &components.postgresql.external {
                return external.offers(credentials, connections);
            }
            let needs = postgresql::Needs {
                credentials,
                versions,
                priority: *database_priority,
                connections,
                has_backups: components.backup.as_ref().is_some_and(|it| it.enabled),
                has_exporter: components.postgres_exporter.enabled,
            };
            builder.build(&postgresql::APPLICATION, ai, |scope| {
                components.postgresql.build(scope, &needs)
            })
        });
        if let Some((database, monitor)) =
            database.as_ref().and_then(|it| Some((it, it.monitor.as_ref()?)))
        {
            let needs = postgres_exporter::Needs {
                database,
                monitor,
                max_connections: Postgresql::max_connections(components.connections()),
                versions,
            };
            builder.build(&postgres_exporter::APPLICATION, ai, |scope| {
                components.postgres_exporter.build(scope, &needs);
            });
        }
        let models = components.ollama.enabled.then(|| {
            builder
                .build(&ollama::APPLICATION, ai, |scope| components.ollama.build(scope, versions))
        });
        if let Some(models) = models.as_ref().filter(|_| components.json_exporter.enabled) {
            let promised = &components.ollama;
            let needs = json_exporter::Needs { models, promised, versions };
            builder.build(&json_exporter::APPLICATION, &foundations.monitoring, |scope| {
                components.json_exporter.build(scope, &needs);
            });
        }
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
                telemetry: metrics.and_then(|it| it.telemetry.as_ref()),
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

/// Who collects metrics.
struct Metrics {
    /// Prometheus.
    stack: kube_prometheus_stack::Offers,
    /// Who asks addresses for it.
    prober: Option<blackbox_exporter::Offers>,
    /// To whom a program sends its metrics that has no endpoint for them.
    telemetry: Option<otel_collector::Offers>,
}

/// What the foundations offer to what is built on them.
struct Foundations {
    /// The namespace of models and chat, behind its policies.
    ai: NamespaceRef,
    /// The namespace of monitoring, behind its policies.
    monitoring: NamespaceRef,
    /// The namespace of what reads the nodes themselves, behind its policies.
    node_agents: NamespaceRef,
    /// The priority of the database's pods.
    database_priority: PriorityRef,
    /// Answers at public hosts.
    ingress: IngressRef,
    /// Certifies public hosts.
    issuer: Option<IssuerRef>,
    /// Hands out sealed credentials.
    credentials: Option<CredentialStore>,
}
