//! What a render says of which nothing has changed, as its index tells: the same as the last one.

use crate::{
    cli::{
        besides::{self, Built},
        ignored,
        index::{Index, Made},
        repository::{self, Holder},
        session::Session,
        stage::Stage,
        tree::Tree,
    },
    compile,
    diag::diagnostic::Diagnostics,
};

/// What the last render came to, with its findings, if nothing that it read or wrote has changed.
/// What Git has of the tree is asked anew, since no file of the tree tells of it.
///
/// # Errors
/// When Git does not list its files, or the stage cannot be emptied.
pub(super) fn made<'a>(
    session: Session<'_>,
    index: &'a Index<'_>,
) -> anyhow::Result<Option<(&'a Made, Diagnostics)>> {
    let Session { disk, work, .. } = session;
    let Some(made) = index.unchanged() else { return Ok(None) };
    let Some(mut findings) = made.findings() else { return Ok(None) };
    // What a killed run has left there is removed, as by any render.
    drop(Stage::open(&Tree::unlisted(disk, &work.root))?);
    if !matches!(repository::holder(&work.root), Holder::Nobody) {
        let Some(plan) = compile::platform(&work.sources).plan else { return Ok(None) };
        let tree = Tree::open(disk, &work.root)?;
        tree.need_all();
        let needed = || ignored::needed_by(&tree, work, &made.needed);
        let has_errors = findings.has_errors();
        let built = Built { plan: &plan, needed: &needed, has_errors, foreign: &[] };
        findings.extend(besides::of(&tree, work, &built)?);
    }
    Ok(Some((made, findings)))
}
