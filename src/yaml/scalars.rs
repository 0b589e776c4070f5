//! Scalars of what is serialised, by their path, without a tree of it: what is not on the path is
//! passed over.

use serde::{
    de::value::Error,
    ser::{
        Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
        SerializeTuple, SerializeTupleStruct, SerializeTupleVariant, Serializer,
    },
};
use serde_json::Value;

/// The scalars at a path of keys, in their order; `*` is any item of a list, or any key of a map.
pub fn at(value: &dyn erased_serde::Serialize, path: &[&str]) -> Vec<Value> {
    let mut found = Vec::new();
    // What cannot be serialised has no scalars; writing it as YAML says what is wrong.
    let _ = value.serialize(Finder { path, found: &mut found });
    found
}

type Done = Result<(), Error>;

/// Looks for a path below one value.
struct Finder<'p, 'f> {
    path: &'p [&'p str],
    found: &'f mut Vec<Value>,
}

/// Looks for it in what a value holds.
struct Inside<'p, 'f> {
    path: &'p [&'p str],
    found: &'f mut Vec<Value>,
    /// The position of the next item of a list.
    index: usize,
    /// Whether the key that was written last is on the path.
    is_on_path: bool,
}

impl<'p, 'f> Finder<'p, 'f> {
    fn scalar(self, value: impl Into<Value>) -> Done {
        if self.path.is_empty() {
            self.found.push(value.into());
        }
        Ok(())
    }

    fn inside(self) -> Inside<'p, 'f> {
        Inside { path: self.path, found: self.found, index: 0, is_on_path: false }
    }

    /// What a variant holds stands below its name.
    fn below(self, variant: &str) -> Inside<'p, 'f> {
        let mut inside = self.inside();
        let is_it = inside.is_key(variant);
        // Nothing is called so: a path that is not met.
        inside.path = if is_it { &inside.path[1..] } else { &[""] };
        inside
    }
}

impl Inside<'_, '_> {
    fn is_key(&self, key: &str) -> bool {
        self.path.first().is_some_and(|it| *it == "*" || *it == key)
    }

    fn enter<T: ?Sized + Serialize>(&mut self, value: &T) -> Done {
        value.serialize(Finder { path: &self.path[1..], found: self.found })
    }

    fn field<T: ?Sized + Serialize>(&mut self, key: &str, value: &T) -> Done {
        if self.is_key(key) { self.enter(value) } else { Ok(()) }
    }

    fn item<T: ?Sized + Serialize>(&mut self, value: &T) -> Done {
        let index = self.index;
        self.index += 1;
        let is_it = self.path.first().is_some_and(|it| *it == "*" || it.parse() == Ok(index));
        if is_it { self.enter(value) } else { Ok(()) }
    }
}

/// Numbers and truth values.
macro_rules! scalars {
    ($($method:ident $type:ty;)+) => {
        $(fn $method(self, value: $type) -> Done {
            self.scalar(value)
        })+
    };
}

impl<'p, 'f> Serializer for Finder<'p, 'f> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Inside<'p, 'f>;
    type SerializeMap = Inside<'p, 'f>;
    type SerializeStruct = Inside<'p, 'f>;
    type SerializeTuple = Inside<'p, 'f>;
    type SerializeTupleStruct = Inside<'p, 'f>;
    type SerializeTupleVariant = Inside<'p, 'f>;
    type SerializeStructVariant = Inside<'p, 'f>;
    scalars! {
        serialize_bool bool; serialize_f32 f32; serialize_f64 f64;
        serialize_i8 i8; serialize_i16 i16; serialize_i32 i32; serialize_i64 i64;
        serialize_u8 u8; serialize_u16 u16; serialize_u32 u32; serialize_u64 u64;
        serialize_str &str;
    }
    fn serialize_char(self, value: char) -> Done {
        self.scalar(value.to_string())
    }
    fn serialize_bytes(self, _: &[u8]) -> Done {
        Ok(())
    }
    fn serialize_none(self) -> Done {
        Ok(())
    }
    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Done {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Done {
        Ok(())
    }
    fn serialize_unit_struct(self, _: &'static str) -> Done {
        Ok(())
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Done {
        self.scalar(variant)
    }
    fn serialize_newtype_struct<T: ?Sized + Serialize>(self, _: &'static str, value: &T) -> Done {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Done {
        self.inside().field(variant, value)
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Inside<'p, 'f>, Error> {
        Ok(self.inside())
    }
    fn serialize_tuple(self, _: usize) -> Result<Inside<'p, 'f>, Error> {
        Ok(self.inside())
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Inside<'p, 'f>, Error> {
        Ok(self.inside())
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Inside<'p, 'f>, Error> {
        Ok(self.below(variant))
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Inside<'p, 'f>, Error> {
        Ok(self.inside())
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Inside<'p, 'f>, Error> {
        Ok(self.inside())
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Inside<'p, 'f>, Error> {
        Ok(self.below(variant))
    }
}

/// Lists, by position.
macro_rules! lists {
    ($($kind:ident $method:ident;)+) => {
        $(impl $kind for Inside<'_, '_> {
            type Ok = ();
            type Error = Error;
            fn $method<T: ?Sized + Serialize>(&mut self, value: &T) -> Done {
                self.item(value)
            }
            fn end(self) -> Done {
                Ok(())
            }
        })+
    };
}

lists! {
    SerializeSeq serialize_element; SerializeTuple serialize_element;
    SerializeTupleStruct serialize_field; SerializeTupleVariant serialize_field;
}

/// Structs, by the names of their fields.
macro_rules! structs {
    ($($kind:ident)+) => {
        $(impl $kind for Inside<'_, '_> {
            type Ok = ();
            type Error = Error;
            fn serialize_field<T: ?Sized + Serialize>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Done {
                self.field(key, value)
            }
            fn end(self) -> Done {
                Ok(())
            }
        })+
    };
}

structs! { SerializeStruct SerializeStructVariant }

impl SerializeMap for Inside<'_, '_> {
    type Ok = ();
    type Error = Error;
    fn serialize_key<T: ?Sized + Serialize>(&mut self, key: &T) -> Done {
        let mut text = Vec::new();
        key.serialize(Finder { path: &[], found: &mut text })?;
        self.is_on_path = match text.first() {
            Some(Value::String(text)) => self.is_key(text),
            Some(other) => self.is_key(&other.to_string()),
            None => false,
        };
        Ok(())
    }
    fn serialize_value<T: ?Sized + Serialize>(&mut self, value: &T) -> Done {
        if self.is_on_path { self.enter(value) } else { Ok(()) }
    }
    fn end(self) -> Done {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;
    use serde_json::json;

    use super::at;

    #[test]
    fn scalars_are_found_by_their_path() {
        let value =
            json!({"a": {"b": 1, "c": [true, {"d": "x"}, {"d": "y"}], "e/f": null}, "g": 2.5});
        assert_eq!(at(&value, &["a", "b"]), [json!(1)]);
        assert_eq!(at(&value, &["a", "c", "0"]), [json!(true)]);
        assert_eq!(at(&value, &["a", "c", "*", "d"]), [json!("x"), json!("y")]);
        assert_eq!(at(&value, &["*", "b"]), [json!(1)]);
        assert_eq!(at(&value, &["g"]), [json!(2.5)]);
        for path in [&["a"][..], &[], &["a", "b", "c"], &["a", "e/f"], &["a", "c"], &["h"]] {
            assert!(at(&value, path).is_empty(), "{path:?}");
        }
    }

    #[test]
    fn variants_are_found_as_they_are_written() {
        #[derive(Serialize)]
        enum Choice {
            Unit,
            One(u8),
            Two(u8, u8),
            Fields { a: u8 },
        }
        let all = [Choice::Unit, Choice::One(1), Choice::Two(2, 3), Choice::Fields { a: 4 }];
        assert_eq!(at(&all, &["*"]), [json!("Unit")]);
        assert_eq!(at(&all, &["*", "One"]), [json!(1)]);
        assert_eq!(at(&all, &["*", "Two", "1"]), [json!(3)]);
        assert_eq!(at(&all, &["*", "Fields", "a"]), [json!(4)]);
        assert!(at(&all, &["*", "Fields", ""]).is_empty());
    }
}
