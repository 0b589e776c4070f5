//! Sealing one credential: the values that it needs, the ciphertext, and the file that contains it.

use std::{collections::BTreeSet, fmt::Write as _, path::Path, sync::Arc};

use anyhow::{Context as _, bail};
use rsa::rand_core::OsRng;

use super::{opened, plaintext::Plaintext};
use crate::{
    builder::credential::{CredentialSpec, Key, SecretLookup, Value},
    cli::disk::{self, Disk, Kind},
    components::secrets::COPIES_APPLICATION,
    names::{DnsLabel, Fingerprint, SealedFor},
    plan::{Plan, applications::folder},
    platform::{
        files::SECRETS,
        sealed::{
            ApiVersion, EVERYWHERE, Keys, Metadata, PreviousValues, SealedCredential,
            SealedCredentialKind, SealedScope, SealedValues, secret_name,
        },
    },
    seal::{certificate::Certificate, hash, random, value},
    yaml::emit,
};

/// A credential that the platform needs, and the namespaces that need it.
pub struct Need {
    /// The specification of the credential.
    pub declared: &'static CredentialSpec,
    /// The namespaces that need a copy.
    pub namespaces: BTreeSet<Arc<str>>,
    /// The Applications that read it.
    pub used_by: BTreeSet<Arc<str>>,
}

/// All credentials that the platform needs, sorted by name.
pub fn needs(plan: &Plan) -> Vec<Need> {
    let mut all: Vec<Need> = Vec::new();
    for required in plan.secrets() {
        let declared = required.credential.declared();
        if all.last().is_none_or(|it| it.declared != declared) {
            all.push(Need { declared, namespaces: BTreeSet::new(), used_by: BTreeSet::new() });
        }
        if let Some(need) = all.last_mut() {
            need.namespaces.insert(required.namespace.clone());
            need.used_by.extend(required.used_by.iter().cloned());
        }
    }
    all
}

/// Whether the tree on the disk contains the current Secret of a credential.
fn is_rendered((disk, root): (&dyn Disk, &Path), need: &Need, old: &SealedValues) -> bool {
    let secret = secret_name(need.declared.name, old.suffix.as_ref());
    need.namespaces.iter().any(|namespace| {
        let path = root
            .join(folder(COPIES_APPLICATION.application))
            .join(&**namespace)
            .join(format!("sealedsecret-{secret}.yaml"));
        disk.look(&path).is_ok_and(|it| it.is_some())
    })
}

/// The sealing of one credential, before its values are known.
pub struct Sealing<'a> {
    /// The credential.
    pub need: &'a Need,
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
    pub fn of(
        need: &'a Need,
        plan: &'a Plan,
        on: (&dyn Disk, &Path),
        rotate: bool,
        scope: Option<SealedScope>,
    ) -> Self {
        let platform = plan.platform();
        let old = platform.sealed.file(need.declared.name);
        let scope_now = scope.or(old.map(|it| it.scope)).unwrap_or_default();
        let all: Vec<&'static Key> = need.declared.keys.iter().collect();
        let is_rendered = old.is_some_and(|old| is_rendered(on, need, old));
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
        values: &[(&'static Key, Plaintext)],
        random: &mut OsRng,
    ) -> anyhow::Result<Sealed> {
        let name = self.need.declared.name;
        let suffix = match self.old.filter(|_| self.adds) {
            Some(old) => old.suffix.clone(),
            None if self.need.declared.lookup == SecretLookup::ByReference => {
                Some(self.draw(random)?)
            }
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
            let scope = opened::scope(self.scope, namespace, &secret);
            let at: SealedFor = namespace.parse().map_err(anyhow::Error::msg)?;
            let keys: &mut Keys = sealed.entry(at).or_default();
            for (key, plaintext) in values {
                let hash = (matches!(key.value, Value::Hashed(_)) && !plaintext.is_as_sealed())
                    .then(|| hash::bcrypt(plaintext.bytes(), random))
                    .transpose();
                let hash =
                    hash.with_context(|| format!("cannot hash `{}` of `{name}`", key.name))?;
                let bytes = hash.as_ref().map_or(plaintext.bytes(), |it| it.as_bytes());
                let text = value::seal(certificate, scope, bytes, random)
                    .with_context(|| format!("cannot seal `{}` of `{name}`", key.name))?;
                keys.insert(key.name.to_owned(), text);
            }
        }
        let fingerprint: Fingerprint =
            certificate.fingerprint().parse().map_err(anyhow::Error::msg)?;
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
            metadata: Metadata { name: name.parse().map_err(anyhow::Error::msg)? },
            spec,
        };
        let namespaces = self.need.namespaces.iter().map(ToString::to_string).collect();
        Ok(Sealed {
            file,
            secret,
            namespaces,
            readers: self.need.used_by.iter().map(ToString::to_string).collect(),
            restarts: self.need.declared.lookup == SecretLookup::ByReference,
            rotation: self.old.filter(|_| !self.adds).map_or("", |_| self.need.declared.rotation),
        })
    }

    /// A random suffix that neither the current nor the previous Secret has.
    fn draw(&self, random: &mut OsRng) -> anyhow::Result<DnsLabel> {
        let taken = |text: &str| {
            self.old.is_some_and(|old| {
                old.suffix.as_ref().is_some_and(|old| *old == text)
                    || old.previous.as_ref().is_some_and(|old| old.suffix == text)
            })
        };
        loop {
            let suffix = random::suffix(random);
            if !taken(&suffix) {
                return suffix.parse().map_err(anyhow::Error::msg);
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

/// A sealed credential, before it is written.
pub struct Sealed {
    file: SealedCredential,
    secret: String,
    namespaces: Vec<String>,
    readers: Vec<String>,
    /// Whether a new name replaces the readers' pods.
    restarts: bool,
    rotation: &'static str,
}

impl Sealed {
    /// Writes `spec/secrets/<credential>.yaml`.
    ///
    /// # Errors
    /// When it cannot be written; then the old file is still there.
    pub fn write(&self, disk: &dyn Disk, root: &Path) -> anyhow::Result<()> {
        let mut text = b"# yaml-language-server: $schema=../secret.schema.json\n\
              # Ciphertext only. `espalier seal` writes this file; the values are known to the \
              cluster, and to whoever made them.\n"
            .to_vec();
        emit::document(&mut text, &self.file);
        let name = format!("{SECRETS}{}.yaml", self.file.metadata.name);
        let (folder, path) = (root.join(SECRETS.trim_end_matches('/')), root.join(&name));
        for (path, name, wanted) in [(&folder, SECRETS, Kind::Folder), (&path, &*name, Kind::File)]
        {
            let there = disk.look(path).with_context(|| format!("cannot look at {name}"))?;
            if let Some((kind, _)) = there.filter(|it| it.0 != wanted) {
                bail!(
                    "{name} is {}, but has to be {}: nothing was written there",
                    kind.noun(),
                    wanted.noun()
                );
            }
        }
        disk.create_folders(&folder).with_context(|| format!("cannot create {SECRETS}"))?;
        disk::replace(disk, &path, &String::from_utf8(text)?)
            .with_context(|| format!("cannot write {name}"))
    }

    /// The message about what was sealed, and its consequences.
    pub fn said(&self) -> String {
        let mut said = format!(
            "sealed `{}` for {} (Secret `{}`)\n",
            self.file.metadata.name,
            self.namespaces.join(", "),
            self.secret
        );
        let readers = self.readers.join(", ");
        let _ = if self.restarts {
            writeln!(said, "  restarts: {readers}")
        } else {
            writeln!(said, "  read by: {readers} (the Secret keeps its name, so nothing restarts)")
        };
        if !self.rotation.is_empty() {
            let _ = writeln!(said, "  {}", self.rotation);
        }
        said
    }
}
