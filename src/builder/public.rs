//! Public hosts: an Ingress with a certificate, the lanes beside it, and the ways that it needs.

use std::sync::Arc;

use k8s_openapi::api::networking::v1::{
    HTTPIngressPath, HTTPIngressRuleValue, Ingress, IngressBackend, IngressRule,
    IngressServiceBackend, IngressSpec, IngressTLS, ServiceBackendPort,
};

use super::{
    contribution::Contribution,
    face::{Face, Transport},
    handle::PortRef,
    ingress::{Bounds, Clients, IngressRef, Redirect, Rights},
    lanes::Behind,
    meta::Part,
    scope::Scope,
    traefik::{RouteTls, StoreName},
};
use crate::facts::{
    charts::cert_manager::ISSUER_ANNOTATION,
    traefik::{DEFAULT_TLS_STORE, ENTRY_POINTS_ANNOTATION, MIDDLEWARES_ANNOTATION},
};

impl<S> Scope<'_, S> {
    /// k3s' ingress controller, which this component configures to redirect plain HTTP, and on one
    /// node to see its clients' addresses.
    pub fn redirecting(&self, ingress: &IngressRef) -> IngressRef {
        let bounds = match ingress.bounds {
            Bounds::Tree(rights) if !self.cluster.several_nodes => {
                Bounds::Tree(Rights { clients: Clients::Seen, ..rights })
            }
            other => other,
        };
        IngressRef { redirect: Redirect::EntryPoint, bounds, ..ingress.clone() }
    }
}

impl Scope<'_> {
    /// Gives the Service's port that is called `http` a public host. That is an Ingress with a
    /// certificate of its own (an order on the issuer), the way of the ingress controller to the
    /// pods, and its way to the solver that answers for the certificate; and the bounds of what
    /// comes in, where the controller is k3s' own. Monitoring is told of the host.
    #[track_caller]
    pub fn public(&mut self, part: &Part, face: &Face<'_>, to: &PortRef) {
        let ingress = face.ingress;
        self.flow(&ingress.pods, to);
        let mut annotations = (*ingress.annotations).clone();
        let tls = match face.transport {
            Transport::Tls(issuer) => {
                for host in face.hosts() {
                    self.contribute(Contribution::PublicHost(host.name().clone()));
                    self.certificate(ingress, issuer, host);
                }
                let issuer = issuer.name();
                annotations.insert(ISSUER_ANNOTATION.to_owned(), issuer.to_string());
                Some(RouteTls::SecretName(format!("{}-tls", part.name)))
            }
            Transport::Wildcard(wildcard) => {
                for host in face.hosts() {
                    self.contribute(Contribution::PublicHost(host.name().clone()));
                }
                self.after(Some(wildcard.owner));
                Some(RouteTls::Store(StoreName { name: DEFAULT_TLS_STORE }))
            }
            Transport::Plain(_) => None,
        };
        if let Bounds::Tree(rights) = ingress.bounds {
            let entry_point = face.transport.entry_point().to_owned();
            annotations.insert(ENTRY_POINTS_ANNOTATION.to_owned(), entry_point);
            let behind = Behind { port: to, tls: tls.clone() };
            let names = self.lanes(part, face, rights, behind);
            let names = names.iter().map(|it| middleware_of(self.namespace(), it));
            let names = names.collect::<Vec<_>>().join(",");
            annotations.insert(MIDDLEWARES_ANNOTATION.to_owned(), names);
        }
        let mut metadata = self.meta(part);
        metadata.annotations = (!annotations.is_empty()).then_some(annotations);
        let service = IngressServiceBackend {
            name: to.service().to_string(),
            port: Some(ServiceBackendPort {
                name: Some("http".to_owned()),
                ..ServiceBackendPort::default()
            }),
        };
        let path = HTTPIngressPath {
            path: Some("/".to_owned()),
            path_type: "Prefix".to_owned(),
            backend: IngressBackend { service: Some(service), ..IngressBackend::default() },
        };
        let names: Vec<String> = face.hosts().map(|it| it.name().to_string()).collect();
        let rule = |name: &String| IngressRule {
            host: Some(name.clone()),
            http: Some(HTTPIngressRuleValue { paths: vec![path.clone()] }),
        };
        let spec = IngressSpec {
            ingress_class_name: Some(ingress.class.to_string()),
            rules: Some(names.iter().map(rule).collect()),
            tls: tls.map(|tls| {
                let secret_name = match tls {
                    RouteTls::SecretName(secret) => Some(secret),
                    RouteTls::Store(_) => None,
                };
                vec![IngressTLS { hosts: Some(names.clone()), secret_name }]
            }),
            ..IngressSpec::default()
        };
        self.add(Ingress { metadata, spec: Some(spec), ..Ingress::default() });
    }
}

/// How an Ingress names a middleware.
fn middleware_of(namespace: &Arc<str>, name: &str) -> String {
    format!("{namespace}-{name}@kubernetescrd")
}
