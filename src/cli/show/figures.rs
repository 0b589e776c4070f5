//! The budget in one line.

use crate::budget::report::Report;

/// The requests of all pods, and what the node can give, as text.
pub fn figures(report: &Report) -> String {
    format!("requests {} of {}", report.requests.in_mib(), report.allocatable.in_mib())
}
