//! Which version of a workspace a request means: `If-Match` and `If-None-Match`, as RFC 9110 has
//! them.

use http::{
    HeaderMap, HeaderName,
    header::{IF_MATCH, IF_NONE_MATCH},
};

use super::problem::{self, Problem};

/// The versions that a header names.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Tags {
    /// Any that there is.
    Any,
    /// These, each with whether it is a strong one.
    These(Vec<(bool, String)>),
}

impl Tags {
    fn has(&self, version: &str, also_weak: bool) -> bool {
        match self {
            Self::Any => true,
            Self::These(all) => all.iter().any(|it| (it.0 || also_weak) && it.1 == version),
        }
    }
}

/// The versions that a request means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meant {
    matches: Option<Tags>,
    matches_none: Option<Tags>,
}

/// What a PUT does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// Makes the workspace.
    Create,
    /// Replaces it.
    Replace,
    /// Nothing: it is as it should be.
    Leave,
}

/// The tag of a version.
pub fn tag(version: &str) -> String {
    format!("\"{version}\"")
}

impl Meant {
    /// Reads the headers.
    ///
    /// # Errors
    /// When one of them is no list of tags.
    pub fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        Ok(Self {
            matches: tags(headers, &IF_MATCH)?,
            matches_none: tags(headers, &IF_NONE_MATCH)?,
        })
    }

    /// Whether the caller has this version already.
    pub fn has(&self, version: &str) -> bool {
        self.matches_none.as_ref().is_some_and(|it| it.has(version, true))
    }

    /// Whether the request only makes what is not there.
    pub fn only_creates(&self) -> bool {
        self.matches_none == Some(Tags::Any)
    }

    /// Whether it names a version.
    pub fn names_version(&self) -> bool {
        self.matches.is_some()
    }

    /// Whether it means a workspace of this version; without a header, it means any.
    ///
    /// # Errors
    /// When it means another one.
    pub fn means(&self, version: &str) -> Result<(), Problem> {
        let is_meant = self.matches.as_ref().is_none_or(|it| it.has(version, false));
        if is_meant && !self.has(version) {
            return Ok(());
        }
        Err(problem::STALE.says(format!("its version is `{}` by now", tag(version))))
    }

    /// What a PUT does with what is there.
    ///
    /// # Errors
    /// When it means another version, or none where one is wanted.
    pub fn put(&self, there: Option<&str>, is_equal: bool) -> Result<Put, Problem> {
        let Some(version) = there else {
            if self.matches.is_some() {
                return Err(problem::STALE.says("there is no workspace of this name"));
            }
            return Ok(Put::Create);
        };
        if self.only_creates() {
            return Err(problem::STALE.says("there is a workspace of this name already"));
        }
        // Whoever sends the same once more has lost the answer.
        if is_equal {
            return Ok(Put::Leave);
        }
        if self.matches.is_none() {
            return Err(problem::WANTS_MATCH
                .says("read it, and send its `ETag` as `If-Match`; nothing was written"));
        }
        self.means(version).map(|()| Put::Replace)
    }
}

fn tags(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Tags>, Problem> {
    let wrong = || problem::MALFORMED.says(format!("`{name}` is no list of tags"));
    let mut all = Vec::new();
    for value in headers.get_all(name) {
        let mut rest = value.to_str().map_err(|_| wrong())?.trim();
        if rest == "*" {
            return Ok(Some(Tags::Any));
        }
        while !rest.is_empty() {
            let is_strong = !rest.starts_with("W/");
            let quoted = rest.trim_start_matches("W/").strip_prefix('"').ok_or_else(wrong)?;
            let (tag, after) = quoted.split_once('"').ok_or_else(wrong)?;
            all.push((is_strong, tag.to_owned()));
            rest = after.trim_start();
            rest = match rest.strip_prefix(',') {
                Some(more) => more.trim_start(),
                None if rest.is_empty() => rest,
                None => return Err(wrong()),
            };
        }
    }
    Ok((!all.is_empty()).then_some(Tags::These(all)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(matches: &str, none: &str) -> Meant {
        let mut headers = HeaderMap::new();
        for (name, value) in [(IF_MATCH, matches), (IF_NONE_MATCH, none)] {
            if !value.is_empty() {
                headers.insert(name, value.parse().expect("a header"));
            }
        }
        Meant::of(&headers).expect("tags")
    }

    #[test]
    fn the_table_of_puts_is_whole() {
        /// `If-Match`, `If-None-Match`, what is there, whether it is equal: what is done.
        type Row = (&'static str, &'static str, Option<&'static str>, bool, Result<Put, u16>);
        let table: [Row; 14] = [
            ("", "", None, false, Ok(Put::Create)),
            ("", "*", None, false, Ok(Put::Create)),
            ("\"1\"", "", None, false, Err(412)),
            ("*", "", None, false, Err(412)),
            ("", "*", Some("1"), false, Err(412)),
            ("", "*", Some("1"), true, Err(412)),
            ("", "", Some("1"), false, Err(428)),
            ("", "", Some("1"), true, Ok(Put::Leave)),
            ("\"1\"", "", Some("1"), false, Ok(Put::Replace)),
            ("*", "", Some("1"), false, Ok(Put::Replace)),
            ("\"0\", \"1\"", "", Some("1"), false, Ok(Put::Replace)),
            ("W/\"1\"", "", Some("1"), false, Err(412)),
            ("\"0\"", "", Some("1"), false, Err(412)),
            ("\"0\"", "", Some("1"), true, Ok(Put::Leave)),
        ];
        for (matches, none, there, is_equal, expected) in table {
            let found = meant(matches, none).put(there, is_equal).map_err(|it| it.kind().status);
            assert_eq!(found, expected, "{matches} {none} {there:?} {is_equal}");
        }
    }

    #[test]
    fn what_the_caller_has_is_not_sent_again() {
        assert!(meant("", "\"1\"").has("1"));
        assert!(meant("", "W/\"1\"").has("1"));
        assert!(meant("", "\"0\",\"1\"").has("1"));
        assert!(!meant("", "\"0\"").has("1"));
        assert!(!meant("", "").has("1"));
    }

    #[test]
    fn other_headers_are_refused() {
        for text in ["1", "\"1", "\"1\" \"2\"", "W/1"] {
            let headers = HeaderMap::from_iter([(IF_MATCH, text.parse().expect("a header"))]);
            assert!(Meant::of(&headers).is_err(), "{text}");
        }
    }
}
