//! The serde side of the emitter: structs, maps, lists and scalars as block YAML.
//!
//! k8s-openapi serialises alphabetically (`annotations … name, namespace`; `Secret.data` before
//! `metadata`). A struct whose keys arrive out of order is permuted in place at its end: no tree,
//! one scratch copy.

use std::{fmt, io::Write as _, ops::Range};

use serde::ser::{self, Serialize};

use super::{
    done::{Done, Unsupported},
    key::KeyWriter,
    quote,
};

/// The keys that a reader looks for first. One list for every struct; the rest stay alphabetical.
fn rank(key: &str) -> u8 {
    match key {
        "apiVersion" => 0,
        "kind" => 1,
        "metadata" => 2,
        "name" | "alert" => 3,
        "namespace" => 4,
        "labels" => 5,
        "annotations" => 6,
        "image" => 7,
        "type" => 8,
        _ => 9,
    }
}

/// Where each field of the open structs stands; shared, so that a struct allocates nothing.
#[derive(Default)]
pub(super) struct Arena {
    pub(super) fields: Vec<(u8, Range<usize>)>,
    pub(super) scratch: Vec<u8>,
}

/// What all emitters of one document write into.
pub(super) struct Sink<'o> {
    pub(super) out: &'o mut Vec<u8>,
    pub(super) arena: Arena,
}

/// What the current line already has.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum At {
    /// Nothing.
    Document,
    /// `key:`
    Key,
    /// `- `
    Dash,
}

pub(super) struct Emitter<'s, 'o> {
    pub(super) sink: &'s mut Sink<'o>,
    /// Where the lines of a value below a key begin.
    pub(super) indent: usize,
    pub(super) at: At,
}

impl<'s, 'o> Emitter<'s, 'o> {
    #[expect(
        clippy::unnecessary_wraps,
        reason = "it ends most of serde's methods, which return this"
    )]
    fn scalar(self, write: impl FnOnce(&mut Vec<u8>)) -> Done {
        if self.at == At::Key {
            self.sink.out.push(b' ');
        }
        write(self.sink.out);
        self.sink.out.push(b'\n');
        Ok(())
    }

    fn number(self, n: impl fmt::Display) -> Done {
        self.scalar(|out| write!(out, "{n}").expect("a Vec takes all"))
    }

    fn sequence(self) -> Sequence<'s, 'o> {
        Sequence { sink: self.sink, indent: self.indent, at: self.at, first: true }
    }

    fn map(self) -> Map<'s, 'o> {
        let from = self.sink.arena.fields.len();
        Map {
            sink: self.sink,
            indent: self.indent,
            at: self.at,
            first: true,
            from,
            highest: 0,
            disordered: false,
        }
    }

    /// The head of an externally tagged variant: a map of one key, whose value comes next.
    fn variant(self, name: &str) -> Self {
        let indent = self.indent;
        let mut map = self.map();
        map.head();
        quote::line(map.sink.out, name);
        map.sink.out.push(b':');
        Emitter { sink: map.sink, indent: indent + 2, at: At::Key }
    }
}

pub(super) struct Sequence<'s, 'o> {
    sink: &'s mut Sink<'o>,
    indent: usize,
    at: At,
    first: bool,
}

pub(super) struct Map<'s, 'o> {
    sink: &'s mut Sink<'o>,
    indent: usize,
    at: At,
    first: bool,
    /// Where this struct's fields begin in the arena.
    from: usize,
    highest: u8,
    disordered: bool,
}

impl Map<'_, '_> {
    fn head(&mut self) {
        if self.first {
            if self.at == At::Key {
                self.sink.out.push(b'\n');
                quote::pad(self.sink.out, self.indent);
            }
            self.first = false;
        } else {
            quote::pad(self.sink.out, self.indent);
        }
    }

    fn finish(self) {
        let Self { sink, indent, at, first, from, disordered, .. } = self;
        if first {
            if at == At::Key {
                sink.out.push(b' ');
            }
            sink.out.extend_from_slice(b"{}\n");
        }
        if disordered {
            let Sink { out, arena: Arena { fields, scratch } } = &mut *sink;
            let mine = &mut fields[from..];
            let (start, end) = (mine[0].1.start, out.len());
            // Equal ranks stay alphabetical.
            mine.sort_unstable_by_key(|(rank, at)| (*rank, at.start));
            scratch.clear();
            for (i, (_, at)) in mine.iter().enumerate() {
                if i > 0 {
                    quote::pad(scratch, indent);
                }
                scratch.extend_from_slice(&out[at.clone()]);
            }
            debug_assert_eq!(scratch.len(), end - start);
            out[start..end].copy_from_slice(scratch);
        }
        sink.arena.fields.truncate(from);
    }
}

impl ser::SerializeStruct for Map<'_, '_> {
    type Ok = ();
    type Error = Unsupported;
    fn serialize_field<T: ?Sized + Serialize>(&mut self, key: &'static str, value: &T) -> Done {
        self.head();
        let start = self.sink.out.len();
        quote::field(self.sink.out, key);
        self.sink.out.push(b':');
        value.serialize(Emitter { sink: self.sink, indent: self.indent + 2, at: At::Key })?;
        let rank = rank(key);
        self.disordered |= rank < self.highest;
        self.highest = self.highest.max(rank);
        let end = self.sink.out.len();
        self.sink.arena.fields.push((rank, start..end));
        Ok(())
    }
    fn end(self) -> Done {
        self.finish();
        Ok(())
    }
}

impl ser::SerializeStructVariant for Map<'_, '_> {
    type Ok = ();
    type Error = Unsupported;
    fn serialize_field<T: ?Sized + Serialize>(&mut self, key: &'static str, value: &T) -> Done {
        ser::SerializeStruct::serialize_field(self, key, value)
    }
    fn end(self) -> Done {
        ser::SerializeStruct::end(self)
    }
}

/// Longer keys need a `?` before them: readers look no further than 1024 characters for the `:`.
const LONGEST_PLAIN_KEY: usize = 1000;

impl ser::SerializeMap for Map<'_, '_> {
    type Ok = ();
    type Error = Unsupported;
    fn serialize_key<T: ?Sized + Serialize>(&mut self, key: &T) -> Done {
        self.head();
        let start = self.sink.out.len();
        key.serialize(KeyWriter { out: self.sink.out })?;
        if self.sink.out.len() - start > LONGEST_PLAIN_KEY {
            self.sink.out.splice(start..start, *b"? ");
            self.sink.out.push(b'\n');
            quote::pad(self.sink.out, self.indent);
        }
        self.sink.out.push(b':');
        Ok(())
    }
    fn serialize_value<T: ?Sized + Serialize>(&mut self, value: &T) -> Done {
        value.serialize(Emitter { sink: self.sink, indent: self.indent + 2, at: At::Key })
    }
    fn end(self) -> Done {
        self.finish();
        Ok(())
    }
}

impl Sequence<'_, '_> {
    fn element<T: ?Sized + Serialize>(&mut self, value: &T) -> Done {
        // A list below a key stands under the key itself, as kubectl prints it.
        let indent = if self.at == At::Key { self.indent.saturating_sub(2) } else { self.indent };
        if self.first && self.at == At::Key {
            self.sink.out.push(b'\n');
        }
        if !(self.first && self.at == At::Dash) {
            quote::pad(self.sink.out, indent);
        }
        self.first = false;
        self.sink.out.extend_from_slice(b"- ");
        value.serialize(Emitter { sink: self.sink, indent: indent + 2, at: At::Dash })
    }

    fn finish(self) {
        if self.first {
            if self.at == At::Key {
                self.sink.out.push(b' ');
            }
            self.sink.out.extend_from_slice(b"[]\n");
        }
    }
}

/// serde has four traits for what is one list in YAML.
macro_rules! sequence {
    ($($of:ident, $method:ident;)+) => {
        $(impl ser::$of for Sequence<'_, '_> {
            type Ok = ();
            type Error = Unsupported;
            fn $method<T: ?Sized + Serialize>(&mut self, value: &T) -> Done {
                self.element(value)
            }
            fn end(self) -> Done {
                self.finish();
                Ok(())
            }
        })+
    };
}

sequence! {
    SerializeSeq, serialize_element;
    SerializeTuple, serialize_element;
    SerializeTupleStruct, serialize_field;
    SerializeTupleVariant, serialize_field;
}

/// Integers of every width are written as they are.
macro_rules! integers {
    ($($signed:ident $i:ty, $unsigned:ident $u:ty;)+) => {
        $(fn $signed(self, n: $i) -> Done {
            self.scalar(|out| quote::whole(out, n < 0, n.unsigned_abs().into()))
        }
        fn $unsigned(self, n: $u) -> Done {
            self.scalar(|out| quote::whole(out, false, n.into()))
        })+
    };
}

impl<'s, 'o> ser::Serializer for Emitter<'s, 'o> {
    type Ok = ();
    type Error = Unsupported;
    type SerializeSeq = Sequence<'s, 'o>;
    type SerializeMap = Map<'s, 'o>;
    type SerializeStruct = Map<'s, 'o>;
    type SerializeTuple = Sequence<'s, 'o>;
    type SerializeTupleStruct = Sequence<'s, 'o>;
    type SerializeTupleVariant = Sequence<'s, 'o>;
    type SerializeStructVariant = Map<'s, 'o>;
    integers! {
        serialize_i8 i8, serialize_u8 u8;
        serialize_i16 i16, serialize_u16 u16;
        serialize_i32 i32, serialize_u32 u32;
        serialize_i64 i64, serialize_u64 u64;
    }
    fn serialize_i128(self, n: i128) -> Done {
        self.number(n)
    }
    fn serialize_u128(self, n: u128) -> Done {
        self.number(n)
    }
    fn serialize_bool(self, v: bool) -> Done {
        self.scalar(|out| out.extend_from_slice(if v { b"true" } else { b"false" }))
    }
    fn serialize_f32(self, v: f32) -> Done {
        self.scalar(|out| quote::float(out, f64::from(v), &format!("{v:?}"), &format!("{v:e}")))
    }
    fn serialize_f64(self, v: f64) -> Done {
        self.scalar(|out| quote::float(out, v, &format!("{v:?}"), &format!("{v:e}")))
    }
    fn serialize_char(self, v: char) -> Done {
        self.serialize_str(v.encode_utf8(&mut [0; 4]))
    }
    fn serialize_str(self, v: &str) -> Done {
        let indent = self.indent;
        self.scalar(|out| quote::value(out, v, indent))
    }
    fn serialize_bytes(self, v: &[u8]) -> Done {
        v.serialize(self)
    }
    fn serialize_none(self) -> Done {
        self.serialize_unit()
    }
    fn serialize_some<T: ?Sized + Serialize>(self, v: &T) -> Done {
        v.serialize(self)
    }
    fn serialize_unit(self) -> Done {
        self.scalar(|out| out.extend_from_slice(b"null"))
    }
    fn serialize_unit_struct(self, _: &'static str) -> Done {
        self.serialize_unit()
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, v: &'static str) -> Done {
        self.serialize_str(v)
    }
    fn serialize_newtype_struct<T: ?Sized + Serialize>(self, _: &'static str, v: &T) -> Done {
        v.serialize(self)
    }
    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        v: &T,
    ) -> Done {
        v.serialize(self.variant(name))
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Sequence<'s, 'o>, Unsupported> {
        Ok(self.sequence())
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Map<'s, 'o>, Unsupported> {
        Ok(self.map())
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Map<'s, 'o>, Unsupported> {
        Ok(self.map())
    }
    fn serialize_tuple(self, _: usize) -> Result<Sequence<'s, 'o>, Unsupported> {
        Ok(self.sequence())
    }
    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Sequence<'s, 'o>, Unsupported> {
        Ok(self.sequence())
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Sequence<'s, 'o>, Unsupported> {
        Ok(self.variant(name).sequence())
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Map<'s, 'o>, Unsupported> {
        Ok(self.variant(name).map())
    }
}
