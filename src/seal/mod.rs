//! Sealing as Sealed Secrets does: the certificate, the key pair behind it, values, and the random words that are worth sealing.
//!
//! Pure like its neighbours: the random source and the time are passed in. Nothing here opens what is sealed: only the controller in the cluster
//! has the private key, and whoever keeps its copy.

pub mod certificate;
pub mod form;
pub mod hash;
pub mod key_pair;
pub mod random;
pub mod value;
