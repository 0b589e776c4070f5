//! Sealing as Sealed Secrets does: the certificate, the key pair behind it, values, and the random
//! words that are worth sealing; and beside it, the certificates of authorities.
//!
//! Pure like its neighbours: the random source and the time are passed in. What is sealed opens for
//! the controller in the cluster, which has the private key; and in `open`, for a user who keeps a
//! copy of it and hands it in.

pub mod authority;
pub mod certificate;
pub mod form;
#[cfg(feature = "seal")]
pub mod hash;
#[cfg(feature = "seal")]
pub mod key_pair;
#[cfg(feature = "seal")]
pub mod open;
mod pem;
#[cfg(feature = "seal")]
pub mod private_key;
#[cfg(feature = "seal")]
pub mod random;
#[cfg(feature = "seal")]
pub mod scram;
#[cfg(feature = "seal")]
pub mod value;
