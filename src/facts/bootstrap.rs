//! What the bootstrap script downloads to the node, and what its acceptance test takes for right.

use super::{
    open_webui,
    versions::{HELM, K3S, Pin},
};

/// A file of a publisher that the bootstrap script fetches.
#[derive(Clone, Copy, Debug)]
pub struct Download {
    /// Its name in `spec/versions.yaml`, where its checksum is given as
    /// `<version>@sha256:<digits>`.
    pub name: &'static str,
    /// What it is a release of.
    pub of: Pin,
    /// The SHA-256 of the tested version, which two owners' public repositories quote besides its
    /// publisher.
    pub tested: &'static str,
}

/// All of them: what is fetched for each architecture.
pub const DOWNLOADS: [Download; 4] = [
    Download {
        name: "helm-amd64",
        of: HELM,
        tested: "479dca836e5b45e8bd222400c5591b0e3a647378f03ff96597180db97c17fdae",
    },
    Download {
        name: "helm-arm64",
        of: HELM,
        tested: "596b9a73d366c1e72ce67d595c22805480e30914593aafbc9f547694e72814db",
    },
    Download {
        name: "k3s-amd64",
        of: K3S,
        tested: "12f81c9bb5b71e098a4f7a2d187e350902a9339a6c3d5e56c20a03f7a417e07f",
    },
    Download {
        name: "k3s-arm64",
        of: K3S,
        tested: "898476e008704289382377ef19946f23b511cf2678042cb5c8aef991e64f840a",
    },
];

/// The most tokens that the acceptance test takes for right where no chat says another number.
pub const PROMPT_TOKENS: u64 = open_webui::most_read(false);
