//! What a shape of models is: which tensors it has, and what its memory depends on.

use super::figures::Figures;

/// Which tensors a layer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Two norms, attention, a gated feed-forward part: `llama` and those like it, `gemma`.
    Llama,
    /// With biases of attention.
    Qwen2,
    /// With norms of queries and keys.
    Qwen3,
    /// With two more norms.
    Gemma2,
    /// With both.
    Gemma3,
    /// Queries, keys and values in one tensor, gate and up in one.
    Phi3,
    /// Norms behind the parts, and of queries and keys as a whole.
    Olmo2,
    /// One norm.
    Cohere,
    /// No gate, and a bias everywhere.
    Starcoder2,
    /// Not counted by tensors.
    Given,
}

/// Where the library's builds differ from the quantiser's rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Nowhere.
    Plain,
    /// `attn_v` was left in 16 bits.
    ValuesF16,
    /// `attn_qkv` was left in 16 bits.
    FusedF16,
    /// `token_embd` is in `q8_0`.
    EmbeddingQ8,
}

/// What a model is for, as far as memory is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Writes text.
    Chat,
    /// Makes embeddings at once: no key/value cache.
    Encoder,
    /// Makes embeddings as a model that writes: with cache and logits.
    Decoder,
}

/// What reading images costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Images {
    /// It reads none.
    None,
    /// Bytes that are reserved when it is loaded.
    Reserved(u64),
    /// It reads them, and nobody has measured what that takes.
    NotMeasured,
}

/// What the vision tower of gemma3 (`SigLIP`, 896 pixels) reserves at load, measured: 121.3 MiB.
const TOWER: u64 = 122 << 20;

/// Experts of a layer.
#[derive(Clone, Copy, Debug)]
pub struct Experts {
    /// How many.
    pub count: u64,
    /// The feed-forward length of one.
    pub length: u64,
    /// The dense feed-forward length that makes the formula of the buffers true.
    pub effective: u64,
}

/// A shape.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(
    feature = "internals",
    expect(missing_docs, reason = "the counts are those of the model's configuration")
)]
pub struct Shape {
    pub form: Form,
    pub layers: u64,
    pub embedding: u64,
    pub heads: u64,
    pub kv_heads: u64,
    pub head_dim: u64,
    pub feed_forward: u64,
    pub vocabulary: u64,
    pub train_context: u64,
    /// Bytes of the tokenizer in the file.
    pub tokenizer: u64,
    /// Whether the output is the embedding.
    pub tied: bool,
    pub window: u64,
    pub window_layers: u64,
    pub experts: Option<Experts>,
    /// 1: factors of half a head; more: so many long and short ones.
    pub rope: u64,
    /// Bytes of the vision tower in the file, which no quantisation changes.
    pub vision: u64,
    pub rule: Rule,
    /// Whether published sizes of this shape are reproduced.
    pub proven: bool,
    pub role: Role,
    pub images: Images,
    /// Bytes of the file, where it is not counted by tensors; 0 where only published ones are
    /// known.
    pub given: u64,
}

impl Shape {
    /// A shape by its numbers, in the order of the table.
    pub const fn new(form: Form, numbers: [u64; 9]) -> Self {
        let [
            layers,
            embedding,
            heads,
            kv_heads,
            head_dim,
            feed_forward,
            vocabulary,
            train_context,
            tokenizer,
        ] = numbers;
        Self {
            form,
            layers,
            embedding,
            heads,
            kv_heads,
            head_dim,
            feed_forward,
            vocabulary,
            train_context,
            tokenizer,
            tied: false,
            window: 0,
            window_layers: 0,
            experts: None,
            rope: 0,
            vision: 0,
            rule: Rule::Plain,
            proven: false,
            role: Role::Chat,
            images: Images::None,
            given: 0,
        }
    }

    /// The memory's figures, with a file of so many bytes.
    pub fn figures(&self, blob: u64, tools: Option<bool>) -> Figures {
        Figures {
            blob,
            layers: self.layers,
            kv_heads: self.kv_heads,
            head_dim: self.head_dim,
            embedding: self.embedding,
            heads: self.heads,
            feed_forward: self.experts.map_or(self.feed_forward, |it| it.effective),
            vocabulary: self.vocabulary,
            train_context: self.train_context,
            window: self.window,
            window_layers: self.window_layers,
            embedding_model: self.role != Role::Chat,
            decoder: self.role == Role::Decoder,
            image_memory: if let Images::Reserved(bytes) = self.images { bytes } else { 0 },
            images_not_measured: self.images == Images::NotMeasured,
            tools,
        }
    }

    /// A computed size with its margin: seven times the worst shortfall that was seen on shapes
    /// that reproduce published sizes, three times that on the others, and never less than 1 MiB.
    pub const fn with_margin(&self, bytes: u64) -> u64 {
        let thousandths = if self.proven { 5 } else { 15 };
        let margin = bytes.saturating_mul(thousandths).div_ceil(1000);
        bytes.saturating_add(if margin < 1 << 20 { 1 << 20 } else { margin })
    }
}

/// Declares a method for each word that a row of the table may end with.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident($($arg:ident),*) $($field:ident: $value:expr),+;)*) => {
        impl Shape { $(
            $(#[$doc])*
            pub(super) const fn $name(self $(, $arg: u64)*) -> Self {
                Self { $($field: $value,)+ ..self }
            }
        )* }
    };
}

words! {
    /// The output is the embedding.
    tied() tied: true;
    /// A sliding window of so many tokens in so many layers.
    window(tokens, layers) window: tokens, window_layers: layers;
    /// So many experts of a length, and the effective length of all.
    experts(count, length, effective) experts: Some(Experts { count, length, effective });
    /// Factors of the rotation.
    rope(count) rope: count;
    /// A vision tower of so many bytes, measured.
    vision(bytes) vision: bytes, images: Images::Reserved(TOWER);
    /// Reads images; what that takes was not measured.
    images_not_measured() images: Images::NotMeasured;
    /// Published sizes are reproduced.
    proven() proven: true;
    /// `attn_v` is in 16 bits.
    values_f16() rule: Rule::ValuesF16;
    /// `attn_qkv` is in 16 bits.
    fused_f16() rule: Rule::FusedF16;
    /// `token_embd` is in `q8_0`.
    embedding_q8() rule: Rule::EmbeddingQ8;
    /// Makes embeddings at once.
    encoder() role: Role::Encoder;
    /// Makes embeddings as a model that writes.
    decoder() role: Role::Decoder;
    /// Bytes of the file.
    size_of_file(bytes) given: bytes;
}

/// A table of shapes: `NAME: Form numbers…, words;`.
macro_rules! shapes {
    ($($name:ident: $form:ident $($number:literal)+ $(, $($word:ident($($arg:literal),*))+)?;)+) => { $(
        #[doc = concat!("The shape `", stringify!($name), "`.")]
        pub static $name: $crate::facts::models::shape::Shape = $crate::facts::models::shape::Shape::new(
            $crate::facts::models::shape::Form::$form, [$($number),+]) $($(.$word($($arg),*))+)?;
    )+ };
}
pub(super) use shapes;
