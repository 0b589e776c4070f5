//! The generated folders as Git names what is in them.

use std::ffi::OsString;

use crate::cli::{git::Git, path_index::OWNED};

/// The owned folders as Git knows them.
pub fn owned(git: &Git) -> impl Iterator<Item = String> {
    OWNED.into_iter().map(|it| format!(":(top,literal){}", git.path(it)))
}

/// A path of Git's, which is bytes.
#[cfg(unix)]
pub fn name(bytes: &[u8]) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes.to_owned())
}

/// A path of Git's, which is UTF-8 where paths are.
#[cfg(not(unix))]
pub fn name(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}
