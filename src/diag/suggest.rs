//! "Did you mean": the nearest of the names that would have been right.

/// Longer than any known name: what comes after this many characters is not compared.
const LONGEST: usize = 64;

/// The candidate nearest to what was written, if it is near enough to be meant.
pub fn nearest<'a>(
    written: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let lower: String = written.to_lowercase().chars().take(LONGEST).collect();
    let candidates: Vec<&str> = candidates.into_iter().collect();
    let (distance, name) =
        candidates.iter().map(|it| (distance(&lower, &it.to_lowercase()), *it)).min()?;
    let length = lower.chars().count().max(name.chars().count());
    if distance <= 1.max(length / 3) && distance < length {
        Some(name)
    } else {
        by_beginning(&lower, &candidates)
    }
}

/// The only candidate that begins as what was written does, for more than half of it: `prod`,
/// `stage`, `replicaCount`.
fn by_beginning<'a>(lower: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let length = lower.chars().count();
    let common = |text: &str| {
        lower.chars().zip(text.to_lowercase().chars()).take_while(|(a, b)| a == b).count()
    };
    let mut near =
        candidates.iter().copied().filter(|it| common(it) >= 3 && common(it) * 2 > length);
    let first = near.next()?;
    near.all(|it| it == first).then_some(first)
}

/// How many insertions, deletions, substitutions and swaps of neighbours lie between two words.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) =
        (a.chars().take(LONGEST).collect(), b.chars().take(LONGEST).collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let substituted = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = substituted.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typos_are_found_and_other_words_are_not() {
        let fields = ["models", "replicas", "enabled", "resources", "keepAlive"];
        for (written, meant) in [
            ("modles", "models"),
            ("replica", "replicas"),
            ("keepalive", "keepAlive"),
            ("resource", "resources"),
        ] {
            assert_eq!(nearest(written, fields), Some(meant));
        }
        for (written, meant) in
            [("prod", "production"), ("stage", "staging"), ("letsencrypt", "letsEncrypt")]
        {
            assert_eq!(nearest(written, ["staging", "production", "letsEncrypt"]), Some(meant));
        }
        assert_eq!(nearest("replicaCount", fields), Some("replicas"));
        assert_eq!(nearest("post", ["postgresql", "postgres"]), None, "two begin so");
        for word in ["x", "colour", "", "aaaaaaaaaaaaaaaaaaaaaaaa"] {
            assert_eq!(nearest(word, fields), None, "{word}");
        }
        assert_eq!(nearest("a", []), None);
    }
}
