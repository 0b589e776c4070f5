//! What makes a name a name, and what is said of a text that is none.

use core::net::Ipv4Addr; // of `core`: addresses only, no sockets
use std::borrow::Cow;

type Checked<'a> = Result<Cow<'a, str>, String>;

fn is_label(s: &str) -> bool {
    let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    (1..=63).contains(&s.len())
        && edge(s.as_bytes().first())
        && edge(s.as_bytes().last())
        && s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Whether Windows takes a file's name for a device, whatever follows its first dot: nobody could
/// check it out there.
pub(super) fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_lowercase();
    let numbered = |text: &str| {
        stem.strip_prefix(text).is_some_and(|it| matches!(it.as_bytes(), [b'0'..=b'9']))
    };
    ["con", "prn", "aux", "nul", "conin$", "conout$"].contains(&&*stem)
        || numbered("com")
        || numbered("lpt")
}

pub(super) fn dns_label(s: &str) -> Checked<'_> {
    if is_label(s) && is_device(s) {
        return Err(format!(
            "`{s}` is a device of Windows, where no folder can have that name; write another, like \
             `{s}-1`"
        ));
    }
    if is_label(s) {
        return Ok(s.into());
    }
    if s.is_empty() {
        return Err("a name is not empty".to_owned());
    }
    if s.len() > 63 {
        return Err(format!("`{s}` has {} characters: a name has at most 63", s.chars().count()));
    }
    let why =
        "a name is made of lower-case letters, digits and `-`, with a letter or digit at both ends";
    let better = as_label(s);
    Err(if is_label(&better) {
        format!("`{s}` is not a name: {why}; write `{better}`")
    } else {
        format!("`{s}` is not a name: {why}")
    })
}

pub(super) fn sealed_for(s: &str) -> Checked<'_> {
    if s == "*" { Ok(s.into()) } else { dns_label(s) }
}

pub(super) fn fingerprint(s: &str) -> Checked<'_> {
    let is_digit = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    match s.strip_prefix("sha256:") {
        Some(digits) if digits.len() == 64 && digits.bytes().all(is_digit) => Ok(s.into()),
        _ => Err(format!(
            "`{s}` is not a fingerprint: it is `sha256:` and 64 hexadecimal digits in lower case, \
             as `espalier seal` writes it"
        )),
    }
}

/// The nearest label to a text, for a help line.
fn as_label(s: &str) -> String {
    let dashed =
        s.to_lowercase().replace(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit(), "-");
    dashed.trim_matches('-').to_owned()
}

pub(super) fn object_name(s: &str) -> Checked<'_> {
    if s.len() <= 253 && s.split('.').all(is_label) {
        return Ok(s.into());
    }
    let better = s.split('.').map(as_label).collect::<Vec<_>>().join(".");
    let why = "the name of an object is made of lower-case letters, digits, `-` and `.`, at most \
               253, with a letter or digit at both ends";
    let is_name = better.len() <= 253 && better.split('.').all(is_label);
    Err(if is_name {
        format!("`{s}` is not a name: {why}; write `{better}`")
    } else {
        format!("`{s}` is not a name: {why}")
    })
}

fn is_label_value(s: &str) -> bool {
    let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let all = s.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    s.len() <= 63 && all && edge(s.as_bytes().first()) && edge(s.as_bytes().last())
}

pub(super) fn label_value(s: &str) -> Checked<'_> {
    if s.is_empty() || is_label_value(s) {
        return Ok(s.into());
    }
    Err(format!(
        "`{s}` is not a value of a label: letters, digits, `-`, `_` and `.`, at most 63, with a \
         letter or digit at both ends"
    ))
}

pub(super) fn label_key(s: &str) -> Checked<'_> {
    let (domain, name) = s.split_once('/').map_or((None, s), |it| (Some(it.0), it.1));
    if is_label_value(name) && domain.is_none_or(|it| object_name(it).is_ok()) {
        return Ok(s.into());
    }
    Err(format!("`{s}` is not the key of a label: write it like `gpu` or `nvidia.com/gpu`"))
}

fn is_host(s: &str) -> bool {
    s.len() <= 253
        && s.contains('.')
        && s.split('.').all(is_label)
        && !s.rsplit('.').next().is_some_and(|top| top.bytes().all(|b| b.is_ascii_digit()))
}

pub(super) fn host(s: &str) -> Checked<'_> {
    if is_host(s) {
        return Ok(s.into());
    }
    let bare = s.split_once("://").map_or(s, |it| it.1);
    let bare = bare.split(['/', '?', '#']).next().unwrap_or_default();
    let bare = bare.rsplit_once(':').map_or(bare, |it| it.0).trim_end_matches('.').to_lowercase();
    Err(if s.starts_with("*.") {
        format!("`{s}` is a wildcard: write one host name")
    } else if bare != s && is_host(&bare) {
        format!("`{s}` is not a host name: write the host only, `{bare}`")
    } else if is_label(s) {
        format!("`{s}` is not a full host name: write it with its domain, like `{s}.example.org`")
    } else if s.len() > 253 {
        "a host name has at most 253 characters".to_owned()
    } else if s.split('.').any(|it| it.len() > 63) {
        format!("`{s}` is not a host name: between two dots stand at most 63 characters")
    } else {
        format!(
            "`{s}` is not a host name: write it like `chat.example.org`, in lower case, without \
             scheme, port or path"
        )
    })
}

pub(super) fn address(s: &str) -> Checked<'_> {
    if s.parse::<Ipv4Addr>().is_ok() {
        return Ok(s.into());
    }
    host(s).map_err(|why| {
        let is_ip =
            s.contains(':') && s.bytes().all(|b| b.is_ascii_hexdigit() || b":[].".contains(&b));
        if is_ip {
            format!(
                "`{s}` is neither a host name nor an IPv4 address: write one of them, without a \
                 port"
            )
        } else {
            why
        }
    })
}

/// Base and mask of a range of addresses.
pub(super) fn range(s: &str) -> Option<(Ipv4Addr, u32)> {
    let (base, bits) = s.split_once('/')?;
    let bits: u32 =
        bits.parse().ok().filter(|number: &u32| *number <= 32 && *number.to_string() == *bits)?;
    Some((base.parse().ok()?, u32::MAX.checked_shl(32 - bits).unwrap_or(0)))
}

pub(super) fn cidr(s: &str) -> Checked<'_> {
    let shape = "write it like `192.168.7.0/24`; one address is `192.168.7.20/32`";
    match range(s) {
        Some((base, mask)) if base.to_bits() & mask == base.to_bits() => Ok(s.into()),
        Some((base, mask)) => {
            let network = Ipv4Addr::from_bits(base.to_bits() & mask);
            Err(format!(
                "`{s}` is an address within a range: write `{network}/{}`, or `{base}/32` for this \
                 one address",
                mask.count_ones()
            ))
        }
        None if s.parse::<Ipv4Addr>().is_ok() => {
            Err(format!("`{s}` is an address, not a range: write `{s}/32`"))
        }
        None => Err(format!("`{s}` is not a range of IPv4 addresses: {shape}")),
    }
}

pub(super) fn sql_name(s: &str) -> Checked<'_> {
    let is_first = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    if (1..=63).contains(&s.len())
        && is_first(s.as_bytes()[0])
        && s.bytes().all(|b| is_first(b) || b == b'-' || b == b'.')
    {
        return Ok(s.into());
    }
    Err(format!(
        "`{s}` is not a name of PostgreSQL that can stand in a URL: letters, digits, `_`, `-` and \
         `.`, at most 63"
    ))
}

pub(super) fn email(s: &str) -> Checked<'_> {
    let local = |text: &str| {
        (1..=64).contains(&text.len())
            && text.split('.').all(|atom| {
                !atom.is_empty()
                    && atom
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&b))
            })
    };
    match s.rsplit_once('@') {
        Some((name, domain))
            if s.len() <= 254 && local(name) && is_host(&domain.to_lowercase()) =>
        {
            Ok(s.into())
        }
        _ => Err(format!("`{s}` is not an e-mail address: write it like `ops@example.org`")),
    }
}

/// The host in a URL of Git, if there is one.
pub(super) fn git_host(s: &str) -> Option<&str> {
    let authority = match s.split_once("://") {
        Some((_, rest)) => rest.split('/').next()?,
        None => s.split_once(':')?.0,
    };
    let host = authority.rsplit_once('@').map_or(authority, |it| it.1);
    Some(host.split(':').next().unwrap_or(host))
}

/// The port in a URL of Git, or its scheme's own; `user@host:path` goes by SSH, and has no room for
/// a port.
pub(super) fn git_port(s: &str) -> u16 {
    let Some((scheme, rest)) = s.split_once("://") else { return 22 };
    let written =
        rest.split('/').next().and_then(|it| it.rsplit_once(':')).and_then(|it| it.1.parse().ok());
    written.unwrap_or(match scheme {
        "https" => 443,
        "http" => 80,
        _ => 22,
    })
}

pub(super) fn git_url(s: &str) -> Checked<'_> {
    let refuse = |why: &str| format!("`{s}` is not the URL of a Git repository: {why}");
    let shape =
        "write it like `https://github.com/owner/name.git` or `git@github.com:owner/name.git`";
    if s.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(refuse("it has a space in it"));
    }
    let (authority, path) = match s.split_once("://") {
        Some(("https" | "http" | "ssh", rest)) => {
            rest.split_once('/').ok_or_else(|| refuse(shape))?
        }
        Some(_) => return Err(refuse("it begins with `https://`, `http://` or `ssh://`")),
        None => s.split_once(':').filter(|it| it.0.contains('@')).ok_or_else(|| refuse(shape))?,
    };
    let (user, server) =
        authority.rsplit_once('@').map_or((None, authority), |it| (Some(it.0), it.1));
    if user.is_some_and(|it| it.contains(':') || s.starts_with("http")) {
        // The text itself is left out: it may hold a password.
        return Err("the URL of the Git repository has credentials in it: take them out, they \
                    belong into a secret"
            .to_owned());
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
            "`{part}` may not stand between its slashes: write the path that it leads to"
        )));
    }
    Ok(s.into())
}

/// Whether a part of a path means this folder or the one above, also where `%2e` stands for a dot.
fn is_dots(part: &str) -> bool {
    matches!(&*part.to_ascii_lowercase().replace("%2e", "."), "." | "..")
}

pub(super) fn git_branch(s: &str) -> Checked<'_> {
    let refuse = |why: &str| Err(format!("`{s}` is not the name of a branch: {why}"));
    if s.is_empty() {
        return refuse("it is empty");
    }
    if let Some(c) =
        s.chars().find(|c| c.is_whitespace() || c.is_control() || "~^:?*[\\".contains(*c))
    {
        return refuse(&format!("`{}` may not stand in it", c.escape_debug()));
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
        refuse("it has a control character in it")
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
        Some("what begins with `-` is an option to most commands")
    } else if name.starts_with('~') {
        Some("what begins with `~` is a home folder to a shell")
    } else if name.starts_with(':') {
        Some("what begins with `:` is a pattern to Git")
    } else if is_git(name) {
        Some("`.git` is Git's own")
    } else if is_device(name) {
        Some("it has a device of Windows in it, where no folder can have that name")
    } else if name.contains(['<', '>', ':', '"', '|', '?', '*']) || name.ends_with(['.', ' ']) {
        Some(
            "Windows has no folder of that name: none of `<>:\"|?*`, and no dot or space at the \
             end",
        )
    } else {
        None
    }
}

pub(super) fn tag(s: &str) -> Checked<'_> {
    let refuse = |why: &str| Err(format!("`{s}` is not a full version: {why}"));
    let (version, digest) = s.split_once('@').map_or((s, None), |it| (it.0, Some(it.1)));
    if let Some(digest) = digest {
        let hex = digest.strip_prefix("sha256:").unwrap_or_default();
        if hex.len() != 64 || !hex.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f')) {
            return refuse("a digest is `@sha256:` and 64 hexadecimal digits");
        }
    }
    // A whole reference, as a pod has it: `ghcr.io/open-webui/open-webui:0.12.4-slim`.
    if let Some((_, end)) = version.rsplit_once(':')
        && tag(end).is_ok()
    {
        let pinned = digest.map(|it| format!("@{it}")).unwrap_or_default();
        return refuse(&format!(
            "which image it is of is known; write the tag alone, `{end}{pinned}`"
        ));
    }
    if version.starts_with(['^', '~', '>', '<', '=', '*'])
        || version.contains(['*', ' ', '|', ','])
        || version.split('.').any(|it| matches!(it, "x" | "X"))
    {
        return refuse("it is a range; write the one version that is meant, like `1.2.3`");
    }
    let core = version.strip_prefix('v').unwrap_or(version);
    if !core.starts_with(|c: char| c.is_ascii_digit()) {
        return refuse(
            "it names no version and may mean another image tomorrow; write it like `1.2.3`",
        );
    }
    let numbers = core.split(['-', '+', '_']).next().unwrap_or_default();
    let leading = numbers
        .split('.')
        .take_while(|it| !it.is_empty() && it.bytes().all(|b| b.is_ascii_digit()))
        .count();
    if leading < 2 {
        return refuse(
            "it names a whole line of versions and may mean another one tomorrow; write it like \
             `1.2.3`",
        );
    }
    if version.len() > 128
        || !version.bytes().all(|b| b.is_ascii_alphanumeric() || b"._+-".contains(&b))
        || numbers.split('.').any(str::is_empty)
    {
        return refuse("write it like `1.2.3` or `1.2.3-alpine`");
    }
    Ok(s.into())
}

/// Not a channel (`stable`) and not half a version: the installer takes either for whatever is
/// newest today.
pub(super) fn k3s_version(s: &str) -> Checked<'_> {
    let number = |text: &str| {
        !text.is_empty() && text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit())
    };
    let is_it = || {
        let (kubernetes, build) = s.strip_prefix("v1.")?.split_once("+k3s")?;
        let (core, candidate) =
            kubernetes.split_once('-').map_or((kubernetes, None), |it| (it.0, Some(it.1)));
        let (minor, patch) = core.split_once('.')?;
        let is_candidate = |text: &str| {
            (1..=16).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        (number(minor) && number(patch) && number(build) && candidate.is_none_or(is_candidate))
            .then_some(())
    };
    if is_it().is_some() {
        return Ok(s.into());
    }
    // Of the image of that version, whose tag cannot have a `+`; or without its `v`.
    let tag = s.rsplit_once(':').map_or(s, |it| it.1).replace("-k3s", "+k3s");
    let better = format!("v{}", tag.trim_start_matches('v'));
    let is_meant = better != s && k3s_version(&better).is_ok();
    let better = if is_meant { better } else { "v1.35.8+k3s1".to_owned() };
    Err(format!("`{s}` is not a full version of k3s: write it like `{better}`"))
}

pub(super) fn endpoint(s: &str) -> Checked<'_> {
    let refuse = |why: &str| format!("`{s}` is not the address of a storage: {why}");
    let shape = "write it like `https://s3.example.org` or `https://10.0.0.7:9000`";
    let clean = s.strip_suffix('/').unwrap_or(s);
    let Some((scheme @ ("https" | "http"), rest)) = clean.split_once("://") else {
        return Err(if is_host(clean) {
            refuse(&format!("write `https://{clean}`"))
        } else {
            refuse(shape)
        });
    };
    if rest.contains('@') {
        // The text itself is left out: it may hold a key.
        return Err(
            "the address of the storage has credentials in it: take them out, they belong into a \
             secret"
                .to_owned(),
        );
    }
    if let Some((authority, _)) = rest.split_once('/') {
        return Err(refuse(&format!(
            "write `{scheme}://{authority}`; bucket and prefix have fields of their own"
        )));
    }
    let (host, port) = rest.split_once(':').unwrap_or((rest, "443"));
    let is_port =
        port.parse::<u16>().is_ok_and(|it| it > 0) && port.bytes().all(|b| b.is_ascii_digit());
    if !is_port || !(is_host(host) || host.parse::<Ipv4Addr>().is_ok()) {
        return Err(refuse(shape));
    }
    Ok(clean.into())
}

pub(super) fn bucket(s: &str) -> Checked<'_> {
    let edge = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let is_bucket = (3..=63).contains(&s.len())
        && edge(s.as_bytes().first())
        && edge(s.as_bytes().last())
        && s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b))
        && !s.contains("..")
        && s.parse::<Ipv4Addr>().is_err();
    if is_bucket {
        return Ok(s.into());
    }
    Err(format!(
        "`{s}` is not the name of a bucket: 3 to 63 lower-case letters, digits, `-` and `.`, like \
         `my-backups`"
    ))
}
