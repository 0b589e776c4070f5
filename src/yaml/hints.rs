//! What to write in place of a value of the wrong type, computed from what stands there.

use serde_json::{Number, Value};

use crate::{
    diag::path::{FieldPath, Step},
    units::{self, Bytes},
};

use super::subject::{Subject, clipped};

/// What helps where `wanted` (in words of the spec) was expected and something else is written.
pub(super) fn of_type(expected: &str, wanted: &str, subject: &Subject<'_>) -> Option<String> {
    let written = clipped(subject.written);
    let (list, map) = (wanted == "a list", wanted.starts_with("a map"));
    match subject.value {
        Value::Null if map && is_field(subject) => {
            Some("write `{}` for the defaults, or remove the line".to_owned())
        }
        Value::Null if map => Some("write its fields, or remove the line".to_owned()),
        Value::Null => Some("write a value, or remove the line".to_owned()),
        // In quotes it would be a number of bytes.
        Value::Number(number) if expected == units::BYTES => {
            Some(format!("write `{}`", with_unit(&number.to_string(), is_small(subject.path))?))
        }
        Value::String(text) if expected == units::BYTES => {
            Some(format!("write `{}`", with_unit(text, is_small(subject.path))?))
        }
        Value::Number(_) if expected == units::SECONDS => Some(format!("write `{written}s`")),
        Value::String(text) if expected == units::SECONDS => Some(format!("write `{text}s`")),
        Value::String(_) if list && dashes(subject.written).is_some() => dashes(subject.written),
        Value::Bool(_) | Value::Number(_) if subject.is_text => {
            Some(in_quotes(subject.value, &written))
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) if list => {
            Some(format!("write it as a list: `[{written}]`"))
        }
        Value::Object(_) if list => Some(one_of_a_list(subject)),
        Value::Array(items) if map => Some(no_list(items, subject)),
        Value::String(text) if map => missing_space(text),
        Value::String(text) if wanted == "`true` or `false`" => {
            match text.to_ascii_lowercase().as_str() {
                "yes" | "y" | "on" | "true" => Some("write `true`".to_owned()),
                "no" | "n" | "off" | "false" => Some("write `false`".to_owned()),
                _ => None,
            }
        }
        Value::Number(number) if wanted.starts_with("a whole number") => of_number(number, subject),
        Value::String(text) if wanted.starts_with("a whole number") => {
            let number =
                whole_number(text).or_else(|| units::in_words(text).map(|it| it as u64))?;
            let how =
                if number.to_string() == *text { "write it without quotes: " } else { "write " };
            nearest_bound(real(number), subject).or_else(|| Some(format!("{how}`{number}`")))
        }
        Value::Number(number) if wanted.starts_with("a number") => {
            nearest_bound(number.as_f64()?, subject)
        }
        Value::String(text)
            if wanted.starts_with("a number") && units::in_words(text).is_some() =>
        {
            units::in_words(text).map(|it| format!("write `{it}`"))
        }
        Value::String(text) if wanted.contains("number") && text.parse::<f64>().is_ok() => {
            Some(format!("write it without quotes: `{text}`"))
        }
        _ => None,
    }
}

/// What to write in place of a number that is no whole one, or one that is outside of its bounds.
fn of_number(number: &Number, subject: &Subject<'_>) -> Option<String> {
    let written = number.as_f64()?;
    let near = nearest_bound(written, subject);
    if near.is_some() || !number.is_f64() || !(0.0..1e15).contains(&written) {
        return near;
    }
    Some(if written.fract() == 0.0 {
        format!("write `{written}`")
    } else {
        format!("write `{}` or `{}`", written.floor(), written.ceil())
    })
}

#[expect(
    clippy::cast_precision_loss,
    reason = "bounds are far below the 53 bits that a float holds"
)]
fn real(number: u64) -> f64 {
    number as f64
}

/// The bound that a number is beyond.
fn nearest_bound(number: f64, subject: &Subject<'_>) -> Option<String> {
    let Some(Step::Key(key)) = subject.path.last() else { return None };
    let (least, most) = subject.bounds?;
    if number < real(least) {
        Some(format!("write `{key}: {least}` or more"))
    } else if number > real(most) {
        Some(format!("write `{key}: {most}` or less"))
    } else {
        None
    }
}

/// `17.10` without quotes is the number 17.1.
fn in_quotes(value: &Value, written: &str) -> String {
    let read = value.to_string();
    let is_another = value.is_number() && read != *written;
    let why =
        if is_another { format!(": without them it is the number {read}") } else { String::new() };
    format!("put it in quotes: `\"{written}\"`{why}")
}

/// The field beside this one whose name is its plural, or of which this is the plural.
fn neighbour(subject: &Subject<'_>, is_meant: impl Fn(&str, &str) -> bool) -> Option<&'static str> {
    let Some(Step::Key(key)) = subject.path.last() else { return None };
    subject.neighbours.iter().copied().find(|it| is_meant(it, key))
}

fn one_of_a_list(subject: &Subject<'_>) -> String {
    let one = neighbour(subject, |other, key| key.strip_suffix('s') == Some(other));
    let one = one.map(|it| format!("; for a single one, use `{it}: …`")).unwrap_or_default();
    let written = clipped(subject.written);
    if written.starts_with('{') && written.ends_with('}') {
        format!("write it as a list: `[{written}]`{one}")
    } else {
        format!("write it as a list: `- ` before its first line, two spaces before the others{one}")
    }
}

fn no_list(items: &[Value], subject: &Subject<'_>) -> String {
    let several = neighbour(subject, |other, key| other.strip_suffix('s') == Some(key));
    let several = several.map(|it| format!("; for several, use `{it}: […]`")).unwrap_or_default();
    let written = clipped(subject.written);
    let inside = written.strip_prefix('[').and_then(|it| it.strip_suffix(']')).map(str::trim);
    match inside.filter(|it| items.len() == 1 && it.starts_with('{') && it.ends_with('}')) {
        Some(inside) => format!("write the map itself: `{inside}`{several}"),
        None => format!("write one map, without `- ` or `[ ]`{several}"),
    }
}

/// Whether it is a field that its map knows, not an entry or item of the user's own.
fn is_field(subject: &Subject<'_>) -> bool {
    let Some(Step::Key(key)) = subject.path.last() else { return false };
    subject.neighbours.contains(&key.as_str())
}

/// What to write in place of `-qwen3:4b`: lines that would be items of a list.
pub(super) fn dashes(text: &str) -> Option<String> {
    let mut items = text.lines().map(|line| {
        line.trim()
            .strip_prefix('-')
            .filter(|it| it.starts_with(|c: char| c.is_ascii_alphanumeric()))
    });
    let first = items.next()??;
    let more = items.flatten().count();
    let more = if more > 0 { ", and the same in the lines below" } else { "" };
    Some(format!("the space after `-` is missing: write `- {}`{more}", clipped(first)))
}

/// `replicas:1` and `replicas :1`: key and value.
pub(super) fn spaced(text: &str) -> Option<(&str, &str)> {
    let (key, value) = text.split_once(':')?;
    let key = key.trim_end_matches(' ');
    let is_key = key.starts_with(|character: char| character.is_ascii_alphabetic())
        && key.bytes().all(|it| it.is_ascii_alphanumeric() || b"_-".contains(&it));
    let is_value = value.starts_with(|character: char| {
        !character.is_whitespace() && character != '/' && character != ':'
    });
    (is_key && is_value).then_some((key, value))
}

/// What to write in place of `replicas:1`.
pub(super) fn missing_space(text: &str) -> Option<String> {
    let (key, value) = spaced(text)?;
    Some(format!("the space after `:` is missing: write `{key}: {}`", clipped(value)))
}

/// Whether the amount is a container's: what a node or a volume has is counted in Gi.
fn is_small(path: &FieldPath) -> bool {
    let Some(Step::Key(key)) = path.last() else { return false };
    matches!(key.as_str(), "request" | "limit" | "promptCache")
}

/// A number with the unit that was meant by it, as its size tells.
fn with_unit(written: &str, is_small: bool) -> Option<String> {
    let gib = if is_small { 32 } else { 1024 };
    match written.parse::<u64>() {
        Ok(number) if number < gib => Some(format!("{number}Gi")),
        Ok(number) if number < 1 << 20 => Some(Bytes::mib(number).to_string()),
        Ok(number) if number < 1 << 30 => Some(Bytes::kib(number).to_string()),
        Ok(number) => Some(Bytes::new(number).with_unit().to_string()),
        Err(_) => written
            .parse::<f64>()
            .ok()
            .filter(|it| (0.0..1024.0).contains(it))
            .map(|_| format!("{written}Gi")),
    }
}

/// `8k`, `8_192`, `8,192`, `8192 tokens`, `"8192"`.
fn whole_number(text: &str) -> Option<u64> {
    let end = text
        .find(|character: char| {
            !character.is_ascii_digit() && !matches!(character, '_' | ',' | '\'')
        })
        .unwrap_or(text.len());
    let number: u64 = text[..end].replace(['_', ',', '\''], "").parse().ok()?;
    match text[end..].to_ascii_lowercase().as_str() {
        "" => Some(number),
        "k" | "ki" => number.checked_mul(1 << 10),
        "m" | "mi" => number.checked_mul(1 << 20),
        word if word
            .strip_prefix(' ')
            .is_some_and(|unit| unit.bytes().all(|it| it.is_ascii_lowercase())) =>
        {
            Some(number)
        }
        _ => None,
    }
}
