//! `show models`: the catalogue, with what each model takes at the spec's settings.

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

/// A model, as a program reads it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    name: String,
    /// What Ollama's container is given for this model alone.
    memory_mi: u64,
    /// What its GPUs must have together.
    #[serde(skip_serializing_if = "Option::is_none")]
    gpu_memory_mi: Option<NonZero<u64>>,
    file_bytes: u64,
    file: &'static str,
    train_context: u64,
    embedding: bool,
    tools: Option<bool>,
}

/// Runs it. Without a spec the settings are the defaults.
///
/// # Errors
/// When stdout takes no more.
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
    // Nobody means a model that is of two families at once.
    if rows.is_empty()
        && patterns.len() > 1
        && patterns.iter().all(|it| FAMILIES.iter().any(|family| kin(family.name, it) < STRANGER))
    {
        console.say(&format!(
            "no model has all of `{}` in its name; these have one\n",
            patterns.join(" ")
        ));
        rows = self::rows(&ollama, &patterns, |name| patterns.iter().any(|it| has(name, it)));
    }
    if rows.is_empty() {
        console.say(&nothing(&words));
    }
    // The family itself before those that have its name in theirs.
    rows.sort_by_key(|row| patterns.iter().map(|it| kin(&row.name, it)).min());
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
            "{}; memory is what Ollama is given for one of them,\nby {whose}: a context of {}\n",
            count(rows.len(), "model"),
            ollama.context
        ));
    }
    Ok(if rows.is_empty() { Outcome::Findings } else { Outcome::Clean })
}

/// A pattern as names are written: a whole name as Ollama reads it, else the word itself.
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

/// Whether a name has the parts of a pattern between its `*`, one after the other, in any case.
fn has(name: &str, pattern: &str) -> bool {
    let mut rest = &*name.to_ascii_lowercase();
    pattern.to_ascii_lowercase().split('*').all(|part| {
        let at = rest.find(part);
        rest = at.map_or("", |at| &rest[at + part.len()..]);
        at.is_some()
    })
}

/// What is said of words that no name has: why there is no figure, whose the model is, or which
/// family is nearest.
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
    format!("no model of the catalogue has `{said}` in its name{near}\n")
}

/// Why the catalogue has no figures of a model that somebody may well mean.
fn reason(model: &ModelName) -> Option<String> {
    if let Some(why) = uncovered::reason(model.model(), model.tag()) {
        return Some(format!("the memory of `{model}` cannot be computed: {why}\n"));
    }
    if !model.contains('/') {
        return None;
    }
    let mut said = format!("`{model}` is somebody else's, and not in the catalogue\n");
    let assumed = foreign::assumed(model);
    if let Some(it) = &assumed {
        let _ =
            writeln!(said, "its name speaks of `{}`, which Ollama's library has itself", it.base);
    }
    let own = model_names::stanza(model, assumed.as_ref().map(|it| &it.figures), "");
    let _ = writeln!(said, "with its figures under `ollama` it is listed here: `{own}`");
    if let Some(it) = &assumed {
        let _ = writeln!(said, "{}", model_names::assumption(it));
    }
    Some(said)
}

/// What `kin` says of a name that has nothing of the pattern at its beginning.
const STRANGER: u8 = 2;

/// How near a model is to the family that a pattern names: its own, of one whose name begins so, or
/// another.
fn kin(name: &str, pattern: &str) -> u8 {
    let family =
        |text: &str| text.split([':', '*']).next().unwrap_or_default().to_ascii_lowercase();
    let (its, asked) = (family(name), family(pattern));
    if its == asked { 0 } else { u8::from(!its.starts_with(&*asked)) + 1 }
}

fn rows(ollama: &Ollama, patterns: &[String], is_asked: impl Fn(&str) -> bool) -> Vec<Row> {
    let own = ollama
        .catalogue
        .iter()
        .map(|(name, catalogue)| row(ollama, name.to_string(), catalogue, "spec"));
    let mut rows: Vec<Row> = own.filter(|it| is_asked(&it.name)).collect();
    let known = |name: String| {
        let it = models::find(&name)?;
        Some(row(ollama, name, &it.figures, word(it.size)))
    };
    rows.extend(models::names().filter(|it| is_asked(it)).filter_map(known));
    // A tag that is in no list, but can be computed.
    if let ([one], true) = (patterns, rows.is_empty()) {
        rows.extend(one.parse::<ModelName>().ok().and_then(|it| known(it.to_string())));
    }
    rows
}

fn row(ollama: &Ollama, name: String, figures: &Figures, file: &'static str) -> Row {
    let mebibytes = |bytes: u64| bytes.div_ceil(1 << 20);
    Row {
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

/// How a size is known.
const fn word(size: Size) -> &'static str {
    match size {
        Size::Published => "published",
        Size::Computed => "computed",
        Size::AtMost => "at most",
    }
}

fn table(rows: &[Row]) -> String {
    let tools = |row: &Row| match row.tools {
        Some(true) => "yes",
        Some(false) => "no",
        None => "?",
    };
    let mi = |number: u64| format!("{number}Mi");
    // On GPUs their memory is what one asks for; how long a context may be is in the JSON.
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
            ["llama3:8b", "llama3.1:8b", "dolphin-llama3:8b"].map(|it| kin(it, "Llama3")),
            [0, 1, STRANGER]
        );
        assert_eq!(
            ["qwen3:4b", "qwen3-coder:30b", "qwen2.5:7b"].map(|it| kin(it, "qwen3:4b")),
            [0, 1, STRANGER]
        );
        assert_eq!(kin("qwen3:4b", "qwen*q8"), 1);
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
