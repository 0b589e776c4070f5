//! What a pod may write beside its volumes: folders of a size, on its node's disk or in memory, and
//! logs.

use k8s_openapi::api::core::v1::{Container, EmptyDirVolumeSource, ResourceRequirements, Volume};

use crate::{
    facts::{kubernetes::EPHEMERAL_STORAGE, node::CONTAINER_LOGS},
    units::Bytes,
};

/// A folder on the node's disk that lives as long as the pod, and ends it when it grows beyond a
/// size. There is none without a size: what strangers can write fills the pod then, not the node.
pub fn scratch(name: &str, size: Bytes) -> Volume {
    let source = EmptyDirVolumeSource {
        size_limit: Some(size.quantity()),
        ..EmptyDirVolumeSource::default()
    };
    Volume { name: name.to_owned(), empty_dir: Some(source), ..Volume::default() }
}

/// A folder in memory, which counts in the container's limit.
pub fn memory(name: &str, size: Bytes) -> Volume {
    let source = EmptyDirVolumeSource {
        medium: Some("Memory".to_owned()),
        size_limit: Some(size.quantity()),
    };
    Volume { name: name.to_owned(), empty_dir: Some(source), ..Volume::default() }
}

/// The container with its bound on the disk: its logs are promised, and its folders may be full
/// besides. The root is read only, so there is nothing else that it could write to.
pub fn bounded(mut container: Container, volumes: &[Volume]) -> Container {
    let mounts = container.volume_mounts.as_deref().unwrap_or_default();
    let folders: Bytes = volumes
        .iter()
        .filter(|volume| mounts.iter().any(|it| it.name == volume.name))
        .filter_map(size_on_disk)
        .sum();
    container.resources = Some(beside(container.resources.unwrap_or_default(), folders));
    container
}

/// The resources with a bound on the disk: the log is promised, and folders may hold so much
/// besides.
pub fn beside(mut resources: ResourceRequirements, folders: Bytes) -> ResourceRequirements {
    let (requests, limits) = (&mut resources.requests, &mut resources.limits);
    for (map, size) in [(requests, CONTAINER_LOGS), (limits, CONTAINER_LOGS + folders)] {
        map.get_or_insert_default().insert(EPHEMERAL_STORAGE.to_owned(), size.quantity());
    }
    resources
}

/// What a folder takes of the disk when it is full; none of one in memory, and of a volume.
fn size_on_disk(volume: &Volume) -> Option<Bytes> {
    let folder = volume.empty_dir.as_ref().filter(|it| it.medium.is_none())?;
    Bytes::read(folder.size_limit.as_ref()?)
}
