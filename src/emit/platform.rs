//! The platform's own files: manifests, projects, Applications, the bootstrap script, schemas and
//! the page for people.

use super::{
    files::Files,
    layout, pin,
    readme::{self, Forward, Page},
    runbooks, script, tenant,
};
use crate::{
    budget::report::Report,
    facts::versions::K3S,
    load::schema,
    plan::{
        Plan, Planned,
        applications::{self, BOOTSTRAP_FOLDER, MANUAL_FOLDER},
        overview::glance,
        summary::Summary,
        tables::{first_waves, flows, secrets},
    },
    platform::repository::Pin,
};

/// Writes them; the revision that the Applications follow, fully qualified: the branch, or the tag
/// of this very content.
pub fn write(plan: &Plan, summaries: &[Summary], budget: &Report, files: &mut Files) -> String {
    for Planned { component, folder, .. } in plan.applications() {
        for object in &component.objects {
            layout::object(files, &folder, object);
        }
        for object in &component.manual_objects {
            layout::object_flat(files, MANUAL_FOLDER, object);
        }
    }
    let projects = plan.project_objects();
    let projects: Vec<String> =
        projects.iter().map(|it| layout::object_flat(files, BOOTSTRAP_FOLDER, it)).collect();
    layout::object_flat(files, BOOTSTRAP_FOLDER, &plan.root());

    let revision = revision(plan, summaries, files);
    script::write(plan, &budget.own_disk, projects, &revision, files);
    for (_, application) in plan.application_objects(&revision) {
        tenant::application(files, application);
    }
    if plan.has_operator() {
        if summaries.iter().any(|it| it.name.is_some()) {
            tenant::resources(plan, &revision, files);
        }
    } else if plan.repository().pin == Pin::Tag {
        for summary in summaries {
            if let Some(name) = &summary.name {
                let its = plan.application_of_tenant(name, summary.wave, &revision);
                tenant::application(files, its);
            }
        }
    }
    for (path, text) in schema::files() {
        files.add(path, |out| out.extend_from_slice(text.as_bytes()));
    }
    files.add("out/.espalier.json", readme::imprint);
    page(plan, summaries, budget, files);
    if has_runbooks(plan) {
        let has_alertmanager = plan.platform().spec.components.alertmanager.enabled;
        runbooks::write(plan.contributions(), has_alertmanager, files);
    }
    revision
}

/// Whether somebody evaluates the alerts, and leads to their pages.
fn has_runbooks(plan: &Plan) -> bool {
    plan.platform().spec.components.kube_prometheus_stack.enabled
}

fn revision(plan: &Plan, summaries: &[Summary], files: &Files) -> String {
    match plan.repository().pin {
        Pin::Branch => plan.repository().revision(),
        Pin::Tag => {
            let contents = summaries.iter().map(|it| &it.content);
            format!("refs/tags/{}", pin::tag(&pin::content(files), contents))
        }
    }
}

/// `out/README.md`.
fn page(plan: &Plan, summaries: &[Summary], budget: &Report, files: &mut Files) {
    let waves = first_waves(plan, summaries, readme::LISTED);
    let page = Page {
        glance: &glance(plan, summaries, readme::LISTED),
        uploads: uploads(plan, summaries),
        is_issued: plan.platform().spec.workspaces.oidc().is_some(),
        proxy: plan.proxy().map(|it| it.url.clone()),
        forwards: plan
            .components()
            .iter()
            .flat_map(|it| &it.forwarded)
            .filter_map(Forward::to)
            .collect(),
        outside: plan.components().iter().flat_map(|it| it.provided_outside.clone()).collect(),
        contributions: plan.contributions(),
        has_runbooks: has_runbooks(plan),
        places: waves.iter().map(|it| place(plan, &it.application)).collect(),
        budget,
        k3s: plan.platform().versions.of(K3S).to_string(),
        waves,
        applications: plan.waves().count()
            + plan.applications_of(summaries.iter().filter(|it| it.name.is_some()).count()),
        flows: flows(plan),
        secrets: secrets(plan),
    };
    files.add("out/README.md", |out| readme::write(out, &page));
}

/// Which files people may upload.
fn uploads(plan: &Plan, summaries: &[Summary]) -> Option<String> {
    let chat = &plan.platform().spec.components.open_webui;
    let own = chat.enabled.then(|| chat.documents.described());
    let has_tenants = summaries.iter().any(|it| it.name.is_some());
    let of_tenants =
        has_tenants.then(|| "Workspaces read text files and source code only".to_owned());
    let all: Vec<String> = own.into_iter().chain(of_tenants).collect();
    (!all.is_empty()).then(|| all.join(". "))
}

/// What an Application is made from, with a link relative to `out/README.md`.
fn place(plan: &Plan, application: &str) -> String {
    let planned = plan.applications().find(|it| &*it.component.name == application);
    if let Some(chart) = planned.as_ref().and_then(|it| it.component.chart.as_ref()) {
        return format!("chart {} {}", chart.facts.name, chart.version);
    }
    let folder = planned.map_or_else(|| applications::folder(application), |it| it.folder);
    let link = folder.strip_prefix("out/").map_or_else(|| format!("../{folder}"), str::to_owned);
    format!("[`{folder}`]({link})")
}
