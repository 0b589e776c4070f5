//! Addresses of values, the same for a YAML file, a JSON body and a custom resource.

use std::{
    fmt::{self, Write as _},
    str::FromStr,
};

use serde_json::Value;

/// The way from a document's root to a value: `spec.components.ollama.models[0]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldPath(Vec<Step>);

/// One step of a [`FieldPath`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Into a map, by key.
    Key(String),
    /// Into a list, by position from 0.
    Index(usize),
}

impl FieldPath {
    /// The document itself.
    pub const fn root() -> Self {
        Self(Vec::new())
    }

    /// The value at a key of this map.
    #[must_use]
    pub fn key(&self, key: impl Into<String>) -> Self {
        self.step(Step::Key(key.into()))
    }

    /// The value at a position of this list.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.step(Step::Index(index))
    }

    /// What this value stands in; nothing for the root.
    pub fn parent(&self) -> Option<Self> {
        let (_, init) = self.0.split_last()?;
        Some(Self(init.to_vec()))
    }

    /// The last step; nothing for the root.
    pub fn last(&self) -> Option<&Step> {
        self.0.last()
    }

    /// The steps from the root.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this value is the other one, or lies in it.
    pub fn starts_with(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// The same way, from the root of what `self` leads to.
    #[must_use]
    pub fn join(&self, rest: &Self) -> Self {
        Self(self.0.iter().chain(&rest.0).cloned().collect())
    }

    /// The value that the path leads to.
    pub fn get<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(value, |value, step| match step {
            Step::Key(key) => value.get(key),
            Step::Index(index) => value.get(index),
        })
    }

    /// The value that the path leads to, to be changed.
    pub fn get_mut<'v>(&self, value: &'v mut Value) -> Option<&'v mut Value> {
        follow(&self.0, value)
    }

    /// Takes the value out, so that what comes after it can be read too; false where there is none.
    pub fn take_from(&self, value: &mut Value) -> bool {
        let Some((last, init)) = self.0.split_last() else { return false };
        match (follow(init, value), last) {
            (Some(Value::Object(map)), Step::Key(key)) => map.remove(key).is_some(),
            (Some(Value::Array(items)), Step::Index(index)) if *index < items.len() => {
                items.remove(*index);
                true
            }
            _ => false,
        }
    }

    /// The path as a JSON Pointer (RFC 6901): `/spec/components/ollama/models/0`; empty for the
    /// root.
    pub fn pointer(&self) -> String {
        self.0.iter().fold(String::new(), |at, step| match step {
            Step::Key(key) => at + "/" + &key.replace('~', "~0").replace('/', "~1"),
            Step::Index(index) => format!("{at}/{index}"),
        })
    }

    fn step(&self, step: Step) -> Self {
        let mut steps = Vec::with_capacity(self.0.len() + 1);
        steps.extend_from_slice(&self.0);
        steps.push(step);
        Self(steps)
    }
}

fn follow<'v>(steps: &[Step], value: &'v mut Value) -> Option<&'v mut Value> {
    steps.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get_mut(key),
        Step::Index(index) => value.get_mut(index),
    })
}

impl FromIterator<Step> for FieldPath {
    fn from_iter<I: IntoIterator<Item = Step>>(steps: I) -> Self {
        Self(steps.into_iter().collect())
    }
}

/// Whether a key may stand in a path without quotes.
fn bare(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '/'))
}

impl fmt::Display for FieldPath {
    /// `a.b[0].c`; a key that is not made of letters, digits, `-`, `_` and `/` stands in double
    /// quotes (`a."b.c"`).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) => {
                    if i > 0 {
                        f.write_char('.')?;
                    }
                    if bare(key) {
                        f.write_str(key)?;
                    } else {
                        f.write_char('"')?;
                        for c in key.chars() {
                            if matches!(c, '"' | '\\') {
                                f.write_char('\\')?;
                            }
                            f.write_char(c)?;
                        }
                        f.write_char('"')?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl FromStr for FieldPath {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let refuse = |why: &str| format!("`{s}` is not a path of fields: {why}");
        let mut steps = Vec::new();
        let mut rest = s;
        while !rest.is_empty() {
            if let Some(inside) = rest.strip_prefix('[') {
                let (digits, after) =
                    inside.split_once(']').ok_or_else(|| refuse("a `[` is not closed"))?;
                let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
                let index = digits
                    .parse()
                    .ok()
                    .filter(|_| plain)
                    .ok_or_else(|| refuse("a position is a number"))?;
                steps.push(Step::Index(index));
                rest = after;
                continue;
            }
            if !steps.is_empty() {
                rest = rest
                    .strip_prefix('.')
                    .ok_or_else(|| refuse("a `.` is missing between two keys"))?;
            }
            let (key, after) = first_key(rest).map_err(refuse)?;
            steps.push(Step::Key(key));
            rest = after;
        }
        Ok(Self(steps))
    }
}

fn first_key(text: &str) -> Result<(String, &str), &'static str> {
    if let Some(quoted) = text.strip_prefix('"') {
        let mut key = String::new();
        let mut chars = quoted.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => return Ok((key, &quoted[at + 1..])),
                '\\' => key.push(chars.next().ok_or("a quote is not closed")?.1),
                _ => key.push(c),
            }
        }
        return Err("a quote is not closed");
    }
    let end = text.find(['.', '[']).unwrap_or(text.len());
    if end == 0 {
        return Err("a key is empty");
    }
    Ok((text[..end].to_owned(), &text[end..]))
}
