//! Models of other people's making (`hf.co/…`): which known shape their repository's name speaks of.

use super::{
    Figures,
    families::FAMILIES,
    quantisation::Quantisation,
    shape::{Form, Shape},
};

/// Hosts whose repositories Ollama pulls, and whose files other people quantised.
const HOSTS: [&str; 2] = ["hf.co", "huggingface.co"];

/// What a repository's name lets one assume.
pub struct Assumed {
    /// The base as the catalogue calls it, `llama3.2:1b`.
    pub base: String,
    /// Its figures; `blob` is 0 where the tag says no plain quantisation.
    pub figures: Figures,
}

/// Whether a name is of another host that Ollama pulls from.
pub fn is_foreign(name: &str) -> bool {
    name.split_once('/').is_some_and(|it| HOSTS.iter().any(|host| host.eq_ignore_ascii_case(it.0)))
}

/// The base that a foreign name speaks of, if it is a known one.
pub fn assumed(name: &str) -> Option<Assumed> {
    let (repository, tag) = name.rsplit_once('/')?.1.split_once(':')?;
    let plain = |it: &str| it.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let spoken = plain(repository);
    let sizes = FAMILIES.iter().flat_map(|family| family.tags.iter().map(move |tags| (family, tags)));
    let known = sizes.filter(|(_, it)| it.shape.form != Form::Given && it.size.starts_with(|it: char| it.is_ascii_digit()));
    let meant = known.filter(|(family, it)| spoken.contains(&format!("{}{}", plain(family.name), plain(it.size))));
    // The longest name is the nearest: `qwen2.5-coder:7b` before `qwen2.5:7b`.
    let (family, tags) = meant.max_by_key(|(family, it)| (family.name.len() + it.size.len(), it.shape.vocabulary))?;
    // Ollama takes this one where a repository has it and no tag is written.
    let tag = if tag == "latest" { "q4_K_M" } else { tag };
    // Other people's files keep the output beside the embedding, and are no proof of ours.
    let shape = Shape { tied: false, proven: false, ..*tags.shape };
    let size = Quantisation::of_tag(tag).and_then(|it| shape.size(it));
    let blob = size.map_or(0, |it| shape.with_margin(it));
    Some(Assumed { base: format!("{}:{}", family.name, tags.size), figures: shape.figures(blob, None) })
}
