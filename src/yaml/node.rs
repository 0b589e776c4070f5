//! One value of a text: where it stands, and what holds it.

use std::ops::Range;

/// One value of the text. The root is the first node.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) parent: usize,
    pub(super) from_parent: FromParent,
    pub(super) span: Range<usize>,
    pub(super) children: Children,
    /// Whether a finding already says that this cannot be read.
    pub(super) is_broken: bool,
    /// Whether a finding already says that one of its keys cannot be read: then other fields may
    /// only seem to be missing.
    pub(super) is_partial: bool,
}

#[derive(Clone, Debug)]
pub(super) enum FromParent {
    Root,
    Key {
        span: Range<usize>,
        /// The key itself, where it is not what stands at the span (quotes, escapes).
        read_as: Option<Box<str>>,
    },
    Index(usize),
}

#[derive(Clone, Debug)]
pub(super) enum Children {
    None,
    /// By name, in the order of `Value`'s map.
    Map(Vec<usize>),
    /// In the order of `Value`'s list.
    List(Vec<usize>),
}

impl Node {
    /// The key in its parent map; `text` is the whole source.
    pub(super) fn name<'n>(&'n self, text: &'n str) -> &'n str {
        match &self.from_parent {
            FromParent::Key { read_as: Some(name), .. } => name,
            FromParent::Key { span, read_as: None } => &text[span.clone()],
            FromParent::Root | FromParent::Index(_) => "",
        }
    }

    /// Where the key stands; the value itself where it has none.
    pub(super) fn key_span(&self) -> Range<usize> {
        if let FromParent::Key { span, .. } = &self.from_parent {
            span.clone()
        } else {
            self.span.clone()
        }
    }
}
