//! Each component's section is described by its `Section`: what a new component forgets to describe
//! fails here, with the place to mend.

use std::{collections::BTreeSet, sync::Arc};

use espalier::{
    check::components::COMPONENT_NEEDED,
    components::{backup::Backup, section::Section, spec::Components},
    load::read,
    yaml::source::Source,
};
use serde_json::Value;

use super::schema;
use crate::support::{compile, with_components};

/// Fields that every component may have, and that some rule must know of.
const FIELDS: [&str; 4] = ["enabled", "replicas", "resources", "storage"];

/// The schema behind a field: `$ref`s followed, also of what may be absent.
fn followed<'a>(whole: &'a Value, at: &'a Value) -> &'a Value {
    let of_option = at["anyOf"].as_array().into_iter().flatten().find(|it| it["$ref"].is_string());
    match at["$ref"].as_str().or_else(|| of_option?["$ref"].as_str()) {
        Some(target) => {
            followed(whole, whole.pointer(target.trim_start_matches('#')).expect("a definition"))
        }
        None => at,
    }
}

/// Every field of those names below a section, by its path; amounts of pods (`resources` with
/// `memory`) are one field each.
fn fields(whole: &Value, at: &Value, path: &[String], found: &mut BTreeSet<String>) {
    let Some(properties) = followed(whole, at)["properties"].as_object() else { return };
    for (name, field) in properties {
        let path = [path, std::slice::from_ref(name)].concat();
        let target = followed(whole, field);
        let memory = followed(whole, &target["properties"]["memory"]);
        let is_amounts = memory["properties"]["request"].is_object();
        if is_amounts || name != "resources" && FIELDS.contains(&name.as_str()) {
            found.insert(path.join("."));
        } else {
            fields(whole, target, &path, found);
        }
    }
}

#[test]
fn every_section_describes_its_fields() {
    let whole = schema();
    let components = Components::default();
    let sections = components.sections();
    let written = Components { backup: Some(Backup::default()), ..Components::default() };
    let properties = &followed(&whole, &whole["$defs"]["Spec"]["properties"]["components"]);
    let mut said = Vec::new();
    for (key, section) in properties["properties"].as_object().expect("components") {
        let Some(index) = sections.iter().position(|it| it.key() == key) else {
            said.push(format!("`{key}` is not in `Components::sections` (components/spec.rs)"));
            continue;
        };
        let described = written.sections()[index];
        let mut known: BTreeSet<String> = ["enabled".to_owned()].into();
        known.extend(described.resources().iter().map(|it| it.path.join(".")));
        known.extend(described.volumes().iter().map(|it| it.path.join(".")));
        known.extend(described.numbers().iter().map(|it| it.path.join(".")));
        let mut there = BTreeSet::new();
        fields(&whole, section, &[], &mut there);
        for field in there.difference(&known) {
            said.push(format!(
                "`{key}.{field}`: no rule looks at it; name it in `impl Section` of the component \
                 with that key (`resources`, `volumes` or `numbers`)"
            ));
        }
        if !there.contains("enabled") {
            said.push(format!("`{key}` has no `enabled`, so nobody can switch it off"));
        }
    }
    assert!(said.is_empty(), "{}", said.join("\n"));
    assert_eq!(
        properties["properties"].as_object().map(serde_json::Map::len),
        Some(sections.len())
    );
}

/// An Application that a finding on the budget names leads to its section, and a need to another.
#[test]
fn keys_are_those_of_sections() {
    let components = Components::default();
    let sections = components.sections();
    let keys: BTreeSet<&str> = sections.iter().map(|it| it.key()).collect();
    let applications: BTreeSet<&str> = sections.iter().map(|it| it.application()).collect();
    assert_eq!((keys.len(), applications.len()), (sections.len(), sections.len()));
    for section in sections {
        for need in section.needs() {
            assert!(keys.contains(need.key), "`{}` needs `{}`", section.key(), need.key);
        }
        let made = section.may_make().iter().any(|it| it.application == section.application());
        assert!(made, "`{}` may make nothing under its own name", section.key());
    }
}

/// With everything enabled but one: a component that is left out for it says that it needs it. The
/// floor plan leaves out what lacks a handle, without a word.
#[test]
fn a_component_that_cannot_run_is_a_finding() {
    let components = Components::default();
    let keys = components.sections().map(Section::key);
    for off in keys {
        let lines = keys.map(|key| format!("{key}: {{enabled: {}}}\n", key != off)).concat();
        let texts = with_components(&lines);
        let sources = texts
            .iter()
            .map(|(path, text)| {
                (Arc::from(path.as_str()), Source::parse(path.as_str(), text.as_str()))
            })
            .collect();
        let platform = read::platform(&sources).0.expect("it can be read");
        let needed: Vec<String> = compile(&texts)
            .findings
            .iter()
            .filter(|it| it.code == COMPONENT_NEEDED.name())
            .map(|it| it.message.clone())
            .collect();
        let assembly = Arc::new(platform).build();
        for section in assembly.platform.spec.components.sections() {
            let is_there = assembly.components.iter().any(|built| {
                *built.name == *section.application()
                    && (built.chart.is_some() || !built.objects.is_empty())
            });
            let key = section.key();
            assert!(
                is_there
                    || key == off
                    || needed.iter().any(|it| it.contains(&format!("`{key}` needs"))),
                "without `{off}` there is no `{key}`, and nobody says so: name `{off}` in the `needs` \
                 of its `impl Section`; said was {needed:?}"
            );
        }
    }
}
