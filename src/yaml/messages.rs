//! The messages about values that cannot be read.

use std::fmt::{self, Write as _};

use serde_json::Value;

use crate::diag::{
    path::{FieldPath, Step},
    suggest::nearest,
};

use super::{
    failure::FailureKind,
    hints,
    subject::{Subject, clipped},
};

/// The message and the help of a failure.
pub(super) fn words(kind: &FailureKind, subject: &Subject<'_>) -> (String, Option<String>) {
    let name = short_name(subject.path);
    match kind {
        FailureKind::Custom(message) => (format!("{name}: {message}"), None),
        FailureKind::Type(expected) => {
            let wanted = within(wanted(expected), subject.bounds);
            let message = if subject.value.is_null() {
                format!("{name} takes {wanted}, but nothing is written")
            } else {
                format!("{name} takes {wanted}, found {}", found(subject))
            };
            (message, hints::of_type(expected, &wanted, subject))
        }
        FailureKind::Length(length, expected) => {
            (format!("{name} takes {}, found {length}", wanted(expected)), None)
        }
        FailureKind::UnknownVariant(written, known) => (
            format!("`{}` is not a value of {name}", clipped(written)),
            Some(did_you_mean(written, known, "write one of", "it has no value")),
        ),
        FailureKind::UnknownField(written, known) => {
            let parent =
                subject.path.parent().map_or_else(|| "the file".to_owned(), |it| long_name(&it));
            let help = match meant(written, known) {
                _ if hints::spaced(written).is_some_and(|it| known.contains(&it.0)) => {
                    hints::missing_space(written)
                }
                Some(near) if (subject.is_there)(near) => {
                    Some(format!("did you mean `{near}`? it is there too: keep one of the two"))
                }
                _ => Some(did_you_mean(written, known, "its fields are", "it has no fields")),
            };
            (format!("`{}` is not a field of {parent}", clipped(written)), help)
        }
        FailureKind::NoSample | FailureKind::MissingWithin(_) => {
            (format!("{name} cannot be read"), None)
        }
        // What to write is known once a stand-in was read.
        FailureKind::Missing(field) => (
            format!("`{field}` is missing in {}, and has no default", long_name(subject.path)),
            None,
        ),
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

/// The name that was meant by one that is unknown.
pub(super) fn meant(written: &str, known: &'static [&'static str]) -> Option<&'static str> {
    nearest(written, known.iter().copied())
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

/// The name of a type, as an author of a spec knows it, for serde's name of it.
fn wanted(expected: &str) -> String {
    let range = |from: &dyn fmt::Display, to: &dyn fmt::Display| {
        format!("a whole number from {from} to {to}")
    };
    match expected {
        "a string" | "str" | "string" | "a borrowed string" => "a string".to_owned(),
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
        _ if expected.starts_with("struct variant") || expected == "newtype variant" => {
            "a map of one field".to_owned()
        }
        _ if expected.starts_with("a tuple of size ") => {
            expected.replace("a tuple of size ", "a list with this many items: ")
        }
        _ if expected.starts_with("tuple ") || expected.starts_with("an array") => {
            "a list".to_owned()
        }
        _ => expected.to_owned(),
    }
}

/// A number in words, with its bounds where the spec has some: a type's own are wider.
fn within(wanted: String, bounds: Option<(u64, u64)>) -> String {
    match bounds {
        Some((least, most)) if wanted.starts_with("a whole number") => {
            format!("a whole number from {least} to {most}")
        }
        Some((least, most)) if wanted == "a number" => format!("a number from {least} to {most}"),
        _ => wanted,
    }
}

fn found(subject: &Subject<'_>) -> String {
    match subject.value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(flag) => format!("`{flag}`"),
        Value::Number(_) => format!("the number {}", clipped(subject.written)),
        Value::String(text) if text.is_empty() => "an empty string".to_owned(),
        Value::String(text) => format!("the string `{}`", clipped(text)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a map".to_owned(),
    }
}
