//! `seal`: lists credentials, creates the key pair, and encrypts values.

pub mod args;
pub mod key_pair;
pub mod list;
pub mod opened;
mod paths;
pub mod plaintext;
pub mod terminal;
pub mod trust;
pub mod ways;
mod written;

use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use rsa::rand_core::OsRng;

use crate::{
    builder::credential::{CredentialSpec, Key, Value},
    check::certificate,
    cli::{
        clock,
        console::{Console, count},
        outcome::Outcome,
        session::Session,
    },
    compile,
    plan::Plan,
    platform::files::SEALING,
    seal::certificate::Certificate,
    sealing::{self, NeededCredential, Plain, Sealing},
};
use args::{SealArgs, SealVerb};
use plaintext::Origins;

/// What all parts of a `seal` command need.
struct Seal<'a> {
    session: Session<'a>,
    args: &'a SealArgs,
    now: i64,
    plan: &'a Plan,
    needs: &'a [NeededCredential],
}

/// Runs the verb.
///
/// # Errors
/// When a value is not available, or a file cannot be read or written.
pub fn run(
    session: Session<'_>,
    args: &SealArgs,
    console: &mut Console,
) -> anyhow::Result<Outcome> {
    let Session { work, .. } = session;
    plaintext::keep_private();
    let now = args.now.unwrap_or_else(clock::now);
    if let Some(SealVerb::Init(init)) = &args.verb {
        return key_pair::run(session, init, now, console);
    }
    ensure!(
        args.writes() || args.scope.is_none(),
        "`--scope` says how to seal, but there is nothing to seal: name a credential"
    );
    let mut findings = work.findings.clone();
    // A file that could not be read only seems to be missing: sealing it again would lose it.
    let is_read = work.complete && !findings.has_errors();
    let loaded = is_read.then(|| compile::platform(&work.sources));
    let plan = loaded.and_then(|loaded| {
        findings.extend(loaded.diagnostics);
        loaded.plan
    });
    let Some(plan) = plan else {
        let said = Console::totals(&findings);
        console.findings_for_people(session, findings);
        console.say(&format!("{said}; nothing can be sealed until the spec can be built\n"));
        return Ok(Outcome::Findings);
    };
    let needs = sealing::needs(&plan);
    let seal = Seal { session, args, now, plan: &plan, needs: &needs };
    if args.writes()
        && let Some(finding) =
            plan.platform().sealing.as_ref().and_then(|it| certificate::validity(it, now))
    {
        console.findings_for_people(session, finding.into());
    }
    match &args.credential {
        None if args.generate_missing => seal.generate_missing(console),
        None if args.reseal => seal.reseal(console),
        None => list::run(&plan, &needs, now, session, console),
        Some(name) => seal.one(name, console),
    }
}

/// The certificate to seal with.
///
/// # Errors
/// When there is none, it is not valid, or nobody can tell that it is the platform's own.
pub fn certificate(
    session: Session<'_>,
    args: &SealArgs,
    now: i64,
    console: &mut Console,
) -> anyhow::Result<Certificate> {
    let source = session.work.sources.texts.get(SEALING).with_context(|| {
        let way = ways::back(session).unwrap_or_else(|| {
            "`espalier seal init` creates a key pair, or uses the certificate of a cluster"
                .to_owned()
        });
        format!("there is no {SEALING} to seal with: {way}")
    })?;
    let certificate = Certificate::parse(source.text.as_bytes())
        .with_context(|| format!("cannot seal with {SEALING}"))?;
    if now > certificate.not_after() {
        let day = clock::written(certificate.not_after());
        bail!(
            "{SEALING} expired on {day}: `espalier seal init --replace` creates a new key \
                 pair"
        );
    }
    if now < certificate.not_before() {
        bail!(
            "{SEALING} is not valid before {}: check the clock of this machine",
            clock::written(certificate.not_before())
        );
    }
    trust::certificate(session, args, &certificate, console)?;
    Ok(certificate)
}

const RENDER: &str = "run `espalier render`, look at the diff, and commit both\n";

impl Seal<'_> {
    /// The certificate to seal with.
    fn certificate(&self, console: &mut Console) -> anyhow::Result<Certificate> {
        certificate(self.session, self.args, self.now, console)
    }

    fn sealing<'a>(&'a self, need: &'a NeededCredential, rotate: bool) -> Sealing<'a> {
        Sealing::of(
            need,
            self.plan,
            |path| {
                self.session
                    .disk
                    .look(&self.session.work.root.join(path))
                    .is_ok_and(|it| it.is_some())
            },
            rotate,
            self.args.scope.map(Into::into),
        )
    }

    /// Seals one credential.
    fn one(&self, name: &str, console: &mut Console) -> anyhow::Result<Outcome> {
        let Some(need) = self.needs.iter().find(|it| it.declared.name == name) else {
            let all: Vec<&str> = self.needs.iter().map(|it| it.declared.name).collect();
            match crate::diag::suggest::nearest(name, all.iter().copied()) {
                Some(near) => bail!("nothing needs a credential `{name}`; did you mean `{near}`?"),
                None => bail!("nothing needs a credential `{name}`; there are: {}", all.join(", ")),
            }
        };
        let sealing = self.sealing(need, self.args.rotate);
        if sealing.keys.is_empty() {
            bail!(
                "`{name}` is already sealed; `espalier seal --rotate {name}` replaces its values"
            );
        }
        if sealing.replaces() && !self.args.rotate {
            bail!(
                "the sealed values of `{name}` would be replaced, because ciphertext is bound to \
                 its namespaces, its name and its certificate; `espalier seal --rotate {name}` \
                 does that"
            );
        }
        let certificate = self.certificate(console)?;
        let done = seal(&sealing, &certificate, plaintext::origins(need.declared, self.args)?)?;
        written::write(&done, self.session.disk, &self.session.work.root)?;
        console.say(&written::said(&done));
        console.say(RENDER);
        Ok(Outcome::Clean)
    }

    /// Generates and seals the values that nobody needs to know; lists the others.
    fn generate_missing(&self, console: &mut Console) -> anyhow::Result<Outcome> {
        let sealings =
            self.needs.iter().map(|it| self.sealing(it, false)).filter(|it| !it.keys.is_empty());
        let (replacing, sealings): (Vec<_>, Vec<_>) = sealings.partition(Sealing::replaces);
        let (made, known): (Vec<_>, Vec<_>) = sealings
            .into_iter()
            .partition(|sealing| sealing.keys.iter().all(|it| matches!(it.value, Value::Made(_))));
        if !made.is_empty() {
            let certificate = self.certificate(console)?;
            // Seal everything before writing the first file, so that a failure changes no file.
            let done: Vec<_> = made
                .iter()
                .map(|it| seal(it, &certificate, Vec::new()))
                .collect::<anyhow::Result<_>>()?;
            for sealed in done {
                written::write(&sealed, self.session.disk, &self.session.work.root)?;
                console.say(&written::said(&sealed));
            }
        }
        console.say(&format!("generated and sealed {}\n", count(made.len(), "credential")));
        for sealing in &known {
            let keys: Vec<String> =
                sealing.keys.iter().map(|it| plaintext::described(it)).collect();
            console.say(&format!(
                "only you know {} of `{1}`: run `espalier seal {1}`\n",
                keys.join(", "),
                sealing.need.declared.name
            ));
        }
        for sealing in &replacing {
            console.say(&format!(
                "`{0}` is sealed, but not as it is needed: `espalier seal --rotate {0}` replaces \
                 the values\n",
                sealing.need.declared.name
            ));
        }
        if !made.is_empty() {
            console.say(RENDER);
        }
        Ok(Outcome::Clean)
    }

    /// Reseals everything that was sealed with another certificate. Nothing is written until every
    /// value is available.
    fn reseal(&self, console: &mut Console) -> anyhow::Result<Outcome> {
        let certificate = self.certificate(console)?;
        let is_old = |need: &&NeededCredential| {
            let file = self.plan.platform().sealed.file(need.declared.name);
            file.is_some_and(|file| {
                file.certificate.as_ref().is_none_or(|it| **it != *certificate.fingerprint())
            })
        };
        let old: Vec<&NeededCredential> = self.needs.iter().filter(is_old).collect();
        let key = self.args.key.as_deref().map(opened::key).transpose()?;
        let is_told = key.is_some() || self.args.from_dir.is_some();
        let here = if is_told { Vec::new() } else { opened::keys(self.session) };
        let mut sources: Vec<Origins> = Vec::new();
        for need in &old {
            let sealed = self.plan.platform().sealed.file(need.declared.name);
            let found = |sealed| {
                here.iter().find_map(|key| {
                    Some((key, opened::origins(&key.key, need.declared, sealed).ok()?))
                })
            };
            sources.push(match (&key, sealed) {
                (Some(key), Some(sealed)) => opened::origins(key, need.declared, sealed)?,
                _ => match sealed.and_then(found) {
                    Some((key, origins)) => {
                        console.say(&format!(
                            "`{}` keeps its values: {} unseals them\n",
                            need.declared.name,
                            key.path.display()
                        ));
                        origins
                    }
                    None => self.values_of(need.declared)?,
                },
            });
        }
        for (need, origins) in old.iter().zip(&sources) {
            let is_made = |key: &Key| {
                matches!(key.value, Value::Made(_)) && origins.iter().all(|it| it.0 != key)
            };
            if need.declared.keys.iter().any(is_made) {
                let name = need.declared.name;
                console.say(&format!(
                    "`{name}` gets a new value: nobody knows the old one, which `--key` with the \
                     old private key would keep\n"
                ));
            }
        }
        let mut done = Vec::new();
        for (need, origins) in old.iter().zip(sources) {
            done.push(seal(&self.sealing(need, true), &certificate, origins)?);
        }
        for sealed in done {
            written::write(&sealed, self.session.disk, &self.session.work.root)?;
            console.say(&written::said(&sealed));
        }
        console.say(&format!("resealed {} with {SEALING}\n", count(old.len(), "credential")));
        if !old.is_empty() {
            console.say(RENDER);
        }
        Ok(Outcome::Clean)
    }

    /// The files in `--from-dir` with the values of a credential: all of them, or none.
    #[expect(
        clippy::disallowed_methods,
        reason = "values come from a folder outside of the repository"
    )]
    fn values_of(&self, declared: &'static CredentialSpec) -> anyhow::Result<Origins> {
        let Some(dir) = &self.args.from_dir else { return Ok(Vec::new()) };
        let is_there = |path: &Path| {
            path.try_exists().with_context(|| format!("cannot look at {}", path.display()))
        };
        ensure!(dir.is_dir(), "{} is not a folder", dir.display());
        let folder = dir.join(declared.name);
        let mut origins = Vec::new();
        for key in declared.keys {
            let path = folder.join(key.name);
            if is_there(&path)? {
                origins.push((key, plaintext::Origin::File(path)));
            }
        }
        let has_all =
            origins.len() == declared.keys.len() || origins.is_empty() && !is_there(&folder)?;
        let names = || declared.keys.iter().map(|it| it.name).collect::<Vec<_>>().join(", ");
        ensure!(has_all, "{} has to contain a file for each key: {}", folder.display(), names());
        Ok(origins)
    }
}

/// Collects the values for a sealing, and seals them.
fn seal(
    sealing: &Sealing<'_>,
    certificate: &Certificate,
    origins: Origins,
) -> anyhow::Result<sealing::Sealed> {
    let mut random = OsRng;
    let values = plaintext::values(sealing.need.declared, &sealing.keys, origins, &mut |length| {
        crate::seal::random::password(&mut random, length)
    })?;
    let plain: Vec<Plain<'_>> = values
        .iter()
        .map(|(key, value)| Plain { key, bytes: value.bytes(), is_as_sealed: value.is_as_sealed() })
        .collect();
    Ok(sealing.seal(certificate, &plain, &mut random)?)
}
