//! Which fields of the spec are written: a default that somebody wrote is another thing than one
//! that nobody thought of.

use std::{collections::BTreeSet, sync::Arc};

use crate::diag::path::{FieldPath, Step};

/// The paths of all values that are written.
#[derive(Clone, Debug, Default)]
pub struct Written(Arc<BTreeSet<FieldPath>>);

impl Written {
    /// Of the paths of a document.
    pub fn of(paths: impl IntoIterator<Item = FieldPath>) -> Self {
        Self(Arc::new(paths.into_iter().collect()))
    }

    /// Whether a value is written.
    pub fn has(&self, path: &FieldPath) -> bool {
        self.0.contains(path)
    }

    /// The keys that are written right below a path, by name.
    pub fn below<'a>(&'a self, path: &FieldPath) -> impl Iterator<Item = &'a str> + use<'a> {
        let depth = path.steps().len();
        let (from, of) = (path.clone(), path.clone());
        self.0.range(from..).skip(1).take_while(move |it| it.starts_with(&of)).filter_map(
            move |written| match &written.steps()[depth..] {
                [Step::Key(key)] => Some(key.as_str()),
                _ => None,
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Written;
    use crate::diag::path::FieldPath;

    #[test]
    fn keys_right_below_a_path() {
        let path = |text: &str| text.parse::<FieldPath>().expect("a path");
        let written = Written::of(["a", "a.b", "a.b.c", "a.b[0]", "a.b-c", "a.d", "b"].map(path));
        assert_eq!(written.below(&path("a")).collect::<Vec<_>>(), ["b", "b-c", "d"]);
        assert_eq!(written.below(&path("a.d")).count(), 0);
        assert!(written.has(&path("a.b.c")) && !written.has(&path("a.c")));
        // What is not written has nothing below it.
        assert_eq!(written.below(&path("a.a")).count(), 0);
    }
}
