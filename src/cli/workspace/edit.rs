//! Edits of a YAML text in place: a value is set or taken out, and comments, order and form of all
//! else stay.
//!
//! The reader knows where each value stands, so an edit is one replaced stretch of text. The result
//! is read again: it counts only if it means exactly what it should.

use std::ops::Range;

use serde_json::{Map, Value};

use crate::{
    diag::path::{FieldPath, Step},
    yaml::{emit, source::Source},
};

/// A change of one value: the keys that lead to it, and what it is from now on; `None` takes it
/// out.
pub struct Edit {
    /// The keys from the root.
    pub keys: Vec<String>,
    /// The value.
    pub value: Option<Value>,
}

impl Edit {
    /// Sets a value of the resource's `spec`.
    pub fn set(keys: &[&str], value: impl Into<Value>) -> Self {
        Self { keys: below_spec(keys), value: Some(value.into()) }
    }

    /// Takes a value out of the resource's `spec`.
    pub fn unset(keys: &[&str]) -> Self {
        Self { keys: below_spec(keys), value: None }
    }

    /// The edit as a line for people.
    pub fn described(&self) -> String {
        let path = self.keys.join(".");
        match &self.value {
            Some(value) => format!("  {path}: {}\n", in_flow(value)),
            None => format!("  take out {path}\n"),
        }
    }

    fn path(&self) -> FieldPath {
        self.keys.iter().fold(FieldPath::root(), |path, key| path.key(key.as_str()))
    }
}

fn below_spec(keys: &[&str]) -> Vec<String> {
    ["spec"].iter().chain(keys).map(|it| (*it).to_owned()).collect()
}

/// The text after some edits. None where one of them cannot be made without changing more than it
/// should.
pub fn edited(source: &Source, edits: &[Edit]) -> Option<String> {
    let mut now = Source::parse(&*source.file, source.text.as_str());
    if !now.is_sound() {
        return None;
    }
    for edit in edits {
        let meant = meant(&now.value, edit)?;
        if meant == now.value {
            continue;
        }
        let next = Source::parse(&*now.file, applied(&now, edit)?);
        if !next.is_sound() || next.value != meant {
            return None;
        }
        now = next;
    }
    Some(now.text)
}

/// The text of a file after some edits.
///
/// # Errors
/// When one of them cannot be made without changing more than it should; the error says what to
/// write.
pub fn changed(source: &Source, edits: &[Edit]) -> anyhow::Result<String> {
    if let Some(text) = edited(source, edits) {
        return Ok(text);
    }
    let lines: String = edits.iter().map(Edit::described).collect();
    anyhow::bail!(
        "{} is written in a form that cannot be changed without losing something, so nothing was \
         changed; make this edit by hand:\n{lines}",
        source.file
    )
}

/// What a text should mean after an edit. A map that loses its last value goes with it.
fn meant(value: &Value, edit: &Edit) -> Option<Value> {
    let mut meant = value.clone();
    set(&mut meant, &edit.keys, edit.value.as_ref())?;
    Some(meant)
}

fn set(value: &mut Value, keys: &[String], to: Option<&Value>) -> Option<()> {
    let (key, rest) = keys.split_first()?;
    if value.is_null() {
        *value = Value::Object(Map::new());
    }
    let map = value.as_object_mut()?;
    let below = rest.is_empty();
    match (to, below) {
        (Some(to), true) => drop(map.insert(key.clone(), to.clone())),
        (None, true) => drop(map.remove(key)),
        (Some(_), false) => set(map.entry(key.clone()).or_insert(Value::Null), rest, to)?,
        (None, false) => {
            let Some(inner) = map.get_mut(key) else { return Some(()) };
            set(inner, rest, to)?;
            if inner.as_object().is_some_and(Map::is_empty) {
                map.remove(key);
            }
        }
    }
    Some(())
}

fn applied(source: &Source, edit: &Edit) -> Option<String> {
    let path = edit.path();
    let Some(value) = &edit.value else { return without(source, &path) };
    // The nearest map above it that is there already; what is between is new.
    let mut above = path.clone();
    let mut value = value.clone();
    while !source.is_written(&above) || above.get(&source.value).is_some_and(Value::is_null) {
        let parent = above.parent()?;
        if source.is_written(&parent) && parent.get(&source.value).is_some_and(|it| !it.is_null()) {
            return added(source, &parent, &above, &value);
        }
        let Step::Key(key) = above.last()?.clone() else { return None };
        value = Value::Object(Map::from_iter([(key, value)]));
        above = parent;
    }
    replaced(source, &above, &value)
}

/// Whether a value stands in braces or brackets.
fn is_inside(source: &Source, path: &FieldPath) -> bool {
    let mut above = path.parent();
    while let Some(map) = above {
        if source.is_written(&map) && is_flow(source, &map) {
            return true;
        }
        above = map.parent();
    }
    false
}

fn is_flow(source: &Source, path: &FieldPath) -> bool {
    source.text[source.span(path)].starts_with(['{', '['])
}

/// A value in place of another one.
fn replaced(source: &Source, path: &FieldPath, value: &Value) -> Option<String> {
    let old = path.get(&source.value)?;
    if let (Value::Array(old), Value::Array(new)) = (old, value)
        && !is_flow(source, path)
        && !new.is_empty()
    {
        return list(source, path, old, new);
    }
    let span = source.span(path);
    if is_flow(source, path) || is_inside(source, path) {
        // A comment in it would be lost.
        let has_comment = source.text[span.clone()].contains('#');
        return (!has_comment).then(|| spliced(source, span, &in_flow(value)));
    }
    let is_short = !source.text[span.clone()].contains('\n');
    if is_simple(old) && (is_simple(value) || is_empty(value)) && is_short {
        return Some(spliced(source, span, &in_flow(value)));
    }
    let lines = lines(source, path);
    let key = source.key_span(path);
    let indent = column(source, key.start);
    Some(spliced(source, lines, &entry(&source.text[key], value, indent)))
}

fn is_simple(value: &Value) -> bool {
    !value.is_array() && !value.is_object()
}

fn is_empty(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty)
}

/// A list of lines: items are taken out and added at the end.
fn list(source: &Source, path: &FieldPath, old: &[Value], new: &[Value]) -> Option<String> {
    let kept: Vec<&Value> = old.iter().filter(|it| new.contains(it)).collect();
    if !new.iter().zip(&kept).all(|(new, kept)| new == *kept) {
        return None;
    }
    let indent = dash(source, &path.index(0))?;
    let mut text = source.text.clone();
    if new.len() > kept.len() {
        let end = lines(source, &path.index(old.len() - 1)).end;
        let more: String = new[kept.len()..].iter().map(|it| item(it, indent)).collect();
        let gap = if text[..end].ends_with('\n') { "" } else { "\n" };
        text.insert_str(end, &format!("{gap}{more}"));
    }
    for (at, gone) in old.iter().enumerate().rev() {
        if !new.contains(gone) {
            text.replace_range(lines(source, &path.index(at)), "");
        }
    }
    Some(text)
}

/// The column of the dash before an item that begins its line.
fn dash(source: &Source, item: &FieldPath) -> Option<usize> {
    let start = line_start(&source.text, source.span(item).start);
    let before = &source.text[start..source.span(item).start];
    (before.trim_matches(' ') == "-").then(|| before.len() - before.trim_start().len())
}

/// A key with its value, added to a map.
fn added(source: &Source, map: &FieldPath, path: &FieldPath, value: &Value) -> Option<String> {
    let Step::Key(key) = path.last()? else { return None };
    let span = source.span(map);
    if is_flow(source, map) {
        let inside = source.text[span.clone()].strip_suffix('}')?.trim_end();
        let gap = if inside == "{" { "" } else { ", " };
        let at = span.start + inside.len();
        let entry = format!("{gap}{}: {}", in_flow(&Value::String(key.clone())), in_flow(value));
        return Some(spliced(source, at..at, &entry));
    }
    if source.is_written(path) {
        // A key without a value: it gets one.
        let span = lines(source, path);
        let at = source.key_span(path);
        let indent = column(source, at.start);
        return Some(spliced(source, span, &entry(&source.text[at], value, indent)));
    }
    let siblings: Vec<FieldPath> =
        source.paths().filter(|it| it.parent().as_ref() == Some(map)).collect();
    let first = siblings.iter().map(|it| source.key_span(it).start).min()?;
    let end = siblings.iter().map(|it| lines(source, it).end).max()?;
    let gap = if source.text[..end].ends_with('\n') { "" } else { "\n" };
    let entry = entry(&scalar(&Value::String(key.clone())), value, column(source, first));
    Some(spliced(source, end..end, &format!("{gap}{entry}")))
}

/// A value taken out with its key; a map that has nothing else goes too.
fn without(source: &Source, path: &FieldPath) -> Option<String> {
    let mut path = path.clone();
    while let Some(parent) = path.parent()
        && parent.steps().len() > 1
        && parent.get(&source.value)?.as_object()?.len() == 1
    {
        path = parent;
    }
    if !is_inside(source, &path) {
        return Some(spliced(source, lines(source, &path), ""));
    }
    let Range { mut start, mut end } = extent(source, &path);
    let (before, after) = (source.text[..start].trim_end(), source.text[end..].trim_start());
    // One of the two commas around it goes as well.
    if let Some(rest) = after.strip_prefix(',') {
        end = source.text.len() - rest.trim_start().len();
    } else if let Some(rest) = before.strip_suffix(',') {
        start = rest.len();
    }
    let has_comment = source.text[start..end].contains('#');
    (!has_comment).then(|| spliced(source, start..end, ""))
}

fn spliced(source: &Source, span: Range<usize>, by: &str) -> String {
    let mut text = source.text.clone();
    text.replace_range(span, by);
    text
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |it| it + 1)
}

fn column(source: &Source, at: usize) -> usize {
    at - line_start(&source.text, at)
}

/// Where a value stands, from its key to the end of its last leaf: the span of a value of several
/// lines may reach to what comes next.
fn extent(source: &Source, path: &FieldPath) -> Range<usize> {
    let start = source.key_span(path).start;
    let inner = source.paths().filter(|it| it.starts_with(path));
    start..inner.map(|it| end(source, &it)).max().unwrap_or(start)
}

/// Where the text of a value ends, or that of its key, if the value has parts that end later.
fn end(source: &Source, path: &FieldPath) -> usize {
    let is_leaf = path.get(&source.value).is_none_or(is_simple);
    let key = source.key_span(path).end;
    if is_leaf || is_flow(source, path) { source.span(path).end.max(key) } else { key }
}

/// The lines of a value with its key or dash, its last line break included.
fn lines(source: &Source, path: &FieldPath) -> Range<usize> {
    let Range { start, end } = extent(source, path);
    let (text, start) = (&source.text, line_start(&source.text, start));
    if end > start && text[..end].ends_with('\n') {
        return start..end;
    }
    start..text[end..].find('\n').map_or(text.len(), |it| end + it + 1)
}

/// A key and its value as lines; `key` as it is written.
pub fn entry(key: &str, value: &Value, indent: usize) -> String {
    let pad = " ".repeat(indent);
    match value {
        Value::Object(map) if !map.is_empty() => {
            let below: String = map
                .iter()
                .map(|(key, value)| entry(&scalar(&Value::String(key.clone())), value, indent + 2))
                .collect();
            format!("{pad}{key}:\n{below}")
        }
        Value::Array(items) if !items.is_empty() => {
            let below: String = items.iter().map(|it| item(it, indent + 2)).collect();
            format!("{pad}{key}:\n{below}")
        }
        value => format!("{pad}{key}: {}\n", in_flow(value)),
    }
}

/// An item of a list as lines.
fn item(value: &Value, indent: usize) -> String {
    let pad = " ".repeat(indent);
    match value {
        Value::Object(map) if !map.is_empty() => {
            let lines: String = map
                .iter()
                .map(|(key, value)| entry(&scalar(&Value::String(key.clone())), value, indent + 2))
                .collect();
            format!("{pad}- {}", lines.trim_start())
        }
        value => format!("{pad}- {}\n", in_flow(value)),
    }
}

/// A value on one line.
fn in_flow(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            format!("[{}]", items.iter().map(in_flow).collect::<Vec<_>>().join(", "))
        }
        Value::Object(map) => {
            let entries = map.iter().map(|(key, value)| {
                format!("{}: {}", scalar(&Value::String(key.clone())), in_flow(value))
            });
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        value => scalar(value),
    }
}

/// A scalar as it stands in a list in brackets too; with quotes wherever they could be needed.
fn scalar(value: &Value) -> String {
    let Value::String(text) = value else { return value.to_string() };
    let bare = emit::text(value);
    if bare.trim_end() == text && text.chars().all(is_plain) && !text.ends_with(':') {
        return text.clone();
    }
    value.to_string()
}

/// Whether a character needs no quotes anywhere.
fn is_plain(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-_./@:+".contains(character)
}

/// A whole resource as a text: its entries in this order.
pub fn resource(head: &str, spec: &[(&str, Value)]) -> String {
    let below: String = spec.iter().map(|(key, value)| entry(key, value, 2)).collect();
    format!("{head}spec:\n{below}")
}
