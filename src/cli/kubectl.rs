//! What kubectl says of the user's cluster.

use std::process::Command;

use anyhow::{Context as _, bail};

/// What kubectl prints; `what` is what it is asked for, for who reads an error.
///
/// # Errors
/// When it cannot be run, or refuses.
#[expect(
    clippy::disallowed_methods,
    reason = "kubectl, with the user's own environment: it reads the user's kubeconfig"
)]
pub fn said(words: &[&str], what: &str) -> anyhow::Result<Vec<u8>> {
    let done = Command::new("kubectl").args(words).output();
    let done = done.context("cannot run kubectl: is it installed?")?;
    if !done.status.success() {
        bail!("kubectl cannot get {what}: {}", String::from_utf8_lossy(&done.stderr).trim());
    }
    Ok(done.stdout)
}
