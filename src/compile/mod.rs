//! The compilation, on one page: three pure functions from texts to files.

pub mod bootstrap;
pub mod glance;
pub mod memory;
pub mod pin;
pub mod plan;
pub mod rows;
pub mod summary;

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    budget::{
        demand::{self, Origin, Row, Total, Wants},
        placement::{self, PendingPods},
        report::Report,
    },
    builder::{object::Object, scope::BuiltComponent},
    check::{
        models, rules,
        view::{SpecView, TenantView, WholeView},
        workspaces,
    },
    compile::{
        glance::glance,
        pin::Content,
        plan::Plan,
        rows::{first_waves, flows, secrets},
        summary::Summary,
    },
    components::{floor_plan::BOOTSTRAP, postgresql::External},
    diag::{
        diagnostic::{Diagnostics, Severity},
        path::FieldPath,
    },
    emit::{
        files::Files,
        layout,
        readme::{self, Page},
    },
    facts::versions::K3S,
    load::{read, schema},
    plan::{
        applications::{self, BOOTSTRAP_FOLDER, MANUAL_FOLDER},
        projects,
        waves::emitted,
    },
    platform::{files::PLATFORM, repository::Pin},
    yaml::{source::Source, texts::Texts},
};

/// The texts that the platform is read from: spec, versions, sealed values; not the tenants'.
pub struct Sources {
    /// By path, relative to the root.
    pub texts: BTreeMap<Arc<str>, Source>,
}

impl Texts for Sources {
    fn source(&self, file: &str) -> Option<&Source> {
        self.texts.source(file)
    }
}

/// What reading the platform came to.
pub struct Loaded {
    /// The platform, built; none where the spec cannot be.
    pub plan: Option<Plan>,
    /// What is wrong.
    pub diagnostics: Diagnostics,
}

/// Reads the platform's files, checks what can be told from them alone, and builds.
pub fn platform(sources: &Sources) -> Loaded {
    let (platform, mut diagnostics) = read::platform(&sources.texts);
    let file: Arc<str> =
        sources.texts.get(PLATFORM).map_or_else(|| PLATFORM.into(), |it| it.file.clone());
    let Some(platform) = platform else { return Loaded { plan: None, diagnostics } };
    rules::spec(&SpecView { platform: &platform, file: &file }, &mut diagnostics);
    let plan = (!diagnostics.has_errors()).then(|| Plan::new(Arc::new(platform).build(), file));
    Loaded { plan, diagnostics }
}

/// Builds one tenant by itself, on any thread: its files, and what the whole needs to know of it.
pub fn tenant(plan: &Plan, source: &Source, files: &mut Files) -> Summary {
    let (workspace, mut diagnostics) = read::workspace(source);
    let file = source.file.clone();
    let unread = |diagnostics| Summary {
        name: None,
        file: file.clone(),
        diagnostics,
        host: None,
        models: Box::default(),
        sum: Total::default(),
        pods: Vec::new(),
        wave: 0,
        flows: Box::default(),
        content: Content::default(),
    };
    let Some(workspace) = workspace else { return unread(diagnostics) };
    workspaces::name(&workspace, &file, &mut diagnostics);
    workspaces::served(&workspace, &plan.assembly, &file, &mut diagnostics);
    models::listed(
        &workspace.ollama(),
        &file,
        &FieldPath::root().key("spec").key("models"),
        &mut diagnostics,
    );
    if diagnostics.count(Severity::Error) > 0 {
        return unread(diagnostics);
    }
    let Some(mut built) = workspace.build(&plan.assembly) else { return unread(diagnostics) };
    let name = workspace.spec.workspace_name.shared();
    Plan::close_tenant(&mut built);
    let folder = applications::folder(&applications::tenant_name(&name));
    for object in &built.objects {
        layout::object(files, &folder, object);
    }
    let wave = plan.waves.wave_after(built.after.iter().copied());
    let sum = demand::of_tenant(&built);
    let pods = if plan.assembly.cluster.several_nodes {
        demand::pods_of_tenant(&built)
    } else {
        Vec::new()
    };
    let mut content = Content::default();
    if plan.repository().pin == Pin::Tag {
        // Its Application comes with the whole: it names a tag, which nobody knows before all is
        // there.
        content = pin::content(files);
    } else {
        application_of(plan, &name, wave, &plan.repository().revision(), files);
    }
    let (host, flows) = (workspace.host(&plan.assembly).ok(), built.flows.into_iter().collect());
    let models = workspace.spec.models.into();
    Summary { name: Some(name), file, diagnostics, host, models, sum, pods, wave, flows, content }
}

fn application_of(plan: &Plan, tenant: &Arc<str>, wave: u32, revision: &str, files: &mut Files) {
    let its = applications::of_tenant(tenant, wave, projects::TENANTS, &plan.follows(revision));
    files.add_yaml(&applications::file(&its.metadata.name.clone().unwrap_or_default()), |out| {
        Object::derived_custom(its).emit(out);
    });
}

/// The revision that Applications follow, fully qualified: the branch, or the tag of this very
/// content.
fn revision(plan: &Plan, summaries: &[Summary], files: &Files) -> String {
    match plan.repository().pin {
        Pin::Branch => plan.repository().revision(),
        Pin::Tag => format!(
            "refs/tags/{}",
            pin::tag(&pin::content(files), summaries.iter().map(|it| &it.content))
        ),
    }
}

/// What the whole came to.
pub struct Whole {
    /// What is wrong with it.
    pub found: Diagnostics,
    /// What its Applications follow: the branch, or the tag of this very content, fully qualified.
    pub revision: String,
}

/// What concerns the whole: the platform's own files, the budget, and every rule that needs all of
/// it.
pub fn whole(plan: &Plan, summaries: &[Summary], files: &mut Files) -> Whole {
    let repository = plan.repository();
    let groups = plan.projects();
    let folder = |index, component: &BuiltComponent| {
        if index == 0 { BOOTSTRAP_FOLDER.to_owned() } else { applications::folder(&component.name) }
    };
    let built = || {
        plan.assembly
            .components
            .iter()
            .enumerate()
            .filter(|(index, component)| emitted(*index, component))
    };
    for (index, built) in built() {
        let folder = folder(index, built);
        for object in &built.objects {
            layout::object(files, &folder, object);
        }
        for object in &built.manual_objects {
            layout::object_flat(files, MANUAL_FOLDER, object);
        }
    }
    let projects = projects::all(repository, &groups, plan.name()).into_iter();
    let projects: Vec<String> = projects
        .map(|it| layout::object_flat(files, BOOTSTRAP_FOLDER, &Object::derived_custom(it)))
        .collect();
    let root =
        Object::derived_custom(applications::root(repository, plan.name(), projects::BOOTSTRAP));
    layout::object_flat(files, BOOTSTRAP_FOLDER, &root);
    let revision = revision(plan, summaries, files);
    bootstrap::write(plan, projects, &revision, files);
    for (index, built) in built() {
        let wave = plan.waves.wave(index).unwrap_or_default();
        let follows = plan.follows(&revision);
        let its = applications::of_component(
            built,
            wave,
            groups.of_application(&built.name),
            &folder(index, built),
            &follows,
        );
        files.add_yaml(&applications::file(&built.name), |out| {
            Object::derived_custom(its).emit(out);
        });
    }
    if repository.pin == Pin::Tag {
        for (name, wave) in summaries.iter().filter_map(|it| Some((it.name.as_ref()?, it.wave))) {
            application_of(plan, name, wave, &revision, files);
        }
    }

    let budget = budget(plan, summaries);
    for (path, text) in schema::files() {
        files.add(path, |out| out.extend_from_slice(text.as_bytes()));
    }
    files.add("out/.espalier.json", readme::imprint);
    let waves = first_waves(plan, summaries, readme::LISTED);
    let page = Page {
        glance: &glance(plan, summaries, readme::LISTED),
        outside: outside(plan),
        contributions: &plan.assembly.contributions,
        places: waves.iter().map(|it| place(plan, &it.application)).collect(),
        budget: &budget,
        k3s: plan.assembly.platform.versions.of(K3S).to_string(),
        waves,
        applications: plan.waves.count() + summaries.iter().filter(|it| it.name.is_some()).count(),
        flows: flows(plan),
        secrets: secrets(plan),
    };
    files.add("out/README.md", |out| readme::write(out, &page));

    let mut found = Diagnostics::new();
    let views: Vec<TenantView<'_>> = summaries
        .iter()
        .map(|summary| TenantView {
            file: &summary.file,
            name: summary.name.as_ref(),
            host: summary.host.as_ref(),
            sum: &summary.sum,
        })
        .collect();
    let view = WholeView {
        spec: SpecView { platform: &plan.assembly.platform, file: &plan.file },
        assembly: &plan.assembly,
        tenants: &views,
        budget: &budget,
        copies: &plan.copies,
    };
    rules::whole(&view, &mut found);
    Whole { found, revision }
}

/// What somebody else must provide, in words.
fn outside(plan: &Plan) -> Vec<String> {
    let components = &plan.assembly.platform.spec.components;
    let database = components
        .postgresql
        .external
        .as_ref()
        .filter(|_| components.postgresql.enabled && components.open_webui.enabled);
    let row = |at: &External| {
        format!(
            "PostgreSQL at `{}:{}`: the database `{}`, owned by the role `{}`, which must be let \
             open {} connections (`max_connections` is the server's, and others use it too). Open \
             WebUI makes its tables itself; backups are the server's.",
            at.host,
            at.port,
            at.database,
            at.role,
            components.open_webui.connections(&components.postgresql)
        )
    };
    database.map(row).into_iter().collect()
}

/// The budget of the platform and its tenants.
pub fn budget(plan: &Plan, summaries: &[Summary]) -> Report {
    let mut rows: Vec<Row> = plan.rows();
    let mut sum: Total = rows.iter().collect();
    for summary in summaries {
        sum.extend(&summary.sum);
        if let Some(name) = &summary.name {
            rows.push(Row {
                application: applications::tenant_name(name),
                kind: "Workspace",
                namespace: name.clone(),
                name: name.clone(),
                replicas: 1,
                surge: 0,
                pod: summary.sum.ask,
                source: Origin::Tenant,
                priority: 0,
                wants: Wants::default(),
                claims: Vec::new(),
            });
        }
    }
    let nodes = plan.assembly.platform.spec.all_nodes();
    let unplaced = if nodes.is_single() {
        Vec::new()
    } else {
        placement::place(&nodes, waiting(&rows, summaries))
    };
    Report::of_sum(nodes, rows, sum, unplaced)
}

/// All pods that need a place. The rows of tenants come last, in the order of their summaries.
fn waiting<'a>(rows: &'a [Row], summaries: &[Summary]) -> Vec<PendingPods<'a>> {
    let (tenants, own): (Vec<&Row>, Vec<&Row>) =
        rows.iter().partition(|it| it.source == Origin::Tenant);
    let of_tenants = tenants.into_iter().zip(summaries.iter().filter(|it| it.name.is_some()));
    let of_tenants = of_tenants.flat_map(|(row, it)| {
        it.pods.iter().map(move |&(count, ask)| PendingPods { row, count, ask })
    });
    own.into_iter()
        .map(|row| PendingPods { row, count: row.replicas, ask: row.pod })
        .chain(of_tenants)
        .collect()
}

/// What an Application is made from, with a link relative to `out/README.md`.
fn place(plan: &Plan, application: &str) -> String {
    let chart = plan
        .assembly
        .components
        .iter()
        .find(|it| &*it.name == application)
        .and_then(|it| it.chart.as_ref());
    match chart {
        Some(chart) => format!("chart {} {}", chart.facts.name, chart.version),
        None if application == BOOTSTRAP => {
            format!("[`{BOOTSTRAP_FOLDER}`](../{BOOTSTRAP_FOLDER})")
        }
        None => {
            let folder = applications::folder(application);
            format!("[`{folder}`]({})", folder.trim_start_matches("out/"))
        }
    }
}
