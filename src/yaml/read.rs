//! Typed reading that finds all that is wrong at once: report, take the field out, read again.

use std::{collections::BTreeSet, sync::Arc};

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::diag::{
    code,
    diagnostic::{Diagnostic, Diagnostics, MAX_FINDINGS, Place},
    path::{FieldPath, Step},
};

use super::{
    failure::{At, Failure, FailureKind},
    messages,
    node::Children,
    source::Source,
    subject::Subject,
    value::{Cursor, State},
};

/// The least and the most of the number at a path, where it has bounds.
pub(super) type Bounds = dyn Fn(&FieldPath) -> Option<(u64, u64)>;

impl Source {
    /// Reads the typed value and *all* that is wrong with it, not only the first, which is where
    /// serde alone stops.
    ///
    /// There can be a value although there are findings: then what was wrong was left out, and
    /// rules can look at the rest. No value without an error.
    pub fn read<T: DeserializeOwned>(&self) -> (Option<T>, Diagnostics) {
        self.read_within(&|_| None)
    }

    /// The same, where what is said of a number that cannot be read names its bounds. Those of
    /// numbers that can are a rule's matter.
    pub fn read_within<T: DeserializeOwned>(&self, bounds: &Bounds) -> (Option<T>, Diagnostics) {
        let mut findings = self.findings.clone();
        let value = if self.is_whole { self.read_all(&mut findings, bounds) } else { None };
        (value, findings.capped())
    }

    fn read_all<T: DeserializeOwned>(
        &self,
        findings: &mut Diagnostics,
        bounds: &Bounds,
    ) -> Option<T> {
        let mut state =
            State { taken: self.nodes.iter().map(|it| it.is_broken).collect(), ..State::default() };
        let mut told: Vec<Diagnostic> = Vec::new();
        let mut missing = Vec::new();
        let mut empty = Vec::new();
        // Fields that a misspelt one stands for.
        let mut meant = BTreeSet::new();
        let mut value = None;
        // Each round takes out one more node or gives one more stand-in, so this ends.
        while findings.len() + told.len() <= MAX_FINDINGS
            && !state.taken.first().copied().unwrap_or(true)
        {
            let failure = match T::deserialize(Cursor {
                source: self,
                state: &state,
                node: 0,
                value: &self.value,
            }) {
                Ok(read) => {
                    value = state.missing.is_empty().then_some(read);
                    break;
                }
                Err(failure) => failure.or_at(0, false),
            };
            let Failure { kind, at } = failure;
            let at = at.unwrap_or(At { node: 0, is_key: false });
            let is_known =
                matches!(kind, FailureKind::Missing(field) if meant.contains(&(at.node, field)));
            if !is_known && !self.follows(&kind, at.node, &state.taken) {
                if let FailureKind::Missing(field) = kind {
                    missing.push((told.len(), at.node, field));
                }
                let subject_is_text = self.is_text::<T>(&mut state, &kind, at);
                if matches!(kind, FailureKind::Type(_))
                    && !at.is_key
                    && self.path_of(at.node).get(&self.value) == Some(&Value::Null)
                {
                    empty.push((told.len(), at.node));
                }
                told.push(self.finding(&kind, at, &state, subject_is_text, bounds));
            }
            match kind {
                FailureKind::Missing(field) if !state.lacks(at.node, &[field]) => {
                    state.missing.entry(at.node).or_default().push(vec![field]);
                }
                FailureKind::MissingWithin(way) if !state.lacks(at.node, &way) => {
                    state.missing.entry(at.node).or_default().push(way);
                }
                FailureKind::UnknownField(written, known) => {
                    meant.extend(
                        messages::meant(&written, known).map(|it| (self.nodes[at.node].parent, it)),
                    );
                    state.taken[at.node] = true;
                }
                _ => state.taken[at.node] = true,
            }
        }
        let written = state.written.into_inner();
        // What was taken out and then missed has no default, so it cannot be left out either.
        for (index, node) in empty {
            let parent = self.nodes[node].parent;
            let path = self.path_of(node);
            let Some(Step::Key(key)) = path.last() else { continue };
            let example =
                written.iter().find(|it| it.0.0 == parent && it.0.1 == key && !it.1.is_empty());
            if let Some((_, example)) = example {
                told[index].help = vec![format!("write `{key}: {example}`")];
            }
        }
        for (index, node, field) in missing {
            let example =
                written.get(&(node, field)).filter(|it| !it.is_empty()).map_or("…", String::as_str);
            told[index].help.push(format!("write `{field}: {example}`"));
        }
        findings.extend(told);
        value
    }

    /// Whether a number or a truth value would be taken if it stood in quotes: tried, for only the
    /// type itself knows.
    fn is_text<T: DeserializeOwned>(&self, state: &mut State, kind: &FailureKind, at: At) -> bool {
        let is_bare = matches!(
            self.path_of(at.node).get(&self.value),
            Some(Value::Bool(_) | Value::Number(_))
        );
        if !is_bare || at.is_key || !matches!(kind, FailureKind::Type(_)) {
            return false;
        }
        state.as_text = Some(at.node);
        let again = T::deserialize(Cursor { source: self, state, node: 0, value: &self.value });
        state.as_text = None;
        again.err().is_none_or(|failure| failure.at.is_some_and(|it| it.node != at.node))
    }

    /// Whether the failure only follows from what was found before.
    fn follows(&self, kind: &FailureKind, node: usize, taken: &[bool]) -> bool {
        match (&self.nodes[node].children, kind) {
            (_, FailureKind::NoSample | FailureKind::MissingWithin(_)) => true,
            (_, FailureKind::Missing(_)) if self.nodes[node].is_partial => true,
            (Children::Map(children), FailureKind::Missing(field)) => {
                self.named(children, field).is_some_and(|it| taken[it])
            }
            (
                Children::Map(children) | Children::List(children),
                FailureKind::Custom(_) | FailureKind::Type(_) | FailureKind::Length(..),
            ) => children.iter().any(|it| taken[*it]),
            _ => false,
        }
    }

    fn finding(
        &self,
        kind: &FailureKind,
        at: At,
        state: &State,
        is_text: bool,
        bounds: &Bounds,
    ) -> Diagnostic {
        let code = match kind {
            FailureKind::UnknownField(..) => code::UNKNOWN_FIELD,
            FailureKind::Missing(_) => code::MISSING_FIELD,
            _ => code::INVALID_VALUE,
        };
        let path = self.path_of(at.node);
        let written = self.text.get(self.nodes[at.node].span.clone()).unwrap_or_default();
        let value = path.get(&self.value).unwrap_or(&Value::Null);
        let parent = self.nodes[at.node].parent;
        let neighbours = state.fields.borrow().get(&parent).copied().unwrap_or_default();
        let is_there = |name: &str| match &self.nodes[parent].children {
            Children::Map(children) => self.named(children, name).is_some(),
            _ => false,
        };
        let subject = Subject {
            path: &path,
            value,
            written,
            is_text,
            bounds: bounds(&path),
            neighbours,
            is_there: &is_there,
        };
        let (message, help) = messages::words(kind, &subject);
        let file = Arc::clone(&self.file);
        let place = if at.is_key { Place::Key { file, path } } else { Place::Value { file, path } };
        let mut finding = code.at(place, message);
        finding.help.extend(help);
        finding
    }
}

impl State {
    fn lacks(&self, node: usize, way: &[&'static str]) -> bool {
        self.missing.get(&node).is_some_and(|ways| ways.iter().any(|it| it == way))
    }
}
