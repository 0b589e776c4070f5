//! The way to the internet by HTTPS: straight, or through a proxy. Only who has told its program
//! which way it is gets it opened.

use std::sync::Arc;

use k8s_openapi::api::core::v1::EnvVar;

use crate::{
    facts::domains::private,
    platform::{outside::Outside, proxy::Bypassed},
};

/// The way of this cluster. It is no leave to go it: that is [`Https`].
#[derive(Clone, Debug, Default)]
pub struct Internet {
    proxy: Option<Arc<ProxyRef>>,
}

/// A proxy, and what is asked without it.
#[derive(Debug, PartialEq, Eq)]
pub struct ProxyRef {
    /// Where it is.
    pub outside: Outside,
    /// Its URL.
    pub url: Arc<str>,
    /// What is asked without it: `NO_PROXY`.
    pub bypassed: Bypassed,
}

impl ProxyRef {
    /// Whether a server that the spec names is asked through it. One in a network of its own is
    /// not, nor one that has a private name, whose network has to be written.
    pub(in crate::builder) fn is_for(&self, server: &Outside) -> bool {
        server.network().is_none()
            && private(server.host()).is_none()
            && !self.bypassed.covers(server.host())
    }
}

/// The leave to go: its holder has what its program must be told.
#[derive(Clone, Debug)]
pub struct Https {
    pub(in crate::builder) proxy: Option<Arc<ProxyRef>>,
}

impl Https {
    /// The proxy of a program that is told of it request by request, for servers of which the spec
    /// knows no name.
    pub fn proxy(&self) -> Option<Arc<str>> {
        self.proxy.as_ref().map(|it| it.url.clone())
    }

    /// The same for a server that the spec names: the way that
    /// [`Scope::calls_https_of`](super::scope::Scope::calls_https_of) opens.
    pub fn proxy_to(&self, server: &Outside) -> Option<Arc<str>> {
        self.proxy.as_ref().filter(|it| it.is_for(server)).map(|it| it.url.clone())
    }
}

impl Internet {
    /// The way through a proxy, or the straight one.
    pub fn new(proxy: Option<ProxyRef>) -> Self {
        Self { proxy: proxy.map(Arc::new) }
    }

    /// The proxy, for who makes no pods: the node's own files.
    pub fn proxy(&self) -> Option<&ProxyRef> {
        self.proxy.as_deref()
    }

    /// The proxy that a program has to be told of, whatever the form in which it is told.
    pub fn told(&self) -> (Option<Arc<ProxyRef>>, Https) {
        (self.proxy.clone(), Https { proxy: self.proxy.clone() })
    }

    /// The same as environment variables.
    pub fn env(&self) -> (Vec<EnvVar>, Https) {
        let (proxy, https) = self.told();
        let variable = |name: &str, value: &str| EnvVar {
            name: name.to_owned(),
            value: Some(value.to_owned()),
            ..EnvVar::default()
        };
        let env = proxy.iter().flat_map(|proxy| {
            [variable("HTTPS_PROXY", &proxy.url), variable("NO_PROXY", &proxy.bypassed.text())]
        });
        (env.collect(), https)
    }
}
