//! The description of the API, `OpenAPI` 3.1, made of the structs that it answers with.

mod examples;
mod words;

use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use self::words::Words;
use super::{
    delete::Deletion,
    document::Workspace,
    models::ModelList,
    operations::{Operation, Route, routes},
    problem::{self, KINDS, Written},
    read::{RoomLeft, WorkspaceList},
    validate::Validation,
    write::MERGE_PATCH,
};

/// The resource, as a body has it.
const BODY: &str = "AIChatWorkspace";

/// The description as it is served.
pub fn text() -> String {
    let mut text = serde_json::to_string_pretty(&document()).expect("a description is JSON");
    text.push('\n');
    text
}

/// The description.
fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut schemas = settings.into_generator();
    let mut paths = Map::new();
    for route in routes() {
        let at = paths.entry(route.path).or_insert_with(|| json!({}));
        at[route.method.as_str().to_ascii_lowercase()] = operation(&route, &mut schemas);
    }
    paths.extend(open(&mut schemas));
    let mut components = schemas.take_definitions(true);
    let (spec, of_body) = body();
    components.extend(of_body);
    components["Workspace"]["properties"]["spec"] = json!({"$ref": spec});
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "AI chat workspaces",
            "version": "1.0.0",
            "description": words::ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {
                "type": "http",
                "scheme": "bearer",
                "description": words::TOKEN,
            }},
        },
    })
}

/// What needs no token.
fn open(schemas: &mut SchemaGenerator) -> Map<String, Value> {
    let plain = json!({"text/plain": {"schema": {"type": "string"}}});
    let text = |said: &str| json!({"description": said, "content": plain});
    let of = |id: &str, summary: &str, responses: Value| {
        json!({"get": {
            "operationId": id, "summary": summary, "security": [], "responses": responses,
        }})
    };
    let document = json!({
        "200": {
            "description": "The description.",
            "content": {"application/json": {"schema": {"type": "object"}}},
        },
        "429": refusal(429, schemas),
    });
    let ready = json!({
        "200": text("Requests can be answered."),
        "503": text("The API server does not answer, or workspaces are not known yet."),
    });
    let live = json!({"200": text("The process runs.")});
    Map::from_iter([
        ("/livez".to_owned(), of("live", "Whether the process runs", live)),
        ("/openapi.json".to_owned(), of("describe", "This description", document)),
        ("/readyz".to_owned(), of("ready", "Whether requests can be answered", ready)),
    ])
}

fn reference<T: JsonSchema>(schemas: &mut SchemaGenerator) -> Value {
    schemas.subschema_for::<T>().to_value()
}

fn operation(route: &Route, schemas: &mut SchemaGenerator) -> Value {
    let Words { id, summary, description } = words::of(route.operation);
    let mut made = json!({
        "operationId": id,
        "summary": summary,
        "description": format!("{description}\n\nWants the verb `{}`.", route.verb),
        "parameters": parameters(route),
        "responses": responses(route.operation, schemas),
    });
    if let Some(body) = request_body(route.operation) {
        made["requestBody"] = body;
    }
    made
}

fn parameters(route: &Route) -> Value {
    let mut all = Vec::new();
    if route.path.contains("{name}") {
        all.push(json!({
            "name": "name", "in": "path", "required": true,
            "description": "Name of the resource.",
            "schema": {
                "type": "string", "maxLength": 253,
                "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
            },
            "example": examples::NAME,
        }));
    }
    for name in route.parameters {
        all.push(words::parameter(name));
    }
    for name in words::headers(route.operation) {
        all.push(words::header(name));
    }
    all.into()
}

fn request_body(operation: Operation) -> Option<Value> {
    let schema = json!({"$ref": format!("#/components/schemas/{BODY}")});
    let examples = examples::bodies(operation);
    let content = match operation {
        Operation::Create | Operation::Replace | Operation::Validate => json!({
            "application/json": {"schema": schema, "examples": examples},
            "application/yaml": {"schema": schema},
        }),
        Operation::Patch => json!({
            MERGE_PATCH: {"schema": {"type": "object"}, "examples": examples},
            "application/json": {"schema": {"type": "object"}},
            "application/yaml": {"schema": {"type": "object"}},
        }),
        Operation::List
        | Operation::Read
        | Operation::Delete
        | Operation::Suspend
        | Operation::Resume
        | Operation::Manifests
        | Operation::Room
        | Operation::Models => return None,
    };
    Some(json!({"required": true, "content": content}))
}

/// The statuses of an operation beside those that all have.
pub fn statuses(operation: Operation) -> Vec<u16> {
    let own: &[u16] = match operation {
        Operation::List => &[200, 304, 410],
        Operation::Create => &[201, 409, 413, 415, 422],
        Operation::Read => &[200, 304, 404],
        Operation::Replace => &[200, 201, 404, 409, 412, 413, 415, 422, 428],
        Operation::Patch => &[200, 404, 409, 412, 413, 415, 422],
        Operation::Delete => &[202, 404, 409, 412, 422],
        Operation::Suspend | Operation::Resume => &[200, 404, 409, 412, 422],
        Operation::Manifests => &[200, 404, 422],
        Operation::Validate => &[200, 413, 415, 422],
        Operation::Room => &[200, 422],
        Operation::Models => &[200, 304],
    };
    let mut all = [own, &[400, 401, 403, 406, 429, 500, 503]].concat();
    all.sort_unstable();
    all
}

fn responses(operation: Operation, schemas: &mut SchemaGenerator) -> Value {
    let mut all = Map::new();
    for status in statuses(operation) {
        let made = match status {
            200..300 => success(operation, schemas),
            304 => json!({"description": "It is the version that the caller has."}),
            _ => refusal(status, schemas),
        };
        all.insert(status.to_string(), made);
    }
    all.into()
}

fn success(operation: Operation, schemas: &mut SchemaGenerator) -> Value {
    let file = json!({"schema": {"$ref": format!("#/components/schemas/{BODY}")}});
    let workspace = |schemas: &mut SchemaGenerator| {
        let schema = reference::<Workspace>(schemas);
        json!({"application/json": {"schema": schema}, "application/yaml": file})
    };
    let both = |schema: Value| {
        let media = json!({ "schema": schema });
        json!({"application/json": media, "application/yaml": media})
    };
    let tag = json!({"ETag": {
        "description": "The version, for `If-Match` and `If-None-Match`.",
        "schema": {"type": "string"},
    }});
    let place = json!({"Location": {
        "description": "Where the workspace is.",
        "schema": {"type": "string"},
    }});
    let (description, content, headers) = match operation {
        Operation::List => {
            let list = reference::<WorkspaceList>(schemas);
            let content = json!({
                "application/json": {"schema": list},
                "application/yaml": {"schema": {"type": "object"}},
            });
            ("A page of workspaces.", content, tag)
        }
        Operation::Create => {
            let mut headers = tag;
            headers["Location"] = place["Location"].clone();
            ("It is made.", workspace(schemas), headers)
        }
        Operation::Read
        | Operation::Replace
        | Operation::Patch
        | Operation::Suspend
        | Operation::Resume => ("The workspace as it is now.", workspace(schemas), tag),
        Operation::Delete => {
            ("The deletion has begun.", both(reference::<Deletion>(schemas)), place)
        }
        Operation::Manifests => {
            let items = json!({"schema": {
                "type": "object", "required": ["items"],
                "properties": {"items": {"type": "array", "items": {"type": "object"}}},
            }});
            let content = json!({
                "application/json": items,
                "application/yaml": {"schema": {"type": "string"}},
            });
            ("Its objects; in YAML, a document each.", content, json!({}))
        }
        Operation::Validate => {
            ("What was found.", both(reference::<Validation>(schemas)), json!({}))
        }
        Operation::Room => {
            ("What is left of the nodes.", both(reference::<RoomLeft>(schemas)), json!({}))
        }
        Operation::Models => {
            ("The models of the catalogue.", both(reference::<ModelList>(schemas)), tag)
        }
    };
    json!({"description": description, "content": content, "headers": headers})
}

fn refusal(status: u16, schemas: &mut SchemaGenerator) -> Value {
    let kinds = KINDS.iter().filter(|it| it.status == status);
    let kinds: Vec<String> = kinds.map(|it| format!("`{}`: {}.", it.code, it.title)).collect();
    let schema = reference::<Written<'static>>(schemas);
    let mut made = json!({
        "description": kinds.join("\n"),
        "content": {problem::MEDIA_TYPE: {"schema": schema}},
    });
    let header = match status {
        401 => Some(("WWW-Authenticate", "How people show who they are.")),
        429 | 503 => Some(("Retry-After", "Seconds after which it may be asked again.")),
        _ => None,
    };
    if let Some((name, said)) = header {
        made["headers"][name] = json!({"description": said, "schema": {"type": "string"}});
    }
    made
}

/// The schema of the resource, as `spec/workspace.schema.json` has it, with its definitions beside
/// it; and where its `spec` is. In a body, the password of an administrator may stand for what is
/// sealed.
fn body() -> (Value, Map<String, Value>) {
    let mut whole: Value = serde_json::from_str(espalier::workspace_schema()).expect("a schema");
    let definitions = whole["$defs"].take();
    if let Some(root) = whole.as_object_mut() {
        for key in ["$defs", "$schema", "$id", "$comment"] {
            root.remove(key);
        }
    }
    let mut all = Map::new();
    for (name, schema) in definitions.as_object().into_iter().flatten() {
        all.insert(format!("{BODY}.{name}"), moved(schema));
    }
    let whole = moved(&whole);
    let spec = whole["properties"]["spec"]["$ref"].clone();
    let administrator = &mut all[&format!("{BODY}.Administrator")];
    let sealed = administrator.take();
    // Not `oneOf`: a reader that leaves out of answers what is only written takes both for one.
    *administrator = json!({"anyOf": [sealed, {
        "description": "A password, which is sealed before anything is stored.",
        "type": "object",
        "required": ["email", "password"],
        "additionalProperties": false,
        "properties": {
            "email": sealed["properties"]["email"],
            "password": {"type": "string", "writeOnly": true, "minLength": 1},
            // What was read: the password replaces it.
            "sealed": sealed["properties"]["sealed"],
        },
    }]});
    all.insert(BODY.to_owned(), whole);
    (spec, all)
}

/// A schema whose references lead to where its definitions are.
fn moved(schema: &Value) -> Value {
    match schema {
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| {
                let name = value.as_str().and_then(|it| it.strip_prefix("#/$defs/"));
                let value = match name.filter(|_| key == "$ref") {
                    Some(name) => format!("#/components/schemas/{BODY}.{name}").into(),
                    None => moved(value),
                };
                (key.clone(), value)
            })
            .collect(),
        Value::Array(items) => items.iter().map(moved).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    /// `BLESS=1 cargo test -p espalier-operator` writes it anew.
    #[test]
    fn the_description_in_the_repository_is_this_one() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
        let made = text();
        if std::env::var_os("BLESS").is_some() {
            fs::write(&path, &made).expect("a file");
        }
        let known = fs::read_to_string(&path).unwrap_or_default();
        assert!(known == made, "openapi.json is not what the structs make: BLESS=1 writes it");
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn references<'a>(value: &'a Value, all: &mut Vec<&'a str>) {
            match value {
                Value::Object(map) => {
                    all.extend(map.get("$ref").and_then(Value::as_str));
                    map.values().for_each(|it| references(it, all));
                }
                Value::Array(items) => items.iter().for_each(|it| references(it, all)),
                _ => {}
            }
        }
        let document = document();
        let mut all = Vec::new();
        references(&document, &mut all);
        assert!(all.len() > 50, "{}", all.len());
        for reference in all {
            let pointer = reference.strip_prefix('#').expect("within the document");
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    }
}
