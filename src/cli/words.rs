//! The command line as help and completion show it: for each command, only the formats and global
//! flags that apply to it, and examples.

use std::num::NonZero;

use clap::{
    Arg, Command, CommandFactory as _, FromArgMatches as _, ValueEnum as _,
    builder::{PossibleValuesParser, TypedValueParser as _, ValueParser},
    value_parser,
};

use crate::cli::args::{Args, Format, formats};

/// The examples of a command, and the global flags that do not apply to it.
struct HelpText {
    verb: &'static str,
    hidden: &'static [&'static str],
    examples: &'static str,
}

const VERBS: [HelpText; 11] = [
    HelpText {
        verb: "init",
        hidden: &["spec", "deny"],
        examples: "\
Example:
  espalier init --name garden --chat chat.example.com",
    },
    HelpText {
        verb: "render",
        hidden: &[],
        examples: "\
Examples:
  espalier render

  # In a GitHub workflow: show findings as annotations
  espalier render --format github",
    },
    HelpText {
        verb: "check",
        hidden: &[],
        examples: "\
Examples:
  # In CI: fail on any finding and on any drift
  espalier check --deny warnings

  # Find out whether the sealing certificate is still valid on that day
  espalier check --now 2027-01-31",
    },
    HelpText {
        verb: "diff",
        hidden: &[],
        examples: "\
Examples:
  # What `render` would change
  espalier diff

  # What a branch changes, as a comment for its pull request
  espalier diff --base origin/main --format markdown",
    },
    HelpText {
        verb: "show",
        hidden: &[],
        examples: "\
Examples:
  # Memory and CPU, and how each figure comes about
  espalier show budget

  # Who is scraped, and which alerts there are
  espalier show monitoring

  # Network connections as a Mermaid graph
  espalier show flows --format mermaid

  # Models whose names contain both words
  espalier show models gemma3 q8",
    },
    HelpText {
        verb: "release",
        hidden: &[],
        examples: "\
Examples:
  # Print the Git commands first
  espalier release --dry-run

  espalier release --message 'Switch to a larger model'",
    },
    HelpText { verb: "seal", hidden: &["deny"], examples: "" },
    HelpText {
        verb: "workspace",
        hidden: &["spec"],
        examples: "\
Examples:
  espalier workspace create team-a --model gemma3:1b --administrator ada@example.com

  espalier workspace list

  espalier workspace update team-a --add-model gemma3:4b",
    },
    HelpText {
        verb: "schema",
        hidden: &["root", "spec", "deny"],
        examples: "\
Examples:
  espalier schema > platform.schema.json

  espalier schema workspace > workspace.schema.json",
    },
    HelpText {
        verb: "explain",
        hidden: &["root", "spec", "deny"],
        examples: "\
Example:
  espalier explain node-memory-exceeded",
    },
    HelpText {
        verb: "completions",
        hidden: &["root", "spec", "deny"],
        examples: "\
Examples:
  # In ~/.bashrc
  source <(espalier completions bash)

  # In ~/.zshrc, after `compinit`
  source <(espalier completions zsh)

  # In ~/.config/fish/config.fish
  espalier completions fish | source",
    },
];

/// The whole command line, without the flags for measurements and tests.
pub fn command() -> Command {
    let all = Args::command();
    let global: Vec<Arg> = all.get_arguments().cloned().collect();
    VERBS.iter().fold(all, |command, words| {
        command.mut_subcommand(words.verb, |verb| {
            let known = formats(words.verb);
            let format = flag(&global, "format").value_parser(of(known)).hide(known.len() < 2);
            let verb = words
                .hidden
                .iter()
                .fold(verb.arg(format), |verb, name| verb.arg(flag(&global, name).hide(true)));
            if words.examples.is_empty() { verb } else { verb.after_help(words.examples) }
        })
    })
}

/// A copy of a global flag, to be changed for one command: a command's own flag takes precedence
/// over the global one of the same name.
fn flag(global: &[Arg], name: &'static str) -> Arg {
    let found = global.iter().find(|it| it.get_id() == name).cloned();
    found.unwrap_or_else(|| Arg::new(name).long(name))
}

fn of(formats: &'static [Format]) -> ValueParser {
    let names = formats.iter().filter_map(Format::to_possible_value);
    PossibleValuesParser::new(names).try_map(|it| Format::from_str(&it, true)).into()
}

/// Reads the command line.
///
/// # Errors
/// When the arguments are wrong, or ask for help.
pub fn read() -> Result<Args, clap::Error> {
    // Of no use to users, so neither help nor completion shows it.
    let threads = Arg::new("threads")
        .long("threads")
        .global(true)
        .hide(true)
        .value_parser(value_parser!(NonZero<usize>));
    let found = command().arg(threads).try_get_matches()?;
    let mut args = Args::from_arg_matches(&found)?;
    args.threads = found.get_one("threads").copied();
    Ok(args)
}

#[cfg(test)]
mod tests {
    use super::{VERBS, command};

    #[test]
    fn every_command_has_a_help_text() {
        command().debug_assert();
        let verbs: Vec<String> =
            command().get_subcommands().map(|it| it.get_name().to_owned()).collect();
        let mut known: Vec<&str> = VERBS.iter().map(|it| it.verb).collect();
        known.sort_unstable();
        let mut there: Vec<&str> = verbs.iter().map(String::as_str).collect();
        there.sort_unstable();
        assert_eq!(known, there);
    }
}
