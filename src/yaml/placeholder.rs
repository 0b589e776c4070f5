//! Placeholders for missing fields, so that the second missing field is found in the same run as
//! the first, and the text that a help shows for them.

use std::{cell::RefCell, fmt::Write as _};

use serde::{
    de::{
        DeserializeSeed, Deserializer, EnumAccess, Error, Expected, MapAccess, SeqAccess,
        VariantAccess, Visitor, value::StrDeserializer,
    },
    forward_to_deserialize_any,
};

use super::{
    failure::{Failure, FailureKind, Way},
    plain,
};
use crate::units::described;

/// Deeper than any struct of a spec; a type that contains itself ends here.
const MAX_DEPTH: usize = 16;

/// Reads as whatever is asked for: numbers are 1, lists and maps have one item, enums are their
/// first variant, a text is the first example that its type gives in backquotes ("a host name like
/// `chat.example.org`"), and structs have the fields that they were found to need.
///
/// What it reads as is written down on the way, for a person to paste.
pub(super) struct Sample<'s> {
    needed: &'s [Way],
    way: Way,
    depth: usize,
    text: &'s RefCell<String>,
    /// Whether it is a field, which is written although its type would let it be absent.
    is_wanted: bool,
}

impl<'s> Sample<'s> {
    /// The stand-in of a field; `needed` are the ways of all that its map lacks.
    pub(super) fn new(needed: &'s [Way], field: &'static str, text: &'s RefCell<String>) -> Self {
        Self { needed, way: vec![field], depth: 0, text, is_wanted: true }
    }

    fn again(&self) -> Self {
        Self {
            needed: self.needed,
            way: self.way.clone(),
            depth: self.depth,
            text: self.text,
            is_wanted: false,
        }
    }

    fn deeper(&self) -> Result<Self, Failure> {
        let depth = self.depth + 1;
        if depth <= MAX_DEPTH {
            Ok(Self { depth, ..self.again() })
        } else {
            Err(Failure::custom("a type contains itself"))
        }
    }

    fn write(&self, text: &str) {
        self.text.borrow_mut().push_str(text);
    }

    /// A text as it stands in a flow map or list.
    fn scalar(&self, text: &str) {
        if plain::is_plain(text) && !text.contains([',', '*']) {
            self.write(text);
        } else {
            let _ = write!(self.text.borrow_mut(), "{text:?}");
        }
    }
}

/// Whether a field has another of its plural beside it (`node` and `nodes`): one of the two is
/// needed, and neither alone.
fn is_one_of_two(field: &str, known: &[&str]) -> bool {
    known.iter().any(|it| it.strip_suffix('s') == Some(field))
}

/// The example that a type gives: names and amounts do not compile without one.
fn example(expected: &dyn Expected) -> Option<String> {
    described::example(&expected.to_string()).map(str::to_owned)
}

/// Every width of number reads as 1.
macro_rules! numbers {
    ($($method:ident)+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            self.write("1");
            visitor.visit_u64(1)
        })+
    };
}

impl<'de> Deserializer<'de> for Sample<'_> {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match example(&visitor) {
            Some(example) => {
                // A number that is taken as one needs no quotes.
                if example.parse::<u64>().is_ok() {
                    self.write(&example);
                } else {
                    self.scalar(&example);
                }
                visitor.visit_string(example)
            }
            None => visitor.visit_unit(),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let Some(example) = example(&visitor) else {
            self.write("…");
            return visitor.visit_str("x");
        };
        self.scalar(&example);
        visitor.visit_string(example)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.write("true");
        visitor.visit_bool(true)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        if self.is_wanted { visitor.visit_some(self.again()) } else { visitor.visit_none() }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        visitor.visit_newtype_struct(self.deeper()?)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_tuple(1, visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        left: usize,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.write("[");
        let read = visitor.visit_seq(Items { each: self.deeper()?, left, is_first: true });
        self.write("]");
        read
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        left: usize,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.deserialize_tuple(left, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.write("{");
        let read = visitor.visit_map(Items { each: self.deeper()?, left: 1, is_first: true });
        self.write("}");
        read
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let inside = |way: &&Way| way.len() == self.way.len() + 1 && way.starts_with(&self.way);
        let mut fields: Vec<&'static str> =
            self.needed.iter().filter(inside).filter_map(|it| it.last().copied()).collect();
        fields.extend(known.iter().filter(|it| is_one_of_two(it, known)));
        self.write("{");
        let read = visitor.visit_map(Fields {
            each: self.deeper()?,
            fields: fields.iter(),
            is_first: true,
            current: None,
        });
        self.write("}");
        read.map_err(|error| within(&self.way, error))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let name = variants.first().ok_or_else(|| Failure::custom("an enum has no variants"))?;
        visitor.visit_enum(FirstVariant { name, content: self.deeper()? })
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.write("null");
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.deserialize_unit(visitor)
    }

    numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_f32 deserialize_f64
    }

    forward_to_deserialize_any! { i128 u128 char bytes byte_buf identifier ignored_any }
}

/// Which fields have no default is only known from what is missed.
pub(super) fn within(way: &[&'static str], error: Failure) -> Failure {
    match error.kind {
        FailureKind::Missing(field) => {
            Failure::new(FailureKind::MissingWithin(way.iter().copied().chain([field]).collect()))
        }
        _ => error,
    }
}

/// So many samples in a row: a list's items, or a map's entries.
struct Items<'s> {
    each: Sample<'s>,
    left: usize,
    is_first: bool,
}

impl Items<'_> {
    fn next(&mut self) -> Option<Sample<'_>> {
        self.left = self.left.checked_sub(1)?;
        if !std::mem::take(&mut self.is_first) {
            self.each.write(", ");
        }
        Some(self.each.again())
    }
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Failure;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Failure> {
        self.next().map(|it| seed.deserialize(it)).transpose()
    }
}

impl<'de> MapAccess<'de> for Items<'_> {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Failure> {
        self.next().map(|it| seed.deserialize(it)).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Failure> {
        self.each.write(": ");
        seed.deserialize(self.each.again())
    }
}

/// The fields of a struct that it was found to need.
struct Fields<'s, 'f> {
    each: Sample<'s>,
    fields: std::slice::Iter<'f, &'static str>,
    is_first: bool,
    current: Option<&'static str>,
}

impl<'de> MapAccess<'de> for Fields<'_, '_> {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Failure> {
        self.current = self.fields.next().copied();
        let Some(field) = self.current else { return Ok(None) };
        let comma = if std::mem::take(&mut self.is_first) { "" } else { ", " };
        self.each.write(&format!("{comma}{field}: "));
        seed.deserialize(StrDeserializer::new(field)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Failure> {
        let way: Way = self.each.way.iter().copied().chain(self.current).collect();
        let sample = Sample { way: way.clone(), is_wanted: true, ..self.each.again() };
        // A struct may say what it lacks once it has been read: what it needs depends on the rest.
        seed.deserialize(sample).map_err(|error| within(&way, error))
    }
}

struct FirstVariant<'s> {
    name: &'static str,
    content: Sample<'s>,
}

impl<'de> EnumAccess<'de> for FirstVariant<'_> {
    type Error = Failure;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Failure> {
        let value = seed.deserialize(StrDeserializer::<Failure>::new(self.name))?;
        Ok((value, self))
    }
}

impl FirstVariant<'_> {
    fn with_content<T>(
        self,
        read: impl FnOnce(Sample<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.content.write(&format!("{{{}: ", self.name));
        let value = read(self.content.again());
        self.content.write("}");
        value
    }
}

impl<'de> VariantAccess<'de> for FirstVariant<'_> {
    type Error = Failure;

    fn unit_variant(self) -> Result<(), Failure> {
        self.content.scalar(self.name);
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Failure> {
        self.with_content(|it| seed.deserialize(it))
    }

    fn tuple_variant<V: Visitor<'de>>(self, left: usize, visitor: V) -> Result<V::Value, Failure> {
        self.with_content(|it| it.deserialize_tuple(left, visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.with_content(|it| it.deserialize_struct("", fields, visitor))
    }
}
