//! "Did you mean": the nearest of the names that would have been right.

/// The candidate nearest to what was written, if it is near enough to be meant.
pub fn nearest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = written.to_lowercase();
    let (distance, name) = candidates.into_iter().map(|it| (distance(&lower, &it.to_lowercase()), it)).min()?;
    let length = lower.chars().count().max(name.chars().count());
    (distance <= 1.max(length / 3) && distance < length).then_some(name)
}

/// How many insertions, deletions, substitutions and swaps of neighbours lie between two words.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().take(64).collect());
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
    fn typos_are_found_and_strangers_are_not() {
        let fields = ["models", "replicas", "enabled", "resources", "keepAlive"];
        for (written, meant) in [("modles", "models"), ("replica", "replicas"), ("keepalive", "keepAlive"), ("resource", "resources")] {
            assert_eq!(nearest(written, fields), Some(meant));
        }
        for stranger in ["x", "colour", "", "aaaaaaaaaaaaaaaaaaaaaaaa"] {
            assert_eq!(nearest(stranger, fields), None, "{stranger}");
        }
        assert_eq!(nearest("a", []), None);
    }
}
