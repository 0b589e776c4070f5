//! `explain`, `schema`, `completions`: output that needs no spec.

use std::borrow::Cow;

use anyhow::{Context as _, bail};
use clap_complete::Shell;

use crate::{
    cli::{
        args::SchemaOf, codes, complete, console::Console, fold::folded, outcome::Outcome,
        table::Table,
    },
    diag::{code::Code, suggest},
    load::schema,
};

/// Explains a code, or lists them all.
///
/// # Errors
/// When there is no such code.
pub fn explain(code: Option<&str>, console: &mut Console) -> anyhow::Result<Outcome> {
    let Some(code) = code else {
        let mut codes: Vec<&Code> = codes::all().collect();
        codes.sort_unstable_by_key(|it| it.name);
        let mut table = Table::bare();
        for code in codes {
            table.row([code.name.to_owned(), code.title().to_owned()]);
        }
        console.data(&table.folded(console.width()))?;
        return Ok(Outcome::Clean);
    };
    // The code may be copied from a finding: `error[some-code]`.
    let bare = code.split_once('[').map_or(code, |it| it.1).trim_end_matches([':', ']']);
    let Some(Code { page, .. }) = codes::all().find(|it| it.name == bare) else {
        match suggest::nearest(bare, codes::all().map(|it| it.name)) {
            Some(near) => bail!(
                "there is no finding `{bare}`; did you mean `{near}`? `espalier explain` lists \
                 all codes"
            ),
            None => bail!("there is no finding `{bare}`; `espalier explain` lists all codes"),
        }
    };
    console.data(&format!("{}\n", filled(page.trim_end(), console.width())))?;
    Ok(Outcome::Clean)
}

/// A page in the given width: paragraphs are refilled, and indented text stays as it is, to be
/// pasted.
fn filled(page: &str, width: Option<usize>) -> Cow<'_, str> {
    if width.is_none() {
        return Cow::Borrowed(page);
    }
    let begins = |first: char| first.is_alphanumeric() || "`(".contains(first);
    let is_text = |text: &str| text.lines().all(|it| it.starts_with(begins));
    let fill = |text: &str| {
        if is_text(text) {
            folded(&text.replace('\n', " "), width).into_owned()
        } else {
            text.to_owned()
        }
    };
    Cow::Owned(page.split("\n\n").map(fill).collect::<Vec<_>>().join("\n\n"))
}

/// Prints the JSON Schema of a file of the spec: the very file that `init` and `render` write.
///
/// # Errors
/// When stdout cannot be written.
pub fn schema(of: SchemaOf, console: &mut Console) -> anyhow::Result<Outcome> {
    let place = match of {
        SchemaOf::Platform => schema::PATHS[0],
        SchemaOf::Versions => schema::PATHS[1],
        SchemaOf::Secret => schema::PATHS[2],
        SchemaOf::Workspace => schema::PATHS[3],
    };
    let text = schema::files().find(|it| it.0 == place).map_or("", |it| it.1);
    console.data(&format!("{}\n", text.trim_end()))?;
    Ok(Outcome::Clean)
}

/// Prints the script with which a shell asks this program for completions.
///
/// # Errors
/// When stdout cannot be written.
pub fn completions(shell: Shell, console: &mut Console) -> anyhow::Result<Outcome> {
    let script =
        complete::script(shell).with_context(|| format!("there is no completion for {shell}"))?;
    console.data(&String::from_utf8_lossy(&script))?;
    Ok(Outcome::Clean)
}
