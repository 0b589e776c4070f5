//! serde's errors, kept in parts instead of as a text, and the words that they become.

use std::fmt::{self, Write as _};

use serde::de::{self, Expected, Unexpected};
use serde_json::Value;

use crate::diag::{
    path::{FieldPath, Step},
    suggest::nearest,
};

/// Why a value could not be read, and at which node.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) kind: Kind,
    pub(super) at: Option<At>,
}

/// Where a failure happened.
#[derive(Clone, Copy, Debug)]
pub(super) struct At {
    pub(super) node: usize,
    /// Whether the key is what is wrong, not the value.
    pub(super) is_key: bool,
}

/// What serde found.
#[derive(Debug)]
pub(super) enum Kind {
    Custom(String),
    Type(String),
    Length(usize, String),
    UnknownVariant(String, &'static [&'static str]),
    UnknownField(String, &'static [&'static str]),
    Missing(&'static str),
    /// A missing field's stand-in was not taken.
    NoSample,
}

impl Failure {
    pub(super) fn new(kind: Kind) -> Self {
        Self { kind, at: None }
    }

    /// Says where it happened, unless something further in has said so already.
    pub(super) fn or_at(mut self, node: usize, is_key: bool) -> Self {
        self.at.get_or_insert(At { node, is_key });
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.kind)
    }
}

impl std::error::Error for Failure {}

impl de::Error for Failure {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(Kind::Custom(message.to_string()))
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(Kind::Type(expected.to_string()))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(Kind::Type(expected.to_string()))
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::new(Kind::Length(length, expected.to_string()))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::new(Kind::UnknownVariant(variant.to_owned(), expected))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(Kind::UnknownField(field.to_owned(), expected))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(Kind::Missing(field))
    }
}

/// What is known of the value that could not be read.
pub(super) struct Subject<'s> {
    pub(super) path: &'s FieldPath,
    pub(super) value: &'s Value,
    /// The value as it is written.
    pub(super) written: &'s str,
}

/// The message and the help of a failure.
pub(super) fn words(kind: &Kind, subject: &Subject<'_>) -> (String, Option<String>) {
    let name = short_name(subject.path);
    match kind {
        Kind::Custom(message) => (format!("{name}: {message}"), None),
        Kind::Type(expected) => {
            let wanted = wanted(expected);
            let message = if subject.value.is_null() {
                format!("{name} takes {wanted}, and nothing is written")
            } else {
                format!("{name} takes {wanted}, found {}", found(subject))
            };
            (message, type_help(expected, subject))
        }
        Kind::Length(length, expected) => (format!("{name} takes {}, found {length}", wanted(expected)), None),
        Kind::UnknownVariant(written, known) => (
            format!("`{}` is not a value of {name}", clipped(written)),
            Some(did_you_mean(written, known, "write one of", "it has no value")),
        ),
        Kind::UnknownField(written, known) => {
            let parent = subject.path.parent().map_or_else(|| "the file".to_owned(), |it| long_name(&it));
            let help = did_you_mean(written, known, "its fields are", "it has no fields");
            (format!("`{}` is not a field of {parent}", clipped(written)), Some(help))
        }
        Kind::NoSample => (format!("{name} cannot be read"), None),
        Kind::Missing(field) => {
            (format!("`{field}` is missing in {}, and has no default", long_name(subject.path)), Some(format!("write `{field}: …`")))
        }
    }
}

/// The last key and what comes after it: `models[0]`.
fn short_name(path: &FieldPath) -> String {
    let steps = path.steps();
    let from = steps.iter().rposition(|it| matches!(it, Step::Key(_))).unwrap_or(0);
    let short: FieldPath = steps[from..].iter().cloned().collect();
    if short.is_root() { "the file".to_owned() } else { format!("`{short}`") }
}

/// The path, without the `spec` that all fields stand in.
fn long_name(path: &FieldPath) -> String {
    let steps = path.steps();
    let from = usize::from(steps.len() > 1 && steps[0] == Step::Key("spec".to_owned()));
    let long: FieldPath = steps[from..].iter().cloned().collect();
    if long.is_root() { "the file".to_owned() } else { format!("`{long}`") }
}

fn did_you_mean(written: &str, known: &[&str], list: &str, none: &str) -> String {
    if let Some(near) = nearest(written, known.iter().copied()) {
        return format!("did you mean `{near}`?");
    }
    if known.is_empty() { none.to_owned() } else { format!("{list} {}", quoted_list(known)) }
}

/// `a`, `b`, `c`
pub(super) fn quoted_list(names: &[&str]) -> String {
    let mut list = String::new();
    for (i, name) in names.iter().enumerate() {
        let comma = if i > 0 { ", " } else { "" };
        write!(list, "{comma}`{name}`").expect("a String takes all");
    }
    list
}

/// serde's word for a type, in words of the spec.
fn wanted(expected: &str) -> String {
    let range = |from: &dyn fmt::Display, to: &dyn fmt::Display| format!("a whole number from {from} to {to}");
    match expected {
        "a string" | "str" | "string" | "a borrowed string" => "a text".to_owned(),
        "a boolean" | "bool" => "`true` or `false`".to_owned(),
        "a sequence" | "sequence" => "a list".to_owned(),
        "a map" | "map" => "a map (`key: value`)".to_owned(),
        "a character" => "one character".to_owned(),
        "unit" | "unit variant" => "no value".to_owned(),
        "u8" => range(&0, &u8::MAX),
        "u16" => range(&0, &u16::MAX),
        "u32" | "u64" | "usize" | "u128" => "a whole number, not below 0".to_owned(),
        "i8" => range(&i8::MIN, &i8::MAX),
        "i16" => range(&i16::MIN, &i16::MAX),
        "i32" | "i64" | "isize" | "i128" => "a whole number".to_owned(),
        "f32" | "f64" | "a float" => "a number".to_owned(),
        _ if expected.starts_with("a nonzero") => "a whole number, not 0".to_owned(),
        _ if expected.starts_with("struct ") => "a map of fields (`key: value`)".to_owned(),
        _ if expected.starts_with("struct variant") || expected == "newtype variant" => "a map of one field".to_owned(),
        _ if expected.starts_with("a tuple of size ") => expected.replace("a tuple of size ", "a list with this many items: "),
        _ if expected.starts_with("tuple ") || expected.starts_with("an array") => "a list".to_owned(),
        _ => expected.to_owned(),
    }
}

fn found(subject: &Subject<'_>) -> String {
    match subject.value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(it) => format!("`{it}`"),
        Value::Number(_) => format!("the number {}", clipped(subject.written)),
        Value::String(text) if text.is_empty() => "an empty text".to_owned(),
        Value::String(text) => format!("the text `{}`", clipped(text)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a map".to_owned(),
    }
}

fn type_help(expected: &str, subject: &Subject<'_>) -> Option<String> {
    let written = clipped(subject.written);
    let wanted = wanted(expected);
    let (text, list) = (wanted == "a text", wanted == "a list");
    match subject.value {
        Value::Null if wanted.starts_with("a map") => Some("write `{}` for the defaults, or take the line out".to_owned()),
        Value::Null => Some("write a value, or take the line out".to_owned()),
        Value::Bool(_) | Value::Number(_) if text => Some(format!("put it in quotes: `\"{written}\"`")),
        Value::Bool(_) | Value::Number(_) | Value::String(_) if list => Some(format!("write it as a list: `[{written}]`")),
        Value::String(it) if wanted == "`true` or `false`" => match it.to_ascii_lowercase().as_str() {
            "yes" | "y" | "on" | "true" => Some("write `true`".to_owned()),
            "no" | "n" | "off" | "false" => Some("write `false`".to_owned()),
            _ => None,
        },
        Value::String(it) if wanted.contains("number") && it.parse::<f64>().is_ok() => Some(format!("write it without quotes: `{it}`")),
        _ => None,
    }
}

/// At most a line's worth of what was written, on one line.
fn clipped(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() <= 60 && line.len() == text.len() {
        return line.to_owned();
    }
    let head: String = line.chars().take(57).collect();
    format!("{head}…")
}
