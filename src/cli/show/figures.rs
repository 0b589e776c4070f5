//! The one line that sums a budget up.

use crate::budget::report::Report;

/// What the pods request of what the node can give, in words.
pub fn figures(report: &Report) -> String {
    format!("requests {} of {}", report.requests.in_mib(), report.allocatable.in_mib())
}
