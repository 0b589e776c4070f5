//! `seal`: credentials and how they are sealed; the key pair; values that become ciphertext.

pub mod act;
pub mod args;
pub mod key_pair;
pub mod list;
pub mod plaintext;

use std::collections::BTreeSet;

use anyhow::{Context as _, bail};

use crate::{
    builder::credential::{Declared, Value},
    check::certificate,
    cli::{
        clock,
        console::{Console, count},
        disk::Disk,
        outcome::Outcome,
        sources::Work,
    },
    compile::{self, house::House},
    seal::certificate::Certificate,
    spec::read::SEALING,
};
use act::{Act, Need};
use args::{SealArgs, SealVerb};

/// Runs the verb.
///
/// # Errors
/// When a value cannot be had, or a file cannot be read or written.
pub fn run(disk: &dyn Disk, work: &Work, args: &SealArgs, console: &mut Console) -> anyhow::Result<Outcome> {
    plaintext::keep_private();
    let now = args.now.unwrap_or_else(clock::now);
    if let Some(SealVerb::Init(init)) = &args.verb {
        return key_pair::run(disk, work, init, now, console);
    }
    let mut findings = work.findings.clone();
    let loaded = work.complete.then(|| compile::platform(&work.sources));
    let house = loaded.and_then(|it| {
        findings.extend(it.diagnostics);
        it.house
    });
    let Some(house) = house else {
        let said = Console::totals(&findings);
        console.findings_for_people(disk, work, findings);
        console.say(&format!("{said}; nothing can be sealed before the spec can be built\n"));
        return Ok(Outcome::Findings);
    };
    if let Some(finding) = house.platform().sealing.as_ref().and_then(|it| certificate::validity(it, now)) {
        console.findings_for_people(disk, work, finding.into());
    }
    let needs = act::needs(&house);
    match &args.credential {
        None if args.generate_missing => generate_missing(disk, work, args, now, &house, &needs, console),
        None if args.reseal => reseal(disk, work, args, now, &house, &needs, console),
        None => list::run(&house, &needs, console),
        Some(name) => one(disk, work, args, now, &house, &needs, name, console),
    }
}

/// The certificate to seal with.
fn certificate_of(work: &Work, now: i64) -> anyhow::Result<Certificate> {
    let source = work.sources.texts.get(SEALING);
    let source = source.with_context(|| {
        format!("there is no {SEALING} to seal with: `espalier seal init` makes a key pair, or takes the certificate of a cluster")
    })?;
    let it = Certificate::parse(source.text.as_bytes()).with_context(|| format!("cannot seal with {SEALING}"))?;
    if now > it.not_after() {
        bail!("{SEALING} expired on {}: `espalier seal init --replace` makes another key pair", clock::written(it.not_after()));
    }
    if now < it.not_before() {
        bail!("{SEALING} is valid from {} only: look at the clock of this machine", clock::written(it.not_before()));
    }
    Ok(it)
}

/// Seals one credential.
#[expect(clippy::too_many_arguments, reason = "a verb's whole surroundings")]
fn one(
    disk: &dyn Disk,
    work: &Work,
    args: &SealArgs,
    now: i64,
    house: &House,
    needs: &[Need],
    name: &str,
    console: &mut Console,
) -> anyhow::Result<Outcome> {
    let Some(need) = needs.iter().find(|it| it.declared.name == name) else {
        let all: Vec<&str> = needs.iter().map(|it| it.declared.name).collect();
        match crate::diag::suggest::nearest(name, all.iter().copied()) {
            Some(near) => bail!("nothing needs a credential `{name}`; did you mean `{near}`?"),
            None => bail!("nothing needs a credential `{name}`; there are: {}", all.join(", ")),
        }
    };
    let act = Act::of(need, house, args.rotate, args.scope.map(Into::into));
    if act.keys.is_empty() {
        bail!("`{name}` is sealed already; `espalier seal --rotate {name}` replaces its values");
    }
    let certificate = certificate_of(work, now)?;
    let origins = plaintext::origins(need.declared, args)?;
    let mut random = act::Random;
    let values = plaintext::values(need.declared, &act.keys, origins, &mut |length| crate::seal::random::password(&mut random, length))?;
    let done = act.seal(&certificate, &values, &mut random)?;
    done.write(disk, &work.root)?;
    console.say(&done.said());
    console.say("run `espalier render`, look at the diff, and commit both\n");
    Ok(Outcome::Clean)
}

/// Makes and seals what nobody needs to know; names the rest.
fn generate_missing(
    disk: &dyn Disk,
    work: &Work,
    args: &SealArgs,
    now: i64,
    house: &House,
    needs: &[Need],
    console: &mut Console,
) -> anyhow::Result<Outcome> {
    let acts: Vec<Act<'_>> =
        needs.iter().map(|it| Act::of(it, house, false, args.scope.map(Into::into))).filter(|it| !it.keys.is_empty()).collect();
    let (made, known): (Vec<_>, Vec<_>) = acts.into_iter().partition(|it| it.keys.iter().all(|it| matches!(it.value, Value::Made(_))));
    if !made.is_empty() {
        let certificate = certificate_of(work, now)?;
        let mut random = act::Random;
        // All of them before the first is written: a failure leaves everything as it was.
        let mut done = Vec::new();
        for act in &made {
            let values = plaintext::values(act.need.declared, &act.keys, Vec::new(), &mut |length| {
                crate::seal::random::password(&mut random, length)
            })?;
            done.push(act.seal(&certificate, &values, &mut random)?);
        }
        for it in done {
            it.write(disk, &work.root)?;
            console.say(&it.said());
        }
    }
    console.say(&format!("made and sealed {}\n", count(made.len(), "credential")));
    for it in &known {
        let keys: Vec<String> = it.keys.iter().map(|it| plaintext::described(it)).collect();
        console.say(&format!("only a person knows {} of `{1}`: `espalier seal {1}`\n", keys.join(", "), it.need.declared.name));
    }
    if !made.is_empty() {
        console.say("run `espalier render`, look at the diff, and commit both\n");
    }
    Ok(Outcome::Clean)
}

/// Seals anew whatever was sealed with another certificate. Nothing is written before every value is there.
fn reseal(
    disk: &dyn Disk,
    work: &Work,
    args: &SealArgs,
    now: i64,
    house: &House,
    needs: &[Need],
    console: &mut Console,
) -> anyhow::Result<Outcome> {
    let certificate = certificate_of(work, now)?;
    let is_old = |it: &&Need| {
        let file = house.platform().sealed.file(it.declared.name);
        file.is_some_and(|it| it.certificate.as_ref().is_none_or(|it| **it != *certificate.fingerprint()))
    };
    let old: Vec<&Need> = needs.iter().filter(is_old).collect();
    let mut random = act::Random;
    let mut done = Vec::new();
    let mut anew: BTreeSet<&'static str> = BTreeSet::new();
    for need in &old {
        let act = Act::of(need, house, true, args.scope.map(Into::into));
        let origins = from_dir(need.declared, args);
        if origins.len() < need.declared.keys.iter().filter(|it| matches!(it.value, Value::Made(_))).count() {
            anew.insert(need.declared.name);
        }
        let values =
            plaintext::values(need.declared, &act.keys, origins, &mut |length| crate::seal::random::password(&mut random, length))?;
        done.push(act.seal(&certificate, &values, &mut random)?);
    }
    for it in done {
        it.write(disk, &work.root)?;
        console.say(&it.said());
    }
    for name in anew {
        console.say(&format!("`{name}` has a new value: the old one is known to nobody, and can only be read in the cluster\n"));
    }
    console.say(&format!("sealed {} anew with {SEALING}\n", count(old.len(), "credential")));
    if !old.is_empty() {
        console.say("run `espalier render`, look at the diff, and commit both\n");
    }
    Ok(Outcome::Clean)
}

/// The files of a folder that hold a credential's values.
fn from_dir(declared: &'static Declared, args: &SealArgs) -> plaintext::Origins {
    let Some(dir) = &args.from_dir else { return Vec::new() };
    let path = |key: &str| dir.join(declared.name).join(key);
    let there = declared.keys.iter().filter(|it| path(it.name).is_file());
    there.map(|it| (it, plaintext::Origin::File(path(it.name)))).collect()
}
