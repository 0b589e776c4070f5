//! Whatever reads a Secret reads one that is sealed: the rule sees it in the objects, not in what
//! components declared.

use std::{collections::BTreeMap, sync::Arc};

use espalier::{
    builder::{
        credential::{CredentialSpec, Key, SecretLookup, Value},
        may_make::MayMake,
        scope::Scope,
    },
    check::references::REFERENCE_UNRESOLVED,
    crds::cert_manager::{
        Acme, Ca, ClusterIssuer, ClusterIssuerSpec, Dns01, SecretKeyRef, SecretRef, Solver,
    },
};
use k8s_openapi::{
    api::{
        apps::v1::{Deployment, DeploymentSpec},
        core::v1::{
            Container, EnvFromSource, EnvVar, EnvVarSource, LocalObjectReference, PodSpec,
            PodTemplateSpec, ProjectedVolumeSource, SecretEnvSource, SecretKeySelector,
            SecretProjection, SecretVolumeSource, Volume, VolumeProjection,
        },
        networking::v1::{Ingress, IngressSpec, IngressTLS},
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use crate::rules::Planted;

const ITS: CredentialSpec = CredentialSpec {
    name: "its",
    keys: &[Key { name: "password", value: Value::Made(32) }],
    rotation: "",
    lookup: SecretLookup::ByReference,
};

/// A platform with a credential store and one component, which uses the credential `its` and has
/// these pods too.
fn found(pod: impl FnOnce(&mut PodSpec)) -> Vec<String> {
    told(|scope, variable| {
        let mut spec = PodSpec {
            containers: vec![Container {
                name: "it".to_owned(),
                env: Some(vec![variable]),
                ..Container::default()
            }],
            ..PodSpec::default()
        };
        pod(&mut spec);
        let part = scope.part("rogue", "test", None);
        let metadata = scope.meta(&part);
        let template = PodTemplateSpec { metadata: None, spec: Some(spec) };
        let spec = DeploymentSpec { template, ..DeploymentSpec::default() };
        scope.add(Deployment { metadata, spec: Some(spec), ..Deployment::default() });
    })
}

fn told(build: impl FnOnce(&mut Scope<'_>, EnvVar)) -> Vec<String> {
    let names: BTreeMap<String, Arc<str>> = [("its".to_owned(), "its-x7k2m".into())].into();
    let planted = Planted::beside(|builder| {
        let cluster = builder.cluster();
        let namespace = &cluster.argocd;
        let credentials = builder
            .build(&MayMake::in_namespace("secrets", &[], &[]), namespace, |scope| {
                scope.credential_store(names)
            })
            .expect("a credential store");
        builder.build(&MayMake::in_namespace("rogue", &[], &[]), namespace, |scope| {
            let variable = scope.env_secret("PASSWORD", &credentials.credential(&ITS), "password");
            build(scope, variable);
        });
    });
    let found = planted.found();
    let found = found.iter().filter(|it| it.code == REFERENCE_UNRESOLVED.name());
    found.map(|it| it.message.clone()).collect()
}

#[test]
fn what_comes_from_a_credential_is_fine() {
    assert_eq!(found(|_| ()), Vec::<String>::new());
}

#[test]
fn every_way_to_read_a_secret_is_seen() {
    let key = |name: &str, key: &str| EnvVar {
        name: "X".to_owned(),
        value_from: Some(EnvVarSource {
            secret_key_ref: Some(SecretKeySelector {
                name: name.to_owned(),
                key: key.to_owned(),
                optional: None,
            }),
            ..EnvVarSource::default()
        }),
        ..EnvVar::default()
    };
    let variable = |variable: EnvVar| {
        found(|pod| pod.containers[0].env.get_or_insert_default().push(variable))
    };
    assert_eq!(
        variable(key("other", "password")),
        ["Deployment `argocd/rogue` refers to the key `password` of the Secret `other`, which \
             nothing makes"]
    );
    // A key that is not sealed, and the name without the suffix.
    assert_eq!(variable(key("its-x7k2m", "user")).len(), 1);
    assert_eq!(variable(key("its", "password")).len(), 1);
    let whole = |name: &str| EnvFromSource {
        secret_ref: Some(SecretEnvSource { name: name.to_owned(), optional: None }),
        ..EnvFromSource::default()
    };
    assert_eq!(found(|pod| pod.containers[0].env_from = Some(vec![whole("other")])).len(), 1);
    assert_eq!(found(|pod| pod.containers[0].env_from = Some(vec![whole("its-x7k2m")])).len(), 0);
    let init = Container {
        name: "first".to_owned(),
        env: Some(vec![key("other", "password")]),
        ..Container::default()
    };
    assert_eq!(found(|pod| pod.init_containers = Some(vec![init])).len(), 1);
    let volume = |optional| Volume {
        name: "v".to_owned(),
        secret: Some(SecretVolumeSource {
            secret_name: Some("other".to_owned()),
            optional,
            ..SecretVolumeSource::default()
        }),
        ..Volume::default()
    };
    assert_eq!(found(|pod| pod.volumes = Some(vec![volume(None)])).len(), 1);
    assert_eq!(
        found(|pod| pod.volumes = Some(vec![volume(Some(true))])).len(),
        0,
        "what is optional may be missing"
    );
    let part = VolumeProjection {
        secret: Some(SecretProjection { name: "other".to_owned(), ..SecretProjection::default() }),
        ..VolumeProjection::default()
    };
    let projected = Volume {
        name: "v".to_owned(),
        projected: Some(ProjectedVolumeSource {
            sources: Some(vec![part]),
            ..ProjectedVolumeSource::default()
        }),
        ..Volume::default()
    };
    assert_eq!(found(|pod| pod.volumes = Some(vec![projected])).len(), 1);
    assert_eq!(
        found(|pod| pod.image_pull_secrets =
            Some(vec![LocalObjectReference { name: "pull".to_owned() }]))
        .len(),
        1
    );
}

/// Wherever an issuer names a Secret of its own namespace, the rule looks there: a field that it
/// does not know would be a reference that nobody holds.
#[test]
fn an_issuer_s_secret_that_nobody_sealed_is_seen() {
    let key = || SecretKeyRef { key: "password", name: "other".to_owned() };
    let acme = |dns01| {
        ClusterIssuerSpec::Acme(Acme {
            ca_bundle: None,
            email: None,
            private_key_secret_ref: SecretRef { name: "made-by-itself".to_owned() },
            server: "https://ca.example.org/directory".to_owned(),
            solvers: vec![Solver::Dns01(dns01)],
        })
    };
    let seen = |spec| {
        let metadata = ObjectMeta { name: Some("house".to_owned()), ..ObjectMeta::default() };
        told(|scope, _| {
            let right = scope.crd();
            scope.add_custom(right, ClusterIssuer { metadata, spec });
        })
        .len()
    };
    let updates = Dns01::Rfc2136 {
        nameserver: "10.0.0.53:53".to_owned(),
        protocol: "TCP",
        tsig_algorithm: "HMACSHA256",
        tsig_key_name: "acme".to_owned(),
        tsig_secret: key(),
    };
    assert_eq!(seen(acme(updates)), 1);
    assert_eq!(seen(acme(Dns01::Cloudflare { api_token: key() })), 1);
    assert_eq!(seen(acme(Dns01::DigitalOcean { token: key() })), 1);
    let sealed = || SecretKeyRef { key: "password", name: "its-x7k2m".to_owned() };
    let aws = |access_key_id, secret_access_key| {
        seen(acme(Dns01::Route53 { access_key_id, region: "us-east-1", secret_access_key }))
    };
    assert_eq!((aws(key(), sealed()), aws(sealed(), key()), aws(sealed(), sealed())), (1, 1, 0));
    // Both keys of the pair.
    assert_eq!(seen(ClusterIssuerSpec::Ca(Ca { secret_name: "other".to_owned() })), 2);
    assert_eq!(seen(ClusterIssuerSpec::SelfSigned {}), 0);
}

#[test]
fn a_certificate_that_nobody_issues_is_seen() {
    let ingress = |annotated: bool| {
        let annotations = annotated.then(|| {
            [("cert-manager.io/cluster-issuer".to_owned(), "letsencrypt-staging".to_owned())].into()
        });
        let tls = vec![IngressTLS { hosts: None, secret_name: Some("web-tls".to_owned()) }];
        told(|scope, _| {
            let metadata = ObjectMeta {
                name: Some("web".to_owned()),
                namespace: Some("argocd".to_owned()),
                annotations,
                ..ObjectMeta::default()
            };
            scope.add(Ingress {
                metadata,
                spec: Some(IngressSpec { tls: Some(tls), ..IngressSpec::default() }),
                ..Ingress::default()
            });
        })
    };
    assert_eq!(ingress(true), Vec::<String>::new());
    assert_eq!(
        ingress(false),
        ["Ingress `argocd/web` refers to the Secret `web-tls`, which nothing makes"]
    );
}
