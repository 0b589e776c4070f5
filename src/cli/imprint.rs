//! Which version of Espalier wrote a tree, as recorded in the tree.

use semver::Version;
use serde_json::Value;

use crate::cli::{
    drift::{IMPRINT, text},
    tree::Tree,
};

/// The version that wrote the tree; none if the tree does not say, or no longer does (because of a
/// merge conflict).
pub fn version(tree: &Tree<'_>) -> Option<String> {
    let imprint: Value = serde_json::from_str(&text(tree, IMPRINT).ok()?).ok()?;
    Some(imprint.get("version")?.as_str()?.to_owned())
}

/// Whether one version is later than another; false if one of them is not a version.
pub fn is_later(one: &str, other: &str) -> bool {
    let read = |text: &str| Version::parse(text).ok();
    read(one).zip(read(other)).is_some_and(|(one, other)| one.cmp_precedence(&other).is_gt())
}

#[cfg(test)]
mod tests {
    use super::is_later;

    #[test]
    fn versions_are_no_texts() {
        assert!(
            is_later("0.10.0", "0.9.9")
                && is_later("1.0.0", "1.0.0-rc.1")
                && is_later("1.0.0-rc.10", "1.0.0-rc.9")
        );
        assert!(
            !is_later("0.1.0", "0.1.0")
                && !is_later("0.1.0+b", "0.1.0+a")
                && !is_later("0.9.9", "0.10.0")
                && !is_later("next", "0.1.0")
        );
    }
}
