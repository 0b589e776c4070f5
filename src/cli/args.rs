//! The command line: verbs, flags, and their words.

use std::{num::NonZero, path::PathBuf};

use clap::{Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

use super::{clock, seal::args::SealArgs};

/// Compiles one platform spec into the Argo CD tree of an AI chat platform, and proves that it fits
/// the node.
#[derive(Debug, Parser)]
#[command(name = "espalier", version, max_term_width = 110, subcommand_required = true, arg_required_else_help = true, after_help = EXIT_CODES)]
pub struct Args {
    /// The folder that holds spec/, apps/, bootstrap/ and out/ [default: the nearest parent with
    /// spec/platform.yaml]
    #[arg(long, value_name = "DIR", global = true, help_heading = GLOBAL, value_hint = ValueHint::DirPath)]
    pub root: Option<PathBuf>,

    /// The platform's spec; `-` is stdin [default: spec/platform.yaml]
    #[arg(long, value_name = "FILE", global = true, help_heading = GLOBAL, value_hint = ValueHint::FilePath)]
    pub spec: Option<PathBuf>,

    /// How results are told
    #[arg(long, value_enum, global = true, help_heading = GLOBAL, default_value_t)]
    pub format: Format,

    /// Takes every warning for an error
    #[arg(long, value_name = "WHAT", value_enum, global = true, help_heading = GLOBAL)]
    pub deny: Option<Deny>,

    /// Colors; `auto` also heeds the variable `NO_COLOR`
    #[arg(long, value_name = "WHEN", value_enum, global = true, help_heading = GLOBAL, default_value_t)]
    pub color: Color,

    /// How many threads build tenants, for measurements and tests: the bytes never depend on it
    #[arg(skip)]
    pub threads: Option<NonZero<usize>>,

    /// What to do
    #[command(subcommand)]
    pub verb: Verb,
}

/// Above the flags that all verbs have.
const GLOBAL: &str = "Global options";

const EXIT_CODES: &str = "\
Exit codes: 0 clean, 1 findings or drift, 2 trouble (files, usage).
Data goes to stdout, talk to stderr.";

/// What espalier can do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Writes a commented starter spec with what Git knows of the repository, and the lines that
    /// Git needs; asks on a terminal for the rest
    Init(Init),
    /// Compiles the spec and writes the tree
    Render(Render),
    /// Compiles the spec and compares the tree with what it makes: every rule, and every file that
    /// differs
    Check {
        /// The day for which the sealing certificate is judged, `YYYY-MM-DD` [default: today]
        #[arg(long, value_name = "DATE", value_parser = clock::day)]
        now: Option<i64>,
    },
    /// Shows by object what a render would change
    Diff(Diff),
    /// Shows the platform: an overview, or one side of it
    Show {
        /// Which side
        #[arg(value_enum)]
        side: Option<Side>,

        /// Of `models`: words that names have, in any order; `*` stands for anything between
        #[arg(value_name = "PATTERN")]
        patterns: Vec<String>,
    },
    /// Under `pin: tag`: commits the tree, tags its content, and pushes both at once; checks first
    Release(Release),
    /// Lists credentials and how they are sealed; with the name of one, seals it
    #[command(args_conflicts_with_subcommands = true)]
    Seal(SealArgs),
    /// Prints the JSON Schema of the spec, for editors
    Schema,
    /// Explains a finding's code; alone it lists the codes
    Explain {
        /// The code, as a finding names it in brackets
        code: Option<String>,
    },
    /// Prints a shell's completion script
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// The values of a starter spec.
#[derive(Debug, clap::Args)]
pub struct Init {
    /// Where to [default: --root, else this folder]
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub folder: Option<PathBuf>,

    /// The platform's name [default: the folder's]
    #[arg(long)]
    pub name: Option<String>,

    /// The URL of the Git repository that Argo CD reads [default: the remote's]
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub repository: Option<String>,

    /// The branch that Argo CD follows [default: the remote's own, else the one that is checked
    /// out]
    #[arg(long, value_name = "NAME")]
    pub branch: Option<String>,

    /// The platform's folder in the repository [default: where this folder is in it]
    #[arg(long, value_name = "FOLDER")]
    pub path: Option<String>,

    /// The host name of the chat
    #[arg(long, value_name = "HOST", value_hint = ValueHint::Hostname)]
    pub chat: Option<String>,

    /// The e-mail address for the certificates
    #[arg(long, value_name = "ADDRESS", value_hint = ValueHint::EmailAddress)]
    pub email: Option<String>,
}

/// How the tree is written.
#[derive(Debug, clap::Args)]
pub struct Render {
    /// Also where a later version of espalier wrote the tree
    #[arg(long)]
    pub downgrade: bool,
}

/// What a fresh tree is compared with.
#[derive(Debug, clap::Args)]
pub struct Diff {
    /// A Git revision [default: the tree on disk]
    #[arg(long, value_name = "REV")]
    pub base: Option<String>,
}

/// How a release is made.
#[derive(Debug, clap::Args)]
pub struct Release {
    /// The commit's message, where there is something to commit [default: Release TAG]
    #[arg(long, short)]
    pub message: Option<String>,

    /// The remote to push to [default: the one with the address in the spec, else origin]
    #[arg(long, value_name = "NAME")]
    pub remote: Option<String>,

    /// Prints the commands, and changes nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// How results are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    #[value(alias = "text")]
    Human,
    /// One line a finding
    Short,
    /// For programs
    Json,
    /// GitHub's annotations
    Github,
    /// For a pull request's comment
    Markdown,
    /// A graph, of waves and flows
    Mermaid,
}

/// What is taken for an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Deny {
    /// Every warning
    Warnings,
}

/// When to color.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// A side of the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Side {
    /// The Applications in the order in which Argo CD syncs them, and what each waits for
    Waves,
    /// Who may connect to whom
    Flows,
    /// The credentials, who uses them, and whether they are sealed
    Secrets,
    /// What each pod requests and may use, against what the node can give
    Budget,
    /// The models of the catalogue, and what each takes at the spec's settings
    Models,
}

impl Verb {
    /// The verb as it is typed.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Init(_) => "init",
            Self::Render(_) => "render",
            Self::Check { .. } => "check",
            Self::Diff(_) => "diff",
            Self::Show { .. } => "show",
            Self::Release(_) => "release",
            Self::Seal(_) => "seal",
            Self::Schema => "schema",
            Self::Explain { .. } => "explain",
            Self::Completions { .. } => "completions",
        }
    }

    /// The formats that it has, as it was called.
    pub fn formats(&self) -> &'static [Format] {
        match self {
            Self::Show { side: Some(Side::Waves | Side::Flows), .. } => formats("show"),
            Self::Show { .. } => &[Format::Human, Format::Json],
            _ => formats(self.name()),
        }
    }
}

/// The formats that a verb has in all.
pub fn formats(verb: &str) -> &'static [Format] {
    match verb {
        "render" | "check" => &[Format::Human, Format::Short, Format::Json, Format::Github],
        "diff" => &[Format::Human, Format::Markdown],
        "show" => &[Format::Human, Format::Json, Format::Mermaid],
        "seal" => &[Format::Human, Format::Json],
        _ => &[Format::Human],
    }
}
