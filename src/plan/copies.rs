//! Sealed copies: which namespace needs which credential, poured into the Application that holds them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::{
    builder::{handle::Credential, meta::Naming, scope::Built},
    crds::sealed_secrets::{SealedSecret, SealedSecretSpec, SecretTemplate},
    platform::sealed::SealedStore,
};

/// One copy that is needed.
pub struct Needed {
    /// What.
    pub credential: Credential,
    /// Where.
    pub namespace: Arc<str>,
    /// By which Applications.
    pub used_by: BTreeSet<Arc<str>>,
    /// Keys that the controller composes: name, Go template.
    pub derived: BTreeMap<&'static str, String>,
}

/// All copies that are needed, by credential and namespace.
pub fn needed(built: &[Built]) -> Vec<Needed> {
    let mut all: BTreeMap<(&str, &Arc<str>), Needed> = BTreeMap::new();
    for it in built {
        for copy in &it.copies {
            let needed = all.entry((copy.credential.name(), &copy.namespace)).or_insert_with(|| Needed {
                credential: copy.credential.clone(),
                namespace: copy.namespace.clone(),
                used_by: BTreeSet::new(),
                derived: BTreeMap::new(),
            });
            needed.used_by.insert(it.name.clone());
            needed.derived.extend(copy.derived.clone());
        }
    }
    all.into_values().collect()
}

/// The `SealedSecret` of one copy, where its values are sealed.
pub fn sealed(it: &Needed, store: &SealedStore, naming: &Naming, instance: &str) -> Option<SealedSecret> {
    let name = it.credential.name();
    let encrypted_data = store.copy(name, it.credential.keys(), &it.namespace)?;
    let labels = naming.labels(name, instance, "credential", None);
    let metadata = |labels| ObjectMeta {
        name: Some(name.to_owned()),
        namespace: Some(it.namespace.to_string()),
        labels: Some(labels),
        ..ObjectMeta::default()
    };
    let template = SecretTemplate { metadata: metadata(labels.clone()), data: it.derived.clone() };
    Some(SealedSecret { metadata: metadata(labels), spec: SealedSecretSpec { encrypted_data, template } })
}
