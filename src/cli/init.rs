//! `init`: writes a commented starter spec with values from Git and from the user, its schemas, and
//! the lines that `.gitattributes` and `.gitignore` need.

mod ask;
mod here;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{self, IsTerminal as _},
    path::Path,
    str::FromStr,
    sync::Arc,
};

use anyhow::{Context as _, bail};
use serde_json::Value;
use yaml_edit::{Document, path::YamlPath as _};

use crate::{
    check::trust::HOST_KEYS_MISSING,
    cli::{
        args::Init,
        console::Console,
        disk::{Disk, EntryKind, replace},
        ignored,
        outcome::Outcome,
        repository::{self, Holder},
        shell::quoted,
    },
    compile,
    diag::plain,
    emit::files::Files,
    load::{Sources, schema},
    names::{DnsLabel, Email, GitBranch, GitUrl, Host, RelativePath},
    platform::files::{PLATFORM, SEALING, SECRETS},
    report,
    units::error::ValueError,
    yaml::source::Source,
};
use here::{Here, Known};

/// The lines that a repository needs, by file: the same line breaks on every system, generated
/// files collapsed in reviews, the staging folder ignored.
const GIT: [(&str, &[&str]); 2] = [
    (
        ".gitattributes",
        &[
            "out/** text eol=lf linguist-generated",
            "apps/** text eol=lf linguist-generated",
            "bootstrap/** text eol=lf linguist-generated",
            "spec/** text eol=lf",
            "spec/*.schema.json linguist-generated",
            // Only people read this page: the order of merged lines does not matter, and the next
            // render rewrites it.
            "out/README.md merge=union",
        ],
    ),
    (".gitignore", &["/.espalier/", "*sealing-key.pem"]),
];

/// A value of the starter spec that differs from one platform to the next.
struct Field {
    /// The path of the field.
    path: &'static str,
    /// The name of the flag that sets it.
    name: &'static str,
    /// Checks a value and returns it as the spec writes it.
    check: fn(&str) -> Result<String, ValueError>,
    /// The question to ask if there is no value; none if the value of the starter spec will do.
    question: Option<&'static str>,
}

/// Parses a value as the type that the spec has for it.
fn checked<T: FromStr<Err = ValueError> + ToString>(value: &str) -> Result<String, ValueError> {
    value.parse::<T>().map(|it| it.to_string())
}

/// All fields that `init` sets, in the order of the spec.
const FIELDS: [Field; 6] = [
    Field { path: "metadata.name", name: "name", check: checked::<DnsLabel>, question: None },
    Field {
        path: "spec.repository.url",
        name: "repository",
        check: checked::<GitUrl>,
        question: Some("URL of the Git repository that Argo CD reads"),
    },
    Field {
        path: "spec.repository.branch",
        name: "branch",
        check: checked::<GitBranch>,
        question: None,
    },
    Field {
        path: "spec.repository.path",
        name: "path",
        check: checked::<RelativePath>,
        question: None,
    },
    Field {
        path: "spec.domains.chat",
        name: "chat",
        check: checked::<Host>,
        question: Some("Host name of the chat"),
    },
    Field {
        path: "spec.certificates.email",
        name: "email",
        check: checked::<Email>,
        question: Some("E-mail address for Let's Encrypt, which issues the certificate"),
    },
];

/// The line of the starter spec that names the sub-folder of the platform; without a sub-folder it
/// stays a comment.
const SUB_FOLDER: [&str; 2] =
    ["    # path: clusters/prod # when", "    path: clusters/prod # when"];

/// The next commands, in order.
const NEXT: &str = "  espalier seal init                # creates the keys; back up the private one
  espalier seal --generate-missing  # generates what nobody needs to know
  espalier seal openwebui-admin     # asks for e-mail and password
  espalier render                   # writes bootstrap/, apps/ and out/
  espalier check --deny warnings    # what CI runs
";

/// Runs the verb.
///
/// # Errors
/// When a spec exists already, a value is invalid, or a file cannot be written.
pub fn run(
    disk: &dyn Disk,
    folder: &Path,
    verb: &Init,
    console: &mut Console,
) -> anyhow::Result<Outcome> {
    let spec = folder.join(PLATFORM);
    if disk.look(&spec).with_context(|| format!("cannot look at {}", spec.display()))?.is_some() {
        bail!(
            "{} already exists and is not overwritten; edit it, or delete it and run `espalier \
             init` again",
            spec.display()
        );
    }
    let mut given = of_flags(verb)?;
    let open = from_here(folder, &mut given, console)?;
    let open = if io::stdin().is_terminal() && io::stderr().is_terminal() {
        ask_for(open, &mut given, console)?
    } else {
        open
    };
    let text = starter(&given)?;
    let mut files = of_git(disk, folder)?;
    for (name, text) in schema::files() {
        let path = folder.join(name);
        if disk.look(&path).with_context(|| format!("cannot look at {name}"))?.is_none() {
            files.push((name, text.to_owned()));
        }
    }
    disk.create_folders(spec.parent().unwrap_or(folder))
        .with_context(|| format!("cannot create {}/spec", folder.display()))?;
    for (name, text) in files {
        replace(disk, &folder.join(name), &text).with_context(|| format!("cannot write {name}"))?;
        console.say(&format!("wrote {name}\n"));
    }
    // The spec is written last, so that a run that failed halfway can simply be repeated.
    disk.create(&spec, text.as_bytes()).with_context(|| format!("cannot write {PLATFORM}"))?;
    console.say(&format!("wrote {PLATFORM}\n"));
    notes(folder, &text, console)?;
    for field in &open {
        let value = Source::parse(PLATFORM, schema::STARTER).value;
        let example =
            value.pointer(&pointer(field.path)).and_then(Value::as_str).unwrap_or_default();
        console.say(&format!(
            "still an example: `{}: {example}`; put your own into {PLATFORM}\n",
            leaf(field.path)
        ));
    }
    let change = if folder == Path::new(".") {
        String::new()
    } else {
        format!("  cd {}\n", quoted(&folder.display().to_string()))
    };
    console.say_whole(&format!("\nnext:\n{change}{NEXT}"));
    Ok(Outcome::Clean)
}

/// Reports what stands between the spec and a tree that Argo CD can read: a Git server that it does
/// not know, and needed files that Git ignores, before anybody commits.
#[expect(clippy::disallowed_methods, reason = "Git is asked about the real folder")]
fn notes(folder: &Path, spec: &str, console: &mut Console) -> anyhow::Result<()> {
    let texts = BTreeMap::from([(Arc::from(PLATFORM), Source::parse(PLATFORM, spec.to_owned()))]);
    let Some(plan) = compile::platform(&Sources { texts }).plan else { return Ok(()) };
    let mut files = Files::default();
    let found = compile::whole(&plan, &[], &mut files).found;
    for finding in found.iter().filter(|it| it.code == HOST_KEYS_MISSING.name()) {
        let help = finding.help.join("; ");
        console.say(&format!("note: {}: {}\n", plain::line(&finding.message), plain::line(&help)));
    }
    let folder =
        folder.canonicalize().with_context(|| format!("cannot look at {}", folder.display()))?;
    let Holder::Git(git) = repository::holder(&folder) else { return Ok(()) };
    let sources =
        [PLATFORM.to_owned(), SEALING.to_owned(), format!("{SECRETS}openwebui-admin.yaml")];
    let all: Vec<String> = files.iter().map(|it| it.0.to_owned()).chain(sources).collect();
    // If Git fails, `check` says why; the files are written all the same.
    for ignored in ignored::ask(&git, &all).unwrap_or_default() {
        console.say(&format!(
            "note: {}; {}\n",
            plain::line(&ignored.message()),
            plain::line(&ignored.help())
        ));
    }
    Ok(())
}

/// The values of the flags, by path; all invalid ones are reported together.
fn of_flags(verb: &Init) -> anyhow::Result<BTreeMap<&'static str, String>> {
    let flags = [&verb.name, &verb.repository, &verb.branch, &verb.path, &verb.chat, &verb.email];
    let (mut given, mut wrong) = (BTreeMap::new(), String::new());
    for (field, value) in
        FIELDS.iter().zip(flags).filter_map(|(field, value)| Some((field, value.as_deref()?)))
    {
        match (field.check)(value) {
            Ok(value) => {
                given.insert(field.path, value);
            }
            Err(why) => {
                let _ = write!(wrong, "\n  --{}: {}", field.name, plain::line(&why.to_string()));
            }
        }
    }
    if !wrong.is_empty() {
        bail!("nothing was written:{wrong}");
    }
    Ok(given)
}

/// Fills in values from Git and the folder, and prints them; returns the fields that are left.
fn from_here(
    folder: &Path,
    given: &mut BTreeMap<&'static str, String>,
    console: &mut Console,
) -> anyhow::Result<Vec<&'static Field>> {
    let here = Here::look(folder)?;
    let has_branch = given.contains_key("spec.repository.branch");
    let known: [Option<Known>; 6] =
        [here.name, here.repository, here.branch, here.path, None, None];
    for (field, known) in
        FIELDS.iter().zip(known).filter_map(|(field, known)| Some((field, known?)))
    {
        if given.contains_key(field.path) {
            continue;
        }
        match (field.check)(&known.value) {
            Ok(value) => {
                console.say(&format!(
                    "{}: {} ({})\n",
                    field.name,
                    plain::line(&value),
                    plain::line(&known.from)
                ));
                given.insert(field.path, value);
            }
            Err(why) => console.say(&format!(
                "{} cannot be used in the spec: {}\n",
                plain::line(&known.from),
                plain::line(&why.to_string())
            )),
        }
    }
    let open: Vec<&Field> =
        FIELDS.iter().filter(|it| it.question.is_some() && !given.contains_key(it.path)).collect();
    if let Some(note) = here.branch_note.filter(|_| !has_branch) {
        console.say(&format!("note: {}\n", plain::line(&note)));
    }
    if open.iter().any(|it| it.name == "repository") {
        for note in here.notes {
            console.say(&format!("note: {}\n", plain::line(&note)));
        }
    }
    Ok(open)
}

/// Asks for the fields that are left; returns those that the user skipped.
fn ask_for(
    open: Vec<&'static Field>,
    given: &mut BTreeMap<&'static str, String>,
    console: &mut Console,
) -> anyhow::Result<Vec<&'static Field>> {
    if !open.is_empty() {
        console.say("Press Enter to skip a question.\n");
    }
    let mut left = Vec::new();
    for field in open {
        let question = field.question.unwrap_or(field.name);
        let answer =
            ask::ask(question, field.check, &mut io::stdin().lock(), &mut |it| console.say(it))?;
        match answer {
            Some(answer) => {
                given.insert(field.path, answer);
            }
            None => left.push(field),
        }
    }
    Ok(left)
}

fn pointer(path: &str) -> String {
    format!("/{}", path.replace('.', "/"))
}

fn leaf(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// The starter spec with the given values, which is checked before anything is written.
fn starter(given: &BTreeMap<&'static str, String>) -> anyhow::Result<String> {
    if given.is_empty() {
        return Ok(schema::STARTER.to_owned());
    }
    let is_below = given.get("spec.repository.path").is_some_and(|it| it != ".");
    let plain = if is_below {
        schema::STARTER.replacen(SUB_FOLDER[0], SUB_FOLDER[1], 1)
    } else {
        schema::STARTER.to_owned()
    };
    let document = Document::from_str(&plain).context("the starter spec is not YAML")?;
    let mut meant = Source::parse(PLATFORM, plain.as_str()).value;
    for (path, value) in given.iter().filter(|it| is_below || *it.0 != "spec.repository.path") {
        document
            .try_set_path(path, value.as_str())
            .with_context(|| format!("cannot set `{path}`"))?;
        if let Some(target) = meant.pointer_mut(&pointer(path)) {
            *target = Value::String(value.clone());
        }
    }
    let source = Source::parse(PLATFORM, document.to_string());
    if source.value != meant {
        bail!(
            "cannot set these values in the starter spec; run `espalier init` without them and \
             write them into {PLATFORM}"
        );
    }
    let text = source.text.clone();
    let sources = Sources { texts: BTreeMap::from([(Arc::from(PLATFORM), source)]) };
    let findings = compile::platform(&sources).diagnostics;
    if findings.has_errors() {
        bail!(
            "with these values the spec would have errors, so nothing was written\n{}",
            report::short(&findings, &sources.texts).trim_end()
        );
    }
    Ok(text)
}

/// The files that Git reads, completed with the lines that they lack.
fn of_git(disk: &dyn Disk, folder: &Path) -> anyhow::Result<Vec<(&'static str, String)>> {
    let mut edits = Vec::new();
    for (name, lines) in GIT {
        let old = read(disk, &folder.join(name))?;
        let missing: Vec<&str> = lines
            .iter()
            .copied()
            .filter(|line| !old.lines().any(|it| it.trim() == *line))
            .collect();
        if !missing.is_empty() {
            let gap = if old.is_empty() || old.ends_with('\n') { "" } else { "\n" };
            edits.push((name, format!("{old}{gap}{}\n", missing.join("\n"))));
        }
    }
    Ok(edits)
}

/// The text of a file; empty if there is none.
fn read(disk: &dyn Disk, path: &Path) -> anyhow::Result<String> {
    let context = || format!("cannot read {}", path.display());
    let mut bytes = Vec::new();
    match disk.look(path).with_context(context)? {
        None => return Ok(String::new()),
        Some((EntryKind::File, size)) => disk
            .read(path, usize::try_from(size)?.saturating_add(1), &mut bytes)
            .with_context(context)?,
        Some((kind, _)) => bail!("{} has to be a file, but is {}", path.display(), kind.noun()),
    }
    String::from_utf8(bytes).with_context(context)
}
