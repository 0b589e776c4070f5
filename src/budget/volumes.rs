//! The volumes of components, as large as they may become.

use k8s_openapi::api::{apps::v1::StatefulSet, core::v1::PersistentVolumeClaim};

use crate::{
    builder::{chart::pods::ChartPod, component::BuiltComponent, object::Object},
    facts::kubernetes::STORAGE_CLASS,
    units::Bytes,
};

/// The volumes of a component that are on its node's own disk.
pub fn on_disk(built: &BuiltComponent) -> Bytes {
    let of_charts = built.chart.iter().flat_map(|it| &it.pods).map(of_chart);
    built.objects.iter().filter_map(of_object).chain(of_charts).sum()
}

fn of_chart(pod: &ChartPod) -> Bytes {
    let own = pod.volumes().iter().filter(|it| *it.class == *STORAGE_CLASS);
    own.map(|it| it.size * u64::from(pod.count())).sum()
}

fn of_object(object: &Object) -> Option<Bytes> {
    if let Some(claim) = object.get::<PersistentVolumeClaim>() {
        return size(claim);
    }
    let spec = object.get::<StatefulSet>()?.spec.as_ref()?;
    let each: Bytes = spec.volume_claim_templates.iter().flatten().filter_map(size).sum();
    Some(each * u64::try_from(spec.replicas.unwrap_or(1)).unwrap_or_default())
}

/// The volumes that each pod of a StatefulSet has for itself, wherever they are.
pub fn of_each_pod(object: &Object) -> Bytes {
    let spec = object.get::<StatefulSet>().and_then(|it| it.spec.as_ref());
    let templates = spec.and_then(|it| it.volume_claim_templates.as_ref());
    templates.into_iter().flatten().filter_map(asked).sum()
}

fn size(claim: &PersistentVolumeClaim) -> Option<Bytes> {
    let class = claim.spec.as_ref()?.storage_class_name.as_deref();
    asked(claim).filter(|_| class.is_none_or(|name| name == STORAGE_CLASS))
}

/// What a claim asks for.
pub fn asked(claim: &PersistentVolumeClaim) -> Option<Bytes> {
    let requests = claim.spec.as_ref()?.resources.as_ref()?.requests.as_ref()?;
    Bytes::read(requests.get("storage")?)
}
