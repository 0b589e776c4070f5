//! The catalogue of models: what Ollama's memory formula needs to know of each, and whether tools
//! can be sent to it.
//!
//! A name is looked up in three small tables: its family says which shape and quantisation a tag
//! is, the shape has the figures, and the size of the file is a published one or computed from
//! both, with a margin. Nothing is read at start.

pub mod families;
pub mod family;
pub mod figures;
pub mod foreign;
pub mod published;
pub mod quantisation;
pub mod shape;
pub mod shapes;
mod size;
pub mod uncovered;

use families::FAMILIES;
use family::Family;
use figures::Known;

/// A family by what stands before the tag.
pub fn family(name: &str) -> Option<&'static Family> {
    FAMILIES.binary_search_by(|it| it.name.cmp(name)).ok().map(|at| &FAMILIES[at])
}

/// A model by its full name, as [`crate::names::ModelName`] writes it (`llama3.2:1b`). Without a
/// tag it is `latest`, as for Ollama.
pub fn find(name: &str) -> Option<Known> {
    let (name, tag) = name.split_once(':').unwrap_or((name, "latest"));
    family(name)?.find(tag)
}

/// The full names of all models that are known to exist, by family and size.
pub fn names() -> impl Iterator<Item = String> {
    FAMILIES.iter().flat_map(|family| family.tags().map(|tag| format!("{}:{tag}", family.name)))
}

#[cfg(test)]
mod tests {
    use super::{figures::Size, *};
    use crate::{
        facts::ollama::{KvType, Settings, container, model},
        units::Bytes,
    };

    #[test]
    fn tables_are_in_order() {
        assert!(FAMILIES.is_sorted_by(|a, b| a.name < b.name));
        let of = |it: &'static (&str, u64)| it.0.split_once(':').expect("a full name");
        assert!(published::PUBLISHED.iter().map(of).is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn every_name_that_is_listed_is_found() {
        for name in names() {
            assert!(find(&name).is_some_and(|it| it.listed), "{name}");
        }
        for (name, bytes) in published::PUBLISHED {
            assert!(
                find(name).is_some_and(|it| it.listed
                    && it.size == Size::Published
                    && it.figures.blob == bytes),
                "{name}"
            );
        }
    }

    /// The limits of the facts' table, at a context of 4,096 and one slot, cache and checkpoints
    /// off.
    #[test]
    fn the_formula_gives_the_measured_table() {
        let set = Settings {
            context: 4096,
            parallel: 1,
            kv: KvType::F16,
            flash_attention: true,
            prompt_cache: Bytes::mib(0),
            checkpoints: 0,
        };
        for (name, limit) in LIMITS {
            let known = find(name).unwrap_or_else(|| panic!("{name} is in the catalogue"));
            assert_eq!(
                container([model(&known.figures, &set)].into_iter(), 1),
                Bytes::mib(limit),
                "{name}"
            );
        }
    }

    const LIMITS: [(&str, u64); 31] = [
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
        // 3868 without the vision tower, which the runner reserves whether or not an image comes.
        ("gemma3:4b", 3996),
        ("phi3:3.8b", 4040),
        ("phi4-mini:3.8b", 3281),
        ("smollm2:135m", 553),
        ("smollm2:360m", 1091),
        ("smollm2:1.7b", 2869),
        ("deepseek-r1:1.5b", 1477),
        ("deepseek-r1:7b", 5243),
        ("deepseek-r1:8b", 6119),
        ("gemma:2b", 2047),
        // Computed, with the margin of a size that nobody has published; 2047 was gemma:2b's.
        ("codegemma:2b", 2072),
        ("nomic-embed-text", 809),
        // A decoder that embeds.
        ("qwen3-embedding:0.6b", 3801),
    ];
}
