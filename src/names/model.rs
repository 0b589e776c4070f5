//! Names of models: read and written as Ollama reads them.

use std::borrow::Cow;

type Checked<'a> = Result<Cow<'a, str>, String>;

/// Ollama's own registry, which a name need not say, and the site where people copy names from.
const OWN: [&str; 2] = ["registry.ollama.ai", "ollama.com"];

/// A name in its shortest form, with its tag: `https://registry.ollama.ai/library/Qwen3` is
/// `qwen3:latest`.
pub(super) fn name(s: &str) -> Checked<'_> {
    let refuse = |why: &str| format!("`{s}` is not a model of Ollama: {why}");
    let shape = "write it like `llama3.2:1b`";
    if let Some((before, _)) = s.split_once('@') {
        return Err(refuse(&format!("it takes no digest; write `{before}`")));
    }
    let short = shorten(s);
    let (name, tag) = match short.rsplit_once(':').filter(|it| !it.1.contains('/')) {
        Some((name, tag)) => (name, Some(tag)),
        None => (short, None),
    };
    let part = |text: &str, separators: &[u8]| {
        text.len() <= 80
            && text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_')
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || separators.contains(&b))
    };
    let parts: Vec<&str> = name.split('/').collect();
    let is_part = |text: &&str| part(text, b"._-") && !text.starts_with('_');
    if parts.len() > 3
        || !parts.iter().all(is_part)
        || s.len() > 200
        || tag.is_some_and(|it| !part(it, b"._-"))
    {
        return Err(refuse(shape));
    }
    let tag = tag.unwrap_or("latest");
    // The library's names are in lower case, their quantisations as `q4_K_M`. Elsewhere capitals
    // may count.
    let full = if parts.len() == 1 {
        format!("{}:{}", name.to_ascii_lowercase(), library_tag(tag))
    } else {
        format!("{name}:{tag}")
    };
    Ok(if full == s { s.into() } else { full.into() })
}

/// Without what Ollama adds by itself: scheme and host of its registry, and the namespace of its
/// library.
fn shorten(s: &str) -> &str {
    let strip = |text: &'_ str, prefix: &str| {
        let begins = text.get(..prefix.len()).is_some_and(|it| it.eq_ignore_ascii_case(prefix));
        (begins && text.as_bytes().get(prefix.len()) == Some(&b'/')).then_some(prefix.len() + 1)
    };
    let bare = s.strip_prefix("https://").unwrap_or(s);
    let bare = OWN.iter().find_map(|host| strip(bare, host)).map_or(bare, |at| &bare[at..]);
    strip(bare, "library").map_or(bare, |at| &bare[at..])
}

/// A tag as the library writes it: `Q4_k_m` is `q4_K_M`, `f16` is `fp16`.
fn library_tag(tag: &str) -> String {
    let lower = tag.to_ascii_lowercase();
    let at = lower.rfind('-').map_or(0, |it| it + 1);
    let (before, last) = lower.split_at(at);
    let last = match last.split_once('_') {
        Some((bits, mix))
            if bits.len() == 2 && bits.starts_with('q') && bits.as_bytes()[1].is_ascii_digit() =>
        {
            format!("{bits}_{}", mix.to_ascii_uppercase())
        }
        _ if last == "f16" => "fp16".to_owned(),
        _ => last.to_owned(),
    };
    format!("{before}{last}")
}

#[cfg(test)]
mod tests {
    use crate::names::{ModelName, tests::assert_names};

    #[test]
    fn names_of_models() {
        assert_names::<ModelName>(
            &[
                "llama3.2:1b-instruct-q4_K_M",
                "user/model:latest",
                "hf.co/Owner/Model-GGUF:Q4_K_M",
                "nomic-embed-text:v1.5",
            ],
            &[
                ("llama3@sha256:1a", "no digest; write `llama3`"),
                ("a:b:c", "like"),
                ("", "like"),
                ("a:", "like"),
                ("a b", "like"),
                ("a/b/c/d", "like"),
                ("-a", "like"),
            ],
        );
        let model: ModelName = "qwen3".parse().expect("it is a model");
        assert_eq!((&*model, model.model(), model.tag()), ("qwen3:latest", "qwen3", "latest"));
    }
}
