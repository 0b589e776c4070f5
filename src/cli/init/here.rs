//! What Git and the folder say about a new platform: repository, branch, path, name.

use std::{
    env,
    path::{Path, PathBuf},
    str::FromStr as _,
};

use anyhow::Context as _;

use crate::{
    cli::{git::Git, shell::quoted},
    names::{DnsLabel, GitUrl},
};

/// A value and its source.
pub(super) struct Known {
    /// The value; the spec may still reject it.
    pub value: String,
    /// Where the value is from, as text.
    pub from: String,
}

/// The values that are known without asking the user.
#[derive(Default)]
pub(super) struct Here {
    /// The platform's name, from the folder's.
    pub name: Option<Known>,
    /// The repository's URL, from the remote.
    pub repository: Option<Known>,
    /// The branch that Argo CD will follow.
    pub branch: Option<Known>,
    /// The platform's folder in the repository, unless it is the top.
    pub path: Option<Known>,
    /// Notes about the repository's URL, for when no flag gives it.
    pub notes: Vec<String>,
    /// A note about the branch, for when no flag gives it.
    pub branch_note: Option<String>,
}

impl Here {
    /// Examines a folder, which need not exist yet.
    ///
    /// # Errors
    /// When Git cannot be run, or the current folder is unknown.
    pub(super) fn look(folder: &Path) -> anyhow::Result<Self> {
        let folder = absolute(folder)?;
        let mut here = Self {
            name: folder.file_name().and_then(|it| name(&it.to_string_lossy())),
            ..Self::default()
        };
        let git = match Git::of(&folder) {
            Ok(git) => git,
            Err(why) => {
                here.notes.push(format!(
                    "{why:#}: Argo CD reads the platform from one, so give its URL and branch \
                     yourself"
                ));
                return Ok(here);
            }
        };
        let path = git.path("");
        let path = path.trim_end_matches('/');
        if !path.is_empty() {
            here.path = Some(Known {
                value: path.to_owned(),
                from: "the path of this folder in the repository".to_owned(),
            });
        }
        let current = git.knows(&["symbolic-ref", "--quiet", "--short", "HEAD"])?;
        let remote = remote(&git, current.as_deref())?;
        let is_detached = current.is_none();
        here.branch = branch(&git, remote.as_deref(), current)?;
        if is_detached {
            here.branch_note = Some(match &here.branch {
                Some(branch) => format!(
                    "no branch is checked out here, so the spec names {}; `--branch BRANCH` \
                     names another one",
                    branch.from
                ),
                None => "no branch is checked out here, so the spec names `main`, which may not \
                         exist; `--branch BRANCH` names another one"
                    .to_owned(),
            });
        }
        match remote {
            Some(remote) => here.ask_remote(&git, &remote)?,
            None => here.notes.push(without_remote(&git)?),
        }
        Ok(here)
    }

    /// Uses the URL of a remote if Argo CD can fetch from it. Credentials in a web URL (before `@`)
    /// are removed.
    fn ask_remote(&mut self, git: &Git, remote: &str) -> anyhow::Result<()> {
        // First the URL as configured: `insteadOf` may turn it into one that works only on this
        // machine.
        let written = git.knows(&["config", "--get", &format!("remote.{remote}.url")])?;
        let resolved = git.knows(&["remote", "get-url", remote])?;
        for url in [written, resolved].into_iter().flatten() {
            let bare = without_credentials(&url);
            if GitUrl::from_str(&bare).is_ok() {
                let kept = if bare == url { "" } else { ", without the credentials in it" };
                self.repository =
                    Some(Known { value: bare, from: format!("the remote `{remote}`{kept}") });
                return Ok(());
            }
        }
        let url =
            git.knows(&["config", "--get", &format!("remote.{remote}.url")])?.unwrap_or_default();
        self.notes.push(unfit(remote, &without_credentials(&url)));
        Ok(())
    }
}

/// The remote of the branch, else `origin`, else the only one.
fn remote(git: &Git, branch: Option<&str>) -> anyhow::Result<Option<String>> {
    let all = git.knows(&["remote"])?.unwrap_or_default();
    let all: Vec<&str> = all.lines().collect();
    let upstream = match branch {
        Some(branch) => git.knows(&["config", "--get", &format!("branch.{branch}.remote")])?,
        None => None,
    };
    let known = |name: &str| all.iter().find(|it| **it == name).copied();
    let only = || if let [one] = *all { Some(one) } else { None };
    Ok(upstream
        .as_deref()
        .and_then(known)
        .or_else(|| known("origin"))
        .or_else(only)
        .map(str::to_owned))
}

/// The default branch of the remote, if it has one already, because the current branch may be about
/// to be merged into it; else the current branch.
fn branch(
    git: &Git,
    remote: Option<&str>,
    current: Option<String>,
) -> anyhow::Result<Option<Known>> {
    let default = match remote {
        Some(remote) => git.knows(&[
            "symbolic-ref",
            "--quiet",
            "--short",
            &format!("refs/remotes/{remote}/HEAD"),
        ])?,
        None => None,
    };
    let prefix = format!("{}/", remote.unwrap_or_default());
    let default = default.and_then(|it| it.strip_prefix(&prefix).map(str::to_owned));
    if let Some(default) = default {
        let there = git.knows(&[
            "rev-parse",
            "--verify",
            "--quiet",
            &format!("refs/remotes/{prefix}{default}^{{commit}}"),
        ])?;
        if there.is_some() && current.as_ref() != Some(&default) {
            return Ok(Some(Known {
                value: default,
                from: format!("the default branch of `{}`", prefix.trim_end_matches('/')),
            }));
        }
    }
    if current.is_some() {
        return Ok(
            current.map(|value| Known { value, from: "the branch that is checked out".to_owned() })
        );
    }
    // Of the branches known here: `main`, else the only one.
    let names = git.says(&["for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads"])?;
    let theirs = git.says(&[
        "for-each-ref",
        "--format=%(refname:lstrip=3)",
        &format!("refs/remotes/{prefix}"),
    ])?;
    let mut names: Vec<&str> = names
        .lines()
        .chain(theirs.lines().filter(|it| *it != "HEAD" && remote.is_some()))
        .collect();
    names.sort_unstable();
    names.dedup();
    let known =
        |value: &str, from: &str| Some(Known { value: value.to_owned(), from: from.to_owned() });
    Ok(match *names {
        [one] => known(one, "the only branch known here"),
        _ if names.contains(&"main") => known("main", "one of the branches known here"),
        _ => None,
    })
}

/// Why there is no remote to use.
fn without_remote(git: &Git) -> anyhow::Result<String> {
    let all = git.knows(&["remote"])?.unwrap_or_default();
    let names: Vec<String> = all.lines().map(|it| format!("`{it}`")).collect();
    Ok(match &*names {
        [] => "this repository has no remote yet: add the one that Argo CD reads with `git \
               remote add origin URL`"
            .to_owned(),
        [first @ .., last] => format!(
            "this repository has the remotes {} and {last}, but none is called `origin`: name \
             the one that Argo CD reads with `--repository URL`",
            first.join(", ")
        ),
    })
}

/// A note about a URL that Argo CD cannot fetch from, with a replacement.
fn unfit(remote: &str, url: &str) -> String {
    let scp = url
        .split_once(':')
        .filter(|it| !it.0.contains(['/', '@', '\\']) && it.0.len() > 1 && !it.1.starts_with("//"));
    let meant = match (url.strip_prefix("git://"), scp) {
        (Some(rest), _) => Some(format!("https://{rest}")),
        (None, Some(_)) => Some(format!("git@{url}")),
        (None, None) => Some(url.trim().replace(' ', "%20")),
    };
    let meant = meant.filter(|it| GitUrl::from_str(it).is_ok());
    let help = meant.map_or_else(
        || "say with `--repository URL` where Argo CD finds this repository".to_owned(),
        |it| format!("if it is available there too, use `--repository {}`", quoted(&it)),
    );
    format!(
        "the remote `{remote}` has the URL `{url}`, which Argo CD cannot fetch from (only https \
         and ssh): {help}"
    )
}

/// A web URL without user and password; other URLs are unchanged.
fn without_credentials(url: &str) -> String {
    let web = ["https://", "http://"]
        .into_iter()
        .find_map(|scheme| Some((scheme, url.strip_prefix(scheme)?)));
    let Some((scheme, rest)) = web else { return url.to_owned() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    format!("{scheme}{}{path}", authority.rsplit_once('@').map_or(authority, |it| it.1))
}

/// The platform's name, derived from that of the folder; none if no valid name is left.
fn name(folder: &str) -> Option<Known> {
    let lower = folder.to_lowercase();
    let words: Vec<&str> = lower
        .split(|character: char| !character.is_ascii_lowercase() && !character.is_ascii_digit())
        .filter(|it| !it.is_empty())
        .collect();
    let all = words.join("-");
    let value = all.get(..63).unwrap_or(&all).trim_end_matches('-').to_owned();
    DnsLabel::from_str(&value).ok()?;
    let how = match (value == folder, value.len() < all.len()) {
        (true, _) => String::new(),
        (false, false) => format!(" `{folder}`, changed to a valid name"),
        (false, true) => format!(" `{folder}`, cut to {} characters", value.len()),
    };
    Some(Known { value, from: format!("this folder's name{how}") })
}

/// The absolute path of the folder, with symbolic links resolved as far as it exists.
#[expect(clippy::disallowed_methods, reason = "a new platform is where a person works")]
fn absolute(folder: &Path) -> anyhow::Result<PathBuf> {
    let full = env::current_dir().context("cannot determine the current folder")?.join(folder);
    let there = full.ancestors().find_map(|it| Some((it, it.canonicalize().ok()?)));
    let Some((above, real)) = there else { return Ok(full) };
    let rest = full.strip_prefix(above).unwrap_or(Path::new(""));
    Ok(if rest.as_os_str().is_empty() { real } else { real.join(rest) })
}

#[cfg(test)]
mod tests {
    use super::{name, without_credentials};

    #[test]
    fn folders_are_called_many_things() {
        let named = |text: &str| name(text).map(|it| it.value);
        assert_eq!(named("Platform (new)").as_deref(), Some("platform-new"));
        assert_eq!(named(".dotted_name.git").as_deref(), Some("dotted-name-git"));
        assert_eq!(named(&"ab".repeat(40)).map(|it| it.len()), Some(63));
        assert_eq!(named("…"), None);
        let from = |text: &str| name(text).map(|it| it.from);
        assert_eq!(from("garden").as_deref(), Some("this folder's name"));
        assert_eq!(
            from("My_Garden").as_deref(),
            Some("this folder's name `My_Garden`, changed to a valid name")
        );
        assert!(
            from(&"ab".repeat(40)).is_some_and(|it| it.ends_with("`, cut to 63 characters")),
            "nothing changes without a word"
        );
    }

    #[test]
    fn credentials_stay_here() {
        assert_eq!(
            without_credentials("https://u:p@w@git.garden.dev/a@b.git"),
            "https://git.garden.dev/a@b.git"
        );
        assert_eq!(without_credentials("git@git.garden.dev:a/b.git"), "git@git.garden.dev:a/b.git");
        assert_eq!(without_credentials("https://token@host"), "https://host");
    }
}
