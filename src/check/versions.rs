//! `checksum-unusable`, `untested-version`, `postgresql-major`: what the charts' facts and the
//! measured figures do not cover.

use super::{argocd, code, view::SpecView};
use crate::{
    diag::{
        diagnostic::{Diagnostic, Diagnostics, Place},
        path::FieldPath,
    },
    facts::{
        bootstrap,
        versions::{self, Pin},
    },
    platform::files::VERSIONS,
};

/// Pins that differ from the tested set.
pub fn tested(view: &SpecView<'_>, found: &mut Diagnostics) {
    for pin in versions::ALL {
        if let Some(written) = view.platform.versions.written(pin)
            && written != pin.tested
            && (pin != versions::K3S || !argocd::is_unsupported(view))
        {
            let place =
                Place::Value { file: VERSIONS.into(), path: FieldPath::root().key(pin.name) };
            let what = match pin {
                versions::HELM => "the charts were rendered with",
                versions::K3S => {
                    "what the node keeps for itself, and what the cluster brings, are those of"
                }
                Pin { image: Some(_), .. } => "the memory figures were measured on",
                _ => "the facts of the chart (pods, kinds) are those of",
            };
            if pin == versions::POSTGRESQL && major(written) != major(pin.tested) {
                let message = format!(
                    "PostgreSQL {} cannot open a volume of PostgreSQL {}",
                    written,
                    major(pin.tested)
                );
                let help = format!("write `{}: {}`", pin.name, written_as(pin.tested));
                found.push(
                    Diagnostic::error(code::POSTGRESQL_MAJOR, place, message).help(help).note(
                        "a major version needs a dump and a restore, and version 18 moved its data \
                         folder",
                    ),
                );
                continue;
            }
            found.push(
                Diagnostic::warning(
                    code::UNTESTED_VERSION,
                    place,
                    format!("`{}` {} is not the tested version", pin.name, written),
                )
                .note(format!("{what} {}", pin.tested))
                .help(format!(
                    "write `{}: {}`, or try this version before you trust it",
                    pin.name,
                    written_as(pin.tested)
                )),
            );
        }
    }
}

/// Checksums that the bootstrap script could not use: one without digits, or of another version
/// than the one that it fetches.
pub fn checksums(view: &SpecView<'_>, found: &mut Diagnostics) {
    let versions = &view.platform.versions;
    for download in bootstrap::DOWNLOADS {
        let Some(written) = versions.download(download.name) else { continue };
        let version = versions.of(download.of);
        let wrong = match written.digest() {
            None => format!("`{}` gives no checksum", download.name),
            Some(_) if written.tag() != &*version => {
                format!(
                    "`{}` is the checksum of {}, and {} {version} is fetched",
                    download.name,
                    written.tag(),
                    download.of.name
                )
            }
            Some(_) => continue,
        };
        let place =
            Place::Value { file: VERSIONS.into(), path: FieldPath::root().key(download.name) };
        found.push(
            Diagnostic::error(code::CHECKSUM_UNUSABLE, place, wrong)
                .help(format!(
                    "write `{}: {version}@sha256:` and the 64 digits that its publisher gives for \
                     this version",
                    download.name
                ))
                .note(format!(
                    "without the line, the checksum of {} that espalier knows is used, and of any \
                     other version the publisher's own file",
                    download.of.tested
                )),
        );
    }
}

fn major(version: &str) -> &str {
    version.split('.').next().unwrap_or_default()
}

/// As YAML takes it for a text: `17.9` alone is a number.
fn written_as(version: &str) -> String {
    if version.parse::<f64>().is_ok() { format!("\"{version}\"") } else { version.to_owned() }
}
