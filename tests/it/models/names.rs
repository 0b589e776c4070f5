//! Names of models as people type them: what resolves, what is refused, and what is offered then.

use espalier::{facts::models, names::ModelName};

use crate::support::{compile, with_components};

/// Names that people typed.
const TYPED: [&str; 34] = [
    "qwen3",
    "gemma3",
    "phi",
    "phi3",
    "phi4",
    "mistral",
    "deepseek-r1",
    "llama3",
    "llama3.2",
    "phi3:mini",
    "phi4-mini",
    "qwen3:4b-q8_0",
    "mistral:7b-instruct-v0.3-q4_K_M",
    "gpt-oss:20b",
    "qwen2.5-coder:7b",
    "tinyllama",
    "llava",
    "codellama",
    "granite3.3:2b",
    "phi3.5:latest",
    "smollm2",
    "library/qwen3:4b",
    "registry.ollama.ai/library/qwen3:4b",
    "qwen3:8b",
    "qwen3:4b",
    "gemma3:4b",
    "mistral:7b",
    "deepseek-r1:7b",
    "llama3.2:1b",
    "llama3.2:3b",
    "llama3.1:8b",
    "qwen2.5:0.5b",
    "nomic-embed-text",
    "https://registry.ollama.ai/library/Qwen3:4B-Q8_0",
];

fn read(name: &str) -> ModelName {
    name.parse().unwrap_or_else(|it| panic!("{name}: {it}"))
}

#[test]
fn what_people_typed_resolves() {
    for name in TYPED {
        assert!(models::find(&read(name)).is_some_and(|it| it.listed), "{name}");
        let compiled = compile(&with_components(&format!("ollama: {{models: [{name:?}]}}")));
        assert!(!compiled.errors().contains(&"model-unknown"), "{name}: {}", compiled.said());
    }
}

#[test]
fn names_are_read_as_ollama_reads_them() {
    for (written, read_as) in [
        ("qwen3", "qwen3:latest"),
        ("Qwen3:4B", "qwen3:4b"),
        ("library/qwen3:4b", "qwen3:4b"),
        ("registry.ollama.ai/library/qwen3:4b", "qwen3:4b"),
        ("REGISTRY.OLLAMA.AI/Library/Qwen3", "qwen3:latest"),
        ("https://registry.ollama.ai/library/qwen3", "qwen3:latest"),
        ("https://ollama.com/library/qwen3:8b", "qwen3:8b"),
        ("ollama.com/MFDoom/model", "MFDoom/model:latest"),
        ("llama3.2:1b-instruct-Q4_k_m", "llama3.2:1b-instruct-q4_K_M"),
        ("smollm2:135m-instruct-f16", "smollm2:135m-instruct-fp16"),
        ("gpt-oss:20b", "gpt-oss:20b"),
        ("hf.co/Owner/Model-GGUF:Q4_K_M", "hf.co/Owner/Model-GGUF:Q4_K_M"),
        ("https://hf.co/Owner/Model-GGUF", "hf.co/Owner/Model-GGUF:latest"),
        ("User/Model:1B", "User/Model:1B"),
    ] {
        assert_eq!(read(written).as_str(), read_as, "{written}");
        assert_eq!(read(read_as).as_str(), read_as, "reading again changes nothing");
    }
    let refused =
        "qwen3:8b@sha256:abc".parse::<ModelName>().expect_err("Ollama pulls no digest").to_string();
    assert!(refused.contains("write `qwen3:8b`"), "{refused}");
}

/// The tree has the library's name, whatever was typed.
#[test]
fn the_tree_has_the_short_name() {
    let compiled = compile(&with_components(
        "ollama: {models: [\"registry.ollama.ai/library/Llama3.2:1B-instruct-q4_k_m\"]}",
    ));
    assert_eq!(compiled.errors(), Vec::<&str>::new(), "{}", compiled.said());
    let text: String = compiled.files.values().map(|it| String::from_utf8_lossy(it)).collect();
    assert!(
        text.contains("llama3.2:1b-instruct-q4_K_M") && !text.contains("registry.ollama.ai"),
        "of the models' container"
    );
}

/// Case does not matter for models with figures in the spec either.
#[test]
fn own_figures_are_found_in_any_case() {
    let figures = "{blob: 8.4Gi, layers: 16, kvHeads: 8, headDim: 64, embedding: 2048, heads: 32, \
                   feedForward: 8192, vocabulary: 128256, trainContext: 131072}";
    let spec = format!(
        "ollama: {{models: [\"Acme/Botanist:1B\"], catalogue: {{\"acme/botanist:1b\": {figures}}}}}"
    );
    let compiled = compile(&with_components(&spec));
    assert_eq!(compiled.errors(), ["node-memory-exceeded"], "{}", compiled.said());
}

/// The entry that a finding offers is pasted, with the one number that only the user can know: the
/// finding is gone, and there is no new one.
#[test]
fn what_is_offered_can_be_pasted() {
    for (name, code, unknown) in [
        ("hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M", "model-unknown", ("", "")),
        ("hf.co/Qwen/Qwen2.5-Coder-7B-Instruct-GGUF:q8_0", "model-unknown", ("", "")),
        ("hf.co/bartowski/DeepSeek-R1-Distill-Llama-8B-GGUF:Q4_K_M", "model-unknown", ("", "")),
        ("myuser/qwen3:4b", "model-unknown", ("blob: …", "blob: 2.6Gi")),
        (
            "hf.co/unsloth/gemma-3-4b-it-GGUF:UD-Q4_K_XL",
            "model-unknown",
            ("blob: …", "blob: 3.2Gi"),
        ),
        ("llama3.2:1b-instruct-iq4_xs", "model-unknown", ("blob: …", "blob: 0.8Gi")),
        ("llama3.2:1b-instuct-q4_K_M", "model-tag-unlisted", ("", "")),
        ("llava", "image-memory-unknown", ("imageMemory: …", "imageMemory: 600Mi")),
        ("qwen3-embedding:0.6b-q6_K", "model-tag-unlisted", ("", "")),
    ] {
        let said = |spec: &str| {
            let mut texts = with_components(spec);
            let text = texts.get_mut("spec/platform.yaml").expect("it is there");
            *text = text.replace("memory: 8Gi", "memory: 64Gi");
            compile(&texts)
        };
        let compiled = said(&format!("ollama: {{models: [{name:?}]}}"));
        let finding = compiled
            .findings
            .iter()
            .find(|it| it.code == code)
            .unwrap_or_else(|| panic!("{name}: {}", compiled.said()));
        let mut texts = finding.help.iter().chain(&finding.notes);
        let entry = texts.find_map(|it| Some(&it[it.find("`catalogue: {")? + 1..it.rfind('`')?]));
        let entry = entry
            .unwrap_or_else(|| panic!("{name}: no entry in {finding:?}"))
            .replace(unknown.0, unknown.1);
        let compiled = said(&format!("ollama: {{models: [{name:?}], {entry}}}"));
        assert!(
            !compiled.findings.iter().any(|it| it.code == code || it.code.starts_with("figures")),
            "{name}: {}",
            compiled.said()
        );
        assert_eq!(compiled.errors(), Vec::<&str>::new(), "{name}: {}", compiled.said());
    }
}

/// The known model that another publisher's name refers to, and the size of its file: published,
/// computed as for Qwen's own files, or not known.
#[test]
fn the_names_of_others_speak_of_known_models() {
    for (name, base, blob, is_published) in [
        (
            "hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M",
            "llama3.2:1b-instruct-q4_K_M",
            807_694_464..=807_694_464,
            true,
        ),
        (
            "hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF",
            "llama3.2:1b-instruct-q4_K_M",
            807_694_464..=807_694_464,
            true,
        ),
        (
            "hf.co/unsloth/Llama-3.2-1B-Instruct-GGUF:Q8_0",
            "llama3.2:1b",
            1_321_082_688..=1_321_082_688,
            true,
        ),
        (
            "acme/llama3.2:1b-instruct-q6_K",
            "llama3.2:1b-instruct-q6_K",
            1_021_800_000..=1_060_000_000,
            false,
        ),
        // Qwen's own file of it has 491,400,032 bytes, others' 397,808,192.
        (
            "hf.co/Qwen/Qwen2.5-0.5B-Instruct-GGUF:q4_k_m",
            "qwen2.5:0.5b",
            491_400_032..=505_000_000,
            false,
        ),
        (
            "hf.co/unsloth/DeepSeek-R1-Distill-Llama-8B-GGUF:Q4_K_M",
            "deepseek-r1:8b-llama-distill-q4_K_M",
            4_920_738_407..=4_920_738_407,
            true,
        ),
        ("hf.co/unsloth/DeepSeek-R1-Distill-Qwen-7B-GGUF:IQ4_XS", "deepseek-r1:7b", 0..=0, false),
        (
            "hf.co/unsloth/DeepSeek-R1-0528-Qwen3-8B-GGUF:Q8_0",
            "deepseek-r1:8b-0528-qwen3-q8_0",
            8_700_000_000..=9_100_000_000,
            false,
        ),
        ("myuser/qwen3:4b", "qwen3:4b", 0..=0, false),
        ("myuser/Qwen2.5-Coder:7b-instruct", "qwen2.5-coder:7b", 0..=0, false),
    ] {
        let assumed = models::foreign::assumed(&read(name))
            .unwrap_or_else(|| panic!("{name} speaks of something"));
        let told = (assumed.base.as_str(), assumed.is_published);
        assert_eq!(told, (base, is_published), "{name}");
        assert!(blob.contains(&assumed.figures.blob), "{name}: {}", assumed.figures.blob);
        assert!(models::find(base).is_some_and(|it| it.listed), "{base} can be taken");
    }
    // Another architecture, or another size.
    for name in [
        "hf.co/Qwen/Qwen3-VL-4B-GGUF",
        "hf.co/unsloth/gemma-3n-E4B-it-GGUF",
        "hf.co/acme/Llama-3.2-11B-Vision-GGUF",
        "acme/botanist:4b",
    ] {
        assert!(models::foreign::assumed(&read(name)).is_none(), "{name}");
    }
}

/// A misspelt family, size or word gets the nearest name.
#[test]
fn what_is_nearly_right_gets_the_right_name() {
    for (written, meant) in [
        ("lama3.2:1b", "llama3.2:1b"),
        ("qwen-2.5:7b", "qwen2.5:7b"),
        ("gema3:4b", "gemma3:4b"),
        ("qwen3:5b", "qwen3:4b"),
        ("llama3.2:1b-instuct-q8_0", "llama3.2:1b-instruct-q8_0"),
        ("mistral:7b-instruct-v03-q4_K_M", "mistral:7b-instruct-v0.3-q4_K_M"),
        ("deepseek-r2:8b", "deepseek-r1:8b"),
    ] {
        let compiled = compile(&with_components(&format!("ollama: {{models: [{written:?}]}}")));
        let offers = |diagnostic: &espalier::diag::diagnostic::Diagnostic| {
            diagnostic.help.contains(&format!("did you mean `{meant}`?"))
        };
        assert!(compiled.findings.iter().any(offers), "{written}: {}", compiled.said());
    }
}

/// Other quantisations of a known size are computed; a model that no formula covers is not.
#[test]
fn what_cannot_be_computed_is_not() {
    for name in
        ["llama3.2:1b-instruct-q3_K_S", "qwen2.5:7b-instruct-q2_K", "qwen3:4b-thinking-2507-q5_K_M"]
    {
        assert!(models::find(name).is_some(), "{name}");
    }
    for name in [
        "llama3.2:1b-instruct-iq4_xs",
        "llama3.2:2b",
        "llama3.2:1b-chat",
        "llava:7b-v1.6-mistral-q4_0",
        "gpt-oss:120b",
        "gpt-oss:20b-q4_0",
        "granite4:3b-h",
        "granite4:latest",
        "cogito:latest",
        "gemma3:4b-it-qat",
        "phi:2.7b-chat-v2-q4_0",
        "qwen3.5:4b",
        "user/qwen3:4b",
    ] {
        assert!(models::find(name).is_none(), "{name}");
    }
}

/// If there are two builds of one size, a tag that names neither means the larger one.
#[test]
fn words_choose_the_build() {
    let blob = |name: &str| models::find(name).unwrap_or_else(|| panic!("{name}")).figures;
    assert_eq!(blob("qwen3:4b").train_context, 262_144);
    assert_eq!(blob("qwen3:4b-q8_0").train_context, 40_960);
    assert!(
        blob("qwen3:4b-q8_0").blob > blob("qwen3:4b-instruct-2507-q8_0").blob,
        "its values are in 16 bits"
    );
    assert!(
        blob("mistral:7b-instruct-v0.2-q8_0").vocabulary
            < blob("mistral:7b-instruct-v0.3-q8_0").vocabulary
    );
    assert_eq!(blob("deepseek-r1:8b-llama-distill-q4_K_M").layers, 32);
    assert_eq!(blob("phi3:mini-4k").train_context, 4096);
    let largest = ["deepseek-r1:8b-0528-qwen3-q8_0", "deepseek-r1:8b-llama-distill-q8_0"]
        .map(|it| blob(it).blob)
        .into_iter()
        .max();
    let other = models::find("deepseek-r1:8b-else-q8_0").expect("of that size");
    assert!(!other.listed && Some(other.figures.blob) == largest, "{other:?}");
}
