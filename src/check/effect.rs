//! `setting-without-effect`, `settings-not-shared`: a field that is written and that nothing reads,
//! and settings of the interface that reach one pod only.
//!
//! What a component that is off, or replaced by a server outside, makes idle follows from its
//! section of the spec: every field that is written there, whatever it is called. The other
//! functions know of one field each.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    rule::rules,
    view::{SpecView, TenantView, field},
};
use crate::{
    components::{ollama::Ollama, open_webui::documents::Documents},
    diag::{
        diagnostic::{Diagnostics, Place},
        path::FieldPath,
    },
    facts::charts::cert_manager::ISSUER_ANNOTATION,
    platform::repository::Proof,
};

rules! {
    /// A setting has no effect.
    warning SETTING_WITHOUT_EFFECT = "setting-without-effect":
    Spec(sections), Spec(chat), Spec(documents), Spec(database), Spec(gpus), Spec(shared),
    Spec(models), Spec(annotations), Spec(proof), Spec(acme), Spec(operator), Spec(api),
    Tenant(models_of_tenant);

    /// What an administrator changes in the interface reaches one of several pods.
    warning SETTINGS_NOT_SHARED = "settings-not-shared":
    Spec(replicas);
}

/// The switch of a section, which always has an effect.
const SWITCH: &str = "enabled";

/// Every field of a component that does not run here.
pub fn sections(view: &SpecView<'_>, found: &mut Diagnostics) {
    let components = &view.platform.spec.components;
    let sections = components.sections();
    let running = sections.iter().filter(|it| it.is_enabled());
    // One that another needs is an error (`component-needed`), and will run.
    let needed: BTreeSet<&str> = running.flat_map(|it| it.needs()).map(|it| it.key).collect();
    for section in sections {
        let key = section.key();
        let (kept, why) = if !section.is_enabled() {
            if needed.contains(key) {
                continue;
            }
            (None, format!("`{key}` is disabled"))
        } else if let Some(server) = section.outside() {
            (Some(server), format!("`{server}` names a server outside the cluster"))
        } else {
            continue;
        };
        let is_idle = |name: &&str| *name != SWITCH && Some(*name) != kept;
        let written = view.platform.written.below(&field(&["components", key]));
        let idle: Vec<&str> = written.filter(is_idle).collect();
        let Some((first, others)) = idle.split_first() else { continue };
        let (names, verb, them) = if others.is_empty() {
            (format!("`{first}`"), "has", "it")
        } else {
            (idle.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", "), "have", "them")
        };
        let place = |name: &str| view.component_key(&[key, name]);
        let finding =
            SETTING_WITHOUT_EFFECT.at(place(first), format!("{names} {verb} no effect: {why}"));
        let finding = others.iter().fold(finding, |all, name| all.related(place(name), "nor this"));
        found.push(finding.help(match kept {
            None => format!("remove {them}, or write `enabled: true`"),
            Some(server) => format!("remove {them}, or `{server}`"),
        }));
    }
}

/// Fields for the chat alone, without a chat.
pub fn chat(view: &SpecView<'_>, found: &mut Diagnostics) {
    let components = &view.platform.spec.components;
    if !components.open_webui.enabled && components.redis.enabled {
        found.push(
            SETTING_WITHOUT_EFFECT
                .at(
                    view.component(&["redis", SWITCH]),
                    "`redis` runs for nobody: only Open WebUI uses it, which is disabled",
                )
                .related(view.component(&["openWebui", SWITCH]), "disabled")
                .help("remove `redis`"),
        );
    }
}

/// Settings of a reader of documents that does not run.
pub fn documents(view: &SpecView<'_>, found: &mut Diagnostics) {
    let chat = &view.platform.spec.components.open_webui;
    let is_written = view.platform.written.has(&field(&["components", "openWebui", "tika"]));
    if chat.enabled && chat.documents != Documents::Tika && is_written {
        found.push(
            SETTING_WITHOUT_EFFECT
                .at(
                    view.component_key(&["openWebui", "tika"]),
                    "`tika` has no effect: without `documents: tika` it does not run",
                )
                .help("remove `tika`, or write `documents: tika`"),
        );
    }
}

/// Fields about the database that depend on whose it is.
pub fn database(view: &SpecView<'_>, found: &mut Diagnostics) {
    let components = &view.platform.spec.components;
    let (chat, postgresql) = (&components.open_webui, &components.postgresql);
    // Several pods without PostgreSQL are an error.
    let is_file = chat.enabled && chat.replicas == 1 && !postgresql.enabled;
    if is_file && chat.connection_pool.is_some() {
        found.push(
            SETTING_WITHOUT_EFFECT
                .at(
                    view.component_key(&["openWebui", "connectionPool"]),
                    "`connectionPool` has no effect: PostgreSQL is disabled, and Open WebUI keeps \
                     its data in a file",
                )
                .related(view.component(&["postgresql", SWITCH]), "disabled")
                .help("remove `connectionPool`"),
        );
    }
    let Some(backup) = components.backup.as_ref().filter(|it| it.enabled) else { return };
    let is_elsewhere = postgresql.enabled && postgresql.external.is_some();
    let path = field(&["components", "backup", "storage"]);
    if backup.s3.is_some() && !is_elsewhere && view.platform.written.has(&path) {
        found.push(
            SETTING_WITHOUT_EFFECT
                .at(
                    view.component_key(&["backup", "storage"]),
                    "`storage` has no effect: backups are stored in S3, and a dump has the size of \
                     our own database",
                )
                .related(view.component(&["backup", "s3"]), "no volume for backups")
                .help("remove `storage`"),
        );
    }
}

/// GPUs that no pod asks for.
pub fn gpus(view: &SpecView<'_>, found: &mut Diagnostics) {
    let ollama = &view.platform.spec.components.ollama;
    if ollama.enabled && ollama.gpu.is_some() {
        return;
    }
    for (path, node) in view.machines().filter(|it| it.1.gpus > 0) {
        let finding = SETTING_WITHOUT_EFFECT.at(
            view.at(path.key("gpus")),
            "`gpus` has no effect: no pod asks for a GPU, and models run on the CPU",
        );
        found.push(if ollama.enabled {
            finding.help(format!(
                "remove `gpus`, or give Ollama {}: `gpu: {{memory: 24Gi}}` in `components.ollama`, \
                 with the memory that it has",
                if node.gpus == 1 { "the GPU" } else { "the GPUs" }
            ))
        } else {
            finding.help("remove `gpus`: Ollama, which would use them, is disabled")
        });
    }
}

/// A class of volumes that several nodes mount, and nothing that several nodes would mount.
pub fn shared(view: &SpecView<'_>, found: &mut Diagnostics) {
    let spec = &view.platform.spec;
    let (chat, postgresql) = (&spec.components.open_webui, &spec.components.postgresql);
    if spec.storage.shared.is_none() {
        return;
    }
    let why = if !chat.enabled {
        "only Open WebUI has such a volume, and it is disabled"
    } else if !postgresql.enabled {
        "without PostgreSQL, the volume of Open WebUI holds a SQLite file, which no network may \
         hold"
    } else if chat.replicas == 1 && !spec.all_nodes().are_several() {
        "there is one node with one pod of Open WebUI, whose volume nobody shares"
    } else {
        return;
    };
    found.push(
        SETTING_WITHOUT_EFFECT
            .at(view.value(&["storage", "shared"]), format!("`shared` serves nothing: {why}"))
            .help("remove `shared`"),
    );
}

/// Models that make embeddings, which nothing asks for.
pub fn models(view: &SpecView<'_>, found: &mut Diagnostics) {
    let components = &view.platform.spec.components;
    let ollama = &components.ollama;
    // Without a chat, who asks is not known here.
    if ollama.enabled && components.open_webui.enabled {
        embedding(ollama, view.file, &field(&["components", "ollama", "models"]), found);
    }
}

/// The same in a workspace.
pub fn models_of_tenant(view: &TenantView<'_>, found: &mut Diagnostics) {
    if view.workspace.has_ollama() {
        embedding(&view.workspace.ollama(), view.file, &field(&["models"]), found);
    }
}

/// Where all of them make embeddings, another rule has said so (`only-embedding-models`).
fn embedding(ollama: &Ollama, file: &Arc<str>, at: &FieldPath, found: &mut Diagnostics) {
    let is_embedder = |model: &_| ollama.figures(model).is_some_and(|it| it.embedding_model);
    if ollama.models.iter().all(is_embedder) {
        return;
    }
    for (index, name) in ollama.models.iter().enumerate().filter(|it| is_embedder(it.1)) {
        let place = Place::Value { file: file.clone(), path: at.index(index) };
        found.push(
            SETTING_WITHOUT_EFFECT
                .at(
                    place,
                    format!(
                        "`{name}` serves nothing: it makes embeddings, and Open WebUI retrieves \
                         with none"
                    ),
                )
                .help("remove it: it takes memory and disk")
                .note("documents that are uploaded go into the context whole"),
        );
    }
}

/// Files about how the Git server proves that it is itself, where it does it otherwise.
pub fn proof(view: &SpecView<'_>, found: &mut Diagnostics) {
    let repository = &view.platform.spec.repository;
    let all = [
        ("hostKeys", repository.host_keys.is_some(), Proof::HostKey, "it is for URLs of SSH"),
        ("ca", repository.ca.is_some(), Proof::Certificate, "it is for URLs with `https://`"),
    ];
    for (key, is_written, proof, why) in all {
        if is_written && repository.proof() != proof {
            found.push(
                SETTING_WITHOUT_EFFECT
                    .at(view.value(&["repository", key]), format!("`{key}` has no effect: {why}"))
                    .related(view.value(&["repository", "url"]), "the URL")
                    .help(format!("remove `{key}`, or write another URL")),
            );
        }
    }
}

/// What only an ACME server asks for, where none is asked.
pub fn acme(view: &SpecView<'_>, found: &mut Diagnostics) {
    let certificates = &view.platform.spec.certificates;
    if certificates.issuer.directory().is_some() {
        return;
    }
    let all = [
        ("email", certificates.email.is_some(), "there is no account"),
        ("dns01", certificates.dns01.is_some(), "nobody asks whether a host is yours"),
    ];
    for (key, _, why) in all.into_iter().filter(|it| it.1) {
        let place = view.at(field(&["certificates"]).key(key));
        found.push(
            SETTING_WITHOUT_EFFECT
                .at(place, format!("`{key}` has no effect: no ACME server is asked, so {why}"))
                .related(view.value(&["certificates", "issuer"]), "the issuer")
                .help(format!("remove `{key}`")),
        );
    }
}

/// Settings of an operator that does not run.
pub fn operator(view: &SpecView<'_>, found: &mut Diagnostics) {
    if view.platform.spec.workspaces.has_operator() {
        return;
    }
    for key in ["operator", "rollout"] {
        if !view.platform.written.has(&field(&["workspaces", key])) {
            continue;
        }
        let message =
            format!("`{key}` has no effect: `espalier render` makes the objects of workspaces");
        let help = format!("remove `{key}`, or write `expandedBy: operator` beside it");
        let place = view.value(&["workspaces", key]);
        found.push(SETTING_WITHOUT_EFFECT.at(place, message).help(help));
    }
}

/// Settings of an API of workspaces that does not run.
pub fn api(view: &SpecView<'_>, found: &mut Diagnostics) {
    if view.platform.spec.workspaces.api.enabled {
        return;
    }
    let written = view.platform.written.below(&field(&["workspaces", "api"]));
    for key in written.filter(|it| *it != SWITCH) {
        let message = format!("`{key}` has no effect: the API of workspaces is off");
        let place = view.value(&["workspaces", "api", key]);
        let help = format!("remove `{key}`, or write `enabled: true` beside it");
        found.push(SETTING_WITHOUT_EFFECT.at(place, message).help(help));
    }
}

/// Annotations that the platform writes itself on every Ingress.
pub fn annotations(view: &SpecView<'_>, found: &mut Diagnostics) {
    let Some(ingress) = &view.platform.spec.ingress else { return };
    if ingress.annotations.keys().any(|it| it.as_str() == ISSUER_ANNOTATION) {
        let place = view.value(&["ingress", "annotations", ISSUER_ANNOTATION]);
        let message = format!(
            "`{ISSUER_ANNOTATION}` has no effect: every Ingress names the platform's issuer"
        );
        let finding = SETTING_WITHOUT_EFFECT.at(place, message);
        found.push(finding.help("remove it; `certificates` says who issues"));
    }
}

/// Open WebUI keeps what is changed in its interface in the memory of one process.
pub fn replicas(view: &SpecView<'_>, found: &mut Diagnostics) {
    let components = &view.platform.spec.components;
    let chat = &components.open_webui;
    // Without the other two, several pods are an error.
    let is_shared = components.redis.enabled && components.postgresql.enabled;
    if !chat.enabled || chat.replicas < 2 || !is_shared {
        return;
    }
    let message = format!(
        "what an administrator changes in Open WebUI's settings reaches one of its {} pods only, \
         until that pod restarts",
        chat.replicas
    );
    found.push(
        SETTINGS_NOT_SHARED
            .at(view.component(&["openWebui", "replicas"]), message)
            .help("tell the administrators, or use `replicas: 1`, where a change reaches everybody")
            .note(
                "accounts, chats, prompts and groups are in the database and last; the settings of \
                 the admin panel are not, because Git configures the platform",
            ),
    );
}
