//! The compilation, on one page: three pure functions from texts to files.

pub mod house;
pub mod rows;
pub mod summary;

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    budget::{
        ask::{self, Origin, Row, Sum},
        report::Report,
    },
    builder::object::Object,
    check::{
        models,
        rules::{self, SpecView, TenantView, WholeView},
        workspaces,
    },
    compile::{
        house::House,
        rows::{first_waves, flows, secrets},
        summary::Summary,
    },
    components::{floor_plan::BOOTSTRAP, workspace::Workspace},
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
    plan::{
        applications::{self, BOOTSTRAP_FOLDER, BY_HAND_FOLDER},
        projects,
        waves::emitted,
    },
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
    let (workspace, mut diagnostics) = source.read::<Workspace>();
    let file = source.file.clone();
    let unread = |diagnostics| Summary { name: None, file: file.clone(), diagnostics, host: None, sum: Sum::default(), wave: 0 };
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
    let application: Arc<str> = format!("ws-{name}").into();
    let folder = applications::folder(&application);
    for object in &built.objects {
        layout::object(files, &folder, object);
    }
    let wave = house.waves.wave_after(built.after.iter().copied());
    let sum = ask::of_tenant(&built);
    built.name = application.clone();
    let its = applications::of_component(&built, wave, projects::TENANTS, &folder, house.repository(), house.name());
    files.add_yaml(&applications::file(&application), |out| Object::derived_custom(its).emit(out));
    Summary { name: Some(name), file, diagnostics, host: workspace.host(&house.built).ok(), sum, wave }
}

/// What concerns the whole: the platform's own files, the budget, and every rule that needs all of it.
pub fn whole(house: &House, summaries: &[Summary], files: &mut Files) -> Diagnostics {
    let repository = house.repository();
    for (index, it) in house.built.built.iter().enumerate().filter(|(index, it)| emitted(*index, it)) {
        let wave = house.waves.wave(index).unwrap_or_default();
        let (folder, project) = match index {
            0 => (BOOTSTRAP_FOLDER.to_owned(), projects::BOOTSTRAP),
            _ => (applications::folder(&it.name), projects::PLATFORM),
        };
        for object in &it.objects {
            layout::object(files, &folder, object);
        }
        for object in &it.by_hand {
            layout::object_flat(files, BY_HAND_FOLDER, object);
        }
        let its = applications::of_component(it, wave, project, &folder, repository, house.name());
        files.add_yaml(&applications::file(&it.name), |out| Object::derived_custom(its).emit(out));
    }
    let (permits, tenants) = house.permits();
    for project in projects::all(&repository.url, &permits, &tenants, house.name()) {
        layout::object_flat(files, BOOTSTRAP_FOLDER, &Object::derived_custom(project));
    }
    let root = Object::derived_custom(applications::root(repository, house.name(), projects::BOOTSTRAP));
    layout::object_flat(files, BOOTSTRAP_FOLDER, &root);

    let budget = budget(house, summaries);
    files.add("spec/platform.schema.json", |out| out.extend_from_slice(schema::json_schema().as_bytes()));
    files.add("out/.espalier.json", |out| readme::imprint(out, &budget));
    let waves = first_waves(house, summaries, readme::LISTED);
    let page = Page {
        name: house.name(),
        hosts: house.built.built.iter().flat_map(|it| &it.certificates).map(ToString::to_string).collect(),
        kubelet: house.built.platform.spec.node.kubelet_arguments(),
        contributions: &house.built.contributions,
        places: waves.iter().map(|it| place(house, &it.application)).collect(),
        budget: &budget,
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
    found
}

/// The budget of the platform and its tenants.
pub fn budget(house: &House, summaries: &[Summary]) -> Report {
    let mut rows: Vec<Row> = house.rows();
    let mut sum: Sum = rows.iter().collect();
    for it in summaries {
        sum.extend(&it.sum);
        if let Some(name) = &it.name {
            rows.push(Row {
                application: format!("ws-{name}").into(),
                kind: "Workspace",
                namespace: name.clone(),
                name: name.clone(),
                replicas: 1,
                surge: 0,
                pod: it.sum.ask,
                source: Origin::Tenant,
            });
        }
    }
    Report::of_sum(&house.built.platform.spec.node, rows, sum)
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
