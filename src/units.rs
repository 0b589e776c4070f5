//! Amounts as integers in their base unit, and the only door from them to the API's `Quantity`.

use std::{
    borrow::Cow,
    fmt,
    iter::Sum,
    ops::{Add, AddAssign, Mul},
    str::FromStr,
};

#[expect(clippy::disallowed_types, reason = "this is the one place")]
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Visitor},
};

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
const BINARY: [(u64, &str); 6] = [(1 << 60, "Ei"), (1 << 50, "Pi"), (1 << 40, "Ti"), (1 << 30, "Gi"), (1 << 20, "Mi"), (1 << 10, "Ki")];

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

    /// The difference, never below zero.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The API's own form, as the API server would store it.
    #[expect(clippy::disallowed_types, reason = "this is the one place")]
    pub fn quantity(self) -> Quantity {
        Quantity(self.to_string())
    }

    /// Reads one back, for what sums amounts.
    #[expect(clippy::disallowed_types, reason = "this is the one place")]
    pub fn read(quantity: &Quantity) -> Option<Self> {
        quantity.0.parse().ok()
    }

    /// Prints whole MiB, rounded up (`1697Mi`): one unit for tables and sums.
    pub fn in_mib(self) -> impl fmt::Display {
        fmt::from_fn(move |f| write!(f, "{}Mi", self.0.div_ceil(1 << 20)))
    }
}

impl Millicores {
    /// So many thousandths of a core.
    pub const fn new(millicores: u64) -> Self {
        Self(millicores)
    }

    /// So many whole cores.
    pub const fn cores(n: u64) -> Self {
        Self(n.saturating_mul(1000))
    }

    /// The number of thousandths of a core.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The difference, never below zero.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The API's own form, as the API server would store it.
    #[expect(clippy::disallowed_types, reason = "this is the one place")]
    pub fn quantity(self) -> Quantity {
        Quantity(self.to_string())
    }

    /// Reads one back, for what sums amounts.
    #[expect(clippy::disallowed_types, reason = "this is the one place")]
    pub fn read(quantity: &Quantity) -> Option<Self> {
        quantity.0.parse().ok()
    }
}

impl Seconds {
    /// So many seconds.
    pub const fn new(seconds: u64) -> Self {
        Self(seconds)
    }

    /// The number of seconds.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// Prints `n` in the largest of the units that loses nothing.
fn in_largest(f: &mut fmt::Formatter<'_>, n: u64, units: &[(u64, &str)]) -> Option<fmt::Result> {
    let (size, unit) = units.iter().find(|(size, _)| n != 0 && n.is_multiple_of(*size))?;
    Some(f.pad(&format!("{}{unit}", n / size)))
}

impl fmt::Display for Bytes {
    /// Kubernetes' canonical form: one amount has one spelling, binary where that loses nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        in_largest(f, self.0, &BINARY).or_else(|| in_largest(f, self.0, &DECIMAL)).unwrap_or_else(|| f.pad(&self.0.to_string()))
    }
}

impl fmt::Display for Millicores {
    /// Kubernetes' canonical form: whole cores without a unit, else thousandths.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.is_multiple_of(1000) {
            return f.pad(&format!("{}m", self.0));
        }
        let cores = self.0 / 1000;
        in_largest(f, cores, &DECIMAL).unwrap_or_else(|| f.pad(&cores.to_string()))
    }
}

impl fmt::Display for Seconds {
    /// The largest whole unit of `h`, `m` and `s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        in_largest(f, self.0, &TIME[1..]).unwrap_or_else(|| f.pad("0s"))
    }
}

/// The number before the unit, times the unit's size; nothing where it is no number, not whole or too large.
fn scaled(number: &str, size: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |it: &str| it.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || number.ends_with('.') {
        return None;
    }
    let mut sum = u128::from(whole.parse::<u64>().ok()?).checked_mul(u128::from(size))?;
    let fraction = fraction.trim_end_matches('0');
    if !fraction.is_empty() {
        let power = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
        let part = fraction.parse::<u128>().ok()?.checked_mul(u128::from(size))?;
        if part % power != 0 {
            return None;
        }
        sum = sum.checked_add(part / power)?;
    }
    u64::try_from(sum).ok()
}

/// Where the number ends and the unit begins.
fn split_unit(s: &str) -> (&str, &str) {
    s.split_at(s.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(s.len()))
}

/// Whether it is made as a number is, however large.
fn is_number(s: &str) -> bool {
    let digits = |it: &str| !it.is_empty() && it.bytes().all(|b| b.is_ascii_digit());
    s.split_once('.').map_or_else(|| digits(s), |(whole, fraction)| digits(whole) && digits(fraction))
}

/// Whether already the whole part of a number is more than can be counted.
fn is_too_large(number: &str, size: u64) -> bool {
    scaled(number.split('.').next().unwrap_or(number), size).is_none()
}

/// What a person probably meant by a unit that is none.
fn meant(unit: &str) -> &'static str {
    match unit.trim().to_ascii_lowercase().as_str() {
        "k" | "kb" | "ki" | "kib" | "kibi" => "Ki",
        "g" | "gb" | "gi" | "gib" | "gig" => "Gi",
        "t" | "tb" | "ti" | "tib" => "Ti",
        "p" | "pb" | "pi" | "pib" => "Pi",
        _ => "Mi",
    }
}

impl FromStr for Bytes {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let (number, unit) = split_unit(s);
        let size = BINARY.iter().chain(&DECIMAL).find(|it| it.1 == unit).map(|it| it.0).or_else(|| unit.is_empty().then_some(1));
        if let Some(bytes) = size.and_then(|size| scaled(number, size)) {
            return Ok(Self(bytes));
        }
        Err(if s.starts_with('-') {
            format!("`{s}` is below zero: an amount of bytes is written like `512Mi` or `2Gi`")
        } else if !is_number(number) {
            format!("`{s}` is not an amount of bytes: write it like `512Mi` or `2Gi`")
        } else if unit == "m" {
            format!("`{s}` is thousandths of a byte: write `{number}Mi` for mebibytes")
        } else if size.is_none() {
            format!("`{s}` has a unit that is none of bytes: write `{number}{}`", meant(unit))
        } else if is_too_large(number, size.unwrap_or(1)) {
            format!("`{s}` is more bytes than can be counted")
        } else {
            format!("`{s}` is not a whole number of bytes: write it in a smaller unit")
        })
    }
}

impl FromStr for Millicores {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let (number, unit) = split_unit(s);
        let size = match unit {
            "m" => Some(1),
            "" => Some(1000),
            _ => DECIMAL.iter().find(|it| it.1 == unit).and_then(|it| it.0.checked_mul(1000)),
        };
        if let Some(millicores) = size.and_then(|size| scaled(number, size)) {
            return Ok(Self(millicores));
        }
        Err(if s.starts_with('-') {
            format!("`{s}` is below zero: an amount of CPU is written like `500m`, `0.5` or `2`")
        } else if !is_number(number) || size.is_none() {
            format!("`{s}` is not an amount of CPU: write it like `500m`, `0.5` or `2`")
        } else if is_too_large(number, size.unwrap_or(1)) {
            format!("`{s}` is more CPU than can be counted")
        } else {
            format!("`{s}` is finer than a thousandth of a core: write whole thousandths like `250m`")
        })
    }
}

impl FromStr for Seconds {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let refuse = || format!("`{s}` is not a length of time: write it like `30s`, `5m`, `24h` or `7d`");
        let (mut rest, mut sum, mut above) = (s, 0_u64, u64::MAX);
        while !rest.is_empty() {
            let (number, after) = split_unit(rest);
            let unit = &after[..after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len())];
            if !is_number(number) {
                return Err(refuse());
            }
            if unit.is_empty() {
                return Err(format!("`{s}` has no unit: write `{s}s` for seconds"));
            }
            if matches!(unit, "ms" | "us" | "ns") {
                return Err(format!("`{s}` is finer than a second: write whole seconds like `1s`"));
            }
            // Larger units first, each once: `1h30m`.
            let size = TIME.iter().find(|it| it.1 == unit && it.0 < above).map(|it| it.0).ok_or_else(refuse)?;
            let too_long = || format!("`{s}` is longer than can be counted");
            let not_whole = || if is_too_large(number, size) { too_long() } else { format!("`{s}` is not a whole number of seconds") };
            let part = scaled(number, size).ok_or_else(not_whole)?;
            sum = sum.checked_add(part).ok_or_else(too_long)?;
            above = size;
            rest = &after[unit.len()..];
        }
        if s.is_empty() { Err(refuse()) } else { Ok(Self(sum)) }
    }
}

/// Takes a text, and turns a bare number into a unit's own answer.
struct AmountVisitor<T> {
    expecting: &'static str,
    text: fn(&str) -> Result<T, String>,
    number: fn(&str) -> Result<T, String>,
}

impl<T> Visitor<'_> for AmountVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expecting)
    }

    fn visit_str<E: Error>(self, s: &str) -> Result<T, E> {
        (self.text)(s).map_err(E::custom)
    }

    fn visit_i64<E: Error>(self, n: i64) -> Result<T, E> {
        (self.number)(&n.to_string()).map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, n: u64) -> Result<T, E> {
        (self.number)(&n.to_string()).map_err(E::custom)
    }

    fn visit_f64<E: Error>(self, n: f64) -> Result<T, E> {
        (self.number)(&n.to_string()).map_err(E::custom)
    }
}

/// A bare number where a unit is needed; zero is zero in every unit.
fn no_unit<T: Default>(number: &str, unit: &str) -> Result<T, String> {
    if number == "0" { Ok(T::default()) } else { Err(format!("`{number}` has no unit: write `{number}{unit}`")) }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AmountVisitor {
            expecting: "an amount of bytes like `512Mi` or `2Gi`",
            text: str::parse,
            number: |n| no_unit(n, "Mi"),
        })
    }
}

impl<'de> Deserialize<'de> for Millicores {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AmountVisitor {
            expecting: "an amount of CPU like `500m`, `0.5` or `2`",
            text: str::parse,
            number: str::parse,
        })
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AmountVisitor {
            expecting: "a length of time like `30s`, `5m`, `24h` or `7d`",
            text: str::parse,
            number: |n| no_unit(n, "s"),
        })
    }
}

/// Sums never overflow: an amount past all counting stays the largest.
macro_rules! amount {
    ($name:ident, $schema:expr) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
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
                $schema
            }
        }
    };
}

amount!(
    Bytes,
    json_schema!({
        "description": "An amount of memory or storage with its unit: `512Mi`, `2Gi`, `1.5Gi`, `500M`.",
        "examples": ["512Mi", "2Gi"],
        "type": "string",
        "pattern": "^[0-9]+(\\.[0-9]+)?([KMGTPE]i|[kMGTPE])?$"
    })
);

amount!(
    Millicores,
    json_schema!({
        "description": "An amount of CPU: cores (`2`, `0.5`) or thousandths of a core (`500m`).",
        "examples": ["500m", 2],
        "type": ["string", "number"],
        "pattern": "^[0-9]+(\\.[0-9]+)?[mkMGTPE]?$",
        "minimum": 0
    })
);

amount!(
    Seconds,
    json_schema!({
        "description": "A length of time with its unit: `30s`, `5m`, `24h`, `7d`, `1h30m`.",
        "examples": ["30s", "24h"],
        "type": "string",
        "pattern": "^([0-9]+(\\.[0-9]+)?[dhms])+$"
    })
);
