//! When something runs again and again: the five fields of cron, read as Kubernetes reads them.

use std::{borrow::Cow, fmt, ops::RangeInclusive, str::FromStr, sync::Arc};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::NameVisitor;
use crate::units::{
    Seconds,
    described::{described, gives_an_example},
    error::ValueError,
};

/// A cron schedule that comes, and the longest time between two of its runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    text: Arc<str>,
    longest_gap: Seconds,
}

impl Schedule {
    /// The longest time between two runs, leap years included: what is older than that was missed.
    pub fn longest_gap(&self) -> Seconds {
        self.longest_gap
    }
}

/// What a field may hold.
struct CronField {
    name: &'static str,
    range: RangeInclusive<u32>,
    /// Names of its numbers, from the first one on.
    names: &'static [&'static str],
}

const FIELDS: [CronField; 5] = [
    CronField { name: "minute", range: 0..=59, names: &[] },
    CronField { name: "hour", range: 0..=23, names: &[] },
    CronField { name: "day of the month", range: 1..=31, names: &[] },
    CronField {
        name: "month",
        range: 1..=12,
        names: &[
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ],
    },
    CronField {
        name: "day of the week",
        range: 0..=6,
        names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    },
];

/// What cron's words stand for; Kubernetes takes them too, but one spelling is enough.
const WORDS: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// The numbers of one field, as bits.
#[derive(Clone, Copy)]
struct Numbers {
    bits: u64,
    /// `*`: then the other field of the day decides alone.
    is_any: bool,
}

impl Numbers {
    fn has(self, number: u32) -> bool {
        self.bits >> number & 1 == 1
    }
}

impl CronField {
    fn read(&self, text: &str) -> Result<Numbers, String> {
        let mut all = Numbers { bits: 0, is_any: false };
        for part in text.split(',') {
            let (range, step) = part.split_once('/').map_or((part, None), |it| (it.0, Some(it.1)));
            let every = match step.map(str::parse::<u32>) {
                None => 1,
                Some(Ok(step @ 1..=59)) => step,
                Some(_) => return Err(format!("the step of `{part}` must be from 1 to 59")),
            };
            let (first, last) = match range.split_once('-') {
                _ if range == "*" => (*self.range.start(), *self.range.end()),
                Some((first, last)) => (self.number(first)?, self.number(last)?),
                None => {
                    let first = self.number(range)?;
                    (first, if step.is_some() { *self.range.end() } else { first })
                }
            };
            if first > last {
                return Err(format!("`{range}` ends before it begins"));
            }
            all.is_any |= range == "*" && every == 1;
            all.bits |=
                (first..=last).step_by(every as usize).fold(0, |bits, number| bits | 1 << number);
        }
        Ok(all)
    }

    fn number(&self, text: &str) -> Result<u32, String> {
        let named = self
            .names
            .iter()
            .zip(self.range.clone())
            .find(|it| it.0.eq_ignore_ascii_case(text))
            .map(|it| it.1);
        let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let number =
            named.or_else(|| text.parse().ok().filter(|it| is_number && self.range.contains(it)));
        number.ok_or_else(|| {
            let sunday = if self.names.first() == Some(&"sun") && text == "7" {
                "; Sunday is 0"
            } else {
                ""
            };
            format!("`{text}` is not from {} to {}{sunday}", self.range.start(), self.range.end())
        })
    }
}

impl FromStr for Schedule {
    type Err = ValueError;

    fn from_str(s: &str) -> Result<Self, ValueError> {
        let refuse = |why: &str| ValueError::from(format!("`{s}` is not a schedule: {why}"));
        if let Some((_, fields)) = WORDS.iter().find(|it| it.0 == s.trim()) {
            return Err(refuse(&format!("write `{fields}`")));
        }
        let texts: Vec<&str> = s.split_whitespace().collect();
        let Ok(fields) = <[&str; 5]>::try_from(texts.as_slice()) else {
            return Err(refuse(&format!(
                "it has {} fields; minute, hour, day of the month, month and day of the week are \
                 five, like `17 3 * * *`",
                texts.len()
            )));
        };
        let mut numbers = [Numbers { bits: 0, is_any: false }; 5];
        for ((kind, text), into) in FIELDS.iter().zip(fields).zip(&mut numbers) {
            *into = kind.read(text).map_err(|why| refuse(&format!("the {}: {why}", kind.name)))?;
        }
        let longest_gap = longest_gap(&numbers).ok_or_else(|| refuse("there is no such day"))?;
        Ok(Self { text: texts.join(" ").into(), longest_gap })
    }
}

/// Days of two leap cycles, from a first of January on: in them every schedule has come at least
/// twice that ever comes.
const DAYS: u32 = 2 * (4 * 365 + 1);
const MINUTES_OF_DAY: u32 = 24 * 60;

fn longest_gap([minutes, hours, days, months, weekdays]: &[Numbers; 5]) -> Option<Seconds> {
    let times: Vec<u32> = (0..24)
        .filter(|it| hours.has(*it))
        .flat_map(|hour| (0..60).filter(|it| minutes.has(*it)).map(move |it| hour * 60 + it))
        .collect();
    let (first, last) = (*times.first()?, *times.last()?);
    let mut longest = times.windows(2).map(|it| it[1] - it[0]).max().unwrap_or(0);
    let mut before: Option<u32> = None;
    let (mut year, mut month, mut day) = (0, 1, 1);
    for number in 0..DAYS {
        let (of_month, of_week) = (days.has(day), weekdays.has(number % 7));
        // Where both are written, either of them is enough.
        let is_day =
            if days.is_any || weekdays.is_any { of_month && of_week } else { of_month || of_week };
        if is_day && months.has(month) {
            longest = longest
                .max(before.map_or(0, |before| (number - before) * MINUTES_OF_DAY + first - last));
            before = Some(number);
        }
        day += 1;
        if day > length(month, year) {
            (day, month) = (1, month + 1);
        }
        if month > 12 {
            (month, year) = (1, year + 1);
        }
    }
    before.map(|_| Seconds::new(u64::from(longest) * 60))
}

fn length(month: u32, year: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl Serialize for Schedule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

const WHAT: &str = "a schedule like `17 3 * * *`";
const _: () = gives_an_example(WHAT);

impl<'de> Deserialize<'de> for Schedule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(NameVisitor { what: WHAT, parse: str::parse })
    }
}

impl JsonSchema for Schedule {
    fn schema_name() -> Cow<'static, str> {
        "Schedule".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let schema = json_schema!({
            "description": "Minute, hour, day of the month, month, day of the week, as cron reads \
                            them: `17 3 * * *`.",
            "type": "string",
            "pattern": "^\\s*([0-9A-Za-z*,/-]+\\s+){4}[0-9A-Za-z*,/-]+\\s*$"
        });
        described(schema, WHAT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::tests::assert_names;

    #[test]
    fn schedules() {
        assert_names::<Schedule>(
            &["17 3 * * *", "*/15 0-6,20 1,15 jan-MAR sun", "0 0 29 2 *", "59 23 31 12 6"],
            &[
                ("17 25 * * *", "the hour: `25` is not from 0 to 23"),
                ("60 3 * * *", "the minute: `60`"),
                ("17 3 0 * *", "the day of the month: `0` is not from 1 to 31"),
                ("17 3 * 13 *", "the month: `13`"),
                ("17 3 * * 7", "the day of the week: `7` is not from 0 to 6; Sunday is 0"),
                ("17 3 * *", "it has 4 fields"),
                ("0 17 3 * * *", "it has 6 fields"),
                ("", "it has 0 fields"),
                ("@daily", "write `0 0 * * *`"),
                ("17 3 30 2 *", "there is no such day"),
                ("17 6-3 * * *", "`6-3` ends before it begins"),
                ("*/0 3 * * *", "the step of"),
                ("17, 3 * * *", "the minute: `` is not"),
                ("+7 3 * * *", "the minute: `+7`"),
            ],
        );
        assert_eq!(
            "  17   3 * *  * ".parse::<Schedule>().map(|it| it.to_string()),
            Ok("17 3 * * *".to_owned())
        );
    }

    /// A backup that is older than the longest gap was missed; the gaps, in minutes, are counted
    /// here by hand.
    #[test]
    fn gaps_of_schedules() {
        const HOUR: u64 = 60;
        const DAY: u64 = 24 * HOUR;
        for (text, gap) in [
            ("* * * * *", 1),
            ("17 3 * * *", DAY),
            ("0 */7 * * *", 7 * HOUR),
            ("0 3,15 * * *", 12 * HOUR),
            ("0 3 * * 1-5", 3 * DAY),
            ("0 3 * * 0", 7 * DAY),
            ("0 3 1 * *", 31 * DAY),
            ("0 3 31 * *", 61 * DAY),
            ("0 3 29 2 *", 1461 * DAY),
            // If both days are restricted, either is enough. A step over the whole month counts as
            // a restriction.
            ("0 3 1 * 0", 7 * DAY),
            ("0 3 */10 * 0", 7 * DAY),
            ("30 22 1 1 *", 366 * DAY),
        ] {
            let found = text.parse::<Schedule>().expect("a schedule").longest_gap().get();
            assert_eq!(found, gap * 60, "{text}");
        }
    }
}
