//! The part of the floor plan that watches the rest: metrics, logs and who shows both.

use super::{Foundations, Metrics, Platform};
use crate::{
    builder::platform::PlatformBuilder,
    components::{
        alertmanager, alloy, blackbox_exporter, grafana, kube_prometheus_stack, loki,
        node_exporter, otel_collector,
    },
};

impl Platform {
    /// Who collects metrics, after the definitions of what tells it, and after what its
    /// Alertmanager mounts; and who asks for it.
    pub(super) fn metrics(
        &self,
        builder: &mut PlatformBuilder,
        foundations: &Foundations,
    ) -> Option<Metrics> {
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
    pub(super) fn logs(
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
    pub(super) fn dashboards(
        &self,
        builder: &mut PlatformBuilder,
        foundations: &Foundations,
        metrics: &Metrics,
        loki: Option<&loki::Offers>,
    ) {
        let Foundations { monitoring, ingress, issuers, credentials, .. } = foundations;
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
        if let (Some(issuers), Some(host)) = (issuers, host) {
            let host = builder.host(host);
            builder.build(&grafana::INGRESS_APPLICATION, monitoring, |scope| {
                grafana::ingress(scope, &offers, ingress, &issuers.public, &host);
            });
        }
    }
}
