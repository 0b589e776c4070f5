//! The arguments of `seal` and `seal init`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};

use crate::{cli::clock, platform::sealed::SealedScope};

const EXAMPLES: &str = "\
Examples:
  # List what is sealed and what is missing
  espalier seal

  # Create the key pair
  espalier seal init

  # Generate and seal every value that nobody needs to know
  espalier seal --generate-missing

  # Prompt for the values that only you know
  espalier seal openwebui-admin

  # Take one value from stdin and another from the environment
  pass show s3 | espalier seal backup-s3 \\
    --from-stdin=secret-access-key --from-env access-key-id=KEY_ID

  # Replace a value
  espalier seal --rotate postgresql

  # Keep all values, but seal them with the certificate of a new key pair
  espalier seal --reseal --key OLD.pem";

/// The heading above flags that say where a value comes from.
const SOURCES: &str = "Sources of values";

/// The heading above flags that move sealed values to another certificate.
const RESEALING: &str = "Resealing";

/// The heading above flags about the certificate.
const CERTIFICATE: &str = "Certificate";

/// The arguments of `seal`. A value never appears on the command line.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct SealArgs {
    /// Something other than sealing
    #[command(subcommand)]
    pub verb: Option<SealVerb>,

    /// Credential to seal [default: list all credentials]
    pub credential: Option<String>,

    /// Read the value of a key from stdin; the newline after a single line is removed
    #[arg(
        long,
        value_name = "KEY",
        num_args = 0..=1,
        require_equals = true,
        help_heading = SOURCES,
        default_missing_value = "",
        requires = "credential"
    )]
    pub from_stdin: Option<String>,

    /// Read the value of a key from a file; KEY may be omitted if the credential has only one
    #[arg(long, value_name = "[KEY=]FILE", requires = "credential", help_heading = SOURCES)]
    pub from_file: Vec<String>,

    /// Read the value of a key from an environment variable
    #[arg(long, value_name = "[KEY=]VARIABLE", requires = "credential", help_heading = SOURCES)]
    pub from_env: Vec<String>,

    /// Generate a value of LENGTH letters and digits for a key
    #[arg(long, value_name = "[KEY=]LENGTH", requires = "credential", help_heading = SOURCES)]
    pub generate: Vec<String>,

    /// Generate and seal every missing value that nobody needs to know, and list the others
    #[arg(
        long,
        conflicts_with_all = [
            "credential",
            "rotate",
            "reseal",
            "from_stdin",
            "from_file",
            "from_env",
            "generate",
        ]
    )]
    pub generate_missing: bool,

    /// Replace all values of a sealed credential
    #[arg(long, requires = "credential")]
    pub rotate: bool,

    /// Reseal everything that was sealed with a certificate other than spec/sealing.pem
    #[arg(
        long,
        conflicts_with_all = [
            "credential",
            "rotate",
            "from_stdin",
            "from_file",
            "from_env",
            "generate",
        ],
        help_heading = RESEALING
    )]
    pub reseal: bool,

    /// With --reseal: take the values from this folder, one file `<credential>/<key>` each
    #[arg(
        long,
        value_name = "DIR",
        requires = "reseal",
        help_heading = RESEALING,
        value_hint = ValueHint::DirPath
    )]
    pub from_dir: Option<PathBuf>,

    /// With --reseal: old private key, which decrypts the current values in memory so that they
    /// stay the same
    #[arg(
        long,
        value_name = "FILE",
        requires = "reseal",
        conflicts_with = "from_dir",
        help_heading = RESEALING,
        value_hint = ValueHint::FilePath
    )]
    pub key: Option<PathBuf>,

    /// Where the cluster can decrypt the values [default: as sealed before, else strict]
    #[arg(long, value_enum)]
    pub scope: Option<ScopeArg>,

    /// Private key that has to match spec/sealing.pem [default: any private key in your
    /// configuration folder]
    #[arg(
        long,
        value_name = "FILE",
        help_heading = CERTIFICATE,
        value_hint = ValueHint::FilePath
    )]
    pub private_key: Option<PathBuf>,

    /// Seal even if spec/sealing.pem matches none of the private keys on this machine
    #[arg(long, help_heading = CERTIFICATE)]
    pub accept_certificate: bool,

    /// Date on which the certificate has to be valid, YYYY-MM-DD [default: today]
    #[arg(long, value_name = "DATE", global = true, value_parser = clock::day)]
    pub now: Option<i64>,
}

impl SealArgs {
    /// Whether it changes `spec/`.
    pub const fn writes(&self) -> bool {
        self.verb.is_some() || self.credential.is_some() || self.generate_missing || self.reseal
    }
}

/// Where the cluster can decrypt a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ScopeArg {
    /// Only in this Secret in its namespace
    Strict,
    /// In any Secret in its namespace
    NamespaceWide,
    /// Anywhere in the cluster, including namespaces that are added later
    ClusterWide,
}

impl From<ScopeArg> for SealedScope {
    fn from(scope_arg: ScopeArg) -> Self {
        match scope_arg {
            ScopeArg::Strict => Self::Strict,
            ScopeArg::NamespaceWide => Self::NamespaceWide,
            ScopeArg::ClusterWide => Self::ClusterWide,
        }
    }
}

/// The subcommands of `seal`.
#[derive(Debug, Subcommand)]
pub enum SealVerb {
    /// Create the key pair that values are sealed with, or use the certificate of a cluster
    Init(InitArgs),
}

/// The arguments of `seal init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// File for the private key, outside of the repository [default: a file in your
    /// configuration folder]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub key: Option<PathBuf>,

    /// Size of the RSA key in bits
    #[arg(long, value_name = "N", default_value = "4096", value_parser = ["2048", "3072", "4096"])]
    pub bits: String,

    /// Number of days that the certificate is valid
    #[arg(
        long,
        value_name = "N",
        default_value_t = 3650,
        value_parser = clap::value_parser!(i64).range(1..=36500)
    )]
    pub days: i64,

    /// Use this existing certificate (PEM) instead of creating a key pair
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["key", "from_cluster"],
        value_hint = ValueHint::FilePath
    )]
    pub certificate: Option<PathBuf>,

    /// Use the certificate of the cluster in the current kubectl context
    #[arg(long, conflicts_with = "key")]
    pub from_cluster: bool,

    /// Create a new certificate for the existing private key (that of --key, or the one in your
    /// configuration folder), if the first certificate is lost
    #[arg(long, conflicts_with_all = ["certificate", "from_cluster", "bits"])]
    pub from_key: bool,

    /// Replace the existing certificate
    #[arg(long)]
    pub replace: bool,
}
