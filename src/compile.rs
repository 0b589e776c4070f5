//! The compilation, on one page: load, plan, check, emit. Pure functions from texts to files.

use std::sync::Arc;

use crate::{
    check::{rules, view},
    diag::diagnostic::Diagnostics,
    emit::{self, files::Files},
    load::{Sources, read},
    plan::{Plan, summary::Summary, tenant::Tenant},
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

/// Loads, checks and plans one tenant by itself, on any thread.
pub fn planned(plan: &Plan, source: &Source) -> (Option<Tenant>, Diagnostics) {
    let (workspace, mut found) = read::workspace(source);
    let Some(workspace) = workspace else { return (None, found) };
    let view = view::TenantView { workspace: &workspace, plan, file: &source.file };
    rules::tenant(&view, &mut found);
    let tenant = if found.has_errors() { None } else { plan.tenant(&workspace) };
    if let Some(tenant) = &tenant {
        rules::built(plan, tenant, &source.file, &mut found);
    }
    (tenant, found)
}

/// The same, and emits it.
pub fn tenant(plan: &Plan, source: &Source, files: &mut Files) -> Summary {
    let (tenant, diagnostics) = planned(plan, source);
    match tenant {
        Some(tenant) => Summary { diagnostics, ..emitted(plan, tenant, source, files) },
        None => Summary { diagnostics, ..Summary::unread(source.file.clone()) },
    }
}

/// Emits a planned tenant: its objects, or the resource of which an operator makes them.
pub fn emitted(plan: &Plan, tenant: Tenant, source: &Source, files: &mut Files) -> Summary {
    let (content, resource) = if plan.has_operator() {
        let (content, name) = emit::tenant::resource(plan, source, files);
        (content, Some(name))
    } else {
        (emit::tenant::write(plan, &tenant, files), None)
    };
    Summary { resource, content, ..tenant.summary(plan, source.file.clone()) }
}

/// What the whole came to.
pub struct Whole {
    /// What is wrong with it.
    pub found: Diagnostics,
    /// What its Applications follow: the branch, or the tag of this very content, fully qualified.
    pub revision: String,
}

/// The platform's own files, and the rules that need all of it.
pub fn whole(plan: &Plan, summaries: &[Summary], files: &mut Files) -> Whole {
    let serving = plan.serving(summaries);
    let plan = serving.as_ref().unwrap_or(plan);
    let budget = plan.brief(summaries);
    let revision = emit::platform::write(plan, summaries, &budget, files);
    let mut found = Diagnostics::new();
    let files: Vec<_> = files.iter().collect();
    let view = view::WholeView::of(plan, summaries, &budget, &revision, &files);
    rules::whole(&view, &mut found);
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

/// Compiles everything in its order; `tenants` compiles each by [`tenant`], on any threads.
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
