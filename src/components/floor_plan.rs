//! The floor plan: the components of a platform, and who uses whom.

mod chat;
mod monitoring;
mod workspaces;

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    builder::{
        cluster::Cluster,
        component::BuiltComponent,
        contribution::Contributions,
        credential::CredentialStore,
        handle::{CrdRef, IssuerRef, NamespaceRef, PriorityRef, WildcardRef},
        ingress::IngressRef,
        may_make::MayMake,
        platform::PlatformBuilder,
    },
    components::{
        argocd::{self, Admin},
        blackbox_exporter,
        cert_manager::{self, issuer, wildcard},
        dashboards, kube_prometheus_stack, monitoring_config, namespaces, node_alerts,
        ollama::{self, prompts::Prompt},
        otel_collector,
        postgresql::databases,
        secrets,
        spec::Spec,
        traefik,
    },
    crds::{sealed_secrets::SealedSecret, workspaces::WorkspaceResource},
    names::{DnsLabel, workspace::PromptName},
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
    /// The prompts that workspaces may use, by their names.
    pub prompts: BTreeMap<PromptName, Prompt>,
    /// Which fields of the spec are written, and not their defaults.
    pub written: Written,
    /// The texts that all of it was read from, without sealed values, where somebody in the cluster
    /// reads them again; else none.
    pub texts: BTreeMap<Arc<str>, Arc<str>>,
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
    /// The right to write what the sealed-secrets controller opens, for tenants.
    pub sealing: Option<CrdRef<SealedSecret>>,
    /// A certificate that the ingress controller has for the hosts of all tenants below their
    /// domain; none where each of them has its own.
    pub wildcard: Option<WildcardRef>,
    /// Certifies those of tenants under development that are public.
    pub staging: Option<IssuerRef>,
    /// Serves models to the tenants that share them; none where the spec does not offer it.
    pub models: Option<ollama::Offers>,
    /// Has databases for the tenants that share it; none where the spec does not offer it.
    pub databases: Option<databases::Offers>,
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
        self.workspace_api(&mut builder, &foundations);
        let (loki, reader) = self.logs(&mut builder, &foundations);
        if let Some(metrics) = &metrics {
            self.dashboards(&mut builder, &foundations, metrics, loki.as_ref());
        }
        let (models, databases) = self.chat(&mut builder, &foundations, metrics.as_ref());
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
        let Foundations { ingress, issuers, wildcard, sealing, .. } = foundations;
        let (issuer, staging) = issuers.map_or((None, None), |it| (Some(it.public), it.staging));
        let models = models.filter(|_| self.spec.workspaces.shared_ollama);
        Assembly {
            components,
            contributions,
            ingress,
            issuer,
            wildcard,
            staging,
            sealing,
            models,
            databases,
            cluster,
            platform: self,
        }
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
        let has_operator = self.spec.workspaces.has_operator();
        let open = builder.build_for_cluster(&namespaces::APPLICATION, |scope| {
            namespaces::build(scope, has_operator)
        });
        let spaces =
            builder.build(&namespaces::POLICIES_APPLICATION, &open.ai, |scope| open.guarded(scope));

        let argocd = components.argocd.enabled.then(|| {
            let needs = argocd::Needs {
                repository: &self.spec.repository,
                trust: &self.trust,
                host: self.spec.domains.argocd.as_ref(),
                has_workspaces: has_operator,
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
        let workspaces = self.workspaces(builder, spaces.operator.as_ref(), &ingress);
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
        let credentials = sealing.as_ref().and_then(|sealing| {
            builder.build(&secrets::COPIES_APPLICATION, &spaces.ai, |scope| {
                secrets::credential_store(scope, sealing, &self.sealed)
            })
        });
        let issuers = certifier.as_ref().and_then(|certifier| {
            self.issuers(builder, &spaces.cert_manager, certifier, &ingress, credentials.as_ref())
        });
        let wildcard = certifier.zip(issuers.as_ref()).and_then(|(certifier, issuers)| {
            let needs = wildcard::Needs {
                certificates: certifier.certificates,
                issuer: &issuers.public,
                domain: self.spec.wildcard()?,
            };
            builder.build(&wildcard::APPLICATION, &cluster.kube_system, |scope| {
                wildcard::build(scope, &needs)
            })
        });
        if let (Some(argocd), Some(issuers), Some(host)) =
            (&argocd, &issuers, &self.spec.domains.argocd)
        {
            let host = builder.host(host);
            builder.build(&argocd::INGRESS_APPLICATION, &spaces.argocd, |scope| {
                argocd::ingress(scope, argocd, &ingress, &issuers.public, &host);
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
            operator: spaces.operator,
            workspaces,
            monitoring: spaces.monitoring,
            node_agents: spaces.node_agents,
            ingress,
            issuers,
            wildcard,
            sealing,
            credentials,
        }
    }

    /// Who certifies public hosts, after the sealed values that it proves itself with. None where
    /// there is nobody to open them, which was refused before (`component-needed`).
    fn issuers(
        &self,
        builder: &mut PlatformBuilder,
        namespace: &NamespaceRef,
        certifier: &cert_manager::Offers,
        ingress: &IngressRef,
        credentials: Option<&CredentialStore>,
    ) -> Option<issuer::Offers> {
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
                has_staging: !self.spec.workspaces.hosts.is_empty(),
            };
            issuer::build(scope, &needs)
        })
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
    /// The namespace of the operator for workspaces, behind its policies, where there is one.
    operator: Option<NamespaceRef>,
    /// The kind of workspaces, where the cluster knows it.
    workspaces: Option<CrdRef<WorkspaceResource>>,
    /// The namespace of monitoring, behind its policies.
    monitoring: NamespaceRef,
    /// The namespace of what reads the nodes themselves, behind its policies.
    node_agents: NamespaceRef,
    /// The priority of the database's pods.
    database_priority: PriorityRef,
    /// Answers at public hosts.
    ingress: IngressRef,
    /// Certifies public hosts.
    issuers: Option<issuer::Offers>,
    /// A certificate for the hosts of all workspaces.
    wildcard: Option<WildcardRef>,
    /// The right to write what the controller opens.
    sealing: Option<CrdRef<SealedSecret>>,
    /// Hands out sealed credentials.
    credentials: Option<CredentialStore>,
}
