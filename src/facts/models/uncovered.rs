//! Models whose memory no formula here describes, and why.

/// Families, and the reason.
const UNCOVERED: [(&str, &str); 26] = [
    ("qwen3.5", DELTA),
    ("qwen3.6", DELTA),
    ("qwen3-next", DELTA),
    ("qwen3-coder-next", DELTA),
    ("gemma4", SHARED),
    ("gemma3n", SHARED),
    ("lfm2.5", HYBRID),
    ("lfm2", HYBRID),
    ("nemotron-3-nano", HYBRID),
    ("falcon-h1", HYBRID),
    ("deepseek-v2", LATENT),
    ("deepseek-v2.5", LATENT),
    ("deepseek-v3", LATENT),
    ("deepseek-v3.1", LATENT),
    ("deepseek-coder-v2", LATENT),
    ("glm-4.7-flash", LATENT),
    ("llama3.2-vision", IMAGES),
    ("llama4", IMAGES),
    ("qwen3-vl", IMAGES),
    ("ministral-3", IMAGES),
    ("mistral-small3.1", IMAGES),
    ("mistral-small3.2", IMAGES),
    ("granite3.2-vision", IMAGES),
    ("moondream", IMAGES),
    ("deepseek-ocr", IMAGES),
    ("glm-ocr", IMAGES),
];

const DELTA: &str = "its layers keep a state beside the key/value cache (gated delta net)";
const SHARED: &str = "its layers share key/value caches and have embeddings of their own";
const HYBRID: &str =
    "its layers keep a state instead of a key/value cache (Mamba or short convolutions)";
const LATENT: &str = "its key/value cache is a compressed one (MLA)";
const IMAGES: &str = "it reads images, and the buffers for them were not measured";
const CLOUD: &str = "it runs on Ollama's own machines, and this platform disables Ollama's cloud";
const RETRAINED: &str =
    "the builds of quantisation-aware training are another mix of blocks, and no size is known";

/// Why the memory of a model cannot be computed, where that is known.
pub fn reason(family: &str, tag: &str) -> Option<&'static str> {
    if tag == "cloud" || tag.ends_with("-cloud") {
        return Some(CLOUD);
    }
    if tag.ends_with("-qat") || tag.contains("-qat-") {
        return Some(RETRAINED);
    }
    if family == "granite4" && tag.split('-').any(|it| it == "h") {
        return Some(HYBRID);
    }
    UNCOVERED.iter().find(|it| it.0 == family).map(|it| it.1)
}
