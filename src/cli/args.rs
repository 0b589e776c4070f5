//! The command line: commands, flags and their help texts.

use std::{num::NonZero, path::PathBuf};

use clap::{Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

use super::{clock, seal::args::SealArgs, workspace::args::WorkspaceArgs};

/// Compile a platform spec into the Argo CD tree of an AI chat platform, and prove that it fits the
/// node.
#[derive(Debug, Parser)]
#[command(
    name = "espalier",
    version,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = EXIT_CODES
)]
pub struct Args {
    /// Folder that contains spec/, apps/, bootstrap/ and out/ [default: the nearest folder, from
    /// here upwards, with a spec/platform.yaml]
    #[arg(
        long,
        value_name = "DIR",
        global = true,
        help_heading = GLOBAL,
        value_hint = ValueHint::DirPath
    )]
    pub root: Option<PathBuf>,

    /// Platform spec to read; `-` reads it from stdin [default: spec/platform.yaml]
    #[arg(
        long,
        value_name = "FILE",
        global = true,
        help_heading = GLOBAL,
        value_hint = ValueHint::FilePath
    )]
    pub spec: Option<PathBuf>,

    /// Output format
    #[arg(long, value_enum, global = true, help_heading = GLOBAL, default_value_t)]
    pub format: Format,

    /// Treat warnings as errors
    #[arg(long, value_name = "WHAT", value_enum, global = true, help_heading = GLOBAL)]
    pub deny: Option<Deny>,

    /// When to color the output
    #[arg(
        long,
        value_name = "WHEN",
        value_enum,
        global = true,
        help_heading = GLOBAL,
        default_value_t
    )]
    pub color: Color,

    /// Number of threads that build tenants, for measurements and tests; the output never depends
    /// on it
    #[arg(skip)]
    pub threads: Option<NonZero<usize>>,

    /// Command to run
    #[command(subcommand)]
    pub verb: Verb,
}

/// Heading above the flags that all commands share.
const GLOBAL: &str = "Global options";

const EXIT_CODES: &str = "\
Exit codes:
  0  no errors and no drift
  1  findings that are errors, or drift
  2  usage error, or a file or program that could not be used

Results go to stdout, messages to stderr.";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Write a starter spec, its schemas and the lines that .gitignore and .gitattributes need
    ///
    /// Repository, branch and path are taken from Git where it knows them. On a terminal, `init`
    /// asks for the rest; without one, give it with the flags below.
    Init(Init),
    /// Compile the spec and write the tree
    Render(Render),
    /// Check the spec against every rule, and the tree against the spec; write nothing
    Check {
        /// Date on which everything that expires has to be valid, YYYY-MM-DD [default: today]
        #[arg(long, value_name = "DATE", value_parser = clock::day)]
        now: Option<i64>,
    },
    /// Show what a render would change, object by object and field by field
    Diff(Diff),
    /// Show an overview of the platform, or one view of it in detail
    Show {
        /// What to show [default: an overview]
        #[arg(value_enum, value_name = "VIEW")]
        side: Option<Side>,

        /// With `models`: show models whose names contain all of these words, in any order; `*`
        /// matches any characters
        #[arg(value_name = "PATTERN")]
        patterns: Vec<String>,

        /// With `budget`: say how many more workspaces with these models there is room for
        #[arg(long, value_name = "MODELS", value_delimiter = ',')]
        workspace_models: Option<Vec<String>>,
    },
    /// Check, commit, tag and push the tree (needs `pin: tag`)
    ///
    /// With `pin: tag` under `repository`, the Applications follow a tag whose name is derived from
    /// the content of the tree. `release` runs `check` first and stops at any error or drift.
    Release(Release),
    /// List credentials and their state, or seal the one that you name
    ///
    /// A value never appears on the command line: it comes from a prompt, stdin, a file or an
    /// environment variable, or is generated.
    #[command(args_conflicts_with_subcommands = true)]
    Seal(SealArgs),
    /// Create, list, show, change and delete workspaces
    Workspace(WorkspaceArgs),
    /// Print the JSON Schema of a file of the spec, for editors
    Schema {
        /// File to describe
        #[arg(value_enum, value_name = "FILE", default_value = "platform")]
        of: SchemaOf,
    },
    /// Explain the code of a finding, or list all codes
    Explain {
        /// Code of a finding, as printed in brackets [default: list all codes]
        code: Option<String>,
    },
    /// Print a completion script for your shell
    Completions {
        /// Shell to complete for
        shell: Shell,
    },
}

/// The arguments of `init`: values of the starter spec.
#[derive(Debug, clap::Args)]
pub struct Init {
    /// Folder to write to [default: --root, else the current folder]
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub folder: Option<PathBuf>,

    /// Name of the platform [default: the name of the folder]
    #[arg(long)]
    pub name: Option<String>,

    /// URL of the Git repository that Argo CD reads [default: that of the Git remote]
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub repository: Option<String>,

    /// Branch that Argo CD follows [default: the remote's default branch, else the current
    /// branch]
    #[arg(long)]
    pub branch: Option<String>,

    /// Path of the platform in the repository [default: the path of the folder to write to]
    #[arg(long, value_name = "FOLDER")]
    pub path: Option<String>,

    /// Host name of the chat
    #[arg(long, value_name = "HOST", value_hint = ValueHint::Hostname)]
    pub chat: Option<String>,

    /// E-mail address for the Let's Encrypt account
    #[arg(long, value_name = "ADDRESS", value_hint = ValueHint::EmailAddress)]
    pub email: Option<String>,
}

/// The arguments of `render`.
#[derive(Debug, clap::Args)]
pub struct Render {
    /// Write the tree even if a later version of Espalier wrote it last
    #[arg(long)]
    pub downgrade: bool,

    /// Let objects move to another Application: Argo CD may delete them, with their data, before
    /// the other one makes them again
    #[arg(long)]
    pub allow_moves: bool,

    /// Let Argo CD delete the objects with data that leave the tree and are not protected
    #[arg(long)]
    pub allow_deletions: bool,
}

/// The arguments of `diff`.
#[derive(Debug, clap::Args)]
pub struct Diff {
    /// Git revision to compare with [default: the tree on disk]
    #[arg(long, value_name = "REV")]
    pub base: Option<String>,
}

/// The arguments of `release`.
#[derive(Debug, clap::Args)]
pub struct Release {
    /// Commit message, if there is anything to commit [default: Release TAG]
    #[arg(long, short)]
    pub message: Option<String>,

    /// Git remote to push to [default: the one with the URL of the spec, else origin]
    #[arg(long, value_name = "NAME")]
    pub remote: Option<String>,

    /// Print the Git commands without running them
    #[arg(long)]
    pub dry_run: bool,
}

/// An output format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text for people to read
    #[default]
    #[value(alias = "text")]
    Human,
    /// One line per finding
    Short,
    /// JSON, for programs
    Json,
    /// Workflow commands that GitHub shows as annotations
    Github,
    /// Markdown, for a comment on a pull request
    Markdown,
    /// Mermaid graph (`show waves` and `show flows` only)
    Mermaid,
}

/// What `--deny` turns into errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Deny {
    /// Report every warning as an error
    Warnings,
}

/// When to color the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// Color on a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always color
    Always,
    /// Never color
    Never,
}

/// A view of the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Side {
    /// Applications in the order in which Argo CD syncs them, and what each waits for
    Waves,
    /// Allowed network connections, and the reason for each
    Flows,
    /// Credentials, who uses them, and whether they are sealed
    Secrets,
    /// Memory and CPU of each pod, compared with what the node offers
    Budget,
    /// What is scraped, probed and alerted, whose logs are read, and by which component each is
    /// offered
    Monitoring,
    /// Models of the catalogue, and the memory that each needs with the settings of the spec
    Models,
}

/// A file of the spec that has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// The platform: spec/platform.yaml
    Platform,
    /// Pinned versions: spec/versions.yaml
    Versions,
    /// A sealed credential: a file of spec/secrets/
    Secret,
    /// A workspace: a file of spec/workspaces/
    Workspace,
}

impl Verb {
    /// The command as it is typed.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Init(_) => "init",
            Self::Render(_) => "render",
            Self::Check { .. } => "check",
            Self::Diff(_) => "diff",
            Self::Show { .. } => "show",
            Self::Release(_) => "release",
            Self::Seal(_) => "seal",
            Self::Workspace(_) => "workspace",
            Self::Schema { .. } => "schema",
            Self::Explain { .. } => "explain",
            Self::Completions { .. } => "completions",
        }
    }

    /// The formats that this command supports with the arguments that it was given.
    pub fn formats(&self) -> &'static [Format] {
        match self {
            Self::Show { side: Some(Side::Waves | Side::Flows), .. } => formats("show"),
            Self::Show { .. } => &[Format::Human, Format::Json],
            Self::Workspace(args) if args.verb.writes() => &[Format::Human],
            _ => formats(self.name()),
        }
    }
}

/// All formats that a command supports.
pub fn formats(verb: &str) -> &'static [Format] {
    match verb {
        "render" | "check" => &[Format::Human, Format::Short, Format::Json, Format::Github],
        "diff" => &[Format::Human, Format::Markdown],
        "show" => &[Format::Human, Format::Json, Format::Mermaid],
        "seal" | "workspace" => &[Format::Human, Format::Json],
        _ => &[Format::Human],
    }
}
