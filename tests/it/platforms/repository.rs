//! Repositories of random platforms, and the files by which their servers are known.

use proptest::{prelude::*, sample};
use serde_yaml::Value;

use super::{map, some};
use crate::support::{AUTHORITIES, KNOWN_HOSTS};

/// A repository, fetched by TLS or by SSH.
pub(super) fn repository() -> impl Strategy<Value = Value> {
    let url = sample::select(vec![
        "https://git.example.com/team/platform.git",
        "ssh://git@git.example.com:2222/team/platform.git",
        "git@git.example.com:team/platform.git",
    ]);
    let branch = sample::select(vec!["main", "release/2026", "on"]);
    let path = proptest::option::of(sample::select(vec!["clusters/prod", "a", "yes/no"]));
    (url, branch, path, any::<bool>()).prop_map(|(url, branch, path, is_own)| {
        let has_tls = url.starts_with("https://");
        map([
            ("url", some(url)),
            ("branch", some(branch)),
            ("path", path.map(Into::into)),
            ("hostKeys", (!has_tls).then(|| "known_hosts".into())),
            ("ca", (has_tls && is_own).then(|| "ca.pem".into())),
        ])
    })
}

/// What it may name.
pub(super) fn files() -> [(String, String); 2] {
    [("spec/known_hosts", KNOWN_HOSTS), ("spec/ca.pem", AUTHORITIES)]
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
}
