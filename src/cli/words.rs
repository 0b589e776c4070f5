//! The command line as it is shown and completed: for each verb its own formats, the flags that
//! mean something there, and an example.

use std::num::NonZero;

use clap::{
    Arg, Command, CommandFactory as _, FromArgMatches as _, ValueEnum as _,
    builder::{PossibleValuesParser, TypedValueParser as _, ValueParser},
    value_parser,
};

use crate::cli::args::{Args, Format, formats};

/// A verb's examples, and the global flags that mean nothing to it.
struct Words {
    verb: &'static str,
    unheard: &'static [&'static str],
    examples: &'static str,
}

const VERBS: [Words; 10] = [
    Words {
        verb: "init",
        unheard: &["spec", "deny"],
        examples: "\
Example:
  espalier init --name garden --chat chat.example.com",
    },
    Words {
        verb: "render",
        unheard: &[],
        examples: "\
Examples:
  espalier render                     writes the tree
  espalier render --format github     in a workflow: findings become annotations",
    },
    Words {
        verb: "check",
        unheard: &[],
        examples: "\
Examples:
  espalier check --deny warnings      in CI: whatever is found, or differs from the tree, fails
  espalier check --now 2027-01-31     what will be wrong with the sealing certificate on that day",
    },
    Words {
        verb: "diff",
        unheard: &[],
        examples: "\
Examples:
  espalier diff                                            what `render` would change
  espalier diff --base origin/main --format markdown       what a branch changes, for its pull request",
    },
    Words {
        verb: "show",
        unheard: &[],
        examples: "\
Examples:
  espalier show budget                the sums, and what they are made of
  espalier show flows --format mermaid",
    },
    Words {
        verb: "release",
        unheard: &[],
        examples: "\
Examples:
  espalier release --dry-run          the commands, to look at or to paste
  espalier release --message 'A larger model'",
    },
    Words { verb: "seal", unheard: &["deny"], examples: "" },
    Words {
        verb: "schema",
        unheard: &["root", "spec", "deny"],
        examples: "\
Example:
  espalier schema > platform.schema.json",
    },
    Words {
        verb: "explain",
        unheard: &["root", "spec", "deny"],
        examples: "\
Example:
  espalier explain node-memory-exceeded",
    },
    Words {
        verb: "completions",
        unheard: &["root", "spec", "deny"],
        examples: "\
Examples:
  source <(espalier completions bash)               in ~/.bashrc; zsh: the same in ~/.zshrc, after `compinit`
  espalier completions fish | source                in ~/.config/fish/config.fish",
    },
];

/// The whole command line, without what is for measurements and tests.
pub fn command() -> Command {
    VERBS.iter().fold(Args::command(), |command, it| {
        command.mut_subcommand(it.verb, |verb| {
            let known = formats(it.verb);
            let format = flag("format").value_parser(of(known)).hide(known.len() < 2);
            let verb = it
                .unheard
                .iter()
                .fold(verb.arg(format), |verb, name| verb.arg(flag(name).hide(true)));
            if it.examples.is_empty() { verb } else { verb.after_help(it.examples) }
        })
    })
}

/// A global flag, to be changed for one verb: the verb's own stands before the one that all have.
fn flag(name: &'static str) -> Arg {
    let found = Args::command().get_arguments().find(|it| it.get_id() == name).cloned();
    found.unwrap_or_else(|| Arg::new(name).long(name))
}

fn of(formats: &'static [Format]) -> ValueParser {
    let names = formats.iter().filter_map(Format::to_possible_value);
    PossibleValuesParser::new(names).try_map(|it| Format::from_str(&it, true)).into()
}

/// Reads the command line.
///
/// # Errors
/// When it is a wrong use, or asks for help.
pub fn read() -> Result<Args, clap::Error> {
    // Of no use to people, so no help or completion has it.
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
    fn every_verb_has_its_words() {
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
