//! Models of other people's making (`hf.co/…`, `user/…`): which known model their name speaks of.

use super::{
    families::FAMILIES,
    family::{self, Family, Tags},
    figures::{Figures, Size},
    quantisation::Quantisation,
    shape::{Form, Shape},
};

/// Hosts whose repositories Ollama pulls, and whose files other people quantised.
const HOSTS: [&str; 2] = ["hf.co", "huggingface.co"];

/// What the library does not write where a tag has no words: its models answer.
const ANSWERING: [&str; 3] = ["instruct", "it", "chat"];

/// What a model's name lets one assume.
pub struct Assumed {
    /// The base as the catalogue calls it: `llama3.2:1b-instruct-q4_K_M` where it has the
    /// quantisation, else `llama3.2:1b`.
    pub base: String,
    /// Its figures; `blob` is 0 where the tag says no plain quantisation.
    pub figures: Figures,
    /// Whether `blob` too is the base's, published; else it is computed, and too large rather than
    /// too small.
    pub is_published: bool,
}

/// Whether a name is of another host that Ollama pulls from.
pub fn is_foreign(name: &str) -> bool {
    name.split_once('/').is_some_and(|it| HOSTS.iter().any(|host| host.eq_ignore_ascii_case(it.0)))
}

/// The base that a name of other people's speaks of, if it is a known one.
pub fn assumed(name: &str) -> Option<Assumed> {
    let (path, tag) = name.rsplit_once(':')?;
    let repository = path.rsplit_once('/')?.1;
    let (said, quantisation) = if !is_foreign(name) {
        let (before, quantisation) = family::split(tag);
        (format!("{repository}-{before}"), quantisation)
    } else if tag == "latest" {
        // Ollama takes this one where a repository has it and no tag is written.
        (repository.to_owned(), Some(Quantisation::Q4KM))
    } else {
        (repository.to_owned(), Quantisation::of_tag(tag))
    };
    let parts = said
        .split(|character: char| !character.is_ascii_alphanumeric() && character != '.')
        .map(plain);
    let words: Vec<String> = parts.filter(|it| !it.is_empty()).collect();
    let sizes =
        FAMILIES.iter().flat_map(|family| family.tags.iter().map(move |tags| (family, tags)));
    let known = sizes.filter(|(_, size)| {
        size.shape.form != Form::Given
            && size.size.starts_with(|character: char| character.is_ascii_digit())
    });
    let meant = known.filter(|(family, it)| speaks_of(&words, family, it));
    // The longest name is the nearest: `qwen2.5-coder:7b` before `qwen2.5:7b`.
    let (family, tags) = meant.max_by_key(|(family, it)| {
        (family.name.len() + it.size.len(), it.shape.vocabulary, it.shape.train_context)
    })?;
    let nearest = quantisation.and_then(|it| nearest(&words, family, tags, it));
    // Qwen's own files keep the output beside the embedding, others' do not: the larger. None is
    // proof of ours.
    let is_qwen = matches!(tags.shape.form, Form::Qwen2 | Form::Qwen3);
    let shape = Shape { tied: tags.shape.tied && !is_qwen, proven: false, ..*tags.shape };
    let published = nearest.as_ref().and_then(|it| it.1).filter(|_| shape.tied == tags.shape.tied);
    let computed = || Some(shape.with_margin(shape.size(quantisation?)?));
    let blob = published.or_else(computed).unwrap_or_default();
    let tag = nearest.map_or_else(|| tags.size.to_owned(), |it| it.0);
    Some(Assumed {
        base: format!("{}:{tag}", family.name),
        figures: shape.figures(blob, None),
        is_published: published.is_some(),
    })
}

/// A word as it is compared: `Llama3.2` and `llama32` are one.
fn plain(word: &str) -> String {
    word.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

/// Whether words name a family and then a size of it. Between both may stand what its tags say
/// behind the size: `DeepSeek-R1-Distill-Llama-8B` is `deepseek-r1:8b-llama-distill`, and
/// `Qwen3-VL-4B` is no `qwen3:4b`.
fn speaks_of(words: &[String], family: &Family, tags: &Tags) -> bool {
    let (name, size) = (plain(family.name), plain(tags.size));
    let mut behind_name = (0..words.len()).filter_map(|at| behind(&words[at..], &name));
    behind_name.any(|rest| {
        (0..rest.len()).any(|at| {
            let between = rest[..at].concat();
            behind(&rest[at..], &size).is_some()
                && (at == 0 || tags.words.iter().any(|it| is_made_of(&between, it.0)))
        })
    })
}

/// What stands behind the words that say a name together.
fn behind<'a>(words: &'a [String], name: &str) -> Option<&'a [String]> {
    let mut rest = name;
    for (at, word) in words.iter().enumerate() {
        rest = rest.strip_prefix(&**word)?;
        if rest.is_empty() {
            return words.get(at + 1..);
        }
    }
    None
}

/// Whether a text is made of a tag's words, in any order.
fn is_made_of(said: &str, words: &str) -> bool {
    let pieces: Vec<String> = words.split('-').map(plain).filter(|it| !it.is_empty()).collect();
    let mut rest = said;
    while !rest.is_empty() {
        let Some(shorter) =
            pieces.iter().filter_map(|it| rest.strip_prefix(&**it)).min_by_key(|it| it.len())
        else {
            return false;
        };
        rest = shorter;
    }
    true
}

/// The tag of a size that has a quantisation and is nearest to what was said, and the published
/// size of its file.
fn nearest(
    words: &[String],
    family: &Family,
    tags: &Tags,
    quantisation: Quantisation,
) -> Option<(String, Option<u64>)> {
    let has = |word: &str| words.iter().any(|it| *it == plain(word));
    let is_bare = |text: &&str| text.is_empty() && tags.default == quantisation && !tags.at_most;
    let all = tags.words.iter().filter_map(|(word, listed)| {
        let tag = match *word {
            word if listed.has(Some(quantisation)) => [tags.size, word, quantisation.name()]
                .into_iter()
                .filter(|it| !it.is_empty())
                .collect::<Vec<_>>()
                .join("-"),
            word if listed.has(None) && is_bare(&word) => tags.size.to_owned(),
            _ => return None,
        };
        let near: i32 = if word.is_empty() {
            i32::from(ANSWERING.iter().any(|it| has(it)))
        } else {
            word.split('-').map(|it| if has(it) { 1 } else { -1 }).sum()
        };
        let published =
            family.find(&tag).filter(|it| it.size == Size::Published).map(|it| it.figures.blob);
        Some((near, tag, published))
    });
    let best = all.min_by_key(|(near, _, published)| (-near, published.is_none()))?;
    Some((best.1, best.2))
}
