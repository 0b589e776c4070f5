//! `logs-do-not-fit`: the volume of Loki against the days that logs are kept.

use super::{rule::rules, view::SpecView};
use crate::{
    diag::diagnostic::Diagnostics,
    facts::logs::{Intake, LEAST_RATE},
};

rules! {
    /// Loki's volume is too small for the days that logs are kept.
    error LOGS_DO_NOT_FIT = "logs-do-not-fit":
    Spec(retention);
}

/// Loki takes in what its volume holds for the days that lines are kept, and no more.
pub fn retention(view: &SpecView<'_>, found: &mut Diagnostics) {
    let loki = &view.platform.spec.components.loki;
    // Both have bounds of their own, and a finding where they are beyond.
    if !loki.enabled || loki.retention_days == 0 || loki.intake().is_enough() {
        return;
    }
    let (days, storage) = (loki.retention_days, loki.storage);
    let place = |key: &'static str| view.component(&["loki", key]);
    let message = format!(
        "a volume of {storage} that holds logs for {days} days can take in {} bytes a second, but \
         a platform writes {LEAST_RATE}",
        loki.intake().bytes
    );
    let mut finding = LOGS_DO_NOT_FIT
        .at(place("retentionDays"), message)
        .help(format!("write `storage: {}`", Intake::least_storage(days)));
    let most = Intake::most_days(storage);
    if most > 0 {
        finding = finding.help(format!("or keep them for fewer days: `retentionDays: {most}`"));
    }
    found.push(finding);
}
