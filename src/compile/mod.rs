//! The compilation, on one page: three pure functions from texts to files.

pub mod bootstrap;
pub mod glance;
pub mod house;
pub mod memory;
pub mod pin;
pub mod rows;
pub mod summary;

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    budget::{
        ask::{self, Origin, Row, Sum, Wants},
        place::{self, Waiting},
        report::Report,
    },
    builder::{object::Object, scope::Built},
    check::{
        models,
        rules::{self, SpecView, TenantView, WholeView},
        workspaces,
    },
    compile::{
        glance::glance,
        house::House,
        pin::Content,
        rows::{first_waves, flows, secrets},
        summary::Summary,
    },
    components::{floor_plan::BOOTSTRAP, postgresql::External},
    diag::{
        diagnostic::{Diagnostics, Severity},
        path::FieldPath,
        render::Texts,
    },
    emit::{
        files::Files,
        layout,
        readme::{self, Page},
    },
    facts::versions::K3S,
    plan::{
        applications::{self, BOOTSTRAP_FOLDER, BY_HAND_FOLDER},
        projects,
        waves::emitted,
    },
    platform::repository::Pin,
    spec::{read, schema},
    yaml::source::Source,
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
    pub house: Option<House>,
    /// What is wrong.
    pub diagnostics: Diagnostics,
}

/// Reads the platform's files, checks what can be told from them alone, and builds.
pub fn platform(sources: &Sources) -> Loaded {
    let (platform, mut diagnostics) = read::platform(&sources.texts);
    let file: Arc<str> = sources.texts.get(read::PLATFORM).map_or_else(|| read::PLATFORM.into(), |it| it.file.clone());
    let Some(platform) = platform else { return Loaded { house: None, diagnostics } };
    rules::spec(&SpecView { platform: &platform, file: &file }, &mut diagnostics);
    let house = (!diagnostics.has_errors()).then(|| House::new(Arc::new(platform).build(), file));
    Loaded { house, diagnostics }
}

/// Builds one tenant by itself, on any thread: its files, and what the whole needs to know of it.
pub fn tenant(house: &House, source: &Source, files: &mut Files) -> Summary {
    let (workspace, mut diagnostics) = read::workspace(source);
    let file = source.file.clone();
    let unread = |diagnostics| Summary {
        name: None,
        file: file.clone(),
        diagnostics,
        host: None,
        models: Box::default(),
        sum: Sum::default(),
        pods: Vec::new(),
        wave: 0,
        flows: Box::default(),
        content: Content::default(),
    };
    let Some(workspace) = workspace else { return unread(diagnostics) };
    workspaces::name(&workspace, &file, &mut diagnostics);
    workspaces::served(&workspace, &house.built, &file, &mut diagnostics);
    models::listed(&workspace.ollama(), &file, &FieldPath::root().key("spec").key("models"), &mut diagnostics);
    if diagnostics.count(Severity::Error) > 0 {
        return unread(diagnostics);
    }
    let Some(mut built) = workspace.build(&house.built) else { return unread(diagnostics) };
    let name = workspace.spec.workspace_name.shared();
    House::close_tenant(&mut built);
    let folder = applications::folder(&applications::tenant_name(&name));
    for object in &built.objects {
        layout::object(files, &folder, object);
    }
    let wave = house.waves.wave_after(built.after.iter().copied());
    let sum = ask::of_tenant(&built);
    let pods = if house.built.ground.several_nodes { ask::pods_of_tenant(&built) } else { Vec::new() };
    let mut content = Content::default();
    if house.repository().pin == Pin::Tag {
        // Its Application comes with the whole: it names a tag, which nobody knows before all is there.
        content = pin::content(files);
    } else {
        application_of(house, &name, wave, &house.repository().revision(), files);
    }
    let (host, flows) = (workspace.host(&house.built).ok(), built.flows.into_iter().collect());
    let models = workspace.spec.models.into();
    Summary { name: Some(name), file, diagnostics, host, models, sum, pods, wave, flows, content }
}

fn application_of(house: &House, tenant: &Arc<str>, wave: u32, revision: &str, files: &mut Files) {
    let its = applications::of_tenant(tenant, wave, projects::TENANTS, &house.follows(revision));
    files.add_yaml(&applications::file(&its.metadata.name.clone().unwrap_or_default()), |out| Object::derived_custom(its).emit(out));
}

/// The revision that Applications follow, fully qualified: the branch, or the tag of this very content.
fn revision(house: &House, summaries: &[Summary], files: &Files) -> String {
    match house.repository().pin {
        Pin::Branch => house.repository().revision(),
        Pin::Tag => format!("refs/tags/{}", pin::tag(&pin::content(files), summaries)),
    }
}

/// What the whole came to.
pub struct Whole {
    /// What is wrong with it.
    pub found: Diagnostics,
    /// What its Applications follow: the branch, or the tag of this very content, fully qualified.
    pub revision: String,
}

/// What concerns the whole: the platform's own files, the budget, and every rule that needs all of it.
pub fn whole(house: &House, summaries: &[Summary], files: &mut Files) -> Whole {
    let repository = house.repository();
    let groups = house.projects();
    let folder = |index, it: &Built| if index == 0 { BOOTSTRAP_FOLDER.to_owned() } else { applications::folder(&it.name) };
    let built = || house.built.built.iter().enumerate().filter(|(index, it)| emitted(*index, it));
    for (index, it) in built() {
        let folder = folder(index, it);
        for object in &it.objects {
            layout::object(files, &folder, object);
        }
        for object in &it.by_hand {
            layout::object_flat(files, BY_HAND_FOLDER, object);
        }
    }
    let projects = projects::all(repository, &groups, house.name()).into_iter();
    let projects: Vec<String> = projects.map(|it| layout::object_flat(files, BOOTSTRAP_FOLDER, &Object::derived_custom(it))).collect();
    let root = Object::derived_custom(applications::root(repository, house.name(), projects::BOOTSTRAP));
    layout::object_flat(files, BOOTSTRAP_FOLDER, &root);
    let revision = revision(house, summaries, files);
    bootstrap::write(house, projects, &revision, files);
    for (index, it) in built() {
        let wave = house.waves.wave(index).unwrap_or_default();
        let follows = house.follows(&revision);
        let its = applications::of_component(it, wave, groups.of_application(&it.name), &folder(index, it), &follows);
        files.add_yaml(&applications::file(&it.name), |out| Object::derived_custom(its).emit(out));
    }
    if repository.pin == Pin::Tag {
        for (name, wave) in summaries.iter().filter_map(|it| Some((it.name.as_ref()?, it.wave))) {
            application_of(house, name, wave, &revision, files);
        }
    }

    let budget = budget(house, summaries);
    for (path, text) in schema::files() {
        files.add(path, |out| out.extend_from_slice(text.as_bytes()));
    }
    files.add("out/.espalier.json", readme::imprint);
    let waves = first_waves(house, summaries, readme::LISTED);
    let page = Page {
        glance: &glance(house, summaries, readme::LISTED),
        outside: outside(house),
        contributions: &house.built.contributions,
        places: waves.iter().map(|it| place(house, &it.application)).collect(),
        budget: &budget,
        k3s: house.built.platform.versions.of(K3S).to_string(),
        waves,
        applications: house.waves.count() + summaries.iter().filter(|it| it.name.is_some()).count(),
        flows: flows(house),
        secrets: secrets(house),
    };
    files.add("out/README.md", |out| readme::write(out, &page));

    let mut found = Diagnostics::new();
    let views: Vec<TenantView<'_>> =
        summaries.iter().map(|it| TenantView { file: &it.file, name: it.name.as_ref(), host: it.host.as_ref(), sum: &it.sum }).collect();
    let view = WholeView {
        spec: SpecView { platform: &house.built.platform, file: &house.file },
        house: &house.built,
        tenants: &views,
        budget: &budget,
        copies: &house.copies,
    };
    rules::whole(&view, &mut found);
    Whole { found, revision }
}

/// What somebody else must provide, in words.
fn outside(house: &House) -> Vec<String> {
    let it = &house.built.platform.spec.components;
    let database = it.postgresql.external.as_ref().filter(|_| it.postgresql.enabled && it.open_webui.enabled);
    let row = |at: &External| {
        format!(
            "PostgreSQL at `{}:{}`: the database `{}`, owned by the role `{}`, which must be let open {} connections (`max_connections` is \
             the server's, and others use it too). Open WebUI makes its tables itself; backups are the server's.",
            at.host,
            at.port,
            at.database,
            at.role,
            it.open_webui.connections(&it.postgresql)
        )
    };
    database.map(row).into_iter().collect()
}

/// The budget of the platform and its tenants.
pub fn budget(house: &House, summaries: &[Summary]) -> Report {
    let mut rows: Vec<Row> = house.rows();
    let mut sum: Sum = rows.iter().collect();
    for it in summaries {
        sum.extend(&it.sum);
        if let Some(name) = &it.name {
            rows.push(Row {
                application: applications::tenant_name(name),
                kind: "Workspace",
                namespace: name.clone(),
                name: name.clone(),
                replicas: 1,
                surge: 0,
                pod: it.sum.ask,
                source: Origin::Tenant,
                priority: 0,
                wants: Wants::default(),
                claims: Vec::new(),
            });
        }
    }
    let nodes = house.built.platform.spec.all_nodes();
    let unplaced = if nodes.is_single() { Vec::new() } else { place::place(&nodes, waiting(&rows, summaries)) };
    Report::of_sum(nodes, rows, sum, unplaced)
}

/// All pods that need a place. The rows of tenants come last, in the order of their summaries.
fn waiting<'a>(rows: &'a [Row], summaries: &[Summary]) -> Vec<Waiting<'a>> {
    let (tenants, own): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|it| it.source == Origin::Tenant);
    let of_tenants = tenants.into_iter().zip(summaries.iter().filter(|it| it.name.is_some()));
    let of_tenants = of_tenants.flat_map(|(row, it)| it.pods.iter().map(move |&(count, ask)| Waiting { row, count, ask }));
    own.into_iter().map(|row| Waiting { row, count: row.replicas, ask: row.pod }).chain(of_tenants).collect()
}

/// What an Application is made from, with a link relative to `out/README.md`.
fn place(house: &House, application: &str) -> String {
    let chart = house.built.built.iter().find(|it| &*it.name == application).and_then(|it| it.chart.as_ref());
    match chart {
        Some(chart) => format!("chart {} {}", chart.facts.name, chart.version),
        None if application == BOOTSTRAP => format!("[`{BOOTSTRAP_FOLDER}`](../{BOOTSTRAP_FOLDER})"),
        None => {
            let folder = applications::folder(application);
            format!("[`{folder}`]({})", folder.trim_start_matches("out/"))
        }
    }
}
