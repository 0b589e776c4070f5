//! Credentials: secret values that components use, and who knows them.

use std::{collections::BTreeMap, sync::Arc};

use super::handle::AppId;

/// What a credential consists of: declared once, by the component that makes it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CredentialSpec {
    /// Its name: of the file in `spec/secrets/`, and the beginning of the Secret's.
    pub name: &'static str,
    /// The keys that must be sealed.
    pub keys: &'static [Key],
    /// What a new value does besides the restart of the pods that read it, in one sentence; empty:
    /// nothing.
    pub rotation: &'static str,
    /// How its Secret is found.
    pub lookup: SecretLookup,
}

/// How the reader of a Secret finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretLookup {
    /// By a reference of ours: its name ends in a suffix that is drawn at each sealing.
    ByReference,
    /// By a reference in an object that a controller reads, which looks again at a new name.
    ByController,
    /// It exists already under that name, with the controller's annotation `patch`: the keys are
    /// added to it.
    Patched,
}

/// A key of a credential.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The key in the Secret.
    pub name: &'static str,
    /// Where its value comes from.
    pub value: Value,
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Nobody needs to know it: it can be made, with so many letters and digits.
    Made(usize),
    /// Only a person knows it: what it is, in a few words.
    Known(&'static str),
    /// As [`Value::Known`], and no secret: it is shown while it is typed.
    Shown(&'static str),
    /// As [`Value::Shown`], and an e-mail address.
    Email(&'static str),
    /// As [`Value::Known`]: a private key in PEM form, which has several lines.
    Pem(&'static str),
    /// As [`Value::Known`]; what is sealed is its bcrypt hash, which is all that its reader wants.
    Hashed(&'static str),
}

impl Value {
    /// What only a person knows, in a few words; none where it can be made.
    pub const fn known(self) -> Option<&'static str> {
        match self {
            Self::Made(_) => None,
            Self::Known(what)
            | Self::Shown(what)
            | Self::Email(what)
            | Self::Pem(what)
            | Self::Hashed(what) => Some(what),
        }
    }
}

/// A secret value. It names a value, not a Secret: each namespace that uses it gets a sealed
/// copy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Credential {
    pub(in crate::builder) credentials: AppId,
    pub(in crate::builder) declared: &'static CredentialSpec,
    pub(in crate::builder) secret: Arc<str>,
}

impl Credential {
    /// The name of the file in `spec/secrets/`.
    pub fn name(&self) -> &'static str {
        self.declared.name
    }

    /// What it consists of.
    pub fn declared(&self) -> &'static CredentialSpec {
        self.declared
    }

    /// The name of the Secret and of the SealedSecret.
    pub fn secret(&self) -> &Arc<str> {
        &self.secret
    }

    /// The keys that must be sealed.
    pub fn keys(&self) -> Vec<&'static str> {
        self.declared.keys.iter().map(|it| it.name).collect()
    }
}

/// The right to declare credentials: some Application holds the sealed copies, after their
/// controller.
#[derive(Clone, Debug)]
pub struct CredentialStore {
    pub(in crate::builder) owner: AppId,
    /// Names of the Secrets whose values are sealed, by credential.
    pub(in crate::builder) secrets: BTreeMap<String, Arc<str>>,
}

impl CredentialStore {
    /// Declares a credential. The first key is the one that most clients read.
    pub fn credential(&self, declared: &'static CredentialSpec) -> Credential {
        let sealed =
            self.secrets.get(declared.name).filter(|_| declared.lookup != SecretLookup::Patched);
        Credential {
            credentials: self.owner,
            declared,
            secret: sealed.map_or_else(|| declared.name.into(), Arc::clone),
        }
    }
}

/// A Secret that was sealed for one namespace, beside what reads it: nobody needs another copy.
#[derive(Clone, Debug)]
pub struct OwnSecret {
    pub(in crate::builder) name: Arc<str>,
}
