//! What is said of a text that is no public key of a signer.

pub(in crate::names) fn private() -> String {
    "this is a private key, and whoever reads this file can sign with it now: revoke it; `gpg \
     --armor --export KEY` writes the public one"
        .to_owned()
}

pub(in crate::names) fn refused(why: &str) -> String {
    format!("this is not the public key of a signer: {why}; `gpg --armor --export KEY` writes one")
}
