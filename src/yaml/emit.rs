//! YAML straight from serde, in one pass, into a reused buffer; keys in the order a person looks
//! for them.

use std::cell::Cell;

use serde::ser::Serialize;

use super::{
    quote,
    serializer::{Arena, At, Emitter, Sink},
};

thread_local! {
    static ARENA: Cell<Arena> = const { Cell::new(Arena { fields: Vec::new(), scratch: Vec::new() }) };
}

/// Writes a value as a block document, without `---`.
///
/// # Panics
/// If a key is a map or a list, or the value's own `Serialize` fails. The API's types do neither.
pub fn document<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    // Taken, not borrowed: a `Serialize` that emits another document on the way finds an empty
    // arena and does no harm.
    let mut sink = Sink { out, arena: ARENA.take() };
    let done = value.serialize(Emitter { sink: &mut sink, indent: 0, at: At::Document });
    done.expect("values of the API are numbers, texts, lists and maps with texts for keys");
    ARENA.set(sink.arena);
}

/// Writes the two lines that every object begins with.
pub fn type_meta(out: &mut Vec<u8>, api_version: &str, kind: &str) {
    for (key, value) in [("apiVersion", api_version), ("kind", kind)] {
        out.extend_from_slice(key.as_bytes());
        out.extend_from_slice(b": ");
        quote::line(out, value);
        out.push(b'\n');
    }
}

/// A document as text, for a value that holds one.
pub fn text<T: Serialize + ?Sized>(value: &T) -> String {
    let mut text = Vec::new();
    document(&mut text, value);
    String::from_utf8(text).expect("the emitter writes UTF-8")
}
