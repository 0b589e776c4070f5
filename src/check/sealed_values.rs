//! Values that are sealed in a workspace's own resource.

use super::{
    certificate::SEALED_WITH_ANOTHER_CERTIFICATE,
    components::COMPONENT_NEEDED,
    sealed_files::{CIPHERTEXT_INVALID, SEALED_NAME},
    view::{SpecView, TenantView},
};
use crate::{
    diag::{
        diagnostic::{Diagnostics, Place},
        path::FieldPath,
    },
    names::{DnsLabel, Fingerprint},
    platform::files::SEALING,
    seal::form::is_sealed,
};

/// What is sealed at one place, for one Secret.
pub struct SealedValues<'a> {
    /// Where it is.
    pub path: FieldPath,
    /// The values, by their keys.
    pub values: &'a [(&'static str, &'a String)],
    /// What they were sealed with.
    pub certificate: Option<&'a Fingerprint>,
    /// The end of the Secret's name.
    pub suffix: Option<&'a DnsLabel>,
    /// What needs them, as a sentence begins.
    pub owner: &'static str,
    /// What of the resource needs them.
    pub needs: FieldPath,
    /// How to seal them again, as a sentence.
    pub again: String,
}

impl SealedValues<'_> {
    /// Whether they are sealed, with the right certificate, and will be opened.
    pub fn check(&self, view: &TenantView<'_>, found: &mut Diagnostics) {
        let Self { path, again, .. } = self;
        let value = |path: FieldPath| Place::Value { file: view.file.clone(), path };
        for (key, text) in self.values {
            // A wrong value is never shown: it may be the secret itself.
            if let Err(why) = is_sealed(text) {
                let place = Place::Key { file: view.file.clone(), path: path.key(*key) };
                let finding = CIPHERTEXT_INVALID.at(place, format!("`{key}` is not sealed: {why}"));
                found.push(finding.help(format!(
                    "{again}; anyone who can read the repository knows a value that was committed \
                     unsealed: change it"
                )));
            }
        }
        let platform = view.plan.platform();
        if let (Some(its), Some(now)) = (self.certificate, &platform.sealing)
            && *its != now.fingerprint
        {
            let message = format!(
                "the password was sealed with another certificate than `{SEALING}`: only a \
                 controller that still has its key can unseal it"
            );
            let place = value(path.key("certificate"));
            found.push(SEALED_WITH_ANOTHER_CERTIFICATE.at(place, message).help(again.clone()));
        }
        if self.suffix.is_none() {
            let message = "the Secret has the same name after its value changes: pods keep the old \
                           value until something else replaces them";
            let place = Place::Key { file: view.file.clone(), path: path.clone() };
            found.push(SEALED_NAME.warning_at(place, message).help(again.clone()));
        }
        if !platform.spec.components.sealed_secrets.enabled {
            let spec = SpecView { platform, file: view.plan.file() };
            let message = format!(
                "{} needs `sealedSecrets`, which is disabled: it unseals the password",
                self.owner
            );
            found.push(
                COMPONENT_NEEDED
                    .at(spec.component(&["sealedSecrets", "enabled"]), message)
                    .related(value(self.needs.clone()), "needs it")
                    .help("write `enabled: true`"),
            );
        }
    }
}
