//! Which file of the tree holds which object.

use crate::{builder::object::Object, emit::files::Files};

/// Adds an object's file below a folder.
pub fn object(files: &mut Files, folder: &str, object: &Object) {
    let mut path = String::with_capacity(96);
    path.push_str(folder);
    path.push('/');
    object.path(&mut path);
    files.add_yaml(&path, |out| object.emit(out));
}

/// Adds an object's file directly in a folder, as `<kind>-<name>.yaml`; returns its path.
pub fn object_flat(files: &mut Files, folder: &str, object: &Object) -> String {
    let mut path = String::with_capacity(96);
    object.path(&mut path);
    let name = path.rsplit_once('/').map_or(path.as_str(), |(_, name)| name);
    let path = format!("{folder}/{name}");
    files.add_yaml(&path, |out| object.emit(out));
    path
}
