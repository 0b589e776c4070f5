//! Alerts for models that take more memory than they were promised.

use crate::{
    builder::{
        contribution::{Alert, AlertSeverity},
        example::{Examples, Series},
        scope::Scope,
    },
    components::ollama::Ollama,
    facts::alerts::{Figure, MODELS_AFTER},
    units::Bytes,
};

pub(super) fn alerts(scope: &mut Scope<'_>, promised: &Ollama) {
    scope.contribute(context_raised(promised.context));
    scope.contribute(larger_than_promised(promised.allotment().limit));
}

const SIZE: &str = "ollama_loaded_model_size_bytes";
const VRAM: &str = "ollama_loaded_model_vram_bytes";
const CONTEXT: &str = "ollama_loaded_model_context_tokens";
const REPLICA: &str = "http://ollama-0.ollama-headless.ai.svc.cluster.local:11434/api/ps";

fn of_model(metric: &str, value: u64) -> Series {
    let labels = format!("instance=\"{REPLICA}\",model=\"llama3.2:1b\"");
    Series::of(format!("{metric}{{{labels}}}"), Series::amount(value))
}

/// Whoever may chat may ask for another context with a question, whatever the server's own is, and
/// the memory of a model grows with it.
fn context_raised(context: u64) -> Alert {
    Alert {
        name: "ModelContextRaised",
        expression: format!("max by (instance, model) ({CONTEXT}) > {context}"),
        after: MODELS_AFTER.value,
        severity: AlertSeverity::Warning,
        figures: vec![
            Figure::of(
                context,
                "`ollama.context` of the spec: the memory that the budget promises to Ollama holds \
                 models with that many tokens, and grows with them.",
            ),
            MODELS_AFTER.figure(),
        ],
        summary: format!(
            "Model {{{{ $labels.model }}}} has a context of more than {context} tokens in memory, \
             which the budget does not hold."
        ),
        runbook:
            "Somebody asked with `num_ctx` of their own, in the chat's advanced parameters or \
                  through the API; `kubectl -n ai logs deploy/openwebui` says who asked at that \
                  time. The model goes when nobody has asked it for a while, and `kubectl -n ai \
                  rollout restart statefulset/ollama` ends it at once. If all need it, write \
                  `ollama.context`: `espalier check` says whether the node has the memory."
                .to_owned(),
        examples: Examples {
            fires_on: vec![of_model(CONTEXT, context + 1)],
            labels: vec![("instance", REPLICA.to_owned()), ("model", "llama3.2:1b".to_owned())],
            quiet_on: vec![of_model(CONTEXT, context)],
            ..Examples::default()
        },
    }
}

/// By Ollama's own sum, before the kernel ends it.
fn larger_than_promised(limit: Bytes) -> Alert {
    let sum = |metric: &str| format!("sum by (instance) ({metric})");
    let with = |size: u64| vec![of_model(SIZE, size), of_model(VRAM, 0)];
    Alert {
        name: "ModelsLargerThanPromised",
        expression: format!("{} - {} > {}", sum(SIZE), sum(VRAM), limit.get()),
        after: MODELS_AFTER.value,
        severity: AlertSeverity::Warning,
        figures: vec![
            Figure::of(
                limit.get(),
                format!(
                    "The {} of Ollama's memory limit, which follows from its models (`espalier show \
                     models`): at the limit the kernel ends it.",
                    limit.in_mib()
                ),
            ),
            MODELS_AFTER.figure(),
        ],
        summary: format!(
            "The models in memory at {{{{ $labels.instance }}}} take more than the {} of Ollama's \
             limit.",
            limit.in_mib()
        ),
        runbook: "The kernel ends Ollama when all of it is used (ContainerOutOfMemory). `kubectl \
                  -n ai exec ollama-0 -- ollama ps` shows the models; one that nobody has in the \
                  spec was pulled by hand. `espalier show models` says what each needs: raise \
                  `ollama.resources.memory.limit`, or load fewer at once \
                  (`ollama.maxLoadedModels`)."
            .to_owned(),
        examples: Examples {
            fires_on: with(limit.get() + 4096),
            labels: vec![("instance", REPLICA.to_owned())],
            quiet_on: with(limit.get() - 4096),
            ..Examples::default()
        },
    }
}
