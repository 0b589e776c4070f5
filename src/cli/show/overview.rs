//! `show`: the overview, on one screen.

use std::fmt::Write as _;

use serde::Serialize;

use super::figures::figures;
use crate::{
    budget::report::Report,
    cli::{console::count, table::Table},
    plan::{Plan, glance::Glance, overview::glance, rows::WaveRow, summary::Summary, tables},
};

/// The largest number of Applications, hosts or models that are listed on one screen.
pub const SCREEN: usize = 24;
/// The width of output to a file or a pipe: that of most terminals.
const PAGE: usize = 80;

/// The overview in figures: the value that `show --format json` prints.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    #[serde(flatten)]
    glance: Glance,
    applications: usize,
    workspaces: usize,
    credentials: usize,
    credentials_sealed: usize,
    flows: usize,
    budget: Figures,
    #[serde(skip)]
    waves: Vec<WaveRow>,
    #[serde(skip)]
    sums: String,
}

/// The budget's sums: bytes, and thousandths of a CPU.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Figures {
    requests: u64,
    allocatable: u64,
    limits: u64,
    usable: u64,
    cpu_millicores: u64,
    cpu_allocatable_millicores: u64,
    pods: u32,
    fits: bool,
}

impl Figures {
    fn of(report: &Report) -> Self {
        Self {
            requests: report.requests.get(),
            allocatable: report.allocatable.get(),
            limits: report.limits.get(),
            usable: report.usable.get(),
            cpu_millicores: report.cpu.get(),
            cpu_allocatable_millicores: report.allocatable_cpu.get(),
            pods: report.pods,
            fits: report.fits(),
        }
    }
}

impl Overview {
    /// The overview of a plan and its tenants.
    pub fn of(plan: &Plan, tenants: &[Summary], flows: usize) -> Self {
        let (waves, secrets, budget) =
            (tables::waves(plan, tenants), tables::secrets(plan), plan.budget(tenants));
        Self {
            glance: glance(plan, tenants, usize::MAX),
            applications: waves.len(),
            workspaces: tenants.len(),
            credentials: secrets.len(),
            credentials_sealed: secrets.iter().filter(|it| it.sealed).count(),
            flows,
            sums: sums(&budget),
            budget: Figures::of(&budget),
            waves,
        }
    }

    /// The screen: hosts and what they need, models, versions, budget, then what runs.
    pub fn text(&self, width: Option<usize>) -> String {
        let width = Some(width.unwrap_or(PAGE));
        let mut first = head_of(&self.glance, &self.sums);
        let (applications, workspaces) =
            (count(self.applications, "Application"), count(self.workspaces, "workspace"));
        let credentials = format!(
            "{} ({} sealed)",
            count(self.credentials, "credential"),
            self.credentials_sealed
        );
        first.row([
            "parts".to_owned(),
            format!("{applications}, {workspaces}, {credentials}, {}", count(self.flows, "flow")),
        ]);

        let mut table = Table::new(&[">wave", "application", "namespace"]);
        for wave in self.waves.iter().take(SCREEN) {
            table.row([
                wave.wave.to_string(),
                wave.application.to_string(),
                wave.namespace.to_string(),
            ]);
        }
        let mut out = format!("{}\n{}", first.folded(width), table.folded(width));
        if self.waves.len() > SCREEN {
            let _ = writeln!(out, "… and {} more", self.waves.len() - SCREEN);
        }
        out + "\nmore: espalier show waves | flows | secrets | budget | monitoring\n"
    }
}

/// The most important facts, one line each: hosts and what they need, models, versions, budget.
pub fn head(glance: &Glance, budget: &Report) -> Table<2> {
    head_of(glance, &sums(budget))
}

fn sums(budget: &Report) -> String {
    format!(
        "{}, limits {}, CPU {} of {}",
        figures(budget),
        budget.limits.in_mib(),
        budget.cpu,
        budget.allocatable_cpu
    )
}

fn head_of(glance: &Glance, sums: &str) -> Table<2> {
    let mut first = Table::bare();
    let mut line = |what: &str, text: String| first.row([what.to_owned(), text]);
    line("platform", glance.name.to_string());
    for (at, host) in glance.hosts.iter().take(SCREEN).enumerate() {
        line(
            if at == 0 { "hosts" } else { "" },
            format!("{}://{} ({})", host.scheme(), host.host, host.application),
        );
    }
    if glance.all > SCREEN {
        line("", format!("… and {} more", glance.all - SCREEN));
    }
    if glance.hosts.is_empty() {
        line("hosts", "none".to_owned());
    } else {
        line("DNS", glance.dns());
        line("certificates", glance.certificates().to_owned());
    }
    let replicas = if glance.model_replicas > 1 {
        format!(", {} replicas", glance.model_replicas)
    } else {
        String::new()
    };
    let own = glance.models.iter().filter(|it| it.workspace.is_none()).count();
    let listed = glance.models.len().min(own.max(SCREEN));
    for (at, model) in glance.models.iter().take(listed).enumerate() {
        let whose = model
            .workspace
            .as_ref()
            .map_or_else(|| replicas.clone(), |it| format!(", workspace {it}"));
        line(
            if at == 0 { "models" } else { "" },
            format!("{} (context {}{whose})", model.name, model.context),
        );
    }
    if glance.model_count > listed {
        line("", format!("… and {} more", glance.model_count - listed));
    }
    let versions: Vec<String> =
        glance.versions.iter().map(|it| format!("{} {}", it.name, it.version)).collect();
    line("versions", versions.join(", "));
    line("budget", sums.to_owned());
    first
}
