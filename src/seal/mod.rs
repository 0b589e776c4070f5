//! Sealing as Sealed Secrets does: the certificate, the key pair behind it, values, and the random
//! words that are worth sealing.
//!
//! Pure like its neighbours: the random source and the time are passed in. What is sealed opens for
//! the controller in the cluster, which has the private key; and in `open`, for a user who keeps a
//! copy of it and hands it in.

pub mod certificate;
pub mod form;
pub mod hash;
pub mod key_pair;
pub mod open;
pub mod random;
pub mod value;
