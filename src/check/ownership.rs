//! `object-twice`, `folder-not-read`: each object belongs to one Application, and each Application
//! has objects.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    object::{BUG, BuiltObject, ObjectView, bug, key},
    rule::rules,
    view::WholeView,
};
use crate::{
    diag::diagnostic::{Diagnostics, Place},
    plan::applications::{MANIFESTS, tenant_name},
};

rules! {
    /// Two Applications make one object.
    error OBJECT_TWICE = "object-twice":
    Whole(one_owner);

    /// An Application and the files that it reads do not belong together.
    error FOLDER_NOT_READ = "folder-not-read":
    Whole(folders);
}

/// No object is made twice. Those of a workspace lie in its own namespace.
pub fn one_owner(view: &WholeView<'_>, found: &mut Diagnostics) {
    let applications: Vec<_> = view.applications().collect();
    let mut owners = BTreeMap::new();
    for of in &applications {
        for object in &of.component.objects {
            let object = BuiltObject { object, of };
            let Some(first) = owners.insert(key(object.object), of) else {
                continue;
            };
            let message = format!(
                "the Applications `{}` and `{}` both make {}",
                first.component.name,
                of.component.name,
                object.key()
            );
            found.push(bug(
                OBJECT_TWICE
                    .at(object.place(), message)
                    .related(first.place(), "the other Application"),
                &object,
            ));
        }
    }
}

/// Every Application reads a folder that is there, and every folder of objects is read by one.
pub fn folders(view: &WholeView<'_>, found: &mut Diagnostics) {
    let paths = view.files.iter().map(|it| it.0);
    let there: BTreeSet<&str> =
        paths.flat_map(|path| path.match_indices('/').map(|it| &path[..it.0])).collect();
    let repository = view.plan.repository();
    let there: BTreeMap<String, &str> =
        there.into_iter().map(|it| (repository.path(it), it)).collect();
    let mut read = BTreeSet::new();
    for (object, of) in &view.application_objects() {
        let application = BuiltObject { object, of };
        let Some(path) = application.text(&["spec", "source", "path"]) else { continue };
        if let Some(folder) = there.get(&path) {
            read.insert(*folder);
            continue;
        }
        let name = application.key().name;
        let message = format!("the Application `{name}` reads `{path}`, where nothing is");
        found.push(FOLDER_NOT_READ.at(application.place(), message).help(BUG));
    }
    let is_tenants = |name: &str| {
        let mut names = view.tenants.iter().filter_map(|it| it.name.as_ref());
        names.any(|it| *tenant_name(it) == *name)
    };
    for folder in there.into_values() {
        let name = folder.strip_prefix(MANIFESTS).and_then(|it| it.strip_prefix('/'));
        if name.is_some_and(|it| !it.contains('/') && !read.contains(folder) && !is_tenants(it)) {
            let message = format!("no Application reads `{folder}`");
            let place = Place::File(view.plan.file().clone());
            found.push(FOLDER_NOT_READ.at(place, message).help(BUG));
        }
    }
}
