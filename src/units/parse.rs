//! Amounts from texts, and what to write instead of a text that is none.

use std::str::FromStr;

use super::{BINARY, Bytes, DECIMAL, Millicores, Seconds, TIME, in_words};

/// The number before the unit, times the unit's size, and whether something is left over; nothing
/// where it is no number or too large.
fn scale(number: &str, size: u64) -> Option<(u64, bool)> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || number.ends_with('.') {
        return None;
    }
    let mut sum = u128::from(whole.parse::<u64>().ok()?).checked_mul(u128::from(size))?;
    let fraction = fraction.trim_end_matches('0');
    let mut is_whole = true;
    if !fraction.is_empty() {
        let power = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
        let part = fraction.parse::<u128>().ok()?.checked_mul(u128::from(size))?;
        is_whole = part.is_multiple_of(power);
        sum = sum.checked_add(part / power)?;
    }
    Some((u64::try_from(sum).ok()?, !is_whole))
}

/// The same, of what is whole.
fn scaled(number: &str, size: u64) -> Option<u64> {
    scale(number, size).filter(|it| !it.1).map(|it| it.0)
}

/// Bytes of a file as people are told them, which are rounded: up to the next whole byte. Without a
/// unit they are bytes.
pub(super) fn rounded_up(s: &str) -> Result<Bytes, String> {
    let (number, unit) = split_unit(s);
    let size = BINARY.iter().chain(&DECIMAL).find(|it| it.1 == unit).map(|it| it.0);
    match size.and_then(|size| scale(number, size)) {
        Some((bytes, more)) => Ok(Bytes(bytes.saturating_add(more.into()))),
        None if unit.is_empty() && number.contains('.') && is_number(number) => {
            Err(format!("`{s}` has no unit: write `{s}Gi`, or the number of bytes"))
        }
        None => s.parse(),
    }
}

/// Where the number ends and the unit begins.
fn split_unit(s: &str) -> (&str, &str) {
    s.split_at(s.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(s.len()))
}

/// Whether it is made as a number is, however large.
pub(super) fn is_number(s: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    s.split_once('.')
        .map_or_else(|| digits(s), |(whole, fraction)| digits(whole) && digits(fraction))
}

/// Whether already the whole part of a number is more than can be counted.
fn is_too_large(number: &str, size: u64) -> bool {
    scaled(number.split('.').next().unwrap_or(number), size).is_none()
}

/// CPU as a spec writes it: in cores or thousandths of one. The API reads `1G` too, a thousand
/// million cores that nobody means.
pub(super) fn cores(s: &str) -> Result<Millicores, String> {
    let (number, unit) = split_unit(s);
    let is_of_cores = matches!(
        unit.trim().to_ascii_lowercase().as_str(),
        "core" | "cores" | "cpu" | "cpus" | "vcpu" | "vcpus" | "c"
    );
    match (unit, in_words(s)) {
        (_, Some(number)) => Err(format!("`{s}` is not an amount of CPU: write `{number}`")),
        ("m" | "", _) => s.parse(),
        _ if is_number(number) && is_of_cores => {
            Err(format!("`{s}` does not have a unit of CPU: write `{number}`"))
        }
        _ if is_number(number) => Err(format!(
            "`{s}` does not have a unit of CPU: write `{number}` for cores, or `{number}m` \
             for thousandths of one"
        )),
        _ => s.parse(),
    }
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
        let size = BINARY
            .iter()
            .chain(&DECIMAL)
            .find(|it| it.1 == unit)
            .map(|it| it.0)
            .or_else(|| unit.is_empty().then_some(1));
        if let Some(bytes) = size.and_then(|size| scaled(number, size)) {
            return Ok(Self(bytes));
        }
        Err(if s.starts_with('-') {
            format!("`{s}` is below zero: an amount of bytes is written like `8Gi` or `512Mi`")
        } else if !is_number(number) {
            format!("`{s}` is not an amount of bytes: write it like `8Gi` or `512Mi`")
        } else if unit == "m" {
            format!("`{s}` is thousandths of a byte: write `{number}Mi` for mebibytes")
        } else if size.is_none() {
            format!(
                "`{s}` does not have a unit that Kubernetes knows: write `{number}{}`",
                meant(unit)
            )
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
            format!("`{s}` is below zero: an amount of CPU is written like `4`, `0.5` or `500m`")
        } else if !is_number(number) || size.is_none() {
            format!("`{s}` is not an amount of CPU: write it like `4`, `0.5` or `500m`")
        } else if is_too_large(number, size.unwrap_or(1)) {
            format!("`{s}` is more CPU than can be counted")
        } else {
            format!(
                "`{s}` is finer than a thousandth of a core: write whole thousandths like `250m`"
            )
        })
    }
}

impl FromStr for Seconds {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let refuse =
            || format!("`{s}` is not a length of time: write it like `30s`, `5m`, `24h` or `7d`");
        if s.starts_with('-') {
            return Err(format!(
                "`{s}` is below zero, and a time cannot be unlimited: write `{}`, a year, the \
                 longest that is allowed",
                Self::LONGEST
            ));
        }
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
            let size = TIME
                .iter()
                .find(|it| it.1 == unit && it.0 < above)
                .map(|it| it.0)
                .ok_or_else(refuse)?;
            let too_long = || format!("`{s}` is longer than can be counted");
            let not_whole = || {
                if is_too_large(number, size) {
                    too_long()
                } else {
                    format!("`{s}` is not a whole number of seconds")
                }
            };
            let part = scaled(number, size).ok_or_else(not_whole)?;
            sum = sum.checked_add(part).ok_or_else(too_long)?;
            above = size;
            rest = &after[unit.len()..];
        }
        if s.is_empty() { Err(refuse()) } else { Ok(Self(sum)) }
    }
}
