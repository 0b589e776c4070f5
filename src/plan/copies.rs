//! Sealed copies: which namespace needs which credential, and the `SealedSecrets` that provide it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::{
    builder::{
        component::BuiltComponent,
        credential::{Credential, SecretLookup},
        may_make::MayMake,
        meta::Naming,
    },
    crds::sealed_secrets::{SealedSecret, SealedSecretSpec, SecretTemplate},
    platform::sealed::{SealedCopy, SealedStore},
};

/// A copy of a credential that a namespace needs.
pub struct RequiredSecret {
    /// The credential.
    pub credential: Credential,
    /// The namespace that needs it.
    pub namespace: Arc<str>,
    /// The Applications that use it there.
    pub used_by: BTreeSet<Arc<str>>,
    /// Keys that the controller composes: name, Go template.
    pub templated_keys: BTreeMap<&'static str, String>,
}

impl RequiredSecret {
    /// The Application that holds it: `usual`, or that of the one reader whose Secret it is added
    /// to, or which is in a namespace that `usual` has no business in.
    pub fn application(&self, usual: &MayMake) -> Arc<str> {
        let is_own = self.credential.declared().lookup == SecretLookup::Patched
            || !usual.namespaces.contains(&&*self.namespace);
        let own = self.used_by.first().filter(|_| is_own);
        own.map_or_else(|| usual.application.into(), Arc::clone)
    }
}

/// All copies that are needed, by credential and namespace.
pub fn needed(components: &[BuiltComponent]) -> Vec<RequiredSecret> {
    let mut all: BTreeMap<(&str, &Arc<str>), RequiredSecret> = BTreeMap::new();
    for component in components {
        for copy in &component.copies {
            let needed =
                all.entry((copy.credential.name(), &copy.namespace)).or_insert_with(|| {
                    RequiredSecret {
                        credential: copy.credential.clone(),
                        namespace: copy.namespace.clone(),
                        used_by: BTreeSet::new(),
                        templated_keys: BTreeMap::new(),
                    }
                });
            needed.used_by.insert(component.name.clone());
            needed.templated_keys.extend(copy.templated_key.clone());
        }
    }
    all.into_values().collect()
}

/// The `SealedSecrets` of one copy, where its values are sealed: the current values, and those from
/// before the last rotation, for pods that still use them or are rolled back to them.
pub fn sealed(
    required_secret: &RequiredSecret,
    store: &SealedStore,
    naming: &Naming,
    instance: &str,
) -> Vec<SealedSecret> {
    let copies = store.copies(
        required_secret.credential.name(),
        &required_secret.credential.keys(),
        &required_secret.namespace,
    );
    copies.into_iter().map(|copy| secret(required_secret, copy, naming, instance)).collect()
}

fn secret(
    secret: &RequiredSecret,
    copy: SealedCopy,
    naming: &Naming,
    instance: &str,
) -> SealedSecret {
    let labels = naming.labels(secret.credential.name(), instance, "credential", None);
    // The controller wants it on the object, to open it, and leaves it on the Secret only where the
    // template has it too.
    let annotations = copy.scope.annotation().map(|it| [(it.to_owned(), "true".to_owned())].into());
    let metadata = || ObjectMeta {
        name: Some(copy.secret.clone()),
        namespace: Some(secret.namespace.to_string()),
        annotations: annotations.clone(),
        labels: Some(labels.clone()),
        ..ObjectMeta::default()
    };
    // Labels of a Secret that is another's stay as they are: Argo CD looks for its own by them.
    let own = secret.credential.declared().lookup != SecretLookup::Patched;
    let template = ObjectMeta { labels: metadata().labels.filter(|_| own), ..metadata() };
    let template = SecretTemplate { metadata: template, data: secret.templated_keys.clone() };
    SealedSecret {
        metadata: metadata(),
        spec: SealedSecretSpec { encrypted_data: copy.keys, template },
    }
}
