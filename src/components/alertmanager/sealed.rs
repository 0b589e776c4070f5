//! The sealed values that Alertmanager reads: files of Secrets that its pods mount.

use std::sync::Arc;

use crate::{
    builder::{
        credential::{CredentialSpec, CredentialStore},
        scope::Scope,
    },
    facts::charts::kube_prometheus_stack::ALERTMANAGER_SECRETS,
};

/// The credentials that are used, where there is somebody to open them.
pub(super) struct Sealed<'a, 's> {
    scope: &'a mut Scope<'s>,
    store: Option<&'a CredentialStore>,
    secrets: Vec<Arc<str>>,
}

impl<'a, 's> Sealed<'a, 's> {
    /// None is used yet.
    pub(super) fn new(scope: &'a mut Scope<'s>, store: Option<&'a CredentialStore>) -> Self {
        Self { scope, store, secrets: Vec::new() }
    }

    /// The Secrets that pods have to mount.
    pub(super) fn mounted(self) -> Vec<Arc<str>> {
        self.secrets
    }

    /// The path of a key in the pods; none where nobody opens it, which was refused before.
    pub(super) fn file(
        &mut self,
        declared: &'static CredentialSpec,
        key: &'static str,
    ) -> Option<String> {
        let credential = self.store?.credential(declared);
        self.scope.uses_secret(&credential);
        Some(self.path(credential.secret(), key))
    }

    /// The same of a key that is composed when the credential is opened.
    pub(super) fn composed(
        &mut self,
        declared: &'static CredentialSpec,
        key: &'static str,
        template: String,
    ) -> Option<String> {
        let credential = self.store?.credential(declared);
        self.scope.uses_secret_with(&credential, key, template);
        Some(self.path(credential.secret(), key))
    }

    fn path(&mut self, secret: &Arc<str>, key: &str) -> String {
        if !self.secrets.contains(secret) {
            self.secrets.push(secret.clone());
        }
        format!("{ALERTMANAGER_SECRETS}/{secret}/{key}")
    }
}
