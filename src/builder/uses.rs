//! How a component uses what others offer: which is what records orders and flows.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{EnvVar, EnvVarSource, SecretKeySelector};

use super::{
    component::{Flow, SecretCopy},
    credential::{Credential, OwnSecret},
    endpoint::Endpoint,
    handle::{
        Caller, CrdRef, HostRef, IssuerRef, Peer, Pods, PortRef, PriorityRef, Running, VolumeRef,
    },
    ingress::IngressRef,
    internet::Https,
    object::CustomResource,
    scope::Scope,
};
use crate::{
    facts::{
        charts::cert_manager::Solver,
        kubernetes::{DNS_PORT, HTTP_PORT, HTTPS_PORT, KUBELET_PORT},
    },
    platform::outside::Outside,
};

impl<S> Scope<'_, S> {
    /// "I call it, and it must be up before me": a flow and an order.
    pub fn connect(&mut self, from: &Pods, to: &PortRef) -> Endpoint {
        self.after(to.owner);
        self.connect_at_run_time(from, to)
    }

    /// "I call it, and can wait until it is up": a flow, no order.
    pub fn connect_at_run_time(&mut self, from: &Pods, to: &PortRef) -> Endpoint {
        self.flow(from, to);
        to.endpoint()
    }

    /// "It may be called": a flow, no order. The holder of both ends may declare it.
    pub fn flow(&mut self, from: &Pods, to: &PortRef) {
        self.built.outside.extend(to.outside.clone());
        self.flow_to(from, to.peer.clone(), to.pod_port);
    }

    /// "They call each other's pods": a flow between pods of one chart, by the pods' port.
    pub fn calls(&mut self, from: &Pods, to: &Pods, port: u16) {
        self.flow_to(from, Peer::Pods(to.clone()), port);
    }

    /// The pods call the API server.
    pub fn calls_api_server(&mut self, from: &Pods) {
        self.flow(from, &self.cluster().api_server);
    }

    /// The pods call the kubelet of each node.
    pub fn calls_kubelets(&mut self, from: &Pods) {
        self.flow_to(from, Peer::Kubelet, KUBELET_PORT);
    }

    /// The pods call a server outside the cluster that the spec names: what has to hold of it is
    /// asked of every one that is recorded here.
    pub fn calls_outside(&mut self, from: &Pods, to: &Outside) {
        self.flow(from, &PortRef::outside(to));
    }

    /// The pods call servers of the internet by HTTPS whose names the spec does not have, or that
    /// are many: through the proxy, or whatever is beyond every private range.
    pub fn calls_https(&mut self, from: &Pods, https: &Https) {
        match &https.proxy {
            Some(proxy) => self.calls_outside(from, &proxy.outside),
            None => self.flow_to(from, Peer::Outside, HTTPS_PORT),
        }
    }

    /// The pods call a server by HTTPS that the spec names: as the internet, or straight where the
    /// program is told to ask it without the proxy.
    pub fn calls_https_of(&mut self, from: &Pods, https: &Https, to: &Outside) {
        match &https.proxy {
            Some(proxy) if proxy.is_for(to) => self.calls_outside(from, &proxy.outside),
            _ => self.calls_outside(from, to),
        }
    }

    /// The pods call the public hosts from inside, which the node turns into the ingress
    /// controller's pods, or which leave and come back.
    pub fn calls_public_hosts(&mut self, from: &Pods, ingress: &IngressRef) {
        for port in [HTTP_PORT, HTTPS_PORT] {
            self.flow_to(from, Peer::Outside, port);
        }
        for port in ingress.ports() {
            self.calls(from, ingress.pods(), port);
        }
    }

    fn flow_to(&mut self, from: &Pods, to: Peer, port: u16) {
        self.built.flows.insert(Flow {
            from: Caller::Pods(from.clone()),
            to,
            port,
            protocol: "TCP",
        });
    }

    /// The API server calls the pods (a webhook). From their own node it always may; from another
    /// it comes as the network's own address.
    pub fn serves_webhook(&mut self, pods: &Pods, port: u16) {
        if self.cluster.several_nodes {
            self.built.flows.insert(Flow {
                from: Caller::ApiServer,
                to: Peer::Pods(pods.clone()),
                port,
                protocol: "TCP",
            });
        }
    }

    /// "Workspaces that share me may call me": a flow from all that bear the label, whoever they
    /// will be.
    pub fn serves_workspaces(&mut self, port: &PortRef, label: (&'static str, &'static str)) {
        self.built.flows.insert(Flow {
            from: Caller::Workspaces(label.0, label.1),
            to: port.peer.clone(),
            port: port.pod_port,
            protocol: "TCP",
        });
    }

    /// The pods resolve names: DNS, both protocols.
    pub fn resolves_names(&mut self, from: &Pods) {
        for protocol in ["TCP", "UDP"] {
            let from = Caller::Pods(from.clone());
            let to = Peer::Pods(self.cluster.dns.clone());
            self.built.flows.insert(Flow { from, to, port: DNS_PORT, protocol });
        }
    }

    /// An environment variable from a credential: an order, and a sealed copy in this namespace.
    pub fn env_secret(&mut self, name: &str, credential: &Credential, key: &'static str) -> EnvVar {
        self.copy(credential, None);
        env_from(name, &credential.secret, key)
    }

    /// An environment variable that the controller composes when it opens the credential (a URL
    /// with an escaped password).
    pub fn env_derived(
        &mut self,
        name: &str,
        credential: &Credential,
        key: &'static str,
        template: String,
    ) -> EnvVar {
        self.copy(credential, Some((key, template)));
        env_from(name, &credential.secret, key)
    }

    /// Adds an object of which its controller makes a Secret of the same name.
    #[track_caller]
    pub fn add_sealed<K: CustomResource>(&mut self, crd: CrdRef<K>, object: K) -> OwnSecret {
        let name = object.metadata().name.as_deref().unwrap_or_default().into();
        self.add_custom(crd, object);
        OwnSecret { name }
    }

    /// An environment variable from a Secret that is sealed here.
    pub fn env_sealed(&self, name: &str, secret: &OwnSecret, key: &str) -> EnvVar {
        env_from(name, &secret.name, key)
    }

    fn copy(&mut self, credential: &Credential, templated_key: Option<(&'static str, String)>) {
        self.after(Some(credential.credentials));
        self.built.copies.insert(SecretCopy {
            namespace: self.built.namespace.clone(),
            credential: credential.clone(),
            templated_key,
        });
    }

    /// Asks for a certificate: an order on the issuer, and the way to its solver pods, where it has
    /// any: they are made at run time in the namespace of the Ingress that waits.
    pub(in crate::builder) fn certificate(
        &mut self,
        ingress: &IngressRef,
        issuer: &IssuerRef,
        host: &HostRef,
    ) {
        self.after(Some(issuer.owner));
        let is_new = self.built.certificates.insert(host.host.clone());
        if let Some((selector, port)) = issuer.solver.clone() {
            let namespace = self.built.namespace.clone();
            let solver = Pods { namespace, name: Solver::NAME.into(), selector };
            self.flow_to(&ingress.pods, Peer::Pods(solver), port);
            self.built.solvers += u32::from(is_new);
        }
    }

    /// Asks an issuer for a certificate that no Ingress bears: an order. Returns its name.
    pub fn asks(&mut self, issuer: &IssuerRef) -> Arc<str> {
        self.after(Some(issuer.owner));
        issuer.name.clone()
    }

    /// Bears a priority: an order. Returns the class's name.
    pub fn priority(&mut self, priority_ref: PriorityRef) -> String {
        self.after(priority_ref.owner);
        priority_ref.name.to_owned()
    }

    /// Mounts another component's volume: an order. Returns the claim's name, in the namespace that
    /// is built in.
    pub fn claim_of(&mut self, volume: &VolumeRef) -> Arc<str> {
        self.after(volume.owner);
        volume.claim.clone()
    }

    /// That this component is there.
    pub fn running(&self) -> Running {
        Running { owner: self.id }
    }

    /// What is built here comes after a component.
    pub fn wait_until(&mut self, running: Running) {
        self.after(running.owner);
    }

    /// A sealed copy in this namespace, for a reader that finds it by its name.
    pub fn uses_secret(&mut self, credential: &Credential) {
        self.copy(credential, None);
    }

    /// The same, and its Secret has one more key, whose value is no secret.
    pub fn uses_secret_with(&mut self, credential: &Credential, key: &'static str, value: String) {
        self.copy(credential, Some((key, value)));
    }

    /// For a chart that needs a kind from its own templates, or a component whose objects a
    /// controller must see.
    pub fn wait_for<K>(&mut self, crd: &CrdRef<K>) {
        self.after(crd.owner);
    }
}

fn env_from(name: &str, secret: &str, key: &str) -> EnvVar {
    let key = SecretKeySelector {
        name: secret.to_owned(),
        key: key.to_owned(),
        ..SecretKeySelector::default()
    };
    let value_from = EnvVarSource { secret_key_ref: Some(key), ..EnvVarSource::default() };
    EnvVar { name: name.to_owned(), value_from: Some(value_from), ..EnvVar::default() }
}
