//! Sealing one credential: which values it needs, the ciphertext, and the file that contains it.
//!
//! Pure: what is on the disk is asked by the caller, and the random source is passed in.

pub mod workspace;

use std::{collections::BTreeSet, error::Error, fmt, sync::Arc};

use rsa::rand_core::CryptoRngCore;

use crate::{
    builder::credential::{CredentialSpec, Key, SecretLookup, Value},
    components::secrets::COPIES_APPLICATION,
    names::{DnsLabel, Fingerprint},
    plan::{Plan, applications::folder},
    platform::{
        files::SECRETS,
        sealed::{
            ApiVersion, EVERYWHERE, Keys, PreviousValues, SealedCredential, SealedCredentialKind,
            SealedCredentialMetadata, SealedScope, SealedValues, secret_name,
        },
    },
    seal::{
        certificate::Certificate,
        hash::{self, HashError},
        random,
        value::{self, SealError, SealingScope},
    },
    units::error::ValueError,
    yaml::emit,
};

/// A credential that the platform needs, and the namespaces that need it.
pub struct NeededCredential {
    /// The specification of the credential.
    pub declared: &'static CredentialSpec,
    /// The namespaces that need a copy.
    pub namespaces: BTreeSet<Arc<str>>,
    /// The Applications that read it.
    pub used_by: BTreeSet<Arc<str>>,
}

/// All credentials that the platform needs, sorted by name.
pub fn needs(plan: &Plan) -> Vec<NeededCredential> {
    let mut all: Vec<NeededCredential> = Vec::new();
    for required in plan.secrets() {
        let declared = required.credential.declared();
        if all.last().is_none_or(|it| it.declared != declared) {
            all.push(NeededCredential {
                declared,
                namespaces: BTreeSet::new(),
                used_by: BTreeSet::new(),
            });
        }
        if let Some(need) = all.last_mut() {
            need.namespaces.insert(required.namespace.clone());
            need.used_by.extend(required.used_by.iter().cloned());
        }
    }
    all
}

/// The files of a credential's current Secret, one of which a rendered tree contains.
fn copies(need: &NeededCredential, old: &SealedValues) -> impl Iterator<Item = String> {
    let secret = secret_name(need.declared.name, old.suffix.as_ref());
    let folder = folder(COPIES_APPLICATION.application);
    need.namespaces.iter().map(move |it| format!("{folder}/{it}/sealedsecret-{secret}.yaml"))
}

/// The value of a key.
pub struct Plain<'a> {
    /// The key.
    pub key: &'static Key,
    /// The value.
    pub bytes: &'a [u8],
    /// Whether it is already in the form that is sealed, such as a hash.
    pub is_as_sealed: bool,
}

/// The sealing of one credential, before its values are known.
pub struct Sealing<'a> {
    /// The credential.
    pub need: &'a NeededCredential,
    /// The keys whose values are needed; empty if everything is sealed.
    pub keys: Vec<&'static Key>,
    scope: SealedScope,
    old: Option<&'a SealedValues>,
    /// Whether the sealed values stay, and the keys are added to them.
    adds: bool,
    /// Whether the tree contains the Secret that is replaced. If not, the cluster still runs with
    /// the one before it, which is then kept for a rollback.
    is_rendered: bool,
}

impl<'a> Sealing<'a> {
    /// Determines what has to be sealed of a credential.
    ///
    /// Keys that no copy has are added to the Secret under its current name. In all other cases
    /// every value is needed again: ciphertext is bound to its namespace and its Secret's name.
    /// `is_there` says whether the tree has a file at a path from the root of the repository.
    pub fn of(
        need: &'a NeededCredential,
        plan: &'a Plan,
        is_there: impl Fn(&str) -> bool,
        rotate: bool,
        scope: Option<SealedScope>,
    ) -> Self {
        let platform = plan.platform();
        let old = platform.sealed.file(need.declared.name);
        let scope_now = scope.or(old.map(|it| it.scope)).unwrap_or_default();
        let all: Vec<&'static Key> = need.declared.keys.iter().collect();
        let is_rendered = old.is_some_and(|old| copies(need, old).any(|it| is_there(&it)));
        let sealing = |keys, adds| Self { need, keys, scope: scope_now, old, adds, is_rendered };
        let whole = |keys| sealing(keys, false);
        let Some(file) = old.filter(|_| !rotate) else { return whole(all) };
        let is_current = file
            .certificate
            .as_ref()
            .zip(platform.sealing.as_ref())
            .is_none_or(|(its, now)| *its == now.fingerprint);
        let has = |namespace: &Arc<str>, key: &Key| {
            platform
                .sealed
                .keys(need.declared.name, namespace)
                .is_some_and(|it| it.contains_key(key.name))
        };
        let lacks_everywhere = |key: &Key| need.namespaces.iter().all(|it| !has(it, key));
        let missing: Vec<&'static Key> = all
            .iter()
            .copied()
            .filter(|key| need.namespaces.iter().any(|it| !has(it, key)))
            .collect();
        if missing.is_empty() {
            return sealing(missing, true);
        }
        let can_add =
            is_current && scope_now == file.scope && missing.iter().all(|it| lacks_everywhere(it));
        if can_add { sealing(missing, true) } else { whole(all) }
    }

    /// Whether sealed values are replaced.
    pub fn replaces(&self) -> bool {
        self.old.is_some() && !self.adds
    }

    /// Seals the values for every namespace that needs them.
    ///
    /// # Errors
    /// When a value cannot be hashed or encrypted.
    pub fn seal(
        &self,
        certificate: &Certificate,
        values: &[Plain<'_>],
        random: &mut impl CryptoRngCore,
    ) -> Result<Sealed, SealingError> {
        let name = self.need.declared.name;
        let suffix = match self.old.filter(|_| self.adds) {
            Some(old) => old.suffix.clone(),
            None if self.need.declared.lookup != SecretLookup::Patched => Some(self.draw(random)?),
            None => None,
        };
        let secret = secret_name(name, suffix.as_ref());
        let mut sealed =
            self.old.filter(|_| self.adds).map(|it| it.sealed.clone()).unwrap_or_default();
        let everywhere = [Arc::from(EVERYWHERE)].into();
        let namespaces = if self.scope == SealedScope::ClusterWide {
            &everywhere
        } else {
            &self.need.namespaces
        };
        for namespace in namespaces {
            let scope = scope(self.scope, namespace, &secret);
            let at = namespace.parse().map_err(SealingError::Name)?;
            let keys: &mut Keys = sealed.entry(at).or_default();
            for Plain { key, bytes, is_as_sealed } in values {
                let hash = (matches!(key.value, Value::Hashed(_)) && !is_as_sealed)
                    .then(|| hash::bcrypt(bytes, random))
                    .transpose()
                    .map_err(|why| SealingError::Hash(key.name, name, why))?;
                let bytes = hash.as_ref().map_or(*bytes, |it| it.as_bytes());
                let text = value::seal(certificate, scope, bytes, random)
                    .map_err(|why| SealingError::Value(key.name, name, why))?;
                keys.insert(key.name.to_owned(), text);
            }
        }
        let fingerprint = certificate.fingerprint().parse().map_err(SealingError::Name)?;
        let previous = if self.adds {
            self.old.and_then(|it| it.previous.clone())
        } else {
            self.previous(&fingerprint)
        };
        let spec = SealedValues {
            certificate: Some(fingerprint),
            scope: self.scope,
            suffix,
            sealed,
            previous,
        };
        let file = SealedCredential {
            api_version: ApiVersion::V1alpha1,
            kind: SealedCredentialKind::SealedCredential,
            metadata: SealedCredentialMetadata { name: name.parse().map_err(SealingError::Name)? },
            spec,
        };
        let namespaces = self.need.namespaces.iter().map(ToString::to_string).collect();
        Ok(Sealed {
            file,
            secret,
            namespaces,
            readers: self.need.used_by.iter().map(ToString::to_string).collect(),
            lookup: self.need.declared.lookup,
            rotation: self.old.filter(|_| !self.adds).map_or("", |_| self.need.declared.rotation),
        })
    }

    /// A random suffix that neither the current nor the previous Secret has.
    fn draw(&self, random: &mut impl CryptoRngCore) -> Result<DnsLabel, SealingError> {
        let taken = |text: &str| {
            self.old.is_some_and(|old| {
                old.suffix.as_ref().is_some_and(|old| *old == text)
                    || old.previous.as_ref().is_some_and(|old| old.suffix == text)
            })
        };
        loop {
            let suffix = random::suffix(random);
            if !taken(&suffix) {
                return suffix.parse().map_err(SealingError::Name);
            }
        }
    }

    /// The values that the cluster uses now, kept for a rollback as long as the same key decrypts
    /// them.
    fn previous(&self, fingerprint: &Fingerprint) -> Option<PreviousValues> {
        let old = self
            .old
            .filter(|it| it.certificate.as_ref() == Some(fingerprint) && it.scope == self.scope)?;
        if !self.is_rendered && old.previous.is_some() {
            return old.previous.clone();
        }
        Some(PreviousValues { suffix: old.suffix.clone()?, sealed: old.sealed.clone() })
    }
}

/// Why a credential cannot be sealed. Never says a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SealingError {
    /// A value cannot be hashed: its key, the credential, and why.
    Hash(&'static str, &'static str, HashError),
    /// A value cannot be sealed: its key, the credential, and why.
    Value(&'static str, &'static str, SealError),
    /// A name that is none.
    Name(ValueError),
}

impl fmt::Display for SealingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hash(key, name, _) => write!(f, "cannot hash `{key}` of `{name}`"),
            Self::Value(key, name, _) => write!(f, "cannot seal `{key}` of `{name}`"),
            Self::Name(why) => why.fmt(f),
        }
    }
}

impl Error for SealingError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Hash(.., why) => Some(why),
            Self::Value(.., why) => Some(why),
            Self::Name(_) => None,
        }
    }
}

/// A sealed credential, before it is written.
pub struct Sealed {
    /// The file that contains it.
    pub file: SealedCredential,
    /// The name of the Secret that it becomes.
    pub secret: String,
    /// The namespaces that get a copy.
    pub namespaces: Vec<String>,
    /// The Applications that read it.
    pub readers: Vec<String>,
    /// How they find it: whether a new name replaces the readers' pods.
    pub lookup: SecretLookup,
    /// What a rotation asks of its owner; empty if values were added, or nothing is to be done.
    pub rotation: &'static str,
}

impl Sealed {
    /// The path of its file, from the root of the repository.
    pub fn path(&self) -> String {
        format!("{SECRETS}{}.yaml", self.file.metadata.name)
    }

    /// The text of its file.
    pub fn text(&self) -> String {
        format!(
            "# yaml-language-server: $schema=../secret.schema.json\n\
             # Ciphertext only. `espalier seal` writes this file; the values are known to the \
             cluster, and to whoever made them.\n{}",
            emit::text(&self.file)
        )
    }
}

/// The sealing scope of a value for a namespace.
pub fn scope<'a>(scope: SealedScope, namespace: &'a str, secret: &'a str) -> SealingScope<'a> {
    match scope {
        SealedScope::Strict => SealingScope::Strict { namespace, name: secret },
        SealedScope::NamespaceWide => SealingScope::NamespaceWide { namespace },
        SealedScope::ClusterWide => SealingScope::ClusterWide,
    }
}
