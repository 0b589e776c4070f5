//! Shell completion of values that depend on the platform: codes, credentials, models, revisions,
//! remotes.

#![expect(
    clippy::disallowed_methods,
    reason = "a shell asks for a word here, before the command line is read"
)]

use std::{
    env,
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
};

use clap_complete::{
    CompleteEnv, Shell,
    engine::{ArgValueCompleter, CompletionCandidate},
    env::Shells,
};

use crate::{
    cli::{
        codes,
        disk::RealDisk,
        git::Git,
        root,
        seal::plaintext,
        sources::{Input, Work, read_source},
        words,
        workspace::fields,
    },
    compile,
    facts::models::{self, families::FAMILIES},
    sealing,
};

/// The variable with which the script of a shell asks for completions.
const VARIABLE: &str = "ESPALIER_COMPLETE";

/// Answers a shell that asks for completions. Returns false if this is not such a call.
///
/// # Errors
/// When the shell is unknown, or stdout cannot be written.
pub fn answer() -> Result<bool, clap::Error> {
    let here = env::current_dir().ok();
    CompleteEnv::with_factory(asked).var(VARIABLE).try_complete(env::args_os(), here.as_deref())
}

/// The command line to complete: after a flag of `seal`, its subcommands are not allowed, so they
/// are not offered.
fn asked() -> clap::Command {
    let words: Vec<String> = env::args_os()
        .skip_while(|it| it != "seal")
        .map(|it| it.to_string_lossy().into_owned())
        .collect();
    let has = |flag: &str| {
        words
            .iter()
            .any(|word| word.strip_prefix("--").and_then(|it| it.split('=').next()) == Some(flag))
    };
    let command = completed(words::command());
    let is_flagged = command.find_subcommand("seal").is_some_and(|seal| {
        let own = seal.get_arguments().filter(|it| !it.is_global_set());
        own.filter_map(clap::Arg::get_long).any(has)
    });
    if !is_flagged {
        return command;
    }
    command.mut_subcommand("seal", |seal| {
        seal.disable_help_subcommand(true).mut_subcommand("init", |it| it.hide(true))
    })
}

/// Adds the values that are looked up while a command line is completed.
fn completed(command: clap::Command) -> clap::Command {
    type Candidates = fn(&OsStr) -> Vec<CompletionCandidate>;
    let arguments: [(&str, &str, Candidates); 5] = [
        ("show", "patterns", models),
        ("explain", "code", codes),
        ("diff", "base", revisions),
        ("release", "remote", remotes),
        ("seal", "credential", credentials),
    ];
    let command = arguments.into_iter().fold(command, |command, (verb, argument, candidates)| {
        command.mut_subcommand(verb, |verb| {
            verb.mut_arg(argument, |it| it.add(ArgValueCompleter::new(candidates)))
        })
    });
    let of_workspaces: [(&str, &str, Candidates); 11] = [
        ("show", "name", workspaces),
        ("update", "name", workspaces),
        ("suspend", "name", workspaces),
        ("resume", "name", workspaces),
        ("delete", "name", workspaces),
        ("create", "model", names_of_models),
        ("update", "add_model", names_of_models),
        ("update", "remove_model", names_of_models),
        ("create", "set", fields),
        ("update", "set", fields),
        ("update", "unset", fields),
    ];
    command.mut_subcommand("workspace", |command| {
        of_workspaces.into_iter().fold(command, |command, (verb, argument, candidates)| {
            command.mut_subcommand(verb, |verb| {
                verb.mut_arg(argument, |it| it.add(ArgValueCompleter::new(candidates)))
            })
        })
    })
}

/// The script with which a shell asks for completions.
///
/// # Errors
/// When the shell is unknown.
pub fn script(shell: Shell) -> io::Result<Vec<u8>> {
    let shells = Shells::builtins();
    let completer = shells.completer(&shell.to_string()).ok_or(io::ErrorKind::Unsupported)?;
    let mut script = Vec::new();
    completer.write_registration(VARIABLE, "espalier", "espalier", "espalier", &mut script)?;
    Ok(script)
}

/// The codes of findings.
pub fn codes(current: &OsStr) -> Vec<CompletionCandidate> {
    matching(current, codes::all().map(|it| (it.name.to_owned(), Some(it.title().to_owned()))))
}

/// The credentials that the platform needs.
pub fn credentials(current: &OsStr) -> Vec<CompletionCandidate> {
    let all = || {
        let work = Work::read(&RealDisk, &here()?, Input::Root).ok()?;
        let plan = compile::platform(&work.sources).plan?;
        let keys = |need: &sealing::NeededCredential| {
            need.declared.keys.iter().map(plaintext::described).collect::<Vec<_>>().join(", ")
        };
        Some(
            sealing::needs(&plan)
                .iter()
                .map(|it| (it.declared.name.to_owned(), Some(keys(it))))
                .collect::<Vec<_>>(),
        )
    };
    matching(current, all().unwrap_or_default())
}

/// The workspaces of the platform.
pub fn workspaces(current: &OsStr) -> Vec<CompletionCandidate> {
    let all = || {
        let root = here()?;
        let work = Work::read(&RealDisk, &root, Input::Root).ok()?;
        let named = work.tenants.iter().filter_map(|file| {
            let source = read_source(&RealDisk, &root, file).ok()??.ok()?;
            Some((source.value.pointer("/spec/workspaceName")?.as_str()?.to_owned(), None))
        });
        Some(named.collect::<Vec<_>>())
    };
    matching(current, all().unwrap_or_default())
}

/// The fields of a workspace that `--set` takes.
pub fn fields(current: &OsStr) -> Vec<CompletionCandidate> {
    matching(current, fields::all().into_iter().map(|it| (it, None)))
}

/// Families of models after `show models`; once there is a colon, their tags.
pub fn models(current: &OsStr) -> Vec<CompletionCandidate> {
    if env::args_os().any(|it| it == "models") { names_of_models(current) } else { Vec::new() }
}

/// Families of models; once there is a colon, their tags.
pub fn names_of_models(current: &OsStr) -> Vec<CompletionCandidate> {
    if current.to_string_lossy().contains(':') {
        return matching(current, models::names().map(|it| (it, None)));
    }
    matching(current, FAMILIES.iter().map(|it| (it.name.to_owned(), None)))
}

/// The branches and tags of this clone and of its remotes.
pub fn revisions(current: &OsStr) -> Vec<CompletionCandidate> {
    let words =
        ["for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/remotes", "refs/tags"];
    matching(current, ["HEAD".to_owned()].into_iter().chain(git(&words)).map(|it| (it, None)))
}

/// The remotes of this clone.
pub fn remotes(current: &OsStr) -> Vec<CompletionCandidate> {
    matching(current, git(&["remote"]).into_iter().map(|it| (it, None)))
}

fn git(words: &[&str]) -> Vec<String> {
    let said = here().and_then(|it| Git::of(&it).ok()).and_then(|it| it.says(words).ok());
    said.unwrap_or_default().lines().map(ToOwned::to_owned).collect()
}

/// The root for the command on the prompt: its `--root`, else the nearest one.
fn here() -> Option<PathBuf> {
    let words: Vec<_> = env::args_os().collect();
    let after =
        |(at, word): (usize, &std::ffi::OsString)| match word.to_str()?.strip_prefix("--root")? {
            "" => words.get(at + 1).map(PathBuf::from),
            rest => rest.strip_prefix('=').map(PathBuf::from),
        };
    let named = words.iter().enumerate().find_map(after);
    root::find(named.as_deref().map(Path::new), true).ok()
}

/// The values that start with what was typed. The name of a branch may come from an attacker, and a
/// shell executes what it completes, so names with characters special to a shell are left out.
fn matching(
    current: &OsStr,
    all: impl IntoIterator<Item = (String, Option<String>)>,
) -> Vec<CompletionCandidate> {
    let typed = current.to_string_lossy();
    let is_harmless = |text: &str| {
        text.chars().all(|it| it.is_ascii_alphanumeric() || "-_./@+:".contains(it))
            && !text.starts_with('-')
    };
    let fits = all.into_iter().filter(|(word, _)| word.starts_with(&*typed) && is_harmless(word));
    fits.map(|(word, help)| CompletionCandidate::new(word).help(help.map(Into::into))).collect()
}
