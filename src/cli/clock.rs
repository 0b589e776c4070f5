//! The clock: the only place where the program reads the time, and parses or formats a date.

#![expect(clippy::disallowed_methods, reason = "the one place that tells the time")]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use x509_cert::der::DateTime;

/// Seconds in a day.
pub const DAY: i64 = 24 * 60 * 60;

/// Seconds since 1970 (UTC).
pub fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|it| i64::try_from(it.as_secs()).ok())
        .unwrap_or(0)
}

/// Parses a date such as `2026-11-24` into its first second.
///
/// # Errors
/// When the text is not a date.
pub fn day(text: &str) -> Result<i64, String> {
    let time: DateTime = format!("{text}T00:00:00Z")
        .parse()
        .map_err(|_| "write a date like `2026-11-24`".to_owned())?;
    i64::try_from(time.unix_duration().as_secs()).map_err(|it| it.to_string())
}

/// Formats the date of a point in time.
pub fn written(seconds: i64) -> String {
    let time = u64::try_from(seconds)
        .ok()
        .and_then(|it| DateTime::from_unix_duration(Duration::from_secs(it)).ok());
    time.map_or_else(
        || "before 1970".to_owned(),
        |it| format!("{}-{:02}-{:02}", it.year(), it.month(), it.day()),
    )
}
