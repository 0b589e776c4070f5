//! What somebody wants a workspace to be: a body that was read, sealed and planned.

use std::time::{SystemTime, UNIX_EPOCH};

use espalier::{Findings, Tenant, Text};
use rand_core::OsRng;
use serde_json::Value;
use zeroize::Zeroizing;

use super::{
    call::Call,
    document,
    problem::{self, Problem},
    query::is_name,
    state::Shared,
};

/// What is wanted.
pub struct Wanted {
    /// The body, without a password.
    pub body: Value,
    /// What it becomes; none where the findings have an error.
    pub tenant: Option<Tenant>,
    /// What was found.
    pub findings: Findings,
    /// Whether a password was sealed into it: then it equals nothing that is there.
    pub is_sealed: bool,
}

/// A body, before a password in it is sealed.
pub struct Unsealed(Text);

impl Unsealed {
    /// Reads a body. Findings name the file that it would be.
    pub fn read(bytes: &Zeroizing<Vec<u8>>, name: Option<&str>) -> Self {
        let text = Text::read("spec/workspaces/workspace.yaml", bytes.to_vec());
        let named = name.or_else(|| text.value()["metadata"]["name"].as_str());
        match named.filter(|it| is_name(it)).map(|it| format!("spec/workspaces/{it}.yaml")) {
            Some(file) => Self(text.called(&file)),
            None => Self(text),
        }
    }

    /// The name that it gives itself.
    pub fn name(&self) -> Option<&str> {
        self.0.value()["metadata"]["name"].as_str().filter(|it| is_name(it))
    }

    /// Seals a password, and plans it. `current` is what is there.
    ///
    /// # Errors
    /// When it has a password and there is nothing to seal it with.
    pub fn planned(self, shared: &Shared, current: Option<&Value>) -> Result<Wanted, Problem> {
        has_no_loose_password(self.0.value())?;
        let is_sealed = has_password(self.0.value());
        let text = if is_sealed { sealed(self.0, shared, current)? } else { self.0 };
        let (tenant, findings) = shared.plan.tenant_in(&text);
        Ok(Wanted { body: text.value().clone(), tenant, findings, is_sealed })
    }
}

/// Refuses a password that nobody would seal; the compiler's own help would repeat it.
///
/// # Errors
/// When there is one.
pub fn has_no_loose_password(body: &Value) -> Result<(), Problem> {
    let (at, detail) = match body.pointer("/spec/administrator/password") {
        Some(Value::String(_)) => return Ok(()),
        Some(_) => ("/spec/administrator/password", "a password is a text: write it in quotes"),
        None if has_loose_password(body) => {
            ("/spec/administrator", "an administrator is a map of `email` and `password`")
        }
        None => return Ok(()),
    };
    Err(problem::INVALID.says(detail).at("invalid-value", Some(at.to_owned()), detail))
}

/// Whether there is a password in an administrator that is none.
fn has_loose_password(body: &Value) -> bool {
    fn is_within(value: &Value) -> bool {
        match value {
            Value::Object(map) => map.contains_key("password") || map.values().any(is_within),
            Value::Array(items) => items.iter().any(is_within),
            _ => false,
        }
    }
    body.pointer("/spec/administrator").is_some_and(|it| !it.is_object() && is_within(it))
}

/// Whether there is a password where one is sealed.
pub fn has_password(body: &Value) -> bool {
    body.pointer("/spec/administrator/password").is_some()
}

fn sealed(text: Text, shared: &Shared, current: Option<&Value>) -> Result<Text, Problem> {
    let refused = |detail: &str| {
        let pointer = Some("/spec/administrator/password".to_owned());
        Err(problem::NO_SEALING.says(detail).at("sealing-unavailable", pointer, detail))
    };
    let Some(sealer) = &shared.sealer else {
        return refused(
            "this platform has no sealed-secrets with a certificate: nothing opens a password",
        );
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |it| it.as_secs());
    if !sealer.is_valid_at(i64::try_from(now).unwrap_or(i64::MAX)) {
        return refused("the certificate of this platform is not valid today");
    }
    let old = current.and_then(|it| it.pointer("/spec/administrator/sealed/suffix")?.as_str());
    // What went wrong has no value in it, and nobody can do anything about it but try again.
    sealer.seal(text, old, &mut OsRng).map_err(|error| problem::FAILED.says(error.to_string()))
}

impl Wanted {
    /// What is wrong with it, if anything is.
    ///
    /// # Errors
    /// When it has errors, another name than the path's, or writes what is not the caller's.
    pub fn sound(&self, name: Option<&str>) -> Result<&Tenant, Problem> {
        let own = self.body["metadata"]["name"].as_str();
        let Some(tenant) = self.tenant.as_ref() else {
            let detail = "it has errors; nothing was written";
            return Err(problem::INVALID.says(detail).with_findings(&self.findings));
        };
        if name.is_some_and(|it| own != Some(it)) {
            let detail = "the name in the path and the one in the body differ";
            let at = Some("/metadata/name".to_owned());
            return Err(problem::INVALID.says(detail).at("name-differs", at, detail));
        }
        Ok(tenant)
    }
}

/// Whether a body writes labels, annotations or a namespace that are not the caller's to write.
///
/// # Errors
/// When it does: each of them.
pub fn is_own(body: &Value, namespace: &str) -> Result<(), Problem> {
    if body["metadata"]["namespace"].as_str().is_some_and(|it| it != namespace) {
        let detail = format!("workspaces of this API are in the namespace `{namespace}`");
        let at = Some("/metadata/namespace".to_owned());
        return Err(problem::INVALID.says(&*detail).at("namespace-differs", at, &detail));
    }
    let reserved = document::reserved(body);
    if reserved.is_empty() {
        return Ok(());
    }
    let says = "give it a prefix of your own, or none: this one belongs to Kubernetes, Argo CD or \
                Espalier";
    let problem = problem::METADATA.says(says);
    Err(reserved.into_iter().fold(problem, |all, at| all.at("metadata-reserved", Some(at), says)))
}

/// Whether no other resource makes a workspace of this name.
///
/// # Errors
/// When one does.
pub fn is_free(call: &Call, tenant: &Tenant) -> Result<(), Problem> {
    let size = tenant.size();
    if !call.shared.census().is_taken(size.namespace()) {
        return Ok(());
    }
    let detail = format!("another resource makes the workspace `{}` already", size.namespace());
    let at = Some("/spec/workspaceName".to_owned());
    Err(problem::EXISTS.says(&*detail).at("workspace-exists", at, &detail))
}

/// Whether a workspace has room, or may wait for it.
///
/// # Errors
/// When it has none: what is missing, and what would fit.
pub fn has_room(call: &Call, tenant: &Tenant) -> Result<(), Problem> {
    if call.may_wait || tenant.is_suspended() {
        return Ok(());
    }
    let Some(findings) = call.shared.census().lacks(&tenant.size()) else { return Ok(()) };
    Err(no_room(&findings))
}

/// The problem that there is no room, by the code of what is missing first.
fn no_room(findings: &Findings) -> Problem {
    let all = findings.list();
    let errors = || all.iter().filter(|it| it.severity == "error");
    let memory = errors().find(|it| it.code == problem::NO_ROOM.code);
    let first = memory.or_else(|| errors().next());
    let code = first.map_or(problem::NO_ROOM.code, |it| it.code).to_owned();
    problem::NO_ROOM
        .says("nothing was written; `?admission=wait` has it wait until there is room")
        .called(code)
        .with_findings(findings)
}
