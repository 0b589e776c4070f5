//! The words of `seal`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};

use crate::{cli::clock, platform::sealed::SealedScope};

const EXAMPLES: &str = "\
Examples:
  espalier seal                                      what is sealed, and what is not
  espalier seal init                                 makes the key pair
  espalier seal --generate-missing                   makes every value that nobody needs to know
  espalier seal openwebui-admin                      asks for what only a person knows
  pass show s3 | espalier seal backup-s3 --from-stdin=secret-access-key --from-env access-key-id=KEY_ID
  espalier seal --rotate postgresql                  a new value, under a new name
  espalier seal --reseal --key OLD.pem               the same values, with the certificate of a new key pair";

/// Credentials and their values. A value never stands on the command line.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct SealArgs {
    /// Another thing to do than to seal
    #[command(subcommand)]
    pub verb: Option<SealVerb>,

    /// The credential to seal; alone, `seal` lists them all
    pub credential: Option<String>,

    /// Reads a key's value from stdin; a single line loses its line break
    #[arg(long, value_name = "KEY", num_args = 0..=1, require_equals = true, default_missing_value = "", requires = "credential")]
    pub from_stdin: Option<String>,

    /// Reads a key's value from a file; the key may be left out where there is only one
    #[arg(long, value_name = "[KEY=]FILE", requires = "credential")]
    pub from_file: Vec<String>,

    /// Reads a key's value from an environment variable
    #[arg(long, value_name = "[KEY=]VARIABLE", requires = "credential")]
    pub from_env: Vec<String>,

    /// Makes a key's value, with so many letters and digits
    #[arg(long, value_name = "[KEY=]LENGTH", requires = "credential")]
    pub generate: Vec<String>,

    /// Makes and seals every missing value that nobody needs to know, and names the others
    #[arg(long, conflicts_with_all = ["credential", "rotate", "reseal", "from_stdin", "from_file", "from_env", "generate"])]
    pub generate_missing: bool,

    /// Replaces all values of a credential that is sealed
    #[arg(long, requires = "credential")]
    pub rotate: bool,

    /// Seals anew whatever was sealed with another certificate than spec/sealing.pem
    #[arg(long, conflicts_with_all = ["credential", "rotate", "from_stdin", "from_file", "from_env", "generate"])]
    pub reseal: bool,

    /// With --reseal: a folder that holds the values, one file `<credential>/<key>` each
    #[arg(long, value_name = "DIR", requires = "reseal", value_hint = ValueHint::DirPath)]
    pub from_dir: Option<PathBuf>,

    /// With --reseal: the private key that opens what is sealed until now; the values stay, and are
    /// seen by nobody
    #[arg(long, value_name = "FILE", requires = "reseal", conflicts_with = "from_dir", value_hint = ValueHint::FilePath)]
    pub key: Option<PathBuf>,

    /// Where the ciphertext opens [default: as the file says, else strict]
    #[arg(long, value_enum)]
    pub scope: Option<ScopeArg>,

    /// The private key that spec/sealing.pem has to belong to [default: any in the user's
    /// configuration folder]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub private_key: Option<PathBuf>,

    /// Seals with a certificate that belongs to none of the private keys here
    #[arg(long)]
    pub accept_certificate: bool,

    /// The day for which the certificate is judged, `YYYY-MM-DD` [default: today]
    #[arg(long, value_name = "DATE", global = true, value_parser = clock::day)]
    pub now: Option<i64>,
}

impl SealArgs {
    /// Whether it changes `spec/`.
    pub const fn writes(&self) -> bool {
        self.verb.is_some() || self.credential.is_some() || self.generate_missing || self.reseal
    }
}

/// Where a ciphertext opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ScopeArg {
    /// In the Secret of its name, in its namespace
    Strict,
    /// In any Secret of its namespace
    NamespaceWide,
    /// Anywhere in the cluster: serves namespaces that come later too
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

/// What `seal` does besides sealing.
#[derive(Debug, Subcommand)]
pub enum SealVerb {
    /// Makes the key pair that values are sealed with, or takes the certificate of a cluster that
    /// runs
    Init(InitArgs),
}

/// The key pair.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Where the private key goes, outside of the repository [default: the user's configuration
    /// folder]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub key: Option<PathBuf>,

    /// Bits of the RSA key
    #[arg(long, value_name = "N", default_value = "4096", value_parser = ["2048", "3072", "4096"])]
    pub bits: String,

    /// Days that the certificate is valid
    #[arg(long, value_name = "N", default_value_t = 3650, value_parser = clap::value_parser!(i64).range(1..=36500))]
    pub days: i64,

    /// Takes a certificate that exists instead (PEM)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["key", "from_cluster"], value_hint = ValueHint::FilePath)]
    pub certificate: Option<PathBuf>,

    /// Takes the certificate of the cluster that kubectl speaks to
    #[arg(long, conflicts_with = "key")]
    pub from_cluster: bool,

    /// Makes another certificate for the private key that is at its place (`--key FILE`: there):
    /// where the first one is lost
    #[arg(long, conflicts_with_all = ["certificate", "from_cluster", "bits"])]
    pub from_key: bool,

    /// Replaces the certificate that is there
    #[arg(long)]
    pub replace: bool,
}
