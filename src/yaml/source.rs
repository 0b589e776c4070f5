//! A source text, its value, and where each key and value stands in the text (in bytes).

use std::{
    ops::Range,
    sync::{Arc, OnceLock},
};

use serde_json::Value;

use crate::diag::{
    code,
    diagnostic::{Diagnostic, Diagnostics, Place},
    path::{FieldPath, Step},
};

use super::{
    node::{Children, FromParent, Node},
    parse,
};

/// The largest file that is read: far larger than any spec, small enough to read in no time.
pub const MAX_SIZE: u64 = 1 << 20;

/// The finding about a file that is larger than [`MAX_SIZE`]; the caller checks the size before it
/// reads.
pub fn too_large(file: impl Into<Arc<str>>, size: u64) -> Diagnostic {
    let mib = size / MAX_SIZE;
    code::FILE_TOO_LARGE
        .at(
            Place::File(file.into()),
            format!("the file has {mib} MiB, but a spec has at most 1 MiB"),
        )
        .help("is it the right file?")
}

/// A file that was read, with all that is wrong with it as YAML.
#[derive(Clone, Debug)]
pub struct Source {
    /// The file, relative to the root.
    pub file: Arc<str>,
    /// Its text, without a byte-order mark.
    pub text: String,
    /// Its value; what could not be read is null or left out.
    pub value: Value,
    pub(super) nodes: Vec<Node>,
    pub(super) findings: Diagnostics,
    /// Whether the text's structure is known to its end: else fields only seem to be missing.
    pub(super) is_whole: bool,
    /// Where each line begins; computed when the first finding needs it.
    lines: OnceLock<Vec<usize>>,
}

impl Source {
    /// Reads a text; whatever is wrong with it is told by [`Source::read`].
    pub fn parse(file: impl Into<Arc<str>>, text: impl Into<String>) -> Self {
        let (file, mut text) = (file.into(), text.into());
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        let parsed = parse::parse(&file, &text);
        Self::new(file, text, parsed)
    }

    /// Reads bytes as [`Source::parse`] reads a text; where they are no UTF-8, that is the one
    /// finding.
    pub fn from_bytes(file: impl Into<Arc<str>>, bytes: Vec<u8>) -> Self {
        let bytes = match String::from_utf8(bytes) {
            Ok(text) => return Self::parse(file, text),
            Err(why) => why,
        };
        let file = file.into();
        let at = bytes.utf8_error().valid_up_to();
        let bytes = bytes.into_bytes();
        let byte = bytes[at];
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let end = at + text[at..].chars().next().map_or(0, char::len_utf8);
        let place = Place::Span { file: Arc::clone(&file), span: at..end };
        let message = if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
            "the file is UTF-16, not UTF-8".to_owned()
        } else {
            format!("the byte 0x{byte:02X} is not UTF-8")
        };
        let finding = code::NOT_UTF8.at(place, message).help("save the file as UTF-8");
        let parsed = parse::Parsed {
            value: Value::Null,
            nodes: Vec::new(),
            findings: finding.into(),
            is_whole: false,
        };
        Self::new(file, text, parsed)
    }

    fn new(file: Arc<str>, text: String, parsed: parse::Parsed) -> Self {
        let parse::Parsed { value, nodes, findings, is_whole } = parsed;
        Self { file, text, value, nodes, findings, is_whole, lines: OnceLock::new() }
    }

    /// Merge conflicts in the text, where there are some: for what is read by other means than as
    /// YAML.
    pub fn conflicts(&self) -> impl Iterator<Item = &Diagnostic> {
        self.findings.iter().filter(|it| it.code == code::MERGE_CONFLICT.name())
    }

    /// What is wrong with it as a text: merge conflicts, and what is no UTF-8.
    pub fn faults_of_text(&self) -> impl Iterator<Item = &Diagnostic> {
        let codes = [code::MERGE_CONFLICT.name(), code::NOT_UTF8.name()];
        self.findings.iter().filter(move |it| codes.contains(&it.code))
    }

    /// The first thing that is wrong with it as YAML.
    pub fn first_fault(&self) -> Option<&Diagnostic> {
        self.findings.iter().next()
    }

    /// Whether nothing is wrong with it as YAML.
    pub fn is_sound(&self) -> bool {
        self.is_whole && self.findings.is_empty()
    }

    /// The span of a value, or of the nearest one above it that is written down.
    pub fn span(&self, path: &FieldPath) -> Range<usize> {
        self.nodes.get(self.follow(path).0).map_or(0..0, |it| it.span.clone())
    }

    /// The span of a value's key; of the value itself where it has none (a list's item, the root).
    pub fn key_span(&self, path: &FieldPath) -> Range<usize> {
        self.nodes.get(self.follow(path).0).map_or(0..0, Node::key_span)
    }

    /// Whether the value itself is written down.
    pub fn is_written(&self, path: &FieldPath) -> bool {
        !self.nodes.is_empty() && self.follow(path).1
    }

    /// The paths of all values that are written down.
    pub fn paths(&self) -> impl Iterator<Item = FieldPath> {
        (0..self.nodes.len()).map(|it| self.path_of(it))
    }

    /// Line and column of an offset, both from 1; the column counts characters.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let lines = self.lines.get_or_init(|| {
            let breaks = self.text.bytes().enumerate().filter(|it| it.1 == b'\n');
            std::iter::once(0).chain(breaks.map(|it| it.0 + 1)).collect()
        });
        let before = &self.text[..self.text.floor_char_boundary(offset)];
        let line = lines.partition_point(|it| *it <= before.len());
        (line, before[lines[line - 1]..].chars().count() + 1)
    }

    /// The node that a path leads to, or the last one on the way, and whether the way was whole.
    fn follow(&self, path: &FieldPath) -> (usize, bool) {
        let mut at = 0;
        for step in path.steps() {
            match self.nodes.get(at).and_then(|it| self.child(it, step)) {
                Some(next) => at = next,
                None => return (at, false),
            }
        }
        (at, true)
    }

    fn child(&self, node: &Node, step: &Step) -> Option<usize> {
        match (&node.children, step) {
            (Children::Map(children), Step::Key(key)) => self.named(children, key),
            (Children::List(children), Step::Index(index)) => children.get(*index).copied(),
            _ => None,
        }
    }

    /// The child of a map with a name.
    pub(super) fn named(&self, children: &[usize], name: &str) -> Option<usize> {
        children
            .binary_search_by(|it| self.nodes[*it].name(&self.text).cmp(name))
            .ok()
            .map(|at| children[at])
    }

    /// The path that leads to a node.
    pub(super) fn path_of(&self, mut node: usize) -> FieldPath {
        let mut steps = Vec::new();
        loop {
            match &self.nodes[node].from_parent {
                FromParent::Root => break,
                FromParent::Key { .. } => {
                    steps.push(Step::Key(self.nodes[node].name(&self.text).to_owned()));
                }
                FromParent::Index(index) => steps.push(Step::Index(*index)),
            }
            node = self.nodes[node].parent;
        }
        steps.into_iter().rev().collect()
    }
}
