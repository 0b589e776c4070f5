//! What is told of a workspace, in tables and in JSON.

use serde::Serialize;
use serde_json::Value;

use crate::{
    budget::report::Report,
    cli::table::Table,
    plan::{Plan, glance::DNS_RECORDS, summary::Summary},
    units::Bytes,
    yaml::source::Source,
};

/// The width of output to a file or a pipe: that of most terminals.
pub const PAGE: usize = 80;

/// What the host names of workspaces on a developer's own computer end in: each leads to the
/// computer that asks.
const LOCAL: &str = ".localtest.me";

/// A workspace in figures: the value that `--format json` prints.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// Its name, and that of its namespace.
    pub name: String,
    /// Its file.
    pub file: String,
    /// `running`, `suspended`, or `errors` where its file has some.
    pub state: &'static str,
    /// `dev` or `prod`.
    pub environment: String,
    /// Its Application.
    pub application: String,
    /// Its URLs.
    pub urls: Vec<String>,
    /// What DNS must know of it.
    pub dns: Vec<String>,
    /// Its models.
    pub models: Vec<String>,
    /// The prompts that it uses, and its own.
    pub prompts: Vec<String>,
    /// `dedicated` or `shared`.
    pub ollama: String,
    /// `own` or `shared`.
    pub database: String,
    /// The first administrator's e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub administrator: Option<String>,
    /// `Retain` or `Delete`.
    pub on_delete: String,
    /// Memory requests of its pods, in bytes.
    pub memory_request: u64,
    /// Memory limits of its pods, in bytes.
    pub memory_limit: u64,
    /// CPU requests of its pods, in thousandths of a CPU.
    pub cpu_millicores: u64,
    /// Its pods.
    pub pods: u32,
    /// Its volumes, in bytes.
    pub volumes: u64,
}

impl Row {
    /// The row of a workspace: what was compiled of it, and what its file says.
    pub fn of(plan: &Plan, summary: &Summary, source: &Source) -> Self {
        let at = |path: &str| source.value.pointer(path);
        let text = |path: &str, default: &str| {
            at(path).and_then(Value::as_str).unwrap_or(default).to_owned()
        };
        let texts = |path: &str, key: &str| -> Vec<String> {
            let items = at(path).and_then(Value::as_array).into_iter().flatten();
            let text = |item: &Value| {
                let text = item.as_str().or_else(|| item.get(key)?.as_str());
                text.map(str::to_owned)
            };
            items.filter_map(text).collect()
        };
        let hosts: Vec<String> = summary.hosts.iter().map(ToString::to_string).collect();
        let stem = summary.file.rsplit('/').next().unwrap_or_default().trim_end_matches(".yaml");
        let name = text("/spec/workspaceName", stem);
        let scheme = if summary.is_plain { "http" } else { "https" };
        let is_suspended = at("/spec/suspend").is_some_and(|it| *it == true);
        let state = match (summary.name.is_some(), is_suspended) {
            (false, _) => "errors",
            (true, true) => "suspended",
            (true, false) => "running",
        };
        let mut prompts = texts("/spec/patterns", "name");
        prompts.extend(texts("/spec/prompts", "name"));
        let demand = summary.sum.demand;
        Self {
            file: summary.file.to_string(),
            state,
            environment: text("/spec/workspaceENV", "prod"),
            application: plan.application_with(&name).to_string(),
            urls: hosts.iter().map(|it| format!("{scheme}://{it}")).collect(),
            dns: hosts.iter().map(|it| dns(plan, it)).collect(),
            models: texts("/spec/models", "name"),
            prompts,
            ollama: text("/spec/ollama", "dedicated"),
            database: text("/spec/database", "own"),
            administrator: at("/spec/administrator/email")
                .and_then(Value::as_str)
                .map(str::to_owned),
            on_delete: text("/spec/onDelete", "Retain"),
            memory_request: demand.request.get(),
            memory_limit: demand.limit.get(),
            cpu_millicores: demand.cpu.get(),
            pods: summary.sum.pods,
            volumes: summary.sum.volumes.get(),
            name,
        }
    }

    /// All of it, one line each.
    pub fn table(&self) -> Table<2> {
        let mut table = table();
        let mut line = |what: &str, text: String| table.row([what.to_owned(), text]);
        let memory = |bytes: u64| Bytes::new(bytes).in_mib().to_string();
        line("workspace", format!("{} ({}, {})", self.name, self.environment, self.state));
        line("file", self.file.clone());
        line("Application", self.application.clone());
        for (url, dns) in self.urls.iter().zip(&self.dns) {
            line("URL", url.clone());
            line("DNS", dns.clone());
        }
        let whose = match &*self.ollama {
            "shared" => "the platform's Ollama serves its own models".to_owned(),
            _ if self.models.is_empty() => "none".to_owned(),
            _ => self.models.join(", "),
        };
        line("models", whose);
        if !self.prompts.is_empty() {
            line("prompts", self.prompts.join(", "));
        }
        if self.database == "shared" {
            line("database", "of the platform's PostgreSQL".to_owned());
        }
        line(
            "administrator",
            self.administrator.clone().unwrap_or_else(|| "whoever signs up first".to_owned()),
        );
        line(
            "pods",
            format!(
                "{}: memory requests {}, limits {}, CPU {}m",
                self.pods,
                memory(self.memory_request),
                memory(self.memory_limit),
                self.cpu_millicores
            ),
        );
        line("volumes", memory(self.volumes));
        line("on delete", self.on_delete.clone());
        table
    }
}

/// An empty table of facts.
pub const fn table() -> Table<2> {
    Table::bare()
}

/// What the nodes can still give.
pub fn room(report: &Report) -> [String; 2] {
    let left = report.allocatable.saturating_sub(report.requests);
    let over = report.requests.saturating_sub(report.allocatable);
    let cpu = report.allocatable_cpu.get().saturating_sub(report.cpu.get());
    let text = if over.get() > 0 {
        format!("none: requests exceed the {} by {}", report.allocatable.in_mib(), over.in_mib())
    } else {
        format!(
            "memory {} of {}, CPU {}m of {}m",
            left.in_mib(),
            report.allocatable.in_mib(),
            cpu,
            report.allocatable_cpu.get()
        )
    };
    ["room left".to_owned(), text]
}

/// The DNS record that a host needs.
fn dns(plan: &Plan, host: &str) -> String {
    if host.ends_with(LOCAL) {
        return "none: the name leads to the computer that asks".to_owned();
    }
    let domains = &plan.platform().spec.domains;
    let [one, other] = DNS_RECORDS;
    let record = format!("{one} (or {other}) record for {host}, with the address of a node");
    match &domains.workspaces {
        Some(domain) if host.split_once('.').is_some_and(|it| it.1 == &**domain) => {
            format!("{record}, or a single one for *.{domain}")
        }
        _ => record,
    }
}
