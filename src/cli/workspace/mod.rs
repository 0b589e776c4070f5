//! `workspace`: creates, lists, shows, changes and deletes workspaces in their files.

pub mod administrator;
pub mod adopt;
pub mod args;
pub mod change;
pub mod create;
pub mod database;
pub mod delete;
pub mod edit;
pub mod fields;
pub mod overlay;
pub mod row;
pub mod site;
pub mod update;
pub mod view;

use std::{num::NonZero, path::Path};

use crate::cli::{console::Console, disk::Disk, outcome::Outcome};
use args::{WorkspaceArgs, WorkspaceVerb};
use change::Change;
use edit::Edit;
use site::Site;

/// Runs the verb.
///
/// # Errors
/// When a file cannot be read or written, or the arguments are wrong.
pub fn run(
    disk: &dyn Disk,
    root: &Path,
    threads: Option<NonZero<usize>>,
    verb: &WorkspaceArgs,
    console: &mut Console,
) -> anyhow::Result<Outcome> {
    let site = Site { disk, root, threads };
    match &verb.verb {
        WorkspaceVerb::Create(args) => create::run(&site, args, console),
        WorkspaceVerb::Adopt(args) => adopt::run(&site, args, console),
        WorkspaceVerb::List => view::list(&site, console),
        WorkspaceVerb::Show(args) => view::show(&site, &args.name, console),
        WorkspaceVerb::Update(args) => update::run(&site, args, console),
        WorkspaceVerb::Suspend(args) => suspend(&site, &args.name, true, console),
        WorkspaceVerb::Resume(args) => suspend(&site, &args.name, false, console),
        WorkspaceVerb::Delete(args) => delete::run(&site, args, console),
    }
}

/// Stops the pods of a workspace, or starts them again.
fn suspend(
    site: &Site<'_>,
    name: &str,
    stops: bool,
    console: &mut Console,
) -> anyhow::Result<Outcome> {
    let source = site.find(name)?;
    let is_stopped = source.value.pointer("/spec/suspend").is_some_and(|it| *it == true);
    if is_stopped == stops {
        let state = if stops { "already suspended" } else { "not suspended" };
        console.say(&format!("`{name}` is {state}; nothing was changed\n"));
        return Ok(Outcome::Clean);
    }
    let edit = if stops { Edit::set(&["suspend"], true) } else { Edit::unset(&["suspend"]) };
    let verb = if stops { "Suspend" } else { "Resume" };
    let change = Change {
        file: source.file.clone(),
        text: Some(edit::changed(&source, &[edit])?),
        old: Some(source),
        is_strict: !stops,
        subject: format!("{verb} workspace {name}"),
    };
    change.run(site, "espalier render", console)
}
