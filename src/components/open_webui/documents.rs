//! Who takes the text out of uploaded documents: nobody, Open WebUI itself, or Tika.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    facts::{
        documents::{BUILTIN, STANDARD_IMAGE, TEXT, TIKA, TIKA_IMAGE},
        requests::{self, Allotment},
        versions::{OPEN_WEBUI, OPEN_WEBUI_STANDARD, Pin},
    },
    units::Bytes,
};

/// Who takes the text out of uploaded documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Documents {
    /// Nobody: text files and source code are read as they are.
    #[default]
    Text,
    /// Open WebUI itself, in its standard image: also PDF, Word (`docx`), Excel and slides
    /// (`pptx`). The image is many times as large, and takes more memory.
    Builtin,
    /// Apache Tika, a pod of its own that only Open WebUI may call: also older Word files and
    /// slides (`doc`, `ppt`), `odt`, `ods` and `odp`, RTF, e-mails and EPUB.
    Tika,
}

impl Documents {
    /// The image that Open WebUI runs.
    pub fn pin(self) -> Pin {
        match self {
            Self::Text | Self::Tika => OPEN_WEBUI,
            Self::Builtin => OPEN_WEBUI_STANDARD,
        }
    }

    /// What Open WebUI's container is promised.
    pub fn allotment(self) -> Allotment {
        match self {
            Self::Text | Self::Tika => requests::OPEN_WEBUI,
            Self::Builtin => requests::OPEN_WEBUI_STANDARD,
        }
    }

    /// Disk for images beyond what a platform that reads text takes.
    pub fn disk(self) -> Bytes {
        match self {
            Self::Text => Bytes::default(),
            Self::Builtin => STANDARD_IMAGE,
            Self::Tika => TIKA_IMAGE,
        }
    }

    /// Files that are read besides text.
    pub const fn besides_text(self) -> &'static [&'static str] {
        match self {
            Self::Text => &[],
            Self::Builtin => &BUILTIN,
            Self::Tika => &TIKA,
        }
    }

    /// Every extension that is read, by name.
    fn extensions(self) -> Vec<&'static str> {
        let mut all = [&TEXT[..], self.besides_text()].concat();
        all.sort_unstable();
        all
    }

    /// What Open WebUI is told, whoever asks Tika.
    pub(super) fn environment(self) -> Vec<(&'static str, String)> {
        // A file of another type is refused as it comes, with its extension in the message.
        let mut told = vec![("RAG_ALLOWED_FILE_EXTENSIONS", self.extensions().join(","))];
        if self == Self::Builtin {
            // With its default, the standard image would load a model that makes embeddings, which
            // nothing here asks for.
            told.push(("RAG_EMBEDDING_ENGINE", "ollama".to_owned()));
        }
        told
    }

    /// What people may upload, in a sentence or two for those who read about a platform.
    pub fn described(self) -> String {
        let Some((last, others)) = self.besides_text().split_last() else {
            let [builtin, tika] = [Self::Builtin, Self::Tika].map(Self::more_memory);
            return format!(
                "text files and source code; PDF, Word and whatever else is refused at once. \
                 `openWebui: {{documents: tika}}` reads documents in a pod of its own ({tika} \
                 more), `documents: builtin` in Open WebUI's larger image ({builtin} more)"
            );
        };
        let others: Vec<String> = others.iter().map(|it| format!("`{it}`")).collect();
        let who = if self == Self::Tika { "Tika" } else { "Open WebUI itself" };
        format!(
            "text files and source code, and by {who} {} and `{last}`; whatever else is refused \
             at once. Pages that are pictures (scans) have no text",
            others.join(", ")
        )
    }

    /// What is requested beyond a platform that reads text.
    fn more_memory(self) -> String {
        let own = self.allotment().request.saturating_sub(Self::Text.allotment().request);
        let tika = if self == Self::Tika { requests::TIKA.request } else { Bytes::default() };
        (own + tika).in_mib().to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Documents;

    #[test]
    fn each_extension_is_listed_once_as_open_webui_compares_it() {
        for documents in [Documents::Text, Documents::Builtin, Documents::Tika] {
            let all = documents.extensions();
            assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{all:?}");
            for extension in all {
                let is_plain =
                    |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
                assert!(!extension.is_empty() && extension.chars().all(is_plain), "{extension}");
            }
        }
    }

    #[test]
    fn only_who_reads_documents_takes_them() {
        let takes = |documents: Documents| {
            let all = documents.extensions();
            ["txt", "docx", "pdf", "doc", "odt", "png", ""].map(|it| all.contains(&it))
        };
        assert_eq!(takes(Documents::Text), [true, false, false, false, false, false, false]);
        assert_eq!(takes(Documents::Builtin), [true, true, true, false, false, false, false]);
        assert_eq!(takes(Documents::Tika), [true, true, true, true, true, false, false]);
    }
}
