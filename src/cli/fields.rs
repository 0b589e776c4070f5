//! The differences between two YAML files, field by field:
//! `containers[ollama].resources.limits.memory: 3824Mi → 3055Mi`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use serde_json::Value;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::{
    cli::drift::unified,
    diag::plain,
    yaml::{emit, source::Source},
};

/// A field that differs; a value is missing where the field is.
#[derive(Debug, PartialEq)]
pub struct Field {
    /// The path of the field, without the prefix that all pods have.
    pub path: String,
    /// The value in the tree.
    pub old: Option<Value>,
    /// The value from the spec.
    pub new: Option<Value>,
}

/// Lists with more items than this together are shown by their lengths: no generated object has
/// such lists.
const MANY: usize = 2000;

/// A text longer than this is shown only around the first difference.
const LONG: usize = 100;

/// The paths of pod templates, which are left out of the paths of fields.
const PODS: [&str; 2] = ["spec.template.spec.", "spec.jobTemplate.spec.template.spec."];

/// The fields in which two files differ; none if one of them is not valid YAML.
pub fn of(path: &str, old: &str, new: &str) -> Option<Vec<Field>> {
    let read = |text: &str| {
        let source = Source::parse(path, text);
        (!source.read::<Value>().1.has_errors()).then_some(source.value)
    };
    let mut found = Vec::new();
    walk(&mut String::new(), &read(old)?, &read(new)?, &mut found);
    for field in &mut found {
        if let Some(rest) = PODS.iter().find_map(|pods| field.path.strip_prefix(pods)) {
            field.path = rest.to_owned();
        }
    }
    Some(found)
}

fn walk(path: &mut String, old: &Value, new: &Value, found: &mut Vec<Field>) {
    if old == new {
        return;
    }
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for key in keys {
                step(path, &key_step(path, key), old.get(key), new.get(key), found);
            }
        }
        (Value::Array(old), Value::Array(new)) => match (named(old), named(new)) {
            (Some(olds), Some(news)) => {
                let names: BTreeSet<&str> = olds.keys().chain(news.keys()).copied().collect();
                let before = found.len();
                for name in names {
                    let side = |of: &BTreeMap<&str, usize>, list: &[Value]| {
                        of.get(name).map(|it| list[*it].clone())
                    };
                    step(
                        path,
                        &format!("[{name}]"),
                        side(&olds, old).as_ref(),
                        side(&news, new).as_ref(),
                        found,
                    );
                }
                if found.len() == before {
                    let order = |list: &[Value]| {
                        Some(Value::Array(
                            list.iter().filter_map(|it| it.get("name").cloned()).collect(),
                        ))
                    };
                    found.push(Field { path: path.clone(), old: order(old), new: order(new) });
                }
            }
            _ => items(path, old, new, found),
        },
        _ => {
            found.push(Field {
                path: path.clone(),
                old: Some(old.clone()),
                new: Some(new.clone()),
            });
        }
    }
}

fn step(
    path: &mut String,
    step: &str,
    old: Option<&Value>,
    new: Option<&Value>,
    found: &mut Vec<Field>,
) {
    let length = path.len();
    path.push_str(step);
    match (old, new) {
        (Some(old), Some(new)) => walk(path, old, new, found),
        _ => found.push(Field { path: path.clone(), old: old.cloned(), new: new.cloned() }),
    }
    path.truncate(length);
}

/// A step such as `.image`; keys with dots stand in brackets: `[argocd.argoproj.io/sync-wave]`.
fn key_step(path: &str, key: &str) -> String {
    let is_word = !key.is_empty()
        && key.chars().all(|it| it.is_ascii_alphanumeric() || matches!(it, '-' | '_'));
    match (is_word, path.is_empty()) {
        (true, true) => key.to_owned(),
        (true, false) => format!(".{key}"),
        (false, _) => format!("[{key}]"),
    }
}

/// The indices of the items of a list by their names, if each item has a unique name.
fn named(list: &[Value]) -> Option<BTreeMap<&str, usize>> {
    let mut all = BTreeMap::new();
    for (at, entry) in list.iter().enumerate() {
        if all.insert(entry.get("name")?.as_str()?, at).is_some() {
            return None;
        }
    }
    Some(all)
}

/// Compares items without names: equal items are matched in order, and the others are shown by
/// index.
fn items(path: &mut String, old: &[Value], new: &[Value], found: &mut Vec<Field>) {
    if old.len() + new.len() > MANY {
        let length = |list: &[Value]| Some(Value::from(format!("{} items", list.len())));
        found.push(Field { path: path.clone(), old: length(old), new: length(new) });
        return;
    }
    let texts = |list: &[Value]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    let one = |path: &mut String,
               at: usize,
               old: Option<&Value>,
               new: Option<&Value>,
               found: &mut Vec<Field>| {
        step(path, &format!("[{at}]"), old, new, found);
    };
    for op in capture_diff_slices(Algorithm::Myers, &texts(old), &texts(new)) {
        match op {
            DiffOp::Equal { .. } => {}
            DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                for at in 0..old_len.max(new_len) {
                    let old = old.get(old_index + at).filter(|_| at < old_len);
                    let new = new.get(new_index + at).filter(|_| at < new_len);
                    one(
                        path,
                        if new.is_some() { new_index } else { old_index } + at,
                        old,
                        new,
                        found,
                    );
                }
            }
            DiffOp::Delete { old_index, old_len, .. } => {
                (old_index..old_index + old_len)
                    .for_each(|at| one(path, at, old.get(at), None, found));
            }
            DiffOp::Insert { new_index, new_len, .. } => {
                (new_index..new_index + new_len)
                    .for_each(|at| one(path, at, None, new.get(at), found));
            }
        }
    }
}

impl Field {
    /// The field as lines of text, each with a line break.
    pub fn lines(&self, colored: bool) -> String {
        let path = plain::line(&self.path);
        match (&self.old, &self.new) {
            (Some(Value::String(old)), Some(Value::String(new)))
                if old.contains('\n') || new.contains('\n') =>
            {
                let text = unified(old, new, colored);
                text.lines().fold(format!("{path}:\n"), |text, line| text + "  " + line + "\n")
            }
            (Some(old), Some(new)) if !is_container(old) && !is_container(new) => {
                format!("{}\n", self.arrow(old, new))
            }
            (old, new) => {
                let mut out = String::new();
                for (sign, color, side) in [('-', "\u{1b}[31m", old), ('+', "\u{1b}[32m", new)] {
                    let Some(side) = side else { continue };
                    let (on, off) = if colored { (color, "\u{1b}[0m") } else { ("", "") };
                    for line in block(&path, side).lines() {
                        let _ = writeln!(out, "{on}{sign} {}{off}", plain::line(line));
                    }
                }
                out
            }
        }
    }

    /// `path: old → new`.
    fn arrow(&self, old: &Value, new: &Value) -> String {
        let (mut one, mut two) = (shown(old), shown(new));
        if one == two {
            (one, two) = (old.to_string(), new.to_string());
        }
        if one.len().max(two.len()) > LONG {
            (one, two) = around(&one, &two);
        }
        plain::line(&format!("{}: {one} → {two}", self.path)).into_owned()
    }

    /// A difference that many objects may have in common, and that is not worth showing for each: a
    /// label, or the revision that Applications follow.
    pub fn in_common(&self) -> Option<String> {
        let (old, new) = (self.old.as_ref(), self.new.as_ref());
        // The labels of a SealedSecret are in its template, for the Secret.
        let labels = self
            .path
            .strip_prefix("spec.template.")
            .unwrap_or(&self.path)
            .strip_prefix("metadata.labels");
        let is_label = labels.is_some_and(|it| it.starts_with(['.', '[']));
        let is_revision =
            self.path.starts_with("spec.source") && self.path.ends_with("targetRevision");
        let is_ref = |revision: Option<&Value>| {
            revision.and_then(Value::as_str).is_some_and(|it| it.starts_with("refs/"))
        };
        if !(is_label || is_revision && is_ref(old) && is_ref(new)) {
            return None;
        }
        let none = Value::from("(none)");
        Some(self.arrow(old.unwrap_or(&none), new.unwrap_or(&none)))
    }
}

/// The differences of two files, if many objects may have all of them in common.
pub fn all_in_common(path: &str, old: &str, new: &str) -> Option<Vec<String>> {
    of(path, old, new).filter(|it| !it.is_empty())?.iter().map(Field::in_common).collect()
}

fn is_container(value: &Value) -> bool {
    value.is_array() || value.is_object()
}

/// A scalar as people read it.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if !text.is_empty() && text.trim() == text => text.clone(),
        other => other.to_string(),
    }
}

/// A field that exists on one side only, as YAML.
fn block(path: &str, value: &Value) -> String {
    if !is_container(value) {
        return format!("{path}: {}", shown(value));
    }
    let mut text = Vec::new();
    emit::document(&mut text, value);
    String::from_utf8_lossy(&text)
        .lines()
        .fold(format!("{path}:"), |text, line| text + "\n  " + line)
}

/// Two long texts, from a little before their first difference.
fn around(one: &str, two: &str) -> (String, String) {
    let same = one.chars().zip(two.chars()).take_while(|it| it.0 == it.1).count();
    let from = same.saturating_sub(12);
    let piece = |text: &str| {
        let length = text.chars().count();
        let shown: String = text.chars().skip(from).take(LONG / 2).collect();
        let (before, after) =
            (if from > 0 { "…" } else { "" }, if from + LONG / 2 < length { "…" } else { "" });
        format!("{before}{shown}{after} ({length} characters)")
    };
    (piece(one), piece(two))
}

#[cfg(test)]
mod tests {
    use super::of;

    fn told(old: &str, new: &str) -> String {
        of("a.yaml", old, new).expect("YAML").iter().map(|it| it.lines(false)).collect()
    }

    #[test]
    fn fields_are_told_by_their_places() {
        let pod = |memory: &str| {
            format!(
                "spec: {{template: {{spec: {{containers: [{{name: a, memory: {memory}}}, \
                 {{name: b}}]}}}}}}\n"
            )
        };
        assert_eq!(told(&pod("3824Mi"), &pod("3055Mi")), "containers[a].memory: 3824Mi → 3055Mi\n");
        assert_eq!(told("a: {x.y/z: 1}\n", "a: {x.y/z: 2}\n"), "a[x.y/z]: 1 → 2\n");
        assert_eq!(told("a: \"1\"\n", "a: 1\n"), "a: \"1\" → 1\n", "a text is no number");
        assert_eq!(told("a: [x, y, z]\n", "a: [x, z, w]\n"), "- a[1]: y\n+ a[2]: w\n");
        assert_eq!(told("a: [{p: 1, q: 1}]\n", "a: [{p: 2, q: 1}]\n"), "a[0].p: 1 → 2\n");
        assert_eq!(told("a: 1\n", "a: 1\nb: {c: [1, 2]}\n"), "+ b:\n+   c:\n+   - 1\n+   - 2\n");
        assert_eq!(
            told("a: |\n  one\n  two\n", "a: |\n  one\n  three\n"),
            "a:\n  @@ -1,2 +1,2 @@\n   one\n  -two\n  +three\n"
        );
        let (x, y) = ("x".repeat(200), "y".repeat(200));
        let long = told(&format!("a: {x}1{y}\n"), &format!("a: {x}2{y}\n"));
        assert!(
            long.contains("…xxxxxxxxxxxx1yyy")
                && long.contains("…xxxxxxxxxxxx2yyy")
                && long.len() < 300,
            "{long}"
        );
        let order = told("a: [{name: p}, {name: q}]\n", "a: [{name: q}, {name: p}]\n");
        assert!(order.starts_with("- a:\n") && order.contains("+   - q\n+   - p\n"), "{order}");
        assert!(of("a.yaml", "<<<<<<< HEAD\na: 1\n", "a: 1\n").is_none(), "no YAML");
    }

    #[test]
    fn what_many_have_in_common_is_known() {
        let common = |old: &str, new: &str| {
            of("a.yaml", old, new)
                .expect("YAML")
                .iter()
                .filter_map(super::Field::in_common)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            common("metadata: {labels: {v: 1}}\n", "metadata: {labels: {v: 2}}\n"),
            ["metadata.labels.v: 1 → 2"]
        );
        let below = common(
            "spec: {template: {metadata: {labels: {v: 1}}}}\n",
            "spec: {template: {metadata: {labels: {v: 2}}}}\n",
        );
        assert_eq!(below, ["spec.template.metadata.labels.v: 1 → 2"], "a SealedSecret's");
        let all = |old: &str, new: &str| super::all_in_common("a.yaml", old, new);
        assert_eq!(
            all("metadata: {labels: {v: 1}}\n", "metadata: {labels: {v: 2}}\n").map(|it| it.len()),
            Some(1)
        );
        assert_eq!(
            all("metadata: {labels: {v: 1}}\nb: 1\n", "metadata: {labels: {v: 2}}\nb: 2\n"),
            None,
            "not all of it"
        );
        assert_eq!(all("a: 1\n", "a: 1\n# a comment\n"), None, "of a comment nothing is common");
        assert_eq!(
            common(
                "spec: {source: {targetRevision: refs/tags/a}}\n",
                "spec: {source: {targetRevision: refs/tags/b}}\n"
            )
            .len(),
            1
        );
        assert_eq!(
            common(
                "spec: {source: {targetRevision: 1.2.3}}\n",
                "spec: {source: {targetRevision: 1.2.4}}\n"
            )
            .len(),
            0,
            "a chart's version"
        );
        assert_eq!(
            common(
                "spec: {selector: {matchLabels: {v: a}}}\n",
                "spec: {selector: {matchLabels: {v: b}}}\n"
            )
            .len(),
            0,
            "no mere label"
        );
    }
}
