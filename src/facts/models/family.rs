//! Families of models, and how a tag is read: `size[-words][-quantisation]`.

use super::{
    figures::{Known, Size},
    published::PUBLISHED,
    quantisation::Quantisation,
    shape::{Form, Shape},
};

/// Whether tools can be sent to a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tools {
    /// They can.
    Yes,
    /// Ollama refuses them.
    No,
    /// Nobody has seen either.
    Unseen,
}

/// A family of models in Ollama's library.
pub struct Family {
    /// What stands before the tag.
    pub name: &'static str,
    /// Of most of its models.
    pub tools: Tools,
    /// The tag that `latest` is; empty where it is not known.
    pub latest: &'static str,
    /// Its tags, smaller sizes first.
    pub tags: &'static [Tags],
}

/// Tags of one size and shape.
pub struct Tags {
    /// The size as a tag begins with it; empty where tags have none.
    pub size: &'static str,
    /// Its shape.
    pub shape: &'static Shape,
    /// The quantisation of a tag that says none.
    pub default: Quantisation,
    /// Whether that is the larger candidate of those that it may be.
    pub at_most: bool,
    /// Where they differ from the family's.
    pub tools: Option<Tools>,
    /// Words behind the size, with the quantisations that they are known in.
    pub words: &'static [(&'static str, Listed)],
}

/// Something that a row says beside its default quantisation.
pub enum Mark {
    /// The default is not known: it is the larger candidate.
    AtMost,
    /// Tools are refused.
    No,
    /// Nobody knows about tools.
    Unseen,
}

impl Tags {
    /// A row.
    pub const fn new(
        size: &'static str,
        shape: &'static Shape,
        default: Quantisation,
        words: &'static [(&'static str, Listed)],
    ) -> Self {
        Self { size, shape, default, at_most: false, tools: None, words }
    }

    /// The row with a mark.
    #[must_use]
    pub const fn mark(self, mark: &Mark) -> Self {
        match mark {
            Mark::AtMost => Self { at_most: true, ..self },
            Mark::No => Self { tools: Some(Tools::No), ..self },
            Mark::Unseen => Self { tools: Some(Tools::Unseen), ..self },
        }
    }

    /// The words of a tag without its quantisation; none where it is of another size.
    fn words_of<'a>(&self, tag: &'a str) -> Option<&'a str> {
        match tag.strip_prefix(self.size)? {
            rest if self.size.is_empty() || rest.is_empty() => Some(rest),
            rest => rest.strip_prefix('-'),
        }
    }

    fn listed(&self, words: &str) -> Option<Listed> {
        self.words.iter().find(|it| it.0 == words).map(|it| it.1)
    }

    /// The quantisation of words without one: the larger of the size's and of what the library
    /// gives most; its own where there are no words.
    fn default_of(&self, words: &str) -> (Quantisation, bool) {
        if words.is_empty() || self.default >= Quantisation::Q4KM {
            return (self.default, self.at_most);
        }
        (Quantisation::Q4KM, true)
    }
}

/// A set of quantisations, and whether the words stand without one too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed(u32);

impl Listed {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Without a quantisation.
    pub const A: Self = Self(1 << 31);
    /// What the library of 2023 and 2024 has, as far as it is listed here.
    pub const K: Self = Self::NONE.or(Self::N).or(Self::F16);
    /// The same without `fp16`.
    pub const N: Self =
        Self::NONE.or(Self::Q4_0).or(Self::Q4_K_M).or(Self::Q5_K_M).or(Self::Q6_K).or(Self::Q8_0);
    /// What the library has of newer families.
    pub const S: Self = Self::NONE.or(Self::Q4_K_M).or(Self::Q8_0).or(Self::F16);
    /// One quantisation.
    pub const Q4_0: Self = Self::one(Quantisation::Q4_0);
    /// One quantisation.
    pub const Q4_1: Self = Self::one(Quantisation::Q4_1);
    /// One quantisation.
    pub const Q4_K_M: Self = Self::one(Quantisation::Q4KM);
    /// One quantisation.
    pub const Q5_K_M: Self = Self::one(Quantisation::Q5KM);
    /// One quantisation.
    pub const Q6_K: Self = Self::one(Quantisation::Q6K);
    /// One quantisation.
    pub const Q8_0: Self = Self::one(Quantisation::Q8_0);
    /// One quantisation.
    pub const F16: Self = Self::one(Quantisation::F16);
    /// One quantisation.
    pub const BF16: Self = Self::one(Quantisation::Bf16);

    const fn one(quantisation: Quantisation) -> Self {
        Self(1 << quantisation as u32)
    }

    /// Both.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether a quantisation (or none) is among them.
    pub fn has(self, quantisation: Option<Quantisation>) -> bool {
        self.0 & quantisation.map_or(Self::A, Self::one).0 != 0
    }

    /// Whether the library has the whole range of quantisations of these words, as it had until
    /// 2024.
    fn has_range(self) -> bool {
        self.has(Some(Quantisation::Q5KM))
    }
}

/// The quantisation at the end of a tag, and what stands before it.
pub fn split(tag: &str) -> (&str, Option<Quantisation>) {
    let (before, last) = tag.rsplit_once('-').unwrap_or(("", tag));
    Quantisation::of_tag(last).map_or((tag, None), |it| (before, Some(it)))
}

impl Family {
    /// A model by its tag.
    pub fn find(&self, tag: &str) -> Option<Known> {
        let tag = if tag == "latest" { self.latest } else { tag };
        if tag.is_empty() {
            return None;
        }
        let (words, quantisation) = split(tag);
        let fits = |tags: &&Tags| {
            tags.words_of(words)
                .and_then(|words| tags.listed(words))
                .is_some_and(|it| it.has(quantisation))
        };
        if let Some(tags) = self.tags.iter().find(fits) {
            return self.known(tags, tag, words, quantisation, true);
        }
        // Other words are other weights of the same shape; of several shapes, the largest.
        let quantisation = quantisation?;
        let of_size =
            self.tags.iter().filter(|it| !it.size.is_empty() && it.words_of(words).is_some());
        let known = of_size.filter_map(|it| {
            let listed = it
                .words_of(words)
                .and_then(|words| it.listed(words))
                .is_some_and(Listed::has_range);
            self.known(it, tag, words, Some(quantisation), listed)
        });
        known.max_by_key(|it| (it.listed, it.figures.blob))
    }

    fn known(
        &self,
        tags: &Tags,
        tag: &str,
        words: &str,
        quantisation: Option<Quantisation>,
        listed: bool,
    ) -> Option<Known> {
        let words = tags.words_of(words)?;
        let (default, at_most) = tags.default_of(words);
        let (size, blob) = if let Some(bytes) = published(self.name, tag) {
            (Size::Published, bytes)
        } else {
            // Beside a published one, a whole that was not counted says nothing of other
            // quantisations.
            let is_other =
                tags.shape.form == Form::Given && quantisation.is_some_and(|it| it != tags.default);
            let bytes = tags.shape.size(quantisation.unwrap_or(default)).filter(|_| !is_other)?;
            (
                if quantisation.is_none() && at_most { Size::AtMost } else { Size::Computed },
                tags.shape.with_margin(bytes),
            )
        };
        let base = words.split('-').any(|it| it == "text" || it == "base");
        let tools = match tags.tools.unwrap_or(self.tools) {
            Tools::Yes if base => None,
            Tools::Yes => Some(true),
            Tools::No => Some(false),
            Tools::Unseen => None,
        };
        Some(Known { figures: tags.shape.figures(blob, tools), size, listed })
    }

    /// Tags that one would offer somebody: each size, and each in `q4_K_M` too.
    pub fn offers(&self) -> impl Iterator<Item = String> {
        self.tags.iter().filter(|it| !it.size.is_empty()).flat_map(|tag| {
            let has = |words: &&&str, quantisation| {
                tag.listed(words).is_some_and(|it| it.has(quantisation))
            };
            let size = Some(tag.size.to_owned()).filter(|_| has(&&"", None));
            let q4 = Some(Quantisation::Q4KM);
            let words = ["instruct", "it", "chat", ""]
                .iter()
                .find(|words| tag.default != Quantisation::Q4KM && has(words, q4));
            let stem = |words: &&str| {
                if words.is_empty() { tag.size.to_owned() } else { format!("{}-{words}", tag.size) }
            };
            size.into_iter()
                .chain(words.map(|words| format!("{}-{}", stem(words), Quantisation::Q4KM.name())))
        })
    }

    /// Every tag that is known to exist, `latest` first.
    pub fn tags(&self) -> impl Iterator<Item = String> {
        // A `latest` that is no other tag stands among the words.
        let latest = Some("latest".to_owned())
            .filter(|_| !self.latest.is_empty() && self.latest != "latest");
        let all = self.tags.iter().flat_map(|it| it.words.iter().map(move |words| (it, *words)));
        latest.into_iter().chain(all.flat_map(|(it, (words, listed))| {
            let stem = [it.size, words]
                .into_iter()
                .filter(|it| !it.is_empty())
                .collect::<Vec<_>>()
                .join("-");
            let bare = listed.has(None).then(|| stem.clone());
            let quantised = Quantisation::ALL
                .iter()
                .filter(move |it| listed.has(Some(it.0)))
                .map(move |it| format!("{stem}-{}", it.1));
            bare.into_iter().chain(quantised)
        }))
    }
}

/// Bytes of a package that stands in a published list.
fn published(family: &str, tag: &str) -> Option<u64> {
    let order = |it: &(&str, u64)| {
        let (name, its) = it.0.split_once(':').unwrap_or((it.0, ""));
        (name, its).cmp(&(family, tag))
    };
    PUBLISHED.binary_search_by(order).ok().map(|at| PUBLISHED[at].1)
}

/// A table of families: `"name" Tools "latest" { "size" SHAPE Default Marks…: "words" Sets…, …; …
/// }`.
macro_rules! families {
    ($($name:literal $tools:ident $latest:literal {
        $($size:literal $shape:ident $default:ident $($mark:ident)*: $($words:literal $($listed:ident)+),+;)+
    })+) => {
        /// All of them, by name.
        pub static FAMILIES: &[$crate::facts::models::family::Family] = &[$(
            $crate::facts::models::family::Family {
                name: $name,
                tools: $crate::facts::models::family::Tools::$tools,
                latest: $latest,
                tags: &[$(
                    $crate::facts::models::family::Tags::new($size, &shapes::$shape, Quantisation::$default, &[$(
                        ($words, $crate::facts::models::family::Listed::NONE$(.or($crate::facts::models::family::Listed::$listed))+),
                    )+])$(.mark(&$crate::facts::models::family::Mark::$mark))*,
                )+],
            },
        )+];
    };
}
pub(super) use families;
