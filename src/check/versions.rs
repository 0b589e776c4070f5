//! `untested-version`, `postgresql-major`: what the charts' facts and the measured figures do not cover.

use super::{code, rules::SpecView};
use crate::{
    diag::{
        diagnostic::{Diagnostic, Diagnostics, Place},
        path::FieldPath,
    },
    facts::versions,
    spec::read::VERSIONS,
};

/// Pins that differ from the tested set.
pub fn tested(view: &SpecView<'_>, found: &mut Diagnostics) {
    for pin in versions::ALL {
        if let Some(written) = view.platform.versions.written(pin)
            && written.tag() != pin.tested
        {
            let place = Place::Value { file: VERSIONS.into(), path: FieldPath::root().key(pin.name) };
            let what = if pin.image.is_some() {
                "the memory figures were measured on"
            } else {
                "the facts of the chart (pods, kinds) are those of"
            };
            if pin == versions::POSTGRESQL && major(written.tag()) != major(pin.tested) {
                let message = format!("PostgreSQL {} cannot open a volume of PostgreSQL {}", written.tag(), major(pin.tested));
                let help = format!("write `{}: {}`", pin.name, written_as(pin.tested));
                found.push(
                    Diagnostic::error(code::POSTGRESQL_MAJOR, place, message)
                        .help(help)
                        .note("a major version needs a dump and a restore, and version 18 moved its data folder"),
                );
                continue;
            }
            found.push(
                Diagnostic::warning(code::UNTESTED_VERSION, place, format!("`{}` {} is not the tested version", pin.name, written.tag()))
                    .note(format!("{what} {}", pin.tested))
                    .help(format!("write `{}: {}`, or try this version before you trust it", pin.name, written_as(pin.tested))),
            );
        }
    }
}

fn major(version: &str) -> &str {
    version.split('.').next().unwrap_or_default()
}

/// As YAML takes it for a text: `17.9` alone is a number.
fn written_as(version: &str) -> String {
    if version.parse::<f64>().is_ok() { format!("\"{version}\"") } else { version.to_owned() }
}
