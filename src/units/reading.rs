//! Reads amounts from a spec: texts with a unit, and numbers where they need none.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, Unexpected, Visitor},
};

use super::{BYTES, Bytes, CPU, Millicores, SECONDS, Seconds, error::ValueError, parse};

/// Takes a text or a number, but for a number that lacks its unit; zero is zero in every unit.
struct AmountVisitor<T> {
    expecting: &'static str,
    needs_unit: bool,
    parse: fn(&str) -> Result<T, ValueError>,
}

impl<T: Default> AmountVisitor<T> {
    fn number<E: Error>(&self, number: &str, found: Unexpected<'_>) -> Result<T, E> {
        match number {
            "0" => Ok(T::default()),
            number if self.needs_unit && !number.starts_with('-') => {
                Err(E::invalid_value(found, self))
            }
            number => (self.parse)(number).map_err(E::custom),
        }
    }
}

impl<T: Default> Visitor<'_> for AmountVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expecting)
    }

    fn visit_str<E: Error>(self, s: &str) -> Result<T, E> {
        // In quotes it lacks its unit as it does without.
        if parse::is_number(s) {
            self.number(s, Unexpected::Str(s))
        } else {
            (self.parse)(s).map_err(E::custom)
        }
    }

    fn visit_i64<E: Error>(self, n: i64) -> Result<T, E> {
        self.number(&n.to_string(), Unexpected::Signed(n))
    }

    fn visit_u64<E: Error>(self, n: u64) -> Result<T, E> {
        self.number(&n.to_string(), Unexpected::Unsigned(n))
    }

    fn visit_f64<E: Error>(self, n: f64) -> Result<T, E> {
        self.number(&n.to_string(), Unexpected::Float(n))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AmountVisitor {
            expecting: BYTES,
            needs_unit: true,
            parse: str::parse,
        })
    }
}

impl Bytes {
    /// Reads an amount that may be rounded (`8.4Gi`), up to the next whole byte; a bare number is
    /// bytes.
    ///
    /// # Errors
    /// When it is no amount of bytes.
    pub fn rounded_up<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AmountVisitor {
            expecting: "a number of bytes, or an amount like `8.4Gi`",
            needs_unit: false,
            parse: parse::rounded_up,
        })
    }
}

impl<'de> Deserialize<'de> for Millicores {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AmountVisitor {
            expecting: CPU,
            needs_unit: false,
            parse: parse::cores,
        })
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AmountVisitor {
            expecting: SECONDS,
            needs_unit: true,
            parse: str::parse,
        })
    }
}
