//! Quantisations: how a tag says them, and how many bytes a block of each takes in a file.

/// How the numbers of one tensor are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// 32 bits.
    F32,
    /// 16 bits, of either kind.
    F16,
    /// Blocks of 32.
    Q4_0,
    /// Blocks of 32.
    Q4_1,
    /// Blocks of 32.
    Q5_0,
    /// Blocks of 32.
    Q5_1,
    /// Blocks of 32.
    Q8_0,
    /// Blocks of 256.
    Q2K,
    /// Blocks of 256.
    Q3K,
    /// Blocks of 256.
    Q4K,
    /// Blocks of 256.
    Q5K,
    /// Blocks of 256.
    Q6K,
}

impl Block {
    /// Numbers in a block, and the bytes that it takes.
    const fn size(self) -> (u64, u64) {
        match self {
            Self::F32 => (1, 4),
            Self::F16 => (1, 2),
            Self::Q4_0 => (32, 18),
            Self::Q4_1 => (32, 20),
            Self::Q5_0 => (32, 22),
            Self::Q5_1 => (32, 24),
            Self::Q8_0 => (32, 34),
            Self::Q2K => (256, 84),
            Self::Q3K => (256, 110),
            Self::Q4K => (256, 144),
            Self::Q5K => (256, 176),
            Self::Q6K => (256, 210),
        }
    }

    /// Whether a block has a scale of its own.
    pub const fn is_quantised(self) -> bool {
        self.size().0 > 1
    }

    /// What the quantiser takes instead where a row is no multiple of the block.
    const fn for_row(self, row: u64) -> Self {
        let block = match self {
            Self::Q4K if !row.is_multiple_of(256) => Self::Q5_0,
            Self::Q5K if !row.is_multiple_of(256) => Self::Q5_1,
            Self::Q6K if !row.is_multiple_of(256) => Self::Q8_0,
            Self::Q2K | Self::Q3K if !row.is_multiple_of(256) => Self::Q4_0,
            other => other,
        };
        if block.is_quantised() && !row.is_multiple_of(32) { Self::F16 } else { block }
    }

    /// Bytes of a tensor of so many rows, padded as the file pads it.
    pub const fn bytes(self, row: u64, rows: u64) -> u64 {
        let (numbers, bytes) = self.for_row(row).size();
        (row * rows / numbers * bytes).next_multiple_of(32)
    }
}

/// How a model's file was quantised: a mix of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(
    feature = "internals",
    expect(missing_docs, reason = "each is named as the field names it")
)]
pub enum Quantisation {
    Q2K,
    Q3KS,
    Q3KM,
    Q3KL,
    Mxfp4,
    Q4_0,
    Q4KS,
    Q4_1,
    Q4KM,
    Q5_0,
    Q5KS,
    Q5KM,
    Q5_1,
    Q6K,
    Q8_0,
    F16,
    Bf16,
}

use Quantisation::{
    Bf16, F16, Mxfp4, Q2K, Q3KL, Q3KM, Q3KS, Q4_0, Q4_1, Q4KM, Q4KS, Q5_0, Q5_1, Q5KM, Q5KS, Q6K,
    Q8_0,
};

impl Quantisation {
    /// All of them, by size, as a tag of Ollama's library says them.
    pub const ALL: [(Self, &str); 17] = [
        (Q2K, "q2_K"),
        (Q3KS, "q3_K_S"),
        (Q3KM, "q3_K_M"),
        (Q3KL, "q3_K_L"),
        (Mxfp4, "mxfp4"),
        (Q4_0, "q4_0"),
        (Q4KS, "q4_K_S"),
        (Q4_1, "q4_1"),
        (Q4KM, "q4_K_M"),
        (Q5_0, "q5_0"),
        (Q5KS, "q5_K_S"),
        (Q5KM, "q5_K_M"),
        (Q5_1, "q5_1"),
        (Q6K, "q6_K"),
        (Q8_0, "q8_0"),
        (F16, "fp16"),
        (Bf16, "bf16"),
    ];

    /// As a tag says it, in any case; `f16` is `fp16`.
    pub fn of_tag(word: &str) -> Option<Self> {
        let word = if word.eq_ignore_ascii_case("f16") { "fp16" } else { word };
        Self::ALL.iter().find(|it| it.1.eq_ignore_ascii_case(word)).map(|it| it.0)
    }

    /// As a tag of Ollama's library says it.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|it| it.0 == self).map_or("", |it| it.1)
    }

    /// What most tensors are in; of `mxfp4` only published sizes are known.
    pub const fn base(self) -> Option<Block> {
        Some(match self {
            Q2K => Block::Q2K,
            Q3KS | Q3KM | Q3KL => Block::Q3K,
            Q4_0 => Block::Q4_0,
            Q4_1 => Block::Q4_1,
            Q4KS | Q4KM => Block::Q4K,
            Q5_0 => Block::Q5_0,
            Q5_1 => Block::Q5_1,
            Q5KS | Q5KM => Block::Q5K,
            Q6K => Block::Q6K,
            Q8_0 => Block::Q8_0,
            F16 | Bf16 => Block::F16,
            Mxfp4 => return None,
        })
    }
}
