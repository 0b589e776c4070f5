//! What is said of a text that has a form, and the examples in it.

use schemars::Schema;

/// The schema of a text with what an editor shows in place of its pattern, and the examples that
/// stand in backquotes.
pub(crate) fn described(mut schema: Schema, what: &str) -> Schema {
    let shape = schema.get("description").and_then(|it| it.as_str()).unwrap_or_default();
    // What gives an example says all; else the type does.
    let message =
        if shape.contains('`') { shape.to_owned() } else { format!("This takes {what}. {shape}") };
    let examples: Vec<&str> =
        what.split('`').skip(1).step_by(2).filter(|it| !it.contains('…')).collect();
    schema.insert("patternErrorMessage".to_owned(), message.trim_end().into());
    if schema.get("examples").is_none() && !examples.is_empty() {
        schema.insert("examples".to_owned(), examples.into());
    }
    schema
}

/// The first example that stands in backquotes in what is said of a type: the reader puts it in
/// place of a field that is missing, and its help shows it.
pub(crate) const fn example(what: &str) -> Option<&str> {
    let bytes = what.as_bytes();
    let (mut at, mut start) = (0, None);
    while at < bytes.len() {
        match (bytes[at], start) {
            (b'`', None) => start = Some(at + 1),
            (b'`', Some(start)) => return Some(what.split_at(at).0.split_at(start).1),
            _ => {}
        }
        at += 1;
    }
    None
}

/// Holds what is said of a type to giving an example, when the program is compiled.
pub(crate) const fn gives_an_example(what: &str) {
    assert!(example(what).is_some(), "say an example in backquotes: the reader needs one");
}

#[cfg(test)]
mod tests {
    use super::example;

    #[test]
    fn the_first_example_is_the_one() {
        assert_eq!(example("a name like `my-team` or `x`"), Some("my-team"));
        assert_eq!(example("`é`"), Some("é"));
        assert_eq!((example("a name"), example("a `name"), example("")), (None, None, None));
    }
}
