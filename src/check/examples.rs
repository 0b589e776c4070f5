//! `example-value`: values that were left over from an example, so that nothing is ever reached or
//! certified there.

use super::{rule::rules, view::WholeView};
use crate::{
    diag::diagnostic::{Diagnostics, Place},
    names::{Email, GitUrl},
};

rules! {
    /// A value was left over from an example.
    warning EXAMPLE_VALUE = "example-value":
    Whole(left_over);
}

/// Domains that nobody can own (RFC 2606, RFC 6761): they are there to be written into documents.
const DOMAINS: [&str; 6] =
    ["example", "example.com", "example.edu", "example.net", "example.org", "invalid"];

/// Whether a host is one of an example's.
fn is_host(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    DOMAINS.iter().any(|domain| {
        host.strip_suffix(domain).is_some_and(|above| above.is_empty() || above.ends_with('.'))
    })
}

/// Whether a URL has a word in its path that stands for one of the reader's own: `owner`,
/// `your-org`, `<name>`.
fn is_to_be_filled_in(url: &GitUrl) -> bool {
    let words = url.split(['/', ':']).skip(1).map(str::to_ascii_lowercase);
    words.into_iter().any(|word| {
        word == "owner"
            || word.starts_with(['<', '{', '$'])
            || word.starts_with("your-")
            || word.starts_with("your_")
    })
}

/// All that is left, as one finding: it is one thing to do.
pub fn left_over(view: &WholeView<'_>, found: &mut Diagnostics) {
    let spec = &view.spec.platform.spec;
    let components = &spec.components;
    let mut left: Vec<(&str, Place, &str)> = Vec::new();
    if is_host(spec.repository.url.host()) || is_to_be_filled_in(&spec.repository.url) {
        left.push((
            &spec.repository.url,
            view.spec.value(&["repository", "url"]),
            "Argo CD cannot fetch from here",
        ));
    }
    let without = if spec.certificates.issuer.is_lets_encrypt() {
        "no certificate is issued for it"
    } else {
        "nobody finds it"
    };
    for (key, host) in spec.domains.all().filter(|it| is_host(it.1)) {
        left.push((host, view.spec.value(&["domains", key]), without));
    }
    let of_example = |email: &Email| is_host(email.rsplit('@').next().unwrap_or_default());
    if let Some(email) = spec.certificates.email.as_ref().filter(|it| of_example(it)) {
        left.push((
            email,
            view.spec.value(&["certificates", "email"]),
            "Let's Encrypt refuses the account",
        ));
    }
    let storage = components.backup.as_ref().filter(|it| it.enabled).and_then(|it| it.s3.as_ref());
    if let Some(storage) = storage.filter(|it| is_host(it.endpoint.host())) {
        left.push((
            &storage.endpoint,
            view.spec.component(&["backup", "s3", "endpoint"]),
            "no backup arrives there",
        ));
    }
    let database =
        components.postgresql.external.as_ref().filter(|_| components.postgresql.enabled);
    if let Some(database) = database.filter(|it| is_host(&it.host)) {
        left.push((
            &database.host,
            view.spec.component(&["postgresql", "external", "host"]),
            "no database answers there",
        ));
    }
    let named: Vec<String> = left.iter().map(|it| format!("`{}`", it.0)).collect();
    let message = match &*named {
        [] => return,
        [one] => format!("{one} is left over from an example"),
        [one, other] => format!("{one} and {other} are left over from an example"),
        [one, .., last] if named.len() == 3 => {
            format!("{one}, {} and {last} are left over from an example", named[1])
        }
        [one, ..] => {
            format!("{one} and {} more values are left over from an example", named.len() - 1)
        }
    };
    let mut places = left.into_iter();
    let Some((_, place, label)) = places.next() else { return };
    let finding = EXAMPLE_VALUE.at(place, message).label(label);
    let finding = places.fold(finding, |finding, (_, place, label)| finding.related(place, label));
    found.push(finding.help("replace it with your own").note(
        "names like `example.com` and `.example` are reserved for documentation (RFC \
                   2606)",
    ));
}

#[cfg(test)]
mod tests {
    use super::{is_host, is_to_be_filled_in};

    #[test]
    fn what_nobody_can_own_is_an_example() {
        for text in [
            "example.com",
            "chat.example.com",
            "S3.Example.Org",
            "a.b.example.net",
            "chat.garden.example",
            "x.invalid",
        ] {
            assert!(is_host(text), "{text}");
        }
        for text in [
            "myexample.com",
            "example.com.au",
            "example.dev",
            "chat.garden.dev",
            "counterexample.org",
            "10.0.0.7",
            "chat.test",
        ] {
            assert!(!is_host(text), "{text}");
        }
    }

    #[test]
    fn what_is_to_be_filled_in_is_an_example() {
        let is_placeholder = |url: &str| is_to_be_filled_in(&url.parse().expect("a URL"));
        for text in [
            "https://github.com/owner/name.git",
            "git@github.com:OWNER/repo.git",
            "https://github.com/your-org/platform",
        ] {
            assert!(is_placeholder(text), "{text}");
        }
        for text in [
            "https://github.com/ownership/name.git",
            "https://owner.dev/team/platform.git",
            "git@garden.dev:yours/x.git",
        ] {
            assert!(!is_placeholder(text), "{text}");
        }
    }
}
