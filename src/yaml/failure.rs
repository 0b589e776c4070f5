//! serde's errors, kept in parts instead of as a text: `messages` makes the text.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

/// Why a value could not be read, and at which node.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) kind: FailureKind,
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
pub(super) enum FailureKind {
    Custom(String),
    Type(String),
    Length(usize, String),
    UnknownVariant(String, &'static [&'static str]),
    UnknownField(String, &'static [&'static str]),
    Missing(&'static str),
    /// The stand-in of a missing field lacks a field itself: the way to it.
    MissingWithin(Way),
    /// A missing field's stand-in was not taken.
    NoSample,
}

impl Failure {
    pub(super) fn new(kind: FailureKind) -> Self {
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
        Self::new(FailureKind::Custom(message.to_string()))
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(FailureKind::Type(expected.to_string()))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(FailureKind::Type(expected.to_string()))
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::new(FailureKind::Length(length, expected.to_string()))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::new(FailureKind::UnknownVariant(variant.to_owned(), expected))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(FailureKind::UnknownField(field.to_owned(), expected))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(FailureKind::Missing(field))
    }
}

/// The way from a map to a field that it lacks, or that the stand-in of such a field lacks.
pub(super) type Way = Vec<&'static str>;
