//! What stands after the question mark of a request: only what its operation knows.

use std::collections::BTreeMap;

use super::problem::{self, Problem};

/// The parameters of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(BTreeMap<String, String>);

/// One parameter that is wrong.
fn wrong(detail: String) -> Problem {
    problem::MALFORMED.says(detail)
}

impl Query {
    /// Reads them.
    ///
    /// # Errors
    /// When one is unknown, comes twice or is no text.
    pub fn of(text: &str, known: &[&str]) -> Result<Self, Problem> {
        let mut all = BTreeMap::new();
        for pair in text.split('&').filter(|it| !it.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (Some(key), Some(value)) = (decoded(key), decoded(value)) else {
                return Err(wrong("the query is not encoded as queries are".to_owned()));
            };
            if !known.contains(&key.as_str()) {
                let known = known.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                return Err(wrong(format!("`{key}` is no parameter of this; there is {known}")));
            }
            if all.insert(key.clone(), value).is_some() {
                return Err(wrong(format!("`{key}` comes twice")));
            }
        }
        Ok(Self(all))
    }

    /// The text of a parameter.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Whether something is to be so; nothing where it is not said.
    ///
    /// # Errors
    /// When it is neither `true` nor `false`.
    pub fn switch(&self, key: &str) -> Result<Option<bool>, Problem> {
        self.choice(key, &["false", "true"]).map(|said| said.map(|it| it == "true"))
    }

    /// One of some words; nothing where it is not said.
    ///
    /// # Errors
    /// When it is another word.
    pub fn choice<'a>(&self, key: &str, words: &[&'a str]) -> Result<Option<&'a str>, Problem> {
        let Some(said) = self.text(key) else { return Ok(None) };
        let found = words.iter().find(|it| **it == said).copied();
        let words = || words.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(" or ");
        found.map(Some).ok_or_else(|| wrong(format!("`{key}` is {}", words())))
    }

    /// A number within bounds; the third one where it is not said.
    ///
    /// # Errors
    /// When it is none, or out of bounds.
    pub fn number(&self, key: &str, (least, most): (u32, u32), none: u32) -> Result<u32, Problem> {
        let Some(said) = self.text(key) else { return Ok(none) };
        let number = said.parse().ok().filter(|it| (least..=most).contains(it));
        number.ok_or_else(|| wrong(format!("`{key}` is a number from {least} to {most}")))
    }
}

/// A text without its encoding; none where it is not encoded as queries are.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut all = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        all.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [bytes.next()?, bytes.next()?];
                if !digits.iter().all(u8::is_ascii_hexdigit) {
                    return None;
                }
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(all).ok()
}

/// Whether a text can be the name of a resource: a DNS subdomain.
pub fn is_name(text: &str) -> bool {
    let is_label = |label: &str| {
        let ends =
            |end: Option<u8>| end.is_some_and(|it| it.is_ascii_lowercase() || it.is_ascii_digit());
        ends(label.bytes().next())
            && ends(label.bytes().last())
            && label.bytes().all(|it| it == b'-' || ends(Some(it)))
    };
    !text.is_empty() && text.len() <= 253 && text.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_once_and_whole() {
        let query = Query::of("limit=5&labelSelector=a%3Db%2Cc+in", &["limit", "labelSelector"]);
        let query = query.expect("a query");
        assert_eq!(query.text("labelSelector"), Some("a=b,c in"));
        assert_eq!(query.number("limit", (1, 500), 100).ok(), Some(5));
        assert_eq!(query.number("other", (1, 500), 100).ok(), Some(100));
        for text in ["x=1", "limit=1&limit=2", "limit=%zz", "limit=%f", "limit=%ff"] {
            assert!(Query::of(text, &["limit"]).is_err(), "{text}");
        }
        for text in ["limit=0", "limit=501", "limit=", "limit=-1", "limit=1e3"] {
            let query = Query::of(text, &["limit"]).expect("a query");
            assert!(query.number("limit", (1, 500), 100).is_err(), "{text}");
        }
        let query = Query::of("ready=maybe", &["ready"]).expect("a query");
        assert!(query.switch("ready").is_err());
    }

    #[test]
    fn names_are_those_of_resources() {
        for name in ["a", "team-a", "a.b-c.d", "0"] {
            assert!(is_name(name), "{name}");
        }
        let long = "a".repeat(254);
        for name in ["", "A", "-a", "a-", "a..b", "a/b", "%2e", ".", "a_b", &long] {
            assert!(!is_name(name), "{name}");
        }
    }
}
