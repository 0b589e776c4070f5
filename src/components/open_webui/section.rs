//! What Open WebUI's section of the spec has that every component may have.

use super::{ANSWER, APPLICATION, OpenWebUi, documents::Documents};
use crate::{
    builder::may_make::MayMake,
    components::{
        section::{Keys, Need, Number, PodResources, Section, VolumeSize},
        tika,
    },
    facts::{
        requests,
        versions::{self, Pin},
    },
};

impl Section for OpenWebUi {
    fn key(&self) -> &'static str {
        "openWebui"
    }

    fn is_enabled(&self) -> bool {
        self.enabled
    }

    fn resources(&self) -> Vec<PodResources<'_>> {
        vec![
            PodResources::of(&["resources"], &self.resources, self.documents.allotment()),
            PodResources::of(&["tika", "resources"], &self.tika.resources, requests::TIKA),
        ]
    }

    fn volumes(&self) -> Vec<VolumeSize> {
        vec![VolumeSize { path: &["storage"], size: Some(self.storage) }]
    }

    fn numbers(&self) -> Vec<Number> {
        let pool = self.connection_pool.as_ref();
        vec![
            Number::new(&["replicas"], u64::from(self.replicas), 1, 100),
            Number::new(&["maxTokens"], self.max_tokens, *ANSWER.start(), *ANSWER.end()),
            Number::new(&["connectionPool", "size"], pool.map(|it| it.size.into()), 1, 100),
            Number::new(&["connectionPool", "overflow"], pool.map(|it| it.overflow.into()), 0, 100),
        ]
    }

    fn needs(&self) -> Vec<Need> {
        let mut needs = vec![
            Need { key: "ollama", why: "it serves the models" },
            Need { key: "certManager", why: "it issues the certificate of the public host" },
            Need { key: "sealedSecrets", why: "it unseals the credentials" },
        ];
        if self.replicas > 1 {
            needs.push(Need { key: "postgresql", why: "its pods cannot share a SQLite file" });
        }
        needs
    }

    fn demand(&self, application: &str, _replicas: u32) -> Keys {
        let is_reader = application == tika::APPLICATION.application;
        if is_reader || self.documents == Documents::Builtin { &["documents"] } else { &[] }
    }

    fn versions(&self) -> Vec<Pin> {
        let reader = (self.documents == Documents::Tika).then_some(versions::TIKA);
        [Some(self.documents.pin()), reader].into_iter().flatten().collect()
    }

    fn may_make(&self) -> &'static [MayMake] {
        &[APPLICATION, tika::APPLICATION]
    }
}
