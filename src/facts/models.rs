//! The catalogue of models: what Ollama's memory formula needs to know of each, and whether tools can be sent to it.
//!
//! `tools` is `yes` where the model's template takes them (its page in Ollama's library says so, or the template was read), and `no` where
//! Ollama was seen to refuse them for that model (`400 … does not support tools`). The page of a family can say more than its models keep:
//! `smollm2:360m`, `smollm2:135m` and `deepseek-r1:8b` are refused. `unknown` is what nobody has seen.

use std::{collections::BTreeMap, sync::LazyLock};

use schemars::JsonSchema;
use serde::Deserialize;

/// A model's figures. Counts, except for `blob` (bytes); see [`super::ollama`] for what they do.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Figures {
    /// Size of the weights' file, in bytes.
    pub blob: u64,
    /// Layers.
    pub layers: u64,
    /// Key/value heads a layer.
    pub kv_heads: u64,
    /// Dimensions of a head.
    pub head_dim: u64,
    /// Length of the embedding.
    pub embedding: u64,
    /// Attention heads.
    pub heads: u64,
    /// Length of the feed-forward layer.
    pub feed_forward: u64,
    /// Tokens in the vocabulary.
    pub vocabulary: u64,
    /// Context that the model was trained for, in tokens.
    pub train_context: u64,
    /// Length of the sliding window, in tokens; 0 without one.
    #[serde(default)]
    pub window: u64,
    /// Layers that have a sliding window.
    #[serde(default)]
    pub window_layers: u64,
    /// Whether it makes embeddings instead of text.
    #[serde(default)]
    pub embedding_model: bool,
    /// Whether tools can be sent to it: `ollama show MODEL` then lists `tools` among its capabilities. Absent: not known.
    #[serde(default)]
    pub tools: Option<bool>,
}

const CSV: &str = include_str!("models.csv");

static CATALOGUE: LazyLock<BTreeMap<&'static str, Figures>> = LazyLock::new(|| CSV.lines().skip(1).filter_map(row).collect());

fn row(line: &'static str) -> Option<(&'static str, Figures)> {
    let mut cells = line.split(',');
    let name = cells.next()?;
    let mut number = || cells.next()?.parse::<u64>().ok();
    let flag = |it: &str| match it {
        "yes" => Some(Some(true)),
        "no" => Some(Some(false)),
        "unknown" => Some(None),
        _ => None,
    };
    let figures = Figures {
        blob: number()?,
        layers: number()?,
        kv_heads: number()?,
        head_dim: number()?,
        embedding: number()?,
        heads: number()?,
        feed_forward: number()?,
        vocabulary: number()?,
        train_context: number()?,
        window: number()?,
        window_layers: number()?,
        embedding_model: number()? == 1,
        tools: flag(cells.next()?)?,
    };
    Some((name, figures))
}

/// A model of the catalogue, by its full name (`llama3.2:1b`). A name without a tag means `latest`, here as for Ollama.
pub fn find(name: &str) -> Option<&'static Figures> {
    CATALOGUE.get(name).or_else(|| CATALOGUE.get(name.strip_suffix(":latest")?))
}

/// All models of the catalogue, by name.
pub fn all() -> impl Iterator<Item = (&'static str, &'static Figures)> {
    CATALOGUE.iter().map(|(name, figures)| (*name, figures))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        facts::ollama::{KvType, Settings, container, model},
        units::Bytes,
    };

    #[test]
    fn every_row_is_read() {
        assert_eq!(CATALOGUE.len(), CSV.lines().count() - 1);
    }

    /// The limits of the facts' table, at a context of 4,096 and one slot, cache and checkpoints off.
    #[test]
    fn the_formula_gives_the_measured_table() {
        let set =
            Settings { context: 4096, parallel: 1, kv: KvType::F16, flash_attention: true, prompt_cache: Bytes::mib(0), checkpoints: 0 };
        for (name, limit) in LIMITS {
            let figures = find(name).unwrap_or_else(|| panic!("{name} is in the catalogue"));
            assert_eq!(container([model(figures, &set)].into_iter(), 1), Bytes::mib(limit), "{name}");
        }
    }

    const LIMITS: [(&str, u64); 30] = [
        ("llama3.2:1b", 1697),
        ("llama3.2:1b-instruct-q4_K_M", 1183),
        ("llama3.2:3b", 2741),
        ("llama3.1:8b", 5760),
        ("mistral:7b", 5211),
        ("tinyllama:1.1b", 907),
        ("qwen2.5:0.5b", 659),
        ("qwen2.5:1.5b", 1345),
        ("qwen2.5:3b", 2341),
        ("qwen2.5:7b", 5243),
        ("qwen2.5-coder:1.5b", 1345),
        ("qwen3:0.6b", 1194),
        ("qwen3:1.7b", 2059),
        ("qwen3:4b", 3359),
        ("qwen3:8b", 6119),
        ("gemma2:2b", 2321),
        ("gemma3:270m", 512),
        ("gemma3:1b", 1082),
        ("gemma3:4b", 3868),
        ("phi3:3.8b", 4040),
        ("phi4-mini:3.8b", 3281),
        ("smollm2:135m", 553),
        ("smollm2:360m", 1091),
        ("smollm2:1.7b", 2869),
        ("deepseek-r1:1.5b", 1477),
        ("deepseek-r1:7b", 5243),
        ("deepseek-r1:8b", 6119),
        ("gemma:2b", 2047),
        ("codegemma:2b", 2047),
        ("nomic-embed-text", 809),
    ];
}
