//! Hashes of passwords, for readers that want no more than that.

use std::fmt;

use rsa::rand_core::CryptoRngCore;
use zeroize::Zeroizing;

/// What Argo CD itself takes for its accounts (Go's `bcrypt.DefaultCost`).
const COST: u32 = 10;
/// Beyond this, bcrypt hears nothing: a longer password would be as good as its beginning.
const MAX_SIZE: usize = 72;

/// Why a password cannot be hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashError {
    /// It is longer than bcrypt reads.
    TooLong,
    /// The random source failed, or the library refused.
    Failed,
}

impl fmt::Display for HashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(
                f,
                "the password has more than {MAX_SIZE} bytes, and bcrypt ignores the rest"
            ),
            Self::Failed => f.write_str("the hash cannot be computed"),
        }
    }
}

impl std::error::Error for HashError {}

/// Whether bcrypt reads the whole of a password.
///
/// # Errors
/// When it is too long.
pub fn fits(password: &[u8]) -> Result<(), HashError> {
    if password.len() > MAX_SIZE { Err(HashError::TooLong) } else { Ok(()) }
}

/// The bcrypt hash of a password, as text (`$2b$10$…`).
///
/// # Errors
/// When the password is too long, or the random source fails.
pub fn bcrypt(
    password: &[u8],
    random: &mut impl CryptoRngCore,
) -> Result<Zeroizing<String>, HashError> {
    fits(password)?;
    let mut salt = [0; 16];
    random.try_fill_bytes(&mut salt).map_err(|_| HashError::Failed)?;
    let parts = bcrypt::hash_with_salt(password, COST, salt).map_err(|_| HashError::Failed)?;
    Ok(Zeroizing::new(parts.format_for_version(bcrypt::Version::TwoB)))
}
