//! Makes the JSON Schemas of the files in `spec/` of the structs that read them: what the program
//! holds and writes is a copy of it, since making it takes longer than many platforms do.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use crate::{
    check::ranges::{above_zero, all_bounds},
    components::{
        spec::PlatformSpec,
        workspace::resource::{LISTS, LONGEST_NAME, NAME_PATTERN, NUMBERS, Workspace},
    },
    facts::{
        bootstrap, models,
        versions::{self, HELM, K3S},
    },
    load::schema::PATHS,
    names::{K3sVersion, Tag},
    platform::sealed::SealedCredential,
    units::Seconds,
};

/// All schemas, in the order of their paths.
pub fn texts() -> [String; PATHS.len()] {
    [platform(), versions(), secret(), workspace()]
}

/// The JSON Schema of `spec/platform.yaml`, with a mark of where it comes from.
fn platform() -> String {
    let mut schema = schemars::schema_for!(PlatformSpec).to_value();
    for (path, least, most) in all_bounds() {
        if let Some(number) = pointer(&schema, &path)
            .and_then(|it| schema.pointer_mut(&it))
            .and_then(Value::as_object_mut)
        {
            number.insert("minimum".to_owned(), least.into());
            number.insert("maximum".to_owned(), most.into());
        }
    }
    for path in above_zero() {
        let example = pointer(&schema, &path)
            .and_then(|at| schema.pointer(&at)?.pointer("/examples/0").map(bare))
            .expect("an amount's type gives examples");
        let more = json!({
            "exclusiveMinimum": 0,
            "pattern": "[1-9]",
            "patternErrorMessage": format!("More than nothing, like `{example}`.")
        });
        narrow(&mut schema, &path, more);
    }
    narrow(&mut schema, &["components", "ollama", "keepAlive"], at_most_the_longest());
    finished("platform", "Espalier platform", schema)
}

/// Of `spec/versions.yaml`: one name a line, and no other than those that a version can be pinned
/// for.
fn versions() -> String {
    finished("versions", "Espalier versions", schemars::schema_for!(Pins).to_value())
}

/// Of a file of `spec/secrets/`.
fn secret() -> String {
    finished(
        "secret",
        "Espalier sealed credential",
        schemars::schema_for!(SealedCredential).to_value(),
    )
}

/// Of a file of `spec/workspaces/`.
fn workspace() -> String {
    let mut schema = schemars::schema_for!(Workspace).to_value();
    for (path, least, most) in NUMBERS {
        narrow(&mut schema, path, json!({"minimum": least, "maximum": most}));
    }
    for (path, most) in LISTS {
        narrow(&mut schema, path, json!({"maxItems": most}));
    }
    let name = json!({
        "maxLength": LONGEST_NAME,
        "pattern": NAME_PATTERN,
        "patternErrorMessage": format!(
            "A name like `my-team`: lower-case letters, digits and `-`, at most {LONGEST_NAME}, \
             with a letter at the beginning and no `-` at the end."
        )
    });
    narrow(&mut schema, &["workspaceName"], name);
    finished("workspace", "Espalier workspace", schema)
}

struct Pins;

impl JsonSchema for Pins {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Versions".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (tag, k3s) =
            (generator.subschema_for::<Tag>(), generator.subschema_for::<K3sVersion>());
        let mut properties = Map::new();
        for pin in versions::ALL {
            let mut schema = if pin == K3S { k3s.clone() } else { tag.clone() };
            let becomes = if pin.image.is_some() {
                "its tag, which may be followed by its digest (`1.2.3@sha256:<digits>`)"
            } else if pin == K3S || pin == HELM {
                "the one that `bootstrap.sh` installs"
            } else {
                "`spec.source.targetRevision` of its Argo CD Application"
            };
            let description = format!("{}. The version is {becomes}.", pin.what);
            schema.insert("description".to_owned(), description.into());
            schema.insert("default".to_owned(), pin.tested.into());
            schema.insert("examples".to_owned(), json!([pin.tested]));
            properties.insert(pin.name.to_owned(), schema.to_value());
        }
        for download in bootstrap::DOWNLOADS {
            let (name, architecture) = download.name.split_once('-').unwrap_or((download.name, ""));
            let (tested, checksum) = (download.of.tested, download.tested);
            let mut schema = tag.clone();
            schema.insert(
                "description".to_owned(),
                format!(
                    "The checksum of the download of {name} for {architecture}, which \
                     `bootstrap.sh` compares: `{tested}@sha256:<digits>`. Absent: that of the \
                     tested version, where that one is downloaded."
                )
                .into(),
            );
            schema.insert("examples".to_owned(), json!([format!("{tested}@sha256:{checksum}")]));
            properties.insert(download.name.to_owned(), schema.to_value());
        }
        json_schema!({
            "description": "Pinned versions; one that is not listed is that of the tested set. Put a \
                            version like `17.10` in quotes.",
            "type": "object",
            "additionalProperties": false,
            "properties": properties
        })
    }
}

/// Adds to what a type takes what one of its places asks for.
fn narrow(schema: &mut Value, path: &[&str], more: Value) {
    let place =
        pointer(schema, path).and_then(|it| schema.pointer_mut(&it)).and_then(Value::as_object_mut);
    if let (Some(place), Value::Object(more)) = (place, more) {
        place.extend(more);
    }
}

/// Lengths of time that are no longer than the longest; of several units each by itself, for no
/// pattern adds them up.
fn at_most_the_longest() -> Value {
    let units = Seconds::UNITS.map(|(size, unit)| {
        let most = Seconds::LONGEST.get() / size;
        format!("({}(\\.[0-9]+)?|0*{most}(\\.0+)?){unit}", whole_numbers(most - 1))
    });
    json!({
        "pattern": format!("^(0|({})+)$", units.join("|")),
        "patternErrorMessage": format!(
            "A length of time of at most `{}`, a year, like `30s` or `24h`.",
            Seconds::LONGEST
        )
    })
}

/// The pattern of the whole numbers up to one.
fn whole_numbers(most: u64) -> String {
    let digits = most.to_string();
    let mut cases = vec![digits.clone()];
    if digits.len() > 1 {
        cases.push(format!("[0-9]{{1,{}}}", digits.len() - 1));
    }
    for (at, digit) in digits.char_indices().filter(|it| it.1 > '0') {
        // A smaller digit here, and any behind it.
        let below = char::from_u32(u32::from(digit) - 1).unwrap_or('0');
        cases.push(format!("{}[0-{below}][0-9]{{{}}}", &digits[..at], digits.len() - at - 1));
    }
    format!("0*({})", cases.join("|"))
}

/// Where in a schema a value of the spec is described; `$ref`s on the way are followed.
fn pointer(schema: &Value, path: &[&str]) -> Option<String> {
    ["spec"].iter().chain(path).try_fold(String::new(), |at, step| {
        let at = followed(schema, at)?;
        Some(match *step {
            "[]" => format!("{at}/items"),
            "*" => {
                // The names of a map's entries are told by a pattern.
                let pattern =
                    schema.pointer(&at)?.get("patternProperties")?.as_object()?.keys().next()?;
                format!("{at}/patternProperties/{}", pattern.replace('~', "~0").replace('/', "~1"))
            }
            _ => format!("{at}/properties/{step}"),
        })
    })
}

fn followed(schema: &Value, at: String) -> Option<String> {
    let place = schema.pointer(&at)?;
    // What may be absent is one of two: the thing, or null.
    let of_option =
        || place.get("anyOf")?.as_array()?.iter().find_map(|part| part.get("$ref")?.as_str());
    let target = place.get("$ref").and_then(Value::as_str).or_else(of_option);
    let target = target.map(|it| it.trim_start_matches('#').to_owned());
    Some(target.unwrap_or(at))
}

/// The text of a schema that is complete.
fn finished(name: &str, title: &str, mut schema: Value) -> String {
    unfold(&mut schema);
    complete_models(&mut schema);
    say_defaults(&mut schema);
    if let Some(fields) = schema.as_object_mut() {
        // `$comment` sorts first, into the 200 bytes where the driver looks for whose file it is.
        fields.insert(
            "$comment".to_owned(),
            "Generated by espalier from spec/: never edit this file.".into(),
        );
        fields.insert(
            "$id".to_owned(),
            format!("https://espalier.dev/v1alpha1/{name}.schema.json").into(),
        );
        fields.insert("title".to_owned(), title.into());
    }
    // Whatever order this build of `serde_json` keeps: another crate may have switched it.
    schema.sort_all_objects();
    let mut text = serde_json::to_string_pretty(&schema).expect("a value is JSON");
    text.push('\n');
    text
}

/// Names of the catalogue beside the form of any name: editors offer them, and no other is refused.
fn complete_models(schema: &mut Value) {
    let model = schema.pointer_mut("/$defs/ModelName").and_then(Value::as_object_mut);
    let Some(model) = model else { return };
    let description = model.remove("description");
    let names: Vec<Value> =
        models::names().map(|it| it.strip_suffix(":latest").unwrap_or(&it).into()).collect();
    let any = std::mem::take(model);
    model.extend(description.map(|it| ("description".to_owned(), it)));
    model.insert("anyOf".to_owned(), vec![json!({"enum": names}), Value::Object(any)].into());
}

/// Editors show a field's description and its examples, but neither its default nor whether it is
/// required: the description says it.
fn say_defaults(schema: &mut Value) {
    let definitions = schema.get_mut("$defs").and_then(Value::as_object_mut);
    for definition in definitions.into_iter().flat_map(Map::values_mut) {
        say_defaults(definition);
    }
    let required = schema.get("required").cloned().unwrap_or_default();
    let fields = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (name, field) in fields.into_iter().flatten() {
        let is_required =
            required.as_array().is_some_and(|names| names.iter().any(|it| it == name));
        let default = field.get("default").filter(|it| !it.is_null() && !it.is_object());
        let said = match default {
            Some(default) => format!("Default: `{}`.", bare(default)),
            None if is_required => "Required.".to_owned(),
            None => continue,
        };
        if let Some(Value::String(description)) = field.get_mut("description") {
            *description = format!("{description}\n\n{said}");
        }
    }
}

/// A scalar as YAML writes it.
fn bare(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Descriptions without the line breaks of the source.
fn unfold(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                match field {
                    Value::String(text) if key == "description" && text.contains('\n') => {
                        *text = unfolded(text);
                    }
                    field => unfold(field),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(unfold),
        _ => {}
    }
}

/// A text whose paragraphs are one line each: where a comment of the source is folded is nothing
/// that an editor should show.
fn unfolded(text: &str) -> String {
    let paragraphs = text.split("\n\n").map(|paragraph| paragraph.replace('\n', " "));
    paragraphs.collect::<Vec<_>>().join("\n\n")
}
