//! The fields of a workspace's resource, as its JSON Schema has them: what `--set` takes.

use serde_json::Value;

use crate::load::schema;

/// What `--set` does not set: the name never changes, and passwords are sealed.
const NOT_SET: [&str; 3] = ["workspaceName", "administrator", "databaseRole"];

/// The fields below `spec`, with dots between their keys.
pub fn all() -> Vec<String> {
    let text = schema::files().find(|it| it.0 == schema::PATHS[3]).map_or("", |it| it.1);
    let Ok(schema) = serde_json::from_str::<Value>(text) else { return Vec::new() };
    let mut all = Vec::new();
    if let Some(spec) = schema.pointer("/properties/spec") {
        leaves(&schema, spec, "", &mut all);
    }
    all
}

fn leaves(schema: &Value, node: &Value, path: &str, all: &mut Vec<String>) {
    let node = resolved(schema, node);
    let fields = node.get("properties").and_then(Value::as_object);
    let Some(fields) = fields else {
        all.push(path.to_owned());
        return;
    };
    for (key, field) in fields {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        if !NOT_SET.contains(&&*path) {
            leaves(schema, field, &path, all);
        }
    }
}

/// The definition that a reference leads to, also one that may be absent.
fn resolved<'a>(schema: &'a Value, node: &'a Value) -> &'a Value {
    let any = node.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    let target = std::iter::once(node).chain(any).find_map(|it| it.get("$ref")?.as_str());
    let target = target.and_then(|it| schema.pointer(it.strip_prefix('#')?));
    target.map_or(node, |it| resolved(schema, it))
}

#[cfg(test)]
mod tests {
    #[test]
    fn leaves_are_fields() {
        let all = super::all();
        for field in ["storage.ollama", "resources.ollama.memory.limit", "suspend", "models"] {
            assert!(all.iter().any(|it| it == field), "{field}: {all:?}");
        }
        assert!(!all.iter().any(|it| it.starts_with("administrator") || it == "workspaceName"));
    }
}
