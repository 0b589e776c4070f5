//! What an editor shows of a field: each says what it is, what holds without it, and an example
//! that can be pasted.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{below, bounds::refusals, schema, schemas};

/// A description with fewer words is a label, and says nothing that the field's name does not.
const FEWEST_WORDS: usize = 5;

/// A field of a file: where it is defined, and its schema.
struct Field<'v> {
    /// The schema's file, the definition and the field, as a failing test shows them.
    name: String,
    /// What the schema's root has in `$defs`.
    definitions: &'v Value,
    schema: &'v Value,
    is_required: bool,
}

impl Field<'_> {
    fn description(&self) -> &str {
        self.schema["description"].as_str().unwrap_or_default()
    }

    /// The definition that it refers to, or itself.
    fn definition(&self) -> &Value {
        let of_option = || self.schema["anyOf"].as_array()?.iter().find_map(|it| it.get("$ref"));
        let reference = self.schema.get("$ref").or_else(of_option).and_then(Value::as_str);
        let name = reference.and_then(|it| it.strip_prefix("#/$defs/"));
        name.map_or(self.schema, |it| &self.definitions[it])
    }

    /// Whether it is a map of fields that are described one by one: they have the examples.
    fn has_fields(&self) -> bool {
        self.definition().get("properties").is_some()
    }

    /// Its schema as one that stands for itself.
    fn alone(&self) -> Value {
        json!({"$defs": self.definitions, "allOf": [self.schema]})
    }
}

/// The fields of one definition.
fn add<'v>(name: &str, definition: &'v Value, definitions: &'v Value, all: &mut Vec<Field<'v>>) {
    let required: BTreeSet<&str> =
        definition["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let fields = definition.get("properties").and_then(Value::as_object);
    for (field, schema) in fields.into_iter().flatten() {
        all.push(Field {
            name: format!("{name}.{field}"),
            definitions,
            schema,
            is_required: required.contains(field.as_str()),
        });
    }
}

/// Every field of a schema.
fn fields<'v>(path: &str, schema: &'v Value) -> Vec<Field<'v>> {
    let definitions = &schema["$defs"];
    let mut all = Vec::new();
    add(path, schema, definitions, &mut all);
    for (name, definition) in definitions.as_object().into_iter().flat_map(Map::iter) {
        add(&format!("{path}: {name}"), definition, definitions, &mut all);
    }
    all
}

/// Looks at every field of every schema, and fails with all that it has to say of them.
fn each_field(complaint: impl Fn(&Field<'_>) -> Option<String>) {
    let (mut number, mut complaints) = (0, Vec::new());
    for (path, schema) in schemas() {
        for field in fields(path, &schema) {
            number += 1;
            complaints.extend(complaint(&field).map(|it| format!("{}: {it}", field.name)));
        }
    }
    assert!(number > 150, "{number} fields");
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// What is wrong with a description as a text.
fn unreadable(description: &str) -> Option<&'static str> {
    let begins = |character: char| {
        character.is_uppercase() || character == '`' || character.is_ascii_digit()
    };
    if !description.ends_with('.') {
        Some("does not end as a sentence does")
    } else if !description.starts_with(begins)
        && !NAMES.iter().any(|it| description.starts_with(it))
    {
        Some("does not begin as a sentence does")
    } else if description.contains("[`") || description.contains("::") {
        Some("has a link that only Rust knows")
    } else if description.contains("`WebUI`") || description.contains("`Open WebUI`") {
        Some("writes a name of a product as code")
    } else if description.matches('`').count() % 2 == 1 {
        Some("opens code that it does not close")
    } else {
        None
    }
}

/// Names that are written in lower case, also at the beginning of a sentence.
const NAMES: [&str; 2] = ["cert-manager", "k3s"];

#[test]
fn each_says_what_it_is_in_a_sentence() {
    each_field(|field| {
        let what = field.description().split("\n\n").next().unwrap_or_default();
        if what.split_whitespace().count() < FEWEST_WORDS {
            return Some(format!("`{what}` is no sentence"));
        }
        unreadable(field.description()).map(|it| format!("`{}` {it}", field.description()))
    });
}

/// The definitions' and the variants' are shown too.
#[test]
fn every_description_is_a_sentence() {
    for (path, schema) in schemas() {
        below(&schema, &mut |part| {
            if let Some(description) = part.get("description").and_then(Value::as_str) {
                assert_eq!(unreadable(description), None, "{path}: {description}");
            }
        });
    }
}

/// Of a field that has fields, they say it.
#[test]
fn each_says_whether_it_is_required_or_what_holds_without_it() {
    each_field(|field| {
        let description = field.description();
        let says = |text: &str| description.contains(text);
        let is_said = if field.is_required {
            says("\n\nRequired.")
        } else {
            says("\n\nDefault: `") || says("Absent: ") || field.has_fields()
        };
        (!is_said).then(|| format!("`{description}`"))
    });
}

#[test]
fn each_that_holds_a_value_has_an_example_that_its_schema_accepts() {
    each_field(|field| {
        let examples = field.schema.get("examples").and_then(Value::as_array);
        let Some(examples) = examples.filter(|it| !it.is_empty()) else {
            return (!field.has_fields()).then(|| "has no example".to_owned());
        };
        if (1..examples.len()).any(|at| examples[..at].contains(&examples[at])) {
            return Some("has an example twice".to_owned());
        }
        let validator = jsonschema::validator_for(&field.alone()).expect("a schema");
        let refused = examples.iter().find(|it| !validator.is_valid(it))?;
        Some(format!("its example {refused} is refused: {:?}", validator.validate(refused)))
    });
}

/// Where the fields of the platform's spec stand (`[]` is any item of a list, `*` any entry of a
/// map), with their examples.
fn places(whole: &Value, part: &Value, path: &[String], found: &mut Vec<(Vec<String>, Value)>) {
    let mut parts = vec![part];
    while let Some(part) = parts.pop() {
        let target = part.get("$ref").and_then(Value::as_str);
        parts.extend(target.and_then(|it| whole.pointer(it.trim_start_matches('#'))));
        parts.extend(part.get("anyOf").and_then(Value::as_array).into_iter().flatten());
        let step = |step: &str| path.iter().cloned().chain([step.to_owned()]).collect::<Vec<_>>();
        for (name, field) in part.get("properties").and_then(Value::as_object).into_iter().flatten()
        {
            let path = step(name);
            let examples = field.get("examples").and_then(Value::as_array);
            found.extend(examples.into_iter().flatten().map(|it| (path.clone(), it.clone())));
            places(whole, field, &path, found);
        }
        for entry in part.get("patternProperties").and_then(Value::as_object).into_iter().flatten()
        {
            places(whole, entry.1, &step("*"), found);
        }
        if let Some(items) = part.get("items") {
            places(whole, items, &step("[]"), found);
        }
    }
}

/// A spec with every map and list that a field may stand in, and with one value replaced.
fn whole_spec_with(path: &[String], value: &Value) -> Value {
    let group = json!({
        "name": "main", "role": "server", "cpu": 4, "memory": "8Gi",
        "taints": [{"key": "gpu", "effect": "NoSchedule"}]
    });
    let figures = json!({
        "blob": "1.3Gi", "layers": 32, "kvHeads": 8, "headDim": 64, "embedding": 2_048,
        "heads": 32, "feedForward": 8_192, "vocabulary": 128_256, "trainContext": 131_072,
        "window": 1_024, "windowLayers": 16, "embeddingModel": path.ends_with(&["decoder".into()])
    });
    let mut document = json!({
        "apiVersion": "espalier.dev/v1alpha1",
        "kind": "Platform",
        "metadata": {"name": "test"},
        "spec": {
            "repository": {"url": "https://git.example.com/team/platform.git"},
            "domains": {"chat": "chat.example.com"},
            "certificates": {"email": "operations@example.com"},
            "components": {
                "backup": {"s3": {"endpoint": "https://s3.example.net", "bucket": "backups"}},
                "ollama": {
                    "models": ["acme/botanist:1b"],
                    "catalogue": {"acme/botanist:1b": figures},
                    "gpu": {"memory": "24Gi", "tolerations": [{"key": "gpu"}]}
                },
                "postgresql": {"external": {"host": "db.example.net"}}
            }
        }
    });
    if path[1] == "ingress" {
        document["spec"]["ingress"] = json!({"class": "nginx", "namespace": "nginx-ingress"});
        document["spec"]["components"]["traefik"] = json!({"enabled": false});
    }
    if path[1] == "nodes" {
        document["spec"]["nodes"] = json!([group]);
    } else {
        document["spec"]["node"] = json!({"cpu": 4, "memory": "8Gi"});
    }
    let mut at = &mut document;
    for step in path {
        at = match step.as_str() {
            "[]" => &mut at[0],
            "*" => &mut at["acme/botanist:1b"],
            key => &mut at[key],
        };
    }
    *at = value.clone();
    document
}

/// A pattern takes more than the compiler does: it does not know of an address that no network
/// has, or of the 31st of February.
#[test]
fn each_example_of_the_platforms_spec_compiles() {
    let schema = schema();
    let mut all = Vec::new();
    places(&schema, &schema, &[], &mut all);
    all.retain(|(path, _)| path[0] == "spec");
    for (path, example) in &all {
        if path.ends_with(&["signedBy".to_owned()]) {
            // A whole key is longer than what fits beside a name.
            continue;
        }
        let text = whole_spec_with(path, example).to_string();
        assert!(refusals(&text).is_empty(), "{path:?}: {example}: {:?}", refusals(&text));
    }
    assert!(all.len() > 100, "{} examples", all.len());
}

/// Two types of one name would be told from each other by a number that says nothing.
#[test]
fn no_definition_is_numbered() {
    for (path, schema) in schemas() {
        for name in schema["$defs"].as_object().into_iter().flat_map(Map::keys) {
            assert!(
                !name.ends_with(|last: char| last.is_ascii_digit()),
                "{path}: rename one of the types that are called `{name}` but for its number"
            );
        }
    }
}

/// The fields of a node stand twice in the sources, for one node and for each of several: a field
/// of both has one schema, and one text but for the number.
#[test]
fn a_node_of_a_group_has_the_fields_of_the_only_node() {
    let schema = schema();
    let fields = |name: &str| {
        let fields = schema["$defs"][name]["properties"].as_object().expect("fields");
        fields.iter().map(|(name, field)| (name.clone(), in_singular(field))).collect()
    };
    let only: BTreeMap<String, Value> = fields("Node");
    let mut each: BTreeMap<String, Value> = fields("NodeGroup");
    each.retain(|name, _| !OF_GROUPS.contains(&name.as_str()));
    let names = |of: &BTreeMap<String, Value>| of.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&only), names(&each), "a field that one node has, and a node of a group not");
    for (name, field) in &only {
        assert_eq!(field, &each[name], "`{name}` of `Node` and of `NodeGroup`");
    }
}

/// What only a group has: the role of the only node is `server`.
const OF_GROUPS: [&str; 5] = ["count", "labels", "name", "role", "taints"];

/// A field with what is said of each node of a group said of one node. The factor of a group is
/// part of a sum, so what is said of it differs in more than the number.
fn in_singular(field: &Value) -> Value {
    let mut field = field.clone();
    if let Some(Value::String(text)) = field.get_mut("description") {
        *text = text.replace("each node", "the node").replace("such a node", "the node");
        if text.starts_with("How many times the usable memory") {
            text.clear();
        }
    }
    field
}
