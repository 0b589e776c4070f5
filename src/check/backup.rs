//! `backup-of-nothing`, `backup-on-the-same-disk`, `backup-without-tls`: backups that do not do
//! what they are there for.

use super::{code, view::SpecView};
use crate::diag::diagnostic::{Diagnostic, Diagnostics};

/// What is saved, and where to.
pub fn worth(view: &SpecView<'_>, found: &mut Diagnostics) {
    let components = &view.platform.spec.components;
    let Some(backup) = components.backup.as_ref().filter(|it| it.enabled) else { return };
    if !components.open_webui.enabled && !components.postgresql.enabled {
        found.push(
            Diagnostic::error(
                code::BACKUP_OF_NOTHING,
                view.component_key(&["backup"]),
                "there is nothing to save: `openWebui` and `postgresql` are off",
            )
            .related(view.component(&["openWebui", "enabled"]), "keeps files")
            .related(view.component(&["postgresql", "enabled"]), "keeps chats and accounts")
            .help("take it out, or write `enabled: false` in it"),
        );
        return;
    }
    let Some(s3) = &backup.s3 else {
        found.push(
            Diagnostic::warning(
                code::BACKUP_ON_THE_SAME_DISK,
                view.component_key(&["backup"]),
                "backups stay on the node: what takes its disk takes them along",
            )
            .help(
                "send them elsewhere: `s3: {endpoint: https://s3.example.org, bucket: \
                   my-backups}`",
            )
            .note(
                "they do help against a wrong hand, a broken migration, a new major version of the \
                 database",
            ),
        );
        return;
    };
    if !s3.endpoint.has_tls() {
        let mut finding = Diagnostic::warning(
            code::BACKUP_WITHOUT_TLS,
            view.component(&["backup", "s3", "endpoint"]),
            format!(
                "whoever is on the way to `{}` can read every chat, file and password hash, and \
                 change them",
                s3.endpoint.host()
            ),
        );
        let port = s3.endpoint.as_str().rsplit_once(':').map_or("", |it| it.1);
        let with_tls = s3.endpoint.as_str().replacen("http://", "https://", 1);
        finding = finding.help(if port == "80" {
            format!("write `endpoint: https://{}`", s3.endpoint.host())
        } else {
            format!(
                "write `endpoint: {with_tls}`, once it answers with a certificate that the public \
                 authorities know"
            )
        });
        found.push(finding);
    }
}
