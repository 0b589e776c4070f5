//! How much memory and disk Ollama needs for its models.

use super::{ChatModel, KvCache, Ollama, STORAGE};
use crate::{
    facts::{
        models::{self, figures::Figures},
        ollama::{self, KvType},
        requests::{self, Allotment},
    },
    names::ModelName,
    units::Bytes,
};

impl Ollama {
    /// Figures of one of its models: the spec's own before the catalogue's.
    pub fn figures(&self, model: &ModelName) -> Option<Figures> {
        self.own_figures(model).or_else(|| models::find(model).map(|it| it.figures))
    }

    /// Figures that the spec has of one of its models.
    pub fn own_figures(&self, model: &ModelName) -> Option<Figures> {
        self.catalogue.iter().find(|it| it.0.is_same(model)).map(|it| *it.1)
    }

    /// The settings that memory depends on.
    pub fn settings(&self) -> ollama::Settings {
        ollama::Settings {
            context: self.context,
            parallel: self.parallel,
            kv: match self.kv_cache {
                KvCache::F16 => KvType::F16,
                KvCache::Q8 => KvType::Q8,
                KvCache::Q4 => KvType::Q4,
            },
            flash_attention: self.flash_attention,
            // In whole MiB, as the environment says it.
            prompt_cache: self.prompt_cache.ceil_mib(),
            checkpoints: self.context_checkpoints,
        }
    }

    /// The figures of its models, as far as they are known.
    fn known(&self) -> Vec<Figures> {
        self.models.iter().filter_map(|it| self.figures(it)).collect()
    }

    /// Models that write text, with their figures.
    pub fn chat_models(&self) -> impl Iterator<Item = ChatModel<'_>> {
        let all = self
            .models
            .iter()
            .enumerate()
            .filter_map(|(index, model)| Some((index, model, self.figures(model)?)));
        all.filter(|it| !it.2.embedding_model)
    }

    /// Tokens of the context that every model has: Ollama cuts `context` to what a model was
    /// trained for.
    pub fn shortest_context(&self) -> u64 {
        self.shortest_of(&self.chat_models().collect::<Vec<_>>())
    }

    pub(super) fn shortest_of(&self, chats: &[ChatModel<'_>]) -> u64 {
        chats.iter().map(|it| it.2.train_context).fold(self.context, u64::min)
    }

    /// Models that may be in memory at once.
    pub fn loaded(&self) -> u32 {
        self.loaded_of(&self.known())
    }

    fn loaded_of(&self, known: &[Figures]) -> u32 {
        let embedders = known.iter().filter(|it| it.embedding_model).count();
        let derived = if embedders > 0 && embedders < self.models.len() {
            1 + embedders
        } else {
            embedders.max(1)
        };
        self.max_loaded_models.unwrap_or_else(|| u32::try_from(derived).unwrap_or(u32::MAX))
    }

    fn container(&self, model: fn(&Figures, &ollama::Settings) -> Bytes) -> Bytes {
        let (known, set) = (self.known(), self.settings());
        ollama::container(known.iter().map(|it| model(it, &set)), items(self.loaded_of(&known)))
    }

    /// What the container would get if it held one model alone.
    pub fn alone(&self, model: &Figures) -> Bytes {
        let need = if self.gpu.is_some() { ollama::beside_gpu_with_file } else { ollama::model };
        ollama::container(std::iter::once(need(model, &self.settings())), 1)
    }

    /// Memory that its GPUs must have together for one model alone; none without.
    pub fn vram_alone(&self, model: &Figures) -> Option<Bytes> {
        Some(ollama::vram(std::iter::once(*model), &self.settings(), 1, self.gpu.as_ref()?.count))
    }

    /// Memory that the container cannot do without, by the formula: request and limit alike.
    pub fn needs_memory(&self) -> Bytes {
        self.container(if self.gpu.is_some() { ollama::beside_gpu } else { ollama::model })
    }

    /// Memory that its GPUs must have together; none without.
    pub fn needs_vram(&self) -> Option<Bytes> {
        let (known, gpus) = (self.known(), self.gpu.as_ref()?.count);
        let loaded = items(self.loaded_of(&known));
        Some(ollama::vram(known.into_iter(), &self.settings(), loaded, gpus))
    }

    /// What the container gets.
    pub fn allotment(&self) -> Allotment {
        // With a GPU the file of the weights is page cache, which the kernel can take back; it is
        // promised all the same until it has been measured how the kubelet counts it, and
        // `resources` may promise less.
        let memory = self.container(if self.gpu.is_some() {
            ollama::beside_gpu_with_file
        } else {
            ollama::model
        });
        let mut allotment = self.resources.over(Allotment {
            request: memory,
            limit: memory,
            cpu: requests::OLLAMA_CPU,
            folders: Bytes::new(0),
        });
        // Weights are anonymous memory on CPU: what is not requested is not there when a model
        // loads.
        if self.resources.memory.request.is_none() {
            allotment.request = allotment.limit;
        }
        allotment
    }

    /// What the volume of one replica must hold.
    pub fn needs_storage(&self) -> Bytes {
        let packages: Bytes = self.known().iter().map(|it| Bytes::new(it.blob)).sum();
        let (over, of) = ollama::STORAGE;
        let bytes = packages.get().saturating_mul(over).div_ceil(of);
        Bytes::gib(bytes.div_ceil(1 << 30).max(1))
    }

    /// The volume of one replica.
    pub fn volume(&self) -> Bytes {
        self.storage.unwrap_or(STORAGE)
    }
}

/// A count as a number of items.
fn items(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
