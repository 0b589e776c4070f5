//! A public host with TLS, whatever answers behind it.

use k8s_openapi::api::networking::v1::{
    HTTPIngressPath, HTTPIngressRuleValue, Ingress, IngressBackend, IngressRule,
    IngressServiceBackend, IngressSpec, IngressTLS, ServiceBackendPort,
};

use crate::{
    builder::{
        handle::{HostRef, IssuerRef, PortRef},
        meta::Part,
        scope::Scope,
    },
    facts::kubernetes::INGRESS_CLASS,
};

/// The Ingress of a Service's port that is called `http`, answered on the TLS entry point only
/// (Traefik redirects plain HTTP).
pub fn public(
    scope: &mut Scope<'_>,
    part: &Part,
    host: &HostRef,
    issuer: &IssuerRef,
    to: &PortRef,
) -> Ingress {
    let mut metadata = scope.meta(part);
    let annotations = metadata.annotations.get_or_insert_default();
    annotations.insert(
        "cert-manager.io/cluster-issuer".to_owned(),
        scope.certificate(issuer, host).to_string(),
    );
    annotations.insert(
        "traefik.ingress.kubernetes.io/router.entrypoints".to_owned(),
        "websecure".to_owned(),
    );
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
    let name = host.name().to_string();
    let spec = IngressSpec {
        ingress_class_name: Some(INGRESS_CLASS.to_owned()),
        rules: Some(vec![IngressRule {
            host: Some(name.clone()),
            http: Some(HTTPIngressRuleValue { paths: vec![path] }),
        }]),
        tls: Some(vec![IngressTLS {
            hosts: Some(vec![name]),
            secret_name: Some(format!("{}-tls", part.name)),
        }]),
        ..IngressSpec::default()
    };
    Ingress { metadata, spec: Some(spec), ..Ingress::default() }
}
