//! Secrets that pods read: their names and keys are those of a credential, and sealed.

use serde_yaml::Value;

use super::{Tree, alertmanager, pods};
use crate::support::{at, items, labels};

/// A name, the keys that are sealed, and those that the controller composes.
type Credential = (&'static str, &'static [&'static str], &'static [&'static str]);

/// Every credential.
const CREDENTIALS: [Credential; 23] = [
    ("alertmanager-dead-mans-switch", &["url"], &[]),
    ("alertmanager-email", &["password"], &[]),
    ("alertmanager-ntfy", &["token", "topic"], &["url"]),
    // A server that takes messages from everybody who knows the topic.
    ("alertmanager-ntfy", &["topic"], &["url"]),
    ("alertmanager-slack", &["url"], &[]),
    ("alertmanager-webhook", &["token"], &[]),
    ("argocd-secret", &["admin.password"], &[]),
    ("backup-encryption", &["key"], &[]),
    ("backup-s3", &["access-key-id", "secret-access-key"], &[]),
    ("certificate-authority", &["tls.key"], &["tls.crt"]),
    ("dns-cloudflare", &["api-token"], &[]),
    ("dns-digitalocean", &["access-token"], &[]),
    ("dns-rfc2136", &["tsig-secret"], &[]),
    ("dns-route53", &["access-key-id", "secret-access-key"], &[]),
    ("grafana-admin", &["password"], &[]),
    ("redis", &["password"], &["url"]),
    ("openwebui-admin", &["email", "password"], &[]),
    ("openwebui-secret-key", &["key"], &[]),
    ("postgresql", &["password"], &["url"]),
    ("postgresql-backup", &["password"], &[]),
    ("postgresql-exporter", &["password"], &[]),
    ("postgresql-external", &["password"], &["url"]),
    ("postgresql-workspaces", &["password"], &[]),
];

/// The credential to which a Secret's name belongs: its own name, or with a suffix that was drawn
/// when it was sealed. Of one that has several forms, the fullest.
pub fn credential(secret: &str) -> Option<&'static Credential> {
    forms(secret).next()
}

/// Each form that a credential may have.
fn forms(secret: &str) -> impl Iterator<Item = &'static Credential> {
    let is_drawn = |text: &str| {
        text.len() == 5 && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    CREDENTIALS.iter().filter(move |credential| {
        secret
            .strip_prefix(credential.0)
            .is_some_and(|end| end.is_empty() || end.strip_prefix('-').is_some_and(is_drawn))
    })
}

/// The keys of a Secret, if it is that of a workspace's administrator or of its database: sealed
/// ones, and one that is composed.
fn of_workspace(secret: &str) -> Option<(&'static [&'static str], &'static [&'static str])> {
    const FORMS: [(&str, &[&str], &[&str]); 2] =
        [("-sign-in", &["key", "password"], &[]), ("-database", &["password"], &["url"])];
    FORMS.into_iter().find(|it| secret.contains(it.0)).map(|it| (it.1, it.2))
}

pub fn secret_keys(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for (object, container) in pods::containers(tree) {
        for variable in items(at(container, "env")) {
            let reference = at(variable, "valueFrom/secretKeyRef");
            let text = |key| at(reference, key).as_str().unwrap_or_default();
            if reference.is_null() {
                continue;
            }
            let known = credential(text("name"));
            let is_own = of_workspace(text("name"))
                .is_some_and(|it| [it.0, it.1].concat().contains(&text("key")));
            if !is_own
                && !known
                    .is_some_and(|it| it.1.contains(&text("key")) || it.2.contains(&text("key")))
            {
                found.push(format!("{}: {reference:?}", object.path));
            }
            if tree.of_kind("SealedSecret").any(|it| it.namespace() == object.namespace()) {
                let sealed = tree.find("SealedSecret", object.namespace(), text("name"));
                let has =
                    |path: &str| sealed.is_some_and(|it| !at(it.at(path), text("key")).is_null());
                if !has("spec/encryptedData") && !has("spec/template/data") {
                    found.push(format!("{}: {reference:?} is not sealed", object.path));
                }
            }
        }
        let is_loose = |object: &Value| {
            !at(object, "secretRef").is_null() || !at(object, "configMapRef").is_null()
        };
        if items(at(container, "envFrom")).any(is_loose) {
            found.push(format!("{}: a whole Secret as environment", object.path));
        }
    }
    found.extend(alertmanager::mounted(tree));
    for object in tree.of_kind("SealedSecret") {
        let (name, namespace) = (
            object.text("spec/template/metadata/name"),
            object.at("spec/template/metadata/namespace").as_str(),
        );
        if name != object.name() || namespace != object.namespace() {
            found.push(format!("{}: the template is {name} in {namespace:?}", object.path));
        }
        let keys: Vec<String> = labels(object.at("spec/encryptedData")).into_keys().collect();
        // The key that signs sessions may be absent: it is on the volume then.
        if of_workspace(object.name())
            .is_some_and(|it| keys == it.0 || it.0.len() > 1 && keys == it.0[1..])
        {
            continue;
        }
        if forms(object.name()).all(|it| it.1 != keys) {
            found.push(format!("{}: sealed are {keys:?}", object.path));
        }
    }
    found
}
