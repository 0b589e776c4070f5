//! Findings that only the driver can make: those about files, each with its code and a fix.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    cli::{shell::quoted, stage::STAGE, tree::Verdict},
    diag::{
        code::{MERGE_CONFLICT, codes},
        diagnostic::{Diagnostic, Diagnostics, Place},
        suggest,
    },
};

codes! {
    /// A file in an owned folder that Espalier did not generate.
    error FOREIGN_FILE = "foreign-file";
    /// Something else is at the path of a generated file.
    error PATH_OCCUPIED = "path-occupied";
    /// Two objects would be written to one path.
    error PATH_TWICE = "path-twice";
    /// A plain Secret in an owned folder.
    error PLAIN_SECRET = "plain-secret";
    /// A generated file that the spec no longer makes.
    error FILE_STRAY = "file-stray";
    /// A generated file has other bytes than the spec makes.
    error FILE_CHANGED = "file-changed";
    /// A generated file is not there.
    either FILE_MISSING = "file-missing";
    /// Git ignores a file that the platform needs.
    warning FILE_IGNORED = "file-ignored";
    /// Git changes a generated file's bytes.
    warning FILE_CONVERTED = "file-converted";
    /// Git has a different version of a file, and was told to ignore changes to it.
    error FILE_HIDDEN = "file-hidden";
    /// A generated file with another file mode.
    warning FILE_MODE = "file-mode";
    /// Git could not be asked.
    either REPOSITORY_NOT_ASKED = "repository-not-asked";
    /// The path in the spec differs from the path of the tree in its repository.
    error REPOSITORY_PATH = "repository-path";
    /// The repository does not have the branch in the spec.
    error REPOSITORY_BRANCH = "repository-branch";
    /// A file in `spec/` that nothing reads.
    warning FILE_NOT_READ = "file-not-read";
    /// An object that another Application makes from now on.
    either OBJECT_MOVED = "object-moved";
    /// Objects that Argo CD deletes with their data.
    either DATA_DELETED = "data-deleted";
    /// Objects with data that stay in the cluster, and that nobody manages any more.
    warning DATA_LEFT_BEHIND = "data-left-behind";
    /// A render that was stopped before it had moved every file into place.
    warning RENDER_INTERRUPTED = "render-interrupted";
    /// A source that is outside of the root, or not a file.
    error SOURCE_OUTSIDE = "source-outside";
}

/// Something that prevents generated files from being written.
#[derive(Debug)]
pub enum Obstacle {
    /// Two objects claim this path.
    Twice(String),
    /// Something else is at the path of a file, or of a folder that it needs.
    Taken {
        /// What is there.
        what: &'static str,
        /// The path.
        by: String,
        /// The file that is needed.
        path: String,
    },
}

/// What prevents a file from being written, if anything does.
pub fn obstacle(path: &str, verdict: Verdict) -> Option<Obstacle> {
    match verdict {
        Verdict::Same | Verdict::New | Verdict::Changed | Verdict::Conflict => None,
        Verdict::Again => Some(Obstacle::Twice(path.to_owned())),
        Verdict::Taken(by, what) => Some(Obstacle::Taken { what, by, path: path.to_owned() }),
    }
}

impl Obstacle {
    /// The path that the finding is about.
    fn at(&self) -> &str {
        match self {
            Self::Twice(path) => path,
            Self::Taken { by, .. } => by,
        }
    }

    /// One finding for all obstacles at one path.
    fn finding(&self, number: usize) -> Diagnostic {
        match self {
            Self::Twice(path) => PATH_TWICE
                .at(file(path), format!("two objects would be written to `{path}`"))
                .help("give one of them another name in the spec"),
            Self::Taken { what, by, path } => {
                let needed = match number {
                    1 if by == path => "needed for a generated file".to_owned(),
                    1 => format!("needed as a folder for `{path}`"),
                    _ => format!("needed as a folder for {number} generated files"),
                };
                PATH_OCCUPIED.at(file(by), format!("`{by}` is {needed}, but {what} is there")).help(
                    format!(
                        "look at `{by}`, move it away or delete it, then run `espalier render`"
                    ),
                )
            }
        }
    }
}

/// Adds the obstacles to the other findings. If two objects claim a path, a rule has usually
/// reported that more clearly (two workspaces with one name), and this would repeat it for each of
/// their files.
pub fn settle(findings: &mut Diagnostics, obstacles: Vec<Obstacle>) {
    let is_known = findings.has_errors();
    let mut places: BTreeMap<String, (Obstacle, usize)> = BTreeMap::new();
    for obstacle in
        obstacles.into_iter().filter(|it| !(is_known && matches!(it, Obstacle::Twice(_))))
    {
        match places.get_mut(obstacle.at()) {
            Some((_, number)) => *number += 1,
            None => drop(places.insert(obstacle.at().to_owned(), (obstacle, 1))),
        }
    }
    findings.extend(places.into_values().map(|(place, number)| place.finding(number)));
}

/// A file in the owned folders that Espalier did not generate. This is an error, and nothing is
/// written: the tree contains only what the spec makes.
pub fn foreign(path: &str) -> Diagnostic {
    FOREIGN_FILE.at(
        file(path),
        format!("`{path}` was not generated by espalier, and Argo CD reads this folder"),
    )
    .help(
        "move it out of the generated folders or delete it, then run `espalier render`; espalier \
         does not check what the file would do",
    )
}

/// An entry in Git that is not a generated file, whatever is on the disk.
pub fn entry(path: &str, what: &str, help: &str) -> Diagnostic {
    FOREIGN_FILE
        .at(file(path), format!("`{path}` {what}, and Argo CD reads what is in Git"))
        .help(help)
}

/// A generated file that has another mode in Git.
pub fn mode(path: &str) -> Diagnostic {
    FILE_MODE
        .at(
            file(path),
            format!(
                "`{path}` is executable in Git (mode 100755), which this generated file should not \
                 be"
            ),
        )
        .help(
            "run `chmod -x` and `git update-index --chmod=-x` on it: `espalier render` does \
           neither",
        )
}

/// A generated file of which Git has a different version, and was told by a mark to ignore changes.
pub fn hidden(path: &str, mark: &str) -> Diagnostic {
    let message = format!(
        "Git has a different version of `{path}`, and was told to ignore changes to the file \
         ({mark})"
    );
    FILE_HIDDEN
        .at(file(path), message)
        .help(format!(
            "`git update-index --no-{mark} {}` removes that mark; then `git add` and commit the \
             file",
            quoted(path)
        ))
        .note("Argo CD reads what is in Git")
}

/// An empty folder, which Git does not store.
pub fn empty(path: &str) -> Diagnostic {
    FILE_STRAY
        .at(file(path), format!("`{path}` is an empty folder, which Git cannot store"))
        .help(RENDER)
}

/// A file in the owned folders that contains a plain Secret.
pub fn plain_secret(path: &str) -> Diagnostic {
    PLAIN_SECRET.at(
        file(path),
        format!(
            "`{path}` contains a plain Secret: everyone who can read the repository knows its \
             values"
        ),
    )
    .help(
        "remove it and change its values wherever they are used, because Git keeps the old ones; \
         `espalier seal` seals what the platform needs",
    )
}

/// A generated file that the spec no longer makes.
pub fn stray(path: &str) -> Diagnostic {
    FILE_STRAY.at(file(path), format!("the spec no longer makes `{path}`")).help(RENDER)
}

/// A generated file with other bytes.
pub fn changed(path: &str) -> Diagnostic {
    FILE_CHANGED.at(file(path), format!("`{path}` differs from what the spec makes")).help(RENDER)
}

/// A generated file with both sides of a merge in it.
pub fn conflict(path: &str) -> Diagnostic {
    let message = format!("the generated file `{path}` has an unresolved merge conflict");
    MERGE_CONFLICT.at(file(path), message).help(format!(
        "resolve the conflicts in `spec/`; then `espalier render` rewrites this file, and `git \
         add {path}` marks the file as resolved"
    ))
}

/// Generated files that differ only in their line breaks.
pub fn endings(first: &str, files: usize) -> Diagnostic {
    let others = if files > 1 { format!(" and {} more", files - 1) } else { String::new() };
    FILE_CHANGED.at(file(first), format!("only line endings differ: {first}{others}")).help(ENDINGS)
}

/// Why line endings differ, and what to do about it.
pub const ENDINGS: &str = "Git checked out other line endings than are committed (`core.autocrlf`): the lines that \
     `espalier init` adds to `.gitattributes` prevent that, and `espalier render` corrects these \
     files";

/// A generated file that is not there.
pub fn missing(path: &str) -> Diagnostic {
    FILE_MISSING.error_at(file(path), format!("`{path}` is missing")).help(RENDER)
}

/// Generated files that are not in Git, although others are.
pub fn left_out(first: &str, files: usize) -> Diagnostic {
    let others = if files > 1 { format!(" and {} more", files - 1) } else { String::new() };
    let message = format!("not in Git, although other generated files are: {first}{others}");
    FILE_MISSING.warning_at(file(first), message).help(
        "run `git add apps bootstrap out spec` and commit: to Argo CD, a file that is not in Git \
         is an object to delete",
    )
}

/// A render that was stopped before it had moved every file into place.
pub fn interrupted() -> Diagnostic {
    RENDER_INTERRUPTED
        .at(Place::File(STAGE.into()), "the last `espalier render` was interrupted")
        .help("run `espalier render`, which completes the tree; commit nothing before")
        .note("each file is whole, and is either the one from before or the new one")
}

/// A file in `spec/workspaces/` or `spec/secrets/` that is not read because of its name.
pub fn not_read(path: &str) -> Diagnostic {
    let message = format!("`{path}` is not read: only files whose name ends in `.yaml` are");
    FILE_NOT_READ.at(file(path), message).help("rename it, or move it out of `spec/`")
}

/// A file or folder in `spec/` that nothing reads; `read` are the names that are read.
pub fn not_read_in_spec(path: &str, read: &[&str]) -> Diagnostic {
    let finding = FILE_NOT_READ.at(
        file(path),
        format!("`{path}` is not read: nothing with that name is expected in `spec/`"),
    );
    let meant = |text: &&&str| text.split('.').next() == path.split('.').next();
    let near =
        read.iter().find(meant).copied().or_else(|| suggest::nearest(path, read.iter().copied()));
    finding.help(match near {
        Some(near) => format!("did you mean `{near}`? rename it, or move it out of `spec/`"),
        None => format!(
            "the expected names are {}; move it out of `spec/`",
            read.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ")
        ),
    })
}

/// A source that is not read, because it is a symbolic link that leads elsewhere.
pub fn outside(path: &str, what: &str) -> Diagnostic {
    SOURCE_OUTSIDE.at(file(path), format!("`{path}` {what}")).help(
        "put the file itself there: a file outside of the root is not in the repository, so \
         others would not have the file",
    )
}

/// A source that is a folder or a pipe instead of a file, or a file instead of a folder.
pub fn of_another_kind(path: &str, what: &str, needed: &str) -> Diagnostic {
    SOURCE_OUTSIDE
        .at(file(path), format!("`{path}` has to be a {needed}, but is {what}"))
        .help(format!("move what is there out of `spec/`, and put the {needed} in its place"))
}

const RENDER: &str =
    "run `espalier render` and commit what it writes; edit `spec/`, never the generated files";

fn file(path: &str) -> Place {
    Place::File(Arc::from(path))
}
