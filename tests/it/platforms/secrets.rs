//! Sealed values of random platforms.

use super::{
    parts::{map, some},
    text,
};

/// A sealed value of every credential: of the right form (a session key of 512 bytes and a tag),
/// though no controller could open it.
pub fn secrets() -> impl Iterator<Item = (String, String)> {
    let all: [(&'static str, &[&'static str]); 20] = [
        ("alertmanager-dead-mans-switch", &["url"]),
        ("alertmanager-email", &["password"]),
        ("alertmanager-ntfy", &["token", "topic"]),
        ("alertmanager-slack", &["url"]),
        ("alertmanager-webhook", &["token"]),
        ("backup-encryption", &["key"]),
        ("backup-s3", &["access-key-id", "secret-access-key"]),
        ("dns-cloudflare", &["api-token"]),
        ("dns-digitalocean", &["access-token"]),
        ("dns-rfc2136", &["tsig-secret"]),
        ("dns-route53", &["access-key-id", "secret-access-key"]),
        ("grafana-admin", &["password"]),
        ("openwebui-admin", &["email", "password"]),
        ("openwebui-secret-key", &["key"]),
        ("postgresql", &["password"]),
        ("postgresql-backup", &["password"]),
        ("postgresql-exporter", &["password"]),
        ("postgresql-external", &["password"]),
        ("postgresql-workspaces", &["password"]),
        ("redis", &["password"]),
    ];
    all.into_iter().map(|(name, keys)| {
        let is_of_monitoring = ["alertmanager", "grafana"].iter().any(|it| name.starts_with(it));
        let namespace = if is_of_monitoring { "monitoring" } else { "ai" };
        let values = map(keys.iter().map(|key| (*key, some(format!("Ag{}=", "A".repeat(705))))));
        let file = map([
            ("apiVersion", some("espalier.dev/v1alpha1")),
            ("kind", some("SealedCredential")),
            ("metadata", Some(map([("name", some(name))]))),
            (
                "spec",
                Some(map([
                    ("suffix", some("x7k2m")),
                    ("sealed", Some(map([(namespace, Some(values))]))),
                ])),
            ),
        ]);
        (format!("spec/secrets/{name}.yaml"), text(&file))
    })
}
