//! The units in which panels show values, by Grafana's own names, and the bounds by which values
//! are coloured.

use serde::{Serialize, Serializer};

/// What a value is in; Grafana finds the prefix (kilo, milli) by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Unit {
    /// A number of things.
    #[serde(rename = "short")]
    Count,
    /// Bytes, in multiples of 1024.
    #[serde(rename = "bytes")]
    Bytes,
    /// Bytes a second, in multiples of 1024.
    #[serde(rename = "binBps")]
    BytesPerSecond,
    /// A duration, or what is left of one.
    #[serde(rename = "s")]
    Seconds,
    /// The same, where what serves it counts in thousandths.
    #[serde(rename = "ms")]
    Milliseconds,
    /// A part of one, shown in hundredths.
    #[serde(rename = "percentunit")]
    Share,
    /// Things a second.
    #[serde(rename = "cps")]
    PerSecond,
    /// Requests a second.
    #[serde(rename = "reqps")]
    Requests,
    /// 1 or 0, shown as "Yes" or "No".
    #[serde(rename = "bool_yes_no")]
    YesNo,
    /// Cores of a CPU: a second of it each second.
    #[serde(rename = "suffix: cores")]
    Cores,
}

/// A number in thousandths, so that what holds it can be compared and sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Milli(pub i64);

impl Milli {
    /// A whole number.
    pub const fn whole(number: i64) -> Self {
        Self(number * 1000)
    }

    /// So many hundredths.
    pub const fn percent(percent: i64) -> Self {
        Self(percent * 10)
    }
}

impl Serialize for Milli {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 % 1000 == 0 {
            return serializer.serialize_i64(self.0 / 1000);
        }
        let text = format!(
            "{}{}.{:03}",
            if self.0 < 0 { "-" } else { "" },
            self.0.abs() / 1000,
            self.0.abs() % 1000
        );
        let number = text.parse::<f64>().expect("digits and a point");
        serializer.serialize_f64(number)
    }
}

/// From which value on something is to be looked at, and from which on it is wrong. What is wrong
/// when it is low has the bounds the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bounds {
    /// It is neither good nor bad.
    None,
    /// The more, the worse.
    Above(Milli, Milli),
    /// The less, the worse: below the first it is wrong, below the second it is to be looked at.
    Below(Milli, Milli),
}

#[cfg(test)]
mod tests {
    use super::{Milli, Unit};

    #[test]
    fn numbers_are_written_as_short_as_they_are() {
        let text = |number: Milli| serde_json::to_string(&number).expect("a number");
        assert_eq!(text(Milli::whole(14)), "14");
        assert_eq!(text(Milli::percent(80)), "0.8");
        assert_eq!(text(Milli(-1500)), "-1.5");
        assert_eq!(text(Milli(-5)), "-0.005");
    }

    #[test]
    fn units_are_grafana_s() {
        assert_eq!(serde_json::to_string(&Unit::Share).expect("a text"), "\"percentunit\"");
    }
}
