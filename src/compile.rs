//! The compilation, on one page: load, plan, check, emit. Pure functions from texts to files.

use std::sync::Arc;

use crate::{
    check::{rules, view},
    diag::diagnostic::Diagnostics,
    emit::{self, files::Files},
    load::{Sources, read},
    plan::{Plan, summary::Summary},
    platform::files::PLATFORM,
    yaml::source::Source,
};

/// What reading the platform came to.
pub struct Loaded {
    /// The platform, planned; none where the spec cannot be.
    pub plan: Option<Plan>,
    /// What is wrong.
    pub diagnostics: Diagnostics,
}

/// Loads the platform's files, checks what can be told from them alone, builds and plans.
pub fn platform(sources: &Sources) -> Loaded {
    let (platform, mut diagnostics) = read::platform(&sources.texts);
    let file = sources.texts.get(PLATFORM).map_or_else(|| PLATFORM.into(), |it| it.file.clone());
    let Some(platform) = platform else { return Loaded { plan: None, diagnostics } };
    rules::spec(&view::SpecView { platform: &platform, file: &file }, &mut diagnostics);
    let plan = (!diagnostics.has_errors()).then(|| Plan::of(Arc::new(platform).build(), file));
    Loaded { plan, diagnostics }
}

/// Loads, checks, plans and emits one tenant by itself, on any thread.
pub fn tenant(plan: &Plan, source: &Source, files: &mut Files) -> Summary {
    let (workspace, mut diagnostics) = read::workspace(source);
    let file = source.file.clone();
    if let Some(workspace) = workspace {
        rules::tenant(
            &view::TenantView { workspace: &workspace, plan, file: &file },
            &mut diagnostics,
        );
        if !diagnostics.has_errors()
            && let Some(tenant) = plan.tenant(&workspace)
        {
            let content = emit::tenant::write(plan, &tenant, files);
            return Summary { diagnostics, content, ..tenant.summary(plan, file) };
        }
    }
    Summary { diagnostics, ..Summary::unread(file) }
}

/// What the whole came to.
pub struct Whole {
    /// What is wrong with it.
    pub found: Diagnostics,
    /// What its Applications follow: the branch, or the tag of this very content, fully qualified.
    pub revision: String,
}

/// The platform's own files, and every rule that needs all of it.
pub fn whole(plan: &Plan, summaries: &[Summary], files: &mut Files) -> Whole {
    let budget = plan.budget(summaries);
    let revision = emit::platform::write(plan, summaries, &budget, files);
    let mut found = Diagnostics::new();
    rules::whole(&view::WholeView::of(plan, summaries, &budget), &mut found);
    Whole { found, revision }
}

/// A whole compilation: what came of each phase.
pub struct Compilation {
    /// The platform.
    pub loaded: Loaded,
    /// The tenants, in the order of their files' names.
    pub summaries: Vec<Summary>,
    /// The whole; none where nothing could be built.
    pub whole: Option<Whole>,
}

/// Compiles everything, in its order. `tenants` has all of them compiled by [`tenant`], on whatever
/// threads there are.
///
/// # Errors
/// What `tenants` returned.
pub fn all<E>(
    sources: &Sources,
    files: &mut Files,
    tenants: impl FnOnce(&Plan) -> Result<Vec<Summary>, E>,
) -> Result<Compilation, E> {
    let loaded = platform(sources);
    let Some(plan) = &loaded.plan else {
        return Ok(Compilation { loaded, summaries: Vec::new(), whole: None });
    };
    let summaries = tenants(plan)?;
    let whole = Some(whole(plan, &summaries, files));
    Ok(Compilation { loaded, summaries, whole })
}
