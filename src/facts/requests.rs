//! Memory requests, limits and CPU requests of the tested set.
//!
//! "measured": real processes (Open `WebUI` 0.12.4 slim with one worker: 333–353 MiB resident with 20 chats; PostgreSQL with
//! 64 MB of shared buffers: 17–42 idle, at most 109 under Open `WebUI`, 257–327 with 20 sorting clients). "budget": a judgement.

use crate::units::{Bytes, Millicores};

/// What a container is promised (requests), and where it is stopped (memory limit; CPU has none).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allotment {
    /// Memory request.
    pub request: Bytes,
    /// Memory limit.
    pub limit: Bytes,
    /// CPU request.
    pub cpu: Millicores,
}

const fn of(request: u64, limit: u64, cpu: u64) -> Allotment {
    Allotment { request: Bytes::mib(request), limit: Bytes::mib(limit), cpu: Millicores::new(cpu) }
}

/// cert-manager's controller (budget).
pub const CERT_MANAGER_CONTROLLER: Allotment = of(48, 128, 10);
/// cert-manager's webhook (budget).
pub const CERT_MANAGER_WEBHOOK: Allotment = of(24, 96, 10);
/// cert-manager's cainjector (budget).
pub const CERT_MANAGER_CAINJECTOR: Allotment = of(48, 160, 10);
/// One HTTP-01 solver pod, while a certificate is being issued (set by the issuer's pod template).
pub const ACME_SOLVER: Allotment = of(16, 64, 10);
/// The sealed-secrets controller (budget).
pub const SEALED_SECRETS: Allotment = of(24, 64, 10);
/// Traefik, by a `HelmChartConfig` (budget).
pub const TRAEFIK: Allotment = of(64, 192, 50);
/// Open `WebUI`, slim image, one worker (measured; it takes 5–10 CPU seconds to start).
pub const OPEN_WEBUI: Allotment = of(384, 768, 100);
/// PostgreSQL (measured).
pub const POSTGRESQL: Allotment = of(192, 512, 50);
/// CPU that one Ollama pod is promised (measured; its memory is computed: [`super::ollama`]).
pub const OLLAMA_CPU: Millicores = Millicores::new(500);
/// Redis for Open `WebUI`'s sessions (budget: ArgoCD's own Redis, 24/96 for a cache of 15 applications, and a third more).
pub const REDIS: Allotment = of(32, 128, 10);
