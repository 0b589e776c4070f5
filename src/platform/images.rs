//! How a chart is told which image it runs, to the byte.

use serde::Serialize;

use crate::facts::versions::{ChartImage, REDIS};

/// For a chart with a value for the digest.
#[derive(Clone, Copy, Serialize)]
pub struct Pinned {
    digest: &'static str,
    tag: &'static str,
}

impl From<ChartImage> for Pinned {
    fn from(it: ChartImage) -> Self {
        Self { digest: it.digest, tag: it.tag }
    }
}

/// For a chart that writes its value for the tag behind the colon, and knows no digest: a tag may
/// have one behind it.
#[derive(Clone, Serialize)]
pub struct Tagged {
    tag: String,
}

impl From<ChartImage> for Tagged {
    fn from(it: ChartImage) -> Self {
        Self { tag: format!("{}@{}", it.tag, it.digest) }
    }
}

/// Argo CD's cache: the image that we run as well, as its chart brings it.
pub fn redis() -> Option<ChartImage> {
    REDIS.digest.map(|digest| ChartImage { tag: REDIS.tested, digest })
}
