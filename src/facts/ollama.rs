//! How much memory Ollama needs on CPU (0.30 and later: a llama-server child per loaded model).
//!
//! Checked against 21 runs of Ollama 0.32.15 on five architectures (contexts of 2,048 to 8,192, one
//! and two slots, f16 and `q8_0)`: measured over predicted is 0.90 to 0.984 for the container, 0.87
//! for an embedder, 0.965 for two models; never over 1. [`BASE`] is fitted on those runs;
//! [`RESERVE`] is for what was not measured (a real memory limit, real tokenizers, vision
//! projectors).

use crate::{facts::models::figures::Figures, units::Bytes};

/// `ollama serve`, llama-server and the tokenizer beyond the model's buffers.
pub const BASE: Bytes = Bytes::mib(160);
/// Each further loaded model's own process.
pub const FURTHER_MODEL: Bytes = Bytes::mib(72);
/// The container's limit over what was computed: 105/100.
pub const RESERVE: (u64, u64) = (105, 100);
/// A pull needs room for the partial file and the manifest: the volume over the models' packages,
/// 12/10.
pub const STORAGE: (u64, u64) = (12, 10);

/// What a GPU's driver takes for each loaded model on each GPU, beside the model (Ollama's own
/// estimate on CUDA, not measured).
pub const CUDA_CONTEXT: Bytes = Bytes::mib(457);

/// How the key/value cache is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KvType {
    /// 16 bits.
    F16,
    /// 8 bits and a scale a block.
    Q8,
    /// 4 bits and a scale a block.
    Q4,
}

impl KvType {
    /// Bytes an element, in thirty-seconds: 2, 34/32 and 18/32.
    const fn thirty_seconds(self) -> u64 {
        match self {
            Self::F16 => 64,
            Self::Q8 => 34,
            Self::Q4 => 18,
        }
    }
}

/// The server's settings that memory depends on. Each is set in the container's environment, which
/// makes the figures true.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// `OLLAMA_CONTEXT_LENGTH`, tokens.
    pub context: u64,
    /// `OLLAMA_NUM_PARALLEL`, slots a model.
    pub parallel: u64,
    /// `OLLAMA_KV_CACHE_TYPE`.
    pub kv: KvType,
    /// `OLLAMA_FLASH_ATTENTION`.
    pub flash_attention: bool,
    /// `LLAMA_ARG_CACHE_RAM`, per loaded model (llama-server's own default is 8 GiB).
    pub prompt_cache: Bytes,
    /// `LLAMA_ARG_CTX_CHECKPOINTS`, a slot (sliding-window models only).
    pub checkpoints: u64,
}

fn ceil256(tokens: u64) -> u64 {
    tokens.div_ceil(256).saturating_mul(256)
}

/// Figures come from users too: a product that does not fit is as large as can be, and refused by
/// the budget.
fn product(factors: &[u64]) -> u64 {
    factors.iter().fold(1, |product, factor| product.saturating_mul(*factor))
}

fn sum(terms: &[u64]) -> u64 {
    terms.iter().fold(0, |sum, term| sum.saturating_add(*term))
}

/// Memory of one loaded model, part by part, in bytes.
struct Parts {
    weights: u64,
    /// Key/value cache.
    cache: u64,
    /// Compute and output buffers.
    buffers: u64,
    checkpoints: u64,
    /// Cached states of earlier prompts.
    prompts: u64,
}

fn parts(figures: &Figures, set: &Settings) -> Parts {
    let cells = ceil256(set.context.min(figures.train_context));
    let parallel = if figures.embedding_model { 1 } else { set.parallel };
    // llama-server sizes its batch by what was asked of it, not by what the model was trained for.
    let batch = match set.context.saturating_mul(parallel) {
        _ if figures.embedding_model => set.context.min(2048),
        0..=4096 => 512,
        4097..=32768 => 1024,
        _ => 2048,
    };
    let window_cells = if figures.window_layers > 0 {
        cells.min(ceil256(figures.window.saturating_add(batch)))
    } else {
        0
    };
    let full_layers = figures.layers.saturating_sub(figures.window_layers);
    let layer_cells =
        sum(&[product(&[full_layers, cells]), product(&[figures.window_layers, window_cells])]);
    // An encoder reads its text at once and keeps nothing of it; a decoder that embeds keeps what
    // any decoder does.
    let is_encoder = figures.embedding_model && !figures.decoder;
    let cache = if is_encoder {
        0
    } else {
        product(&[
            parallel,
            layer_cells,
            figures.kv_heads,
            figures.head_dim,
            2,
            set.kv.thirty_seconds(),
        ]) / 32
    };
    let widths = if set.flash_attention {
        sum(&[
            product(&[12, figures.feed_forward]),
            product(&[16, figures.embedding]),
            cells.saturating_mul(2),
            window_cells.saturating_mul(2),
        ])
    } else {
        let attention = sum(&[
            product(&[figures.heads, figures.head_dim]),
            product(&[2, figures.kv_heads, figures.head_dim]),
        ]);
        product(&[
            4,
            sum(&[
                5,
                product(&[cells, figures.heads.saturating_add(1)]),
                product(&[4, figures.embedding]),
                attention,
            ]),
        ])
    };
    // Its logits are in the compute buffer, which they outgrow.
    let logits = if figures.embedding_model && figures.decoder {
        product(&[4, sum(&[figures.vocabulary, product(&[3, figures.embedding])])])
    } else {
        0
    };
    let widths = widths.max(logits);
    let output = if figures.embedding_model {
        product(&[4, batch, sum(&[figures.vocabulary, figures.embedding])])
    } else {
        0
    };
    let kept = set.checkpoints.min(3 + set.context / 8192);
    Parts {
        weights: figures.blob,
        cache,
        buffers: sum(&[product(&[batch, widths]), output, figures.image_memory]),
        checkpoints: product(&[
            parallel,
            kept,
            figures.window,
            figures.window_layers,
            figures.kv_heads,
            figures.head_dim,
            4,
        ]),
        prompts: set.prompt_cache.get(),
    }
}

/// What a loaded model takes, term by term: what [`model`] sums, or with a GPU
/// [`beside_gpu_with_file`].
pub fn terms(figures: &Figures, set: &Settings, has_gpu: bool) -> Vec<(&'static str, Bytes)> {
    let it = parts(figures, set);
    let on_cpu = |bytes: u64| if has_gpu { 0 } else { bytes };
    let all = [
        ("weights", it.weights),
        ("KV cache", on_cpu(it.cache)),
        ("compute buffers", on_cpu(it.buffers.saturating_sub(figures.image_memory))),
        ("an image", on_cpu(figures.image_memory)),
        ("context checkpoints", it.checkpoints),
        ("prompt cache", it.prompts),
    ];
    all.into_iter().filter(|it| it.1 > 0).map(|(term, bytes)| (term, Bytes::new(bytes))).collect()
}

/// Memory of one loaded model on a CPU: all of it is the container's.
pub fn model(figures: &Figures, set: &Settings) -> Bytes {
    let it = parts(figures, set);
    Bytes::new(sum(&[it.weights, it.cache, it.buffers, it.checkpoints, it.prompts]))
}

/// What a model on a GPU keeps in the container's memory and never gives back: copies of states.
/// Not measured.
pub fn beside_gpu(figures: &Figures, set: &Settings) -> Bytes {
    let it = parts(figures, set);
    Bytes::new(sum(&[it.checkpoints, it.prompts]))
}

/// The same with the file of the weights, which is mapped and read while they go to the GPU: page
/// cache of the container. Not measured.
pub fn beside_gpu_with_file(figures: &Figures, set: &Settings) -> Bytes {
    beside_gpu(figures, set) + Bytes::new(figures.blob)
}

/// What a model takes of GPUs' memory: weights, key/value cache, buffers. The formula was checked
/// on a CPU only; there, too, batches are as large as they can be, so on a GPU it is an upper bound
/// of the same parts.
fn on_gpu(figures: &Figures, set: &Settings) -> Bytes {
    let it = parts(figures, set);
    Bytes::new(sum(&[it.weights, it.cache, it.buffers]))
}

/// What `gpus` GPUs must have together, when `loaded` of the models may be in memory at once.
pub fn vram(
    models: impl Iterator<Item = Figures>,
    set: &Settings,
    loaded: usize,
    gpus: u32,
) -> Bytes {
    let mut sizes: Vec<Bytes> =
        models.map(|it| on_gpu(&it, set) + CUDA_CONTEXT * u64::from(gpus)).collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    let largest: Bytes = sizes.into_iter().take(loaded).sum();
    Bytes::new((largest.get().saturating_mul(RESERVE.0)).div_ceil(RESERVE.1)).ceil_mib()
}

/// What the container must be given (request and limit alike), when `loaded` of the models may be
/// in memory at once.
pub fn container(models: impl Iterator<Item = Bytes>, loaded: usize) -> Bytes {
    let mut sizes: Vec<Bytes> = models.collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    let largest: Bytes = sizes.into_iter().take(loaded).sum();
    let further = FURTHER_MODEL * (loaded.saturating_sub(1) as u64);
    let all = largest + BASE + further;
    Bytes::new((all.get().saturating_mul(RESERVE.0)).div_ceil(RESERVE.1)).ceil_mib()
}
