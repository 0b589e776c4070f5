//! The Git repository that Argo CD reads.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::names::{Cidr, GitBranch, GitUrl, RelativePath, openpgp::SigningKey};

/// Where the tree is committed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Repository {
    /// Its URL, as Argo CD fetches it.
    pub url: GitUrl,
    /// The branch that Argo CD follows.
    #[serde(default = "main")]
    pub branch: GitBranch,
    /// The network of the repository's server, where that is no public address: Argo CD may leave
    /// to it, too.
    pub cidr: Option<Cidr>,
    /// The folder of the platform in the repository; `.` when it is the whole of it.
    #[serde(default = "here")]
    pub path: RelativePath,
    /// Public keys of those who may commit, as `gpg --armor --export KEY` writes them. Argo CD then
    /// applies nothing of a commit that none of them has signed; absent: whoever can write to the
    /// branch decides what runs.
    #[serde(default)]
    pub signed_by: Vec<SigningKey>,
    /// What an Application follows.
    #[serde(default)]
    pub pin: Pin,
}

/// What the Applications follow. The root always follows the branch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Pin {
    /// The branch: a commit reaches every Application at once, so that waves order the first
    /// install only.
    #[default]
    Branch,
    /// A tag that is named by the content: a change goes through the root, wave by wave. `espalier
    /// release` makes the tag.
    Tag,
}

fn main() -> GitBranch {
    "main".parse().unwrap_or_else(|_| unreachable!("`main` is a branch name"))
}

fn here() -> RelativePath {
    ".".parse().unwrap_or_else(|_| unreachable!("`.` is a path"))
}

impl Repository {
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
