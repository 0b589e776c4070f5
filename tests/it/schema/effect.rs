//! Every field of a component that does not run here is a finding, whatever it is called: what is
//! added to a section later is among them.

use serde_json::{Map, Value, json};

use super::schema;
use crate::support::{compile, with_components};
use espalier::check::effect::SETTING_WITHOUT_EFFECT;

/// The definition behind a field, also of one that may be absent.
fn followed<'a>(whole: &'a Value, at: &'a Value) -> &'a Value {
    let of_option = at["anyOf"].as_array().into_iter().flatten().find(|it| it["$ref"].is_string());
    match at["$ref"].as_str().or_else(|| of_option?["$ref"].as_str()) {
        Some(target) => {
            followed(whole, whole.pointer(target.trim_start_matches('#')).expect("a definition"))
        }
        None => at,
    }
}

/// A value for a field: its first example, or a map of what it must have.
fn sample(whole: &Value, field: &Value) -> Value {
    if let Some(example) = field["examples"].as_array().and_then(|it| it.first()) {
        return example.clone();
    }
    let definition = followed(whole, field);
    let required =
        definition["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let fields: Map<String, Value> =
        required.map(|it| (it.to_owned(), sample(whole, &definition["properties"][it]))).collect();
    Value::Object(fields)
}

/// The components of the spec, with the fields of each.
fn components(whole: &Value) -> Vec<(String, Map<String, Value>)> {
    let components = followed(whole, &whole["$defs"]["Spec"]["properties"]["components"]);
    let sections = components["properties"].as_object().expect("components");
    let fields = |section| followed(whole, section)["properties"].as_object().cloned();
    sections.iter().filter_map(|it| Some((it.0.clone(), fields(it.1)?))).collect()
}

/// The findings of the code about a spec with these components, as one text.
fn found(components: &Value) -> String {
    let sections = components.as_object().expect("components");
    let lines: Vec<String> = sections.iter().map(|it| format!("{}: {}", it.0, it.1)).collect();
    let compiled = compile(&with_components(&lines.join("\n")));
    let of_code = compiled.findings.iter().filter(|it| it.code == SETTING_WITHOUT_EFFECT.name());
    of_code.map(|it| it.message.as_str()).collect::<Vec<_>>().join("\n")
}

#[test]
fn each_field_of_a_component_that_is_off_is_found() {
    let whole = schema();
    let all = components(&whole);
    // What is off is needed by nothing that runs.
    let off: Map<String, Value> =
        all.iter().map(|it| (it.0.clone(), json!({"enabled": false}))).collect();
    let mut number = 0;
    for (key, fields) in &all {
        for (field, its_schema) in fields.iter().filter(|it| it.0 != "enabled") {
            let mut components = off.clone();
            components[key][field] = sample(&whole, its_schema);
            let said = found(&Value::Object(components));
            assert!(
                said == format!("`{field}` has no effect: `{key}` is disabled"),
                "`{key}.{field}`: {said}"
            );
            number += 1;
        }
    }
    assert!(number > 30, "{number} fields");
    assert_eq!(found(&Value::Object(off)), "");
}

#[test]
fn each_field_of_a_component_that_is_external_is_found() {
    let whole = schema();
    let mut number = 0;
    for (key, fields) in components(&whole) {
        let Some(external) = fields.get("external") else { continue };
        let external = sample(&whole, external);
        assert_eq!(found(&json!({&key: {"external": external}})), "");
        for (field, its_schema) in
            fields.iter().filter(|it| !["enabled", "external"].contains(&it.0.as_str()))
        {
            let section = json!({"external": external, field: sample(&whole, its_schema)});
            let said = found(&json!({&key: section}));
            assert!(
                said.starts_with(&format!("`{field}` has no effect: `external` names")),
                "`{key}.{field}`: {said}; name `external` in `outside` of its `impl Section`"
            );
            number += 1;
        }
    }
    assert!(number > 1, "{number} fields");
}
