//! `sealing-certificate-invalid`, `sealing-certificate-missing`, `sealing-certificate-expires`,
//! `sealed-with-another-certificate`: what values are sealed with.

use std::sync::Arc;

use super::{rule::rules, view::SpecView};
use crate::{
    diag::{
        diagnostic::{Diagnostic, Diagnostics, Place},
        path::FieldPath,
    },
    platform::{
        files::{SEALING, SECRETS},
        sealed::{SealedStore, SealingCertificate},
    },
    seal::certificate::Certificate,
    yaml::source::Source,
};

rules! {
    /// `spec/sealing.pem` is not a usable certificate.
    error SEALING_CERTIFICATE_INVALID = "sealing-certificate-invalid",
    /// Values are sealed, and `spec/sealing.pem` is not there.
    warning SEALING_CERTIFICATE_MISSING = "sealing-certificate-missing":
    Load;

    /// Sealed with another certificate.
    warning SEALED_WITH_ANOTHER_CERTIFICATE = "sealed-with-another-certificate":
    Spec(another);

    /// The sealing certificate has expired, or will soon.
    warning SEALING_CERTIFICATE_EXPIRES = "sealing-certificate-expires":
    Clock;
}

/// How many days before its end a certificate is reported.
const WARN_DAYS: i64 = 30;
const DAY: i64 = 24 * 60 * 60;

/// Reads `spec/sealing.pem`.
pub fn read(source: &Source, found: &mut Diagnostics) -> Option<SealingCertificate> {
    if source.conflicts().next().is_some() {
        found.extend(source.conflicts().cloned());
        return None;
    }
    match Certificate::parse(source.text.as_bytes()) {
        Ok(certificate) => Some(SealingCertificate {
            fingerprint: certificate.fingerprint().parse().ok()?,
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
        }),
        Err(why) => {
            found.push(
                SEALING_CERTIFICATE_INVALID.at(
                    Place::File(source.file.clone()),
                    why.to_string(),
                )
                .help(
                    "`espalier seal init` creates a key pair and writes its certificate there; with \
                     `--certificate FILE` or `--from-cluster` it uses an existing one",
                ),
            );
            None
        }
    }
}

/// Values are sealed with a certificate that is not there any more.
pub fn missing(sealed: &SealedStore, found: &mut Diagnostics) {
    let files = sealed.files().filter(|it| it.1.certificate.is_some()).count();
    if files > 0 {
        let message = format!(
            "{files} credentials are sealed, but there is no certificate to seal another one with"
        );
        let message = if files == 1 {
            message.replace("1 credentials are", "1 credential is")
        } else {
            message
        };
        found.push(
            SEALING_CERTIFICATE_MISSING
                .at(Place::File(SEALING.into()), message)
                .help(
                    "`git checkout HEAD -- spec/sealing.pem` restores it if it was committed; \
                 otherwise `espalier seal init --from-key` creates a new one for the private key",
                )
                .note(
                    "a new node gets the certificate and the private key together, so \
                 `bootstrap/bootstrap.sh up` stops without it",
                ),
        );
    }
}

/// Values that were sealed with another certificate than the one that new ones are sealed with.
pub fn another(view: &SpecView<'_>, found: &mut Diagnostics) {
    let Some(sealing) = &view.platform.sealing else { return };
    for (name, credential) in view.platform.sealed.files() {
        if credential.certificate.as_ref().is_none_or(|it| *it == sealing.fingerprint) {
            continue;
        }
        let file: Arc<str> = format!("{SECRETS}{name}.yaml").into();
        let path = FieldPath::root().key("spec").key("certificate");
        found.push(
            SEALED_WITH_ANOTHER_CERTIFICATE.at(
                Place::Value { file, path },
                format!(
                    "`{name}` was sealed with another certificate than `{SEALING}`: only a \
                     controller that still has its key can unseal it"
                ),
            )
            .help(
                "`espalier seal --reseal` unseals such values with the old private key and seals \
                 them again; if a key is not at its default path, name the old one with `--key \
                 FILE` and the certificate's with `--private-key FILE`; without the old key you \
                 need the values themselves",
            ),
        );
    }
}

/// What the certificate's dates mean at a moment (seconds since 1970, UTC): the only rule that time
/// has a say in, so the driver asks it.
pub fn validity(sealing_certificate: &SealingCertificate, now: i64) -> Option<Diagnostic> {
    let place = Place::File(SEALING.into());
    let expires = |message: String| SEALING_CERTIFICATE_EXPIRES.at(place, message);
    let days = (sealing_certificate.not_after - now).div_euclid(DAY);
    let renew = "values that are already sealed can still be unsealed; for new ones, `espalier seal \
                 init --replace` creates another key pair and prints the next steps: the controller \
                 gets its key beside the old one, and `espalier seal --reseal` seals the old \
                 values again";
    if now < sealing_certificate.not_before {
        Some(
            expires("the sealing certificate is not valid yet".to_owned())
                .help("check the clock of this machine, and the certificate"),
        )
    } else if days < 0 {
        Some(
            expires(
                "the sealing certificate has expired: nothing can be sealed with it".to_owned(),
            )
            .help(renew),
        )
    } else if days < WARN_DAYS {
        let days = if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
        Some(expires(format!("the sealing certificate expires in {days}")).help(renew))
    } else {
        None
    }
}
