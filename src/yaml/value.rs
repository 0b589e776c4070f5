//! serde reads a source's nodes; a node that was taken out is passed over.

use std::{cell::RefCell, collections::BTreeMap};

use serde::{
    de::{
        DeserializeSeed, Deserializer, EnumAccess, Error, IntoDeserializer, MapAccess, SeqAccess,
        Unexpected, VariantAccess, Visitor,
        value::{BorrowedStrDeserializer, StrDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::{Value, map};

use super::{
    failure::{Failure, FailureKind, Way},
    messages::quoted_list,
    node::Children,
    placeholder::{Sample, within},
    source::Source,
};

/// What earlier readings have found.
#[derive(Default)]
pub(super) struct State {
    /// By node: whether it was taken out.
    pub(super) taken: Vec<bool>,
    /// By map: the fields that are missing and have a stand-in, and what the stand-ins lack.
    pub(super) missing: BTreeMap<usize, Vec<Way>>,
    /// A number or truth value that is read as the text that stands there.
    pub(super) as_text: Option<usize>,
    /// By map: the fields that may stand in it.
    pub(super) fields: RefCell<BTreeMap<usize, &'static [&'static str]>>,
    /// What the stand-ins look like.
    pub(super) written: Written,
}

/// A node to be read, with its value.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'s> {
    pub(super) source: &'s Source,
    pub(super) state: &'s State,
    pub(super) node: usize,
    pub(super) value: &'s Value,
}

impl<'s> Cursor<'s> {
    fn children(self) -> &'s [usize] {
        match &self.source.nodes[self.node].children {
            Children::None => &[],
            Children::Map(all) | Children::List(all) => all,
        }
    }

    fn entries(self, map: &'s map::Map<String, Value>) -> Entries<'s> {
        let missing = self.state.missing.get(&self.node).map_or(&[] as &[_], Vec::as_slice).iter();
        Entries {
            parent: self,
            pairs: map.iter(),
            children: self.children().iter(),
            missing,
            current: None,
            standin: None,
        }
    }

    fn at(self, node: usize, value: &'s Value) -> Self {
        Self { node, value, ..self }
    }
}

/// The entries of a map that are not taken out.
struct Entries<'s> {
    parent: Cursor<'s>,
    pairs: map::Iter<'s>,
    children: std::slice::Iter<'s, usize>,
    missing: std::slice::Iter<'s, Way>,
    /// The value of the key that was read last; none for a stand-in.
    current: Option<Cursor<'s>>,
    /// The missing field that was read last.
    standin: Option<&'static str>,
}

impl<'s> Iterator for Entries<'s> {
    type Item = (&'s str, Cursor<'s>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let ((key, value), node) = (self.pairs.next()?, *self.children.next()?);
            if !self.parent.state.taken[node] {
                return Some((key, self.parent.at(node, value)));
            }
        }
    }
}

impl<'s> MapAccess<'s> for Entries<'s> {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'s>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Failure> {
        let next = self.next();
        self.current = next.map(|it| it.1);
        if let Some((key, cursor)) = next {
            let key = seed.deserialize(BorrowedStrDeserializer::<Failure>::new(key));
            return key.map(Some).map_err(|it| it.or_at(cursor.node, true));
        }
        self.standin =
            self.missing.find_map(|it| if let [field] = **it { Some(field) } else { None });
        self.standin.map(|key| seed.deserialize(StrDeserializer::new(key))).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'s>>(&mut self, seed: V) -> Result<V::Value, Failure> {
        match self.current.take() {
            Some(cursor) => seed.deserialize(cursor).map_err(|it| it.or_at(cursor.node, false)),
            None => self.stand_in(seed),
        }
    }
}

impl<'s> Entries<'s> {
    fn stand_in<V: DeserializeSeed<'s>>(&self, seed: V) -> Result<V::Value, Failure> {
        let (state, node) = (self.parent.state, self.parent.node);
        let Some((field, needed)) = self.standin.zip(state.missing.get(&node)) else {
            return Err(Failure::new(FailureKind::NoSample));
        };
        let text = RefCell::new(String::new());
        let read = seed.deserialize(Sample::new(needed, field, &text));
        state.written.borrow_mut().insert((node, field), text.into_inner());
        read.map_err(|error| within(&[field], error)).map_err(|error| match error.kind {
            FailureKind::MissingWithin(_) => error.or_at(node, false),
            _ => Failure::new(FailureKind::NoSample),
        })
    }
}

/// The items of a list that are not taken out.
struct Items<'s> {
    parent: Cursor<'s>,
    items: std::iter::Zip<std::slice::Iter<'s, Value>, std::slice::Iter<'s, usize>>,
}

impl<'s> SeqAccess<'s> for Items<'s> {
    type Error = Failure;

    fn next_element_seed<T: DeserializeSeed<'s>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Failure> {
        let parent = self.parent;
        let Some((value, &node)) = self.items.find(|it| !parent.state.taken[*it.1]) else {
            return Ok(None);
        };
        seed.deserialize(parent.at(node, value)).map(Some).map_err(|it| it.or_at(node, false))
    }
}

impl<'de> Deserializer<'de> for Cursor<'de> {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        if self.state.as_text == Some(self.node) {
            return visitor.visit_str(
                self.source.text.get(self.source.nodes[self.node].span.clone()).unwrap_or_default(),
            );
        }
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(flag) => visitor.visit_bool(*flag),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(whole), _) => visitor.visit_u64(whole),
                (None, Some(negative)) => visitor.visit_i64(negative),
                (None, None) => {
                    visitor.visit_f64(number.as_f64().expect("a number that is no integer"))
                }
            },
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(items) => {
                visitor.visit_seq(Items { parent: self, items: items.iter().zip(self.children()) })
            }
            Value::Object(map) => visitor.visit_map(self.entries(map)),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.state.fields.borrow_mut().insert(self.node, fields);
        // serde would take the items of a list for the fields, in the order in which the program
        // has them.
        if self.value.is_array() {
            Err(Failure::invalid_type(Unexpected::Seq, &visitor))
        } else {
            self.deserialize_any(visitor)
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        if self.value.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_unit()
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        match self.value {
            Value::String(name) => {
                visitor.visit_enum(Variant { name, named_by: self, content: None })
            }
            Value::Object(map) => {
                let mut entries = self.entries(map);
                match (entries.next(), entries.next()) {
                    (Some((name, content)), None) => {
                        visitor.visit_enum(Variant { name, named_by: self, content: Some(content) })
                    }
                    _ => Err(Failure::new(FailureKind::Type(format!(
                        "exactly one of {}",
                        quoted_list(variants)
                    )))),
                }
            }
            _ => Err(Failure::new(FailureKind::Type(format!("one of {}", quoted_list(variants))))),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map identifier
    }
}

/// An externally tagged variant: its name, and its content where it has one.
struct Variant<'s> {
    name: &'s str,
    named_by: Cursor<'s>,
    content: Option<Cursor<'s>>,
}

impl<'s> EnumAccess<'s> for Variant<'s> {
    type Error = Failure;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'s>>(self, seed: V) -> Result<(V::Value, Self), Failure> {
        let name: StrDeserializer<'_, Failure> = self.name.into_deserializer();
        let value = seed.deserialize(name).map_err(|error| match self.content {
            Some(content) => error.or_at(content.node, true),
            None => error.or_at(self.named_by.node, false),
        })?;
        Ok((value, self))
    }
}

impl<'s> VariantAccess<'s> for Variant<'s> {
    type Error = Failure;

    fn unit_variant(self) -> Result<(), Failure> {
        match self.content {
            None => Ok(()),
            Some(content) if content.value.is_null() => Ok(()),
            Some(content) => {
                Err(Failure::invalid_type(Unexpected::Map, &"no value").or_at(content.node, false))
            }
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'s>>(self, seed: T) -> Result<T::Value, Failure> {
        let Some(content) = self.content else { return Err(self.has_no_content()) };
        seed.deserialize(content).map_err(|it| it.or_at(content.node, false))
    }

    fn tuple_variant<V: Visitor<'s>>(self, _: usize, visitor: V) -> Result<V::Value, Failure> {
        let Some(content) = self.content else { return Err(self.has_no_content()) };
        content.deserialize_any(visitor).map_err(|it| it.or_at(content.node, false))
    }

    fn struct_variant<V: Visitor<'s>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let Some(content) = self.content else { return Err(self.has_no_content()) };
        content.deserialize_any(visitor).map_err(|it| it.or_at(content.node, false))
    }
}

impl Variant<'_> {
    fn has_no_content(&self) -> Failure {
        Failure::custom(format!("`{0}` needs a value: write `{0}: …` below it", self.name))
    }
}

/// What the stand-ins of missing fields look like: by map and field.
pub(super) type Written = RefCell<BTreeMap<(usize, &'static str), String>>;
