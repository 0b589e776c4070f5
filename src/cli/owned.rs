//! The owned folders, and the paths in them, as Git names them.

use std::ffi::OsString;

use crate::cli::{git::Git, path_index::OWNED};

/// The owned folders as Git path specifications.
pub(super) fn owned(git: &Git) -> impl Iterator<Item = String> {
    OWNED.into_iter().map(|it| format!(":(top,literal){}", git.path(it)))
}

/// A path as Git prints it: bytes.
#[cfg(unix)]
pub(super) fn name(bytes: &[u8]) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes.to_owned())
}

/// A path as Git prints it: UTF-8 on systems whose paths are text.
#[cfg(not(unix))]
pub fn name(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}
