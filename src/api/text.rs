//! A resource as somebody wrote it: read once, and with the place of each of its values.

use serde_json::Value;
#[cfg(feature = "seal")]
use zeroize::Zeroize as _;

use super::{Findings, Plan, Tenant};
use crate::{
    load::schema,
    yaml::{emit, source::Source},
};

/// A text that was read as YAML, of which JSON is a part.
pub struct Text(pub(super) Source);

impl Text {
    /// Reads a text; `file` is what findings call it. What is wrong with it is told with what is
    /// wrong with the tenant.
    pub fn read(file: &str, bytes: Vec<u8>) -> Self {
        Self(Source::from_bytes(file, bytes))
    }

    /// The same, called by another name.
    #[must_use]
    pub fn called(mut self, file: &str) -> Self {
        if *self.0.file != *file {
            #[cfg(feature = "seal")]
            wipe(&mut self.0.value);
            self.0 = Source::parse(file, std::mem::take(&mut self.0.text));
        }
        self
    }

    /// Whether nothing is wrong with it as YAML.
    pub fn is_sound(&self) -> bool {
        self.0.is_sound()
    }

    /// Its value. What could not be read is null or left out.
    pub fn value(&self) -> &Value {
        &self.0.value
    }
}

impl Plan {
    /// Reads a tenant from the text of its resource, and plans it, as [`Plan::tenant_of`] does with
    /// a value: the same findings, and where each is in the text.
    pub fn tenant_in(&self, text: &Text) -> (Option<Tenant>, Findings) {
        let (tenant, found) = self.planned(text.0.clone());
        super::refused(tenant, found, &text.0.file)
    }
}

/// Where an administrator stands.
#[cfg(feature = "seal")]
pub(super) const ADMINISTRATOR: &str = "/spec/administrator";

/// Where the password of an administrator stands who is not sealed yet.
#[cfg(feature = "seal")]
pub(super) const PASSWORD: &str = "/spec/administrator/password";

/// A text with a password is wiped when it is no longer needed.
#[cfg(feature = "seal")]
impl Drop for Text {
    fn drop(&mut self) {
        if wipe(&mut self.0.value) {
            self.0.text.zeroize();
        }
    }
}

/// Wipes the password out of a value; whether there was one.
#[cfg(feature = "seal")]
fn wipe(value: &mut Value) -> bool {
    match value.pointer_mut(PASSWORD) {
        Some(Value::String(password)) => {
            password.zeroize();
            true
        }
        _ => false,
    }
}

/// A value as YAML, in the form of the files of `spec/`.
pub fn yaml(value: &Value) -> String {
    emit::text(value)
}

/// The JSON Schema of a workspace's resource, in the dialect of 2020-12.
pub fn workspace_schema() -> &'static str {
    let (_, text) = schema::files().last().expect("the schema of workspaces is the last one");
    text
}
