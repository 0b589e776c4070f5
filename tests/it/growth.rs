//! The table "Growth from the same spec" of README.md: each row is a spec that compiles, and costs
//! what the row says.

use std::{collections::BTreeMap, fs};

use espalier::units::Bytes;

use crate::support::{Compiled, Texts, compile, only, repository, tree};

/// What replaces `…` in a row: the size of a node.
const SIZE: &str = "cpu: 4, memory: 32Gi";
/// The platform that grows.
const BASE: &str = "ollama: {models: [\"llama3.2:1b-instruct-q4_K_M\"]}";

/// The rows: what grows, its spec lines, its memory column.
fn rows() -> Vec<(String, Vec<String>, String)> {
    let readme = fs::read_to_string(repository().join("README.md")).expect("README.md");
    let from = readme.find("## Growth from the same spec").expect("the section");
    let table = readme[from..]
        .lines()
        .skip_while(|it| !it.starts_with('|'))
        .take_while(|it| it.starts_with('|'))
        .skip(2);
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let code = cells[1].split('`').skip(1).step_by(2).map(|it| it.replace('…', SIZE)).collect();
        (cells[0].to_owned(), code, cells[2].to_owned())
    };
    table.map(row).collect()
}

/// The base with these lines in addition: of `spec`, or of a component.
fn grown(lines: &[String]) -> Compiled {
    tree(&spec(lines))
}

fn spec(lines: &[String]) -> Texts {
    let mut spec = BTreeMap::from([("node", format!("{{{SIZE}}}"))]);
    let mut components: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in std::iter::once(BASE).chain(lines.iter().map(String::as_str)) {
        let (key, value) = line.split_once(": ").expect("a key");
        if !["node", "nodes", "storage"].contains(&key) {
            components
                .entry(key)
                .or_default()
                .push(value.trim_start_matches('{').strip_suffix('}').expect("a map"));
        }
    }
    for line in lines {
        let (key, value) = line.split_once(": ").expect("a key");
        if ["node", "nodes", "storage"].contains(&key) {
            let before = spec.insert(key, value.to_owned());
            assert!(key == "node" || before.is_none(), "{key} twice");
        }
    }
    if spec.contains_key("nodes") {
        spec.remove("node");
    }
    let spec: Vec<String> = spec.iter().map(|(key, value)| format!("  {key}: {value}\n")).collect();
    let components: Vec<String> = components
        .iter()
        .map(|(key, values)| format!("    {key}: {{{}}}\n", values.join(", ")))
        .collect();
    let (spec, components) = (spec.concat(), components.concat());
    only(&format!(
        "apiVersion: espalier.dev/v1alpha1\nkind: Platform\nmetadata: {{name: test}}\nspec:\n  \
         repository: {{url: https://git.example.com/team/platform.git}}\n  domains: {{chat: chat.example.com}}\n  \
         certificates: {{email: operations@example.com}}\n{spec}  components:\n{components}"
    ))
}

fn requests(compiled: &Compiled) -> Bytes {
    compiled.plan.as_ref().expect("it is built").budget(&compiled.summaries).requests
}

#[test]
fn every_row_compiles() {
    let rows = rows();
    assert_eq!(rows.len(), 9, "{rows:?}");
    for (step, lines, _) in &rows {
        assert!(!lines.is_empty(), "{step} has no spec lines");
        // Settings for several nodes only are tested with several nodes.
        let alone: Vec<String> =
            lines.iter().filter(|it| !it.contains("shared:")).cloned().collect();
        let errors = grown(&alone).errors();
        assert!(errors.is_empty(), "{step}: {errors:?}");
        if alone.len() < lines.len() {
            let nodes = rows
                .iter()
                .flat_map(|it| &it.1)
                .find(|it| it.starts_with("nodes: "))
                .expect("several nodes");
            let with_nodes: Vec<String> = lines.iter().chain([nodes]).cloned().collect();
            let errors = grown(&with_nodes).errors();
            assert!(errors.is_empty(), "{step} on several nodes: {errors:?}");
        }
    }
}

#[test]
fn a_row_costs_what_it_says() {
    let base = requests(&grown(&[]));
    let of = |wanted: &str| {
        rows().into_iter().find(|it| it.0 == wanted).unwrap_or_else(|| panic!("no row `{wanted}`"))
    };
    let (_, lines, says) = of("database elsewhere");
    assert!(says.contains("−192Mi"), "{says}");
    assert_eq!(requests(&grown(&lines)) + Bytes::mib(192), base);
    let (_, lines, says) = of("more Open WebUI");
    assert!(says.contains("+384Mi a pod, +32Mi for Redis"), "{says}");
    let alone: Vec<String> = lines.into_iter().filter(|it| !it.contains("shared:")).collect();
    assert_eq!(requests(&grown(&alone)), base + Bytes::mib(2 * 384 + 32));
    for (step, costs) in [("PDF and Word", 512), ("PDF and Word in one pod", 256)] {
        let (_, lines, says) = of(step);
        assert_eq!(says, format!("+{costs}Mi"));
        assert_eq!(requests(&grown(&lines)), base + Bytes::mib(costs), "{step}");
    }
    let (_, lines, says) = of("more Ollama");
    assert!(says.contains("one full copy of the model each"), "{says}");
    assert_eq!(requests(&grown(&lines)), base + Bytes::mib(1183));
}

/// Users need not count connections: the default fits the database, whatever the number of pods.
#[test]
fn the_pool_follows_the_pods() {
    let pool = |lines: &[&str]| {
        let lines: Vec<String> = lines.iter().map(|it| (*it).to_owned()).collect();
        let grown = grown(&lines);
        assert!(grown.errors().is_empty(), "{}", grown.said());
        let web = grown
            .objects()
            .into_iter()
            .find(|it| it.kind() == "Deployment" && it.name() == "openwebui")
            .expect("Open WebUI");
        let text = serde_yaml::to_string(&web.value).expect("YAML");
        ["DATABASE_POOL_SIZE", "DATABASE_POOL_MAX_OVERFLOW"].map(|name| {
            let rest = text.split_once(&format!("name: {name}\n")).expect("it is set").1;
            let value = rest.lines().next().unwrap_or_default();
            value
                .trim()
                .trim_start_matches("value: ")
                .trim_matches(['"', '\''])
                .parse::<u32>()
                .expect("a number")
        })
    };
    let several = "redis: {enabled: true}";
    assert_eq!(pool(&[]), [5, 5]);
    assert_eq!(pool(&[several, "openWebui: {replicas: 3}"]), [2, 2]);
    assert_eq!(
        pool(&[
            several,
            "openWebui: {replicas: 3}",
            "postgresql: {resources: {memory: {limit: 2Gi}}}"
        ]),
        [5, 5]
    );
    assert_eq!(pool(&["openWebui: {connectionPool: {size: 3}}"]), [3, 5], "what is written stands");
    let many = compile(&spec(&[several.to_owned(), "openWebui: {replicas: 60}".to_owned()]));
    assert_eq!(many.errors().first().copied(), Some("postgresql-limit-too-low"), "{}", many.said());
}
