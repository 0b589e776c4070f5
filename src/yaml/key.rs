//! Keys of maps: one line, always a text.

use serde::ser::{Impossible, Serialize, Serializer};

use super::{
    done::{Done, Unsupported},
    quote,
};

/// Writes a key; numbers and truth values become texts, as in JSON.
pub(super) struct KeyWriter<'o> {
    pub(super) out: &'o mut Vec<u8>,
}

fn not_a_text<T>() -> Result<T, Unsupported> {
    Err(Unsupported("a key is neither a map nor a list nor bytes".to_owned()))
}

/// Keys that are numbers or truth values.
macro_rules! texts {
    ($($method:ident $type:ty;)+) => {
        $(fn $method(self, key: $type) -> Done {
            self.serialize_str(&key.to_string())
        })+
    };
}

impl Serializer for KeyWriter<'_> {
    type Ok = ();
    type Error = Unsupported;
    type SerializeSeq = Impossible<(), Unsupported>;
    type SerializeMap = Impossible<(), Unsupported>;
    type SerializeStruct = Impossible<(), Unsupported>;
    type SerializeTuple = Impossible<(), Unsupported>;
    type SerializeTupleStruct = Impossible<(), Unsupported>;
    type SerializeTupleVariant = Impossible<(), Unsupported>;
    type SerializeStructVariant = Impossible<(), Unsupported>;
    texts! {
        serialize_bool bool; serialize_char char; serialize_f32 f32; serialize_f64 f64;
        serialize_i8 i8; serialize_i16 i16; serialize_i32 i32; serialize_i64 i64; serialize_i128 i128;
        serialize_u8 u8; serialize_u16 u16; serialize_u32 u32; serialize_u64 u64; serialize_u128 u128;
    }
    fn serialize_str(self, key: &str) -> Done {
        quote::line(self.out, key);
        Ok(())
    }
    fn serialize_bytes(self, _: &[u8]) -> Done {
        not_a_text()
    }
    fn serialize_none(self) -> Done {
        self.serialize_unit()
    }
    fn serialize_some<T: ?Sized + Serialize>(self, key: &T) -> Done {
        key.serialize(self)
    }
    fn serialize_unit(self) -> Done {
        self.serialize_str("null")
    }
    fn serialize_unit_struct(self, _: &'static str) -> Done {
        self.serialize_unit()
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, key: &'static str) -> Done {
        self.serialize_str(key)
    }
    fn serialize_newtype_struct<T: ?Sized + Serialize>(self, _: &'static str, key: &T) -> Done {
        key.serialize(self)
    }
    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Done {
        not_a_text()
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Unsupported> {
        not_a_text()
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Unsupported> {
        not_a_text()
    }
    fn serialize_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStruct, Unsupported> {
        not_a_text()
    }
    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Unsupported> {
        not_a_text()
    }
    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Unsupported> {
        not_a_text()
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Unsupported> {
        not_a_text()
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Unsupported> {
        not_a_text()
    }
}
