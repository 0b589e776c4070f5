//! The chart values that pin an image to its digest.

use serde::Serialize;

use crate::facts::versions::{ChartImage, REDIS};

/// For a chart with a value for the digest.
#[derive(Clone, Copy, Serialize)]
pub struct Pinned {
    digest: &'static str,
    tag: &'static str,
}

impl From<ChartImage> for Pinned {
    fn from(image: ChartImage) -> Self {
        Self { digest: image.digest, tag: image.tag }
    }
}

/// For a chart that writes its value for the tag behind the colon, and knows no digest: a tag may
/// have one behind it.
#[derive(Clone, Serialize)]
pub struct Tagged {
    tag: String,
}

impl From<ChartImage> for Tagged {
    fn from(image: ChartImage) -> Self {
        Self { tag: format!("{}@{}", image.tag, image.digest) }
    }
}

/// Argo CD's cache: the image that we run as well, as its chart brings it.
pub fn redis() -> Option<ChartImage> {
    REDIS.digest.map(|digest| ChartImage { tag: REDIS.tested, digest })
}
