//! Amounts from texts, and what to write instead of a text that is none.

use std::str::FromStr;

use super::{BINARY, Bytes, DECIMAL, Millicores, Seconds, TIME, error::ValueError, in_words};

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
pub(super) fn rounded_up(s: &str) -> Result<Bytes, ValueError> {
    let (number, unit) = split_unit(s);
    let size = BINARY.iter().chain(&DECIMAL).find(|it| it.1 == unit).map(|it| it.0);
    match size.and_then(|size| scale(number, size)) {
        Some((bytes, more)) => Ok(Bytes(bytes.saturating_add(more.into()))),
        None if unit.is_empty() && number.contains('.') && is_number(number) => {
            Err(format!("`{s}` has no unit: write `{s}Gi`, or the number of bytes").into())
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
pub(super) fn cores(s: &str) -> Result<Millicores, ValueError> {
    let (number, unit) = split_unit(s);
    let is_of_cores = matches!(
        unit.trim().to_ascii_lowercase().as_str(),
        "core" | "cores" | "cpu" | "cpus" | "vcpu" | "vcpus" | "c"
    );
    match (unit, in_words(s)) {
        (_, Some(number)) => Err(format!("`{s}` is not an amount of CPU: write `{number}`").into()),
        ("m" | "", _) => s.parse(),
        _ if is_number(number) && is_of_cores => {
            Err(format!("`{s}` does not have a unit of CPU: write `{number}`").into())
        }
        _ if is_number(number) => Err(format!(
            "`{s}` does not have a unit of CPU: write `{number}` for cores, or `{number}m` \
             for thousandths of one"
        )
        .into()),
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
    type Err = ValueError;

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
        Err(ValueError::from(if s.starts_with('-') {
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
        }))
    }
}

impl FromStr for Millicores {
    type Err = ValueError;

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
        Err(ValueError::from(if s.starts_with('-') {
            format!("`{s}` is below zero: an amount of CPU is written like `4`, `0.5` or `500m`")
        } else if !is_number(number) || size.is_none() {
            format!("`{s}` is not an amount of CPU: write it like `4`, `0.5` or `500m`")
        } else if is_too_large(number, size.unwrap_or(1)) {
            format!("`{s}` is more CPU than can be counted")
        } else {
            format!(
                "`{s}` is finer than a thousandth of a core: write whole thousandths like `250m`"
            )
        }))
    }
}

impl FromStr for Seconds {
    type Err = ValueError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let refuse = || {
            format!("`{s}` is not a length of time: write it like `30s`, `5m`, `24h` or `7d`")
                .into()
        };
        if s.starts_with('-') {
            return Err(format!(
                "`{s}` is below zero, and a time cannot be unlimited: write `{}`, a year, the \
                 longest that is allowed",
                Self::LONGEST
            )
            .into());
        }
        let (mut rest, mut sum, mut above) = (s, 0_u64, u64::MAX);
        while !rest.is_empty() {
            let (number, after) = split_unit(rest);
            let unit = &after[..after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len())];
            if !is_number(number) {
                return Err(refuse());
            }
            if unit.is_empty() {
                return Err(format!("`{s}` has no unit: write `{s}s` for seconds").into());
            }
            if matches!(unit, "ms" | "us" | "ns") {
                return Err(
                    format!("`{s}` is finer than a second: write whole seconds like `1s`").into()
                );
            }
            // Larger units first, each once: `1h30m`.
            let size = TIME
                .iter()
                .find(|it| it.1 == unit && it.0 < above)
                .map(|it| it.0)
                .ok_or_else(refuse)?;
            let too_long = || ValueError::from(format!("`{s}` is longer than can be counted"));
            let not_whole = || {
                if is_too_large(number, size) {
                    too_long()
                } else {
                    format!("`{s}` is not a whole number of seconds").into()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> Result<u64, String> {
        text.parse().map(Bytes::get).map_err(|why: ValueError| why.to_string())
    }

    fn millicores(text: &str) -> Result<u64, String> {
        text.parse().map(Millicores::get).map_err(|why: ValueError| why.to_string())
    }

    fn seconds(text: &str) -> Result<u64, String> {
        text.parse().map(Seconds::get).map_err(|why: ValueError| why.to_string())
    }

    #[test]
    fn bytes_are_read_as_kubernetes_reads_them() {
        for (text, n) in [
            ("0", 0),
            ("512", 512),
            ("1Ki", 1 << 10),
            ("512Mi", 512 << 20),
            ("2Gi", 2 << 30),
            ("1.5Gi", 3 << 29),
            ("0.5Ki", 512),
            ("1Ti", 1 << 40),
            ("1Pi", 1 << 50),
            ("15Ei", 15 << 60),
            ("1k", 1_000),
            ("500M", 500_000_000),
            ("1.5G", 1_500_000_000),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(bytes(text), Ok(n), "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_says_what_to_write() {
        for (text, hint) in [
            ("64MB", "write `64Mi`"),
            ("64m", "write `64Mi`"),
            ("2gb", "write `2Gi`"),
            ("2 Gi", "write `2Gi`"),
            ("1K", "write `1Ki`"),
            ("1e3", "write `1Mi`"),
            ("0.3Ki", "not a whole number of bytes"),
            (
                "1.0000000000000000000000000000000000000000000000001Ki",
                "not a whole number of bytes",
            ),
            ("16Ei", "more bytes than can be counted"),
            ("99999999999999999999999", "more bytes than can be counted"),
            ("-1Gi", "below zero"),
            ("", "write it like `8Gi`"),
            (".5Gi", "write it like `8Gi`"),
            ("1.Gi", "write it like `8Gi`"),
            ("1.2.3Gi", "write it like `8Gi`"),
            ("Gi", "write it like `8Gi`"),
            ("ten", "write it like `8Gi`"),
            ("٣Gi", "write it like `8Gi`"),
        ] {
            let message = bytes(text).expect_err(text);
            assert!(message.contains(hint), "{text}: {message}");
        }
        for (text, hint) in [
            ("0.0005", "thousandth"),
            ("0.5m", "thousandth"),
            ("1 core", "write it like `4`"),
            ("-1", "below zero"),
            ("", "write it like"),
            ("1Mi", "write it like"),
            ("99999999999999999999", "more CPU"),
        ] {
            let message = millicores(text).expect_err(text);
            assert!(message.contains(hint), "{text}: {message}");
        }
        for (text, hint) in [
            ("30", "write `30s`"),
            ("500ms", "whole seconds"),
            ("1m1h", "write it like"),
            ("1h1h", "write it like"),
            ("1y", "write it like"),
            ("", "write it like"),
            ("-1s", "write `8760h`"),
            ("-1", "write `8760h`"),
            ("1h 30m", "write it like"),
            ("0.5s", "whole number of seconds"),
            ("999999999999999999999d", "longer than can be counted"),
            ("210000000000000d300000000000000h", "longer"),
        ] {
            let message = seconds(text).expect_err(text);
            assert!(message.contains(hint), "{text}: {message}");
        }
    }

    /// A file's size is told rounded: what is needed is never less than it.
    #[test]
    fn a_rounded_size_is_the_next_whole_byte() {
        for (text, n) in [("1.3Ki", 1332), ("0.1Ki", 103), ("1Gi", 1 << 30), ("7", 7)] {
            assert_eq!(rounded_up(text).map(Bytes::get), Ok(n), "{text}");
        }
        for (text, hint) in [("1.3", "write `1.3Gi`"), ("", "write it like `8Gi`")] {
            let message = rounded_up(text).expect_err(text).to_string();
            assert!(message.contains(hint), "{text}: {message}");
        }
    }
}
