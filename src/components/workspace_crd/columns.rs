//! What `kubectl get aichatworkspaces` shows.

use crate::crds::definition::Column;

/// The columns, in their order.
pub(super) fn all() -> Vec<Column> {
    [
        ("Ready", "string", ".status.conditions[?(@.type==\"Ready\")].status"),
        ("Reason", "string", ".status.conditions[?(@.type==\"Ready\")].reason"),
        ("URL", "string", ".status.urls[0]"),
        ("Memory", "string", ".status.budget.memory"),
        ("Age", "date", ".metadata.creationTimestamp"),
    ]
    .map(|(name, type_, json_path)| Column { name, type_, json_path })
    .into()
}
