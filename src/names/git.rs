//! Names in Git and paths below the root: URLs of repositories, branches and folders.

use super::validate::{Checked, is_device, is_label};

/// The host in a URL of Git, if there is one.
pub(super) fn host(s: &str) -> Option<&str> {
    let authority = match s.split_once("://") {
        Some((_, rest)) => rest.split('/').next()?,
        None => s.split_once(':')?.0,
    };
    let host = authority.rsplit_once('@').map_or(authority, |it| it.1);
    Some(host.split(':').next().unwrap_or(host))
}

/// The port in a URL of Git, or its scheme's own; `user@host:path` goes by SSH, and has no room for
/// a port.
pub(super) fn port(s: &str) -> u16 {
    let Some((scheme, rest)) = s.split_once("://") else { return 22 };
    let written =
        rest.split('/').next().and_then(|it| it.rsplit_once(':')).and_then(|it| it.1.parse().ok());
    written.unwrap_or(match scheme {
        "https" => 443,
        "http" => 80,
        _ => 22,
    })
}

pub(super) fn url(s: &str) -> Checked<'_> {
    let refuse = |why: &str| format!("`{s}` is not the URL of a Git repository: {why}");
    let shape =
        "write it like `https://github.com/owner/name.git` or `git@github.com:owner/name.git`";
    if s.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(refuse("it contains a space"));
    }
    let (authority, path) = match s.split_once("://") {
        Some(("https" | "http" | "ssh", rest)) => {
            rest.split_once('/').ok_or_else(|| refuse(shape))?
        }
        Some(_) => return Err(refuse("it must begin with `https://`, `http://` or `ssh://`")),
        None => s.split_once(':').filter(|it| it.0.contains('@')).ok_or_else(|| refuse(shape))?,
    };
    let (user, server) =
        authority.rsplit_once('@').map_or((None, authority), |it| (Some(it.0), it.1));
    if user.is_some_and(|it| it.contains(':') || s.starts_with("http")) {
        // The text itself is left out: it may hold a password.
        return Err(
            "the URL of the Git repository contains credentials: remove them, they belong in a \
             Secret"
                .to_owned(),
        );
    }
    let (host, port) = server.split_once(':').unwrap_or((server, "22"));
    let is_host = host.split('.').all(|it| is_label(&it.to_lowercase()));
    let is_port = port.parse::<u16>().is_ok_and(|it| it > 0);
    // What begins with `-` is an option to Git, ssh and the server's shell.
    if [user.unwrap_or_default(), server, path.trim_start_matches('/')]
        .iter()
        .any(|it| it.starts_with('-'))
    {
        return Err(refuse(
            "a part of it begins with `-`, which Git or ssh would read as an option",
        ));
    }
    let is_user = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    if !is_host || !is_port || !user.is_none_or(is_user) || path.trim_matches('/').is_empty() {
        return Err(refuse(shape));
    }
    // Servers and Git take such a path apart in different ways, so it is no name by which a
    // repository is known again.
    if let Some(part) = path.split('/').find(|it| is_dots(it)) {
        return Err(refuse(&format!(
            "`{part}` is not allowed in its path: write the path that it leads to"
        )));
    }
    Ok(s.into())
}

/// Whether a part of a path means this folder or the one above, also where `%2e` stands for a dot.
fn is_dots(part: &str) -> bool {
    matches!(&*part.to_ascii_lowercase().replace("%2e", "."), "." | "..")
}

pub(super) fn branch(s: &str) -> Checked<'_> {
    let refuse = |why: &str| Err(format!("`{s}` is not the name of a branch: {why}"));
    if s.is_empty() {
        return refuse("it is empty");
    }
    if let Some(c) =
        s.chars().find(|c| c.is_whitespace() || c.is_control() || "~^:?*[\\".contains(*c))
    {
        return refuse(&format!("it must not contain `{}`", c.escape_debug()));
    }
    let bad_part = |text: &str| {
        text.is_empty()
            || text.starts_with('.')
            || text.ends_with('.')
            || text.strip_suffix("lock").is_some_and(|it| it.ends_with('.'))
    };
    if s.len() > 250
        || s == "@"
        || s == "HEAD"
        || s.starts_with('-')
        || s.contains("..")
        || s.contains("@{")
        || s.split('/').any(bad_part)
    {
        return refuse("write it like `main` or `release/1.2`");
    }
    match s.strip_prefix("refs/heads/") {
        Some(short) => refuse(&format!("write `{short}`, without `refs/heads/`")),
        None => Ok(s.into()),
    }
}

pub(super) fn relative_path(s: &str) -> Checked<'_> {
    let refuse = |why: &str| Err(format!("`{s}` is not a path below the root: {why}"));
    let clean = s.strip_prefix("./").unwrap_or(s);
    let clean = clean.strip_suffix('/').unwrap_or(clean);
    if s == "." || s == "./" {
        Ok(".".into())
    } else if s.starts_with('/') {
        refuse("it begins with `/`")
    } else if s.contains('\\') {
        refuse("write `/` between folders")
    } else if s.chars().any(char::is_control) {
        refuse("it contains a control character")
    } else if clean.split('/').any(|it| it == "..") {
        refuse("`..` leads out of it")
    } else if clean.split('/').any(|it| it.is_empty() || it == ".") {
        refuse("write it like `clusters/prod`, or `.` for the root itself")
    } else if let Some(why) = clean.split('/').find_map(read_otherwise) {
        refuse(why)
    } else {
        Ok(clean.into())
    }
}

/// Why a folder's name is another thing to a shell, to Git or to another system; nothing where it
/// is a name to all of them.
fn read_otherwise(name: &str) -> Option<&'static str> {
    // `.GIT`, `.git.` and `git~1` are `.git` to a file system that folds case, drops dots at the
    // end, or shortens names.
    let is_git = |text: &str| {
        text.trim_end_matches(['.', ' ']).eq_ignore_ascii_case(".git")
            || text.eq_ignore_ascii_case("git~1")
    };
    if name.starts_with('-') {
        Some("most commands read a name that begins with `-` as an option")
    } else if name.starts_with('~') {
        Some("a shell reads a name that begins with `~` as a home folder")
    } else if name.starts_with(':') {
        Some("Git reads a name that begins with `:` as a pattern")
    } else if is_git(name) {
        Some("`.git` is reserved for Git")
    } else if is_device(name) {
        Some("it contains a device name of Windows, where no folder can have it")
    } else if name.contains(['<', '>', ':', '"', '|', '?', '*']) || name.ends_with(['.', ' ']) {
        Some(
            "Windows does not allow that folder name: none of `<>:\"|?*`, and no dot or space at \
             the end",
        )
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use crate::names::{GitBranch, GitUrl, RelativePath, tests::assert_names};

    #[test]
    fn urls_branches_and_folders() {
        assert_names::<GitUrl>(
            &[
                "https://github.com/o/n.git",
                "http://git.local:3000/o/n",
                "ssh://git@host:22/o/n",
                "git@github.com:o/n.git",
            ],
            &[
                ("https://user:secret@host/x", "credentials"),
                ("https://token@host/x", "credentials"),
                ("ftp://host/x", "must begin with"),
                ("github.com/o/n", "write it like"),
                ("https://github.com", "write it like"),
                ("https://github.com/", "write it like"),
                ("https://a b/c", "space"),
                ("https:///x", "write it like"),
                ("", "write it like"),
                // Options for Git, for ssh, and for the shell of the server.
                ("-q@git.example.com:x/y.git", "as an option"),
                ("-oProxyCommand=x@host:y", "as an option"),
                ("ssh://-q@host/x", "as an option"),
                ("ssh://-oProxyCommand=x/y", "as an option"),
                ("git@-host:x", "as an option"),
                ("git@host:-x/y", "as an option"),
                ("https://host/-x/y", "as an option"),
                // Other ways to write a path.
                ("https://host/o/../n", "`..` is not allowed"),
                ("https://host/o/./n.git", "`.` is not allowed"),
                ("https://host/o/%2E%2e/n", "is not allowed"),
                ("git@host:../n", "`..` is not allowed"),
                ("ssh://git@host/o/..", "`..` is not allowed"),
            ],
        );
        for url in [
            "https://host/o/..n",
            "https://host/o/n..git",
            "https://host/.dots/n",
            "git@host:o/...git",
        ] {
            url.parse::<GitUrl>().expect("no such part");
        }
        let secret = "https://user:secret@host/x"
            .parse::<GitUrl>()
            .expect_err("it has credentials")
            .to_string();
        assert!(!secret.contains("secret@") && !secret.contains(":secret"), "{secret}");
        for (url, host) in [
            ("https://github.com/o/n", "github.com"),
            ("http://a.b:1/c", "a.b"),
            ("ssh://git@h:22/o", "h"),
            ("git@h.i:o/n", "h.i"),
        ] {
            assert_eq!(url.parse::<GitUrl>().expect("it is a URL").host(), host);
        }
        for (url, port) in [
            ("https://github.com/o/n", 443),
            ("https://a.b:8443/c", 8443),
            ("http://a.b/c", 80),
            ("http://a.b:1/c", 1),
            ("ssh://git@h/o", 22),
            ("ssh://git@h:2222/o", 2222),
            ("git@h.i:o/n", 22),
            // A folder whose name is a number.
            ("git@h.i:2222/n", 22),
        ] {
            assert_eq!(url.parse::<GitUrl>().expect("it is a URL").port(), port, "{url}");
        }
        assert_names::<GitBranch>(
            &["main", "release/1.2", "v1.2.3", "feature/a_b-c"],
            &[
                ("refs/heads/main", "write `main`"),
                ("a b", "must not contain ` `"),
                ("a..b", "like"),
                ("-a", "like"),
                ("a.lock", "like"),
                ("/a", "like"),
                ("a//b", "like"),
                ("@", "like"),
                ("HEAD", "like"),
                ("a:b", "must not contain `:`"),
                ("", "empty"),
            ],
        );
        assert_names::<RelativePath>(
            &[".", "a", "clusters/prod", "a.b/..c"],
            &[
                ("/a", "begins with `/`"),
                ("a/../b", "leads out"),
                ("..", "leads out"),
                ("a\\b", "write `/`"),
                ("", "like"),
                ("a//b", "like"),
                ("a/./b", "like"),
                ("a\n", "control"),
            ],
        );
        for (text, path) in [("./a", "a"), ("a/b/", "a/b"), ("./", ".")] {
            assert_eq!(text.parse::<RelativePath>().expect("it is a path"), path);
        }
    }
}
