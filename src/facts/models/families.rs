//! The families of Ollama's library: sizes, their shapes and default quantisations, and the tags
//! that are known to exist.
//!
//! A family: whether its models take tools, and what `latest` is (nothing: not known). `Yes`: the
//! library's page says so, or the template was read. `No`: Ollama was seen to refuse them (`400 …
//! does not support tools`), for every size that was tried. `Unseen`: nobody has seen either. The
//! page of a family can say more than its models keep: `smollm2:360m` and `deepseek-r1` are
//! refused. A base model (`-text`, `-base`) has a template of its own, which nobody has seen.
//!
//! A row: the size, its shape, its default quantisation (`AtMost`: not known, the larger
//! candidate), then words and the quantisations that they come in. `A`: also without one.

use super::{family::families, quantisation::Quantisation, shapes};

families! {
    "all-minilm" No "22m" {
        "22m" BERT_6_384 F16: "" A;
        "33m" BERT_12_384 F16: "" A;
        "" BERT_12_384 F16: "l12-v2" A;
        "" BERT_6_384 F16: "l6-v2" A;
    }
    "aya" Unseen "8b" {
        "8b" AYA_8B Q4KM AtMost: "" A, "23" A N;
    }
    "bakllava" Unseen "latest" {
        "" BAKLLAVA_7B Q4_0: "latest" A;
    }
    "bge-large" No "335m" {
        "335m" BERT_24_1024 F16: "" A;
    }
    "bge-m3" No "567m" {
        "567m" BERT_24_1024_MULTI_8192 F16: "" A;
    }
    "codegemma" Unseen "7b" {
        "2b" CODEGEMMA_2B Q4_0: "" A, "code" A K, "code-v1.1" K, "v1.1" A;
        "7b" CODEGEMMA_7B Q4_0: "" A, "code" A K, "instruct" A K, "instruct-v1.1" K, "v1.1" A;
    }
    "codellama" Unseen "7b" {
        "7b" CODELLAMA_7B Q4_0: "" A, "code" A K, "instruct" A K, "python" A K;
        "13b" CODELLAMA_13B Q4_0: "" A, "code" A K, "instruct" A K, "python" A K;
        "34b" CODELLAMA_34B Q4_0: "" A, "code" A N, "instruct" A K, "python" A K;
    }
    "codestral" Unseen "22b" {
        "22b" MISTRAL_SMALL_22B Q4KM AtMost: "" A, "v0.1" N;
    }
    "cogito" Yes "" {
        "3b" LLAMA3_2_3B_UNTIED Q4KM: "" A, "v1-preview-llama" S;
        "8b" LLAMA3_1_8B Q4KM: "" A, "v1-preview-llama" Q4_K_M Q8_0;
        "14b" R1_QWEN_14B Q4KM AtMost: "" A, "v1-preview-qwen" S;
        "32b" R1_QWEN_32B Q4KM AtMost: "" A, "v1-preview-qwen" S;
    }
    "command-r7b" Yes "7b" {
        "7b" COMMAND_R7B Q4KM AtMost: "" A, "12-2024" S;
    }
    "deepcoder" Unseen "14b" {
        "1.5b" QWEN2_5_1_5B_UNTIED Q4KM: "" A, "preview" S;
        "14b" R1_QWEN_14B Q4KM AtMost: "" A, "preview" S;
    }
    "deepscaler" Unseen "1.5b" {
        "1.5b" QWEN2_5_1_5B_UNTIED F16 AtMost: "" A, "preview" S;
    }
    "deepseek-coder" Unseen "1.3b" {
        "1.3b" DEEPSEEK_CODER_1_3B Q4_0: "" A, "base" A K, "instruct" A K;
        "6.7b" DEEPSEEK_CODER_6_7B Q4_0: "" A, "base" A K, "instruct" A K;
    }
    "deepseek-r1" No "8b" {
        "1.5b" QWEN2_5_1_5B_UNTIED Q4KM: "" A, "qwen-distill" S;
        "7b" R1_QWEN_7B Q4KM: "" A, "qwen-distill" S;
        "8b" R1_QWEN3_8B Q4KM: "" A, "0528-qwen3" S;
        "8b" LLAMA3_1_8B Q4KM AtMost: "llama-distill" S;
        "14b" R1_QWEN_14B Q4KM: "" A, "qwen-distill" S;
        "32b" R1_QWEN_32B Q4KM: "" A, "qwen-distill" S;
        "70b" LLAMA3_1_70B Q4KM: "" A, "llama-distill" S;
    }
    "devstral" Yes "24b" {
        "24b" DEVSTRAL_24B Q4KM: "" A, "small-2505" S;
    }
    "dolphin-llama3" Unseen "8b" {
        "8b" LLAMA3_8B Q4KM AtMost: "" A, "256k-v2.9" K, "v2.9" A K;
    }
    "dolphin-mistral" No "7b" {
        "7b" MISTRAL_7B Q4_0: "" A, "v2" A K, "v2.1" A K, "v2.2" A K, "v2.2.1" A K, "v2.6" A K,
            "v2.6-dpo-laser" A K, "v2.8" A K;
        "" MISTRAL_7B Q4KM: "v2" A, "v2.1" A, "v2.2" A, "v2.2.1" A, "v2.6" A, "v2.8" A;
    }
    "dolphin-mixtral" Unseen "8x7b" {
        "8x7b" MIXTRAL_8X7B Q4KM AtMost: "" A, "v2.5" A K, "v2.6" A K, "v2.7" A K;
    }
    "dolphin-phi" Unseen "2.7b" {
        "2.7b" PHI2 Q4_0: "" A;
    }
    "dolphin3" Unseen "8b" {
        "8b" LLAMA3_1_8B Q4KM: "" A, "llama3.1" S;
    }
    "embeddinggemma" No "300m" {
        "300m" GEMMA_EMBEDDING Bf16: "" A BF16;
    }
    "exaone-deep" Unseen "" {
        "2.4b" EXAONE_2_4B Q4KM AtMost: "" A S;
    }
    "exaone3.5" Unseen "" {
        "2.4b" EXAONE_2_4B Q4KM: "" A, "instruct" S;
    }
    "falcon3" Unseen "7b" {
        "1b" FALCON3_1B Q8_0 AtMost: "" A, "instruct" S;
        "3b" FALCON3_3B Q4KM AtMost: "" A, "instruct" S;
        "7b" FALCON3_7B Q4KM AtMost: "" A, "instruct" S;
        "10b" FALCON3_10B Q4KM: "" A, "instruct" S;
    }
    "gemma" No "7b" {
        "2b" GEMMA_2B Q4_0: "" A, "instruct" A K, "instruct-v1.1" K, "text" A K, "v1.1" A;
        "7b" GEMMA_7B Q4_0: "" A, "instruct" A K, "instruct-v1.1" K, "text" A K, "v1.1" A;
    }
    "gemma2" No "9b" {
        "2b" GEMMA2_2B Q4_0: "" A, "instruct" K, "text" K;
        "9b" GEMMA2_9B Q4_0: "" A, "instruct" K, "text" K;
        "27b" GEMMA2_27B Q4_0: "" A, "instruct" K, "text" K;
    }
    "gemma3" No "4b" {
        "270m" GEMMA3_270M Q8_0: "" A, "it" F16 Q8_0;
        "1b" GEMMA3_1B Q4KM: "" A, "it" S;
        "4b" GEMMA3_4B Q4KM: "" A, "it" S;
        "12b" GEMMA3_12B Q4KM: "" A, "it" S;
        "27b" GEMMA3_27B Q4KM: "" A, "it" S;
    }
    "gpt-oss" Yes "20b" {
        "20b" GPT_OSS_20B Mxfp4: "" A;
    }
    "granite-embedding" No "" {
        "278m" BERT_12_768_MULTI F16: "" A;
    }
    "granite3-dense" Yes "2b" {
        "2b" GRANITE3_0_2B Q4KM AtMost: "" A, "instruct" K;
        "8b" GRANITE3_0_8B Q4KM AtMost: "" A, "instruct" K;
    }
    "granite3-moe" Yes "1b" {
        "1b" GRANITE3_MOE_1B Q8_0 AtMost: "" A, "instruct" K;
        "3b" GRANITE3_MOE_3B Q8_0 AtMost: "" A, "instruct" K;
    }
    "granite3.1-dense" Yes "8b" {
        "2b" GRANITE3_2B Q4KM AtMost: "" A, "instruct" K;
        "8b" GRANITE3_8B Q4KM AtMost: "" A, "instruct" K;
    }
    "granite3.1-moe" Yes "3b" {
        "1b" GRANITE3_MOE_1B Q8_0 AtMost: "" A, "instruct" K;
        "3b" GRANITE3_MOE_3B Q8_0 AtMost: "" A, "instruct" K;
    }
    "granite3.2" Yes "8b" {
        "2b" GRANITE3_2B Q4KM AtMost: "" A, "instruct" S;
        "8b" GRANITE3_8B Q4KM AtMost: "" A, "instruct" S;
    }
    "granite3.3" Yes "8b" {
        "2b" GRANITE3_2B Q4KM: "" A;
        "8b" GRANITE3_8B Q4KM: "" A;
    }
    "granite4" Yes "" {
        "3b" GRANITE4_MICRO Q4KM: "" A;
    }
    "hermes3" Yes "8b" {
        "3b" LLAMA3_2_3B Q4KM AtMost: "" A, "llama3.2" K;
        "8b" LLAMA3_1_8B Q4_0: "" A, "llama3.1" K;
    }
    "llama2" No "7b" {
        "7b" LLAMA2_7B Q4_0: "" A, "chat" A K, "text" A K;
        "13b" LLAMA2_13B Q4KM AtMost: "" A, "chat" A K, "text" A K;
    }
    "llama2-uncensored" Unseen "7b" {
        "7b" LLAMA2_7B Q4_0: "" A, "chat" A K;
    }
    "llama3" No "8b" {
        "8b" LLAMA3_8B Q4_0: "" A, "instruct" K, "text" A K;
        "70b" LLAMA3_70B Q4KM AtMost: "" A, "instruct" A K, "text" A K;
    }
    "llama3.1" Yes "8b" {
        "8b" LLAMA3_1_8B Q4KM: "" A, "instruct" K Q4_1, "text" K;
        "70b" LLAMA3_1_70B Q4KM AtMost: "" A, "instruct" K, "text" K;
    }
    "llama3.2" Yes "3b" {
        "1b" LLAMA3_2_1B Q8_0: "" A, "instruct" K, "text" K;
        "3b" LLAMA3_2_3B Q4KM: "" A, "instruct" K, "text" K;
    }
    "llama3.3" Yes "70b" {
        "70b" LLAMA3_1_70B Q4KM: "" A, "instruct" K;
    }
    "llava" Unseen "7b" {
        "7b" LLAVA_7B Q4_0: "" A;
    }
    "llava-llama3" Unseen "8b" {
        "8b" LLAVA_LLAMA3_8B Q4_0: "" A;
    }
    "llava-phi3" Unseen "3.8b" {
        "3.8b" LLAVA_PHI3_3_8B Q4_0: "" A;
    }
    "magistral" Yes "24b" {
        "24b" DEVSTRAL_24B Q4KM AtMost: "" A, "small-2506" S;
    }
    "mathstral" Unseen "7b" {
        "7b" MISTRAL_7B_V0_3 Q4KM AtMost: "" A, "v0.1" K;
    }
    "medllama2" Unseen "7b" {
        "7b" LLAMA2_7B Q4_0: "" A K;
    }
    "minicpm-v" Unseen "8b" {
        "8b" MINICPM_V_8B Q4_0: "" A;
    }
    "mistral" Yes "7b" {
        "7b" MISTRAL_7B_V0_3 Q4KM: "" A, "instruct" A K, "instruct-v0.3" K, "text" A K;
        "7b" MISTRAL_7B Q4KM Unseen: "instruct-v0.2" K, "text-v0.2" K;
        "" MISTRAL_7B_V0_3 Q4KM: "instruct" A, "text" A, "v0.3" A;
        "" MISTRAL_7B Q4KM Unseen: "v0.1" A, "v0.2" A;
    }
    "mistral-nemo" Yes "12b" {
        "12b" MISTRAL_NEMO_12B Q4_0: "" A, "instruct-2407" K;
    }
    "mistral-small" Yes "24b" {
        "22b" MISTRAL_SMALL_22B Q4KM AtMost: "" A, "instruct-2409" K;
        "24b" MISTRAL_SMALL_24B Q4KM AtMost: "" A, "instruct-2501" S;
    }
    "mixtral" Yes "8x7b" {
        "8x7b" MIXTRAL_8X7B Q4KM AtMost: "" A, "instruct-v0.1" K, "text" A, "text-v0.1" K;
    }
    "mxbai-embed-large" No "335m" {
        "335m" BERT_24_1024 F16: "" A;
    }
    "neural-chat" Unseen "7b" {
        "7b" MISTRAL_7B Q4_0: "" A, "v3.1" A K, "v3.2" A K, "v3.3" A K;
    }
    "nomic-embed-text" No "v1.5" {
        "" BERT_12_768_2048 F16: "v1.5" A;
    }
    "nous-hermes" Unseen "7b" {
        "7b" LLAMA2_7B Q4_0: "" A, "llama2" A K;
        "13b" LLAMA2_13B Q4KM AtMost: "" A K, "llama2" A K;
    }
    "nous-hermes2" Unseen "10.7b" {
        "10.7b" SOLAR_10_7B Q4_0: "" A, "solar" K;
    }
    "nous-hermes2-mixtral" Unseen "8x7b" {
        "8x7b" MIXTRAL_8X7B Q4_0: "" A, "dpo" K;
    }
    "olmo2" Unseen "7b" {
        "7b" OLMO2_7B Q4KM: "" A, "1124-instruct" S;
        "13b" OLMO2_13B Q4KM AtMost: "" A, "1124-instruct" S;
    }
    "openchat" Unseen "7b" {
        "7b" MISTRAL_7B Q4_0: "" A, "v3.5" A K, "v3.5-0106" A K, "v3.5-1210" A K;
    }
    "openhermes" Unseen "latest" {
        "7b" MISTRAL_7B Q4KM: "v2" A, "v2.5" A;
        "" MISTRAL_7B Q4_0: "latest" A, "v2" A, "v2.5" A;
    }
    "openthinker" Unseen "7b" {
        "7b" R1_QWEN_7B Q4KM AtMost: "" A S, "v2" S;
        "32b" R1_QWEN_32B Q4KM AtMost: "" A S, "v2" S;
    }
    "orca-mini" Unseen "3b" {
        "3b" ORCA_MINI_3B Q4_0: "" A F16 Q4_0 Q8_0;
        "7b" LLAMA2_7B Q4KM AtMost: "" A K, "v2" K, "v3" A K;
        "13b" LLAMA2_13B Q4KM AtMost: "" A K, "v2" K, "v3" A K;
    }
    "paraphrase-multilingual" No "278m" {
        "278m" BERT_12_768_MULTI F16: "" A;
    }
    "phi" Unseen "2.7b" {
        "2.7b" PHI2 Q4_0: "" A;
    }
    "phi3" No "3.8b" {
        "3.8b" PHI3_MINI Q4_0: "" A, "instruct" A, "mini-128k-instruct" K;
        "3.8b" PHI3_MINI_4K Q4KM AtMost: "mini-4k-instruct" K;
        "14b" PHI3_MEDIUM Q4KM AtMost: "" A, "instruct" A, "medium-128k-instruct" K,
            "medium-4k-instruct" K;
        "medium" PHI3_MEDIUM Q4_0: "" A, "128k" A, "4k" A;
        "mini" PHI3_MINI Q4_0: "" A;
        "mini-128k" PHI3_MINI Q4KM AtMost: "" A;
        "mini-4k" PHI3_MINI_4K Q4KM AtMost: "" A;
    }
    "phi3.5" Unseen "3.8b" {
        "3.8b" PHI3_MINI Q4_0: "" A, "mini-instruct" K;
    }
    "phi4" No "14b" {
        "14b" PHI4 Q4KM: "" A S;
    }
    "phi4-mini" Yes "3.8b" {
        "3.8b" PHI4_MINI Q4KM: "" A S;
    }
    "phi4-mini-reasoning" Unseen "3.8b" {
        "3.8b" PHI4_MINI_REASONING Q4KM: "" A S;
    }
    "phi4-reasoning" Unseen "14b" {
        "14b" PHI4_REASONING Q4KM AtMost: "" A S, "plus" S;
        "plus" PHI4_REASONING Q4KM AtMost: "" A;
    }
    "qwen" No "" {
        "1.8b" QWEN1_5_1_8B Q4KM AtMost: "" A, "chat" A K, "chat-v1.5" K, "text" A K,
            "text-v1.5" K;
    }
    "qwen2" Yes "7b" {
        "0.5b" QWEN2_5_0_5B Q4KM AtMost: "" A, "instruct" A K;
        "1.5b" QWEN2_5_1_5B Q4KM AtMost: "" A, "instruct" A K;
        "7b" QWEN2_5_7B Q4_0: "" A, "instruct" A K, "text" A Q4_0 Q4_K_M Q8_0;
    }
    "qwen2.5" Yes "7b" {
        "0.5b" QWEN2_5_0_5B Q4KM: "" A, "base" A Q4_0 Q4_K_M Q8_0, "instruct" A K;
        "1.5b" QWEN2_5_1_5B Q4KM: "" A, "instruct" A K;
        "3b" QWEN2_5_3B Q4KM: "" A, "instruct" A K;
        "7b" QWEN2_5_7B Q4KM: "" A, "instruct" A K;
        "14b" QWEN2_5_14B Q4KM AtMost: "" A, "instruct" A K;
        "32b" QWEN2_5_32B Q4KM AtMost: "" A, "instruct" A K;
    }
    "qwen2.5-coder" Yes "7b" {
        "0.5b" QWEN2_5_0_5B Q8_0 AtMost: "" A, "base" A K, "instruct" A K;
        "1.5b" QWEN2_5_1_5B Q4KM: "" A, "base" A K, "instruct" A K;
        "3b" QWEN2_5_3B Q4KM: "" A, "base" A K, "instruct" A K;
        "7b" QWEN2_5_7B Q4KM: "" A, "base" A K, "instruct" A K;
        "14b" QWEN2_5_14B Q4KM: "" A, "base" A K, "instruct" A K;
        "32b" QWEN2_5_32B Q4KM: "" A, "base" A K, "instruct" A K;
    }
    "qwen2.5vl" Unseen "7b" {
        "3b" QWEN2_5VL_3B Q4KM: "" A;
        "7b" QWEN2_5VL_7B Q4KM: "" A;
    }
    "qwen3" Yes "8b" {
        "0.6b" QWEN3_0_6B Q4KM: "" A S;
        "1.7b" QWEN3_1_7B Q4KM: "" A S;
        "4b" QWEN3_4B_2507 Q4KM: "" A, "instruct" A, "instruct-2507" S, "thinking" A,
            "thinking-2507" S;
        "4b" QWEN3_4B Q4KM AtMost: "" S;
        "8b" QWEN3_8B Q4KM: "" A S;
        "14b" QWEN3_14B Q4KM: "" A S;
        "30b" QWEN3_30B_A3B Q4KM AtMost: "" A, "a3b-instruct-2507" S, "a3b-thinking-2507" S,
            "instruct" A, "thinking" A;
        "30b" QWEN3_30B_A3B_EITHER Q4KM AtMost: "a3b" A;
        "30b" QWEN3_30B_A3B_2504 Q4KM AtMost: "a3b" S;
        "32b" QWEN3_32B Q4KM: "" A S;
    }
    "qwen3-coder" Yes "30b" {
        "30b" QWEN3_30B_A3B Q4KM: "" A, "a3b" S;
    }
    "qwen3-embedding" No "" {
        "0.6b" QWEN3_EMBEDDING_0_6B Q8_0: "" A F16 Q8_0;
        "4b" QWEN3_EMBEDDING_4B Q4KM: "" A S;
        "8b" QWEN3_EMBEDDING_8B Q4KM: "" A S;
    }
    "qwq" Yes "32b" {
        "32b" QWQ_32B Q4KM: "" A S, "preview" S;
    }
    "smollm" Unseen "1.7b" {
        "135m" SMOLLM_135M Q8_0 AtMost: "" A, "base-v0.2" K, "instruct-v0.2" K;
        "360m" SMOLLM_360M Q8_0 AtMost: "" A, "base-v0.2" K, "instruct-v0.2" K;
        "1.7b" SMOLLM_1_7B Q8_0 AtMost: "" A, "base-v0.2" K, "instruct-v0.2" K;
    }
    "smollm2" Yes "1.7b" {
        "135m" SMOLLM2_135M F16 No: "" A, "instruct" K;
        "360m" SMOLLM2_360M F16 No: "" A, "instruct" K;
        "1.7b" SMOLLM2_1_7B Q8_0: "" A, "instruct" K;
    }
    "snowflake-arctic-embed" No "335m" {
        "22m" BERT_6_384 F16: "" A;
        "33m" BERT_12_384 F16: "" A;
        "110m" BERT_12_768 F16: "" A;
        "335m" BERT_24_1024 F16: "" A;
        "" BERT_24_1024 F16: "l" A;
        "" BERT_12_768 F16: "m" A;
        "" BERT_12_384 F16: "s" A;
        "" BERT_6_384 F16: "xs" A;
    }
    "snowflake-arctic-embed2" No "568m" {
        "568m" BERT_24_1024_MULTI_8192 F16: "" A;
    }
    "solar" Unseen "10.7b" {
        "10.7b" SOLAR_10_7B Q4_0: "" A, "instruct-v1" K, "text-v1" K;
    }
    "sqlcoder" Unseen "7b" {
        "7b" MISTRAL_7B Q4_0: "" A;
    }
    "stablelm-zephyr" Unseen "3b" {
        "3b" STABLELM Q4_0: "" A;
    }
    "starcoder2" Unseen "3b" {
        "3b" STARCODER2_3B Q4_0: "" A K;
        "7b" STARCODER2_7B Q4KM AtMost: "" A K;
    }
    "starling-lm" Unseen "7b" {
        "7b" MISTRAL_7B Q4_0: "" A, "alpha" A K, "beta" A K;
        "" MISTRAL_7B Q4KM: "alpha" A, "beta" A;
    }
    "tinyllama" No "1.1b" {
        "1.1b" TINYLLAMA Q4_0: "" A, "chat" A, "chat-v0.6" K, "chat-v1" K;
    }
    "tulu3" Unseen "8b" {
        "8b" LLAMA3_1_8B Q4KM AtMost: "" A S;
    }
    "vicuna" Unseen "7b" {
        "7b" LLAMA2_7B Q4_0: "" A K, "v1.5-16k" K, "v1.5" K;
        "13b" LLAMA2_13B Q4KM AtMost: "" A K, "v1.5-16k" K, "v1.5" K;
    }
    "wizardlm2" Unseen "7b" {
        "7b" MISTRAL_7B Q4KM AtMost: "" A K;
    }
    "zephyr" Unseen "7b" {
        "7b" MISTRAL_7B Q4_0: "" A, "alpha" A K, "beta" A K;
    }
}
