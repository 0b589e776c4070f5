//! A JSON Schema as the API server takes it of a definition: structural, everything in its place.

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// What is taken over as it is.
const KEPT: [&str; 10] = [
    "enum",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "pattern",
    "required",
    "type",
];

/// The structural schema of a type: references are written out, what may be absent is no longer
/// said to be null (the API server prunes a null), fields that are not described are its own
/// matter (it prunes them, and refuses them where a client asks for strict validation), and
/// defaults are left to whoever reads the resource: what nobody wrote is not stored.
pub(super) fn of<T: JsonSchema>() -> Value {
    let mut generator = SchemaGenerator::default();
    let schema = generator.root_schema_for::<T>().to_value();
    let definitions = schema.get("$defs").cloned().unwrap_or_default();
    structural(&schema, &definitions)
}

/// A schema without references: what stands beside one says more than what it refers to.
fn resolved(schema: &Value, definitions: &Value) -> Map<String, Value> {
    let mut own = schema.as_object().cloned().unwrap_or_default();
    let reference = own.remove("$ref");
    let mut whole = reference
        .as_ref()
        .and_then(|it| definitions.get(it.as_str()?.rsplit('/').next()?))
        .map(|it| resolved(it, definitions))
        .unwrap_or_default();
    // One of two, of which the other is null: something that may be absent.
    if let Some(Value::Array(parts)) = own.remove("anyOf") {
        let is_null = |part: &&Value| part.get("type").is_some_and(|it| it == "null");
        for part in parts.iter().filter(|it| !is_null(it)) {
            whole.extend(resolved(part, definitions));
        }
    }
    // One of several words.
    if let Some(Value::Array(parts)) = own.remove("oneOf") {
        let words: Vec<Value> = parts.iter().filter_map(|it| it.get("const").cloned()).collect();
        whole.insert("type".to_owned(), "string".into());
        whole.insert("enum".to_owned(), words.into());
    }
    whole.extend(own);
    whole
}

fn structural(schema: &Value, definitions: &Value) -> Value {
    let whole = resolved(schema, definitions);
    let mut out = Map::new();
    for key in KEPT {
        if let Some(value) = whole.get(key) {
            out.insert(key.to_owned(), value.clone());
        }
    }
    if let Some(Value::String(text)) = whole.get("description") {
        out.insert("description".to_owned(), unfolded(text).into());
    }
    if let Some(Value::Array(types)) = whole.get("type") {
        let types: Vec<&Value> = types.iter().filter(|it| **it != "null").collect();
        if let [one] = *types {
            out.insert("type".to_owned(), one.clone());
        } else {
            // A text or a number: an amount.
            out.remove("type");
            out.insert("x-kubernetes-int-or-string".to_owned(), true.into());
        }
    }
    // The API server holds bounds as floating-point numbers: beyond this, it would store another.
    out.retain(|key, bound| key != "maximum" || bound.as_u64().is_some_and(|it| it <= 1 << 53));
    match whole.get("format").and_then(Value::as_str) {
        Some("uint32" | "int64" | "uint64") => {
            out.insert("format".to_owned(), "int64".into());
        }
        Some(format @ ("double" | "date-time")) => {
            out.insert("format".to_owned(), format.into());
        }
        _ => (),
    }
    if let Some(Value::Object(fields)) = whole.get("properties") {
        let fields: Map<String, Value> = fields
            .iter()
            .map(|(name, field)| (name.clone(), structural(field, definitions)))
            .collect();
        out.insert("properties".to_owned(), fields.into());
    }
    if let Some(items) = whole.get("items") {
        out.insert("items".to_owned(), structural(items, definitions));
    }
    if out.get("type") == Some(&json!("integer")) && !out.contains_key("format") {
        out.insert("format".to_owned(), "int64".into());
    }
    out.into()
}

/// A text whose paragraphs are one line each.
fn unfolded(text: &str) -> String {
    let paragraphs = text.split("\n\n").map(|paragraph| paragraph.replace('\n', " "));
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::units::Bytes;

    #[expect(dead_code, reason = "only its schema is looked at")]
    #[derive(Deserialize, JsonSchema)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Whole {
        /// What it is
        /// called.
        name: Option<String>,
        part: Option<Part>,
        parts: Vec<Part>,
        word: Word,
        #[serde(default)]
        count: u32,
    }

    /// A part.
    #[expect(dead_code, reason = "only its schema is looked at")]
    #[derive(Deserialize, JsonSchema)]
    struct Part {
        size: Option<Bytes>,
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(rename_all = "camelCase")]
    enum Word {
        /// The first.
        One,
        /// The second.
        Two,
    }

    /// Every form that the resource uses, with nothing left of what a definition must not have.
    #[test]
    fn everything_is_in_its_place() {
        let schema = of::<Whole>();
        let at = |pointer: &str| schema.pointer(pointer).cloned().unwrap_or_default();
        assert_eq!(at("/properties/name/type"), "string");
        assert_eq!(at("/properties/name/description"), "What it is called.");
        assert_eq!(at("/properties/part/type"), "object");
        let size = at("/properties/parts/items/properties/size");
        assert_eq!(size["x-kubernetes-int-or-string"], true);
        assert!(size.get("type").is_none() && size["pattern"].is_string(), "{size}");
        assert_eq!(at("/properties/word/enum"), json!(["one", "two"]));
        assert_eq!(at("/properties/count/format"), "int64");
        assert_eq!(at("/required"), json!(["parts", "word"]));
        let text = schema.to_string();
        for word in ["$ref", "$defs", "anyOf", "oneOf", "additionalProperties", "default", "null"] {
            assert!(!text.contains(&format!("\"{word}\"")), "{word}: {text}");
        }
    }
}
