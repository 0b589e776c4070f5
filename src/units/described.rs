//! What an editor shows of a text that has a form.

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
