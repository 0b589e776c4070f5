//! What Git and the folder say of a platform that is about to begin: repository, branch, path,
//! name.

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

/// A value, and where it was read.
pub struct Known {
    /// The value, as the spec takes it or nearly so.
    pub value: String,
    /// Where it is from, in a word or two.
    pub from: String,
}

/// What is known before anybody was asked.
#[derive(Default)]
pub struct Here {
    /// The platform's name, from the folder's.
    pub name: Option<Known>,
    /// The repository's URL, from the remote.
    pub repository: Option<Known>,
    /// The branch that Argo CD will follow.
    pub branch: Option<Known>,
    /// The platform's folder in the repository, where it is not the whole of it.
    pub path: Option<Known>,
    /// What a person should know about the repository's URL, where nothing else gives it.
    pub notes: Vec<String>,
    /// The same about the branch.
    pub branch_note: Option<String>,
}

impl Here {
    /// Looks at a folder, which need not be there yet.
    ///
    /// # Errors
    /// When Git cannot be run, or there is no telling where the folder is.
    pub fn look(folder: &Path) -> anyhow::Result<Self> {
        let folder = absolute(folder)?;
        let mut here = Self {
            name: folder.file_name().and_then(|it| name(&it.to_string_lossy())),
            ..Self::default()
        };
        let git = match Git::of(&folder) {
            Ok(git) => git,
            Err(why) => {
                here.notes.push(format!(
                    "{why:#}: Argo CD reads the platform from one, so its URL and branch are yours \
                     to give"
                ));
                return Ok(here);
            }
        };
        let path = git.path("");
        let path = path.trim_end_matches('/');
        if !path.is_empty() {
            here.path = Some(Known {
                value: path.to_owned(),
                from: "this folder in the repository".to_owned(),
            });
        }
        let current = git.knows(&["symbolic-ref", "--quiet", "--short", "HEAD"])?;
        let remote = remote(&git, current.as_deref())?;
        let is_detached = current.is_none();
        here.branch = branch(&git, remote.as_deref(), current)?;
        if is_detached {
            here.branch_note = Some(match &here.branch {
                Some(branch) => format!(
                    "no branch is checked out here, so it is {}; `--branch \
                                         NAME` says another",
                    branch.from
                ),
                None => {
                    "no branch is checked out here, so the spec says `main`, which may not exist; \
                     `--branch NAME` says another"
                        .to_owned()
                }
            });
        }
        match remote {
            Some(remote) => here.ask_remote(&git, &remote)?,
            None => here.notes.push(without_remote(&git)?),
        }
        Ok(here)
    }

    /// Takes a remote's URL when Argo CD can fetch it. What stands before `@` in a URL of the web
    /// are credentials: they stay here.
    fn ask_remote(&mut self, git: &Git, remote: &str) -> anyhow::Result<()> {
        // As it is written first: what `insteadOf` makes of it may be a way that only this machine
        // knows.
        let written = git.knows(&["config", "--get", &format!("remote.{remote}.url")])?;
        let resolved = git.knows(&["remote", "get-url", remote])?;
        for url in [written, resolved].into_iter().flatten() {
            let bare = without_credentials(&url);
            if GitUrl::from_str(&bare).is_ok() {
                let kept = if bare == url { "" } else { ", without its credentials" };
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

/// The remote's default branch where the remote has one already: what is checked out may be on its
/// way into it. Else what is checked out.
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
    if let Some(it) = default {
        let there = git.knows(&[
            "rev-parse",
            "--verify",
            "--quiet",
            &format!("refs/remotes/{prefix}{it}^{{commit}}"),
        ])?;
        if there.is_some() && current.as_ref() != Some(&it) {
            return Ok(Some(Known {
                value: it,
                from: format!("the default branch of `{}`", prefix.trim_end_matches('/')),
            }));
        }
    }
    if current.is_some() {
        return Ok(
            current.map(|value| Known { value, from: "the branch that is checked out".to_owned() })
        );
    }
    // Of the branches that are known here: `main`, else the only one.
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
        [one] => known(one, "the only branch that is known here"),
        _ if names.contains(&"main") => known("main", "one of the branches that are known here"),
        _ => None,
    })
}

/// Why no remote could be taken.
fn without_remote(git: &Git) -> anyhow::Result<String> {
    let all = git.knows(&["remote"])?.unwrap_or_default();
    let names: Vec<String> = all.lines().map(|it| format!("`{it}`")).collect();
    Ok(match &*names {
        [] => "this repository has no remote yet: `git remote add origin URL` names the one that \
               Argo CD reads"
            .to_owned(),
        [first @ .., last] => format!(
            "this repository has the remotes {} and {last}, and none is `origin`: `--repository \
             URL` says from which Argo CD reads",
            first.join(", ")
        ),
    })
}

/// What to write in place of a URL that Argo CD cannot fetch from.
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
        || "`--repository URL` says where Argo CD finds this repository".to_owned(),
        |it| format!("if it is there too, `--repository {}`", quoted(&it)),
    );
    format!(
        "the remote `{remote}` is at `{url}`, no URL that Argo CD can fetch from (https, ssh): \
         {help}"
    )
}

/// A URL without user and password, where it is one of the web.
fn without_credentials(url: &str) -> String {
    let web = ["https://", "http://"]
        .into_iter()
        .find_map(|scheme| Some((scheme, url.strip_prefix(scheme)?)));
    let Some((scheme, rest)) = web else { return url.to_owned() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    format!("{scheme}{}{path}", authority.rsplit_once('@').map_or(authority, |it| it.1))
}

/// The platform's name from a folder's; none where nothing is left of it.
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
        (false, false) => format!(" `{folder}`, as a platform can be called"),
        (false, true) => format!(" `{folder}`, cut to {} characters", value.len()),
    };
    Some(Known { value, from: format!("this folder's name{how}") })
}

/// The folder without links in its path, as far as it is there.
fn absolute(folder: &Path) -> anyhow::Result<PathBuf> {
    let full = env::current_dir().context("cannot tell which folder this is")?.join(folder);
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
            Some("this folder's name `My_Garden`, as a platform can be called")
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
