//! Stand-ins for what is missing, so that the second missing field is found in the same go as the first.

use serde::{
    de::{
        DeserializeSeed, Deserializer, EnumAccess, Error, Expected, MapAccess, SeqAccess, VariantAccess, Visitor, value::StrDeserializer,
    },
    forward_to_deserialize_any,
};

use super::wording::Failure;

/// Deeper than any struct of a spec; a type that contains itself ends here.
const MAX_DEPTH: usize = 16;

/// Reads as whatever is asked for: numbers are 1, lists and maps are empty, structs have all their fields, enums are their
/// first variant, and a text is the example that its type gives in backquotes ("a host name like `chat.example.org`").
#[derive(Clone, Copy)]
pub(super) struct Sample {
    depth: usize,
}

impl Sample {
    pub(super) const fn new() -> Self {
        Self { depth: 0 }
    }

    fn deeper(self) -> Result<Self, Failure> {
        if self.depth < MAX_DEPTH { Ok(Self { depth: self.depth + 1 }) } else { Err(Failure::custom("a type contains itself")) }
    }
}

/// Every width of number reads as 1.
macro_rules! numbers {
    ($($method:ident)+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            visitor.visit_u64(1)
        })+
    };
}

impl<'de> Deserializer<'de> for Sample {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let expecting = (&visitor as &dyn Expected).to_string();
        match expecting.split('`').nth(1) {
            Some(example) => visitor.visit_str(example),
            None => visitor.visit_unit(),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let expecting = (&visitor as &dyn Expected).to_string();
        visitor.visit_str(expecting.split('`').nth(1).unwrap_or("x"))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_bool(true)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_none()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_newtype_struct(self.deeper()?)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_seq(Samples { each: self, left: 0, fields: [].iter() })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, left: usize, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_seq(Samples { each: self.deeper()?, left, fields: [].iter() })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(self, _: &'static str, left: usize, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_tuple(left, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_map(Samples { each: self, left: 0, fields: [].iter() })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        visitor.visit_map(Samples { each: self.deeper()?, left: 0, fields: fields.iter() })
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
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_unit()
    }

    numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_f32 deserialize_f64
    }

    forward_to_deserialize_any! { i128 u128 char bytes byte_buf identifier ignored_any }
}

/// So many samples in a row, or one for each field.
struct Samples {
    each: Sample,
    left: usize,
    fields: std::slice::Iter<'static, &'static str>,
}

impl<'de> SeqAccess<'de> for Samples {
    type Error = Failure;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Failure> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        seed.deserialize(self.each).map(Some)
    }
}

impl<'de> MapAccess<'de> for Samples {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Failure> {
        let Some(field) = self.fields.next() else { return Ok(None) };
        seed.deserialize(StrDeserializer::new(field)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Failure> {
        seed.deserialize(self.each)
    }
}

struct FirstVariant {
    name: &'static str,
    content: Sample,
}

impl<'de> EnumAccess<'de> for FirstVariant {
    type Error = Failure;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Failure> {
        let value = seed.deserialize(StrDeserializer::<Failure>::new(self.name))?;
        Ok((value, self))
    }
}

impl<'de> VariantAccess<'de> for FirstVariant {
    type Error = Failure;

    fn unit_variant(self) -> Result<(), Failure> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Failure> {
        seed.deserialize(self.content)
    }

    fn tuple_variant<V: Visitor<'de>>(self, left: usize, visitor: V) -> Result<V::Value, Failure> {
        self.content.deserialize_tuple(left, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Failure> {
        self.content.deserialize_struct("", fields, visitor)
    }
}
