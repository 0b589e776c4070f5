//! What only the driver can find: things about files, each with its code and what to do.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    cli::{shell::quoted, tree::Verdict},
    diag::{
        code::MERGE_CONFLICT,
        diagnostic::{Diagnostic, Diagnostics, Place},
        suggest,
    },
};

/// A file in an owned folder that espalier did not generate.
pub const FOREIGN_FILE: &str = "foreign-file";
/// A path that a generated file needs holds something else.
pub const PATH_OCCUPIED: &str = "path-occupied";
/// Two objects would be written to one path.
pub const PATH_TWICE: &str = "path-twice";
/// A plain Secret in an owned folder.
pub const PLAIN_SECRET: &str = "plain-secret";
/// A generated file that the spec no longer makes.
pub const FILE_STRAY: &str = "file-stray";
/// A generated file has other bytes than the spec makes.
pub const FILE_CHANGED: &str = "file-changed";
/// A generated file is not there.
pub const FILE_MISSING: &str = "file-missing";
/// Git leaves out what the platform needs.
pub const FILE_IGNORED: &str = "file-ignored";
/// Git changes a generated file's bytes.
pub const FILE_CONVERTED: &str = "file-converted";
/// Git has another file than lies here, and was told not to look at it.
pub const FILE_HIDDEN: &str = "file-hidden";
/// A generated file under another mode.
pub const FILE_MODE: &str = "file-mode";
/// Git could not be asked.
pub const REPOSITORY_NOT_ASKED: &str = "repository-not-asked";
/// The spec's path in the repository is another than the tree's.
pub const REPOSITORY_PATH: &str = "repository-path";
/// The spec's branch is none of the repository's.
pub const REPOSITORY_BRANCH: &str = "repository-branch";
/// A file beside the sources that nothing reads.
pub const FILE_NOT_READ: &str = "file-not-read";
/// A source that leads out of the root, or is no file.
pub const SOURCE_OUTSIDE: &str = "source-outside";

/// What stands in the way of generated files: where, what it is, for what; and of how many more.
#[derive(Debug)]
pub enum Obstacle {
    /// Two objects claim this path.
    Twice(String),
    /// Something lies at a path that a file needs, or needs as a folder.
    Taken {
        /// What lies there.
        what: &'static str,
        /// The path.
        by: String,
        /// The file that is needed.
        path: String,
    },
}

/// What stands in the way of a file, where something does.
pub fn obstacle(path: &str, verdict: Verdict) -> Option<Obstacle> {
    match verdict {
        Verdict::Same | Verdict::New | Verdict::Changed | Verdict::Conflict => None,
        Verdict::Again => Some(Obstacle::Twice(path.to_owned())),
        Verdict::Taken(by, what) => Some(Obstacle::Taken { what, by, path: path.to_owned() }),
    }
}

impl Obstacle {
    /// What the same finding is about.
    fn at(&self) -> &str {
        match self {
            Self::Twice(path) => path,
            Self::Taken { by, .. } => by,
        }
    }

    /// The finding for all that are at one place.
    fn finding(&self, number: usize) -> Diagnostic {
        match self {
            Self::Twice(path) => Diagnostic::error(
                PATH_TWICE,
                file(path),
                format!("two objects would be written to `{path}`"),
            )
            .help("give one of them another name in the spec"),
            Self::Taken { what, by, path } => {
                let needed = match number {
                    1 if by == path => "needed for a generated file".to_owned(),
                    1 => format!("needed as a folder for `{path}`"),
                    _ => format!("needed as a folder for {number} generated files"),
                };
                Diagnostic::error(
                    PATH_OCCUPIED,
                    file(by),
                    format!("`{by}` is {needed}, and {what} is there"),
                )
                .help(format!(
                    "look at `{by}`, move it away or delete it, then run `espalier render`"
                ))
            }
        }
    }
}

/// Adds what stands in the way of files to what was found before. Where two objects claim a path, a
/// rule has mostly said so in better words (two workspaces of one name), and this would say it once
/// more for each of their files.
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

/// A stray that is not ours. An error, and nothing is written: the tree is what the spec makes, or
/// it is told.
pub fn foreign(path: &str) -> Diagnostic {
    Diagnostic::error(
        FOREIGN_FILE,
        file(path),
        format!("`{path}` was not generated by espalier, and Argo CD reads this folder"),
    )
    .help(
        "move it out of the generated folders or delete it, then run `espalier render`; nothing \
         here checks what it would do",
    )
}

/// An entry of Git's that is no generated file, whatever the disk shows.
pub fn entry(path: &str, what: &str, help: &str) -> Diagnostic {
    Diagnostic::error(
        FOREIGN_FILE,
        file(path),
        format!("`{path}` {what}, and Argo CD reads what Git has"),
    )
    .help(help)
}

/// A generated file that Git has under another mode.
pub fn mode(path: &str) -> Diagnostic {
    Diagnostic::warning(
        FILE_MODE,
        file(path),
        format!("`{path}` is a program to Git (mode 100755), and a generated file is none"),
    )
    .help("`chmod -x` it, and `git update-index --chmod=-x` it: `espalier render` changes neither")
}

/// A generated file of which Git has other bytes, and was told not to look at ours by a mark.
pub fn hidden(path: &str, mark: &str) -> Diagnostic {
    let message =
        format!("Git has other bytes of `{path}`, and was told not to look at the file ({mark})");
    Diagnostic::error(FILE_HIDDEN, file(path), message)
        .help(format!(
            "`git update-index --no-{mark} {}` takes the mark away; then `git add` and commit it",
            quoted(path)
        ))
        .note("Argo CD reads what Git has")
}

/// A folder with nothing in it, which Git does not keep.
pub fn empty(path: &str) -> Diagnostic {
    Diagnostic::error(
        FILE_STRAY,
        file(path),
        format!("`{path}` is an empty folder, and no commit holds one"),
    )
    .help(RENDER)
}

/// A stray that holds a value in the open.
pub fn plain_secret(path: &str) -> Diagnostic {
    Diagnostic::error(
        PLAIN_SECRET,
        file(path),
        format!("`{path}` holds a plain Secret: whoever can read the repository knows its values"),
    )
    .help(
        "take it out and change its values where they are used: Git keeps them; `espalier seal` \
         seals what the platform needs",
    )
}

/// A generated file that the spec no longer makes.
pub fn stray(path: &str) -> Diagnostic {
    Diagnostic::error(FILE_STRAY, file(path), format!("`{path}` is not made by the spec any more"))
        .help(RENDER)
}

/// A generated file with other bytes.
pub fn changed(path: &str) -> Diagnostic {
    Diagnostic::error(
        FILE_CHANGED,
        file(path),
        format!("`{path}` differs from what the spec makes"),
    )
    .help(RENDER)
}

/// A generated file with both sides of a merge in it.
pub fn conflict(path: &str) -> Diagnostic {
    let message = format!("a merge conflict is not solved in `{path}`, which is generated");
    Diagnostic::error(MERGE_CONFLICT, file(path), message).help(format!(
        "solve those in `spec/`; then `espalier render` writes it anew, and `git add {path}` marks \
         it solved"
    ))
}

/// Generated files that are right but for their line breaks.
pub fn endings(first: &str, files: usize) -> Diagnostic {
    let others = if files > 1 { format!(" and {} more", files - 1) } else { String::new() };
    Diagnostic::error(
        FILE_CHANGED,
        file(first),
        format!("only line endings differ: {first}{others}"),
    )
    .help(ENDINGS)
}

/// What makes line endings differ, and what to do about it.
pub const ENDINGS: &str = "Git wrote other line endings than are committed (`core.autocrlf`): the lines that `espalier \
     init` writes to `.gitattributes` keep it from that, and `espalier render` puts these files \
     right";

/// A generated file that is not there.
pub fn missing(path: &str) -> Diagnostic {
    Diagnostic::error(FILE_MISSING, file(path), format!("`{path}` is missing")).help(RENDER)
}

/// Generated files that the disk has, and Git has not, though it has others.
pub fn left_out(first: &str, files: usize) -> Diagnostic {
    let others = if files > 1 { format!(" and {} more", files - 1) } else { String::new() };
    let message = format!("not in Git, which has other generated files: {first}{others}");
    Diagnostic::warning(FILE_MISSING, file(first), message).help(
        "`git add apps bootstrap out spec` and commit: to Argo CD a file that Git does not have is \
         one to delete",
    )
}

/// A file in `spec/workspaces/` or `spec/secrets/` with a name that is passed over.
pub fn not_read(path: &str) -> Diagnostic {
    let message = format!("`{path}` is not read: only files whose name ends in `.yaml` are");
    Diagnostic::warning(FILE_NOT_READ, file(path), message)
        .help("rename it, or move it out of `spec/`")
}

/// A file or folder in `spec/` that nothing reads; `read` are the names that are.
pub fn not_read_in_spec(path: &str, read: &[&str]) -> Diagnostic {
    let finding = Diagnostic::warning(
        FILE_NOT_READ,
        file(path),
        format!("`{path}` is not read: it is none of the names in `spec/`"),
    );
    let meant = |text: &&&str| text.split('.').next() == path.split('.').next();
    let near =
        read.iter().find(meant).copied().or_else(|| suggest::nearest(path, read.iter().copied()));
    finding.help(match near {
        Some(near) => format!("did you mean `{near}`? rename it, or move it out of `spec/`"),
        None => format!(
            "there are {}; move it out of `spec/`",
            read.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ")
        ),
    })
}

/// A source that is not read, because it is no file or leads elsewhere.
pub fn outside(path: &str, what: &str) -> Diagnostic {
    Diagnostic::error(SOURCE_OUTSIDE, file(path), format!("`{path}` {what}")).help(
        "put the file itself there: what is outside of the root is not in the repository, so it \
         would not be the same for everybody",
    )
}

/// A source that is a folder, a pipe or the like where a file is read, or a file where a folder is.
pub fn of_another_kind(path: &str, what: &str, needed: &str) -> Diagnostic {
    Diagnostic::error(
        SOURCE_OUTSIDE,
        file(path),
        format!("`{path}` is {what}, and has to be a {needed}"),
    )
    .help(format!("move what is there out of `spec/`, and put the {needed} in its place"))
}

const RENDER: &str =
    "run `espalier render` and commit what it writes; edit `spec/`, never the generated files";

fn file(path: &str) -> Place {
    Place::File(Arc::from(path))
}
