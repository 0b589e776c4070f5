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

    /// Where a browser shows a file of the platform's folder at the branch; none where the server
    /// is not known to show files, or how.
    pub fn page(&self, below: &str) -> Option<String> {
        let url = self.url.strip_suffix(".git").unwrap_or(&self.url);
        let (server, folder) = match url.split_once("://") {
            Some(("ssh", rest)) => {
                let (_, folder) = rest.split_once('/')?;
                (format!("https://{}", self.url.host()), folder)
            }
            Some((scheme, rest)) => {
                let (authority, folder) = rest.split_once('/')?;
                (format!("{scheme}://{authority}"), folder)
            }
            None => (format!("https://{}", self.url.host()), url.split_once(':')?.1),
        };
        let host = self.url.host();
        let is_of = |name: &str| host.split('.').any(|it| it == name);
        let shown = if is_of("github") {
            "blob"
        } else if is_of("gitlab") {
            "-/blob"
        } else if ["codeberg", "forgejo", "gitea"].into_iter().any(is_of) {
            "src/branch"
        } else {
            return None;
        };
        let folder = folder.trim_matches('/');
        Some(format!("{server}/{folder}/{shown}/{}/{}", self.branch, self.path(below)))
    }

    /// The repository's path of something in the platform's folder.
    pub fn path(&self, below: &str) -> String {
        match &*self.path {
            "." => below.to_owned(),
            folder => format!("{folder}/{below}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Repository;

    fn page(url: &str, more: &str) -> Option<String> {
        let text = format!("{{\"url\": \"{url}\"{more}}}");
        let repository: Repository = serde_json::from_str(&text).expect("a repository");
        repository.page("out/a.md")
    }

    #[test]
    fn servers_show_files_each_in_its_own_way() {
        for (url, expected) in [
            ("https://github.com/o/p.git", Some("https://github.com/o/p/blob/main/out/a.md")),
            ("git@github.com:o/p.git", Some("https://github.com/o/p/blob/main/out/a.md")),
            (
                "ssh://git@gitlab.example.org:2222/g/s/p.git",
                Some("https://gitlab.example.org/g/s/p/-/blob/main/out/a.md"),
            ),
            (
                "https://gitea.example.org:3000/o/p",
                Some("https://gitea.example.org:3000/o/p/src/branch/main/out/a.md"),
            ),
            ("https://codeberg.org/o/p", Some("https://codeberg.org/o/p/src/branch/main/out/a.md")),
            ("https://git.example.org/o/p.git", None),
        ] {
            assert_eq!(page(url, "").as_deref(), expected, "{url}");
        }
        let more = ", \"branch\": \"live\", \"path\": \"clusters/one\"";
        assert_eq!(
            page("https://github.com/o/p", more).as_deref(),
            Some("https://github.com/o/p/blob/live/clusters/one/out/a.md")
        );
    }
}
