//! `backup-of-nothing`, `backup-on-the-same-disk`, `backup-without-tls`: backups that do not serve
//! their purpose.

use super::{rule::rules, view::SpecView};
use crate::diag::diagnostic::Diagnostics;

rules! {
    /// There is nothing to back up.
    error BACKUP_OF_NOTHING = "backup-of-nothing",
    /// Backups are on the disk that they should protect against losing.
    warning BACKUP_ON_THE_SAME_DISK = "backup-on-the-same-disk",
    /// Backups are sent without TLS.
    warning BACKUP_WITHOUT_TLS = "backup-without-tls":
    Spec(destination);
}

/// What is backed up, and where it is stored.
pub fn destination(view: &SpecView<'_>, found: &mut Diagnostics) {
    let components = &view.platform.spec.components;
    let Some(backup) = components.backup.as_ref().filter(|it| it.enabled) else { return };
    if !components.open_webui.enabled && !components.postgresql.enabled {
        found.push(
            BACKUP_OF_NOTHING
                .at(
                    view.component_key(&["backup"]),
                    "there is nothing to back up: `openWebui` and `postgresql` are disabled",
                )
                .related(view.component(&["openWebui", "enabled"]), "stores uploaded files")
                .related(view.component(&["postgresql", "enabled"]), "stores chats and accounts")
                .help("remove it, or write `enabled: false` in it"),
        );
        return;
    }
    let Some(s3) = &backup.s3 else {
        found.push(
            BACKUP_ON_THE_SAME_DISK
                .at(
                    view.component_key(&["backup"]),
                    "backups stay on the node: if its disk is lost, they are lost too",
                )
                .help(
                    "store them elsewhere: `s3: {endpoint: https://s3.example.org, bucket: \
                 my-backups}`",
                )
                .note(
                    "they still help against a user's mistake, a failed migration or a new major \
                 version of the database",
                ),
        );
        return;
    };
    if !s3.endpoint.has_tls() {
        let mut finding = BACKUP_WITHOUT_TLS.at(
            view.component(&["backup", "s3", "endpoint"]),
            format!(
                "without TLS, anyone on the network path to `{}` can take backups away, and sees \
                 their names and sizes",
                s3.endpoint.host()
            ),
        );
        let port = s3.endpoint.as_str().rsplit_once(':').map_or("", |it| it.1);
        let with_tls = s3.endpoint.as_str().replacen("http://", "https://", 1);
        finding = finding.help(if port == "80" {
            format!("write `endpoint: https://{}`", s3.endpoint.host())
        } else {
            format!(
                "write `endpoint: {with_tls}`, once the storage has a certificate from a public \
                 authority"
            )
        });
        found.push(finding);
    }
}
