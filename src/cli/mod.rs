//! The command line and everything that touches disk, environment, clock, threads and streams.

pub mod args;
mod attributes;
pub mod besides;
pub mod check;
pub mod clock;
pub mod codes;
pub mod complete;
pub mod console;
pub mod diff;
pub mod disk;
pub mod drift;
pub mod fields;
pub mod findings;
pub mod fold;
pub mod git;
mod git_disk;
pub mod handover;
pub mod ignored;
pub mod imprint;
pub mod index;
pub mod init;
pub mod kubectl;
pub mod lock;
pub mod models;
pub mod moved;
pub mod names;
pub mod outcome;
mod owned;
pub mod pages;
mod path_index;
pub mod pipeline;
pub mod release;
pub mod render;
pub mod repository;
pub mod root;
pub mod seal;
pub mod session;
pub mod shell;
pub mod show;
pub mod sources;
pub mod stage;
pub mod stamp;
pub mod table;
mod texts;
pub mod tree;
pub mod words;
pub mod workspace;

use std::{
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
};

use anyhow::bail;
use clap::ValueEnum as _;

use args::{Args, Deny, Side, Verb};
use console::Console;
use disk::{Disk, RealDisk};
use lock::Lock;
use outcome::Outcome;
use render::Begun;
use session::Session;
use sources::{Input, Work};

use crate::platform::files::PLATFORM;

/// Runs the program: arguments in, exit code out.
pub fn main() -> ExitCode {
    match complete::answer() {
        Ok(false) => {}
        Ok(true) => return ExitCode::SUCCESS,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(2);
        }
    }
    let args = match words::read() {
        Ok(args) => args,
        Err(error) => {
            // Help goes to stdout, usage errors to stderr; a closed stream is ignored.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
        }
    };
    let mut console = Console::new(args.format, args.color, args.deny == Some(Deny::Warnings));
    let done = run(&RealDisk, &args, &mut console);
    let done = match done {
        Ok(outcome) => console.finish().map(|()| outcome),
        Err(error) => {
            console.trouble(&error);
            let _ = console.finish();
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            // Not `eprintln!`, which panics when stderr is gone too.
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Runs one command.
///
/// # Errors
/// When a file or program cannot be used, or the arguments are wrong.
pub fn run(disk: &dyn Disk, args: &Args, console: &mut Console) -> anyhow::Result<Outcome> {
    let formats = args.verb.formats();
    if !formats.contains(&args.format) {
        let name = |format: &args::Format| {
            format.to_possible_value().map_or_else(String::new, |it| it.get_name().to_owned())
        };
        let all: Vec<String> = formats.iter().map(name).collect();
        bail!(
            "`espalier {}` has no format `{}`, but {}",
            args.verb.name(),
            name(&args.format),
            all.join(", ")
        );
    }
    let session = |work| Session { disk, work, threads: args.threads };
    match &args.verb {
        Verb::Init(verb) => {
            let folder = verb.folder.as_deref().or(args.root.as_deref()).unwrap_or(Path::new("."));
            init::run(disk, folder, verb, console)
        }
        Verb::Schema { of } => pages::schema(*of, console),
        Verb::Explain { code } => pages::explain(code.as_deref(), console),
        Verb::Completions { shell } => pages::completions(*shell, console),
        Verb::Render(verb) => {
            // Taken before the spec is read: what changes meanwhile has to be seen.
            let root = root::find(args.root.as_deref(), args.spec.is_none())?;
            let is_own_spec = args.spec.is_none() && disk.look(&root.join(PLATFORM))?.is_some();
            let begun = is_own_spec.then(|| Begun::at(disk, &root, true)).transpose()?;
            let work = work(disk, args)?;
            let begun = begun.map_or_else(|| Begun::at(disk, &work.root, false), Ok)?;
            render::run(session(&work), begun, verb, console)
        }
        Verb::Check { now } => {
            check::run(session(&work(disk, args)?), now.unwrap_or_else(clock::now), console)
        }
        Verb::Release(verb) => {
            release::run(session(&work(disk, args)?), clock::now(), verb, console)
        }
        Verb::Seal(verb) => {
            if verb.from_stdin.is_some()
                && args.spec.as_ref().is_some_and(|it| it.as_os_str() == "-")
            {
                bail!("the spec and a value cannot both come from stdin");
            }
            // Taken before the spec is read: what another process seals meanwhile would be lost.
            let lock = verb
                .writes()
                .then(|| {
                    root::find(args.root.as_deref(), args.spec.is_none())
                        .and_then(|it| Lock::take(&it))
                })
                .transpose()?;
            let done = seal::run(session(&work(disk, args)?), verb, console);
            drop(lock);
            done
        }
        Verb::Workspace(verb) => {
            if args.spec.is_some() {
                bail!("`workspace` works on spec/platform.yaml: leave `--spec` out");
            }
            let root = root::find(args.root.as_deref(), true)?;
            let lock = verb.verb.writes().then(|| Lock::take(&root)).transpose()?;
            let done = workspace::run(disk, &root, args.threads, verb, console);
            drop(lock);
            done
        }
        Verb::Diff(verb) => diff::run(session(&work(disk, args)?), verb, console),
        Verb::Show { side, workspace_models: Some(_), .. } if *side != Some(Side::Budget) => {
            bail!("only `espalier show budget` takes `--workspace-models`")
        }
        Verb::Show { side: Some(Side::Models), patterns, .. } => {
            // The catalogue can be shown before there is a spec.
            let here = args.root.is_some() || args.spec.is_some() || root::find(None, true).is_ok();
            models::run(here.then(|| work(disk, args)).transpose()?.as_ref(), patterns, console)
        }
        Verb::Show { side, patterns, workspace_models } => {
            if let Some(pattern) = patterns.first() {
                bail!(
                    "`{pattern}` is a word too many: only `espalier show models` takes \
                       patterns"
                );
            }
            let models = workspace_models.as_deref();
            show::run(session(&work(disk, args)?), *side, models, console)
        }
    }
}

fn work(disk: &dyn Disk, args: &Args) -> anyhow::Result<Work> {
    let root = root::find(args.root.as_deref(), args.spec.is_none())?;
    match &args.spec {
        None => Work::read(disk, &root, Input::Root),
        Some(spec) if spec.as_os_str() == "-" => {
            Work::read(disk, &root, Input::Stream("<stdin>", &mut io::stdin().lock()))
        }
        Some(spec) => Work::read(disk, &root, Input::File(spec)),
    }
}
