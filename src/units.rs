//! Amounts as integers in their base unit, and the only conversion to the API's `Quantity`.

pub(crate) mod described;
pub mod error;
mod parse;
mod reading;

use std::{
    borrow::Cow,
    fmt,
    iter::Sum,
    ops::{Add, AddAssign, Mul},
};

#[expect(clippy::disallowed_types, reason = "this is the one place")]
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use described::{described, gives_an_example};

/// An amount of memory or storage, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(u64);

/// An amount of CPU, in thousandths of a core.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millicores(u64);

/// A length of time, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seconds(u64);

/// Kubernetes' binary units, largest first.
const BINARY: [(u64, &str); 6] = [
    (1 << 60, "Ei"),
    (1 << 50, "Pi"),
    (1 << 40, "Ti"),
    (1 << 30, "Gi"),
    (1 << 20, "Mi"),
    (1 << 10, "Ki"),
];

/// Kubernetes' decimal units, largest first. A thousand is a small `k`.
const DECIMAL: [(u64, &str); 6] = [
    (1_000_000_000_000_000_000, "E"),
    (1_000_000_000_000_000, "P"),
    (1_000_000_000_000, "T"),
    (1_000_000_000, "G"),
    (1_000_000, "M"),
    (1_000, "k"),
];

/// Units of time, largest first. Go's parser knows no day, so none is printed.
const TIME: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];

impl Bytes {
    /// So many bytes.
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The number of bytes.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// So many times 1024 bytes.
    pub const fn kib(n: u64) -> Self {
        Self(n.saturating_mul(1 << 10))
    }

    /// So many times 1024² bytes.
    pub const fn mib(n: u64) -> Self {
        Self(n.saturating_mul(1 << 20))
    }

    /// So many times 1024³ bytes.
    pub const fn gib(n: u64) -> Self {
        Self(n.saturating_mul(1 << 30))
    }

    /// The same, rounded up to whole MiB.
    #[must_use]
    pub const fn ceil_mib(self) -> Self {
        Self::mib(self.0.div_ceil(1 << 20))
    }

    /// The same, rounded up to whole KiB where no unit fits it: a spec takes no number without a
    /// unit.
    #[must_use]
    pub fn with_unit(self) -> Self {
        if self.to_string().ends_with(|character: char| character.is_ascii_digit()) {
            Self::kib(self.0.div_ceil(1 << 10))
        } else {
            self
        }
    }

    /// Prints whole MiB, rounded up (`1697Mi`): one unit for tables and sums.
    pub fn in_mib(self) -> impl fmt::Display {
        fmt::from_fn(move |f| write!(f, "{}Mi", self.0.div_ceil(1 << 20)))
    }
}

/// So many of something that is counted (GPUs), as the API writes it.
#[expect(clippy::disallowed_types, reason = "the one place where a `Quantity` is made")]
pub fn count(number: u32) -> Quantity {
    Quantity(number.to_string())
}

impl Millicores {
    /// So many thousandths of a core.
    pub const fn new(millicores: u64) -> Self {
        Self(millicores)
    }

    /// The number of thousandths of a core.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// What amounts that the API has a `Quantity` for have in common.
macro_rules! quantity {
    ($($name:ident)+) => {
        $(impl $name {
            /// The difference, never below zero.
            #[must_use]
            pub const fn saturating_sub(self, other: Self) -> Self {
                Self(self.0.saturating_sub(other.0))
            }

            /// The API's own form, as the API server would store it.
            #[expect(clippy::disallowed_types, reason = "this is the one place")]
            pub fn quantity(self) -> Quantity {
                Quantity(self.text())
            }

            /// Reads one back, for what sums amounts.
            #[expect(clippy::disallowed_types, reason = "this is the one place")]
            pub fn read(quantity: &Quantity) -> Option<Self> {
                quantity.0.parse().ok()
            }
        })+
    };
}

quantity!(Bytes Millicores);

impl Seconds {
    /// So many seconds.
    pub const fn new(seconds: u64) -> Self {
        Self(seconds)
    }

    /// The longest that a spec may write: a year, longer than any pod lives.
    pub const LONGEST: Self = Self(8760 * 3600);

    /// The units that a spec may write, largest first, for what makes the schemas.
    #[cfg(feature = "internals")]
    pub const UNITS: [(u64, &str); 4] = TIME;

    /// The number of seconds.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// `n` in the largest of the units that loses nothing.
fn in_largest(n: u64, units: &[(u64, &str)]) -> Option<String> {
    let (size, unit) = units.iter().find(|(size, _)| n != 0 && n.is_multiple_of(*size))?;
    Some((n / size).to_string() + unit)
}

impl Bytes {
    /// Kubernetes' canonical form: one amount has one spelling, binary where that loses nothing.
    fn text(self) -> String {
        in_largest(self.0, &BINARY)
            .or_else(|| in_largest(self.0, &DECIMAL))
            .unwrap_or_else(|| self.0.to_string())
    }
}

impl Millicores {
    /// Kubernetes' canonical form: whole cores without a unit, else thousandths.
    fn text(self) -> String {
        if !self.0.is_multiple_of(1000) {
            return self.0.to_string() + "m";
        }
        let cores = self.0 / 1000;
        in_largest(cores, &DECIMAL).unwrap_or_else(|| cores.to_string())
    }
}

impl Seconds {
    /// The largest whole unit of `h`, `m` and `s`.
    fn text(self) -> String {
        in_largest(self.0, &TIME[1..]).unwrap_or_else(|| "0s".to_owned())
    }
}

/// What is said of amounts of bytes; the reader of specs knows by it what to make of a number
/// without a unit.
pub const BYTES: &str = "an amount of bytes like `8Gi` or `512Mi`";
/// The same of amounts of CPU.
pub const CPU: &str = "an amount of CPU like `4`, `0.5` or `500m`";
/// The same of lengths of time.
pub const SECONDS: &str = "a length of time like `30s`, `5m`, `24h` or `7d`";

/// A number that is written out, up to where nobody writes it out.
pub fn in_words(text: &str) -> Option<usize> {
    const WORDS: [&str; 11] =
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    WORDS.iter().position(|it| text.eq_ignore_ascii_case(it))
}

/// Sums never overflow: an amount past all counting stays the largest.
macro_rules! amount {
    ($name:ident, $what:expr, $schema:expr) => {
        const _: () = gives_an_example($what);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.text())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.text())
            }
        }

        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0.saturating_add(other.0))
            }
        }

        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                *self = *self + other;
            }
        }

        impl Mul<u64> for $name {
            type Output = Self;
            fn mul(self, n: u64) -> Self {
                Self(self.0.saturating_mul(n))
            }
        }

        impl Sum for $name {
            fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
                amounts.fold(Self::default(), Add::add)
            }
        }

        impl<'a> Sum<&'a $name> for $name {
            fn sum<I: Iterator<Item = &'a Self>>(amounts: I) -> Self {
                amounts.copied().sum()
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                described($schema, $what)
            }
        }
    };
}

amount!(
    Bytes,
    BYTES,
    json_schema!({
        "description": "An amount of memory or storage with its unit: `512Mi`, `2Gi`, `1.5Gi`, \
                        `500M`.",
        "examples": ["512Mi", "2Gi"],
        "type": ["string", "integer"],
        "pattern": "^(0|[0-9]+(\\.[0-9]+)?([KMGTPE]i|[kMGTPE]))$",
        "minimum": 0,
        "maximum": 0
    })
);

amount!(
    Millicores,
    CPU,
    json_schema!({
        "description": "An amount of CPU: cores (`2`, `0.5`) or thousandths of a core (`500m`).",
        "examples": ["500m", 2],
        "type": ["string", "number"],
        "pattern": "^[0-9]+(\\.[0-9]+)?m?$",
        "minimum": 0,
        "maximum": u64::MAX / 1000
    })
);

amount!(
    Seconds,
    SECONDS,
    json_schema!({
        "description": "A length of time with its unit: `30s`, `5m`, `24h`, `7d`, `1h30m`.",
        "examples": ["30s", "24h"],
        "type": ["string", "integer"],
        "pattern": "^(0|([0-9]+(\\.[0-9]+)?[dhms])+)$",
        "minimum": 0,
        "maximum": 0
    })
);

#[cfg(test)]
mod tests {
    use super::error::ValueError;
    use super::*;

    fn seconds(text: &str) -> Result<u64, String> {
        text.parse().map(Seconds::get).map_err(|why: ValueError| why.to_string())
    }

    #[test]
    fn amounts_are_printed_in_canonical_form() {
        for (n, text) in [
            (0, "0"),
            (1, "1"),
            (1000, "1k"),
            (1023, "1023"),
            (1024, "1Ki"),
            (1_000_000, "1M"),
            (64_000_000, "62500Ki"),
            (1 << 20, "1Mi"),
            (1536 << 20, "1536Mi"),
            (2 << 30, "2Gi"),
            (1 << 40, "1Ti"),
            (1 << 60, "1Ei"),
        ] {
            assert_eq!(
                (Bytes::new(n).to_string(), Bytes::new(n).quantity().0),
                (text.to_owned(), text.to_owned())
            );
        }
        for (n, text) in [
            (0, "0"),
            (1, "1m"),
            (500, "500m"),
            (1000, "1"),
            (1500, "1500m"),
            (4000, "4"),
            (1_000_000, "1k"),
        ] {
            assert_eq!(
                (Millicores::new(n).to_string(), Millicores::new(n).quantity().0),
                (text.to_owned(), text.to_owned())
            );
        }
        for (n, text) in [
            (0, "0s"),
            (30, "30s"),
            (60, "1m"),
            (90, "90s"),
            (5400, "90m"),
            (3600, "1h"),
            (604_800, "168h"),
        ] {
            assert_eq!(Seconds::new(n).to_string(), text);
        }
        assert_eq!(format!("{:>6}|{:<6}|", Bytes::mib(3), Millicores::new(5)), "   3Mi|5m    |");
        assert_eq!(
            (seconds("1h30m"), seconds("7d"), seconds("1.5h"), seconds("2d12h")),
            (Ok(5400), Ok(604_800), Ok(5400), Ok(216_000))
        );
    }

    #[test]
    fn sums_never_overflow() {
        let most = Bytes::new(u64::MAX);
        assert_eq!((most + Bytes::new(1), most * 2, Bytes::gib(u64::MAX)), (most, most, most));
        assert_eq!([Bytes::mib(1), Bytes::mib(2)].iter().sum::<Bytes>(), Bytes::mib(3));
        assert_eq!(
            (Bytes::mib(1).saturating_sub(Bytes::mib(2)), Bytes::new(1).ceil_mib()),
            (Bytes::default(), Bytes::mib(1))
        );
        assert_eq!(
            (Bytes::new(1).in_mib().to_string(), Bytes::gib(1).in_mib().to_string()),
            ("1Mi".to_owned(), "1024Mi".to_owned())
        );
    }
}
