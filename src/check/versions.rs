//! `checksum-unusable`, `untested-version`, `postgresql-major`: what the charts' facts and the
//! measured figures do not cover.

use std::sync::Arc;

use super::{pairs, rule::rules, view::SpecView};
use crate::{
    diag::{
        diagnostic::{Diagnostics, Place},
        path::FieldPath,
        suggest,
    },
    facts::{
        bootstrap,
        versions::{self, Pin},
    },
    platform::{files::VERSIONS, versions::Versions},
};

rules! {
    /// A checksum that the bootstrap script cannot use.
    error CHECKSUM_UNUSABLE = "checksum-unusable":
    Spec(checksums);

    /// A version that was not tested with the rest.
    warning UNTESTED_VERSION = "untested-version",
    /// A PostgreSQL of another major version.
    error POSTGRESQL_MAJOR = "postgresql-major":
    Spec(tested);

    /// A version is pinned for something that is not there.
    error UNKNOWN_VERSION = "unknown-version":
    Load;
}

/// The names of all charts, images and downloads whose version can be pinned.
pub fn names() -> impl Iterator<Item = &'static str> {
    versions::ALL.iter().map(|it| it.name).chain(bootstrap::DOWNLOADS.iter().map(|it| it.name))
}

/// Pins of what is not there. `file` is the one that they were read from.
pub fn pinned(pins: &Versions, file: &Arc<str>, found: &mut Diagnostics) {
    for name in pins.names().filter(|name| names().all(|it| it != *name)) {
        let place = Place::Key { file: file.clone(), path: FieldPath::root().key(name.to_owned()) };
        let finding = UNKNOWN_VERSION.at(
            place,
            format!("`{name}` is not a chart, an image or a download whose version can be pinned"),
        );
        found.push(match suggest::nearest(name, names()) {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None => finding.help(format!("there are: {}", names().collect::<Vec<_>>().join(", "))),
        });
    }
}

/// Pins that differ from the tested set.
pub fn tested(view: &SpecView<'_>, found: &mut Diagnostics) {
    for pin in versions::ALL {
        if let Some(written) = view.platform.versions.written(pin)
            && written != pin.tested
            && !pairs::is_unsupported(view, pin)
        {
            let place =
                Place::Value { file: VERSIONS.into(), path: FieldPath::root().key(pin.name) };
            let what = match pin {
                versions::HELM => "the charts were rendered with",
                versions::K3S => {
                    "the node's reserved resources and the cluster's own pods are those of"
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
                found.push(POSTGRESQL_MAJOR.at(place, message).help(help).note(
                    "a new major version needs a dump and a restore, and version 18 moved the \
                         data folder",
                ));
                continue;
            }
            found.push(
                UNTESTED_VERSION
                    .at(place, format!("`{}` {} is not the tested version", pin.name, written))
                    .note(format!("{what} {}", pin.tested))
                    .help(format!(
                        "write `{}: {}`, or test this version before you rely on it",
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
            Some(_) if written.tag() != version => {
                format!(
                    "`{}` is the checksum of {}, but {} {version} is downloaded",
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
            CHECKSUM_UNUSABLE
                .at(place, wrong)
                .help(format!(
                    "write `{}: {version}@sha256:` and the 64 digits that its publisher gives for \
                     this version",
                    download.name
                ))
                .note(format!(
                    "without this line, the checksum that espalier knows is used for {}, and the \
                     publisher's own checksum file for any other version",
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
