//! The volumes of components, as large as they may become.

use k8s_openapi::api::{apps::v1::StatefulSet, core::v1::PersistentVolumeClaim};

use crate::{
    builder::{component::BuiltComponent, object::Object},
    facts::kubernetes::STORAGE_CLASS,
    units::Bytes,
};

/// The volumes of a component that are on its node's own disk.
pub fn on_disk(built: &BuiltComponent) -> Bytes {
    built.objects.iter().filter_map(of_object).sum()
}

fn of_object(object: &Object) -> Option<Bytes> {
    if let Some(claim) = object.get::<PersistentVolumeClaim>() {
        return size(claim);
    }
    let spec = object.get::<StatefulSet>()?.spec.as_ref()?;
    let each: Bytes = spec.volume_claim_templates.iter().flatten().filter_map(size).sum();
    Some(each * u64::try_from(spec.replicas.unwrap_or(1)).unwrap_or_default())
}

fn size(claim: &PersistentVolumeClaim) -> Option<Bytes> {
    let spec = claim.spec.as_ref()?;
    let is_own = spec.storage_class_name.as_deref().is_none_or(|name| name == STORAGE_CLASS);
    let requests = spec.resources.as_ref()?.requests.as_ref()?;
    Bytes::read(requests.get("storage")?).filter(|_| is_own)
}
