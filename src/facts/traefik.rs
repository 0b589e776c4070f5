//! The ingress controller that k3s packages, in `kube-system`: chart 40.3.0 of its publisher, which
//! agrees with 39.0.7 in all of this.

/// Its `IngressClass`.
pub const CLASS: &str = "traefik";
/// What selects its pods.
pub const LABELS: [(&str, &str); 1] = [("app.kubernetes.io/name", "traefik")];
/// The port of the entry point of plain HTTP, in its pod.
pub const HTTP: u16 = 8000;
/// The port of the entry point of TLS, in its pod.
pub const HTTPS: u16 = 8443;
/// The port of the entry point of metrics, in its pod; k3s' older annotation says 8082.
pub const METRICS: u16 = 9100;
/// The Service before its metrics, once there is one.
pub const METRICS_SERVICE: &str = "traefik-metrics";
/// The entry point of plain HTTP, by name.
pub const WEB: &str = "web";
/// The entry point of TLS, by name.
pub const WEBSECURE: &str = "websecure";
/// Annotation of an Ingress: the entry points that it answers on. On that of plain HTTP the
/// redirect answers.
pub const ENTRY_POINTS_ANNOTATION: &str = "traefik.ingress.kubernetes.io/router.entrypoints";
/// Annotation of an Ingress: what is done with its requests, as `namespace-name@kubernetescrd`,
/// with a comma between two.
pub const MIDDLEWARES_ANNOTATION: &str = "traefik.ingress.kubernetes.io/router.middlewares";
/// The name of the store whose certificates are for every route that names none.
pub const DEFAULT_TLS_STORE: &str = "default";
/// The name of the TLS options that hold for every route that names none.
pub const DEFAULT_TLS_OPTION: &str = "default";
/// More than the priority of any Ingress, which is the length of its rule: a host has at most 253
/// characters.
pub const ABOVE_INGRESSES: u32 = 1000;
/// The node itself, and networks that no router of the internet leads to (RFC 1918, RFC 4193).
pub const PRIVATE: [&str; 6] =
    ["127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];
