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
