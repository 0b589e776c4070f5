//! The Git repository that Argo CD reads.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::outside::{Outside, Role};
use crate::names::{Cidr, GitBranch, GitUrl, RelativePath, SpecFile, openpgp::SigningKey};

/// The Git repository that Argo CD reads the tree from.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Repository {
    /// URL of the Git repository, as Argo CD fetches it: `spec.source.repoURL` of every
    /// Application. Without user name and password.
    #[schemars(example = &"https://github.com/owner/platform.git", example = &"ssh://git@git.example.org/team/platform.git")]
    pub url: GitUrl,
    /// Branch that Argo CD follows: `spec.source.targetRevision` of the Applications.
    #[serde(default = "main")]
    #[schemars(example = &"main")]
    pub branch: GitBranch,
    /// Network of the Git server, where its name leads to a private address: the NetworkPolicy of
    /// Argo CD's repo-server opens the port of `url` to it. Absent: the server is on the internet,
    /// or has the address that `url` names.
    #[schemars(example = &"192.168.7.0/24")]
    pub cidr: Option<Cidr>,
    /// File in `spec/` with the keys by which the Git server is known, where `url` is one of SSH: a
    /// text as `known_hosts` has it, `configs.ssh.extraHosts` in the values of Argo CD's chart.
    /// Absent: the keys that Argo CD's chart brings, of github.com, gitlab.com, bitbucket.org and
    /// Azure.
    #[schemars(example = &"known_hosts")]
    pub host_keys: Option<SpecFile>,
    /// File in `spec/` with the certificates of the authorities that certify the Git server, where
    /// `url` begins with `https://`: certificates in PEM form, `configs.tls.certificates` in the
    /// values of Argo CD's chart. Absent: the authorities that the image of Argo CD knows.
    #[schemars(example = &"git-ca.pem")]
    pub ca: Option<SpecFile>,
    /// Folder of the platform in the repository, before `spec.source.path` of every Application.
    /// `.` is the repository's root.
    #[serde(default = "here")]
    #[schemars(example = &"clusters/production")]
    pub path: RelativePath,
    /// OpenPGP public keys, as `gpg --armor --export KEY` writes them: `spec.signatureKeys` of the
    /// AppProjects. Argo CD then refuses every commit that none of these keys has signed. Absent:
    /// signatures are not checked, and whoever can push to the branch decides what runs.
    #[serde(default)]
    #[schemars(extend("examples" = [["-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDMEZ…\n-----END PGP PUBLIC KEY BLOCK-----\n"]]))]
    pub signed_by: Vec<SigningKey>,
    /// Which Git revision the Applications follow: `spec.source.targetRevision`. The root
    /// Application always follows the branch.
    #[serde(default)]
    #[schemars(example = &"tag")]
    pub pin: Pin,
}

/// Which Git revision the Applications follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Pin {
    /// The branch: a commit reaches all Applications at once, so sync waves order only the first
    /// installation.
    #[default]
    Branch,
    /// A tag that is named by the content and made by `espalier release`: every change goes through
    /// the root Application, sync wave by sync wave.
    Tag,
}

fn main() -> GitBranch {
    "main".parse().expect("`main` is a branch name")
}

fn here() -> RelativePath {
    ".".parse().expect("`.` is a path")
}

/// The Git server.
const SERVER: Role = Role {
    what: "the Git server",
    caller: "Argo CD",
    without: "Argo CD then cannot fetch the repository, nor the commit that would mend it",
    host: &["repository", "url"],
    cidr: &["repository", "cidr"],
};

/// How the server of a repository proves that it is itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// By a certificate.
    Certificate,
    /// By the key of its SSH host.
    HostKey,
    /// Not at all.
    Nothing,
}

impl Repository {
    /// How its server proves that it is itself.
    pub fn proof(&self) -> Proof {
        match self.url.split_once("://") {
            Some(("https", _)) => Proof::Certificate,
            Some(("http", _)) => Proof::Nothing,
            _ => Proof::HostKey,
        }
    }

    /// The server that Argo CD fetches it from.
    pub fn server(&self) -> Outside {
        Outside::new(SERVER, self.url.host(), self.url.port(), self.cidr.as_ref())
    }

    /// The fully qualified reference, which spares Argo CD a look at all the others.
    pub fn revision(&self) -> String {
        format!("refs/heads/{}", self.branch)
    }

    /// The repository's path of something in the platform's folder.
    pub fn path(&self, below: &str) -> String {
        match &*self.path {
            "." => below.to_owned(),
            folder => format!("{folder}/{below}"),
        }
    }
}
