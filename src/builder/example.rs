//! Series of metrics of which it is known whether an alert fires with them: `promtool test rules`
//! holds each alert against its own.

use crate::units::Seconds;

/// With what an alert fires, and with what it does not.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Examples {
    /// A fault.
    pub fires_on: Vec<Series>,
    /// The labels that the alert then has, besides its name and severity.
    pub labels: Vec<(&'static str, String)>,
    /// Health that is near the fault.
    pub quiet_on: Vec<Series>,
    /// How long both have lasted, beyond what the alert looks at and waits for.
    pub old: Seconds,
}

/// One series from the first second on, a sample a minute.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Series {
    /// Its metric with labels, as a query writes them.
    pub name: String,
    /// Its first value. The clock begins at 0: a time that has passed is below that.
    pub first: i64,
    /// What each minute adds.
    pub per_minute: i64,
}

impl Series {
    /// A series that does not change.
    pub fn of(name: impl Into<String>, value: i64) -> Self {
        Self { name: name.into(), first: value, per_minute: 0 }
    }

    /// An amount as a value; of more than a value can be, the most.
    pub fn amount(amount: u64) -> i64 {
        i64::try_from(amount).unwrap_or(i64::MAX)
    }

    /// One that does.
    pub fn changing(name: impl Into<String>, first: i64, per_minute: i64) -> Self {
        Self { name: name.into(), first, per_minute }
    }
}
