//! Turns a parser's events into a value and its nodes, and finds what a spec may not use.

use std::{borrow::Cow, ops::Range, sync::Arc};

use granit_parser::{
    ErrorKind, Event, Parser, ScalarStyle, ScanError, Span, StructureStyle, options,
};
use serde_json::{Map, Value, map::Entry};

use crate::diag::{
    code::{self, ErrorCode},
    diagnostic::{Diagnostic, Diagnostics, MAX_FINDINGS, Place},
};

use super::{
    conflict,
    node::{Children, FromParent, Node},
    odd, scalar, syntax,
};

/// Deeper than any spec, shallower than any stack.
const MAX_DEPTH: usize = 64;

/// The result of parsing a text.
pub(super) struct Parsed {
    pub(super) value: Value,
    pub(super) nodes: Vec<Node>,
    pub(super) findings: Diagnostics,
    pub(super) is_whole: bool,
}

pub(super) fn parse(file: &Arc<str>, text: &str) -> Parsed {
    let mut builder = Builder {
        file,
        text,
        root: Value::Null,
        open: Vec::new(),
        skip: None,
        nodes: Vec::new(),
        findings: Diagnostics::new(),
    };
    let is_whole = builder.run();
    let Builder { root, nodes, findings, .. } = builder;
    Parsed { value: root, nodes, findings, is_whole }
}

struct Builder<'t> {
    file: &'t Arc<str>,
    text: &'t str,
    root: Value,
    open: Vec<Open>,
    skip: Option<Skip>,
    nodes: Vec<Node>,
    findings: Diagnostics,
}

/// A map or list whose end has not come.
struct Open {
    node: usize,
    is_flow: bool,
    content: Content,
}

enum Content {
    Map { map: Map<String, Value>, children: Vec<usize>, key: Option<Key> },
    List { items: Vec<Value>, children: Vec<usize> },
}

struct Key {
    name: String,
    span: Range<usize>,
    /// Whether what stands at it is read.
    is_kept: bool,
}

/// A map or list that is passed over.
struct Skip {
    depth: usize,
    start: usize,
    is_key: bool,
}

impl Builder<'_> {
    fn run(&mut self) -> bool {
        let conflicts = conflict::conflicts(self.file, self.text);
        if !conflicts.is_empty() {
            // Whatever else there is to find stands between two sides.
            self.findings.extend(conflicts);
            return false;
        }
        if let Some(finding) = syntax::forbidden(self.file, self.text) {
            self.findings.push(finding);
            return false;
        }
        let mut options =
            options! { emit_unresolved_aliases: true, block_scalar_eof_without_line_feed: true };
        options.set_emit_comments(false);
        let mut documents = 0;
        for next in Parser::new_from_str_with_options(self.text, options) {
            let (event, span) = match next {
                Ok((event, span)) => {
                    self.tag(&event, span);
                    (event, span.byte_range().unwrap_or(0..0))
                }
                Err(error) => {
                    self.syntax(&error);
                    return false;
                }
            };
            if let Event::DocumentStart(..) = event {
                documents += 1;
                if documents == 2 {
                    self.find(
                        code::SEVERAL_DOCUMENTS,
                        span,
                        "a second document begins here",
                        Some("write each document into a file of its own"),
                    );
                    break;
                }
            }
            self.event(event, span);
        }
        let is_empty = self.root.is_null() && self.nodes.first().is_none_or(|it| !it.is_broken);
        if is_empty && self.findings.is_empty() {
            self.findings.push(
                code::EMPTY_FILE
                    .at(Place::File(Arc::clone(self.file)), "the file is empty")
                    .help("write into it, or delete it"),
            );
        }
        !is_empty
    }

    fn event(&mut self, event: Event<'_>, span: Range<usize>) {
        if self.skip.is_some() {
            self.pass_over(&event, span.end);
            return;
        }
        match event {
            Event::MappingStart(style, ..) => {
                self.begin(
                    Content::Map { map: Map::new(), children: Vec::new(), key: None },
                    style,
                    span,
                );
            }
            Event::SequenceStart(style, ..) => {
                self.begin(Content::List { items: Vec::new(), children: Vec::new() }, style, span);
            }
            Event::MappingEnd | Event::SequenceEnd => self.end(span.end),
            // A spec needs no aliases; without them there are no bombs, no merges and no cycles.
            Event::Alias(..) | Event::UnresolvedAlias(..) => {
                self.find(
                    code::ALIAS,
                    span.clone(),
                    "an alias refers to a value that is written elsewhere",
                    Some("write the value itself"),
                );
                if self.expects_key() {
                    self.set_key(Key { name: String::new(), span, is_kept: false });
                } else {
                    let node = self.node(span, true);
                    self.place(node, Value::Null);
                }
            }
            Event::Scalar(text, style, _, tag) => {
                let is_text = style != ScalarStyle::Plain
                    || tag.is_some_and(|it| it.is_yaml_core_schema_tag("str"));
                self.scalar(text, style, is_text, span);
            }
            _ => (),
        }
    }

    fn scalar(
        &mut self,
        text: Cow<'_, str>,
        style: ScalarStyle,
        is_text: bool,
        span: Range<usize>,
    ) {
        if style == ScalarStyle::Plain && odd::first(self.text, span.clone()).is_some() {
            self.odd(span);
            return;
        }
        let value = if is_text { Value::String(text.into_owned()) } else { scalar::resolve(text) };
        if self.expects_key() {
            let key = self.key(value, is_text, span);
            self.set_key(key);
        } else {
            let span = self.trimmed(span);
            let node = self.node(span, false);
            self.place(node, value);
        }
    }

    /// A bare text with a character that only looks like one of YAML's own: nobody knows what was
    /// meant by the rest.
    fn odd(&mut self, span: Range<usize>) {
        let mut rest = span.clone();
        while let Some(at) =
            odd::first(self.text, rest.clone()).filter(|_| self.findings.len() <= MAX_FINDINGS)
        {
            self.findings.extend(odd::finding(self.file, self.text, at));
            rest.start = at + self.text[at..].chars().next().map_or(1, char::len_utf8);
        }
        if self.expects_key() {
            self.set_key(Key { name: String::new(), span, is_kept: false });
        } else {
            let node = self.node(span, true);
            self.place(node, Value::Null);
        }
    }

    /// A scalar as a key; tells what is wrong with it.
    fn key(&mut self, value: Value, is_quoted: bool, span: Range<usize>) -> Key {
        self.tab_before(span.start);
        let Value::String(name) = value else {
            let text = self.text.get(span.clone()).unwrap_or_default();
            let (message, help) = if text.is_empty() {
                ("a key is missing before `:`".to_owned(), None)
            } else {
                (
                    format!("the key `{text}` is not a string"),
                    Some(format!("put it in quotes: `\"{text}\"`")),
                )
            };
            self.find(code::KEY_NOT_A_STRING, span.clone(), &message, help.as_deref());
            return Key { name: String::new(), span, is_kept: false };
        };
        let is_merge = !is_quoted && name == "<<";
        if is_merge {
            self.find(
                code::MERGE_KEY,
                span.clone(),
                "`<<` merges another map into this one",
                Some("write the fields out"),
            );
        }
        Key { name, span, is_kept: !is_merge }
    }

    /// The parser lets tabs before a key pass where nothing hangs on them; other readers do not.
    fn tab_before(&mut self, key: usize) {
        if self.open.last().is_none_or(|it| it.is_flow) {
            return;
        }
        let before = self.text[..key].trim_end_matches([' ', '\t']);
        if let Some(tab) = self.text[before.len()..key]
            .find('\t')
            .filter(|_| before.is_empty() || before.ends_with('\n'))
        {
            let tab = before.len() + tab;
            self.find(code::TAB, tab..tab + 1, syntax::TAB_MESSAGE, Some(syntax::TAB_HELP));
        }
    }

    /// A block's span ends with its last line that is not empty.
    fn trimmed(&self, span: Range<usize>) -> Range<usize> {
        let written = self
            .text
            .get(span.clone())
            .unwrap_or_default()
            .trim_end_matches(['\n', '\r', ' ', '\t'])
            .len();
        span.start..span.start + written
    }

    fn expects_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { content: Content::Map { key: None, .. }, .. }))
    }

    fn set_key(&mut self, new: Key) {
        if let Some(Open { content: Content::Map { key, .. }, .. }) = self.open.last_mut() {
            *key = Some(new);
        }
    }

    /// A new node, hung below what is open.
    fn node(&mut self, span: Range<usize>, is_broken: bool) -> usize {
        let (parent, from_parent) = match self.open.last() {
            None => (0, FromParent::Root),
            Some(Open { node, content: Content::List { items, .. }, .. }) => {
                (*node, FromParent::Index(items.len()))
            }
            Some(Open { node, content: Content::Map { key, .. }, .. }) => {
                let (name, span) =
                    key.as_ref().map_or(("", 0..0), |it| (it.name.as_str(), it.span.clone()));
                let read_as = (self.text.get(span.clone()) != Some(name)).then(|| name.into());
                (*node, FromParent::Key { span, read_as })
            }
        };
        self.nodes.push(Node {
            parent,
            from_parent,
            span,
            children: Children::None,
            is_broken,
            is_partial: false,
        });
        self.nodes.len() - 1
    }

    fn begin(&mut self, content: Content, style: StructureStyle, span: Range<usize>) {
        let is_key = self.expects_key();
        if is_key {
            let help = "a key is a string; put one that begins with `{` or `[` in quotes";
            self.find(
                code::KEY_NOT_A_STRING,
                span.clone(),
                "a map or list is written where a key is expected",
                Some(help),
            );
        } else if self.open.len() >= MAX_DEPTH {
            let message = format!("a value is nested more than {MAX_DEPTH} levels deep");
            self.find(code::NESTED_TOO_DEEP, span.clone(), &message, None);
        } else {
            let node = self.node(span, false);
            self.open.push(Open { node, is_flow: style == StructureStyle::Flow, content });
            return;
        }
        self.skip = Some(Skip { depth: 1, start: span.start, is_key });
    }

    fn pass_over(&mut self, event: &Event<'_>, end: usize) {
        let Some(skip) = &mut self.skip else { return };
        match event {
            Event::MappingStart(..) | Event::SequenceStart(..) => skip.depth += 1,
            Event::MappingEnd | Event::SequenceEnd => skip.depth -= 1,
            _ => (),
        }
        if skip.depth > 0 {
            return;
        }
        let (span, is_key) = (skip.start..end, skip.is_key);
        self.skip = None;
        if is_key {
            self.set_key(Key { name: String::new(), span, is_kept: false });
        } else {
            let node = self.node(span, true);
            self.place(node, Value::Null);
        }
    }

    fn end(&mut self, end: usize) {
        let Some(Open { node, is_flow, content }) = self.open.pop() else { return };
        let (value, children) = match content {
            Content::Map { map, mut children, .. } => {
                children.sort_by(|a, b| {
                    self.nodes[*a].name(self.text).cmp(self.nodes[*b].name(self.text))
                });
                (Value::Object(map), Children::Map(children))
            }
            Content::List { items, children } => (Value::Array(items), Children::List(children)),
        };
        // A block has no closing mark: it ends with the last value that was written in it.
        let last = self.nodes.last().map_or(end, |it| it.span.end.max(it.key_span().end));
        let start = self.nodes[node].span.start;
        self.nodes[node].span.end = if is_flow { end } else { last }.max(start);
        self.nodes[node].children = children;
        self.place(node, value);
    }

    fn place(&mut self, node: usize, value: Value) {
        let Some(Open { node: parent, content, .. }) = self.open.last_mut() else {
            self.root = value;
            return;
        };
        let parent = *parent;
        let twice = match content {
            Content::List { items, children } => {
                items.push(value);
                children.push(node);
                return;
            }
            Content::Map { map, children, key } => {
                let Some(key) = key.take().filter(|it| it.is_kept) else {
                    self.nodes[parent].is_partial = true;
                    return;
                };
                match map.entry(key.name) {
                    Entry::Vacant(entry) => {
                        entry.insert(value);
                        children.push(node);
                        return;
                    }
                    Entry::Occupied(occupied) if self.findings.len() <= MAX_FINDINGS => {
                        let first = children
                            .iter()
                            .find(|at| self.nodes[**at].name(self.text) == occupied.key())
                            .map_or(0..0, |at| self.nodes[*at].key_span());
                        (occupied.key().clone(), first, key.span)
                    }
                    Entry::Occupied(_) => return,
                }
            }
        };
        let (name, first, second) = twice;
        let place = |span| Place::Span { file: Arc::clone(self.file), span };
        let finding = code::DUPLICATE_KEY
            .at(place(second), format!("`{name}` is written twice"))
            .related(place(first), "first written here")
            .help("keep one of the two");
        self.findings.push(finding);
    }

    fn tag(&mut self, event: &Event<'_>, span: Span) {
        if let Some(tag) = event.tag().filter(|it| !it.is_yaml_core_schema_tag("str")) {
            let message = format!("`{}` is a tag, and a spec has no tags", tag.original());
            let at = span
                .tag_span()
                .and_then(|it| it.byte_range())
                .or_else(|| span.byte_range())
                .unwrap_or(0..0);
            self.find(
                code::YAML_SYNTAX,
                at,
                &message,
                Some("remove the tag; put a string that begins with `!` in quotes"),
            );
        }
    }

    fn syntax(&mut self, error: &ScanError) {
        let mut finding = syntax::finding(self.file, self.text, error);
        if let Some(flow) = self.open.iter().rfind(|it| it.is_flow) {
            let start = self.nodes[flow.node].span.start;
            let what = if self.text[start..].starts_with('[') {
                "in the list that begins here"
            } else {
                "in the map that begins here"
            };
            let place = Place::Span { file: Arc::clone(self.file), span: start..start + 1 };
            let is_guessed = finding.place == syntax::place_of(self.file, self.text, error);
            if is_guessed
                && let ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement =
                    error.kind()
            {
                "a bracket is not closed before this".clone_into(&mut finding.message);
            }
            if finding.place != place {
                finding = finding.related(place, what);
            }
        }
        // The parser stops at a depth of its own, or at what the same character leads to; that was
        // told already.
        let is_told = |diagnostic: &Diagnostic| {
            diagnostic.code == finding.code
                && (diagnostic.code == code::NESTED_TOO_DEEP.name()
                    || diagnostic.place == finding.place)
        };
        if !self.findings.iter().any(is_told) {
            self.findings.push(finding);
        }
    }

    fn find(&mut self, code: ErrorCode, span: Range<usize>, message: &str, help: Option<&str>) {
        // One more than are shown, so that the reader knows that there are more.
        if self.findings.len() <= MAX_FINDINGS {
            let mut finding = code.at(Place::Span { file: Arc::clone(self.file), span }, message);
            finding.help.extend(help.map(str::to_owned));
            self.findings.push(finding);
        }
    }
}
