//! The shapes of models: what is the same in each of its builds, whatever the quantisation.
//!
//! Numbers in a row: layers, embedding, heads, key/value heads, dimensions of a head, feed-forward
//! (of a mixture of experts: a dense part's), vocabulary, training context (where sources differ,
//! the larger), bytes of the tokenizer in the file. `proven` shapes reproduce published sizes.

use super::shape::shapes;

shapes! {
    LLAMA3_8B: Llama 32 4096 32 8 128 14_336 128_256 8192 7_850_000, proven();
    LLAMA3_1_8B: Llama 32 4096 32 8 128 14_336 128_256 131_072 7_850_000, rope(1) proven();
    LLAMA3_1_70B: Llama 80 8192 64 8 128 28_672 128_256 131_072 7_850_000, rope(1) proven();
    LLAMA3_70B: Llama 80 8192 64 8 128 28_672 128_256 8192 7_850_000;
    LLAMA3_2_1B: Llama 16 2048 32 8 64 8192 128_256 131_072 7_850_000, tied() rope(1) proven();
    LLAMA3_2_3B: Llama 28 3072 24 8 128 8192 128_256 131_072 7_850_000, tied() rope(1) proven();
    LLAMA3_2_3B_UNTIED: Llama 28 3072 24 8 128 8192 128_256 131_072 7_850_000, rope(1) proven();
    LLAMA2_7B: Llama 32 4096 32 32 128 11_008 32_000 4096 1_720_000, proven();
    LLAMA2_13B: Llama 40 5120 40 40 128 13_824 32_000 4096 1_720_000;
    CODELLAMA_7B: Llama 32 4096 32 32 128 11_008 32_016 16_384 740_000, proven();
    CODELLAMA_13B: Llama 40 5120 40 40 128 13_824 32_016 16_384 740_000, proven();
    CODELLAMA_34B: Llama 48 8192 64 8 128 22_016 32_000 16_384 740_000, proven();
    MISTRAL_7B: Llama 32 4096 32 8 128 14_336 32_002 32_768 1_720_000, proven();
    MISTRAL_7B_V0_3: Llama 32 4096 32 8 128 14_336 32_768 32_768 760_000, proven();
    SOLAR_10_7B: Llama 48 4096 32 8 128 14_336 32_002 4096 1_720_000, proven();
    MISTRAL_NEMO_12B: Llama 40 5120 32 8 128 14_336 131_072 1_024_000 7_890_000, proven();
    MISTRAL_SMALL_22B: Llama 56 6144 48 8 128 16_384 32_768 32_768 760_000, proven();
    MISTRAL_SMALL_24B: Llama 40 5120 32 8 128 32_768 131_072 32_768 7_890_000, proven();
    DEVSTRAL_24B: Llama 40 5120 32 8 128 32_768 131_072 131_072 7_890_000, proven();
    MIXTRAL_8X7B: Llama 32 4096 32 8 128 14_336 32_002 32_768 1_720_000,
        experts(8, 14_336, 28_672) proven();
    TINYLLAMA: Llama 22 2048 32 4 64 5632 32_000 2048 1_720_000, proven();
    ORCA_MINI_3B: Llama 26 3200 32 32 100 8640 32_000 2048 1_720_000, proven();
    SMOLLM_135M: Llama 30 576 9 3 64 1536 49_152 2048 1_790_000, tied();
    SMOLLM_360M: Llama 32 960 15 5 64 2560 49_152 2048 1_790_000, tied();
    SMOLLM_1_7B: Llama 24 2048 32 32 64 8192 49_152 2048 1_790_000, tied();
    SMOLLM2_135M: Llama 30 576 9 3 64 1536 49_152 8192 1_790_000, tied() proven();
    SMOLLM2_360M: Llama 32 960 15 5 64 2560 49_152 8192 1_790_000, tied() proven();
    SMOLLM2_1_7B: Llama 24 2048 32 32 64 8192 49_152 8192 1_790_000, tied() proven();
    FALCON3_1B: Llama 18 2048 8 4 256 8192 131_072 8192 9_000_000;
    FALCON3_3B: Llama 22 3072 12 4 256 9216 131_072 32_768 9_000_000;
    FALCON3_7B: Llama 28 3072 12 4 256 23_040 131_072 32_768 9_000_000;
    FALCON3_10B: Llama 40 3072 12 4 256 23_040 131_072 32_768 9_000_000;
    DEEPSEEK_CODER_1_3B: Llama 24 2048 16 16 128 5504 32_256 16_384 1_310_000, proven();
    DEEPSEEK_CODER_6_7B: Llama 32 4096 32 32 128 11_008 32_256 16_384 1_310_000, proven();
    GRANITE3_2B: Llama 40 2048 32 8 64 8192 49_159 131_072 1_750_000, tied() proven();
    GRANITE3_8B: Llama 40 4096 32 8 128 12_800 49_159 131_072 1_750_000, tied() proven();
    GRANITE3_0_2B: Llama 40 2048 32 8 64 8192 49_159 4096 1_750_000, tied();
    GRANITE3_0_8B: Llama 40 4096 32 8 128 12_800 49_159 4096 1_750_000, tied();
    GRANITE4_MICRO: Llama 40 2560 40 8 64 8192 100_352 131_072 4_100_000, tied();
    GRANITE3_MOE_1B: Llama 24 1024 16 8 64 512 49_155 131_072 1_750_000,
        tied() experts(32, 512, 4096);
    GRANITE3_MOE_3B: Llama 32 1536 24 8 64 512 49_155 131_072 1_750_000,
        tied() experts(40, 512, 8192);
    QWEN2_5_0_5B: Qwen2 24 896 14 2 64 4864 151_936 32_768 5_960_000, tied() proven();
    QWEN2_5_1_5B: Qwen2 28 1536 12 2 128 8960 151_936 32_768 5_960_000, tied() proven();
    QWEN2_5_3B: Qwen2 36 2048 16 2 128 11_008 151_936 32_768 5_960_000, tied() proven();
    QWEN2_5_7B: Qwen2 28 3584 28 4 128 18_944 152_064 32_768 5_960_000, proven();
    QWEN2_5_14B: Qwen2 48 5120 40 8 128 13_824 152_064 32_768 5_960_000, proven();
    QWEN2_5_32B: Qwen2 64 5120 40 8 128 27_648 152_064 32_768 5_960_000, proven();
    QWEN2_5_1_5B_UNTIED: Qwen2 28 1536 12 2 128 8960 151_936 131_072 5_960_000, proven();
    R1_QWEN_7B: Qwen2 28 3584 28 4 128 18_944 152_064 131_072 5_960_000, proven();
    R1_QWEN_14B: Qwen2 48 5120 40 8 128 13_824 152_064 131_072 5_960_000, proven();
    R1_QWEN_32B: Qwen2 64 5120 40 8 128 27_648 152_064 131_072 5_960_000, proven();
    QWQ_32B: Qwen2 64 5120 40 8 128 27_648 152_064 131_072 5_960_000, proven();
    QWEN1_5_1_8B: Qwen2 24 2048 16 16 128 5504 151_936 32_768 5_960_000;
    QWEN3_0_6B: Qwen3 28 1024 16 8 128 3072 151_936 40_960 5_960_000, values_f16() proven();
    QWEN3_1_7B: Qwen3 28 2048 16 8 128 6144 151_936 40_960 5_960_000, values_f16() proven();
    QWEN3_4B: Qwen3 36 2560 32 8 128 9728 151_936 40_960 5_960_000, tied() values_f16() proven();
    QWEN3_8B: Qwen3 36 4096 32 8 128 12_288 151_936 40_960 5_960_000, values_f16() proven();
    QWEN3_14B: Qwen3 40 5120 40 8 128 17_408 151_936 40_960 5_960_000, values_f16() proven();
    QWEN3_32B: Qwen3 64 5120 64 8 128 25_600 151_936 40_960 5_960_000, values_f16() proven();
    QWEN3_4B_2507: Qwen3 36 2560 32 8 128 9728 151_936 262_144 5_960_000, tied() proven();
    R1_QWEN3_8B: Qwen3 36 4096 32 8 128 12_288 151_936 131_072 5_960_000, values_f16() proven();
    QWEN3_30B_A3B: Qwen3 48 2048 32 4 128 6144 151_936 262_144 5_960_000,
        experts(128, 768, 12_288) proven();
    QWEN3_30B_A3B_2504: Qwen3 48 2048 32 4 128 6144 151_936 40_960 5_960_000,
        experts(128, 768, 12_288) values_f16() proven();
    // Which of the two builds a tag without `2507` is: the larger size and the longer context.
    QWEN3_30B_A3B_EITHER: Qwen3 48 2048 32 4 128 6144 151_936 262_144 5_960_000,
        experts(128, 768, 12_288) values_f16() proven();
    QWEN3_EMBEDDING_0_6B: Qwen3 28 1024 16 8 128 3072 151_669 32_768 5_960_000,
        tied() decoder() proven();
    QWEN3_EMBEDDING_4B: Qwen3 36 2560 32 8 128 9728 151_665 40_960 5_960_000,
        tied() decoder() proven();
    QWEN3_EMBEDDING_8B: Qwen3 36 4096 32 8 128 12_288 151_665 40_960 5_960_000,
        tied() decoder() proven();
    GEMMA_2B: Llama 18 2048 8 1 256 16_384 256_000 8192 6_050_000, tied() embedding_q8() proven();
    GEMMA_7B: Llama 28 3072 16 16 256 24_576 256_000 8192 6_050_000, tied() proven();
    CODEGEMMA_2B: Llama 18 2048 8 1 256 16_384 256_000 8192 6_050_000, tied() embedding_q8();
    CODEGEMMA_7B: Llama 28 3072 16 16 256 24_576 256_000 8192 6_050_000, tied() proven();
    GEMMA2_2B: Gemma2 26 2304 8 4 256 9216 256_000 8192 6_050_000, tied() window(4096, 13) proven();
    GEMMA2_9B: Gemma2 42 3584 16 8 256 14_336 256_000 8192 6_050_000,
        tied() window(4096, 21) proven();
    GEMMA2_27B: Gemma2 46 4608 32 16 128 36_864 256_000 8192 6_050_000,
        tied() window(4096, 23) proven();
    GEMMA3_270M: Gemma3 18 640 4 1 256 2048 262_144 32_768 6_550_000,
        tied() window(512, 15) proven();
    GEMMA3_1B: Gemma3 26 1152 4 1 256 6912 262_144 32_768 6_550_000,
        tied() window(512, 22) values_f16() proven();
    GEMMA3_4B: Gemma3 34 2560 8 4 256 10_240 262_144 131_072 6_550_000,
        tied() window(1024, 29) vision(852_500_000) proven();
    GEMMA3_12B: Gemma3 48 3840 16 8 256 15_360 262_144 131_072 6_550_000,
        tied() window(1024, 40) vision(852_500_000) proven();
    GEMMA3_27B: Gemma3 62 5376 32 16 128 21_504 262_144 131_072 6_550_000,
        tied() window(1024, 52) vision(852_500_000) proven();
    PHI3_MINI: Phi3 32 3072 32 32 96 8192 32_064 131_072 740_000, rope(48) proven();
    PHI3_MINI_4K: Phi3 32 3072 32 32 96 8192 32_064 4096 740_000, rope(48) proven();
    PHI3_MEDIUM: Phi3 40 5120 40 10 128 17_920 32_064 131_072 740_000, rope(64) proven();
    PHI4: Phi3 40 5120 40 10 128 17_920 100_352 16_384 3_560_000, proven();
    PHI4_REASONING: Phi3 40 5120 40 10 128 17_920 100_352 32_768 3_560_000, fused_f16();
    PHI4_MINI: Phi3 32 3072 24 8 128 8192 200_064 131_072 8_260_000, tied() rope(48) proven();
    PHI4_MINI_REASONING: Phi3 32 3072 24 8 128 8192 200_064 131_072 8_260_000,
        tied() rope(48) fused_f16() proven();
    OLMO2_7B: Olmo2 32 4096 32 32 128 11_008 100_352 4096 4_000_000;
    OLMO2_13B: Olmo2 40 5120 40 40 128 13_824 100_352 4096 4_000_000;
    EXAONE_2_4B: Llama 30 2560 32 8 80 7168 102_400 32_768 5_000_000, rope(1);
    AYA_8B: Cohere 32 4096 32 8 128 14_336 256_000 8192 14_000_000, tied();
    COMMAND_R7B: Cohere 32 4096 32 8 128 14_336 256_000 132_096 14_000_000, tied() window(4096, 24);
    STARCODER2_3B: Starcoder2 30 3072 24 2 128 12_288 49_152 16_384 1_790_000, tied() proven();
    STARCODER2_7B: Starcoder2 32 4608 36 4 128 18_432 49_152 16_384 1_790_000, tied();

    // Sizes of these are published or counted as a whole, not by tensors.
    BERT_6_384: Given 6 384 12 12 32 1536 30_522 512 0, encoder() size_of_file(46_336_944);
    BERT_12_384: Given 12 384 12 12 32 1536 30_522 512 0, encoder() size_of_file(67_690_416);
    BAKLLAVA_7B: Given 32 4096 32 8 128 14_336 32_002 32_768 0, images_not_measured();
    BERT_24_1024: Given 24 1024 16 16 64 4096 30_522 512 0, encoder() size_of_file(670_630_320);
    BERT_24_1024_MULTI_8192: Given 24 1024 16 16 64 4096 250_002 8192 0,
        encoder() size_of_file(1_158_036_736);
    PHI2: Given 32 2560 32 32 80 10_240 51_200 2048 0;
    GEMMA_EMBEDDING: Given 24 768 3 1 256 1152 262_144 2048 0, window(512, 20) encoder();
    GPT_OSS_20B: Given 24 2880 64 8 64 12_032 201_088 131_072 0, window(128, 12);
    BERT_12_768_MULTI: Given 12 768 12 12 64 3072 250_002 512 0, encoder() size_of_file(563_139_840);
    LLAVA_7B: Given 32 4096 32 8 128 14_336 32_002 32_768 0, images_not_measured();
    LLAVA_LLAMA3_8B: Given 32 4096 32 8 128 14_336 128_256 8192 0, images_not_measured();
    LLAVA_PHI3_3_8B: Given 32 3072 32 32 96 8192 32_064 4096 0, images_not_measured();
    MINICPM_V_8B: Given 28 3584 28 4 128 18_944 152_064 32_768 0, images_not_measured();
    BERT_12_768_2048: Given 12 768 12 12 64 3072 30_522 2048 0, encoder();
    QWEN2_5VL_3B: Given 36 2048 16 2 128 11_008 151_936 128_000 0, images_not_measured();
    QWEN2_5VL_7B: Given 28 3584 28 4 128 18_944 152_064 128_000 0, images_not_measured();
    BERT_12_768: Given 12 768 12 12 64 3072 30_522 512 0, encoder() size_of_file(219_565_488);
    STABLELM: Given 32 2560 32 32 80 6912 50_304 4096 0;
}
