//! The arguments of `workspace` and its commands.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};

/// The heading above flags that give the administrator's password.
const ADMINISTRATOR: &str = "Administrator";
/// The heading above flags of what passwords are sealed with.
const SEALING: &str = "Sealing";

/// The arguments of `workspace`.
#[derive(Debug, Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct WorkspaceArgs {
    /// What to do
    #[command(subcommand)]
    pub verb: WorkspaceVerb,
}

/// The commands of `workspace`.
#[derive(Debug, Subcommand)]
pub enum WorkspaceVerb {
    /// Write the file of a new workspace
    ///
    /// The platform is compiled with the new file first: with any error, nothing is written.
    #[command(after_help = CREATE)]
    Create(Create),
    /// Take a workspace that was made in the cluster into a file
    ///
    /// The resource is read by kubectl, or from a file with what the API answers. What is not
    /// the user's own is left out: the status, and what Kubernetes, Argo CD and the operator write
    /// beside it.
    #[command(after_help = ADOPT)]
    Adopt(Adopt),
    /// List the workspaces
    #[command(after_help = LIST)]
    List,
    /// Show a workspace: its URLs, models, memory and volumes
    #[command(after_help = SHOW)]
    Show(Named),
    /// Change a workspace in its file; comments and order stay
    ///
    /// The platform is compiled with the change first: with an error that was not there before,
    /// nothing is written.
    #[command(after_help = UPDATE)]
    Update(Update),
    /// Stop a workspace's pods; its data, host names and certificates stay
    #[command(after_help = SUSPEND)]
    Suspend(Named),
    /// Start the pods of a suspended workspace, if there is room for them
    #[command(after_help = RESUME)]
    Resume(Named),
    /// Delete a workspace
    ///
    /// With `onDelete: Retain`, which holds where nothing else is written, its namespace and its
    /// volumes stay in the cluster. With `onDelete: Delete` they go too; Argo CD protects them, so
    /// this takes two commits: the first command releases them, the second one removes the file.
    #[command(after_help = DELETE)]
    Delete(Delete),
}

const CREATE: &str = "\
Examples:
  espalier workspace create team-a --model gemma3:1b --administrator ada@example.com

  # On a developer's own computer, in plain HTTP
  espalier workspace create try --env dev --model gemma3:1b

  # More memory and another volume
  espalier workspace create team-b --model gemma3:4b --administrator bo@example.com \\
    --set storage.ollama=40Gi --set resources.ollama.memory.limit=8Gi

  # Chats and users in the platform's PostgreSQL
  espalier workspace create team-c --model gemma3:1b --administrator cy@example.com \\
    --database shared";

const ADOPT: &str = "\
Examples:
  espalier workspace adopt team-a

  # Without access to the cluster: from what the API answers
  curl --header \"Authorization: Bearer $TOKEN\" https://api.example.com/v1/workspaces/team-a \\
    | espalier workspace adopt team-a --from -";

const LIST: &str = "\
Example:
  espalier workspace list --format json";

const SHOW: &str = "\
Example:
  espalier workspace show team-a";

const UPDATE: &str = "\
Examples:
  espalier workspace update team-a --add-model gemma3:4b --remove-model gemma3:1b

  espalier workspace update team-a --set storage.openWebui=5Gi --unset quota

  # Another password of the first administrator, from a password manager
  pass show team-a | espalier workspace update team-a --administrator ada@example.com \\
    --password-from-stdin";

const SUSPEND: &str = "\
Example:
  espalier workspace suspend team-a";

const RESUME: &str = "\
Example:
  espalier workspace resume team-a";

const DELETE: &str = "\
Examples:
  # Keep the data in the cluster
  espalier workspace delete team-a

  # Delete the data too: the first of two steps
  espalier workspace delete team-a --data delete";

/// A workspace.
#[derive(Debug, Args)]
pub struct Named {
    /// Name of the workspace
    pub name: String,
}

/// The arguments of `workspace adopt`.
#[derive(Debug, Args)]
pub struct Adopt {
    /// Name of the resource, as `kubectl get aichatworkspaces` lists it
    pub name: String,

    /// File with the resource, in JSON or YAML; `-` reads stdin [default: the cluster, by kubectl]
    ///
    /// In JSON the API tells whether the workspace is being deleted, or is in Git already; in YAML
    /// it does not.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub from: Option<PathBuf>,
}

/// How a workspace is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Env {
    /// With certificates, below the platform's domain for workspaces
    Prod,
    /// In plain HTTP, for a developer's own computer
    Dev,
}

impl Env {
    /// As the resource writes it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Prod => "prod",
            Self::Dev => "dev",
        }
    }
}

/// Where chats and users are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Database {
    /// On the workspace's own volume
    Own,
    /// In the platform's PostgreSQL, with a new password, which is sealed into the workspace's file
    Shared,
}

impl Database {
    /// As the resource writes it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Shared => "shared",
        }
    }
}

/// The arguments of `workspace create`.
#[derive(Debug, Args)]
pub struct Create {
    /// Name of the workspace: of its namespace, and the first label of its host name
    pub name: String,

    /// How it is served
    #[arg(long, value_enum, default_value = "prod")]
    pub env: Env,

    /// Model that it serves; repeat the flag for more
    #[arg(long, value_name = "MODEL")]
    pub model: Vec<String>,

    /// Prompt of the platform that it uses; repeat the flag for more
    #[arg(long, value_name = "NAME")]
    pub pattern: Vec<String>,

    /// Public host name of its own; repeat the flag for more
    #[arg(long, value_name = "HOST", value_hint = ValueHint::Hostname)]
    pub host: Vec<String>,

    /// Where chats and users are stored
    #[arg(long, value_enum)]
    pub database: Option<Database>,

    /// Any other field below `spec`, such as `storage.ollama=40Gi`; repeat the flag for more
    #[arg(long, value_name = "FIELD=VALUE")]
    pub set: Vec<String>,

    /// The first administrator
    #[command(flatten)]
    pub administrator: AdministratorArgs,
}

/// Who the first administrator is, and where the password comes from.
#[derive(Debug, Args)]
pub struct AdministratorArgs {
    /// E-mail address of the first administrator; the password is asked for, and sealed into the
    /// workspace's file
    #[arg(
        long = "administrator",
        value_name = "EMAIL",
        help_heading = ADMINISTRATOR,
        value_hint = ValueHint::EmailAddress
    )]
    pub email: Option<String>,

    /// Read the password from stdin; the newline after a single line is removed
    #[arg(long, requires = "email", help_heading = ADMINISTRATOR)]
    pub password_from_stdin: bool,

    /// Read the password from a file
    #[arg(
        long,
        value_name = "FILE",
        requires = "email",
        conflicts_with = "password_from_stdin",
        help_heading = ADMINISTRATOR,
        value_hint = ValueHint::FilePath
    )]
    pub password_from_file: Option<PathBuf>,

    /// Read the password from an environment variable
    #[arg(
        long,
        value_name = "VARIABLE",
        requires = "email",
        conflicts_with_all = ["password_from_stdin", "password_from_file"],
        help_heading = ADMINISTRATOR
    )]
    pub password_from_env: Option<String>,

    /// Private key that has to match spec/sealing.pem [default: any private key in your
    /// configuration folder]
    #[arg(
        long,
        value_name = "FILE",
        help_heading = SEALING,
        value_hint = ValueHint::FilePath
    )]
    pub private_key: Option<PathBuf>,

    /// Seal even if spec/sealing.pem matches none of the private keys on this machine
    #[arg(long, help_heading = SEALING)]
    pub accept_certificate: bool,
}

/// The arguments of `workspace update`.
#[derive(Debug, Args)]
pub struct Update {
    /// Name of the workspace
    pub name: String,

    /// How it is served
    #[arg(long, value_enum)]
    pub env: Option<Env>,

    /// Model to add; repeat the flag for more
    #[arg(long, value_name = "MODEL")]
    pub add_model: Vec<String>,

    /// Model to remove; repeat the flag for more
    #[arg(long, value_name = "MODEL")]
    pub remove_model: Vec<String>,

    /// Prompt of the platform to add; repeat the flag for more
    #[arg(long, value_name = "NAME")]
    pub add_pattern: Vec<String>,

    /// Prompt of the platform to remove; repeat the flag for more
    #[arg(long, value_name = "NAME")]
    pub remove_pattern: Vec<String>,

    /// Public host name to add; repeat the flag for more
    #[arg(long, value_name = "HOST", value_hint = ValueHint::Hostname)]
    pub add_host: Vec<String>,

    /// Public host name to remove; repeat the flag for more
    #[arg(long, value_name = "HOST", value_hint = ValueHint::Hostname)]
    pub remove_host: Vec<String>,

    /// Where chats and users are stored; those that are there are not brought along
    #[arg(long, value_enum)]
    pub database: Option<Database>,

    /// Any field below `spec` to set, such as `storage.ollama=40Gi`; repeat the flag for more
    #[arg(long, value_name = "FIELD=VALUE")]
    pub set: Vec<String>,

    /// Any field below `spec` to take out, such as `quota`; repeat the flag for more
    #[arg(long, value_name = "FIELD")]
    pub unset: Vec<String>,

    /// The first administrator
    #[command(flatten)]
    pub administrator: AdministratorArgs,
}

/// The arguments of `workspace delete`.
#[derive(Debug, Args)]
pub struct Delete {
    /// Name of the workspace
    pub name: String,

    /// What becomes of its data [default: what `onDelete` in its file says]
    #[arg(long, value_enum, value_name = "WHAT")]
    pub data: Option<Data>,

    /// Delete it without asking for its name
    #[arg(long)]
    pub yes: bool,
}

/// What becomes of a deleted workspace's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Data {
    /// Its namespace and volumes stay in the cluster
    Retain,
    /// Its namespace and volumes are deleted
    Delete,
}

impl WorkspaceVerb {
    /// Whether it changes `spec/`.
    pub const fn writes(&self) -> bool {
        !matches!(self, Self::List | Self::Show(_))
    }
}
