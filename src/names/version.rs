//! Versions of charts, images and k3s: full ones only.

use super::validate::Checked;

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
            "the image is already known; write the tag alone, `{end}{pinned}`"
        ));
    }
    if version.starts_with(['^', '~', '>', '<', '=', '*'])
        || version.contains(['*', ' ', '|', ','])
        || version.split('.').any(|it| matches!(it, "x" | "X"))
    {
        return refuse("it is a range; write a single version, like `1.2.3`");
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
            "it names a series of versions and may mean another one tomorrow; write it like \
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
    let full = || {
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
    if full().is_some() {
        return Ok(s.into());
    }
    // Of the image of that version, whose tag cannot have a `+`; or without its `v`.
    let tag = s.rsplit_once(':').map_or(s, |it| it.1).replace("-k3s", "+k3s");
    let better = format!("v{}", tag.trim_start_matches('v'));
    let is_meant = better != s && k3s_version(&better).is_ok();
    let better = if is_meant { better } else { "v1.35.8+k3s1".to_owned() };
    Err(format!("`{s}` is not a full version of k3s: write it like `{better}`"))
}

#[cfg(test)]
mod tests {
    use crate::names::{K3sVersion, Tag, tests::assert_names};

    #[test]
    fn versions() {
        let digest = format!("sha256:{}", "a1".repeat(32));
        assert_names::<Tag>(
            &[
                "1.2.3",
                "v0.32.15",
                "17.5-alpine",
                "16.3.0-debian-12-r16",
                "v1.35.0+k3s1",
                "0.8.0-pg17",
                "2025.1.0",
                &format!("1.2.3@{digest}"),
            ],
            &[
                ("latest", "names no version"),
                ("main", "names no version"),
                ("17", "series of versions"),
                ("v1", "series of versions"),
                ("1.x", "range"),
                ("^1.2", "range"),
                (">=1.2", "range"),
                ("1.2.*", "range"),
                ("1.2 || 2", "range"),
                ("", "names no version"),
                ("1..2", "full version"),
                ("1.2/3", "like"),
                ("1.2.3@sha256:abc", "64 hexadecimal"),
                ("1.2.3@", "64 hexadecimal"),
            ],
        );
        assert_names::<K3sVersion>(
            &["v1.35.8+k3s1", "v1.36.0-rc1+k3s2", "v1.35.12+k3s10"],
            &[
                ("stable", "full version of k3s"),
                ("1.35.8+k3s1", "write it like `v1.35.8+k3s1`"),
                ("v1.35", "full version"),
                ("v1.35.8", "full version"),
                ("v1.35+k3s1", "full version"),
                ("v1.35.8-k3s1", "full version"),
                ("v1.35.8+rke2r1", "full version"),
                ("v1.35.8+k3s1 ", "full version"),
                ("", "full version"),
            ],
        );
        let tag: Tag = format!("v1.2.3@{digest}").parse().expect("it is a version");
        assert_eq!((tag.tag(), tag.digest()), ("v1.2.3", Some(digest.as_str())));
    }
}
