//! `seal`: credentials and how they are sealed; the key pair; values that become ciphertext.

pub mod args;
pub mod key_pair;
pub mod list;
pub mod opened;
mod paths;
pub mod plaintext;
pub mod sealing;
pub mod terminal;
pub mod trust;
pub mod ways;

use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use rsa::rand_core::OsRng;

use crate::{
    builder::credential::{CredentialSpec, Key, Value},
    check::certificate,
    cli::{
        clock,
        console::{Console, count},
        disk::Disk,
        outcome::Outcome,
        sources::Work,
    },
    compile::{self, plan::Plan},
    platform::files::SEALING,
    seal::certificate::Certificate,
};
use args::{SealArgs, SealVerb};
use plaintext::Origins;
use sealing::{Need, Sealing};

/// What a sealing happens in.
struct Session<'a> {
    disk: &'a dyn Disk,
    work: &'a Work,
    args: &'a SealArgs,
    now: i64,
    plan: &'a Plan,
    needs: &'a [Need],
}

/// Runs the verb.
///
/// # Errors
/// When a value cannot be had, or a file cannot be read or written.
pub fn run(
    disk: &dyn Disk,
    work: &Work,
    args: &SealArgs,
    console: &mut Console,
) -> anyhow::Result<Outcome> {
    plaintext::keep_private();
    let now = args.now.unwrap_or_else(clock::now);
    if let Some(SealVerb::Init(init)) = &args.verb {
        return key_pair::run(disk, work, init, now, console);
    }
    ensure!(
        args.writes() || args.scope.is_none(),
        "`--scope` says how to seal, and nothing is to be sealed: name a credential"
    );
    let mut findings = work.findings.clone();
    // What could not be read only seems to be missing: sealed anew, it would be lost.
    let is_read = work.complete && !findings.has_errors();
    let loaded = is_read.then(|| compile::platform(&work.sources));
    let plan = loaded.and_then(|it| {
        findings.extend(it.diagnostics);
        it.plan
    });
    let Some(plan) = plan else {
        let said = Console::totals(&findings);
        console.findings_for_people(disk, work, findings);
        console.say(&format!("{said}; nothing can be sealed before the spec can be built\n"));
        return Ok(Outcome::Findings);
    };
    let needs = sealing::needs(&plan);
    let session = Session { disk, work, args, now, plan: &plan, needs: &needs };
    if args.writes()
        && let Some(finding) =
            plan.platform().sealing.as_ref().and_then(|it| certificate::validity(it, now))
    {
        console.findings_for_people(disk, work, finding.into());
    }
    match &args.credential {
        None if args.generate_missing => session.generate_missing(console),
        None if args.reseal => session.reseal(console),
        None => list::run(&plan, &needs, now, (disk, work), console),
        Some(name) => session.one(name, console),
    }
}

const RENDER: &str = "run `espalier render`, look at the diff, and commit both\n";

impl Session<'_> {
    /// The certificate to seal with.
    fn certificate(&self, console: &mut Console) -> anyhow::Result<Certificate> {
        let source = self.work.sources.texts.get(SEALING).with_context(|| {
            let way = ways::back(self.disk, self.work).unwrap_or_else(|| {
                "`espalier seal init` makes a key pair, or takes the certificate of a cluster"
                    .to_owned()
            });
            format!("there is no {SEALING} to seal with: {way}")
        })?;
        let it = Certificate::parse(source.text.as_bytes())
            .with_context(|| format!("cannot seal with {SEALING}"))?;
        if self.now > it.not_after() {
            let day = clock::written(it.not_after());
            bail!(
                "{SEALING} expired on {day}: `espalier seal init --replace` makes another key pair"
            );
        }
        if self.now < it.not_before() {
            bail!(
                "{SEALING} is valid from {} only: look at the clock of this machine",
                clock::written(it.not_before())
            );
        }
        trust::certificate(self.disk, self.work, self.args, &it, console)?;
        Ok(it)
    }

    fn act<'a>(&'a self, need: &'a Need, rotate: bool) -> Sealing<'a> {
        Sealing::of(
            need,
            self.plan,
            (self.disk, &self.work.root),
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
        let act = self.act(need, self.args.rotate);
        if act.keys.is_empty() {
            bail!(
                "`{name}` is sealed already; `espalier seal --rotate {name}` replaces its values"
            );
        }
        if act.replaces() && !self.args.rotate {
            bail!(
                "what is sealed of `{name}` would be replaced: ciphertext is bound to its \
                 namespaces, its name and its certificate; `espalier seal --rotate {name}` does \
                 that"
            );
        }
        let certificate = self.certificate(console)?;
        let done = seal(&act, &certificate, plaintext::origins(need.declared, self.args)?)?;
        done.write(self.disk, &self.work.root)?;
        console.say(&done.said());
        console.say(RENDER);
        Ok(Outcome::Clean)
    }

    /// Makes and seals what nobody needs to know; names the rest.
    fn generate_missing(&self, console: &mut Console) -> anyhow::Result<Outcome> {
        let acts = self.needs.iter().map(|it| self.act(it, false)).filter(|it| !it.keys.is_empty());
        let (replacing, acts): (Vec<_>, Vec<_>) = acts.partition(Sealing::replaces);
        let (made, known): (Vec<_>, Vec<_>) = acts
            .into_iter()
            .partition(|it| it.keys.iter().all(|it| matches!(it.value, Value::Made(_))));
        if !made.is_empty() {
            let certificate = self.certificate(console)?;
            // All of them before the first is written: what cannot be sealed leaves every file as
            // it was.
            let done: Vec<_> = made
                .iter()
                .map(|it| seal(it, &certificate, Vec::new()))
                .collect::<anyhow::Result<_>>()?;
            for it in done {
                it.write(self.disk, &self.work.root)?;
                console.say(&it.said());
            }
        }
        console.say(&format!("made and sealed {}\n", count(made.len(), "credential")));
        for it in &known {
            let keys: Vec<String> = it.keys.iter().map(|it| plaintext::described(it)).collect();
            console.say(&format!(
                "only a person knows {} of `{1}`: `espalier seal {1}`\n",
                keys.join(", "),
                it.need.declared.name
            ));
        }
        for it in &replacing {
            console.say(&format!(
                "`{0}` is sealed, but not as it is needed: `espalier seal --rotate {0}` replaces \
                 it\n",
                it.need.declared.name
            ));
        }
        if !made.is_empty() {
            console.say(RENDER);
        }
        Ok(Outcome::Clean)
    }

    /// Seals anew whatever was sealed with another certificate. Nothing is written before every
    /// value is there.
    fn reseal(&self, console: &mut Console) -> anyhow::Result<Outcome> {
        let certificate = self.certificate(console)?;
        let is_old = |need: &&Need| {
            let file = self.plan.platform().sealed.file(need.declared.name);
            file.is_some_and(|file| {
                file.certificate.as_ref().is_none_or(|it| **it != *certificate.fingerprint())
            })
        };
        let old: Vec<&Need> = self.needs.iter().filter(is_old).collect();
        let key = self.args.key.as_deref().map(opened::key).transpose()?;
        let is_told = key.is_some() || self.args.from_dir.is_some();
        let here = if is_told { Vec::new() } else { opened::keys(self.disk, self.work) };
        let mut sources: Vec<Origins> = Vec::new();
        for it in &old {
            let sealed = self.plan.platform().sealed.file(it.declared.name);
            let found = |sealed| {
                here.iter().find_map(|key| {
                    Some((key, opened::origins(&key.key, it.declared, sealed).ok()?))
                })
            };
            sources.push(match (&key, sealed) {
                (Some(key), Some(sealed)) => opened::origins(key, it.declared, sealed)?,
                _ => match sealed.and_then(found) {
                    Some((key, origins)) => {
                        console.say(&format!(
                            "`{}` keeps its values: {} opens them\n",
                            it.declared.name,
                            key.path.display()
                        ));
                        origins
                    }
                    None => self.values_of(it.declared)?,
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
                    "`{name}` gets a new value: the old one is known to nobody; `--key` with the \
                     old private key keeps it\n"
                ));
            }
        }
        let mut done = Vec::new();
        for (need, origins) in old.iter().zip(sources) {
            done.push(seal(&self.act(need, true), &certificate, origins)?);
        }
        for it in done {
            it.write(self.disk, &self.work.root)?;
            console.say(&it.said());
        }
        console.say(&format!("sealed {} anew with {SEALING}\n", count(old.len(), "credential")));
        if !old.is_empty() {
            console.say(RENDER);
        }
        Ok(Outcome::Clean)
    }

    /// The files of a folder that hold a credential's values: all of them, or none.
    fn values_of(&self, declared: &'static CredentialSpec) -> anyhow::Result<Origins> {
        let Some(dir) = &self.args.from_dir else { return Ok(Vec::new()) };
        let is_there = |path: &Path| {
            path.try_exists().with_context(|| format!("cannot look at {}", path.display()))
        };
        ensure!(dir.is_dir(), "{} is no folder", dir.display());
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
        ensure!(has_all, "{} has to hold a file for each key: {}", folder.display(), names());
        Ok(origins)
    }
}

/// Brings the values of an act, and seals them.
fn seal(
    act: &Sealing<'_>,
    certificate: &Certificate,
    origins: Origins,
) -> anyhow::Result<sealing::Sealed> {
    let mut random = OsRng;
    let values = plaintext::values(act.need.declared, &act.keys, origins, &mut |length| {
        crate::seal::random::password(&mut random, length)
    })?;
    act.seal(certificate, &values, &mut random)
}
