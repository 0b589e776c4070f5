//! Sealing the passwords of a workspace into the workspace's own resource: its first
//! administrator's, and that of its database.

use rsa::rand_core::CryptoRngCore;

use crate::{
    components::workspace::{
        administrator::{self, SealedSecrets},
        database::{self, DatabaseRole, SealedPassword},
    },
    names::DnsLabel,
    seal::{
        certificate::Certificate,
        random, scram,
        value::{self, SealingScope},
    },
    sealing::SealingError,
};

/// The credential, as errors call it.
const NAME: &str = "administrator";
/// Letters and digits of the key that signs sessions.
const KEY_LENGTH: usize = 48;
/// The credential of a database, as errors call it.
const ROLE: &str = "databaseRole";
/// Letters and digits of a role's password, which nobody needs to know.
const PASSWORD_LENGTH: usize = 32;

/// Seals a password, and a key that nobody needs to know, for the namespace of a workspace: in the
/// scope `strict`, under a name that no earlier value has (`old` is the ending of the last one), so
/// that a new value is a new Secret, and pods wait for it.
///
/// # Errors
/// When a value cannot be encrypted.
pub fn seal(
    certificate: &Certificate,
    workspace: &DnsLabel,
    old: Option<&DnsLabel>,
    password: &[u8],
    random: &mut impl CryptoRngCore,
) -> Result<SealedSecrets, SealingError> {
    let suffix = another(old, random)?;
    let name = administrator::secret_name(workspace, Some(&suffix));
    let scope = SealingScope::Strict { namespace: workspace, name: &name };
    let key = random::password(random, KEY_LENGTH);
    let mut sealed = |what, bytes: &[u8]| {
        value::seal(certificate, scope, bytes, random)
            .map_err(|why| SealingError::Value(what, NAME, why))
    };
    let password = sealed("password", password)?;
    let secret_key = Some(sealed("secretKey", key.as_bytes())?);
    let certificate = Some(certificate.fingerprint().parse().map_err(SealingError::Name)?);
    Ok(SealedSecrets { certificate, suffix: Some(suffix), password, secret_key })
}

/// Makes a password for the role of a workspace, seals it for the workspace's namespace, and
/// computes what PostgreSQL keeps of it. Nobody else ever has it.
///
/// # Errors
/// When it cannot be encrypted.
pub fn role(
    certificate: &Certificate,
    workspace: &DnsLabel,
    old: Option<&DnsLabel>,
    random: &mut impl CryptoRngCore,
) -> Result<DatabaseRole, SealingError> {
    let suffix = another(old, random)?;
    let name = database::secret_name(workspace, Some(&suffix));
    let scope = SealingScope::Strict { namespace: workspace, name: &name };
    let made = random::password(random, PASSWORD_LENGTH);
    let verifier = scram::verifier(&made, random).parse().map_err(SealingError::Name)?;
    let password = value::seal(certificate, scope, made.as_bytes(), random)
        .map_err(|why| SealingError::Value("password", ROLE, why))?;
    let certificate = Some(certificate.fingerprint().parse().map_err(SealingError::Name)?);
    Ok(DatabaseRole {
        verifier,
        sealed: SealedPassword { certificate, suffix: Some(suffix), password },
    })
}

/// An ending that is not the last one.
fn another(
    old: Option<&DnsLabel>,
    random: &mut impl CryptoRngCore,
) -> Result<DnsLabel, SealingError> {
    loop {
        let drawn = random::suffix(random);
        if old.is_none_or(|it| **it != *drawn) {
            return drawn.parse().map_err(SealingError::Name);
        }
    }
}
