//! What the watch of workspaces tells is taken in.

use std::{collections::BTreeSet, sync::Arc};

use super::state::Shared;
use crate::{
    cluster::watch::Change,
    resource::{Resource, Uid},
};

/// Watches for ever.
pub async fn watch(shared: Arc<Shared>) {
    let mut listed: Option<BTreeSet<Uid>> = None;
    let tell = |change| {
        let mut census = shared.census();
        match change {
            Change::Begin => {
                listed = Some(BTreeSet::new());
                census.begin();
            }
            Change::There(object) => {
                let Some((resource, _)) = Resource::of(object) else { return };
                if let Some(listed) = &mut listed {
                    listed.insert(resource.uid.clone());
                }
                census.learn(&resource);
            }
            Change::Gone(object) => {
                if let Some(uid) = object.metadata.uid {
                    census.forget(&uid.into());
                }
            }
            Change::Complete => census.complete(&listed.take().unwrap_or_default()),
        }
    };
    shared.cluster.watch_resources(tell).await;
}
