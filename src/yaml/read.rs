//! Typed reading that finds all that is wrong at once: report, take the field out, read again.

use std::{collections::BTreeMap, sync::Arc};

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::diag::{
    code,
    diagnostic::{Diagnostic, Diagnostics, MAX_FINDINGS, Place},
};

use super::{
    source::{Children, Source},
    value::{Cursor, State},
    wording::{self, At, Failure, Kind, Subject},
};

impl Source {
    /// Reads the typed value and *all* that is wrong with it, not only the first, which is where serde alone stops.
    ///
    /// There can be a value although there are findings: then what was wrong was left out, and rules can look at the rest.
    /// No value without an error.
    pub fn read<T: DeserializeOwned>(&self) -> (Option<T>, Diagnostics) {
        let mut findings = self.findings.clone();
        let value = if self.is_whole { self.read_all(&mut findings) } else { None };
        (value, findings.capped())
    }

    fn read_all<T: DeserializeOwned>(&self, findings: &mut Diagnostics) -> Option<T> {
        let taken = self.nodes.iter().map(|it| it.is_broken).collect();
        let mut state = State { taken, missing: BTreeMap::new() };
        // Each round takes out one more node or gives one more stand-in, so this ends.
        while findings.len() <= MAX_FINDINGS && !state.taken.first().copied().unwrap_or(true) {
            let cursor = Cursor { source: self, state: &state, node: 0, value: &self.value };
            let failure = match T::deserialize(cursor) {
                Ok(it) => return state.missing.is_empty().then_some(it),
                Err(failure) => failure.or_at(0, false),
            };
            let Failure { kind, at } = failure;
            let at = at.unwrap_or(At { node: 0, is_key: false });
            if !self.follows(&kind, at.node, &state.taken) {
                findings.push(self.finding(&kind, at));
            }
            match kind {
                Kind::Missing(field) if state.missing.get(&at.node).is_none_or(|it| !it.contains(&field)) => {
                    state.missing.entry(at.node).or_default().push(field);
                }
                _ => state.taken[at.node] = true,
            }
        }
        None
    }

    /// Whether the failure only follows from what was found before.
    fn follows(&self, kind: &Kind, node: usize, taken: &[bool]) -> bool {
        match (&self.nodes[node].children, kind) {
            (_, Kind::NoSample) => true,
            (_, Kind::Missing(_)) if self.nodes[node].is_partial => true,
            (Children::Map(children), Kind::Missing(field)) => self.named(children, field).is_some_and(|it| taken[it]),
            (Children::Map(children) | Children::List(children), Kind::Custom(_) | Kind::Type(_) | Kind::Length(..)) => {
                children.iter().any(|it| taken[*it])
            }
            _ => false,
        }
    }

    fn finding(&self, kind: &Kind, at: At) -> Diagnostic {
        let code = match kind {
            Kind::UnknownField(..) => code::UNKNOWN_FIELD,
            Kind::Missing(_) => code::MISSING_FIELD,
            _ => code::INVALID_VALUE,
        };
        let path = self.path_of(at.node);
        let written = self.text.get(self.nodes[at.node].span.clone()).unwrap_or_default();
        let value = path.get(&self.value).unwrap_or(&Value::Null);
        let (message, help) = wording::words(kind, &Subject { path: &path, value, written });
        let file = Arc::clone(&self.file);
        let place = if at.is_key { Place::Key { file, path } } else { Place::Value { file, path } };
        let mut finding = Diagnostic::error(code, place, message);
        finding.help.extend(help);
        finding
    }
}
