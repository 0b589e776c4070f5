//! `show models`: the catalogue, with the memory that each model needs with the spec's settings.

use std::{fmt::Write as _, num::NonZero};

use serde::Serialize;

use crate::{
    check::model_names,
    cli::{
        args::Format,
        console::{Console, count},
        outcome::Outcome,
        show::json,
        sources::Work,
        table::Table,
    },
    components::ollama::Ollama,
    diag::suggest,
    facts::models::{
        self,
        families::FAMILIES,
        figures::{Figures, Size},
        foreign, uncovered,
    },
    load::read,
    names::ModelName,
};

/// A model, as in the JSON output.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ModelRow {
    name: String,
    /// The memory that Ollama's container gets for this model alone.
    memory_mi: u64,
    /// The memory that its GPUs must have together.
    #[serde(skip_serializing_if = "Option::is_none")]
    gpu_memory_mi: Option<NonZero<u64>>,
    file_bytes: u64,
    file: &'static str,
    train_context: u64,
    embedding: bool,
    tools: Option<bool>,
}

/// Runs `show models`. Without a spec, the default settings apply.
///
/// # Errors
/// When stdout cannot be written.
pub fn run(
    work: Option<&Work>,
    patterns: &[String],
    console: &mut Console,
) -> anyhow::Result<Outcome> {
    let spec = work.and_then(|it| read::platform(&it.sources.texts).0);
    let is_spec = spec.is_some();
    let ollama = spec.map_or_else(Ollama::default, |it| it.spec.components.ollama);
    let words: Vec<&str> = patterns.iter().flat_map(|it| it.split_whitespace()).collect();
    let patterns: Vec<String> = words.iter().map(|it| pattern(it)).collect();
    let mut rows = rows(&ollama, &patterns, |name| patterns.iter().all(|it| has(name, it)));
    // No model belongs to two families, so show those of either.
    if rows.is_empty()
        && patterns.len() > 1
        && patterns
            .iter()
            .all(|it| FAMILIES.iter().any(|family| distance(family.name, it) < OTHER_FAMILY))
    {
        console.say(&format!(
            "no model has all of `{}` in its name; these have one of them\n",
            patterns.join(" ")
        ));
        rows = self::rows(&ollama, &patterns, |name| patterns.iter().any(|it| has(name, it)));
    }
    if rows.is_empty() {
        console.say(&nothing(&words));
    }
    // The family itself comes before those whose names contain its name.
    rows.sort_by_key(|row| patterns.iter().map(|it| distance(&row.name, it)).min());
    if console.format() == Format::Json {
        console.data(&json(&rows)?)?;
    } else if !rows.is_empty() {
        console.data(&table(&rows))?;
        let whose = if is_spec {
            "the spec's settings"
        } else {
            "the default settings (there is no spec here)"
        };
        console.say(&format!(
            "{}; memory is what Ollama gets for one of them alone,\nwith {whose}: a context of \
             {}\n",
            count(rows.len(), "model"),
            ollama.context
        ));
    }
    Ok(if rows.is_empty() { Outcome::Findings } else { Outcome::Clean })
}

/// A pattern in the spelling of names: a complete name as Ollama reads it, else the word itself.
fn pattern(word: &str) -> String {
    let whole = word.parse::<ModelName>().ok().filter(|_| word.contains([':', '/']));
    let bare = |model_name: ModelName| {
        if word.ends_with(":latest") {
            model_name.to_string()
        } else {
            model_name.trim_end_matches(":latest").to_owned()
        }
    };
    whole.map_or_else(|| word.to_ascii_lowercase(), bare)
}

/// Whether a name contains the parts of a pattern between its `*`, in order, ignoring case.
fn has(name: &str, pattern: &str) -> bool {
    let mut rest = &*name.to_ascii_lowercase();
    pattern.to_ascii_lowercase().split('*').all(|part| {
        let at = rest.find(part);
        rest = at.map_or("", |at| &rest[at + part.len()..]);
        at.is_some()
    })
}

/// The message for words that no name contains: why there is no figure, that the model is not from
/// the library, or which family has the most similar name.
fn nothing(words: &[&str]) -> String {
    let said = words.join(" ");
    let reasons: String = words
        .iter()
        .filter_map(|it| it.parse::<ModelName>().ok())
        .filter_map(|it| reason(&it))
        .collect();
    if !reasons.is_empty() {
        return reasons;
    }
    let nearest =
        |text: &str| suggest::nearest(text, FAMILIES.iter().map(|it| it.name)).map(str::to_owned);
    let is_strange = |text: &&&str| !models::names().any(|name| has(&name, text));
    let near =
        nearest(&said).or_else(|| words.iter().filter(is_strange).find_map(|it| nearest(it)));
    let near = near.map_or_else(String::new, |it| format!("; did you mean `{it}`?"));
    format!("no model in the catalogue has `{said}` in its name{near}\n")
}

/// Why the catalogue has no figures for a model that the user may mean.
fn reason(model: &ModelName) -> Option<String> {
    if let Some(why) = uncovered::reason(model.model(), model.tag()) {
        return Some(format!("the memory of `{model}` cannot be computed: {why}\n"));
    }
    if !model.contains('/') {
        return None;
    }
    let mut said = format!(
        "`{model}` does not come from Ollama's library, so it is not in the \
                            catalogue\n"
    );
    let assumed = foreign::assumed(model);
    if let Some(assumed) = &assumed {
        let _ = writeln!(
            said,
            "its name suggests that it derives from `{}`, which is in Ollama's library",
            assumed.base
        );
    }
    let own = model_names::stanza(model, assumed.as_ref().map(|it| &it.figures), "");
    let _ = writeln!(said, "once its figures are under `ollama`, it is listed here: `{own}`");
    if let Some(assumed) = &assumed {
        let _ = writeln!(said, "{}", model_names::assumption(assumed));
    }
    Some(said)
}

/// The result of `distance` for a name that does not begin like the pattern.
const OTHER_FAMILY: u8 = 2;

/// How close a model is to the family that a pattern names: 0 in that family, 1 in one whose name
/// begins with the pattern, else 2.
fn distance(name: &str, pattern: &str) -> u8 {
    let family =
        |text: &str| text.split([':', '*']).next().unwrap_or_default().to_ascii_lowercase();
    let (its, asked) = (family(name), family(pattern));
    if its == asked { 0 } else { u8::from(!its.starts_with(&*asked)) + 1 }
}

fn rows(ollama: &Ollama, patterns: &[String], is_asked: impl Fn(&str) -> bool) -> Vec<ModelRow> {
    let own = ollama
        .catalogue
        .iter()
        .map(|(name, figures)| row(ollama, name.to_string(), figures, "spec"));
    let mut rows: Vec<ModelRow> = own.filter(|it| is_asked(&it.name)).collect();
    let known = |name: String| {
        let found = models::find(&name)?;
        Some(row(ollama, name, &found.figures, word(found.size)))
    };
    rows.extend(models::names().filter(|it| is_asked(it)).filter_map(known));
    // A tag that is not listed, but whose figures can be computed.
    if let ([one], true) = (patterns, rows.is_empty()) {
        rows.extend(one.parse::<ModelName>().ok().and_then(|it| known(it.to_string())));
    }
    rows
}

fn row(ollama: &Ollama, name: String, figures: &Figures, file: &'static str) -> ModelRow {
    let mebibytes = |bytes: u64| bytes.div_ceil(1 << 20);
    ModelRow {
        memory_mi: mebibytes(ollama.alone(figures).get()),
        gpu_memory_mi: ollama.vram_alone(figures).and_then(|it| NonZero::new(mebibytes(it.get()))),
        file_bytes: figures.blob,
        file,
        train_context: figures.train_context,
        embedding: figures.embedding_model,
        tools: figures.tools,
        name,
    }
}

/// How the size of the weights is known, as text.
const fn word(size: Size) -> &'static str {
    match size {
        Size::Published => "published",
        Size::Computed => "computed",
        Size::AtMost => "at most",
    }
}

fn table(rows: &[ModelRow]) -> String {
    let tools = |row: &ModelRow| match row.tools {
        Some(true) => "yes",
        Some(false) => "no",
        None => "?",
    };
    let mi = |number: u64| format!("{number}Mi");
    // With GPUs their memory matters more than the longest context, which is in the JSON.
    if rows.iter().any(|it| it.gpu_memory_mi.is_some()) {
        let mut table = Table::new(&["model", ">memory", ">on GPUs", "tools", "file"]);
        for row in rows {
            let gpu = row.gpu_memory_mi.map_or_else(String::new, |it| mi(it.get()));
            table.row([
                row.name.clone(),
                mi(row.memory_mi),
                gpu,
                tools(row).to_owned(),
                row.file.to_owned(),
            ]);
        }
        return table.text();
    }
    let mut table = Table::new(&["model", ">memory", ">trained", "tools", "file"]);
    for row in rows {
        table.row([
            row.name.clone(),
            mi(row.memory_mi),
            row.train_context.to_string(),
            tools(row).to_owned(),
            row.file.to_owned(),
        ]);
    }
    table.text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_parts_of_names() {
        for (name, asked) in [
            ("qwen3:4b-q8_0", "qwen3"),
            ("qwen3:4b-q8_0", "Q8"),
            ("qwen3:4b-q8_0", "qwen*q8"),
            ("qwen3:4b-q8_0", ""),
            ("qwen3:4b-q8_0", "*"),
        ] {
            assert!(has(name, asked), "{asked}");
        }
        for asked in ["q8*qwen", "qwen2", "4b*4b"] {
            assert!(!has("qwen3:4b-q8_0", asked), "{asked}");
        }
    }

    #[test]
    fn a_family_is_nearer_than_one_that_has_its_name() {
        assert_eq!(
            ["llama3:8b", "llama3.1:8b", "dolphin-llama3:8b"].map(|it| distance(it, "Llama3")),
            [0, 1, OTHER_FAMILY]
        );
        assert_eq!(
            ["qwen3:4b", "qwen3-coder:30b", "qwen2.5:7b"].map(|it| distance(it, "qwen3:4b")),
            [0, 1, OTHER_FAMILY]
        );
        assert_eq!(distance("qwen3:4b", "qwen*q8"), 1);
    }

    #[test]
    fn whole_names_are_read_as_ollama_reads_them() {
        for (word, asked) in [
            ("library/qwen3:4b", "qwen3:4b"),
            ("https://registry.ollama.ai/library/qwen3", "qwen3"),
            ("Qwen3:4B-Q4_k_m", "qwen3:4b-q4_K_M"),
            ("qwen3:latest", "qwen3:latest"),
            ("Q8", "q8"),
        ] {
            assert_eq!(pattern(word), asked);
        }
    }
}
