//! The dashboard of backups: how old the last one is.

use crate::{
    builder::dashboard::{
        Dashboard, Row,
        panel::Panel,
        unit::{Milli, Unit},
    },
    units::Seconds,
};

/// How old the last backup is. `too_old` is when an alert says so.
pub fn dashboard(namespace: &str, cron_job: &str, too_old: Seconds) -> Dashboard {
    let wrong = Milli::whole(i64::try_from(too_old.get()).expect("days"));
    let age = |title| {
        let description = "The time since a backup ended well. `bash bootstrap/bootstrap.sh \
                           verify` restores the last one beside the database, to see that it can \
                           be read.";
        let last = "kube_cronjob_status_last_successful_time";
        let query =
            format!("time() - max({last}{{namespace=\"{namespace}\",cronjob=\"{cron_job}\"}})");
        Panel::stat(title, description, Unit::Seconds)
            .reads(query, "ago")
            .worse_above(Milli(wrong.0 * 9 / 10), wrong)
    };
    let runs = Panel::series(
        "Backups that run",
        "Jobs of this moment. One that runs for hours waits for its storage.",
        Unit::Count,
    )
    .reads(
        format!(
            "max(kube_cronjob_status_active{{namespace=\"{namespace}\",cronjob=\"{cron_job}\"}})"
        ),
        "running",
    );
    Dashboard {
        name: "backup",
        title: "Backup",
        description: "Could what was written until last night be restored?",
        variables: Vec::new(),
        home: vec![age("Since the last backup")],
        rows: vec![Row::of("Backups", [age("The last backup ended"), runs])],
    }
}
