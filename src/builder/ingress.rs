//! The ingress controller, as what has a public host sees it.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    handle::{CrdRef, Pods},
    traefik::{IngressRoute, Middleware},
};

/// An ingress controller: it answers at public hosts, and speaks to the pods behind them.
#[derive(Clone, Debug)]
pub struct IngressRef {
    pub(in crate::builder) class: Arc<str>,
    pub(in crate::builder) pods: Pods,
    /// Pod ports of plain HTTP and of TLS.
    pub(in crate::builder) ports: [u16; 2],
    /// What the controller reads on each Ingress.
    pub(in crate::builder) annotations: Arc<BTreeMap<String, String>>,
    pub(in crate::builder) redirect: Redirect,
    pub(in crate::builder) bounds: Bounds,
}

/// Who keeps what comes in at a public host within bounds.
#[derive(Clone, Copy, Debug)]
pub(in crate::builder) enum Bounds {
    /// The tree, by Traefik's own kinds.
    Tree(Rights),
    /// Whoever installed the controller.
    Owner,
}

/// The right to write the kinds of Traefik, and what it sees.
#[derive(Clone, Copy, Debug)]
pub(in crate::builder) struct Rights {
    pub(in crate::builder) middlewares: CrdRef<Middleware>,
    pub(in crate::builder) routes: CrdRef<IngressRoute>,
    pub(in crate::builder) clients: Clients,
}

/// What an ingress controller sees of its clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clients {
    /// Their addresses.
    Seen,
    /// The address of a node: all look like one.
    Alike,
}

/// What leads a browser that asks in plain HTTP to HTTPS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redirect {
    /// The entry point of plain HTTP, which a component has configured.
    EntryPoint,
    /// The controller by its own settings, or by the annotations of the spec: nothing of the tree.
    Controller,
    /// Nothing: plain HTTP finds no page.
    Missing,
}

impl IngressRef {
    /// Its `IngressClass`.
    pub fn class(&self) -> &Arc<str> {
        &self.class
    }

    /// Its pods.
    pub fn pods(&self) -> &Pods {
        &self.pods
    }

    /// The ports of its pods on which the public hosts answer: plain HTTP, and TLS.
    pub fn ports(&self) -> [u16; 2] {
        self.ports
    }

    /// What it sees of its clients.
    pub fn clients(&self) -> Clients {
        match self.bounds {
            Bounds::Tree(rights) => rights.clients,
            Bounds::Owner => Clients::Alike,
        }
    }

    /// What leads from plain HTTP to HTTPS.
    pub fn redirect(&self) -> Redirect {
        self.redirect
    }
}
