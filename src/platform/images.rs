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

/// For a chart that knows its own tag, and has a value for the digest.
#[derive(Clone, Copy, Serialize)]
pub struct Quoted {
    digest: &'static str,
}

impl From<ChartImage> for Quoted {
    fn from(image: ChartImage) -> Self {
        Self { digest: image.digest }
    }
}

/// For a chart that knows its own tag, and takes a digest for it.
#[derive(Clone, Copy, Serialize)]
pub struct Digest {
    sha: &'static str,
}

impl From<ChartImage> for Digest {
    fn from(image: ChartImage) -> Self {
        Self { sha: image.digest }
    }
}

/// The same, without the name of the digest's algorithm.
#[derive(Clone, Copy, Serialize)]
pub struct Hash {
    sha: &'static str,
}

impl From<ChartImage> for Hash {
    fn from(image: ChartImage) -> Self {
        Self { sha: image.digest.strip_prefix("sha256:").unwrap_or(image.digest) }
    }
}

/// Argo CD's cache: the image that we run as well, as its chart brings it.
pub fn redis() -> Option<ChartImage> {
    REDIS.digest.map(|digest| ChartImage { tag: REDIS.tested, digest })
}
